//! A second opener that only reads, beside the owner: on the real disk, through files alone.

use super::conforms::{Fake, small_config};
use super::open::open_read_only;
use super::{Journal, JournalConfig};
use crate::conformance::{Harness, SOON, TOPIC, append, read_all, record};
use crate::contract::{Log, LogError, NewRecord};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn config() -> JournalConfig {
    let mut config = small_config();
    config.topics[0].retention = None;
    config
}

fn spread(from: u64, count: u64) -> Vec<NewRecord> {
    (from..from + count)
        .map(|n| record((n % 4) as u32, n))
        .collect()
}

#[test]
fn another_opener_sees_what_becomes_durable_and_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Journal::open_read_only(dir.path()),
        Err(LogError::Mismatch(_))
    ));
    let owner = Journal::open(dir.path(), config()).unwrap();
    let log: Arc<dyn Log> = Arc::clone(&owner) as Arc<dyn Log>;
    append(&log, spread(0, 8));
    let other: Arc<dyn Log> = Journal::open_read_only(dir.path()).unwrap();
    assert_eq!((other.id(), other.topics()[0].partitions), (log.id(), 4));
    let mut reader = other.reader(TOPIC).unwrap();
    for partition in 0..4 {
        reader.seek(partition, 0).unwrap();
    }
    let mut seen = reader.poll(1000, usize::MAX, SOON).unwrap();
    assert_eq!(seen.len(), 8);
    assert!(
        reader
            .poll(1000, usize::MAX, Duration::ZERO)
            .unwrap()
            .is_empty()
    );
    // Through many new segments, while it reads.
    let writing = std::thread::spawn(move || {
        for step in 0..100 {
            append(&log, spread(8 + step * 10, 10));
        }
        log
    });
    while seen.len() < 1008 {
        let more = reader.poll(1000, usize::MAX, SOON).unwrap();
        assert!(!more.is_empty());
        seen.extend(more);
    }
    let log = writing.join().unwrap();
    assert_eq!(
        seen,
        read_all(&log, &[0, 1, 2, 3]),
        "the same records in the same order"
    );
    assert_eq!(
        other.end_offset(TOPIC, 1).unwrap(),
        log.end_offset(TOPIC, 1).unwrap()
    );
    let time = seen[500].time_ms;
    for partition in 0..4 {
        let both = [&log, &other].map(|l| l.offset_at(TOPIC, partition, time).unwrap());
        assert_eq!(both[0], both[1]);
    }
    assert!(matches!(other.appender(TOPIC), Err(LogError::Mismatch(_))));
    assert!(matches!(
        other.join("group", TOPIC),
        Err(LogError::Mismatch(_))
    ));
    // A second owner is refused and told who has it.
    let error = Journal::open(dir.path(), config()).err().unwrap();
    assert!(
        matches!(error, LogError::Owned { pid, .. } if pid == std::process::id()),
        "{error}"
    );
    // It outlives a restart of the owner, which rewrites the tail.
    drop((log, owner));
    let owner = Journal::open(dir.path(), config()).unwrap();
    let log: Arc<dyn Log> = Arc::clone(&owner) as Arc<dyn Log>;
    append(&log, spread(1008, 4));
    while seen.len() < 1012 {
        let more = reader.poll(1000, usize::MAX, SOON).unwrap();
        assert!(!more.is_empty());
        seen.extend(more);
    }
    assert_eq!(seen, read_all(&log, &[0, 1, 2, 3]));
    // And its closing.
    owner.close();
    assert_eq!(read_all(&other, &[0, 1, 2, 3]).len(), 1012);
    let after: Arc<dyn Log> = Journal::open_read_only(dir.path()).unwrap();
    assert_eq!(read_all(&after, &[0, 1, 2, 3]).len(), 1012);
}

#[test]
fn another_opener_survives_retention() {
    let mut fake = Fake::new();
    for step in 0..30 {
        append(&fake.log(), spread(step * 8, 8));
    }
    let other: Arc<dyn Log> = open_read_only(Path::new("/log"), &fake.surroundings()).unwrap();
    let mut reader = other.reader(TOPIC).unwrap();
    reader.seek(0, 0).unwrap();
    assert_eq!(reader.poll(3, usize::MAX, SOON).unwrap().len(), 3);
    let mut late = other.reader(TOPIC).unwrap();
    late.seek(1, 0).unwrap();
    fake.expire();
    let until = std::time::Instant::now() + SOON;
    while other.start_offset(TOPIC, 0).unwrap() < 60 {
        assert!(std::time::Instant::now() < until);
        std::thread::yield_now();
    }
    append(&fake.log(), vec![record(0, 1000)]);
    let error = late.poll(1, 1, SOON);
    assert!(
        matches!(error, Err(LogError::OutOfRange { start: 60, .. })),
        "{error:?}"
    );
    late.seek(1, 60).unwrap();
    late.seek(0, 60).unwrap();
    assert_eq!(late.poll(10, usize::MAX, SOON).unwrap()[0].offset, 60);
}

#[test]
fn batches_prove_the_end_where_the_published_one_is_lost() {
    let mut fake = Fake::new();
    for step in 0..10 {
        append(&fake.log(), spread(step * 4, 4));
    }
    fake.disk.kill();
    fake.journal = None;
    fake.disk.edit(Path::new("/log/checked/end"), Vec::clear);
    let other = open_read_only(Path::new("/log"), &fake.surroundings()).unwrap();
    // The last flush is proven by nothing but its own bytes.
    assert_eq!(other.end_offset(TOPIC, 0).unwrap(), 9);
    let other: Arc<dyn Log> = other;
    assert_eq!(read_all(&other, &[0, 1, 2, 3]).len(), 36);
}
