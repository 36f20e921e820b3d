//! An ingress node that is dead or frozen when a round is sealed: the seal waits for it no longer than the campaign
//! says, goes on without it and names it; the node greets again, after its restart or by itself, and the next seal
//! waits for it. What it had acked before counts. On a real broker, in two processes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use record::hexed::Hex;
use support::fleet::Fleet;
use support::kafka::ALL;
use support::told::{CAMPAIGN, Told, answers, opening, seal_of};
use support::{Scene, until};

/// Fans whose answers each of the nodes takes in a round.
const FANS: u64 = 8;

struct Stage {
    fleet: Fleet,
    /// The ids of both nodes; the second one is what fails.
    nodes: [Hex<8>; 2],
}

fn id(fleet: &Fleet, name: &str) -> Hex<8> {
    serde_json::from_value(fleet.node(name).status()["node"].clone()).unwrap()
}

impl Stage {
    fn start() -> Self {
        let scene = Scene::bare_on(Cluster::start(1).expect("a broker starts"));
        scene.edit_campaign(&[("max_wait_s = 120", "max_wait_s = 5")]);
        let mut fleet = Fleet::start(scene, &[("node", ALL), ("ingress-2", "ingress")]);
        fleet.scene.admin = fleet.seat("node").admin;
        let nodes = ["node", "ingress-2"].map(|name| id(&fleet, name));
        Self { fleet, nodes }
    }

    fn told(&self) -> Told {
        Told::of(&self.fleet.scene, "node")
    }

    /// A round opens, and fans answer at both nodes.
    fn play(&mut self, round: u16) {
        self.fleet.scene.tick("node", opening(round));
        for (name, fans) in [("node", 0..FANS), ("ingress-2", FANS..2 * FANS)] {
            self.fleet.scene.listen = self.fleet.seat(name).listen;
            answers(&self.fleet.scene, round, fans);
        }
    }

    /// The round is sealed: with these, without those, and nobody's answer is missing.
    fn seal(&self, round: u16, with: &[Hex<8>], without: &[Hex<8>]) {
        self.fleet.scene.tick("node", seal_of(round));
        until(&format!("the result of round {round}"), || {
            self.told().result(round).is_some()
        });
        let told = self.told();
        let sorted = |nodes: &[Hex<8>]| {
            let mut nodes = nodes.to_vec();
            nodes.sort();
            nodes
        };
        let asked = &told.request(round).unwrap().members;
        assert_eq!(sorted(asked), sorted(&self.nodes), "asked in round {round}");
        let decided = told.decision(round).unwrap();
        assert_eq!(
            sorted(&decided.members),
            sorted(with),
            "with, in round {round}"
        );
        assert_eq!(decided.missing, without, "without, in round {round}");
        assert_eq!(told.is_retired(self.nodes[1]), !without.is_empty());
        let result = told.result(round).unwrap();
        let counts = (result.answered, result.correct);
        assert_eq!(counts, (2 * FANS, FANS / 2), "round {round}");
    }

    /// The round is due to be sealed, and stays so.
    fn asked(&self, round: u16) {
        self.fleet.scene.tick("node", seal_of(round));
        until(&format!("the seal of round {round}, which waits"), || {
            let status = self.fleet.node("node").status();
            let seals = status["coordinator"]["sealing"].as_array().unwrap();
            // For the dead one alone: an operator's word ends the wait for whoever has not confirmed.
            seals
                .iter()
                .any(|seal| seal["waits_for"] == serde_json::json!([self.nodes[1].to_string()]))
        });
        assert!(self.told().decision(round).is_none());
    }

    /// Publishes a version whose seals wait for silent nodes.
    fn wait_for_ever(&self) {
        let scene = &self.fleet.scene;
        scene.edit_campaign(&[(
            "on_silent_node = \"seal_without\"",
            "on_silent_node = \"wait\"",
        )]);
        let file = scene.with_suffix("campaign.toml");
        let version = format!(
            "campaign publish {} --expect-version 1 --reason wait",
            file.display()
        );
        scene.ask("node", &version).well();
    }

    /// Waits until the second node has greeted so often; whether the last time was in the same boot as before.
    fn await_greeting(&self, times: usize) -> bool {
        let mut said = Vec::new();
        until(&format!("greeting {times}"), || {
            said = self.told().greetings(self.nodes[1]);
            said.len() >= times
        });
        assert_eq!(said.len(), times);
        said[times - 1] == said[times - 2]
    }
}

#[test]
fn a_node_that_is_silent_at_a_seal_is_left_out_named_and_waited_for_again() {
    let mut stage = Stage::start();
    let [one, two] = stage.nodes;
    stage.play(1);
    stage.seal(1, &[one, two], &[]);

    // Dead. What it had acked is in the log.
    stage.play(2);
    stage.fleet.kill("ingress-2");
    stage.seal(2, &[one], &[two]);
    stage.fleet.launch(&["ingress-2"]);
    assert!(!stage.await_greeting(2), "another boot");
    stage.play(3);
    stage.seal(3, &[one, two], &[]);

    // Frozen, and it knows nothing of it.
    stage.play(4);
    stage.fleet.freeze("ingress-2");
    stage.seal(4, &[one], &[two]);
    stage.fleet.thaw("ingress-2");
    assert!(stage.await_greeting(3), "it greets again without a restart");
    stage.play(5);
    stage.seal(5, &[one, two], &[]);

    // From now on a seal waits for as long as it takes. The new boot answers for the old one.
    stage.wait_for_ever();
    stage.play(6);
    stage.fleet.kill("ingress-2");
    stage.asked(6);
    stage.fleet.launch(&["ingress-2"]);
    stage.seal(6, &[one, two], &[]);

    // Or until the operator has enough of it.
    stage.play(7);
    stage.fleet.kill("ingress-2");
    stage.asked(7);
    let told = format!("round seal {CAMPAIGN} 7 --reason dead");
    stage.fleet.scene.ask("node", &told).well();
    stage.seal(7, &[one], &[two]);
    stage.fleet.launch(&["ingress-2"]);
    for name in ["ingress-2", "node"] {
        stage.fleet.terminate(name);
    }
    stage.fleet.scene.all_verified("node", 7);
}
