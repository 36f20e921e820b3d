//! Three brokers that die, freeze and come back while a surge runs: every delivery is answered inside its budget,
//! nothing is lost or doubled, the results are the oracle's.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use std::time::Duration;
use support::fleet::{Fleet, PAIR, asked, during, whole};
use support::{Running, Scene, alone, until};

const MESSAGES: u32 = 12_000;
/// A surge of about two and a half minutes at the pace of its event.
const COMPRESS: u32 = 60;

/// How long brokers stay away, in seconds.
fn away() -> Duration {
    Duration::from_secs(asked("SOAK_AWAY_S", 12))
}

/// Ticks that brokers keep waiting hold the recording back after 30 s of its time.
fn pace() -> String {
    (20.0 / away().as_secs_f64()).min(1.0).to_string()
}

fn surge(fleet: &Fleet) -> Running {
    let mut replay = fleet.replay(&["--speed", &pace()]);
    goes_on(&mut replay, Duration::from_secs(4));
    replay
}

#[track_caller]
fn goes_on(replay: &mut Running, time: Duration) {
    assert!(during(replay, time), "the surge was over too soon");
}

/// Every broker is there, and what the spools held has arrived.
fn all_well(fleet: &Fleet) {
    until("the end of the spools", || fleet.spooled() == 0);
}

fn finish(fleet: &Fleet, replay: Running) {
    whole(replay);
    fleet.judge();
    fleet.all_answered_at_once();
}

fn three() -> Fleet {
    let cluster = Cluster::start(3).expect("three brokers start");
    Fleet::start(Scene::on(cluster, MESSAGES, COMPRESS), &PAIR)
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn brokers_die_in_turn_and_all_together_and_no_delivery_goes_unanswered() {
    let _turn = alone();
    let mut fleet = three();
    let mut replay = surge(&fleet);
    // Each in turn: every partition loses its leader once.
    for broker in 0..3 {
        fleet.scene.cluster().kill(broker);
        goes_on(&mut replay, Duration::from_secs(5));
        let cluster = fleet.scene.cluster();
        cluster.restart(broker).expect("the broker starts again");
        goes_on(&mut replay, Duration::from_secs(4));
    }
    all_well(&fleet);
    // Two of three: no record has replicas enough, acks come from the spool.
    for broker in [0, 1] {
        fleet.scene.cluster().kill(broker);
    }
    until("records in the spool", || fleet.spooled() > 0);
    goes_on(&mut replay, away());
    for broker in [0, 1] {
        let cluster = fleet.scene.cluster();
        cluster
            .restart_without_waiting(broker)
            .expect("the broker starts again");
    }
    all_well(&fleet);
    goes_on(&mut replay, Duration::from_secs(2));
    // All of them.
    for broker in 0..3 {
        fleet.scene.cluster().kill(broker);
    }
    until("records in the spool", || fleet.spooled() > 0);
    goes_on(&mut replay, away());
    for broker in 0..3 {
        let cluster = fleet.scene.cluster();
        cluster
            .restart_without_waiting(broker)
            .expect("the broker starts again");
    }
    all_well(&fleet);
    finish(&fleet, replay);
}
