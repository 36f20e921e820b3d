//! One recording, played in several ways: other partitions, every delivery three times out of order, kill -9 at
//! random moments, deleted state. Every round comes to the same standings, list and counts (V-3, V-4, V-5), each
//! draw holds, and no unit is given twice (V-6). Winners differ: each log has secrets of its own.
//! `SOAK_CONTEST_MESSAGES` sets the size of the event, played at its own density then.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;
use support::fleet::{asked, during, scattered, whole};
use support::told::{Outcome, ROUNDS, Told};
use support::{Node, Running, Scene, succeed, until};

const MESSAGES: u32 = 8_000;
/// How much shorter than the event a recording is; one whose size was asked for has the event's length.
const COMPRESS: u32 = 20;
/// Kills of the whole node in a replay.
const KILLS: u64 = 6;

/// Messages, and how much shorter they are sent than the event was.
fn size() -> (u32, u32) {
    match u32::try_from(asked("SOAK_CONTEST_MESSAGES", 0)) {
        Ok(messages @ 1..) => (messages, 1),
        _ => (MESSAGES, COMPRESS),
    }
}

/// Everything is sound on `data`; what the rounds came to.
fn outcomes(scene: &Scene, data: &str, node: Node) -> BTreeMap<u16, Outcome> {
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    let told = scene.await_results(data, ROUNDS);
    told.each_round_has_one_result();
    assert!(told.void().is_empty(), "{:?}", told.void());
    scene.judge(data);
    // Everything that was due is there by now: in each round somebody was right, and one unit is for him.
    assert_eq!(Told::of(scene, data).no_unit_is_given_twice(), ROUNDS);
    let ended = node.terminate().0;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    scene.all_verified(data, ROUNDS);
    let outcomes = told.outcomes();
    // Of the whole event several logs would fill the disk.
    std::fs::remove_dir_all(scene.path(data)).unwrap();
    outcomes
}

fn undisturbed(scene: &Scene, data: &str, how: &[&str]) -> BTreeMap<u16, Outcome> {
    let node = scene.start(data, &[]);
    scene.publish(data);
    succeed(&mut scene.replay(data, how));
    outcomes(scene, data, node)
}

fn killed_at_random(scene: &Scene) -> BTreeMap<u16, Outcome> {
    let mut node = Some(scene.start("killed", &[]));
    scene.publish("killed");
    let mut replay = Running::start(scene.replay("killed", &["--speed", "70", "--until-acked"]));
    let mut kills = 0;
    let at_most = 500 * u64::from(COMPRESS / size().1);
    while kills < KILLS
        && during(
            &mut replay,
            Duration::from_millis(scattered(kills, at_most)),
        )
    {
        node.take().unwrap().kill();
        kills += 1;
        node = Some(scene.start("killed", &[]));
    }
    assert_eq!(kills, KILLS, "kills that fell into the replay");
    whole(replay);
    outcomes(scene, "killed", node.unwrap())
}

/// The directories of both consumers, under a node that runs, and of one that is dead.
fn forgetful(scene: &Scene) -> BTreeMap<u16, Outcome> {
    let forget = || std::fs::remove_dir_all(scene.path("forgot/state")).unwrap();
    let sealed = |rounds: usize| drop(scene.await_results("forgot", rounds));
    let node = scene.start("forgot", &[]);
    scene.publish("forgot");
    let replay = Running::start(scene.replay("forgot", &["--speed", "90", "--until-acked"]));
    sealed(3);
    forget();
    node.kill();
    let node = scene.start("forgot", &[]);
    sealed(6);
    node.kill();
    forget();
    let node = scene.start("forgot", &[]);
    until("dedup's state", || {
        scene.path("forgot/state/dedup").exists()
    });
    whole(replay);
    outcomes(scene, "forgot", node)
}

#[test]
fn one_recording_comes_to_the_same_rounds_however_it_is_played() {
    let (messages, compress) = size();
    let scene = Scene::new(messages, compress);
    scene.set_partitions(1);
    let one = undisturbed(&scene, "one", &["--speed", "max"]);
    assert_eq!(one.len(), ROUNDS);
    for (round, (_, _, [entrants, answered, correct])) in &one {
        assert!(
            entrants >= answered && answered > correct && *correct > 0,
            "round {round}: {entrants} fans, {answered} answers, {correct} right"
        );
    }
    scene.set_partitions(5);
    let thrice = ["--speed", "max", "--copies", "3", "--shuffle", "7"];
    assert_eq!(undisturbed(&scene, "thrice", &thrice), one);
    assert_eq!(killed_at_random(&scene), one);
    scene.set_partitions(24);
    assert_eq!(forgetful(&scene), one);
}
