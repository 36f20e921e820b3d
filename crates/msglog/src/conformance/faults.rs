//! Durability: what is visible when, what survives, what is refused.

use super::{Collected, Factory, PARTITIONS, QUEUE_BYTES, SOON, TOPIC, append, read_all, record};
use crate::contract::{LogError, NewRecord, Refusal};
use bytes::Bytes;
use std::time::Duration;

/// As long as the flush hangs there is no answer, no record and no new end.
pub fn nothing_is_visible_before_it_is_durable(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    append(&log, vec![record(0, 0)]);
    let mut reader = log.reader(TOPIC).unwrap();
    reader.seek(0, 1).unwrap();
    if !harness.stall() {
        return;
    }
    let collected = Collected::new();
    let appender = log.appender(TOPIC).unwrap();
    appender
        .append(vec![(record(0, 1), 1)], &collected.mailbox())
        .unwrap();
    assert!(
        reader
            .poll(1, 1000, Duration::from_millis(50))
            .unwrap()
            .is_empty()
    );
    assert!(collected.wait(0, Duration::ZERO).is_empty());
    // A log that cannot be asked meanwhile says so; it never says that there is more.
    match log.end_offset(TOPIC, 0) {
        Ok(end) => assert_eq!(end, 1),
        Err(error) => assert!(error.retryable(), "{error}"),
    }
    match reader.seek(0, 2).unwrap_err() {
        LogError::OutOfRange { end, .. } => assert_eq!(end, 1),
        error => assert!(error.retryable(), "{error}"),
    }
    harness.resume();
    assert_eq!(collected.wait(1, SOON).len(), 1);
    assert_eq!(reader.poll(1, 1000, SOON).unwrap()[0].offset, 1);
    assert_eq!(log.end_offset(TOPIC, 0).unwrap(), 2);
}

/// Several lives, each ended without closing: everything answered is there once, in order.
pub fn nothing_durable_is_lost_after_reopen(factory: Factory<'_>) {
    let mut harness = factory();
    let mut sent = 0;
    for life in 0..5u64 {
        let log = harness.log();
        for _ in 0..=life {
            let records = (sent..sent + 10)
                .map(|n| record((n % 3) as u32, n))
                .collect();
            append(&log, records);
            sent += 10;
        }
        drop(log);
        harness.reopen();
        let read = read_all(&harness.log(), &[0, 1, 2, 3]);
        for partition in 0..PARTITIONS {
            let values: Vec<_> = read
                .iter()
                .filter(|s| s.partition == partition)
                .map(|s| s.value.clone())
                .collect();
            let wanted: Vec<_> = (0..sent)
                .filter(|n| n % 3 == u64::from(partition))
                .map(|n| record(partition, n).value)
                .collect();
            assert_eq!(values, wanted);
        }
    }
}

/// A failed flush is final for this life: no answer claims durability, nothing more is taken, and the
/// next life has all that was durable before.
pub fn refusal_after_a_failed_flush(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    append(&log, vec![record(0, 0), record(0, 1)]);
    if !harness.fail_flush() {
        return;
    }
    let appender = log.appender(TOPIC).unwrap();
    let collected = Collected::new();
    let doomed = vec![(record(0, 2), 2), (record(1, 3), 3)];
    appender.append(doomed, &collected.mailbox()).unwrap();
    let answers = collected.wait(2, SOON);
    assert_eq!(answers.len(), 2, "a failure is an answer too");
    for answer in answers {
        assert!(
            matches!(answer.result, Err(LogError::Poisoned { .. })),
            "{answer:?}"
        );
    }
    for _ in 0..3 {
        let records = vec![(record(0, 4), 4)];
        let refused = appender
            .append(records.clone(), &collected.mailbox())
            .unwrap_err();
        assert!(matches!(
            refused.reason,
            Refusal::Log(LogError::Poisoned { .. })
        ));
        assert_eq!(refused.records, records);
    }
    assert_eq!(
        log.end_offset(TOPIC, 0).unwrap(),
        2,
        "what is durable stays readable"
    );
    assert_eq!(read_all(&log, &[0]).len(), 2);
    drop((log, appender));
    harness.reopen();
    let log = harness.log();
    let next = append(&log, vec![record(0, 5)])[0];
    let read = read_all(&log, &[0]);
    assert_eq!(read[0].value, record(0, 0).value);
    assert_eq!(read[1].value, record(0, 1).value);
    assert_eq!(read[next as usize].value, record(0, 5).value);
}

/// While flushes hang the appender takes a bounded amount and then refuses; afterwards everything it
/// took is answered.
pub fn a_slow_flush_bounds_the_queue(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    if !harness.stall() {
        return;
    }
    let appender = log.appender(TOPIC).unwrap();
    let collected = Collected::new();
    let value = Bytes::from(vec![b'q'; 10_000]);
    let mut accepted = 0;
    let refused = loop {
        let record = NewRecord {
            value: value.clone(),
            ..record(0, accepted)
        };
        match appender.append(vec![(record, accepted)], &collected.mailbox()) {
            Ok(()) => accepted += 1,
            Err(refused) => break refused,
        }
        assert!(
            accepted as usize * value.len() <= QUEUE_BYTES,
            "{accepted} were accepted"
        );
    };
    assert!(
        matches!(refused.reason, Refusal::QueueFull),
        "{:?}",
        refused.reason
    );
    assert_eq!((refused.records.len(), refused.records[0].1), (1, accepted));
    assert!(accepted > 0);
    harness.resume();
    let answers = collected.wait(accepted as usize, SOON);
    let slots: Vec<u64> = answers.iter().map(|answer| answer.slot).collect();
    assert_eq!(slots, (0..accepted).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.result.is_ok()));
    assert_eq!(
        append(&log, vec![record(0, accepted)]),
        vec![accepted],
        "it takes again"
    );
}
