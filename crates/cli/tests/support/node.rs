//! A node as a process of its own: started, asked over its admin API, killed or ended in order.

use super::wire::get;
use super::{LIMIT, succeed, until, until_told};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit code; none after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It ended well; returns what it printed.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// It ended with this code and one line that holds all of these words.
    #[track_caller]
    pub(crate) fn badly(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        let line = self
            .stderr
            .lines()
            .find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line.is_some(), "no line with {words:?} in {self:?}");
    }
}

/// A node process; killed when dropped.
pub(crate) struct Node {
    child: Child,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<String>>,
    admin: SocketAddr,
    /// Whether it has said so already.
    is_ready: bool,
}

/// Reads a stream to its end, line by line.
fn read(stream: impl Read + Send + 'static, tell: Option<Sender<String>>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut all = String::new();
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            all.push_str(&line);
            all.push('\n');
            if let Some(tell) = &tell {
                // Nobody waits for lines once the node is ready.
                drop(tell.send(line));
            }
        }
        all
    })
}

impl Node {
    pub(crate) fn spawn(mut command: Command, admin: SocketAddr) -> Self {
        let level = std::env::var("SOAK_LEVEL").unwrap_or("warn".into());
        let mut child = command
            .env("SPILLWAY_OUTPUT__LEVEL", level)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = channel();
        let readers = vec![
            read(child.stdout.take().unwrap(), Some(tell)),
            read(child.stderr.take().unwrap(), None),
        ];
        Self {
            child,
            lines,
            readers,
            admin,
            is_ready: false,
        }
    }

    /// Waits until the node says that it is ready, or has ended.
    pub(crate) fn ready(mut self) -> Result<Self, Ended> {
        while !self.is_ready {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => self.is_ready = line == "ready",
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the node did not become ready: {:?}", self.try_status())
                }
            }
        }
        Ok(self)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9; returns what it had said.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.ended()
    }

    /// SIGTERM; returns how it ended and how long it took.
    pub(crate) fn terminate(self) -> (Ended, Duration) {
        let began = Instant::now();
        succeed(Command::new("kill").arg(self.pid().to_string()));
        let ended = self.ended();
        (ended, began.elapsed())
    }

    /// Waits for the process to end by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let mut status = None;
        until("the end of the node", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut said = self.readers.drain(..).map(|reader| reader.join().unwrap());
        Ended {
            code: status.unwrap().code(),
            stdout: said.next().unwrap(),
            stderr: said.next().unwrap(),
        }
    }

    pub(crate) fn try_status(&self) -> Option<Value> {
        serde_json::from_str(&get(self.admin, "/status")?.1).ok()
    }

    pub(crate) fn status(&self) -> Value {
        self.try_status().expect("the node shows its status")
    }

    /// The sum over all series of a metric.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.series(name, &[])
    }

    /// The sum over the series of a metric that have all these labels.
    pub(crate) fn series(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let metrics = get(self.admin, "/metrics").unwrap().1;
        let wanted: Vec<String> = labels.iter().map(|(k, v)| format!("{k}=\"{v}\"")).collect();
        let lines = metrics.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
                && wanted.iter().all(|label| line.contains(label))
        });
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until every consumer has nothing left to do.
    pub(crate) fn wait_drained(&self) {
        until_told(
            "the consumers' end of the log",
            || self.is_drained(),
            || self.status()["stages"].to_string(),
        );
    }

    /// Waits until every consumer has nothing left to do and every round of every campaign has its result.
    pub(crate) fn wait_concluded(&self) {
        self.wait_drained();
        until("the results of all rounds", || self.has_all_results());
    }

    /// Whether every round of every campaign that is not void has its result.
    pub(crate) fn has_all_results(&self) -> bool {
        self.try_status().is_some_and(|status| {
            let campaigns = status["campaigns"].as_array().unwrap();
            campaigns.iter().all(|campaign| {
                let count = |member: &str| campaign[member].as_u64().unwrap();
                count("results") + count("void") == count("rounds")
            })
        })
    }

    fn is_drained(&self) -> bool {
        let Some(status) = self.try_status() else {
            return false;
        };
        let stages = status["stages"].as_array().unwrap();
        // One that has just started owns nothing yet, and is behind nothing.
        let all = status["partitions"].as_u64().unwrap();
        let owned = |stage: &Value| stage["partitions"].as_array().unwrap().len() as u64;
        // quiz reads what dedup wrote: both must stand at the end, seen twice in a row.
        let done = |stages: &[Value]| {
            stages.iter().all(|stage| {
                stage["state"] == "running" && owned(stage) == all && stage["lag_records"] == 0
            })
        };
        done(stages)
            && self
                .try_status()
                .is_some_and(|again| done(again["stages"].as_array().unwrap()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        let said: Vec<String> = self
            .readers
            .drain(..)
            .filter_map(|r| r.join().ok())
            .collect();
        if std::thread::panicking() {
            eprintln!("the node said:\n{}", said.join("\n"));
        }
    }
}
