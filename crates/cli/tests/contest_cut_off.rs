//! An ingress node that is cut off from the log while a round is sealed, with an answer of the round's last seconds in its
//! spool (worked example Q-a): back in time, the answer counts; not back within `max_wait`, the round is sealed without it
//! and the answer is `late_after_seal`. On a real broker; the wire of one node is cut, not that of the other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::{Cluster, Fault};
use record::hexed::Hex;
use serde_json::{Value, json};
use support::fan::{plain, text};
use support::kafka::{ALL, Seat};
use support::told::{CAMPAIGN, Told, answers, opening, seal_of};
use support::{Node, Scene, until};

/// Fans who answer each round before anything happens.
const FANS: u64 = 4;

struct Stage {
    scene: Scene,
    node: (Seat, Node),
    /// The node whose wire is cut.
    edge: (Seat, Node),
}

impl Stage {
    fn start() -> Self {
        let cluster = Cluster::start_behind_proxies(1).expect("a broker starts");
        let scene = Scene::bare_on(cluster);
        let cut_off = scene.brokers().bootstrap().join(",");
        scene.say_brokers(&scene.brokers().direct());
        scene.create_topics();
        let (inner, outer) = (scene.seat("node", ALL), scene.seat("edge", "ingress"));
        let node = scene.start_at(&inner, &[]);
        scene.wait_leads(&node);
        scene.publish_at(&inner);
        let env = [("SPILLWAY_LOG__KAFKA__BOOTSTRAP", cut_off)];
        let edge = scene.start_with(&outer, &env);
        let mut stage = Self {
            scene,
            node: (inner, node),
            edge: (outer, edge),
        };
        stage.scene.admin = stage.node.0.admin;
        stage
    }

    fn told(&self) -> Told {
        Told::of(&self.scene, "node")
    }

    fn edge_id(&self) -> Hex<8> {
        serde_json::from_value(self.edge.1.status()["node"].clone()).unwrap()
    }

    fn wire(&self, fault: Fault) {
        self.scene.brokers().proxy(0).set(fault);
    }

    fn spooled(&self) -> u64 {
        let status = self.edge.1.try_status();
        status.map_or(0, |status| status["spool"]["records"].as_u64().unwrap_or(0))
    }

    /// A round opens and is answered; then the edge is cut off, and acks one more answer two seconds before the close.
    fn played(&mut self, round: u16) {
        self.scene.tick("node", opening(round));
        self.scene.listen = self.node.0.listen;
        answers(&self.scene, round, 0..FANS);
        self.wire(Fault::Refuse);
        let (mi, at) = (plain(), opening(round) + 298);
        self.scene.listen = self.edge.0.listen;
        let late = text(&mi, "oLast", at, 9_000 + u64::from(round), "A");
        let answer = self.scene.deliver(&mi, &late);
        assert_eq!(answer.status(), 200, "acked from the spool");
        until("the answer in the spool", || self.spooled() == 1);
        self.scene.tick("node", seal_of(round));
    }

    fn answered(&self, round: u16) -> u64 {
        until(&format!("the result of round {round}"), || {
            self.told().result(round).is_some()
        });
        self.told().result(round).unwrap().answered
    }

    /// What `explain` says of the last answer to a round.
    fn explained(&self, round: u16) -> Value {
        let printed = self
            .scene
            .history("node", "explain --fan oLast --json")
            .well();
        let rows = printed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut of_round = rows.filter(|row| {
            row["what"] == "message" && row["create_time"] == json!(opening(round) + 298)
        });
        of_round
            .next()
            .map_or(Value::Null, |row| row["judged"][0].clone())
    }
}

#[test]
fn an_answer_in_the_spool_of_a_node_that_is_cut_off_counts_if_it_comes_within_max_wait_q_a() {
    let mut stage = Stage::start();
    let edge = stage.edge_id();

    // 120 s are long enough: sealing waits, and the node is back.
    stage.played(1);
    until("the seal, which waits for the edge", || {
        let status = stage.node.1.status();
        let seals = status["coordinator"]["sealing"].as_array().unwrap().clone();
        seals
            .iter()
            .any(|seal| seal["waits_for"] == json!([edge.to_string()]))
    });
    assert!(stage.told().decision(1).is_none());
    stage.wire(Fault::None);
    assert_eq!(stage.answered(1), FANS + 1, "the answer is in");
    let told = stage.told();
    let decided = told.decision(1).unwrap();
    assert!(
        decided.members.contains(&edge) && decided.missing.is_empty(),
        "{decided:?}"
    );
    assert_eq!(stage.explained(1)["late_after_seal"], false);

    // Two seconds are not.
    stage
        .scene
        .edit_campaign(&[("max_wait_s = 120", "max_wait_s = 2")]);
    let file = stage.scene.with_suffix("campaign.toml");
    let publish = format!(
        "campaign publish {} --expect-version 1 --reason wait",
        file.display()
    );
    stage.scene.ask("node", &publish).well();
    stage.played(2);
    assert_eq!(stage.answered(2), FANS, "sealed without it");
    let told = stage.told();
    assert_eq!(told.decision(2).unwrap().missing, [edge]);
    assert!(told.is_retired(edge));
    stage.wire(Fault::None);
    until("the answer in the log, behind the cut", || {
        stage.spooled() == 0 && stage.explained(2)["late_after_seal"] == true
    });
    assert_eq!(stage.explained(2)["class"], "answer");
    let late = |round: u64| {
        let printed = stage
            .scene
            .history("node", "results --provisional --json")
            .well();
        let found: Value = serde_json::from_str(&printed).unwrap();
        let rounds = found["rounds"].as_array().unwrap().clone();
        let of = rounds.iter().find(|of| of["round"] == json!(round));
        of.and_then(|of| of["late_after_seal"].as_u64())
    };
    // A tally says so at the next tick of another ten seconds.
    let mut now = seal_of(2);
    until("the tally of what was late", || {
        now += 10;
        stage.scene.tick("node", now);
        late(2) == Some(1)
    });
    assert_eq!(late(1), Some(0));
    assert_eq!(stage.answered(2), FANS, "it is never added");
    until("the edge's next greeting", || {
        !stage.told().is_retired(edge)
    });
    stage.scene.all_verified("node", 2);
    let rescored = stage
        .scene
        .history("node", &format!("rescore {CAMPAIGN}"))
        .well();
    assert_eq!(
        rescored.matches("equal to what was sealed").count(),
        2,
        "{rescored}"
    );
    for (_, node) in [stage.edge, stage.node] {
        assert_eq!(node.terminate().0.code, Some(0));
    }
}
