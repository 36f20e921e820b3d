//! What tests of whole processes share: binaries, a scene (recording, campaign, configuration), a node to start,
//! kill and ask, and the judge. Everything is on the loopback and ends with the test.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest wait for anything; reaching it is a failure.
pub const LIMIT: Duration = Duration::from_secs(120);

pub fn spillway() -> &'static str {
    env!("CARGO_BIN_EXE_spillway")
}

/// The judge stands beside the node: `cargo test --workspace` builds both.
pub fn surge() -> PathBuf {
    let path = Path::new(spillway()).with_file_name("surge");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --release -p surge`",
        path.display()
    );
    path
}

/// Polls until `done` says so; never sleeps longer than it must.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done() {
        assert!(
            Instant::now() < deadline,
            "{what} did not come within {} s",
            LIMIT.as_secs()
        );
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// Runs a command that must succeed, and returns what it printed.
pub fn succeed(command: &mut Command) -> String {
    let output = output(command);
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A recording with its campaign and configuration, and a directory for nodes.
pub struct Scene {
    pub dir: tempfile::TempDir,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
}

impl Scene {
    /// A Fan Festival of this many messages with event time divided by `compress`.
    pub fn new(messages: u32, compress: u32) -> Self {
        let scene = Self {
            dir: tempfile::tempdir().unwrap(),
            listen: free_port(),
            admin: free_port(),
        };
        succeed(
            Command::new(surge())
                .args([
                    "generate",
                    "fanfest-0409",
                    "--messages",
                    &messages.to_string(),
                ])
                .args(["--compress", &compress.to_string(), "--out"])
                .arg(scene.recording()),
        );
        scene
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn recording(&self) -> PathBuf {
        self.path("surge.jsonl")
    }

    pub fn with_suffix(&self, suffix: &str) -> PathBuf {
        self.path(&format!("surge.jsonl.{suffix}"))
    }

    pub fn manifest(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.with_suffix("manifest.json")).unwrap()).unwrap()
    }

    /// `spillway run` on `data` with these further arguments.
    pub fn command(&self, data: &str, more: &[&str]) -> Command {
        let mut command = Command::new(spillway());
        command
            .args(["run", "--clock", "rehearsal", "--config"])
            .arg(self.with_suffix("spillway.toml"))
            .arg("--data")
            .arg(self.path(data))
            .args([
                "--listen",
                &self.listen.to_string(),
                "--admin",
                &self.admin.to_string(),
            ])
            .args(more);
        command
    }

    /// Starts a node and waits until it is ready.
    pub fn start(&self, data: &str, more: &[&str]) -> Node {
        let node = Node::spawn(self.command(data, more), self.admin);
        node.wait_ready();
        node
    }

    /// Publishes the recording's campaign.
    pub fn publish(&self, data: &str) {
        succeed(
            Command::new(spillway())
                .args(["campaign", "publish"])
                .arg(self.with_suffix("campaign.toml"))
                .args([
                    "--expect-version",
                    "0",
                    "--node",
                    &self.admin.to_string(),
                    "--data",
                ])
                .arg(self.path(data)),
        );
    }

    /// A replay of the recording against the node on `data`, driving its clock.
    pub fn replay(&self, data: &str, more: &[&str]) -> Command {
        let mut command = Command::new(surge());
        command
            .arg("replay")
            .arg(self.recording())
            .args(["--target", &format!("http://{}/wechat/mi", self.listen)])
            .args([
                "--token",
                "demo",
                "--clock",
                &format!("http://{}", self.admin),
                "--clock-token",
            ])
            .arg(self.path(data).join("admin.token"))
            .arg("--ledger")
            .arg(self.path("ledger.jsonl"))
            .arg("--report")
            .arg(self.path("report.json"))
            .args(more);
        command
    }

    pub fn report(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("report.json")).unwrap()).unwrap()
    }

    /// Exports the log of `data`, which may be in use, and reconciles it with what was sent.
    pub fn judge(&self, data: &str) {
        self.export(data, "export");
        self.reconcile("export");
    }

    pub fn export(&self, data: &str, to: &str) {
        succeed(
            Command::new(spillway())
                .args(["export", "--without-bodies", "--out"])
                .arg(self.path(to))
                .arg("--data")
                .arg(self.path(data)),
        );
    }

    pub fn reconcile(&self, export: &str) -> String {
        succeed(
            Command::new(surge())
                .args(["reconcile", "--manifest"])
                .arg(self.with_suffix("manifest.json"))
                .arg("--ledger")
                .arg(self.path("ledger.jsonl"))
                .arg("--export")
                .arg(self.path(export)),
        )
    }

    /// The provisional results of the log on `data`, without the tick at which they were written.
    pub fn results(&self, data: &str) -> Value {
        let printed = succeed(
            Command::new(spillway())
                .args([
                    "results",
                    "fanfest-2013-04-09",
                    "--provisional",
                    "--json",
                    "--data",
                ])
                .arg(self.path(data)),
        );
        serde_json::from_str(&printed).unwrap()
    }
}

/// A node process; killed when dropped.
pub struct Node {
    child: Child,
    lines: Receiver<String>,
    admin: SocketAddr,
}

impl Node {
    pub fn spawn(mut command: Command, admin: SocketAddr) -> Self {
        let mut child = command
            .env(
                "SPILLWAY_OUTPUT__LEVEL",
                std::env::var("SPILLWAY_TEST_LEVEL").unwrap_or("warn".into()),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            admin,
        }
    }

    pub fn wait_ready(&self) {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) if line == "ready" => return,
                Ok(_) => {}
                Err(_) => panic!("the node did not become ready: {:?}", self.try_status()),
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; returns the exit code and how long it took.
    pub fn terminate(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        succeed(Command::new("kill").arg(self.child.id().to_string()));
        let mut status = None;
        until("the end of the node", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap().code(), began.elapsed())
    }

    /// Waits for the process to end by itself.
    pub fn wait(mut self) -> Option<i32> {
        let mut status = None;
        until("the end of the node", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    pub fn try_status(&self) -> Option<Value> {
        serde_json::from_str(&get(self.admin, "/status")?.1).ok()
    }

    pub fn status(&self) -> Value {
        self.try_status().expect("the node shows its status")
    }

    pub fn metric(&self, name: &str) -> f64 {
        let metrics = get(self.admin, "/metrics").unwrap().1;
        let lines = metrics.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits until every consumer has nothing left to do.
    pub fn wait_drained(&self) {
        until("the consumers' end of the log", || self.is_drained());
    }

    fn is_drained(&self) -> bool {
        let Some(status) = self.try_status() else {
            return false;
        };
        let stages = status["stages"].as_array().unwrap();
        // quiz reads what dedup wrote: both must stand at the end, seen twice in a row.
        let done = |stages: &[Value]| {
            stages
                .iter()
                .all(|s| s["state"] == "running" && s["lag_records"] == 0)
        };
        done(stages)
            && self
                .try_status()
                .is_some_and(|again| done(again["stages"].as_array().unwrap()))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One HTTP/1.0 GET: status and body.
pub fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
