//! Many processes on one log: each at its seat, behind a balancer for callbacks and one for the clock; killed,
//! frozen, replaced and asked together.

use super::front::Front;
use super::kafka::Seat;
use super::node::Ended;
use super::wire::request;
use super::{Node, Running, Scene, succeed, surge, until};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Two ingress, two dedup, two quiz, one coordinator.
pub(crate) const SPLIT: [(&str, &str); 7] = [
    ("coordinator", "coordinator"),
    ("ingress-1", "ingress"),
    ("ingress-2", "ingress"),
    ("dedup-1", "dedup"),
    ("dedup-2", "dedup"),
    ("quiz-1", "quiz"),
    ("quiz-2", "quiz"),
];
/// Two of each role.
pub(crate) const TWICE: [(&str, &str); 8] = [
    ("coordinator-1", "coordinator"),
    ("coordinator-2", "coordinator"),
    ("dedup-1", "dedup"),
    ("dedup-2", "dedup"),
    ("ingress-1", "ingress"),
    ("ingress-2", "ingress"),
    ("quiz-1", "quiz"),
    ("quiz-2", "quiz"),
];
/// Two processes: one takes callbacks, the other does the rest.
pub(crate) const PAIR: [(&str, &str); 2] = [
    ("ingress-1", "ingress"),
    ("workers", "dedup,quiz,coordinator"),
];

/// Waits for the end of a surge, of which every delivery was acked and every tick answered.
pub(crate) fn whole(mut replay: Running) {
    replayed(&mut replay);
    assert!(
        replay.wait().unwrap().success(),
        "every message was acked, every tick answered"
    );
}

fn replayed(replay: &mut Running) {
    // A surge at the pace of its event is longer than any other wait; a soak's is longer still.
    let limit = Duration::from_secs(asked("SOAK_SURGE_LIMIT_S", 600));
    let deadline = Instant::now() + limit;
    while replay.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the replay came to no end");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Lets so much time pass, unless the surge ends before: whether it still runs.
pub(crate) fn during(replay: &mut Running, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if replay.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    replay.try_wait().unwrap().is_none()
}

/// A number that scatters with `round`, below `below`, by the seed of this run ([`super::seed`]).
pub(crate) fn scattered(round: u64, below: u64) -> u64 {
    let mixed = (super::seed::of_this_run() + round + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 33) % below
}

/// A number from the environment, for longer runs of the same test. Its name must not begin as those of configuration
/// keys do: the nodes see it too.
pub(crate) fn asked(variable: &str, otherwise: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.and_then(|set| set.parse().ok()).unwrap_or(otherwise)
}

/// See the module.
pub(crate) struct Fleet {
    pub(crate) scene: Scene,
    seats: BTreeMap<&'static str, Seat>,
    nodes: BTreeMap<&'static str, Node>,
    /// Callbacks go to one ingress after the other.
    pub(crate) callbacks: Front,
    /// Ticks and acts go to the coordinator that leads.
    pub(crate) acts: Front,
}

impl Fleet {
    /// Makes the topics, starts a process for each seat, and publishes the campaign.
    pub(crate) fn start(scene: Scene, seats: &[(&'static str, &'static str)]) -> Self {
        scene.create_topics();
        let seats: BTreeMap<_, _> = seats
            .iter()
            .map(|(name, roles)| (*name, scene.seat(name, roles)))
            .collect();
        let with = |role: &str, address: fn(&Seat) -> SocketAddr| -> Vec<SocketAddr> {
            let sitting = seats.values().filter(|seat| seat.roles.contains(role));
            sitting.map(address).collect()
        };
        let callbacks = Front::in_turn(with("ingress", |seat| seat.listen));
        let acts = Front::to_leader(with("coordinator", |seat| seat.admin));
        let mut fleet = Self {
            scene,
            seats,
            nodes: BTreeMap::new(),
            callbacks,
            acts,
        };
        let names: Vec<_> = fleet.seats.keys().copied().collect();
        fleet.launch(&names);
        fleet.publish();
        fleet
    }

    /// Starts these at once and waits until each is ready.
    pub(crate) fn launch(&mut self, names: &[&'static str]) {
        for name in names {
            let node = self.scene.spawn_at(&self.seats[name], &[]);
            assert!(
                self.nodes.insert(name, node).is_none(),
                "{name} runs already"
            );
        }
        for name in names {
            self.await_ready(name);
        }
    }

    /// Starts this one and waits for nothing.
    pub(crate) fn begin(&mut self, name: &'static str) {
        let node = self.scene.spawn_at(&self.seats[name], &[]);
        assert!(
            self.nodes.insert(name, node).is_none(),
            "{name} runs already"
        );
    }

    pub(crate) fn await_ready(&mut self, name: &'static str) {
        let node = self.nodes.remove(name).unwrap().ready();
        let node = node.unwrap_or_else(|ended| panic!("{name} did not become ready: {ended:?}"));
        self.nodes.insert(name, node);
    }

    /// Publishes the campaign, which nobody has yet, and waits until every ingress uses it.
    fn publish(&self) {
        let lead = self.leader();
        self.scene.publish_at(&self.seats[lead]);
        for (name, node) in self.with_role("ingress") {
            until(&format!("the campaign at {name}"), || {
                node.try_status()
                    .is_some_and(|status| status["snapshot"].as_u64() > Some(0))
            });
        }
    }

    /// The seat whose coordinator leads, once one does.
    pub(crate) fn leader(&self) -> &'static str {
        let mut leading = None;
        until("a coordinator that leads", || {
            let mut seats = self.with_role("coordinator");
            leading = seats.find(|(name, _)| super::front::leads(self.seats[name].admin));
            leading.is_some()
        });
        leading.unwrap().0
    }

    pub(crate) fn with_role<'a>(
        &'a self,
        role: &'a str,
    ) -> impl Iterator<Item = (&'static str, &'a Node)> {
        self.nodes
            .iter()
            .map(|(name, node)| (*name, node))
            .filter(move |(name, _)| self.seats[name].roles.contains(role))
    }

    /// The processes that run.
    pub(crate) fn running(&self) -> impl Iterator<Item = (&'static str, &Node)> {
        self.nodes.iter().map(|(name, node)| (*name, node))
    }

    /// One more takes part from now on.
    pub(crate) fn join(&mut self, name: &'static str, roles: &str) {
        let seat = self.scene.seat(name, roles);
        assert!(self.seats.insert(name, seat).is_none(), "{name} has a seat");
        self.launch(&[name]);
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.seats.keys().copied().collect()
    }

    pub(crate) fn seat(&self, name: &str) -> &Seat {
        &self.seats[name]
    }

    pub(crate) fn node(&self, name: &str) -> &Node {
        &self.nodes[name]
    }

    /// kill -9.
    pub(crate) fn kill(&mut self, name: &str) -> Ended {
        self.nodes.remove(name).unwrap().kill()
    }

    /// SIGTERM; it must end in order.
    #[track_caller]
    pub(crate) fn terminate(&mut self, name: &str) {
        let (ended, _) = self.nodes.remove(name).unwrap().terminate();
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
    }

    /// SIGSTOP.
    pub(crate) fn freeze(&self, name: &str) {
        self.signal(name, "-STOP");
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self, name: &str) {
        self.signal(name, "-CONT");
    }

    fn signal(&self, name: &str, signal: &str) {
        let pid = self.nodes[name].pid().to_string();
        succeed(Command::new("kill").args([signal, &pid]));
    }

    /// A replay of the recording to the balancer, driving the clock of whoever leads.
    pub(crate) fn replay(&self, more: &[&str]) -> Running {
        let mut command = self.replay_command();
        command
            .args(["--clock", &format!("http://{}", self.acts.addr())])
            .arg("--clock-token")
            .arg(self.token_file())
            .args(more);
        Running::start(command)
    }

    /// The same, while time stands still.
    pub(crate) fn replay_without_clock(&self, more: &[&str]) -> Running {
        let mut command = self.replay_command();
        command.args(more);
        Running::start(command)
    }

    fn replay_command(&self) -> Command {
        let mut command = Command::new(surge());
        command
            .arg("replay")
            .arg(self.scene.recording())
            .arg("--target")
            .arg(format!("http://{}/wechat/mi", self.callbacks.addr()))
            .args(["--token", "demo", "--quiet", "--patience", "900"])
            .arg("--ledger")
            .arg(self.scene.path("ledger.jsonl"))
            .arg("--report")
            .arg(self.scene.path("report.json"));
        command
    }

    /// What acts at any of them bear.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.scene.token(self.names()[0]))
    }

    /// Every node has the same.
    fn token_file(&self) -> PathBuf {
        self.scene.path(self.names()[0]).join("admin.token")
    }

    /// One tick, a minute after everything in the recording.
    pub(crate) fn tick_to_the_end(&self) {
        self.tick_behind_the_end(60);
    }

    /// One tick, so many seconds after everything in the recording; a replay's last stands 60 s behind.
    pub(crate) fn tick_behind_the_end(&self, seconds: i64) {
        let last = self.scene.manifest()["recording"]["last_at_us"]
            .as_i64()
            .unwrap()
            / 1_000_000;
        let bearer = self.bearer();
        let headers = [("Authorization", bearer.as_str())];
        let body = format!("{{\"tick\":{}}}", last + seconds);
        until("the last tick", || {
            let to = self.acts.addr();
            let answer = request(to, "POST", "/v1/clock", &headers, body.as_bytes());
            answer.is_some_and(|answer| answer.status() == 200)
        });
    }
}
