//! The contract of the log: what every backend promises, and nothing of how.
//!
//! A log is a set of *topics*; a topic is a fixed number of *partitions*; a partition is one order of
//! records, numbered by *offset* from 0. An offset always names the next record to read.
//!
//! ```text
//!            start_offset          end_offset (first offset that is not durable yet)
//!                 │                     │
//!   … retired … [ r r r r r r r r r r r ] q q q      q: accepted by append, not yet durable
//! ```
//!
//! * `append` only accepts; the answer comes to the caller's [`Mailbox`] once the record is durable,
//!   or has failed. Accepting is the back-pressure: a full queue refuses at once and hands the records back.
//! * Answers of one [`Appender`] for one partition come in the order of acceptance.
//! * Nothing is visible to a reader before it is durable; nothing durable is lost by kill -9.
//! * After a failed flush the topic refuses every append until the process has restarted.
//! * `end_offset` of a partition never goes back, `start_offset` neither.
//! * Records stand at offsets without a gap, unless some were lost to damage that an operator has
//!   accepted. Such offsets are never given out again, and nothing stands there: a reader goes on behind
//!   them. Where they are the last ones, its position moves to the end, and the poll that notices it returns
//!   at once, with nothing.
//! * The time of a record is the wall clock of the writer at append, in milliseconds; it never decides
//!   anything about an event.

pub use crate::layout::{Tier, TopicConfig};
pub use crate::membership::{GroupEvent, Membership};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// Largest key, in bytes.
pub const KEY_BYTES_MAX: usize = 64 << 10;
/// Largest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 << 20;
/// Most partitions of a topic.
pub const PARTITIONS_MAX: u32 = 1024;

/// Random identity of a log, written at its creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub [u8; 16]);

impl std::fmt::Display for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogId({self})")
    }
}

/// A record on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Partition to append to; the caller computes it from the key.
    pub partition: u32,
    /// Key: at most 64 KiB.
    pub key: Bytes,
    /// Value: at most 16 MiB.
    pub value: Bytes,
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its partition.
    pub partition: u32,
    /// Its offset in the partition.
    pub offset: u64,
    /// When it was appended, in milliseconds since 1970 by the writer's clock.
    pub time_ms: i64,
    /// Its key.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
}

/// Proof that a record is durable. Only a backend of this crate can make one, and nothing else
/// opens the door to an ack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable(Place);

/// Where a durable record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the log.
    Log {
        /// Partition of its topic.
        partition: u32,
        /// Offset in the partition.
        offset: u64,
    },
    /// In this node's spool, from where it goes into the log.
    Spool {
        /// Partition of its topic, in the spool as in the log.
        partition: u32,
        /// Offset in that partition of the spool; it says nothing about the offset in the log.
        position: u64,
    },
}

impl Durable {
    pub(crate) fn in_log(partition: u32, offset: u64) -> Self {
        Self(Place::Log { partition, offset })
    }

    pub(crate) fn in_spool(partition: u32, position: u64) -> Self {
        Self(Place::Spool {
            partition,
            position,
        })
    }

    /// Where it stands.
    #[must_use]
    pub fn place(self) -> Place {
        self.0
    }

    /// Its offset in the log; `None` when it stands in a spool and has no offset yet.
    #[must_use]
    pub fn offset(self) -> Option<u64> {
        match self.0 {
            Place::Log { offset, .. } => Some(offset),
            Place::Spool { .. } => None,
        }
    }
}

/// Why a record did not become durable, or a read did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// There is no such topic or partition.
    #[error("no partition {partition} in topic {topic:?}")]
    NoSuchPartition {
        /// The topic asked for.
        topic: String,
        /// The partition asked for.
        partition: u32,
    },
    /// A read before the retained start or beyond the durable end.
    #[error("offset {offset} of {topic}/{partition} is outside {start}..={end}")]
    OutOfRange {
        /// Topic.
        topic: String,
        /// Partition.
        partition: u32,
        /// Offset asked for.
        offset: u64,
        /// First offset still there.
        start: u64,
        /// End offset.
        end: u64,
    },
    /// The disk has less room than this topic's tier leaves untouched, or the configured bound is reached.
    #[error("no room for topic {topic:?}: {detail}")]
    NoRoom {
        /// Topic.
        topic: String,
        /// Which bound, and how much is there.
        detail: String,
    },
    /// The log cannot be reached now; nothing is known to be stored.
    #[error("the log is away: {detail}")]
    Away {
        /// What was seen.
        detail: String,
    },
    /// A write or a flush failed; the topic refuses everything until restart.
    #[error("topic {topic:?} is poisoned after a failed write: {detail}; start the node again")]
    Poisoned {
        /// Topic.
        topic: String,
        /// The first failure.
        detail: String,
    },
    /// The writer is stopping.
    #[error("topic {topic:?} is closed")]
    Closed {
        /// Topic.
        topic: String,
    },
    /// What stands on disk is not what was written.
    #[error("{file} is corrupt at byte {at}: {detail}")]
    Corrupt {
        /// File.
        file: String,
        /// Byte position.
        at: u64,
        /// What was found.
        detail: String,
    },
    /// Another process owns the log.
    #[error("the log in {dir} is owned by process {pid}")]
    Owned {
        /// Directory.
        dir: String,
        /// Owner, 0 when it could not be read.
        pid: u32,
    },
    /// The log is not the one it is expected to be, or its layout differs from the configuration.
    #[error("{0}")]
    Mismatch(String),
    /// A record larger than the log takes; trying again does not help.
    #[error("a record for topic {topic:?} is too large: {part} of {bytes} bytes, at most {limit}")]
    TooLarge {
        /// Topic.
        topic: String,
        /// `key` or `value`.
        part: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit: [`KEY_BYTES_MAX`] or [`VALUE_BYTES_MAX`].
        limit: usize,
    },
    /// The operating system said no.
    #[error("{what}: {detail}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's error.
        detail: String,
        /// Its code, when there is one.
        code: Option<i32>,
    },
}

impl LogError {
    /// Whether the same call may succeed later without anybody repairing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self, Self::NoRoom { .. } | Self::Away { .. })
    }
}

/// Records that were not accepted, handed back with the reason.
#[derive(Debug)]
pub struct Refused {
    /// The records, as they came.
    pub records: Vec<(NewRecord, u64)>,
    /// Why.
    pub reason: Refusal,
}

/// Why an append was not accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The writer's queue is full; try again when answers have come.
    #[error("the writer's queue is full")]
    QueueFull,
    /// The topic cannot take it.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The answer to one accepted record.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The number that the caller gave with the record.
    pub slot: u64,
    /// Proof, or why there is none.
    pub result: Result<Durable, LogError>,
}

/// Where answers go. The writer hands over all answers of one flush for one mailbox in one call, so
/// that a runtime is woken once per flush and not once per record.
pub trait Mailbox: Send + Sync {
    /// Takes answers; must not block and must not call the log.
    fn deliver(&self, answers: Vec<Answer>);
}

/// Appends to one topic. Cheap to clone behind its `Arc`.
pub trait Appender: Send + Sync {
    /// Accepts all records, each with a slot number of the caller's choice, or none of them.
    ///
    /// # Errors
    /// [`Refused`] with the records when the queue is full or the topic cannot take them.
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused>;

    /// Whether it is known that nothing becomes durable now, because whoever must confirm it cannot be reached.
    /// It may still accept. Asked with each call, so it costs nothing; a log that is never away says no.
    fn is_away(&self) -> bool {
        false
    }
}

/// Reads partitions of one topic. Not shared: one owner polls it.
pub trait Reader: Send {
    /// Returns durable records in order per partition; waits at most `wait` for the first one. Returns
    /// fewer than `max_records` (and stops after about `max_bytes` of values) when that is all there is now.
    /// Nothing before `wait` is over means that a position has moved over a gap to the end.
    ///
    /// # Errors
    /// [`LogError::OutOfRange`] when a position has been retired, or any failure of reading.
    fn poll(
        &mut self,
        max_records: usize,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError>;

    /// Adds a partition at `offset`, or moves it there.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`], [`LogError::OutOfRange`].
    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError>;

    /// Stops reading a partition.
    fn remove(&mut self, partition: u32);

    /// Everything of this partition before this offset was returned, or is known not to be there; `None` when it
    /// is not read. Who reads to an end that the log has named goes on until the position has reached it.
    fn position(&self, partition: u32) -> Option<u64>;
}

/// A durable, partitioned log.
pub trait Log: Send + Sync {
    /// Its random identity.
    fn id(&self) -> LogId;
    /// Its topics.
    fn topics(&self) -> Vec<TopicConfig>;
    /// A handle for appending.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic; [`LogError::Mismatch`] when opened for reading only.
    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError>;
    /// The same for records that are waited for one by one, as ticks are: never gathered, never hedged.
    ///
    /// # Errors
    /// As [`Log::appender`].
    fn prompt_appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        self.appender(topic)
    }
    /// A reader without partitions; [`Reader::seek`] adds them.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic.
    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError>;
    /// First offset that is still there.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError>;
    /// First offset that is not durable.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError>;
    /// Start and end offsets of several partitions, in their order: over a wire, one question.
    ///
    /// # Errors
    /// As for one of them.
    fn bounds(&self, topic: &str, partitions: &[u32]) -> Result<Vec<(u64, u64)>, LogError> {
        let bounds = |p: &u32| Ok((self.start_offset(topic, *p)?, self.end_offset(topic, *p)?));
        partitions.iter().map(bounds).collect()
    }
    /// End offsets of several partitions as they can be told now: over a wire, one question that is not repeated and not
    /// waited for longer than a second. For whoever only shows them.
    ///
    /// # Errors
    /// As for one of them.
    fn glance(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        partitions
            .iter()
            .map(|partition| self.end_offset(topic, *partition))
            .collect()
    }
    /// Smallest offset whose record, and every later one, was appended at `time_ms` or after; the end
    /// offset when there is none. At least `start_offset`.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`], failures of reading.
    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError>;
    /// Joins a consumer group on a topic.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`].
    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError>;
}
