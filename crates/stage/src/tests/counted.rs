//! What was not committed is judged again, and counted once.

use super::sample::{FIRST_OF_TWO, Order, Sample};
use super::{Home, log, runner, to_the_end};
use crate::{Store, Turn};
use msglog::Log;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

fn order(act: &str, t: u32) -> Vec<u8> {
    Order::new(1, &[1], t, act).json()
}

#[test]
fn failures_that_were_not_committed_count_once() {
    let (log, home) = (log(), Home::memory());
    for _ in 0..60 {
        log.push("inbound", 0, "k", order("reject", 0)).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 100);
    for _ in 0..3 {
        log.fail_after("inbound.dead", 0).unwrap();
        stage.turn();
        log.heal("inbound.dead").unwrap();
        clock.advance(Duration::from_secs(30));
    }
    to_the_end(&mut stage).unwrap();
    let report = stage.status().report();
    assert_eq!((report.totals.rejected, report.totals.restarts), (60, 3));
}

/// Whether it is the outputs that fail, or the state behind them.
#[test]
fn what_a_fold_counts_is_counted_once_when_commits_fail() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let (log, home) = (log(), Home::memory());
    for _ in 0..60 {
        log.push("inbound", 0, "k", order("", 0)).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let fold = Sample {
        counted: Some(&COUNTED),
        ..FIRST_OF_TWO
    };
    let (mut stage, clock) = runner(fold, &as_log, &home.store, 20);
    let Store::Memory(memory) = home.store.clone() else {
        unreachable!()
    };
    for failure in 0..3 {
        if failure == 1 {
            memory.set_unwritable(true);
        } else {
            log.fail_after("accepted", 0).unwrap();
        }
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        assert_eq!(COUNTED.load(Ordering::Relaxed), failure * 20);
        memory.set_unwritable(false);
        log.heal("accepted").unwrap();
        clock.advance(Duration::from_secs(30));
        assert!(matches!(stage.turn(), Turn::Worked(20)));
        assert_eq!(COUNTED.load(Ordering::Relaxed), failure * 20 + 20);
    }
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.restarts, 3);
    assert_eq!(COUNTED.load(Ordering::Relaxed), 60);
}
