//! A cluster of brokers, each broker and controller in one.

use crate::jars;
use crate::options::{Options, StartError};
use crate::process::Process;
use crate::proxy::Proxy;
use crate::ready::{brokers_known, out_of_sync};
use crate::settings::{LOGGING, Ports, properties};
use rustix::process::Signal;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A broker that does not answer by then has failed.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How long replicas must be in sync: a little more than it takes to notice that a broker is gone.
const IN_SYNC: Duration = Duration::from_secs(4);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Ports may be taken by somebody else between choosing and listening.
const ATTEMPTS: usize = 5;
/// What the Java machine of a test's broker is told.
const FRUGAL: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
/// And the broker: fewer partitions of its own, and smaller indices, so that it starts again sooner after a crash.
const SMALL: &str = "offsets.topic.num.partitions=4\nlog.index.size.max.bytes=1048576\n";
/// Identity of every cluster made here; a fresh directory makes it a new one.
const CLUSTER_ID: &str = "c3BpbGx3YXktdGVzdHMtMA";

struct Node {
    ports: Ports,
    proxy: Option<Proxy>,
    process: Option<Process>,
}

/// A real Kafka; dropping it kills every broker. Nodes count from 0.
pub struct Cluster {
    nodes: Vec<Node>,
    libs: PathBuf,
    options: Options,
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Cluster {
    /// Starts brokers on free loopback ports and returns when each answers and knows all others.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(nodes: usize) -> Result<Self, StartError> {
        Self::with(Options::new(nodes))
    }

    /// The same, with a fault proxy before each broker; clients are told of the proxies only.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start_behind_proxies(nodes: usize) -> Result<Self, StartError> {
        Self::with(Options {
            proxied: true,
            ..Options::new(nodes)
        })
    }

    /// Starts what `options` say.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn with(options: Options) -> Result<Self, StartError> {
        let libs = jars::directory()?;
        let mut attempt = 1;
        loop {
            match Self::attempt(&options, &libs) {
                Err(StartError::Ended { log, .. })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                started => return started,
            }
        }
    }

    fn attempt(options: &Options, libs: &Path) -> Result<Self, StartError> {
        let temporary = match options.dir {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("spillway-kafka-")
                    .tempdir()?,
            ),
        };
        let dir = match (&options.dir, &temporary) {
            (Some(dir), _) => dir.clone(),
            (None, Some(temporary)) => temporary.path().to_path_buf(),
            (None, None) => return Err(io::Error::other("no directory").into()),
        };
        let mut cluster = Self {
            nodes: choose(options)?,
            libs: libs.to_path_buf(),
            options: options.clone(),
            dir,
            _temporary: temporary,
        };
        for node in 0..options.nodes {
            cluster.format(node)?;
        }
        for node in 0..options.nodes {
            cluster.spawn(node)?;
        }
        for node in 0..options.nodes {
            cluster.wait(node, options.nodes)?;
        }
        Ok(cluster)
    }

    /// `127.0.0.1:PORT` of each node: of its proxy, when there is one.
    #[must_use]
    pub fn bootstrap(&self) -> Vec<String> {
        self.nodes
            .iter()
            .map(|node| match &node.proxy {
                Some(proxy) => proxy.addr().to_string(),
                None => format!("127.0.0.1:{}", node.ports.plain),
            })
            .collect()
    }

    /// `127.0.0.1:PORT` of each node itself, around the proxies: for clients that nothing is to befall.
    #[must_use]
    pub fn direct(&self) -> Vec<String> {
        let nodes = self.nodes.iter();
        nodes
            .map(|node| format!("127.0.0.1:{}", node.ports.plain))
            .collect()
    }

    /// How many brokers it has, running or not.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// SIGKILL: the crash.
    pub fn kill(&mut self, node: usize) {
        if let Some(process) = self.nodes[node].process.take() {
            process.kill();
        }
    }

    /// SIGTERM: the clean stop, waited for.
    pub fn terminate(&mut self, node: usize) {
        if let Some(process) = self.nodes[node].process.take() {
            process.terminate();
        }
    }

    /// SIGSTOP: its sockets stay open and nothing comes. Returns when it stands still.
    ///
    /// # Panics
    /// When it does not stop within ten seconds.
    pub fn stall(&self, node: usize) {
        if let Some(process) = &self.nodes[node].process {
            let stopped = process.stall();
            assert!(stopped.is_ok(), "broker {}: {stopped:?}", node + 1);
        }
    }

    /// SIGCONT.
    pub fn resume(&self, node: usize) {
        self.signal(node, Signal::CONT);
    }

    /// Starts a killed or stopped broker again on its ports and data, and returns when it answers.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn restart(&mut self, node: usize) -> Result<(), StartError> {
        self.restart_without_waiting(node)?;
        self.wait(node, 1)
    }

    /// Starts a killed or stopped broker again and does not wait: with no quorum none of them answers.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn restart_without_waiting(&mut self, node: usize) -> Result<(), StartError> {
        self.kill(node);
        self.spawn(node)
    }

    /// Waits until every replica of every partition is in sync, and stays so for a while: a cluster that has just lost a
    /// broker, or found it again, may not know it yet. One does so before the next broker is stopped.
    ///
    /// # Errors
    /// It does not come to that within two minutes.
    pub fn wait_in_sync(&self) -> Result<(), StartError> {
        let (until, mut since) = (Instant::now() + START_LIMIT, Instant::now());
        while since.elapsed() < IN_SYNC {
            // Each broker knows of what it leads first.
            let lacking = (0..self.nodes()).map(|node| out_of_sync(self.plain(node)));
            if !lacking
                .into_iter()
                .all(|lacking| lacking.is_ok_and(|lacking| lacking == 0))
            {
                since = Instant::now();
            }
            if Instant::now() >= until {
                return Err(io::Error::other("replicas stay out of sync").into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// The proxy before a broker.
    ///
    /// # Panics
    /// The cluster was not started behind proxies.
    #[must_use]
    pub fn proxy(&self, node: usize) -> &Proxy {
        match &self.nodes[node].proxy {
            Some(proxy) => proxy,
            None => panic!("node {node} is not behind a proxy"),
        }
    }

    /// Runs one of Kafka's own command-line classes on this cluster, around the proxies.
    ///
    /// # Errors
    /// Java cannot be started.
    pub fn tool(&self, class: &str, args: &[&str]) -> io::Result<Output> {
        let direct = self.direct();
        self.java(64)
            .arg(class)
            .args(["--bootstrap-server", &direct.join(",")])
            .args(args)
            .stdin(Stdio::null())
            .output()
    }

    /// The last lines of a broker's log.
    #[must_use]
    pub fn log_end(&self, node: usize) -> String {
        let text = std::fs::read(self.path(node, "log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn plain(&self, node: usize) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.nodes[node].ports.plain))
    }

    fn signal(&self, node: usize, signal: Signal) {
        if let Some(process) = &self.nodes[node].process {
            process.signal(signal);
        }
    }

    fn path(&self, node: usize, suffix: &str) -> PathBuf {
        self.dir.join(format!("broker-{}.{suffix}", node + 1))
    }

    fn java(&self, heap_mib: u32) -> Command {
        let mut java = Command::new("java");
        java.arg(format!("-Xmx{heap_mib}m"))
            .arg(format!(
                "-Dlog4j2.configurationFile={}",
                self.dir.join("log4j2.properties").display()
            ))
            .arg("-cp")
            .arg(self.libs.join("*"));
        java
    }

    /// Makes the directory of a broker, unless it has one.
    fn format(&self, node: usize) -> Result<(), StartError> {
        let data = self.path(node, "data");
        let all: Vec<Ports> = self.nodes.iter().map(|node| node.ports).collect();
        std::fs::create_dir_all(&data)?;
        std::fs::write(self.dir.join("log4j2.properties"), LOGGING)?;
        let file = self.path(node, "properties");
        let mut text = properties(node + 1, &all, &data, &self.options.extra);
        if !self.options.is_measured {
            text.push_str(SMALL);
        }
        std::fs::write(&file, text)?;
        let said = self
            .java(64)
            .args([
                "kafka.tools.StorageTool",
                "format",
                "--ignore-formatted",
                "-t",
                CLUSTER_ID,
                "-c",
            ])
            .arg(&file)
            .stdin(Stdio::null())
            .output()?;
        if said.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&said.stderr).into_owned();
        Err(io::Error::other(format!("its storage cannot be made: {text}")).into())
    }

    fn spawn(&mut self, node: usize) -> Result<(), StartError> {
        let mut command = vec!["java".to_owned()];
        if !self.options.is_measured {
            command.extend(FRUGAL.map(str::to_owned));
        }
        let java = self.java(self.options.heap_mib);
        command.extend(
            java.get_args()
                .map(|arg| arg.to_string_lossy().into_owned()),
        );
        command.extend([
            "kafka.Kafka".to_owned(),
            self.path(node, "properties").display().to_string(),
        ]);
        let process = Process::start(&command, &self.path(node, "log"))?;
        self.nodes[node].process = Some(process);
        Ok(())
    }

    /// Waits until a broker answers and knows `others` brokers, itself included.
    fn wait(&self, node: usize, others: usize) -> Result<(), StartError> {
        let addr = self.plain(node);
        let until = Instant::now() + START_LIMIT;
        loop {
            if brokers_known(addr).is_ok_and(|known| known >= others) {
                return Ok(());
            }
            let is_running = self.nodes[node]
                .process
                .as_ref()
                .is_some_and(Process::is_running);
            if !is_running {
                let log = self.log_end(node);
                return Err(StartError::Ended { node, log });
            }
            if Instant::now() >= until {
                return Err(StartError::Silent {
                    node,
                    seconds: START_LIMIT.as_secs(),
                    log: self.log_end(node),
                });
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            self.kill(node);
        }
    }
}

/// Ports that are free now, and the proxies.
fn choose(options: &Options) -> io::Result<Vec<Node>> {
    let mut held = Vec::new();
    let mut free = || -> io::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        Ok(port)
    };
    let mut nodes = Vec::new();
    for _ in 0..options.nodes {
        let (plain, controller) = (free()?, free()?);
        let mut proxy = None;
        let mut proxied = None;
        if options.proxied {
            let behind = free()?;
            let before = Proxy::start(SocketAddr::from((Ipv4Addr::LOCALHOST, behind)))?;
            proxied = Some((behind, before.addr().port()));
            proxy = Some(before);
        }
        nodes.push(Node {
            ports: Ports {
                plain,
                controller,
                proxied,
            },
            proxy,
            process: None,
        });
    }
    Ok(nodes)
}
