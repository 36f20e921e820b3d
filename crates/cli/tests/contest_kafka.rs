//! The contest of one recording on a real broker: one process, three that count, coordinators that are killed and
//! replaced between seals and results. Every round comes to what it comes to on the journal, once; no unit is given
//! twice. `SOAK_KAFKA_KILLS` sets how often a coordinator dies.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use std::collections::BTreeMap;
use std::time::Duration;
use support::fleet::{Fleet, asked, during, scattered, whole};
use support::kafka::ALL;
use support::told::{Outcome, ROUNDS, Told};
use support::{Scene, alone, succeed};

const MESSAGES: u32 = 8_000;
const COMPRESS: u32 = 20;
/// Coordinators that die in an ordinary run.
const KILLS: u64 = 12;
/// Seconds of event time of the recording, ticks behind it left out.
const EVENT_S: f64 = 390.0;
/// Seconds that one kill takes with its pauses, on average.
const KILL_S: f64 = 12.0;
/// Longer than the lead of a dead coordinator lasts.
const HAND_OVER: Duration = Duration::from_secs(9);

fn on_journal() -> BTreeMap<u16, Outcome> {
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    node.wait_drained();
    scene.await_results("node", ROUNDS).outcomes()
}

/// A fleet whose coordinators share the key of the draws.
fn fleet(seats: &[(&'static str, &'static str)]) -> Fleet {
    let mut scene = Scene::on(
        Cluster::start(1).expect("a broker starts"),
        MESSAGES,
        COMPRESS,
    );
    scene.env.push(("SPILLWAY_CONTEST__KEY", "5e".repeat(32)));
    Fleet::start(scene, seats)
}

fn concluded(fleet: &Fleet) -> Told {
    fleet.judge();
    let told = fleet.scene.await_results("", ROUNDS);
    told.each_round_has_one_result();
    // Everything that was due is there by now: in each round somebody was right, and one unit is for him.
    assert_eq!(told.no_unit_is_given_twice(), ROUNDS);
    fleet.scene.all_verified("found", ROUNDS);
    told
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn rounds_come_to_the_same_on_the_journal_on_a_broker_and_with_three_that_count() {
    let _turn = alone();
    let journal = on_journal();
    assert_eq!(journal.len(), ROUNDS);
    let three = [
        ("node", "ingress,dedup,coordinator"),
        ("quiz-1", "quiz"),
        ("quiz-2", "quiz"),
        ("quiz-3", "quiz"),
    ];
    for seats in [&[("node", ALL)][..], &three] {
        let fleet = fleet(seats);
        whole(fleet.replay(&["--speed", "max"]));
        let told = concluded(&fleet);
        assert!(told.void().is_empty(), "{:?}", told.void());
        assert_eq!(told.outcomes(), journal, "{} processes", seats.len());
    }
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn coordinators_that_die_between_seals_and_results_make_no_second_result() {
    let _turn = alone();
    let journal = on_journal();
    let kills = asked("SOAK_KAFKA_KILLS", KILLS);
    let seats = [
        ("coordinator-1", "coordinator"),
        ("coordinator-2", "coordinator"),
        ("workers", "ingress,dedup,quiz"),
    ];
    let mut fleet = fleet(&seats);
    let speed = (EVENT_S / (kills as f64 * KILL_S)).to_string();
    let mut replay = fleet.replay(&["--speed", &speed, "--until-acked"]);
    let mut killed = 0;
    while killed < kills {
        if !during(&mut replay, Duration::from_millis(scattered(killed, 3_000))) {
            break;
        }
        // Every third one is back before anybody has missed it.
        let leader = fleet.leader();
        fleet.kill(leader);
        killed += 1;
        if killed % 3 != 0 {
            during(&mut replay, HAND_OVER);
        }
        fleet.launch(&[leader]);
    }
    assert_eq!(killed, kills, "kills that fell into the replay");
    whole(replay);
    let told = concluded(&fleet);
    assert_eq!(told.outcomes(), journal);
}
