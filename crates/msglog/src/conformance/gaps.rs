//! Offsets at which nothing stands: what an operator has given up.

use super::{Factory, PARTITIONS, SOON, TOPIC, append, record};
use crate::contract::{Log, Reader};
use std::sync::Arc;
use std::time::Instant;

/// Who reads to an end that the log has named gets there although the last records are lost, and goes on with what
/// comes then, at offsets that no record had before.
pub fn lost_records_are_passed_over(factory: Factory<'_>) {
    let mut harness = factory();
    let log = harness.log();
    for step in 0..10 {
        let records = (0..PARTITIONS).map(|p| record(p, step * 10 + u64::from(p)));
        append(&log, records.collect());
    }
    drop(log);
    if !harness.lose_tail() {
        return;
    }
    let left = read_all(&harness.log());
    assert!(left < 10 * u64::from(PARTITIONS), "nothing was lost");
    harness.reopen();
    let log = harness.log();
    assert_eq!(read_all(&log), left);
    for partition in 0..PARTITIONS {
        // From the last offset too, whether something stands there or not.
        let mut reader = log.reader(TOPIC).unwrap();
        let end = log.end_offset(TOPIC, partition).unwrap();
        reader.seek(partition, end - 1).unwrap();
        reach(&mut *reader, &[(partition, end)]);
        let offset = append(&log, vec![record(partition, 1_000)])[0];
        assert!(
            offset >= 10,
            "{partition}/{offset} was another record's once"
        );
        assert_eq!(offset, end);
        let next = reader.poll(1, 1, SOON).unwrap();
        assert_eq!((next[0].partition, next[0].offset), (partition, end));
    }
    assert_eq!(read_all(&log), left + u64::from(PARTITIONS));
}

/// Reads every partition from its start to its end; returns how many records stand there.
fn read_all(log: &Arc<dyn Log>) -> u64 {
    let mut reader = log.reader(TOPIC).unwrap();
    let mut ends = Vec::new();
    for partition in 0..PARTITIONS {
        let start = log.start_offset(TOPIC, partition).unwrap();
        reader.seek(partition, start).unwrap();
        ends.push((partition, log.end_offset(TOPIC, partition).unwrap()));
    }
    reach(&mut *reader, &ends)
}

/// Reads until every position has reached its end; returns how many records came.
fn reach(reader: &mut dyn Reader, ends: &[(u32, u64)]) -> u64 {
    let until = Instant::now() + SOON;
    let mut read = 0;
    while ends.iter().any(|(p, end)| reader.position(*p) < Some(*end)) {
        assert!(Instant::now() < until, "a position stays before the end");
        read += reader.poll(7, usize::MAX, SOON).unwrap().len() as u64;
    }
    read
}
