//! kill -9 of the whole process at random moments of a compressed surge: every acked message is there once, one that was
//! never acked once or not at all, and the tallies are those of an undisturbed run (V-1, V-3). `SOAK_KILLS` sets how
//! often, `SOAK_SEED` draws the same moments again; `make soak` kills more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;
use support::fleet::{asked, scattered};
use support::{Node, Running, Scene, until};

/// Kills in an ordinary test run.
const KILLS: u64 = 50;
/// Of a surge that repeats nothing, one in so many.
const UNREPEATED: u64 = 5;

/// A surge of some 200 messages for each kill, and a second, as long as it is not killed; the node at its end, and
/// how the replay ended.
fn killed(scene: &Scene, kills: u64, how: &[&str]) -> (Node, Option<i32>) {
    // Six minutes of event time: slow enough that the surge outlasts the kills.
    let speed = (360.0 / kills as f64).to_string();
    let mut node = Some(scene.start("node", &[]));
    scene.publish("node");
    let how = [&["--speed", &speed][..], how].concat();
    let mut replay = Running::start(scene.replay("node", &how));
    let mut killed = 0;
    while killed < kills && replay.try_wait().unwrap().is_none() {
        std::thread::park_timeout(Duration::from_millis(20 + scattered(killed, 381)));
        node.take().unwrap().kill();
        killed += 1;
        node = Some(scene.start("node", &[]));
    }
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(killed >= kills, "only {killed} kills fell into the surge");
    let node = node.unwrap();
    node.wait_concluded();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    (node, replay.wait().unwrap().code())
}

#[test]
fn an_acked_message_survives_kill_9_at_any_moment_and_is_counted_once() {
    let kills = asked("SOAK_KILLS", KILLS);
    let scene = Scene::new(u32::try_from(8_000 + kills * 200).unwrap(), 20);
    let (_node, ended) = killed(&scene, kills, &["--until-acked"]);
    assert_eq!(ended, Some(0), "every message was acked in the end");
    scene.judge("node");
}

#[test]
fn a_message_that_was_never_acked_is_there_once_or_not_at_all() {
    let kills = asked("SOAK_KILLS", KILLS).div_ceil(UNREPEATED);
    let scene = Scene::new(u32::try_from(20_000 + kills * 200).unwrap(), 20);
    let (_node, ended) = killed(&scene, kills, &["--attempts", "1"]);
    assert_eq!(ended, Some(1), "what was under way at a kill has no answer");
    scene.judge("node");
    let all = &scene.verdict()["all"];
    let count = |of: &str| all[of].as_u64().unwrap();
    assert!(count("unacked") > 0, "{all}");
    // None lost, none doubled: so says the judge. All that was acked is there, and of the rest no more than there is.
    assert_eq!(count("acked") + count("unacked"), count("sent"));
    assert!(
        (count("acked")..=count("sent")).contains(&count("accepted")),
        "{all}"
    );
}
