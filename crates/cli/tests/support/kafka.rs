//! Scenes whose log stands on real brokers, and seats: nodes beside each other, each with its roles, its directory
//! and its addresses.

use super::{Ended, LIMIT, Node, Scene, finish, free_port, spillway, succeed, surge, until};
use broker::Cluster;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

/// Where a node sits.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    /// Its directory's name in the scene.
    pub(crate) data: String,
    /// Its roles, separated by commas.
    pub(crate) roles: String,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// Partitions of the topics of a scene on brokers that asks for no other number.
pub(crate) const PARTITIONS: usize = 6;
/// What stands before that number in the configuration.
const INBOUND_PARTITIONS: &str = "inbound_partitions = ";

/// Every role.
pub(crate) const ALL: &str = "ingress,dedup,quiz,coordinator";

impl Scene {
    /// A recording as [`Scene::new`] makes it, played to nodes whose log stands on `cluster`.
    pub(crate) fn on(cluster: Cluster, messages: u32, compress: u32) -> Self {
        Self::new(messages, compress).standing_on(cluster)
    }

    /// The same scene with its log on `cluster`.
    pub(crate) fn standing_on(mut self, cluster: Cluster) -> Self {
        self.say_where(&cluster);
        self.cluster = Some(cluster);
        self
    }

    /// No recording: both accounts and the project's own campaign.
    pub(crate) fn bare_on(cluster: Cluster) -> Self {
        Self::bare(&super::fan::accounts()).standing_on(cluster)
    }

    /// The same scene with so many partitions, before its topics are made.
    pub(crate) fn divided_by(self, partitions: usize) -> Self {
        let file = self.with_suffix("spillway.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, now) = (self.partitions(), partitions);
        let text = text.replace(
            &format!("{INBOUND_PARTITIONS}{before}\n"),
            &format!("{INBOUND_PARTITIONS}{now}\n"),
        );
        std::fs::write(file, text).unwrap();
        self
    }

    /// Partitions of its topics on brokers.
    pub(crate) fn partitions(&self) -> usize {
        let text = std::fs::read_to_string(self.with_suffix("spillway.toml")).unwrap();
        let mut lines = text.lines();
        let number = lines.find_map(|line| line.strip_prefix(INBOUND_PARTITIONS));
        number.unwrap().parse().unwrap()
    }

    /// Puts the brokers into the configuration.
    fn say_where(&self, cluster: &Cluster) {
        let accounts = std::fs::read_to_string(self.with_suffix("spillway.toml")).unwrap();
        let text = format!("{}\n{accounts}", kafka_toml(&cluster.bootstrap()));
        std::fs::write(self.with_suffix("spillway.toml"), text).unwrap();
    }

    /// Lets everyone who is started from now on reach the brokers there.
    pub(crate) fn say_brokers(&self, bootstrap: &[String]) {
        let file = self.with_suffix("spillway.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let told = format!("bootstrap = {:?}", self.brokers().bootstrap());
        assert_eq!(text.matches(&told).count(), 1, "{text}");
        let text = text.replace(&told, &format!("bootstrap = {bootstrap:?}"));
        std::fs::write(file, text).unwrap();
    }

    /// The brokers, to look at.
    pub(crate) fn brokers(&self) -> &Cluster {
        self.cluster.as_ref().expect("the scene stands on brokers")
    }

    /// The brokers.
    pub(crate) fn cluster(&mut self) -> &mut Cluster {
        self.cluster.as_mut().expect("the scene stands on brokers")
    }

    /// `spillway topics create`, which must do.
    pub(crate) fn create_topics(&self) -> String {
        self.topics("create").well()
    }

    /// `spillway topics …`.
    pub(crate) fn topics(&self, what: &str) -> Ended {
        finish(
            Command::new(spillway())
                .arg("topics")
                .args(what.split_whitespace())
                .arg("--config")
                .arg(self.with_suffix("spillway.toml")),
        )
    }

    /// Changes a setting of a topic at the brokers, behind everybody's back.
    #[track_caller]
    pub(crate) fn set_topic(&mut self, topic: &str, setting: &str) {
        let topic = format!("spillway.{topic}");
        let which = ["--alter", "--entity-type", "topics", "--entity-name"];
        let what = [topic.as_str(), "--add-config", setting];
        self.tool("kafka.admin.ConfigCommand", &[&which[..], &what].concat());
    }

    /// Runs one of Kafka's own tools, which must do.
    #[track_caller]
    pub(crate) fn tool(&mut self, class: &str, args: &[&str]) {
        let said = self.cluster().tool(class, args).unwrap();
        assert!(said.status.success(), "{class} {args:?}: {said:?}");
    }

    /// A place for a node with these roles.
    pub(crate) fn seat(&self, data: &str, roles: &str) -> Seat {
        Seat {
            data: data.to_owned(),
            roles: roles.to_owned(),
            listen: free_port(),
            admin: free_port(),
        }
    }

    /// `spillway run` there.
    pub(crate) fn command_at(&self, seat: &Seat, more: &[&str]) -> Command {
        let mut command = Command::new(spillway());
        command
            .args(["run", "--clock", self.clock, "--roles", &seat.roles])
            .arg("--config")
            .arg(self.with_suffix("spillway.toml"))
            .arg("--data")
            .arg(self.path(&seat.data))
            .args(["--listen", &seat.listen.to_string()])
            .args(["--admin", &seat.admin.to_string()])
            .args(more)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a node there and waits until it is ready.
    pub(crate) fn start_at(&self, seat: &Seat, more: &[&str]) -> Node {
        self.share_token(&seat.data);
        let deadline = Instant::now() + LIMIT;
        loop {
            match Node::spawn(self.command_at(seat, more), seat.admin).ready() {
                Ok(node) => return node,
                Err(ended) if ended.stderr.contains("in use") && Instant::now() < deadline => {}
                Err(ended) => panic!("the node did not become ready: {ended:?}"),
            }
        }
    }

    /// Starts a node there that is told something of its own, and waits until it is ready.
    pub(crate) fn start_with(&self, seat: &Seat, env: &[(&str, String)]) -> Node {
        self.share_token(&seat.data);
        let mut command = self.command_at(seat, &[]);
        command.envs(env.iter().map(|(name, value)| (name, value)));
        let node = Node::spawn(command, seat.admin).ready();
        node.unwrap_or_else(|ended| panic!("the node did not become ready: {ended:?}"))
    }

    /// Starts a node there and waits for nothing.
    pub(crate) fn spawn_at(&self, seat: &Seat, more: &[&str]) -> Node {
        self.share_token(&seat.data);
        Node::spawn(self.command_at(seat, more), seat.admin)
    }

    /// The same token in every directory, so that an act may go to any node.
    fn share_token(&self, data: &str) {
        let path = self.path(data).join("admin.token");
        std::fs::create_dir_all(self.path(data)).unwrap();
        if !path.exists() {
            std::fs::write(path, "the token of all nodes of the scene\n").unwrap();
        }
    }

    /// Publishes the scene's campaign by way of this node.
    pub(crate) fn publish_at(&self, seat: &Seat) {
        succeed(
            Command::new(spillway())
                .args(["campaign", "publish", "--expect-version", "0"])
                .arg(self.with_suffix("campaign.toml"))
                .args(["--node", &seat.admin.to_string(), "--data"])
                .arg(self.path(&seat.data)),
        );
    }

    /// Waits until this process leads as coordinator.
    pub(crate) fn wait_leads(&self, node: &Node) {
        until("the lead of the coordinator", || {
            node.try_status()
                .is_some_and(|status| status["coordinator"]["leads"] == true)
        });
    }

    /// A replay to this ingress, driving the clock of that coordinator.
    pub(crate) fn replay_at(&self, ingress: &Seat, coordinator: &Seat, more: &[&str]) -> Command {
        let mut command = Command::new(surge());
        command
            .arg("replay")
            .arg(self.recording())
            .args(["--target", &format!("http://{}/wechat/mi", ingress.listen)])
            .args(["--token", "demo"])
            .args(["--clock", &format!("http://{}", coordinator.admin)])
            .arg("--clock-token")
            .arg(self.path(&coordinator.data).join("admin.token"))
            .arg("--ledger")
            .arg(self.path("ledger.jsonl"))
            .arg("--report")
            .arg(self.path("report.json"))
            .args(more);
        command
    }
}

/// The configuration of a log on these brokers; one of them has each record only once. All nodes have the same key of
/// the draws' secrets: whichever coordinates opens what another has sealed.
pub(crate) fn kafka_toml(bootstrap: &[String]) -> String {
    let replicas = match bootstrap.len() {
        1 => "replication = 1\nmin_insync_replicas = 1\nsingle_broker = true\n",
        _ => "",
    };
    format!(
        "[contest]\nkey = \"{}\"\n\n[log]\nbackend = \"kafka\"\n{INBOUND_PARTITIONS}{PARTITIONS}\n\n[log.kafka]\nbootstrap = {bootstrap:?}\n{replicas}",
        "5a".repeat(32)
    )
}
