//! kill -9 of the whole process at random moments of a compressed surge: every acked message is there once, the
//! tallies are those of an undisturbed run (V-1, V-3). `SOAK_KILLS` sets how often; `make soak` sets more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;
use support::{Running, Scene, until};

/// Kills in an ordinary test run.
const KILLS: u64 = 50;

fn kills() -> u64 {
    std::env::var("SOAK_KILLS")
        .ok()
        .and_then(|kills| kills.parse().ok())
        .unwrap_or(KILLS)
}

/// Pauses between 20 and 400 ms, scattered by a counter: a run can be repeated.
fn pause(round: u64) -> Duration {
    let scattered = (round + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    Duration::from_millis(20 + scattered % 381)
}

#[test]
fn an_acked_message_survives_kill_9_at_any_moment_and_is_counted_once() {
    let kills = kills();
    let scene = Scene::new(u32::try_from(8_000 + kills * 200).unwrap(), 20);
    // Six minutes of event time: slow enough that the surge outlasts the kills, at a second for each.
    let speed = (360.0 / kills as f64).to_string();
    let mut node = Some(scene.start("node", &[]));
    scene.publish("node");
    let mut replay = Running::start(scene.replay("node", &["--speed", &speed, "--until-acked"]));
    let mut killed = 0;
    while killed < kills && replay.try_wait().unwrap().is_none() {
        std::thread::park_timeout(pause(killed));
        node.take().unwrap().kill();
        killed += 1;
        node = Some(scene.start("node", &[]));
    }
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(
        replay.wait().unwrap().success(),
        "every message was acked in the end"
    );
    assert!(killed >= kills, "only {killed} kills fell into the surge");
    let node = node.unwrap();
    node.wait_concluded();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    scene.judge("node");
}
