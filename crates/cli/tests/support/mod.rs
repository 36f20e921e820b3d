//! What tests of whole processes share: binaries, a scene (recording, campaign, configuration), a node to start,
//! kill and ask, and the judge. Everything is on the loopback and ends with the test.
//! Each test takes from here what it needs, so that some of it is unused in each.
#![allow(
    dead_code,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used
)]

pub(crate) mod event;
pub(crate) mod fan;
pub(crate) mod fleet;
pub(crate) mod front;
pub(crate) mod judged;
pub(crate) mod kafka;
pub(crate) mod nginx;
pub(crate) mod node;
pub(crate) mod outcome;
pub(crate) mod ports;
pub(crate) mod preload;
pub(crate) mod seed;
pub(crate) mod small;
pub(crate) mod stories;
pub(crate) mod told;
pub(crate) mod watch;
pub(crate) mod wire;
pub(crate) mod written;

pub(crate) use node::{Ended, Node};
pub(crate) use ports::free_port;

use serde_json::Value;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for anything; reaching it is a failure. Far more than anything takes on a slow machine that is busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn spillway() -> &'static str {
    env!("CARGO_BIN_EXE_spillway")
}

/// The judge stands beside the node: `cargo test --workspace` builds both.
pub(crate) fn surge() -> PathBuf {
    let path = Path::new(spillway()).with_file_name("surge");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --release -p surge`",
        path.display()
    );
    path
}

/// Polls until `done` says so: often at first, later less, for a look may cost a node something.
pub(crate) fn until(what: &str, done: impl FnMut() -> bool) {
    until_told(what, done, String::new);
}

/// The same; `told` is asked how things stand when it does not come to that.
pub(crate) fn until_told(
    what: &str,
    mut done: impl FnMut() -> bool,
    told: impl FnOnce() -> String,
) {
    let (began, mut pause) = (Instant::now(), Duration::from_millis(20));
    let deadline = began + LIMIT;
    while !done() {
        if Instant::now() >= deadline {
            panic!(
                "{what} did not come within {} s; {}",
                LIMIT.as_secs(),
                told()
            );
        }
        std::thread::park_timeout(pause);
        pause = Duration::from_millis(200).min(pause + began.elapsed() / 64);
    }
}

/// Runs a command to its end.
pub(crate) fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// Runs a command that must succeed, and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
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

/// A command that runs beside the test; killed when dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; what it prints to standard output is of no interest.
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Tests that fill the machine take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The campaign file that the project ships.
pub(crate) fn example_campaign() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/campaigns/fanfest-2013-04-09.toml")
}

/// Runs `spillway` to its end with these arguments, which are split at blanks: exit code and output.
pub(crate) fn run(arguments: &str) -> Ended {
    let mut command = Command::new(spillway());
    command.args(arguments.split_whitespace());
    finish(&mut command)
}

/// Runs a command to its end: exit code and output.
pub(crate) fn finish(command: &mut Command) -> Ended {
    let output = output(command);
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A recording with its campaign and configuration, and a directory for nodes.
pub(crate) struct Scene {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// `rehearsal`, or `wall`.
    pub(crate) clock: &'static str,
    /// Environment of the nodes that are started from now on.
    pub(crate) env: Vec<(&'static str, String)>,
    /// The brokers that hold the log of all nodes, whose directories then say nothing of it.
    pub(crate) cluster: Option<broker::Cluster>,
}

impl Scene {
    /// A Fan Festival of this many messages with event time divided by `compress`.
    pub(crate) fn new(messages: u32, compress: u32) -> Self {
        Self::generated(messages, &["--compress", &compress.to_string()])
    }

    /// The same, with these options of `surge generate`.
    pub(crate) fn generated(messages: u32, options: &[&str]) -> Self {
        Self::of_profile("fanfest-0409", messages, options)
    }

    /// A recording of this profile.
    pub(crate) fn of_profile(profile: &str, messages: u32, options: &[&str]) -> Self {
        let scene = Self::empty();
        succeed(
            Command::new(surge())
                .args(["generate", profile])
                .args(["--messages", &messages.to_string()])
                .args(options)
                .arg("--out")
                .arg(scene.recording()),
        );
        scene
    }

    fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            listen: free_port(),
            admin: free_port(),
            clock: "rehearsal",
            env: Vec::new(),
            cluster: None,
        }
    }

    /// No recording: the project's own campaign, and this configuration.
    pub(crate) fn bare(configuration: &str) -> Self {
        let scene = Self::empty();
        std::fs::write(scene.with_suffix("spillway.toml"), configuration).unwrap();
        std::fs::copy(example_campaign(), scene.with_suffix("campaign.toml")).unwrap();
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn recording(&self) -> PathBuf {
        self.path("surge.jsonl")
    }

    pub(crate) fn with_suffix(&self, suffix: &str) -> PathBuf {
        self.path(&format!("surge.jsonl.{suffix}"))
    }

    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.with_suffix("manifest.json")).unwrap()).unwrap()
    }

    /// `spillway run` on `data` with these further arguments.
    pub(crate) fn command(&self, data: &str, more: &[&str]) -> Command {
        let mut command = Command::new(spillway());
        command
            .args(["run", "--clock", self.clock, "--config"])
            .arg(self.with_suffix("spillway.toml"))
            .arg("--data")
            .arg(self.path(data))
            .args([
                "--listen",
                &self.listen.to_string(),
                "--admin",
                &self.admin.to_string(),
            ])
            .args(more)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a node and waits until it is ready. Should somebody hold its port for a moment, it tries again.
    pub(crate) fn start(&self, data: &str, more: &[&str]) -> Node {
        let deadline = Instant::now() + LIMIT;
        loop {
            match Node::spawn(self.command(data, more), self.admin).ready() {
                Ok(node) => return node,
                Err(ended) if ended.stderr.contains("in use") && Instant::now() < deadline => {}
                Err(ended) => panic!("the node did not become ready: {ended:?}"),
            }
        }
    }

    /// Starts a node that must end by itself.
    pub(crate) fn start_in_vain(&self, data: &str, more: &[&str]) -> Ended {
        Node::spawn(self.command(data, more), self.admin).ended()
    }

    /// A command that reads the log of `data`, such as `log cat inbound`.
    pub(crate) fn history(&self, data: &str, arguments: &str) -> Ended {
        finish(
            Command::new(spillway())
                .args(arguments.split_whitespace())
                .args(self.log_of(data)),
        )
    }

    /// Where commands find the log that the node on `data` writes.
    pub(crate) fn log_of(&self, data: &str) -> [OsString; 2] {
        match self.cluster {
            Some(_) => ["--config".into(), self.with_suffix("spillway.toml").into()],
            None => ["--data".into(), self.path(data).into()],
        }
    }

    /// The token of the operator of the node on `data`.
    pub(crate) fn token(&self, data: &str) -> String {
        let token = std::fs::read_to_string(self.path(data).join("admin.token")).unwrap();
        token.trim().to_owned()
    }

    /// Advances the clock of the rehearsal on `data`.
    pub(crate) fn tick(&self, data: &str, tick: i64) {
        let bearer = format!("Bearer {}", self.token(data));
        let body = format!("{{\"tick\":{tick}}}");
        let headers = [("Authorization", bearer.as_str())];
        let answer = wire::request(self.admin, "POST", "/v1/clock", &headers, body.as_bytes());
        assert_eq!(answer.map(|answer| answer.status()), Some(200));
    }

    /// `status` for people.
    pub(crate) fn ask_status(&self) -> Ended {
        finish(Command::new(spillway()).args(["status", "--node", &self.admin.to_string()]))
    }

    /// A command that asks the running node on `data`, such as `campaign show`.
    pub(crate) fn ask(&self, data: &str, arguments: &str) -> Ended {
        finish(
            Command::new(spillway())
                .args(arguments.split_whitespace())
                .args(["--node", &self.admin.to_string(), "--data"])
                .arg(self.path(data)),
        )
    }

    /// Publishes the recording's campaign.
    pub(crate) fn publish(&self, data: &str) {
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
    pub(crate) fn replay(&self, data: &str, more: &[&str]) -> Command {
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

    pub(crate) fn report(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("report.json")).unwrap()).unwrap()
    }

    /// The provisional results of the log on `data`, without the tick at which they were written and without how far
    /// each round is.
    pub(crate) fn results(&self, data: &str) -> Value {
        let printed = succeed(
            Command::new(spillway())
                .args(["results", "fanfest-2013-04-09", "--provisional", "--json"])
                .args(self.log_of(data)),
        );
        let mut results: Value = serde_json::from_str(&printed).unwrap();
        for round in results["rounds"].as_array_mut().unwrap() {
            for moving in ["tick", "state"] {
                let round = round.as_object_mut().unwrap();
                assert!(round.remove(moving).is_some(), "{moving}");
            }
        }
        results
    }
}
