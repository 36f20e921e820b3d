//! The one thread that writes a topic: takes what waits, writes it, syncs once, publishes the durable
//! end, answers, and looks after segments. A failure of any of it is final: nothing more is written.

use super::active::Active;
use super::batch::{BODY_BYTES_FULL, HEADER, Header, Kind, push_record};
use super::config::Gather;
use super::files::write_poison;
use super::open::Clock;
use super::outbox::Outbox;
use super::queue::{Call, Queue, Retire, Taken};
use super::recover::Recovered;
use super::room::Room;
use super::topic::Topic;
use crate::contract::{LogError, NewRecord};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The index is synced after so many points: a start reads no more than that again.
const IDX_SYNC_POINTS: u64 = 8;
/// A topic with retention rolls after this part of it, so that what goes is never much older.
const ROLL_PARTS: u32 = 4;
/// How often retention is looked at, at most and at least.
const LOOK_AFTER_MIN: Duration = Duration::from_millis(10);
const LOOK_AFTER_MAX: Duration = Duration::from_secs(30);

/// What a journal gives each of its writers.
pub(super) struct Tools {
    pub(super) queue: Arc<Queue>,
    pub(super) room: Arc<Room>,
    pub(super) clock: Clock,
    pub(super) gather: Gather,
    pub(super) segment_bytes: u64,
}

pub(super) struct Writer {
    topic: Arc<Topic>,
    tools: Tools,
    active: Active,
    /// Position after the last batch written.
    position: u64,
    durable: u64,
    /// Next offset of each partition.
    next: Vec<u64>,
    buffer: Vec<u8>,
    outbox: Outbox,
}

impl Writer {
    /// A writer that goes on where recovery ended; publishes that end.
    pub(super) fn new(
        topic: Arc<Topic>,
        recovered: Recovered,
        tools: Tools,
    ) -> Result<Self, LogError> {
        tools.room.found(recovered.bytes);
        let (durable, next) = (recovered.view.durable, recovered.view.next.clone());
        let mut active = Active::new(Arc::clone(&topic), recovered)?;
        active.publish(durable, &next)?;
        let (buffer, outbox) = (Vec::with_capacity(2 * BODY_BYTES_FULL), Outbox::default());
        let position = durable;
        Ok(Self {
            topic,
            tools,
            active,
            position,
            durable,
            next,
            buffer,
            outbox,
        })
    }

    /// Writes until the queue is stopped or a write fails.
    pub(super) fn run(mut self) {
        let _guard = PanicGuard(Arc::clone(&self.tools.queue));
        let mut calls = Vec::new();
        let every = self.look_after_every();
        let mut look_after = every.and_then(|every| Instant::now().checked_add(every));
        loop {
            let taken = self
                .tools
                .queue
                .take(&mut calls, self.tools.gather, look_after);
            let done = match taken {
                Taken::Stopped { clean: true } => break,
                Taken::Stopped { clean: false } => return,
                Taken::Calls(bytes) => self.commit(&mut calls, bytes),
                Taken::Idle => Ok(()),
            };
            let due = look_after.is_some_and(|at| at <= Instant::now());
            let done = done.and_then(|()| if due { self.look_after() } else { Ok(()) });
            let order = self.tools.queue.take_order();
            let done = done.and_then(|()| order.map_or(Ok(()), |order| self.let_go(&order)));
            if let Err(error) = done {
                self.poison(&error);
                return;
            }
            if due {
                look_after = every.and_then(|every| Instant::now().checked_add(every));
            }
        }
        if let Err(error) = self.active.finish() {
            let topic = &self.topic.home.topic.name;
            tracing::warn!(topic, %error, "the index was not completed; the next start reads more");
        }
    }

    fn look_after_every(&self) -> Option<Duration> {
        let retention = self.topic.home.topic.retention?;
        Some((retention / (2 * ROLL_PARTS)).clamp(LOOK_AFTER_MIN, LOOK_AFTER_MAX))
    }

    /// Makes calls durable and answers them; on an error they are answered with it.
    fn commit(&mut self, calls: &mut Vec<Call>, bytes: usize) -> Result<(), LogError> {
        let count = calls.len();
        let before = self.position;
        let records = self.number(calls);
        let result = self.flush(records, (self.tools.clock)());
        self.tools.room.settle(bytes as u64, self.position - before);
        if let Err(error) = result {
            let error = self.poisoned(&error);
            // Nobody may be accepted between the failure and the refusal.
            self.tools
                .room
                .settle(self.tools.queue.refuse(&error) as u64, 0);
            self.outbox.deliver(Err(&error));
            return Err(error);
        }
        self.outbox.deliver(Ok(()));
        self.tools.queue.answered(count);
        self.index_if_due()
    }

    /// Gives every record its offset, in the order of acceptance.
    fn number(&mut self, calls: &mut Vec<Call>) -> Vec<(NewRecord, u64)> {
        let mut numbered = Vec::with_capacity(calls.iter().map(|call| call.records.len()).sum());
        for call in calls.drain(..) {
            let list = self.outbox.list(&call.mailbox);
            for (record, slot) in call.records {
                // The partition was checked before the record was accepted.
                let Some(next) = self.next.get_mut(record.partition as usize) else {
                    continue;
                };
                self.outbox.add(list, slot, record.partition, *next);
                numbered.push((record, *next));
                *next += 1;
            }
        }
        numbered
    }

    /// Writes, syncs and publishes.
    fn flush(&mut self, records: Vec<(NewRecord, u64)>, now_ms: i64) -> Result<(), LogError> {
        self.write_batches(records, now_ms)?;
        self.active.sync()?;
        self.durable = self.position;
        self.topic.advance(self.durable, &self.next, now_ms);
        self.active.publish(self.durable, &self.next)
    }

    fn write_batches(
        &mut self,
        records: Vec<(NewRecord, u64)>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        let mut count = 0u32;
        for (record, offset) in records {
            push_record(&mut self.buffer, &record, offset);
            count += 1;
            if self.buffer.len() >= HEADER + BODY_BYTES_FULL {
                self.write_batch(std::mem::take(&mut count), now_ms)?;
            }
        }
        if count > 0 {
            self.write_batch(count, now_ms)
        } else {
            Ok(())
        }
    }

    fn write_batch(&mut self, records: u32, time_ms: i64) -> Result<(), LogError> {
        let body = (self.buffer.len() - HEADER) as u64;
        let (position, durable, kind) = (self.position, self.durable, Kind::Records);
        let header = Header {
            position,
            durable,
            time_ms,
            body,
            records,
            kind,
        };
        self.buffer[..HEADER].copy_from_slice(&header.to_bytes());
        self.active.write(&self.buffer, position)?;
        self.position = header.end();
        self.buffer.truncate(HEADER);
        // One record of the largest size must not hold its memory for ever.
        self.buffer.shrink_to(4 * BODY_BYTES_FULL);
        Ok(())
    }

    /// After enough bytes sets an index point; after enough more syncs the index; after enough again
    /// begins a new segment.
    fn index_if_due(&mut self) -> Result<(), LogError> {
        let point_bytes = self.topic.home.point_bytes;
        if self.durable - self.active.last_point() >= point_bytes {
            self.active.set_point()?;
        }
        if self.durable - self.active.base() >= self.tools.segment_bytes {
            return self.roll((self.tools.clock)());
        }
        if self.active.unsynced() >= point_bytes.saturating_mul(IDX_SYNC_POINTS) {
            self.active.sync_idx()?;
        }
        Ok(())
    }

    fn roll(&mut self, now_ms: i64) -> Result<(), LogError> {
        let head_bytes = self.active.roll(self.durable, &self.next, now_ms)?;
        self.tools.room.found(head_bytes);
        Ok(())
    }

    /// Rolls by time and drops what is older than the topic keeps.
    fn look_after(&mut self) -> Result<(), LogError> {
        let Some(retention) = self.topic.home.topic.retention else {
            return Ok(());
        };
        let now_ms = (self.tools.clock)();
        let before = |age: Duration| {
            now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
        };
        let empty = self.durable == self.active.base();
        if !empty && self.active.created_ms() < before(retention / ROLL_PARTS) {
            self.roll(now_ms)?;
        }
        let mut retired = Vec::new();
        while let Some(segment) = self.topic.retire(before(retention)) {
            retired.push(segment);
        }
        self.unlink(retired)
    }

    /// Drops the segments of which nothing is wanted any more.
    fn let_go(&mut self, order: &Retire) -> Result<(), LogError> {
        let written = self.durable > self.active.base();
        if order.roll && written && self.next == order.wanted {
            self.roll((self.tools.clock)())?;
        }
        let mut retired = Vec::new();
        while let Some(segment) = self.topic.retire_unwanted(&order.wanted) {
            retired.push(segment);
        }
        self.unlink(retired)
    }

    fn unlink(&mut self, retired: Vec<(u64, u64)>) -> Result<(), LogError> {
        if retired.is_empty() {
            return Ok(());
        }
        // Readers in other processes learn it before the files go.
        self.active.publish(self.durable, &self.next)?;
        for (base, bytes) in retired {
            // One after the other: no older segment may come back without the ones behind it.
            self.topic.unlink(base)?;
            self.tools.room.freed(bytes);
            tracing::info!(
                topic = self.topic.home.topic.name,
                base,
                bytes,
                "segment retired"
            );
        }
        Ok(())
    }

    fn poisoned(&self, error: &LogError) -> LogError {
        let (topic, detail) = (self.topic.home.topic.name.clone(), error.to_string());
        LogError::Poisoned { topic, detail }
    }

    /// Refuses everything from now on, and leaves a mark of what may be trusted.
    fn poison(&mut self, error: &LogError) {
        let error = match error {
            LogError::Poisoned { .. } => error.clone(),
            other => self.poisoned(other),
        };
        let home = &self.topic.home;
        tracing::error!(topic = home.topic.name, %error, "the journal refuses until restart");
        let waiting = self.tools.queue.refuse(&error);
        self.tools.room.settle(waiting as u64, 0);
        if let Err(error) = write_poison(home.disk.as_ref(), &home.dir, home.id, self.durable) {
            let (topic, durable) = (&home.topic.name, self.durable);
            tracing::error!(topic, durable, %error, "could not mark the durable end");
        }
    }
}

/// A writer that panics must not leave its callers waiting for ever.
struct PanicGuard(Arc<Queue>);

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let detail = "the writer's thread has panicked".to_owned();
            let topic = self.0.topic().to_owned();
            self.0.refuse(&LogError::Poisoned { topic, detail });
        }
    }
}
