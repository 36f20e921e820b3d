//! Real brokers for the benchmarks on Kafka, and logs on them: each run has topics of its own, by their prefix.

use crate::failure::{Failure, tried};
use crate::node::{Node, NodeOptions, write_config};
use crate::report::Place;
use crate::server::{Server, address, succeed};
use crate::synth::PARTITIONS;
use broker::{Cluster, Options};
use msglog::kafka::{Kafka, KafkaConfig};
use msglog::{Tier, TopicConfig};
use record::topics::INBOUND;
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use wechat::Mode;

/// Memory of a broker. The default of the tests is smaller: they do not measure.
const HEAP_MIB: u32 = 1024;

/// A running cluster.
pub(crate) struct Brokers {
    /// The cluster itself.
    pub(crate) cluster: Cluster,
    prefixes: Cell<u32>,
    _dir: tempfile::TempDir,
}

impl Brokers {
    /// Starts 1 or 3 brokers with their data beside the other files of the benchmarks.
    pub(crate) fn start(place: &Place, nodes: usize) -> Result<Self, Failure> {
        let dir = place.scratch()?;
        let options = Options {
            dir: Some(dir.path().join("brokers")),
            heap_mib: HEAP_MIB,
            is_measured: true,
            ..Options::new(nodes)
        };
        std::fs::create_dir_all(dir.path().join("brokers")).map_err(tried("make a directory"))?;
        Ok(Self {
            cluster: Cluster::with(options).map_err(Failure::away)?,
            prefixes: Cell::new(0),
            _dir: dir,
        })
    }

    /// A prefix that no run has had.
    pub(crate) fn prefix(&self) -> String {
        self.prefixes.set(self.prefixes.get().saturating_add(1));
        format!("run{}.", self.prefixes.get())
    }

    fn replication(&self) -> (u16, u16) {
        if self.cluster.nodes() < 3 {
            (1, 1)
        } else {
            (3, 2)
        }
    }

    /// A log of these topics, with the settings as shipped; its topics are made.
    pub(crate) fn log(&self, topics: Vec<TopicConfig>) -> Result<KafkaConfig, Failure> {
        let config = shipped(
            self.cluster.bootstrap(),
            self.prefix(),
            self.replication(),
            topics,
        );
        Kafka::create_topics(&config).map_err(tried("make topics"))?;
        Ok(config)
    }

    /// The bare server, on a topic of its own.
    pub(crate) fn bare(&self) -> Result<(Server, SocketAddr), Failure> {
        let config = self.log(inbound())?;
        let program = std::env::current_exe().map_err(tried("find this program"))?;
        let server = Server::spawn(Command::new(program).args([
            "produce-server",
            "--bootstrap",
            &config.bootstrap.join(","),
            "--prefix",
            &config.topic_prefix,
            "--replication",
            &config.replication.to_string(),
        ]))?;
        let line = server.line(|line| line.starts_with("bare http://"))?;
        Ok((server, address(&line)?))
    }

    /// A node on topics of its own, with the campaign published.
    pub(crate) fn node(&self, place: &Place, data: &Path, roles: &str) -> Result<Node, Failure> {
        let config = self.configure(data)?;
        succeed(
            Command::new(place.program("spillway")?)
                .args(["topics", "create", "--config"])
                .arg(&config),
        )?;
        let options = NodeOptions {
            roles,
            data,
            config: Some(&config),
            mode: Mode::Plain,
        };
        let node = Node::start(place, &options)?;
        node.wait_leads()?;
        node.publish(None)?;
        Ok(node)
    }

    fn configure(&self, data: &Path) -> Result<PathBuf, Failure> {
        let path = write_config(data, Mode::Plain)?;
        let accounts = std::fs::read_to_string(&path).map_err(tried("read a configuration"))?;
        let (replication, insync) = self.replication();
        let text = format!(
            "{accounts}\n[log]\nbackend = \"kafka\"\n[log.kafka]\nbootstrap = {:?}\ntopic_prefix = {:?}\n\
             replication = {replication}\nmin_insync_replicas = {insync}\nsingle_broker = {}\n",
            self.cluster.bootstrap(),
            self.prefix(),
            replication < 3,
        );
        std::fs::write(&path, text).map_err(tried(format!("write {}", path.display())))?;
        Ok(path)
    }
}

/// The topic of callbacks alone.
pub(crate) fn inbound() -> Vec<TopicConfig> {
    vec![TopicConfig {
        name: INBOUND.to_owned(),
        partitions: PARTITIONS,
        retention: None,
        tier: Tier::Ingress,
    }]
}

/// What a node tells the client, unless it is told otherwise.
pub(crate) fn shipped(
    bootstrap: Vec<String>,
    topic_prefix: String,
    (replication, min_insync_replicas): (u16, u16),
    topics: Vec<TopicConfig>,
) -> KafkaConfig {
    KafkaConfig {
        topic_prefix,
        replication,
        min_insync_replicas,
        single_broker: replication < 3,
        ..KafkaConfig::new(bootstrap, topics)
    }
}
