//! The contest of one recording: with 1, 5 and 24 partitions, one process or three that count, each delivery
//! three times, one that comes back without its state, coordinators that are
//! killed and replaced between seals and results. Every round comes to what it comes to on the journal, once; no unit is
//! given twice. `SOAK_CONTEST_MESSAGES` sets the size of the event that nobody disturbs, played at its own density then.

use crate::support::fleet::{Fleet, asked, during, scattered, whole};
use crate::support::kafka::{ALL, PARTITIONS};
use crate::support::told::{Outcome, ROUNDS, Told};
use crate::support::{Scene, succeed, until};
use broker::Cluster;
use std::collections::BTreeMap;
use std::time::Duration;

const MESSAGES: u32 = 8_000;
const COMPRESS: u32 = 20;
/// Coordinators that die in an ordinary run.
const KILLS: u64 = 8;
/// Seconds of event time of the recording, ticks behind it left out.
const EVENT_S: f64 = 390.0;
/// Seconds that one kill takes with its pauses, on average.
const KILL_S: f64 = 14.0;

/// How much is played, and how much shorter it is sent than the event was.
type Size = (u32, u32);
const SMALL: Size = (MESSAGES, COMPRESS);

fn on_journal((messages, compress): Size) -> BTreeMap<u16, Outcome> {
    let scene = Scene::new(messages, compress);
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    node.wait_drained();
    scene.await_results("node", ROUNDS).outcomes()
}

/// A fleet on so many partitions whose coordinators share the key of the draws.
fn fleet(
    (messages, compress): Size,
    partitions: usize,
    seats: &[(&'static str, &'static str)],
) -> Fleet {
    let cluster = Cluster::start(1).expect("a broker starts");
    let mut scene = Scene::on(cluster, messages, compress).divided_by(partitions);
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

/// One process for everything.
const ONE: &[(&str, &str)] = &[("node", ALL)];
/// Three that count.
const THREE: &[(&str, &str)] = &[
    ("node", "ingress,dedup,coordinator"),
    ("quiz-1", "quiz"),
    ("quiz-2", "quiz"),
    ("quiz-3", "quiz"),
];

/// Every delivery three times, out of order.
const THRICE: [&str; 6] = ["--speed", "max", "--copies", "3", "--shuffle", "7"];

/// A replay in which one that counts is killed behind three results, and comes back without its state.
fn one_forgets(fleet: &mut Fleet, size: Size) {
    let speed = if size == SMALL { "20" } else { "max" };
    let mut replay = fleet.replay(&["--speed", speed, "--until-acked"]);
    drop(fleet.scene.await_results("", 3));
    fleet.kill("quiz-2");
    std::fs::remove_dir_all(fleet.scene.path("quiz-2/state")).unwrap();
    fleet.launch(&["quiz-2"]);
    let live = during(&mut replay, Duration::ZERO);
    assert!(live, "the surge was over too soon");
    whole(replay);
}

#[test]
fn rounds_come_to_the_same_on_the_journal_and_on_any_partitions_and_processes_of_a_broker() {
    let size = match u32::try_from(asked("SOAK_CONTEST_MESSAGES", 0)) {
        Ok(messages @ 1..) => (messages, 1),
        _ => SMALL,
    };
    let journal = on_journal(size);
    assert_eq!(journal.len(), ROUNDS);
    let ways = [1, 5, 24].map(|partitions| [(partitions, ONE), (partitions, THREE)]);
    for (partitions, seats) in ways.into_iter().flatten() {
        let mut fleet = fleet(size, partitions, seats);
        match (partitions, seats.len()) {
            (5, 4) => whole(fleet.replay(&THRICE)),
            (24, 4) => one_forgets(&mut fleet, size),
            _ => whole(fleet.replay(&["--speed", "max"])),
        }
        let told = concluded(&fleet);
        assert!(told.void().is_empty(), "{:?}", told.void());
        let way = format!("{} processes, {partitions} partitions", seats.len());
        assert_eq!(told.outcomes(), journal, "{way}");
        // At full size each way takes minutes.
        eprintln!("{way}: as on the journal");
    }
}

#[test]
fn coordinators_that_die_between_seals_and_results_make_no_second_result() {
    let journal = on_journal(SMALL);
    let kills = asked("SOAK_KAFKA_KILLS", KILLS);
    let seats = [
        ("coordinator-1", "coordinator"),
        ("coordinator-2", "coordinator"),
        ("workers", "ingress,dedup"),
        ("counts", "quiz"),
    ];
    let mut fleet = fleet(SMALL, PARTITIONS, &seats);
    let speed = (EVENT_S / (kills as f64 * KILL_S)).to_string();
    let mut replay = fleet.replay(&["--speed", &speed, "--until-acked"]);
    let mut killed = 0;
    while killed < kills {
        if !during(&mut replay, Duration::from_millis(scattered(killed, 3_000))) {
            break;
        }
        // Half-way one dies for certain while a seal is open: nobody counts meanwhile.
        let is_within = killed == kills / 2;
        if is_within {
            fleet.freeze("counts");
            until("an open seal", || Told::of(&fleet.scene, "").is_sealing());
        }
        // Every third one is back before anybody has missed it.
        let leader = fleet.leader();
        fleet.kill(leader);
        killed += 1;
        if is_within || killed % 3 != 0 {
            assert_ne!(fleet.leader(), leader);
        }
        if is_within {
            fleet.thaw("counts");
        }
        fleet.launch(&[leader]);
    }
    assert_eq!(killed, kills, "kills that fell into the replay");
    whole(replay);
    let told = concluded(&fleet);
    assert_eq!(told.outcomes(), journal);
    let within = told.boots_within_seals();
    assert!(within > 0, "nobody took over a seal");
}
