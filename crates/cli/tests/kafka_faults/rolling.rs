//! A rolling restart of everything: each process stops in order and comes back, one after the other.

use crate::support::Scene;
use crate::support::fleet::{Fleet, TWICE, during, whole};
use crate::support::stories::in_turn;
use broker::Cluster;
use std::time::Duration;

const MESSAGES: u32 = 10_000;

pub(crate) fn every_process_is_restarted_under_load() {
    let mut fleet = in_turn(|| {
        let cluster = Cluster::start(1).expect("a broker starts");
        Fleet::start(Scene::on(cluster, MESSAGES, 60), &TWICE)
    });
    let mut replay = fleet.replay(&["--speed", "1.1", "--until-acked"]);
    for (name, role) in TWICE {
        assert!(
            during(&mut replay, Duration::from_millis(500)),
            "the surge was over before {name} was restarted"
        );
        let pair = [1, 2].map(|number| format!("{role}-{number}"));
        let pair = pair.each_ref().map(String::as_str);
        fleet.terminate(name);
        fleet.launch(&[name]);
        // The next one goes when this one's partitions are in hands again, as `docs/kafka.md` says.
        if matches!(role, "dedup" | "quiz") {
            fleet.wait_owned(&pair, role);
        }
    }
    whole(replay);
    fleet.judge();
    let undisturbed = Scene::undisturbed(MESSAGES, 60);
    assert_eq!(fleet.scene.results(""), undisturbed);
    for (name, _) in TWICE {
        fleet.terminate(name);
    }
}
