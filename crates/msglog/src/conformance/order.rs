//! Order, bounds of one poll, waking, limits.

use super::{Collected, Factory, PARTITIONS, QUEUE_BYTES, SOON, TOPIC, append, read_all, record};
use crate::contract::{KEY_BYTES_MAX, LogError, NewRecord, Refusal, VALUE_BYTES_MAX};
use bytes::Bytes;
use std::time::Duration;

/// Records of one partition are read in the order in which they were accepted, numbered without a
/// gap, and their answers come in the same order.
pub fn order_per_partition(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let appender = log.appender(TOPIC).unwrap();
    let collected = Collected::new();
    let mailbox = collected.mailbox();
    let total = 400u64;
    for call in 0..total / 4 {
        let records = (call * 4..call * 4 + 4)
            .map(|n| (record(partition_of(n), n), n))
            .collect();
        appender.append(records, &mailbox).unwrap();
    }
    let answers = collected.wait(total as usize, SOON);
    let read = read_all(&log, &[0, 1, 2, 3]);
    for partition in 0..PARTITIONS {
        let sent: Vec<u64> = (0..total)
            .filter(|n| partition_of(*n) == partition)
            .collect();
        let answered: Vec<(u64, u64)> = answers
            .iter()
            .filter(|answer| partition_of(answer.slot) == partition)
            .map(|answer| {
                (
                    answer.slot,
                    answer.result.as_ref().unwrap().offset().unwrap(),
                )
            })
            .collect();
        let expected: Vec<(u64, u64)> = sent.iter().copied().zip(0..).collect();
        assert_eq!(
            answered, expected,
            "answers come in the order of acceptance"
        );
        let stored: Vec<_> = read
            .iter()
            .filter(|stored| stored.partition == partition)
            .collect();
        assert_eq!(stored.len(), sent.len());
        for (stored, (number, offset)) in stored.iter().zip(expected) {
            let wanted = record(partition, number);
            assert_eq!(
                (stored.offset, &stored.key, &stored.value),
                (offset, &wanted.key, &wanted.value)
            );
        }
    }
}

fn partition_of(number: u64) -> u32 {
    (number * number % 7 % u64::from(PARTITIONS)) as u32
}

/// A reader that does not keep up gets what it asks for and no more, and misses nothing.
pub fn a_slow_reader_gets_bounded_pieces(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let value = Bytes::from(vec![b'v'; 1000]);
    let big = |n: u64| NewRecord {
        value: value.clone(),
        ..record((n % 2) as u32, n)
    };
    append(&log, (0..100).map(big).collect());
    let mut reader = log.reader(TOPIC).unwrap();
    reader.seek(0, 0).unwrap();
    reader.seek(1, 0).unwrap();
    assert_eq!(reader.poll(7, usize::MAX, SOON).unwrap().len(), 7);
    let piece = reader.poll(100, 5000, SOON).unwrap();
    assert!(
        (1..=6).contains(&piece.len()),
        "{} records for 5,000 bytes",
        piece.len()
    );
    assert_eq!(
        reader.poll(10, 0, SOON).unwrap().len(),
        1,
        "a bound of nothing still moves on"
    );
    assert!(reader.poll(0, 1000, Duration::ZERO).unwrap().is_empty());
    let mut rest = 0;
    while rest + piece.len() + 8 < 100 {
        let more = reader.poll(9, usize::MAX, SOON).unwrap();
        assert!(!more.is_empty());
        rest += more.len();
    }
    assert_eq!(
        (reader.position(0), reader.position(1)),
        (Some(50), Some(50))
    );
    assert!(
        reader
            .poll(9, usize::MAX, Duration::ZERO)
            .unwrap()
            .is_empty()
    );
}

/// A reader that waits at the end sees what comes.
pub fn a_waiting_reader_is_woken(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let mut reader = log.reader(TOPIC).unwrap();
    reader.seek(2, 0).unwrap();
    let waiting = std::thread::spawn(move || reader.poll(10, 1000, SOON).unwrap());
    // A record of a partition that is not read must not end the waiting with nothing.
    append(&log, vec![record(1, 0)]);
    append(&log, vec![record(2, 1)]);
    let woken = waiting.join().unwrap();
    assert_eq!(woken.len(), 1);
    assert_eq!((woken[0].partition, woken[0].offset), (2, 0));
}

/// What cannot be stored is refused with the records handed back, and leaves no trace.
pub fn what_is_too_large_or_nowhere_is_refused(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let appender = log.appender(TOPIC).unwrap();
    let collected = Collected::new();
    let key = Bytes::from(vec![0; KEY_BYTES_MAX]);
    let value = Bytes::from(vec![1; VALUE_BYTES_MAX]);
    let long = |bytes: &Bytes| Bytes::from([&bytes[..], b"!"].concat());
    let bad = [
        NewRecord {
            partition: PARTITIONS,
            ..record(0, 1)
        },
        NewRecord {
            key: long(&key),
            ..record(0, 1)
        },
        NewRecord {
            value: long(&value),
            ..record(0, 1)
        },
    ];
    for record_bad in bad {
        let records = vec![(record(0, 0), 5), (record_bad, 6)];
        let refused = appender
            .append(records.clone(), &collected.mailbox())
            .unwrap_err();
        assert_eq!(
            refused.records, records,
            "all or none, handed back as they came"
        );
        assert!(matches!(
            refused.reason,
            Refusal::Log(LogError::NoSuchPartition { .. } | LogError::TooLarge { .. })
        ));
    }
    assert!(matches!(
        log.appender("nowhere"),
        Err(LogError::NoSuchPartition { .. })
    ));
    assert!(matches!(
        log.reader("nowhere"),
        Err(LogError::NoSuchPartition { .. })
    ));
    assert!(matches!(
        log.end_offset(TOPIC, PARTITIONS),
        Err(LogError::NoSuchPartition { .. })
    ));
    appender.append(Vec::new(), &collected.mailbox()).unwrap();
    assert_eq!(log.end_offset(TOPIC, 0).unwrap(), 0);
    assert!(collected.wait(0, Duration::ZERO).is_empty());
    // The largest there is, though it is larger than the whole queue; and the smallest.
    assert!(value.len() > QUEUE_BYTES);
    let largest = NewRecord {
        partition: 0,
        key,
        value,
    };
    let smallest = NewRecord {
        partition: 0,
        key: Bytes::new(),
        value: Bytes::new(),
    };
    assert_eq!(
        append(&log, vec![largest.clone(), smallest.clone()]),
        vec![0, 1]
    );
    let read = read_all(&log, &[0]);
    assert!(read[0].key == largest.key && read[0].value == largest.value);
    assert!(read[1].key.is_empty() && read[1].value.is_empty());
}
