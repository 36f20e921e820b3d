//! kill -9 of every role at random moments of a surge on a broker, with hand-overs in between: what was acked is
//! there once, and the results are the oracle's. `SOAK_KAFKA_KILLS` sets how often; `make soak` sets more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use std::time::Duration;
use support::fleet::{Fleet, asked, during, scattered, whole};
use support::{Scene, alone};

/// Kills in an ordinary test run.
const KILLS: u64 = 50;
/// Seconds of event time of the recording.
const EVENT_S: f64 = 150.0;
/// Seconds of the surge for each kill: about twice what one takes with its pauses, since a machine that is busy
/// takes longer to start a process, while the surge ends when its clock says so.
const KILL_S: f64 = 4.5;
/// Every so many kills a partition changes its owner before the killed one is back.
const HAND_OVER_EACH: u64 = 8;
/// Longer than a dead consumer's session at the brokers lasts: its partitions go to the other one.
const HAND_OVER: Duration = Duration::from_secs(8);

const SEATS: [(&str, &str); 8] = [
    ("coordinator-1", "coordinator"),
    ("coordinator-2", "coordinator"),
    ("dedup-1", "dedup"),
    ("dedup-2", "dedup"),
    ("ingress-1", "ingress"),
    ("ingress-2", "ingress"),
    ("quiz-1", "quiz"),
    ("quiz-2", "quiz"),
];

#[test]
fn kill_9_of_every_role_at_any_moment_loses_and_doubles_nothing() {
    let _turn = alone();
    let kills = asked("SOAK_KAFKA_KILLS", KILLS);
    let cluster = Cluster::start(1).expect("a broker starts");
    let messages = u32::try_from(10_000 + kills * 100).unwrap();
    let mut fleet = Fleet::start(Scene::on(cluster, messages, 60), &SEATS);
    let speed = (EVENT_S / (kills as f64 * KILL_S)).min(1.0).to_string();
    let mut replay = fleet.replay(&["--speed", &speed, "--until-acked"]);
    let mut killed_in_surge = 0;
    for killed in 0..kills {
        let seat = usize::try_from(scattered(killed, 8)).unwrap();
        // Each role is struck as often as the others, in scattered order.
        let name = SEATS[(seat + usize::try_from(killed).unwrap()) % 8].0;
        let live = during(&mut replay, Duration::from_millis(scattered(killed, 2_500)));
        killed_in_surge += u64::from(live);
        fleet.kill(name);
        if killed % HAND_OVER_EACH == 0 {
            during(&mut replay, HAND_OVER);
        }
        fleet.begin(name);
    }
    // The last ones may fall into what consumers still have to do on a machine that is far too slow; but a test of a
    // surge must have struck it.
    assert!(
        killed_in_surge * 2 > kills,
        "only {killed_in_surge} of {kills} kills fell into the surge"
    );
    for (name, _) in SEATS {
        fleet.await_ready(name);
    }
    whole(replay);
    fleet.judge();
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn a_rolling_restart_of_everything_under_load_loses_and_doubles_nothing() {
    let _turn = alone();
    let cluster = Cluster::start(1).expect("a broker starts");
    let mut fleet = Fleet::start(Scene::on(cluster, 10_000, 60), &SEATS);
    let mut replay = fleet.replay(&["--speed", "2", "--until-acked"]);
    for (name, _) in SEATS {
        assert!(
            during(&mut replay, Duration::from_millis(500)),
            "the surge was over before {name} was restarted"
        );
        fleet.terminate(name);
        fleet.launch(&[name]);
    }
    whole(replay);
    fleet.judge();
    for (name, _) in SEATS {
        fleet.terminate(name);
    }
}
