//! A node under test, on a rehearsal clock and with a campaign: started, asked, and waited for. How processes are
//! run stands in [`crate::server`].

use crate::failure::{Failure, tried};
use crate::machine::peak_mib;
use crate::report::Place;
use crate::requests::{AES_KEY, APP_ID, ORIGINAL_ID, ROUND_OPEN, TOKEN};
use crate::server::{LIMIT, LOOK, Server, address, succeed};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wechat::Mode;

/// The Fan Festival's campaign, published on every node that is measured.
pub(crate) const CAMPAIGN: &str = include_str!("../../deploy/campaigns/fanfest-2013-04-09.toml");
/// How long consumers may need to come to the end of the log.
const DRAIN_LIMIT: Duration = Duration::from_secs(1_800);

/// Roles without consumers.
pub(crate) const INGRESS_ONLY: &str = "ingress,coordinator";
/// All roles.
pub(crate) const ALL_ROLES: &str = "ingress,dedup,quiz,coordinator";

/// How to start a node.
pub(crate) struct NodeOptions<'a> {
    /// Roles, separated by commas.
    pub(crate) roles: &'a str,
    /// Its directory.
    pub(crate) data: &'a Path,
    /// Its configuration file; the benchmark's own account without one.
    pub(crate) config: Option<&'a Path>,
    /// Mode of the benchmark's account.
    pub(crate) mode: Mode,
}

/// A running node.
pub(crate) struct Node {
    /// The process.
    pub(crate) server: Server,
    /// Where callbacks arrive; the admin address when it has no ingress.
    pub(crate) ingress: SocketAddr,
    /// Where it is asked.
    pub(crate) admin: SocketAddr,
    data: PathBuf,
    spillway: PathBuf,
}

impl Node {
    /// Starts a node on a rehearsal clock and waits until it is ready.
    pub(crate) fn start(place: &Place, options: &NodeOptions<'_>) -> Result<Self, Failure> {
        let spillway = place.program("spillway")?;
        let config = match options.config {
            Some(config) => config.to_owned(),
            None => write_config(options.data, options.mode)?,
        };
        let mut command = Command::new(&spillway);
        command
            .args([
                "run",
                "--clock",
                "rehearsal",
                "--roles",
                options.roles,
                "--config",
            ])
            .arg(config);
        command.arg("--data").arg(options.data);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.env("SPILLWAY_OUTPUT__LEVEL", "warn");
        let server = Server::spawn(&mut command)?;
        let ingress = if options.roles.split(',').any(|role| role == "ingress") {
            Some(address(
                &server.line(|line| line.starts_with("ingress http://"))?,
            )?)
        } else {
            None
        };
        let admin = address(&server.line(|line| line.starts_with("admin http://"))?)?;
        server.line(|line| line == "ready")?;
        let (data, ingress) = (options.data.to_owned(), ingress.unwrap_or(admin));
        Ok(Self {
            server,
            ingress,
            admin,
            data,
            spillway,
        })
    }

    /// Publishes a campaign file; the Fan Festival's without one.
    pub(crate) fn publish(&self, file: Option<&Path>) -> Result<(), Failure> {
        let own = self.data.join("bench-campaign.toml");
        if file.is_none() {
            std::fs::write(&own, CAMPAIGN).map_err(tried(format!("write {}", own.display())))?;
        }
        let mut command = Command::new(&self.spillway);
        command.args([
            "campaign",
            "publish",
            "--expect-version",
            "0",
            "--node",
            &self.admin.to_string(),
        ]);
        command
            .arg("--data")
            .arg(&self.data)
            .arg(file.unwrap_or(&own));
        succeed(&mut command).map(drop)
    }

    /// The admin token's file.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.data.join("admin.token")
    }

    /// Who drives its clock.
    pub(crate) fn ticker(&self) -> Result<Ticker, Failure> {
        let path = self.token_file();
        let token =
            std::fs::read_to_string(&path).map_err(tried(format!("read {}", path.display())))?;
        Ok(Ticker {
            admin: self.admin,
            token: token.trim().to_owned(),
        })
    }

    /// The status document.
    pub(crate) fn status(&self) -> Result<Value, Failure> {
        let body = exchange(self.admin, "GET /status HTTP/1.0\r\n", "")?;
        serde_json::from_str(&body).map_err(tried("read a node's status"))
    }

    /// The sum of a metric's series whose labels contain `label`.
    pub(crate) fn metric(&self, name: &str, label: &str) -> Result<f64, Failure> {
        let body = exchange(self.admin, "GET /metrics HTTP/1.0\r\n", "")?;
        let series = body.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        });
        Ok(series
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum())
    }

    /// Fails when a message was set aside because of its time: figures without it would be a lie.
    pub(crate) fn check_quarantine(&self) -> Result<(), Failure> {
        let judged = self.metric("spillway_dedup_total", "result=\"new\"")?;
        let quarantined = self.metric("spillway_dedup_total", "result=\"quarantined\"")?;
        if judged == 0.0 {
            return Err(Failure::away(
                "dedup shows no judged message: these are not the figures that were meant",
            ));
        }
        if quarantined > 0.0 {
            return Err(Failure::no(format!(
                "{quarantined} messages were quarantined: the clock and the requests differ"
            )));
        }
        Ok(())
    }

    /// Waits until its coordinator leads and takes acts: on Kafka a group is joined first.
    pub(crate) fn wait_leads(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + LIMIT;
        while self.status()?["coordinator"]["leads"] != true {
            if Instant::now() >= deadline {
                return Err(Failure::away(
                    "a node's coordinator does not lead after a minute",
                ));
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Waits until every consumer stands at the end of its input, seen twice; when it was seen first.
    pub(crate) fn wait_drained(&self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let mut since = None;
        loop {
            let status = self.status()?;
            let now = began.elapsed();
            since = match (is_drained(&status), since) {
                (true, Some(first)) => return Ok(first),
                (true, None) => Some(now),
                (false, _) => None,
            };
            if now > DRAIN_LIMIT {
                return Err(Failure::away(format!(
                    "the consumers did not come to the end: {}",
                    status["stages"]
                )));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Most memory it had resident, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        peak_mib(self.server.pid())
    }
}

/// Drives the clock of a rehearsal.
pub(crate) struct Ticker {
    admin: SocketAddr,
    token: String,
}

impl Ticker {
    /// Ticks once a second from the opening of the first round on, while `work` is done.
    pub(crate) fn during<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let stop = AtomicBool::new(false);
        std::thread::scope(|threads| {
            let clock = threads.spawn(|| self.tick_until(&stop));
            let done = work();
            stop.store(true, Ordering::Relaxed);
            let ticked = clock
                .join()
                .unwrap_or_else(|_| Err(Failure::away("the clock's thread panicked")));
            ticked.and(done)
        })
    }

    fn tick_until(&self, stop: &AtomicBool) -> Result<(), Failure> {
        let began = Instant::now();
        for second in 0_u32.. {
            while began.elapsed() < Duration::from_secs(u64::from(second)) {
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                std::thread::sleep(LOOK);
            }
            self.tick(i64::from(second))?;
        }
        Ok(())
    }

    /// One tick, so many seconds after the opening of the first round.
    pub(crate) fn tick(&self, second: i64) -> Result<(), Failure> {
        let body = format!("{{\"tick\":{}}}", ROUND_OPEN + second);
        let head = format!(
            "POST /v1/clock HTTP/1.0\r\nAuthorization: Bearer {}\r\n",
            self.token
        );
        let answer = exchange(self.admin, &head, &body)?;
        if !answer.contains("\"tick\"") {
            return Err(Failure::away(format!(
                "the node did not take a tick: {answer}"
            )));
        }
        Ok(())
    }
}

/// Whether all consumers run, have read something, and are at the end.
fn is_drained(status: &Value) -> bool {
    let stages = status["stages"].as_array().map_or(&[][..], Vec::as_slice);
    let done = |stage: &Value| {
        let inputs = stage["totals"]["inputs"].as_u64().unwrap_or(0);
        stage["state"] == "running" && stage["lag_records"] == 0 && inputs > 0
    };
    !stages.is_empty() && stages.iter().all(done)
}

/// The configuration of a node with the benchmark's account, written to `bench.toml` in `data`.
pub(crate) fn write_config(data: &Path, mode: Mode) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(data).map_err(tried(format!("make {}", data.display())))?;
    let key = if mode == Mode::Plain {
        String::new()
    } else {
        format!("encoding_aes_key = {AES_KEY:?}\n")
    };
    let text = format!(
        "[[account]]\nname = \"mi\"\napp_id = {APP_ID:?}\noriginal_id = {ORIGINAL_ID:?}\ntoken = {TOKEN:?}\n\
         mode = {:?}\n{key}",
        mode.name()
    );
    let path = data.join("bench.toml");
    std::fs::write(&path, text).map_err(tried(format!("write {}", path.display())))?;
    Ok(path)
}

/// One HTTP/1.0 exchange with the admin port; the body of the answer.
fn exchange(address: SocketAddr, head: &str, body: &str) -> Result<String, Failure> {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let length = body.len();
        write!(
            stream,
            "{head}Host: {address}\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(tried(format!("ask the node at {address}")))?;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    Ok(body.to_owned())
}
