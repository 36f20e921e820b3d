//! What fails between nodes and brokers, and what the nodes do to each other, each while a surge runs: every delivery is
//! answered inside its budget, nothing is lost or doubled once the spools are drained, memory stays flat, the results
//! are the oracle's. Faults last as long as they do outside: a minute for brokers, half of one for a process. Waiting
//! costs no processor, so that the stories are told beside each other. `SOAK_AWAY_S`, `SOAK_FROZEN_S`, `SOAK_FAULT_S`
//! and `SOAK_FREEZE_S` let brokers, wires and processes fail for longer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod away;
mod brokers;
mod coordinators;
mod ingress;
mod processes;
mod rolling;
#[path = "../support/mod.rs"]
mod support;
mod wires;

use std::time::Duration;
use support::event::{Event, Memory, none_had_more_than};
use support::fleet::{Fleet, asked};
use support::stories::side_by_side;
use support::until;

/// How much more memory a process may need while its log is away, in KiB: what waits for the log and for the spool is bounded
/// by configuration, and what comes in a minute of these surges is far less than that.
const MORE_KIB: u64 = 32 << 10;
/// How much a process may have at all, in KiB: what is bounded by configuration, and the rest of a process.
const MOST_KIB: u64 = 400 << 10;
/// How long a fault may take to be noticed everywhere.
const NOTICED: Duration = Duration::from_secs(10);

#[test]
fn whatever_fails_no_ack_is_held_up_and_nothing_is_lost_or_doubled() {
    // They begin one after the other, so that what goes on for longest once it has begun comes first.
    side_by_side(&[
        ("brokers", brokers::die_in_turn_freeze_and_die_together),
        ("processes", processes::join_freeze_come_back_and_leave),
        (
            "wires",
            wires::delay_stall_cut_half_open_slow_refuse_and_freeze,
        ),
        ("rolling", rolling::every_process_is_restarted_under_load),
        (
            "coordinators",
            coordinators::are_replaced_and_do_not_speak_again,
        ),
        ("away", away::kafka_is_away_at_the_peak),
        ("ingress", ingress::a_node_that_was_frozen_comes_back),
    ]);
}

/// How long a broker is frozen.
fn frozen() -> Duration {
    Duration::from_secs(asked("SOAK_FROZEN_S", 60))
}

/// Messages of a surge of so many a second: what lasts longer is not thinner.
fn coming_in(time: Duration, per_s: u64) -> u32 {
    u32::try_from(time.as_secs() * per_s).unwrap()
}

/// Lets an outage last so long. Once it is noticed nobody's memory grows by it.
fn lasts(fleet: &Fleet, event: &mut Event, time: Duration, what: &str) {
    let noticed = NOTICED.min(time / 2);
    event.goes_on(noticed, what);
    let memory = Memory::of(fleet);
    event.goes_on(time - noticed, what);
    memory.is_flat(fleet, MORE_KIB);
}

/// Waits until the log has everything that stood in spools.
fn spools_are_empty(fleet: &Fleet, after: &str) {
    until(&format!("empty spools after {after}"), || {
        fleet.spooled() == Some(0)
    });
}

/// The end of a surge whose nodes were not touched: every delivery was answered at its first attempt.
fn well_in_the_end(fleet: &Fleet, event: Event) {
    event.whole(fleet);
    fleet.judge();
    fleet.all_answered_at_once();
    none_had_more_than(fleet, MOST_KIB);
}
