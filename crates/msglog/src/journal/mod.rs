//! The embedded log: one sequence of segment files per topic, written by one thread per topic.
//!
//! # Limits
//! Keys 64 KiB, values 16 MiB, 1,024 partitions a topic, segments 4 KiB to 1 GiB, one owner process
//! (lock on `lock`, its pid inside) and any number of readers, which need no lock. Numbers are
//! little-endian, checksums CRC32C. This is version 1 of every file; the version is the last
//! character of its magic, and another one is refused.
//!
//! # Layout
//! ```text
//! DIR/lock                      pid of the owner
//! DIR/log.id                    random identity of the log
//! DIR/TOPIC/POSITION.log        segment: head, then batches; all partitions interleaved
//! DIR/TOPIC/POSITION.idx        its index points: position, times, next offset of each partition
//! DIR/TOPIC/end                 durable end: two slots in turn, never synced while running
//! DIR/TOPIC/POISON              durable end at a failed flush
//! DIR/quarantine/TOPIC/         segments set aside by a start that accepted corruption
//! ```
//! A *position* counts the bytes of batches since the topic began; a segment is named by the position
//! of its first batch, and ends where the next one begins. Its head holds the log's identity, the
//! topic, and the next offset of each partition, so the oldest segment's head is the retained start.
//! How batches, records, heads, slots and points are spelled stands at the head of `batch`, `files`
//! and `index`. A batch header says where it stands, and which position was durable when it was
//! written; a record has its own length and checksum. The time of a record is that of its batch.
//!
//! # Operations
//! *Append*: a call goes into the topic's bounded queue, if there is room on the disk. The writer takes
//! all that waits (gathering only while a crowd keeps coming), writes it as batches of about 256 KiB,
//! syncs once, publishes the durable end in memory and in `end`, and answers each mailbox once.
//! *Read*: one sequential scan through chunks of 1 MiB, up to the durable end; records are slices of
//! the chunk. Other processes follow `end`.
//! *Index*: after each MiB (more with many partitions) a point is appended to the index, only at the
//! durable end; it is synced after each 8 MiB and when the segment is complete.
//! *Retention*: a topic with retention begins a new segment after a quarter of it, and unlinks whole
//! segments that are older. Without retention nothing is ever deleted: appends are refused instead.
//! *Failure*: after a failed write or sync the topic refuses everything, writes `POISON`, and writes
//! nothing more.
//!
//! # Recovery
//! Complete segments are taken by their index. The last one is read from its last point; with `POISON`
//! no further than it says. Where a batch is damaged or cut off, and neither `end`, nor `POISON`, nor a
//! batch header behind the damage claims that something behind it was durable, it is a torn tail, and
//! is cut. Otherwise it is corruption: the start is refused and changes nothing. What follows the last
//! point is rewritten into a new segment and synced, file and directory, before any offset is given
//! out: a page cache that survived a failed sync proves nothing.
//!
//! With `accept_corruption` every segment is read whole. A damaged one is copied to `quarantine/`, and
//! replaced by itself with a *gap* in place of each damaged batch: only the records of these batches
//! are lost. Offsets jump over what was lost (a reader gets the next record there is); where nobody
//! can know how many records a damaged tail held, they jump over the most that it could hold, so that
//! no offset is ever given to another record. A damaged head of a segment cannot be mended.

mod active;
mod batch;
mod chunk;
mod config;
#[cfg(test)]
mod conforms;
mod disk;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod faults;
mod files;
mod follow;
#[cfg(test)]
mod followed;
mod home;
mod index;
#[cfg(test)]
mod model;
mod notes;
mod open;
mod outbox;
mod queue;
mod reader;
mod recover;
mod repair;
mod room;
mod scan;
mod topic;
mod view;
mod writer;

#[cfg(test)]
pub(crate) use fake::FakeDisk;

pub use config::{Gather, JournalConfig, Reserve};

use crate::contract::{
    Appender, Log, LogError, LogId, Mailbox, Membership, NewRecord, Reader, Refusal, Refused, Tier,
    TopicConfig,
};
use crate::groups::Groups;
use crate::limits::check_record;
use crate::sync::lock;
pub(crate) use notes::Notes;
use queue::{Call, Queue, RECORD_COST, Retire};
use room::Room;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use topic::Topic;

/// A log in a directory.
pub struct Journal {
    id: LogId,
    topics: BTreeMap<String, Handles>,
    room: Option<Arc<Room>>,
    groups: Groups,
    notes: Notes,
    writers: Mutex<Vec<JoinHandle<()>>>,
    /// Held as long as a writer may run.
    _lock: Option<Box<dyn Send + Sync>>,
}

/// One topic's ends.
struct Handles {
    topic: Arc<Topic>,
    /// `None` when opened for reading only.
    queue: Option<Arc<Queue>>,
}

impl Journal {
    /// Opens a journal as its owner; creates the directory, the log and missing topics.
    ///
    /// # Errors
    /// [`LogError::Owned`] names the process that has it; [`LogError::Mismatch`] when a topic differs
    /// from the configuration; [`LogError::Corrupt`] when durable records are damaged.
    pub fn open(dir: &Path, config: JournalConfig) -> Result<Arc<Self>, LogError> {
        open::open(dir, config, &open::Surroundings::real())
    }

    /// Opens a journal for reading, whether or not a process owns it. What that process makes durable
    /// meanwhile becomes visible; appending and joining a group are refused.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] when there is no journal; failures of reading.
    pub fn open_read_only(dir: &Path) -> Result<Arc<Self>, LogError> {
        open::open_read_only(dir, &open::Surroundings::real())
    }

    /// The same on a disk that a test commands; its clock stands still.
    #[cfg(test)]
    pub(crate) fn open_on(
        disk: &FakeDisk,
        dir: &Path,
        config: JournalConfig,
    ) -> Result<Arc<Self>, LogError> {
        let on = open::Surroundings {
            disk: Arc::new(disk.process()),
            clock: Arc::new(|| 1_700_000_000_000),
            point_bytes: 700,
        };
        open::open(dir, config, &on)
    }

    /// Writes what was accepted, and stops. Appends are refused from now on; reading goes on.
    /// Dropping the last handle without this stops too, but answers what waits with
    /// [`LogError::Closed`].
    pub fn close(&self) {
        for handles in self.topics.values() {
            if let Some(queue) = &handles.queue {
                queue.close();
            }
        }
        self.join_writers();
    }

    /// Stops without writing what waits; that is answered with [`LogError::Closed`].
    pub(crate) fn abandon(&self) {
        for handles in self.topics.values() {
            if let Some(queue) = &handles.queue {
                queue.abandon();
            }
        }
        self.join_writers();
    }

    /// Bytes of all segment files; 0 when opened for reading only.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.room.as_ref().map_or(0, |room| room.used())
    }

    /// Bytes that wait in a topic's queue or are being written; 0 for an unknown topic.
    #[must_use]
    pub fn queued_bytes(&self, topic: &str) -> usize {
        let queue = self
            .topics
            .get(topic)
            .and_then(|handles| handles.queue.as_ref());
        queue.map_or(0, |queue| queue.bytes())
    }

    /// Why this topic refuses every append until restart, if it does; for readiness.
    #[must_use]
    pub fn refusal(&self, topic: &str) -> Option<LogError> {
        self.topics.get(topic)?.queue.as_ref()?.refusal()
    }

    /// Whether a small append to this topic would find room now.
    ///
    /// # Errors
    /// [`LogError::NoRoom`] says which bound; [`LogError::NoSuchPartition`] for an unknown topic.
    pub fn check_room(&self, topic: &str) -> Result<(), LogError> {
        self.check_room_for(topic, RECORD_COST as u64)
    }

    /// The same for so many bytes.
    ///
    /// # Errors
    /// As [`Journal::check_room`].
    pub(crate) fn check_room_for(&self, topic: &str, bytes: u64) -> Result<(), LogError> {
        let config = &self.handles(topic)?.topic.home.topic;
        let Some(room) = &self.room else {
            return Ok(());
        };
        room.check(config.tier, bytes)
            .map_err(|detail| no_room(topic, detail))
    }

    /// Lets go of whole segments whose records all lie before `wanted`, the next offset of each
    /// partition that is still wanted; with `roll` also of the segment being written when nothing in it
    /// is. Carried out by the writer, later. Only a spool does this: nothing else knows of a second
    /// place in which its records stand.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] for an unknown topic or another number of partitions;
    /// [`LogError::Mismatch`] when opened for reading only.
    pub(crate) fn retire_before(
        &self,
        topic: &str,
        wanted: Vec<u64>,
        roll: bool,
    ) -> Result<(), LogError> {
        let handles = self.handles(topic)?;
        let partitions = handles.topic.home.topic.partitions;
        if wanted.len() != partitions as usize {
            return Err(handles.topic.no_such(partitions));
        }
        let queue = handles.queue.as_ref().ok_or_else(read_only)?;
        queue.order(Retire { wanted, roll });
        Ok(())
    }

    /// The writer's clock, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.notes.clock)()
    }

    /// Small files beside the topics.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    fn handles(&self, topic: &str) -> Result<&Handles, LogError> {
        self.topics
            .get(topic)
            .ok_or_else(|| LogError::NoSuchPartition {
                topic: topic.to_owned(),
                partition: 0,
            })
    }

    fn join_writers(&self) {
        let writers = std::mem::take(&mut *lock(&self.writers));
        for writer in writers {
            // A mailbox may hold the last handle, and lets go of it on the writer's own thread.
            if writer.thread().id() == std::thread::current().id() {
                continue;
            }
            if writer.join().is_err() {
                tracing::error!("a writer's thread of the journal has panicked");
            }
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Log for Journal {
    fn id(&self) -> LogId {
        self.id
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.topics
            .values()
            .map(|handles| handles.topic.home.topic.clone())
            .collect()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        let handles = self.handles(topic)?;
        let (Some(queue), Some(room)) = (&handles.queue, &self.room) else {
            return Err(read_only());
        };
        let (queue, room) = (Arc::clone(queue), Arc::clone(room));
        Ok(Arc::new(JournalAppender {
            config: handles.topic.home.topic.clone(),
            queue,
            room,
        }))
    }

    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        let topic = Arc::clone(&self.handles(topic)?.topic);
        Ok(Box::new(reader::JournalReader::new(topic)))
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.handles(topic)?.topic.start(partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.handles(topic)?.topic.end(partition)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        self.handles(topic)?.topic.offset_at(partition, time_ms)
    }

    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        let handles = self.handles(topic)?;
        if handles.queue.is_none() {
            let why = "this journal was opened for reading only: a membership would exclude nobody";
            return Err(LogError::Mismatch(why.to_owned()));
        }
        Ok(self
            .groups
            .join(group, topic, handles.topic.home.topic.partitions))
    }
}

struct JournalAppender {
    config: TopicConfig,
    queue: Arc<Queue>,
    room: Arc<Room>,
}

impl Appender for JournalAppender {
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        let mut bytes = 0usize;
        for (record, _) in &records {
            if let Err(error) = check_record(&self.config, record) {
                return Err(Refused {
                    records,
                    reason: error.into(),
                });
            }
            bytes = bytes.saturating_add(RECORD_COST + record.key.len() + record.value.len());
        }
        if records.is_empty() {
            return Ok(());
        }
        let call = Call {
            records,
            mailbox: Arc::clone(answers),
        };
        let (name, tier): (&str, Tier) = (&self.config.name, self.config.tier);
        let admit = || {
            let admitted = self.room.admit(tier, bytes as u64);
            admitted.map_err(|detail| Refusal::Log(no_room(name, detail)))
        };
        self.queue
            .push(call, bytes, Refusal::QueueFull, admit)
            .map_err(|(call, reason)| Refused {
                records: call.records,
                reason,
            })
    }
}

fn read_only() -> LogError {
    LogError::Mismatch("this journal was opened for reading only".to_owned())
}

fn no_room(topic: &str, detail: String) -> LogError {
    LogError::NoRoom {
        topic: topic.to_owned(),
        detail,
    }
}
