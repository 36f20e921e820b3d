//! Roles in processes of their own, split as for two machines: what is counted is what one process counts that nobody
//! disturbs, also when a third joins, one is frozen for longer than its session lasts and comes back, one is killed, and one leaves.

use crate::support::event::EVENT_S;
use crate::support::fleet::{Fleet, SPLIT, asked, during, whole};
use crate::support::kafka::ALL;
use crate::support::stories::in_turn;
use crate::support::{Scene, until};
use broker::Cluster;
use serde_json::Value;
use std::time::Duration;

fn fleet(seats: &[(&'static str, &'static str)]) -> Fleet {
    let cluster = Cluster::start(1).expect("a broker starts");
    Fleet::start(Scene::on(cluster, 10_000, 60), seats)
}

/// What the surge goes on for beside the frost, in seconds: joining, dying, leaving, each with what it makes of the group.
const BESIDE_S: u64 = 104;

/// What is counted of the recording as quickly as it can be played.
fn counted_by(seats: &[(&'static str, &'static str)]) -> Value {
    let fleet = fleet(seats);
    whole(fleet.replay(&["--speed", "max"]));
    fleet.judge();
    fleet.all_answered_at_once();
    fleet.counted()
}

pub(crate) fn join_freeze_come_back_and_leave() {
    let undisturbed = in_turn(|| counted_by(&[("node", ALL)]));
    assert_eq!(undisturbed["holds"], true, "{undisturbed}");
    assert!(undisturbed["redeliveries_dropped"].as_u64() > Some(0));
    assert_eq!(counted_by(&SPLIT), undisturbed);

    let mut fleet = fleet(&SPLIT);
    let freeze = asked("SOAK_FREEZE_S", 30);
    let speed = EVENT_S / (BESIDE_S + freeze) as f64;
    let mut replay = fleet.replay(&["--speed", &speed.to_string()]);
    let mut goes_on = |seconds, what: &str| {
        let goes_on = during(&mut replay, Duration::from_secs(seconds));
        assert!(goes_on, "the surge was over before {what}");
    };
    goes_on(4, "a third one joined");
    // One more of each: it gets a share of what two had.
    fleet.join("dedup-3", "dedup");
    fleet.join("quiz-3", "quiz");
    for stage in ["dedup", "quiz"] {
        let three = [1, 2, 3].map(|number| format!("{stage}-{number}"));
        let three = three.each_ref().map(String::as_str);
        until(&format!("a share for {}", three[2]), || {
            fleet.owned(three[2], stage) > 0
        });
        fleet.wait_owned(&three, stage);
    }
    for name in ["dedup-1", "quiz-2"] {
        fleet.freeze(name);
    }
    fleet.wait_owned(&["dedup-2", "dedup-3"], "dedup");
    fleet.wait_owned(&["quiz-1", "quiz-3"], "quiz");
    goes_on(freeze, "the frozen ones went on");
    for name in ["dedup-1", "quiz-2"] {
        fleet.thaw(name);
    }
    // It finds that it is nobody, and takes part again.
    for (stage, frozen) in [("dedup", "dedup-1"), ("quiz", "quiz-2")] {
        // First it believes what it believed; then it has nothing; then a share.
        let all = [1, 2, 3].map(|number| format!("{stage}-{number}"));
        fleet.wait_owned(&all.each_ref().map(String::as_str), stage);
        until(&format!("a share for {frozen}"), || {
            fleet.owned(frozen, stage) > 0
        });
    }
    // Two are killed: what they had is taken over, and they come back.
    for name in ["dedup-3", "quiz-1"] {
        fleet.kill(name);
    }
    fleet.wait_owned(&["dedup-1", "dedup-2"], "dedup");
    fleet.wait_owned(&["quiz-2", "quiz-3"], "quiz");
    fleet.launch(&["dedup-3", "quiz-1"]);
    goes_on(1, "one left");
    // One leaves in order and comes back.
    fleet.terminate("dedup-2");
    fleet.wait_owned(&["dedup-1", "dedup-3"], "dedup");
    fleet.launch(&["dedup-2"]);
    goes_on(1, "the last one was back");
    whole(replay);
    fleet.judge();
    fleet.all_answered_at_once();
    assert_eq!(fleet.counted(), undisturbed);
}
