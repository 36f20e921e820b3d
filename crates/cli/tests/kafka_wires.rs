//! Every fault of the wire between the nodes and a broker, and a broker that is frozen, each while a surge runs:
//! every delivery is answered inside its budget, nothing is lost or doubled once the spool is drained, memory
//! stays bounded.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::{Cluster, Fault};
use std::time::Duration;
use support::fleet::{Fleet, PAIR, asked, during, whole};
use support::{Running, Scene, alone, until};

const MESSAGES: u32 = 12_000;
/// Slow enough that every fault falls into the surge.
const COMPRESS: u32 = 45;
/// Resident memory that an ingress may reach, in KiB: what is bounded by configuration, and the rest of a process.
const MEMORY_MAX_KIB: u64 = 400 << 10;

/// How long each fault lasts, in seconds.
fn fault_s() -> u64 {
    asked("SOAK_FAULT_S", 5)
}

/// How long the broker is frozen, in seconds.
fn frozen_s() -> u64 {
    asked("SOAK_AWAY_S", 12)
}

fn pace() -> String {
    (20.0 / frozen_s().max(fault_s()) as f64)
        .min(1.0)
        .to_string()
}

#[track_caller]
fn goes_on(replay: &mut Running, what: &str, seconds: u64) {
    let runs = during(replay, Duration::from_secs(seconds));
    assert!(runs, "the surge was over before {what}");
}

/// The most memory that a process ever had, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn no_fault_of_the_wire_costs_an_ack_or_a_message() {
    let _turn = alone();
    let cluster = Cluster::start_behind_proxies(1).expect("a broker starts");
    let mut fleet = Fleet::start(Scene::on(cluster, MESSAGES, COMPRESS), &PAIR);
    let mut replay = fleet.replay(&["--speed", &pace()]);
    goes_on(&mut replay, "its beginning", 4);
    let faults = [
        Fault::Delay(Duration::from_millis(300)),
        Fault::Delay(Duration::from_millis(1_500)),
        Fault::Stall,
        Fault::Cut,
        Fault::HalfOpen,
        Fault::Slow {
            bytes_per_s: 20_000,
        },
        Fault::Refuse,
    ];
    for fault in faults {
        fleet.scene.cluster().proxy(0).set(fault);
        goes_on(&mut replay, &format!("{fault:?}"), fault_s());
        fleet.scene.cluster().proxy(0).set(Fault::None);
        until(&format!("an empty spool after {fault:?}"), || {
            fleet.spooled() == 0
        });
        goes_on(&mut replay, &format!("the end of {fault:?}"), 1);
    }
    fleet.scene.cluster().stall(0);
    goes_on(&mut replay, "the broker was frozen", frozen_s());
    assert!(fleet.spooled() > 0, "acks came from the spool");
    fleet.scene.cluster().resume(0);
    until("an empty spool", || fleet.spooled() == 0);
    whole(replay);
    fleet.judge();
    fleet.all_answered_at_once();
    let peak = peak_kib(fleet.node("ingress-1").pid());
    assert!(peak < MEMORY_MAX_KIB, "ingress had {peak} KiB");
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn kafka_away_at_the_peak_holds_up_no_ack_and_the_spool_drains_beside_live_ones() {
    let _turn = alone();
    let cluster = Cluster::start(1).expect("a broker starts");
    // Twice as dense: the opening of a round falls into the outage.
    let mut fleet = Fleet::start(Scene::on(cluster, 20_000, 60), &PAIR);
    let pace = (24.0 / frozen_s() as f64).min(2.0).to_string();
    let mut replay = fleet.replay(&["--speed", &pace]);
    goes_on(&mut replay, "its beginning", 4);
    fleet.scene.cluster().kill(0);
    until("records in the spool", || fleet.spooled() > 0);
    goes_on(&mut replay, "the end of the outage", frozen_s());
    let waiting = fleet.spooled();
    assert!(waiting > 100, "{waiting} records in the spool");
    fleet.scene.cluster().restart(0).expect("the broker starts");
    until("an empty spool", || fleet.spooled() == 0);
    whole(replay);
    fleet.judge();
    fleet.all_answered_at_once();
    let peak = peak_kib(fleet.node("ingress-1").pid());
    assert!(peak < MEMORY_MAX_KIB, "ingress had {peak} KiB");
}
