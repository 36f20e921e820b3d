//! How a partition begins: stored state, retained starts, refusals, versions, hand-over.

use super::sample::{FIRST_OF_TWO, Order, Sample};
use super::{Home, ManualClock, PARTITIONS, accepted, config, log, runner, to_the_end};
use crate::{Config, Runner, StageState, Turn};
use msglog::memory::MemoryLog;
use msglog::{Log, LogId};
use std::sync::Arc;
use std::time::Duration;

fn push(log: &MemoryLog, partition: u32, count: u8) {
    for i in 0..count {
        log.push(
            "inbound",
            partition,
            "k",
            Order::new(i % 5, &[1], 0, "").json(),
        )
        .unwrap();
    }
}

/// A log on which a stage has come to the end.
fn begun(count: u8) -> (Arc<MemoryLog>, Arc<dyn Log>, Home) {
    let (log, home) = (log(), Home::memory());
    push(&log, 0, count);
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    (log, as_log, home)
}

#[test]
fn with_state_it_goes_on_where_it_was_and_reads_nothing_twice() {
    let (log, as_log, home) = begun(20);
    push(&log, 0, 5);
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    let totals = stage.status().report().totals;
    assert_eq!(
        (totals.inputs, totals.outputs, totals.suppressed),
        (5, 5, 0)
    );
    assert_eq!(accepted(&log, "accepted", 0).len(), 25);
}

#[test]
fn state_that_is_ahead_of_the_log_is_refused() {
    let (_, _, home) = begun(20);
    let shorter = log();
    push(&shorter, 0, 10);
    let as_log: Arc<dyn Log> = shorter.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    let reason = to_the_end(&mut stage).unwrap_err();
    assert!(
        reason.contains("offset 20") && reason.contains("delete"),
        "{reason}"
    );
    assert_eq!(stage.status().state().0, StageState::Failed);
    assert_eq!(shorter.end_offset("accepted", 0).unwrap(), 0);
}

#[test]
fn state_of_another_log_is_refused() {
    let (log, _, home) = begun(20);
    let other: Arc<dyn Log> = MemoryLog::with_id(log.topics(), LogId([7; 16]));
    let (mut stage, _) = runner(FIRST_OF_TWO, &other, &home.store, 7);
    let reason = to_the_end(&mut stage).unwrap_err();
    assert!(
        reason.contains("rm -r") && reason.contains("0707"),
        "{reason}"
    );
    assert_eq!(stage.status().state().0, StageState::Failed);
}

#[test]
fn another_version_of_the_step_rebuilds() {
    let (_, as_log, home) = begun(20);
    let changed = Sample {
        version: 2,
        ..FIRST_OF_TWO
    };
    let (mut stage, _) = runner(changed, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    let totals = stage.status().report().totals;
    assert_eq!(
        (totals.inputs, totals.outputs, totals.suppressed),
        (20, 0, 20)
    );
}

#[test]
fn outputs_that_vanished_are_made_again() {
    let (_, _, home) = begun(20);
    let emptied = log();
    push(&emptied, 0, 20);
    let as_log: Arc<dyn Log> = emptied.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.discarded, 1);
    assert_eq!(accepted(&emptied, "accepted", 0).len(), 20);
}

#[test]
fn records_lost_at_the_end_hold_nobody_up_and_are_no_lag() {
    let (log, as_log, home) = begun(20);
    push(&log, 0, 5);
    // Inputs that nobody has read, and the last outputs.
    log.lose_from("inbound", 0, 22).unwrap();
    log.lose_from("accepted", 0, 17).unwrap();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    let report = stage.status().report();
    assert_eq!(report.totals.discarded, 1, "lost outputs are made again");
    assert_eq!(accepted(&log, "accepted", 0).len(), 22);
    let place = &report.partitions[&0];
    assert_eq!((place.next_offset, place.lag_records), (25, 0));
    drop(stage);

    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    push(&log, 0, 3);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.discarded, 0);
    assert_eq!(accepted(&log, "accepted", 0).len(), 25);
}

#[test]
fn a_large_gap_behind_the_outputs_leaves_the_state_as_it_is() {
    let (log, as_log, home) = begun(20);
    lose_many_outputs(&log, 20);
    // Older than retention: nobody could build this state again.
    log.retain_from("inbound", 0, 15).unwrap();
    push(&log, 0, 3);
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    let totals = stage.status().report().totals;
    assert_eq!((totals.discarded, totals.outputs), (0, 3));
    assert_eq!(accepted(&log, "accepted", 0).len(), 23);
}

#[test]
fn state_that_cannot_be_built_again_is_not_discarded() {
    let (log, as_log, home) = begun(20);
    let outputs = log.read_all("accepted", 0).unwrap();
    lose_many_outputs(&log, 10);
    log.retain_from("inbound", 0, 15).unwrap();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    let reason = to_the_end(&mut stage).unwrap_err();
    assert!(reason.contains("missing for ever"), "{reason}");
    drop(stage);
    // The way out that it names for the outputs works with the state that is still there.
    for lost in &outputs[10..] {
        log.push("accepted", 0, lost.key.clone(), lost.value.clone())
            .unwrap();
    }
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.discarded, 0);
}

/// Loses the outputs from `offset` on, and more offsets than a start reads back.
fn lose_many_outputs(log: &MemoryLog, offset: u64) {
    for _ in 0..10_000 {
        log.push("accepted", 0, "k", "lost").unwrap();
    }
    log.lose_from("accepted", 0, offset).unwrap();
}

#[test]
fn a_stored_offset_before_the_retained_start_rebuilds() {
    let (log, as_log, home) = begun(20);
    let (mut other, _) = runner(FIRST_OF_TWO, &as_log, &Home::memory().store, 7);
    push(&log, 0, 20);
    to_the_end(&mut other).unwrap();
    drop(other);
    log.retain_from("inbound", 0, 30).unwrap();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap_err();
    assert!(
        stage.status().state().1.contains("inbound.dead"),
        "no dead letter covers the gap"
    );
}

#[test]
fn a_gap_between_outputs_and_retained_start_is_refused() {
    // Both outputs end at the input 19.
    let (log, home) = (log(), Home::memory());
    for _ in 0..20 {
        log.push("inbound", 0, "k", Order::new(1, &[1], 0, "dead").json())
            .unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    push(&log, 0, 10);

    log.retain_from("inbound", 0, 20).unwrap();
    let (mut covered, _) = runner(FIRST_OF_TWO, &as_log, &Home::memory().store, 7);
    assert_eq!(covered.turn(), Turn::Worked(7));
    drop(covered);
    log.retain_from("inbound", 0, 28).unwrap();
    let (mut refused, _) = runner(FIRST_OF_TWO, &as_log, &Home::memory().store, 7);
    let reason = to_the_end(&mut refused).unwrap_err();
    assert!(
        reason.contains("missing for ever") && reason.contains("28"),
        "{reason}"
    );
    // The state of the first covers nothing either: it would have to read 20.
    let (mut stale, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    to_the_end(&mut stale).unwrap_err();
}

#[test]
fn partitions_are_handed_over_between_members_of_the_group() {
    let (log, as_log, home) = begun(20);
    let second_home = Home::memory();
    let (mut a, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 7);
    a.turn();
    assert_eq!(a.status().report().partitions.len(), 3);
    let (mut b, _) = runner(FIRST_OF_TWO, &as_log, &second_home.store, 7);
    for partition in 0..PARTITIONS {
        push(&log, partition, 9);
    }
    for _ in 0..20 {
        a.turn();
        b.turn();
    }
    let (mine, theirs) = (
        a.status().report().partitions,
        b.status().report().partitions,
    );
    assert_eq!(
        (mine.len() + theirs.len(), mine.len().min(theirs.len())),
        (3, 1)
    );
    a.close();
    drop(a);
    for _ in 0..20 {
        b.turn();
    }
    assert_eq!(b.status().report().partitions.len(), 3);
    assert_eq!(b.status().report().lag_records, 0);
    assert_eq!(accepted(&log, "accepted", 0).len(), 29);
    assert_eq!(accepted(&log, "accepted", 2).len(), 9);
}

/// The first input after a rest is applied at once, and so is one that comes when the time to gather has passed; a
/// stage that is asked to stop gathers no longer. Were one of them to wait, this would take an hour.
#[test]
fn gathering_keeps_nobody_who_need_not_wait() {
    let (log, home) = (log(), Home::memory());
    let hour = Duration::from_secs(3_600);
    let clock = Arc::new(ManualClock::default());
    let as_log: Arc<dyn Log> = log.clone();
    let gathering = Config {
        gather: hour,
        ..config(10)
    };
    let store = home.store.clone();
    let mut stage = Runner::with_clock(FIRST_OF_TWO, as_log, store, gathering, clock.clone());
    let push = || log.push("inbound", 0, "k", Order::new(1, &[1], 0, "").json());
    push().unwrap();
    assert_eq!(stage.turn(), Turn::Worked(1));
    clock.advance(hour);
    push().unwrap();
    assert_eq!(stage.turn(), Turn::Worked(1));
    clock.advance(hour);
    assert_eq!(stage.turn(), Turn::Idle);
    push().unwrap();
    assert_eq!(stage.turn(), Turn::Worked(1));
    stage.stop().stop();
    push().unwrap();
    assert_eq!(stage.turn(), Turn::Worked(1));
}
