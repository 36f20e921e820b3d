//! The way out of a spool: reads it in order, sends what must be sent, and knows up to where everything
//! has arrived. When and how fast is the caller's affair; nothing here waits.

use super::errors::is_for_good;
use super::keep::{self, Dead};
use super::ledger::Verdict;
use crate::contract::{
    Answer, Appender, Durable, Log, LogError, Mailbox, NewRecord, Reader, Refusal,
};
use crate::journal::Journal;
use crate::sync::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is read ahead of the last record that has not arrived.
const WINDOW_RECORDS: usize = 2_048;
const WINDOW_BYTES: usize = 4 << 20;
/// What goes to the log in one call, and what may be on its way.
const CALL_RECORDS: usize = 64;
const CALL_BYTES: usize = 64 << 10;
const FLIGHT_RECORDS: usize = 1_024;
const FLIGHT_BYTES: usize = 1 << 20;

/// How a record has left the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Sent, and proved by the log.
    Forwarded(Durable),
    /// The log had it.
    Skipped,
    /// Set aside.
    Dead,
}

enum Status {
    /// Nobody has judged it yet.
    New,
    Ready,
    Sent,
    /// The log will never take it: to be set aside.
    Condemned(String),
    Done(How),
}

/// A record of the spool on its way.
pub(super) struct Item {
    pub(super) record: NewRecord,
    pub(super) offset: u64,
    pub(super) time_ms: i64,
    status: Status,
}

impl Item {
    pub(super) fn bytes(&self) -> usize {
        self.record
            .key
            .len()
            .saturating_add(self.record.value.len())
    }
}

/// Where the log's answers wait until they are looked at.
pub(super) struct Inbox {
    answers: Mutex<Vec<Answer>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Inbox {
    /// An inbox that calls `wake` whenever something came.
    pub(super) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::default(),
            wake: Box::new(wake),
        })
    }
}

impl Mailbox for Inbox {
    fn deliver(&self, mut answers: Vec<Answer>) {
        lock(&self.answers).append(&mut answers);
        (self.wake)();
    }
}

/// See the module.
pub(super) struct Feed {
    spool: Arc<Journal>,
    topic: String,
    target: Arc<dyn Appender>,
    inbox: Arc<Inbox>,
    reader: Box<dyn Reader>,
    /// Next offset to read, by partition; a reader that has failed is made again from it.
    next: Vec<u64>,
    window: VecDeque<Item>,
    window_bytes: usize,
    /// Number of the window's first item since the feed began.
    first: u64,
    flight_records: usize,
    flight_bytes: usize,
    /// Everything before has arrived.
    position: Vec<u64>,
    kept: Vec<u64>,
}

impl Feed {
    /// Begins at `position`.
    pub(super) fn new(
        spool: Arc<Journal>,
        topic: &str,
        target: Arc<dyn Appender>,
        inbox: Arc<Inbox>,
        position: Vec<u64>,
    ) -> Result<Self, LogError> {
        let reader = reader(&spool, topic, &position)?;
        Ok(Self {
            spool,
            topic: topic.to_owned(),
            target,
            inbox,
            reader,
            next: position.clone(),
            window: VecDeque::new(),
            window_bytes: 0,
            first: 0,
            flight_records: 0,
            flight_bytes: 0,
            kept: position.clone(),
            position,
        })
    }

    /// Reads on as far as the window goes; returns whether the durable end was reached.
    pub(super) fn read(&mut self) -> Result<bool, LogError> {
        let records = WINDOW_RECORDS.saturating_sub(self.window.len());
        let bytes = WINDOW_BYTES.saturating_sub(self.window_bytes);
        if records == 0 || bytes == 0 {
            return Ok(false);
        }
        let read = match self.reader.poll(records, bytes, Duration::ZERO) {
            Ok(read) => read,
            Err(error) => {
                self.reader = reader(&self.spool, &self.topic, &self.next)?;
                return Err(error);
            }
        };
        let ended = read.is_empty();
        for stored in read {
            if let Some(next) = self.next.get_mut(stored.partition as usize) {
                *next = stored.offset.saturating_add(1);
            }
            let item = Item {
                offset: stored.offset,
                time_ms: stored.time_ms,
                record: NewRecord {
                    partition: stored.partition,
                    key: stored.key,
                    value: stored.value,
                },
                status: Status::New,
            };
            self.window_bytes = self.window_bytes.saturating_add(item.bytes());
            self.window.push_back(item);
        }
        Ok(ended)
    }

    /// Asks what is to be done with what nobody has judged yet.
    pub(super) fn judge(&mut self, mut verdict: impl FnMut((u32, u64)) -> Verdict) {
        for item in &mut self.window {
            if matches!(item.status, Status::New) {
                match verdict((item.record.partition, item.offset)) {
                    Verdict::Send => item.status = Status::Ready,
                    Verdict::Skip => item.status = Status::Done(How::Skipped),
                    Verdict::Wait => {}
                }
            }
        }
    }

    /// Whether something could be sent now.
    pub(super) fn is_ready(&self) -> bool {
        self.flight_records < FLIGHT_RECORDS
            && self.flight_bytes < FLIGHT_BYTES
            && self.ready().next().is_some()
    }

    fn ready(&self) -> impl Iterator<Item = (usize, &Item)> {
        let numbered = self.window.iter().enumerate();
        numbered.filter(|(_, item)| matches!(item.status, Status::Ready))
    }

    /// Sends the next records, one call's worth; returns how many bytes.
    pub(super) fn send(&mut self) -> Result<usize, Refusal> {
        if !self.is_ready() {
            return Ok(0);
        }
        let (mut places, mut bytes) = (Vec::new(), 0);
        for (place, item) in self.ready().take(CALL_RECORDS) {
            places.push(place);
            bytes += item.bytes();
            if bytes >= CALL_BYTES {
                break;
            }
        }
        match self.send_these(&places) {
            Err(Refusal::Log(error)) if is_for_good(&error) => {
                // One of them: each is offered alone.
                for place in &places {
                    match self.send_these(&[*place]) {
                        Err(Refusal::Log(error)) if is_for_good(&error) => {
                            if let Some(item) = self.window.get_mut(*place) {
                                item.status = Status::Condemned(error.to_string());
                            }
                        }
                        other => other?,
                    }
                }
            }
            other => other?,
        }
        Ok(bytes)
    }

    fn send_these(&mut self, places: &[usize]) -> Result<(), Refusal> {
        let mut records = Vec::with_capacity(places.len());
        for place in places {
            if let Some(item) = self.window.get_mut(*place) {
                item.status = Status::Sent;
                self.flight_records += 1;
                self.flight_bytes += item.bytes();
                records.push((item.record.clone(), self.first + *place as u64));
            }
        }
        let mailbox: Arc<dyn Mailbox> = self.inbox.clone();
        let Err(refused) = self.target.append(records, &mailbox) else {
            return Ok(());
        };
        for place in places {
            self.landed(*place, Status::Ready);
        }
        Err(refused.reason)
    }

    /// A record is no longer on its way.
    fn landed(&mut self, place: usize, status: Status) {
        if let Some(item) = self.window.get_mut(place)
            && matches!(item.status, Status::Sent)
        {
            item.status = status;
            self.flight_records = self.flight_records.saturating_sub(1);
            self.flight_bytes = self.flight_bytes.saturating_sub(item.bytes());
        }
    }

    /// Looks at the log's answers; returns the last failure that trying again may mend.
    pub(super) fn collect(&mut self) -> Option<LogError> {
        let answers = std::mem::take(&mut *lock(&self.inbox.answers));
        let mut failure = None;
        for Answer { slot, result } in answers {
            let place = slot
                .checked_sub(self.first)
                .and_then(|place| usize::try_from(place).ok());
            let status = match result {
                Ok(proof) => Status::Done(How::Forwarded(proof)),
                Err(error) if is_for_good(&error) => Status::Condemned(error.to_string()),
                Err(error) => {
                    failure = Some(error);
                    Status::Ready
                }
            };
            if let Some(place) = place {
                self.landed(place, status);
            }
        }
        failure
    }

    /// Whether something is to be set aside.
    pub(super) fn has_condemned(&self) -> bool {
        let condemned = |item: &Item| matches!(item.status, Status::Condemned(_));
        self.window.iter().any(condemned)
    }

    /// Sets aside what the log will never take.
    pub(super) fn bury(&mut self) -> Result<(), LogError> {
        for item in &mut self.window {
            let Status::Condemned(reason) = &item.status else {
                continue;
            };
            let (partition, offset) = (item.record.partition, item.offset);
            let dead = Dead {
                partition,
                offset,
                time_ms: item.time_ms,
                key: &item.record.key,
                value: &item.record.value,
                reason,
            };
            keep::bury(self.spool.notes(), &dead)?;
            tracing::error!(
                topic = self.topic,
                partition,
                offset,
                reason,
                "a record of the spool was set aside: the log refuses it for good"
            );
            item.status = Status::Done(How::Dead);
        }
        Ok(())
    }

    /// Passes over what has arrived, in order.
    pub(super) fn advance(&mut self, mut gone: impl FnMut(&Item, How)) {
        while let Some(item) = self.window.front()
            && let Status::Done(how) = item.status
        {
            if let Some(position) = self.position.get_mut(item.record.partition as usize) {
                *position = item.offset.saturating_add(1);
            }
            gone(item, how);
            self.window_bytes = self.window_bytes.saturating_sub(item.bytes());
            self.window.pop_front();
            self.first += 1;
        }
    }

    /// The spool was read to its end, and that was no earlier than `end`: what the window does not
    /// hold is a gap.
    pub(super) fn pass_gaps(&mut self, end: &[u64]) {
        if self.window.is_empty() {
            for (position, end) in self.position.iter_mut().zip(end) {
                *position = (*position).max(*end);
            }
        }
    }

    /// Everything before this has arrived.
    pub(super) fn position(&self) -> &[u64] {
        &self.position
    }

    pub(super) fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    /// When the oldest that has not arrived was appended.
    pub(super) fn oldest_ms(&self) -> Option<i64> {
        self.window.front().map(|item| item.time_ms)
    }

    /// Whether the position has moved since it was kept.
    pub(super) fn has_moved(&self) -> bool {
        self.kept != self.position
    }

    /// Remembers the position, and lets go of segments that nobody needs; with `roll` also of the one
    /// being written.
    pub(super) fn keep(&mut self, roll: bool) -> Result<(), LogError> {
        if self.has_moved() {
            keep::keep_drained(self.spool.notes(), &self.position)?;
            self.kept.clone_from(&self.position);
        }
        self.spool
            .retire_before(&self.topic, self.position.clone(), roll)
    }
}

fn reader(spool: &Journal, topic: &str, position: &[u64]) -> Result<Box<dyn Reader>, LogError> {
    let mut reader = spool.reader(topic)?;
    for (partition, offset) in (0u32..).zip(position) {
        reader.seek(partition, *offset)?;
    }
    Ok(reader)
}
