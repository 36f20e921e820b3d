//! An ingress that is frozen in the middle of a surge and comes back, while another takes what comes: what it had read and
//! not answered is delivered elsewhere, and what it then still writes changes nothing.

use crate::support::Scene;
use crate::support::event::EVENT_S;
use crate::support::fleet::{Fleet, asked, during, whole};
use crate::support::stories::in_turn;
use broker::Cluster;
use std::time::Duration;

const MESSAGES: u32 = 10_000;
const SEATS: [(&str, &str); 3] = [
    ("ingress-1", "ingress"),
    ("ingress-2", "ingress"),
    ("workers", "dedup,quiz,coordinator"),
];
/// What the surge goes on for beside the frost.
const BESIDE: Duration = Duration::from_secs(45);

pub(crate) fn a_node_that_was_frozen_comes_back() {
    let fleet = in_turn(|| {
        let cluster = Cluster::start(1).expect("a broker starts");
        Fleet::start(Scene::on(cluster, MESSAGES, 60), &SEATS)
    });
    let both = ["ingress-1", "ingress-2"].map(|name| fleet.seat(name).listen);
    let callbacks = || {
        let node = fleet.node("ingress-1");
        node.metric("spillway_ingress_callbacks_total")
    };
    let freeze = Duration::from_secs(asked("SOAK_FREEZE_S", 30));
    let speed = EVENT_S / (freeze + BESIDE).as_secs_f64();
    let mut replay = fleet.replay(&["--speed", &speed.to_string(), "--until-acked"]);
    let mut goes_on = |time, what: &str| {
        let goes_on = during(&mut replay, time);
        assert!(goes_on, "the surge was over before {what}");
    };
    goes_on(Duration::from_secs(4), "a node was frozen");
    let before = callbacks();
    assert!(before > 0.0, "it took its part");
    fleet.freeze("ingress-1");
    // Whoever balances finds out; what was on its way to the frozen one is tried again.
    goes_on(Duration::from_secs(2), "the frozen node was missed");
    fleet.callbacks.set(vec![both[1]]);
    goes_on(freeze, "the frozen node went on");
    fleet.thaw("ingress-1");
    fleet.callbacks.set(both.to_vec());
    let thawed = callbacks();
    goes_on(Duration::from_secs(5), "the thawed node took its part");
    assert!(callbacks() > thawed, "nothing comes to it any more");
    whole(replay);
    fleet.judge();
    assert_eq!(fleet.scene.results(""), Scene::undisturbed(MESSAGES, 60));
}
