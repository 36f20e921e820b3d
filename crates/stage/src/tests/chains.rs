//! The reader's rule inside the runner: repetitions, holes, forks; marks; tails.

use super::sample::{FIRST_OF_TWO, Order, SECOND};
use super::{Home, accepted, log, runner, to_the_end};
use crate::{StageState, Turn, tail};
use msglog::Log;
use msglog::memory::MemoryLog;
use record::chain::{Link, Position, splice};
use std::sync::Arc;
use std::time::Duration;

fn chained(pos: (u64, u32), prev: Option<(u64, u32)>, k: u8) -> Vec<u8> {
    let link = Link {
        pos: Position(pos.0, pos.1),
        prev: prev.map(|(offset, n)| Position(offset, n)),
        step: 1,
    };
    let mut value = Vec::new();
    splice(&link, &Order::new(k, &[1], 0, "").json(), &mut value);
    value
}

fn push(log: &MemoryLog, partition: u32, pos: (u64, u32), prev: Option<(u64, u32)>) {
    log.push("accepted", partition, "k", chained(pos, prev, 1))
        .unwrap();
}

#[test]
fn repetitions_and_holes_are_dropped_and_counted() {
    let (log, home) = (log(), Home::memory());
    push(&log, 0, (1, 0), None);
    push(&log, 0, (1, 1), Some((1, 0)));
    push(&log, 0, (1, 0), None);
    push(&log, 0, (9, 0), Some((7, 0)));
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, clock) = runner(SECOND, &as_log, &home.store, 10);
    to_the_end(&mut stage).unwrap();
    let report = stage.status().report();
    assert_eq!((report.totals.repetitions, report.totals.holes), (1, 1));
    assert_eq!(report.alarms, Vec::<String>::new());
    assert_eq!(accepted(&log, "results", 0).len(), 2);

    clock.advance(Duration::from_secs(11));
    stage.turn();
    let report = stage.status().report();
    assert_eq!(report.alarms.len(), 1, "{report:?}");
    assert!(report.alarms[0].contains("missing"));

    push(&log, 0, (7, 0), Some((1, 1)));
    push(&log, 0, (9, 0), Some((7, 0)));
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().alarms, Vec::<String>::new());
    assert_eq!(accepted(&log, "results", 0).len(), 4);
    assert_eq!(stage.status().report().partitions[&0].next_offset, 6);
}

#[test]
fn a_fork_stops_its_partition_and_no_other_even_after_a_restart() {
    let (log, home) = (log(), Home::memory());
    push(&log, 0, (1, 0), None);
    push(&log, 0, (5, 0), Some((1, 0)));
    push(&log, 0, (6, 0), Some((1, 0)));
    push(&log, 0, (8, 0), Some((5, 0)));
    push(&log, 1, (1, 0), None);
    let as_log: Arc<dyn Log> = log.clone();
    for life in 0..2 {
        let (mut stage, _) = runner(SECOND, &as_log, &home.store, 10);
        to_the_end(&mut stage).unwrap();
        push(&log, 1, (2 + life, 0), Some((1 + life, 0)));
        to_the_end(&mut stage).unwrap();
        let report = stage.status().report();
        assert_eq!(report.totals.forks, 1);
        assert!(report.alarms[0].contains("fork"), "{report:?}");
        assert_eq!(report.partitions[&0].next_offset, 2);
        assert_eq!(report.partitions[&1].lag_records, 0);
        assert_eq!(report.state, StageState::Running);
    }
    assert_eq!(accepted(&log, "results", 0).len(), 2);
    assert_eq!(accepted(&log, "results", 1).len(), 3);
}

#[test]
fn a_record_without_a_link_stops_its_partition() {
    let (log, home) = (log(), Home::memory());
    log.push("accepted", 2, "k", Order::new(1, &[1], 0, "").json())
        .unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(SECOND, &as_log, &home.store, 10);
    to_the_end(&mut stage).unwrap();
    assert!(stage.status().report().alarms[0].contains("no link"));
}

#[test]
fn a_fork_in_an_output_stops_its_partition() {
    let (log, home) = (log(), Home::memory());
    push(&log, 0, (1, 0), None);
    push(&log, 0, (5, 0), Some((1, 0)));
    push(&log, 0, (6, 0), Some((1, 0)));
    log.push("inbound", 0, "k", Order::new(1, &[1], 0, "").json())
        .unwrap();
    log.push("inbound", 1, "k", Order::new(1, &[1], 0, "").json())
        .unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    to_the_end(&mut stage).unwrap();
    let report = stage.status().report();
    assert!(report.alarms[0].contains("fork"), "{report:?}");
    assert_eq!(report.partitions[&0].lag_records, 1);
    assert_eq!(accepted(&log, "accepted", 1).len(), 1);
}

#[test]
fn marks_keep_a_chain_from_growing_a_long_gap() {
    let (log, home) = (log(), Home::memory());
    let silent = Order::new(1, &[], 0, "").json();
    for i in 0..3_500 {
        let order = if i == 1_700 {
            Order::new(1, &[1], 0, "").json()
        } else {
            silent.clone()
        };
        log.push("inbound", 0, "k", order).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 17);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    let offsets = |topic| -> Vec<u64> {
        accepted(&log, topic, 0)
            .iter()
            .map(|(link, _)| link.pos.offset())
            .collect()
    };
    assert_eq!(offsets("accepted"), [1_000, 1_700, 2_700]);
    assert_eq!(offsets("inbound.dead"), [1_000, 2_000, 3_000]);
    assert!(
        accepted(&log, "accepted", 0)[0]
            .1
            .contains("\"type\":\"mark\"")
    );

    // A reader drops them, whoever rebuilds writes none twice.
    let lost = Home::memory();
    let (mut again, _) = runner(FIRST_OF_TWO, &as_log, &lost.store, 1_000);
    to_the_end(&mut again).unwrap();
    assert_eq!(log.end_offset("accepted", 0).unwrap(), 3);
    // The one output; before a tail no marks are due.
    assert_eq!(again.status().report().totals.suppressed, 1);
    let (mut second, _) = runner(SECOND, &as_log, &Home::memory().store, 10);
    to_the_end(&mut second).unwrap();
    let totals = second.status().report().totals;
    assert_eq!(
        (
            totals.inputs,
            totals.holes,
            totals.repetitions,
            totals.rejected
        ),
        (3, 0, 0, 0)
    );
    assert_eq!(log.end_offset("accepted.dead", 0).unwrap(), 0);
}

#[test]
fn the_tail_is_what_the_rule_reaches_and_never_simply_the_last_record() {
    let log = log();
    push(&log, 0, (1, 0), None);
    push(&log, 0, (2, 0), Some((1, 0)));
    push(&log, 0, (9, 0), Some((5, 0)));
    push(&log, 0, (2, 0), Some((1, 0)));
    push(&log, 1, (7, 0), Some((3, 0)));
    let tails = tail::find(&*log, "accepted", &[0, 1, 2]).unwrap();
    assert_eq!(tails[&0].last, Some(Position(2, 0)));
    assert_eq!(tails[&0].highest, Some(Position(9, 0)));
    assert_eq!(
        tails[&1].last, None,
        "at offset 0 only the first output is taken"
    );
    assert_eq!(tails[&2].last, None);
}

#[test]
fn a_long_partition_is_read_back_8192_records() {
    let log = log();
    for i in 0..10_000_u64 {
        push(&log, 0, (i, 0), i.checked_sub(1).map(|before| (before, 0)));
    }
    // Somebody who died in a rebuild left old outputs at the end: lower, and harmless.
    for i in 0..9_000_u64 {
        push(&log, 0, (i, 0), i.checked_sub(1).map(|before| (before, 0)));
    }
    let tails = tail::find(&*log, "accepted", &[0]).unwrap();
    assert_eq!(tails[&0].last, Some(Position(8_999, 0)));
}

#[test]
fn a_tail_is_found_before_a_gap_that_is_larger_than_what_is_read_back() {
    let log = log();
    let chain = |partition: u32, from: u64, to: u64| {
        for i in from..to {
            let before = i.checked_sub(1).map(|before| (before, 0));
            push(&log, partition, (i, 0), before);
        }
    };
    chain(0, 0, 30_000);
    log.lose_from("accepted", 0, 20).unwrap();
    // Of a few records at the end none may be an anchor: they may be out of order.
    chain(1, 0, 30_000);
    log.lose_from("accepted", 1, 20).unwrap();
    push(&log, 1, (22, 0), Some((21, 0)));
    chain(2, 0, 30_000);
    log.lose_from("accepted", 2, 0).unwrap();
    let tails = tail::find(&*log, "accepted", &[0, 1, 2]).unwrap();
    assert_eq!(tails[&0].last, Some(Position(19, 0)));
    assert_eq!(tails[&1].last, Some(Position(19, 0)), "20 is missing");
    assert_eq!(tails[&1].highest, Some(Position(22, 0)));
    assert_eq!((tails[&2].last, tails[&2].highest), (None, None));
    assert!(!tails[&2].is_retired, "lost is not retired");
}

#[test]
fn a_tail_that_is_too_low_only_repeats() {
    let (log, home) = (log(), Home::memory());
    for i in 0..20 {
        log.push("inbound", 0, "k", Order::new(i % 3, &[2], 0, "").json())
            .unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 4);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    let whole = accepted(&log, "accepted", 0);
    // The first records are retired, and an old stretch stands at the end: the anchor is in the stretch.
    for record in log.read_all("accepted", 0).unwrap()[10..16].to_vec() {
        log.push("accepted", 0, record.key, record.value).unwrap();
    }
    log.retain_from("accepted", 0, 40).unwrap();
    for lost in [false, true] {
        let again = if lost {
            Home::memory()
        } else {
            Home {
                store: home.store.clone(),
                ..Home::memory()
            }
        };
        log.push("inbound", 0, "k", Order::new(1, &[1], 0, "").json())
            .unwrap();
        let (mut heir, _) = runner(FIRST_OF_TWO, &as_log, &again.store, 4);
        assert_eq!(to_the_end(&mut heir), Ok(()));
        drop(heir);
    }
    let mut reader = record::chain::ChainReader::after(whole.last().map(|(link, _)| link.pos));
    let verdicts: Vec<_> = log
        .read_all("accepted", 0)
        .unwrap()
        .iter()
        .map(|record| reader.judge(&record::chain::link_of(&record.value).unwrap()))
        .collect();
    let taken = verdicts
        .iter()
        .filter(|v| **v == record::chain::Verdict::Accept)
        .count();
    assert_eq!(taken, 2, "{verdicts:?}");
    assert!(!verdicts.contains(&record::chain::Verdict::Fork));
    assert_eq!(reader.last(), Some(Position(21, 0)));
}

#[test]
fn a_turn_without_partitions_is_idle() {
    let (log, home) = (log(), Home::memory());
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(SECOND, &as_log, &home.store, 10);
    assert_eq!(stage.turn(), Turn::Idle);
}
