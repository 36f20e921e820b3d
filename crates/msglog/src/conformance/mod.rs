//! What every backend must do, written once and run by all of them: give each check a factory of
//! harnesses. A check panics when the backend is not one. No backend is known here.

// Test code in a library, so that a backend in another crate or behind a feature can run it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod faults;
mod gaps;
mod groups;
mod order;
mod places;

pub use answers::Collected;
pub use faults::{
    a_slow_flush_bounds_the_queue, nothing_durable_is_lost_after_reopen,
    nothing_is_visible_before_it_is_durable, refusal_after_a_failed_flush,
};
pub use gaps::lost_records_are_passed_over;
pub use groups::{one_owner_per_partition_and_a_clean_hand_over, two_members_share_evenly};
pub use order::{
    a_slow_reader_gets_bounded_pieces, a_waiting_reader_is_woken, order_per_partition,
    what_is_too_large_or_nowhere_is_refused,
};
pub use places::{end_offsets, retention, seek, time_look_up};

use crate::contract::{Log, NewRecord, Stored};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// Nothing that must happen takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The topic of every check.
pub const TOPIC: &str = "checked";
/// Its partitions.
pub const PARTITIONS: u32 = 4;
/// Its retention; [`Harness::expire`] passes it.
pub const RETENTION: Duration = Duration::from_secs(3600);
/// The most bytes of keys and values that its appender may hold before it refuses.
pub const QUEUE_BYTES: usize = 1 << 20;

/// A backend under test: one log with the topic [`TOPIC`], empty at first. What a backend cannot be
/// made to do answers `false`, and the part of the check that needs it is left out.
pub trait Harness {
    /// The log in its present life.
    fn log(&self) -> Arc<dyn Log>;
    /// Ends this life without closing, as kill -9 does, and begins another one.
    fn reopen(&mut self);
    /// Lets flushes hang until [`Harness::resume`].
    fn stall(&mut self) -> bool;
    /// Lets flushes go on.
    fn resume(&mut self);
    /// Lets the next flush fail.
    fn fail_flush(&mut self) -> bool;
    /// Lets the writer's clock advance; `false` when it runs by itself.
    fn advance(&mut self, by: Duration) -> bool;
    /// Lets everything that stands in the topic grow older than its retention. The check waits
    /// until it is gone.
    fn expire(&mut self) -> bool;
    /// Ends this life, and loses durable records at the end of one partition or more in a way that keeps their
    /// offsets used, as damage does that an operator has accepted.
    fn lose_tail(&mut self) -> bool {
        false
    }
}

/// Makes a fresh backend.
pub type Factory<'f> = &'f dyn Fn() -> Box<dyn Harness>;

/// One check of the list.
pub type Check = fn(Factory<'_>);

/// The whole list, by name.
pub const ALL: [(&str, Check); 15] = [
    ("order per partition", order_per_partition),
    (
        "nothing is visible before it is durable",
        nothing_is_visible_before_it_is_durable,
    ),
    (
        "nothing durable is lost after reopen",
        nothing_durable_is_lost_after_reopen,
    ),
    (
        "one owner per partition",
        one_owner_per_partition_and_a_clean_hand_over,
    ),
    ("two members share evenly", two_members_share_evenly),
    ("seek", seek),
    ("end offsets", end_offsets),
    ("time look-up", time_look_up),
    ("retention", retention),
    ("lost records are passed over", lost_records_are_passed_over),
    ("refusal after a failed flush", refusal_after_a_failed_flush),
    (
        "a slow flush bounds the queue",
        a_slow_flush_bounds_the_queue,
    ),
    (
        "a slow reader gets bounded pieces",
        a_slow_reader_gets_bounded_pieces,
    ),
    ("a waiting reader is woken", a_waiting_reader_is_woken),
    ("limits", what_is_too_large_or_nowhere_is_refused),
];

/// A record whose value tells it from every other.
pub(crate) fn record(partition: u32, number: u64) -> NewRecord {
    let value = Bytes::from(format!("value {number}"));
    NewRecord {
        partition,
        key: Bytes::from(format!("key {}", number % 7)),
        value,
    }
}

/// Appends, waits, and demands success; returns the offsets.
pub(crate) fn append(log: &Arc<dyn Log>, records: Vec<NewRecord>) -> Vec<u64> {
    let collected = Collected::new();
    let count = records.len();
    let numbered = records.into_iter().zip(0..).collect();
    log.appender(TOPIC)
        .unwrap()
        .append(numbered, &collected.mailbox())
        .unwrap();
    let answers = collected.wait(count, SOON);
    assert_eq!(answers.len(), count, "every accepted record is answered");
    let mut offsets: Vec<_> = answers
        .into_iter()
        .map(|a| (a.slot, a.result.unwrap().offset().unwrap()))
        .collect();
    offsets.sort_unstable();
    offsets.into_iter().map(|(_, offset)| offset).collect()
}

/// Everything of these partitions from their start to their end.
pub(crate) fn read_all(log: &Arc<dyn Log>, partitions: &[u32]) -> Vec<Stored> {
    let mut reader = log.reader(TOPIC).unwrap();
    let mut wanted = 0;
    for partition in partitions {
        let start = log.start_offset(TOPIC, *partition).unwrap();
        wanted += log.end_offset(TOPIC, *partition).unwrap() - start;
        reader.seek(*partition, start).unwrap();
    }
    let mut read = Vec::new();
    while (read.len() as u64) < wanted {
        let more = reader.poll(100, 1 << 20, SOON).unwrap();
        assert!(!more.is_empty(), "{} of {wanted} records came", read.len());
        read.extend(more);
    }
    read
}
