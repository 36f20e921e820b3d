//! kill -9 of the node between a seal and what follows from it, over and over, in every round: each step is in the
//! log once, every round has one result, and no unit is given twice (Q-5, V-6). `SOAK_CONTEST_KILLS` sets how often
//! in each round; `make soak` sets more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;
use support::fan::accounts;
use support::fleet::{asked, scattered};
use support::told::{ROUNDS, answers, opening, seal_of};
use support::{Node, Scene};

/// Kills in each round in an ordinary test run.
const KILLS: u64 = 1;
/// Fans who answer in each round; a quarter of them is right.
const FANS: u64 = 24;
/// Winners of each round.
const WINNERS: usize = 5;
/// Number of the first kill.
const FIRST: u64 = 1;
/// From the tick that makes a seal due to its last award no more than so many milliseconds go by.
const WHOLE_SEAL_MS: u64 = 350;

/// Lets the node live for a moment of a seal, kills it and starts it again. The first time at once, when the request is
/// hardly there.
fn struck(scene: &Scene, node: Node, moment: u64) -> Node {
    let most = if moment == FIRST { 1 } else { WHOLE_SEAL_MS };
    std::thread::park_timeout(Duration::from_millis(scattered(moment, most)));
    node.kill();
    scene.start("node", &[])
}

#[test]
fn kill_9_at_any_moment_of_a_seal_makes_no_second_result_and_gives_no_unit_twice() {
    let kills = asked("SOAK_CONTEST_KILLS", KILLS);
    let scene = Scene::bare(&accounts());
    scene.edit_campaign(&[("units = 14", "units = 70"), ("\nn = 1\n", "\nn = 5\n")]);
    let mut node = scene.start("node", &[]);
    scene.publish("node");
    for round in 1..=u16::try_from(ROUNDS).unwrap() {
        scene.tick("node", opening(round));
        answers(&scene, round, 0..FANS);
        scene.tick("node", seal_of(round));
        for kill in 0..kills {
            node = struck(&scene, node, FIRST + u64::from(round - 1) * kills + kill);
        }
        let told = scene.await_results("node", usize::from(round));
        let result = told.result(round).unwrap();
        let counts = (result.entrants, result.answered, result.correct);
        assert_eq!(counts, (FANS, FANS, FANS / 4), "round {round}");
        // And in the midst of what is given: prizes, and the announcement a minute later.
        node = struck(&scene, node, u64::from(round) + 7_919);
        scene.tick("node", seal_of(round) + 61);
    }
    let given = ROUNDS * WINNERS;
    support::until("the last award", || {
        support::told::Told::of(&scene, "node").no_unit_is_given_twice() == given
    });
    let told = scene.await_results("node", ROUNDS);
    told.each_round_has_one_result();
    assert!(told.void().is_empty(), "{:?}", told.void());
    let within = told.boots_within_seals();
    assert!(within > 0, "no kill fell between a request and its result");
    node.wait_drained();
    assert_eq!(node.terminate().0.code, Some(0));
    scene.all_verified("node", ROUNDS);
}
