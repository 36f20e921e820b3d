//! Where things stand: seek, ends, times, retention.

use super::{Factory, PARTITIONS, SOON, TOPIC, append, read_all, record};
use crate::contract::{Log, LogError, Stored};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn spread(from: u64, count: u64) -> Vec<crate::contract::NewRecord> {
    (from..from + count)
        .map(|n| record((n % u64::from(PARTITIONS)) as u32, n))
        .collect()
}

/// A reader goes where it is told, partition by partition, and refuses what is not there.
pub fn seek(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    append(&log, spread(0, 40));
    let mut reader = log.reader(TOPIC).unwrap();
    assert!(
        reader.poll(10, 1000, Duration::ZERO).unwrap().is_empty(),
        "no partition, no record"
    );
    assert_eq!(reader.position(1), None);
    reader.seek(1, 7).unwrap();
    let one = reader.poll(1, 1000, SOON).unwrap();
    assert_eq!((one[0].partition, one[0].offset), (1, 7));
    assert_eq!(reader.position(1), Some(8));
    // Another partition joins from its start; the first goes on where it is.
    reader.seek(3, 0).unwrap();
    let read = drain(&mut *reader, 12);
    assert_eq!(of(&read, 1), vec![8, 9]);
    assert_eq!(of(&read, 3), (0..10).collect::<Vec<_>>());
    // Back, and forward to the end.
    reader.seek(1, 2).unwrap();
    reader.seek(3, 10).unwrap();
    assert_eq!(of(&drain(&mut *reader, 8), 1), (2..10).collect::<Vec<_>>());
    reader.remove(1);
    assert_eq!((reader.position(1), reader.position(3)), (None, Some(10)));
    append(&log, vec![record(1, 100), record(3, 101)]);
    let last = drain(&mut *reader, 1);
    assert_eq!((of(&last, 1), of(&last, 3)), (vec![], vec![10]));
    // From the first record of each partition at once.
    for partition in 0..PARTITIONS {
        reader.seek(partition, 9).unwrap();
    }
    assert_eq!(drain(&mut *reader, 6).len(), 6);
    for offset in [12, u64::MAX] {
        let error = reader.seek(3, offset).unwrap_err();
        assert!(
            matches!(
                error,
                LogError::OutOfRange {
                    start: 0,
                    end: 11,
                    ..
                }
            ),
            "{error}"
        );
    }
    assert!(matches!(
        reader.seek(PARTITIONS, 0),
        Err(LogError::NoSuchPartition { .. })
    ));
    assert_eq!(reader.position(3), Some(11), "a refused seek moves nothing");
}

fn of(read: &[Stored], partition: u32) -> Vec<u64> {
    read.iter()
        .filter(|stored| stored.partition == partition)
        .map(|s| s.offset)
        .collect()
}

fn drain(reader: &mut dyn crate::contract::Reader, count: usize) -> Vec<Stored> {
    let mut read = Vec::new();
    while read.len() < count {
        let more = reader.poll(count - read.len(), 1 << 20, SOON).unwrap();
        assert!(!more.is_empty(), "{} of {count} records came", read.len());
        read.extend(more);
    }
    assert!(
        reader.poll(1, 1, Duration::ZERO).unwrap().is_empty(),
        "more came than was there"
    );
    read
}

/// The end is the number of durable records as long as nothing is retired; each partition has its own.
pub fn end_offsets(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    let ends = |log: &Arc<dyn Log>| -> Vec<u64> {
        (0..PARTITIONS)
            .map(|p| log.end_offset(TOPIC, p).unwrap())
            .collect()
    };
    assert_eq!(ends(&log), vec![0; 4]);
    append(&log, vec![record(0, 0), record(2, 1), record(2, 2)]);
    assert_eq!(ends(&log), vec![1, 0, 2, 0]);
    let id = log.id();
    drop(log);
    harness.reopen();
    let log = harness.log();
    assert_eq!((ends(&log), log.id()), (vec![1, 0, 2, 0], id));
    assert_eq!(append(&log, vec![record(2, 3)]), vec![2], "offsets go on");
    assert_eq!(
        log.topics()
            .iter()
            .find(|t| t.name == TOPIC)
            .unwrap()
            .partitions,
        PARTITIONS
    );
}

/// The offset of a time is the first one from which on everything is as young.
pub fn time_look_up(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    for step in 0..60u64 {
        append(&log, spread(step * 3, 3));
        harness.advance(Duration::from_millis(10));
    }
    let read = read_all(&log, &[0, 1, 2, 3]);
    let check = |log: &Arc<dyn Log>| {
        let mut times: Vec<i64> = read.iter().map(|stored| stored.time_ms).collect();
        times.dedup();
        for time in times
            .iter()
            .flat_map(|time| [time - 1, *time, time + 1])
            .step_by(5)
        {
            for partition in 0..PARTITIONS {
                let older = |s: &&Stored| s.partition == partition && s.time_ms < time;
                let wanted = read
                    .iter()
                    .filter(older)
                    .map(|s| s.offset + 1)
                    .max()
                    .unwrap_or(0);
                assert_eq!(
                    log.offset_at(TOPIC, partition, time).unwrap(),
                    wanted,
                    "at {time}"
                );
            }
        }
        assert_eq!(log.offset_at(TOPIC, 0, i64::MIN).unwrap(), 0);
        assert_eq!(
            log.offset_at(TOPIC, 0, i64::MAX).unwrap(),
            log.end_offset(TOPIC, 0).unwrap()
        );
    };
    check(&log);
    drop(log);
    harness.reopen();
    check(&harness.log());
}

/// What has grown too old goes; what stays keeps its offset; nobody reads what is gone by mistake.
pub fn retention(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    append(&log, spread(0, 40));
    let mut behind = log.reader(TOPIC).unwrap();
    behind.seek(0, 3).unwrap();
    if !harness.expire() {
        return;
    }
    let until = Instant::now() + SOON;
    while (0..PARTITIONS).any(|p| log.start_offset(TOPIC, p).unwrap() < 10) {
        assert!(Instant::now() < until, "what is too old stays");
        std::thread::yield_now();
    }
    for partition in 0..PARTITIONS {
        assert_eq!(
            log.end_offset(TOPIC, partition).unwrap(),
            10,
            "the end stays"
        );
        assert_eq!(log.offset_at(TOPIC, partition, 0).unwrap(), 10);
    }
    assert!(matches!(
        log.reader(TOPIC).unwrap().seek(0, 9),
        Err(LogError::OutOfRange { .. })
    ));
    let error = behind.poll(1, 1000, SOON);
    assert!(
        matches!(
            error,
            Err(LogError::OutOfRange {
                offset: 3,
                start: 10,
                ..
            })
        ),
        "{error:?}"
    );
    assert_eq!(append(&log, vec![record(0, 40)]), vec![10], "offsets go on");
    behind.seek(0, 10).unwrap();
    assert_eq!(drain(&mut *behind, 1)[0].offset, 10);
    drop((log, behind));
    harness.reopen();
    let log = harness.log();
    assert_eq!(
        log.start_offset(TOPIC, 0).unwrap(),
        10,
        "the start never goes back"
    );
    assert_eq!(read_all(&log, &[0, 1, 2, 3]).len(), 1);
}
