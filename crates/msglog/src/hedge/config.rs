//! What an operator may set about the hedge, with its defaults, and what it tells of itself. Nothing is
//! read from files here.

use crate::contract::{Tier, TopicConfig};
use crate::journal::JournalConfig;
use std::time::Duration;

/// Segments of a spool are small: a whole one must be drained before its room is given back.
const SPOOL_SEGMENT_BYTES: u64 = 32 << 20;

/// Settings of a hedge.
#[derive(Debug, Clone)]
pub struct HedgeConfig {
    /// How long a record waits for the log's proof before it also goes to the spool.
    pub after: Duration,
    /// The topic whose appends are hedged; the spool has a topic of the same name and partitions.
    pub topic: String,
    /// Most records that wait for a first proof; more are refused with a full queue.
    pub pending_records: usize,
    /// Most bytes of keys and values of those.
    pub pending_bytes: usize,
    /// Most records that were answered from the spool while the log still holds them unanswered; beyond
    /// this the log is asked no more and records go to the spool alone.
    pub tracked_records: usize,
    /// Bytes a second that the forwarder sends whatever happens to live records, as long as the log takes them.
    pub forward_bytes_per_s_min: u64,
    /// Bytes a second that it sends when no live record has needed the spool for a while.
    pub forward_bytes_per_s_max: u64,
}

impl HedgeConfig {
    /// The defaults for a topic.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        Self {
            after: Duration::from_millis(400),
            topic: topic.to_owned(),
            pending_records: 50_000,
            pending_bytes: 64 << 20,
            tracked_records: 100_000,
            forward_bytes_per_s_min: 256 << 10,
            forward_bytes_per_s_max: 16 << 20,
        }
    }

    /// How the journal of a spool for this topic is laid out. `max_bytes` bounds its files: appends are
    /// refused at three quarters of it; `None`: only the disk bounds.
    #[must_use]
    pub fn spool(&self, partitions: u32, max_bytes: Option<u64>) -> JournalConfig {
        JournalConfig {
            max_bytes,
            segment_bytes: SPOOL_SEGMENT_BYTES.min(max_bytes.map_or(u64::MAX, |max| max / 16)),
            ..JournalConfig::new(vec![spool_topic(&self.topic, partitions)])
        }
    }
}

/// The one topic of a spool. It has no retention: only what the log has is let go of.
pub(super) fn spool_topic(name: &str, partitions: u32) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions,
        retention: None,
        tier: Tier::Ingress,
    }
}

/// What stands only in the spool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values. Of what an earlier life has left behind it is the size of its
    /// files, until all of it is sent.
    pub bytes: u64,
    /// Milliseconds since the oldest was appended; 0 without records.
    pub oldest_ms: u64,
}

/// What a hedge has done since it was opened. Sums only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were answered by the log's proof.
    pub log_proofs: u64,
    /// Records that were answered by the spool's proof.
    pub spool_proofs: u64,
    /// Records that neither side proved.
    pub unproved: u64,
    /// Records that went to the spool because the log's proof did not come in time.
    pub fired_slow: u64,
    /// Records that went to the spool at once because the log was known to be away.
    pub fired_away: u64,
    /// Records that went to the spool because the log refused them.
    pub fired_refused: u64,
    /// Records that went to the spool because the log answered with an error.
    pub fired_failed: u64,
    /// Records that the forwarder has brought from the spool into the log.
    pub forwarded: u64,
    /// Bytes of keys and values of those.
    pub forwarded_bytes: u64,
    /// Records that stood in the spool and were confirmed by the log after all.
    pub confirmed: u64,
    /// Records that were set aside because the log refuses them for good.
    pub dead: u64,
}

/// How a hedge has closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Records that were answered with an error because neither side had proved them in time.
    pub unproved: u64,
    /// What is left in the spool for the next start.
    pub backlog: Backlog,
}
