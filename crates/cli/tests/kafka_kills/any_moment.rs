//! kill -9 of every role at random moments, with hand-overs in between.

use crate::support::fleet::{Fleet, TWICE, asked, during, scattered, whole};
use crate::support::{Scene, front, until};
use broker::Cluster;
use std::time::Duration;

/// Kills in an ordinary test run.
const KILLS: u64 = 50;
/// Seconds of event time of the recording.
const EVENT_S: f64 = 132.0;
/// Seconds of the surge for each kill: more than one takes with its pauses, since a machine that is busy takes longer
/// to start a process, while the surge ends when its clock says so.
const KILL_S: f64 = 3.2;
/// Every so many kills the killed one stays away until another has taken over what it had.
const HAND_OVER_EACH: u64 = 8;
/// Whose turn that is.
const HANDING_OVER: [&str; 6] = [
    "dedup-1",
    "coordinator",
    "quiz-1",
    "dedup-2",
    "coordinator",
    "quiz-2",
];

#[test]
fn kill_9_of_every_role_at_any_moment_loses_and_doubles_nothing() {
    let kills = asked("SOAK_KAFKA_KILLS", KILLS);
    let cluster = Cluster::start(1).expect("a broker starts");
    let messages = u32::try_from(10_000 + kills * 100).unwrap();
    let mut fleet = Fleet::start(Scene::on(cluster, messages, 60), &TWICE);
    let speed = (EVENT_S / (kills as f64 * KILL_S)).min(1.0).to_string();
    let mut replay = fleet.replay(&["--speed", &speed, "--until-acked"]);
    let mut killed_in_surge = 0;
    for killed in 0..kills {
        let live = during(&mut replay, Duration::from_millis(scattered(killed, 2_500)));
        killed_in_surge += u64::from(live);
        let hands_over = killed % HAND_OVER_EACH == 0;
        let name = if hands_over {
            let turn = usize::try_from(killed / HAND_OVER_EACH).unwrap();
            of_note(&fleet, HANDING_OVER[turn % HANDING_OVER.len()])
        } else {
            // Each role is struck as often as the others, in scattered order.
            let seat = usize::try_from(scattered(killed, 8) + killed).unwrap();
            TWICE[seat % 8].0
        };
        fleet.kill(name);
        if hands_over {
            taken_over(&fleet, name);
        }
        fleet.begin(name);
    }
    // The last ones may fall into what consumers still have to do on a machine that is far too slow; but a test of a
    // surge must have struck it.
    assert!(
        killed_in_surge * 2 > kills,
        "only {killed_in_surge} of {kills} kills fell into the surge"
    );
    for (name, _) in TWICE {
        fleet.await_ready(name);
    }
    whole(replay);
    fleet.judge();
    let undisturbed = Scene::undisturbed(messages, 60);
    assert_eq!(fleet.scene.results(""), undisturbed);
}

/// The seat that is meant: of coordinators the one that leads.
fn of_note(fleet: &Fleet, name: &'static str) -> &'static str {
    match name {
        "coordinator" => fleet.leader(),
        _ => name,
    }
}

/// Waits until the other one of its role has what this one had.
#[track_caller]
fn taken_over(fleet: &Fleet, name: &str) {
    let (role, number) = name.split_once('-').unwrap();
    let other = format!("{role}-{}", if number == "1" { 2 } else { 1 });
    match role {
        "coordinator" => until(&format!("the lead of {other}"), || {
            front::leads(fleet.seat(&other).admin)
        }),
        _ => fleet.wait_owned(&[&other], role),
    }
}
