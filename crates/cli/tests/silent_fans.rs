//! The node's gauge of silent fans against the judge's count from the ledger.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::preload::Syncs;
use support::{Running, Scene, alone, until};

#[test]
fn the_gauge_of_silent_fans_is_what_reconcile_counts() {
    let _turn = alone();
    let mut scene = Scene::new(6_000, 20);
    // A slow sync outlasts the budget, so that no attempt meanwhile is answered.
    let syncs = Syncs::of(&mut scene, "inbound", 600);
    let budget = ("SPILLWAY_INGRESS__ACK_BUDGET_MS", "250".to_owned());
    scene.env.push(budget);
    let node = scene.start("node", &[]);
    scene.publish("node");
    let mut replay = Running::start(scene.replay("node", &["--speed", "20"]));
    let acked = || node.metric("spillway_ingress_callbacks_total");
    until("a third of the surge", || acked() > 2_000.0);
    syncs.slow(true);
    // Of these nobody will ever hear: the platform tries three times.
    let third = [("attempt", "3+")];
    until("fifty third attempts without an answer", || {
        node.series("spillway_ingress_redelivery_total", &third) > 50.0
    });
    syncs.slow(false);
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    node.wait_drained();

    scene.export("node", "export");
    let said = support::finish(&mut scene.reconciling("export"));
    let verdict = scene.verdict();
    let silent = verdict["silent_fans"].as_f64().unwrap();
    assert!(silent > 0.0, "nobody was left without a word: {said:?}");
    // Threads hand their counts over a few times a second.
    let gauge = || node.metric("spillway_reply_silent_fans");
    until(
        &format!("the gauge to say {silent}, not {}", gauge()),
        || gauge() == silent,
    );
}
