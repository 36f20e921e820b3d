//! One topic in memory: its partitions, and the faults that a test has ordered. No reader's position.

use crate::contract::{
    Answer, Durable, LogError, Mailbox, NewRecord, Refusal, Refused, Stored, TopicConfig,
};
use crate::limits::check_record;
use crate::sync::lock;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// What may wait while answers are held back, in bytes of keys and values; the journal's default.
const QUEUE_BYTES: usize = 64 << 20;

pub(super) struct Topic {
    pub(super) config: TopicConfig,
    state: Mutex<State>,
    pub(super) grew: Condvar,
}

pub(super) struct State {
    pub(super) parts: Vec<Part>,
    pub(super) time_ms: i64,
    /// Accepted and not durable; `None` while nothing is held back.
    pub(super) held: Option<Vec<Held>>,
    /// Records that will still become durable before a flush fails.
    pub(super) fail_after: Option<u64>,
    /// The first failure: the topic refuses everything.
    pub(super) poisoned: Option<String>,
    /// What a test wants every append to be refused with.
    pub(super) refuse: Option<Refusal>,
    /// Whether it says that it is away.
    pub(super) is_away: bool,
    /// What may wait while answers are held back, in bytes of keys and values.
    pub(super) queue_bytes: usize,
}

pub(super) struct Held {
    record: NewRecord,
    slot: u64,
    mailbox: Arc<dyn Mailbox>,
}

#[derive(Default)]
pub(super) struct Part {
    start: u64,
    end: u64,
    /// From `start` on, in the order of their offsets.
    records: Vec<Stored>,
}

impl Part {
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// What stands at this offset and behind it.
    pub(super) fn from(&self, offset: u64) -> &[Stored] {
        let before = self
            .records
            .partition_point(|record| record.offset < offset);
        &self.records[before..]
    }

    pub(super) fn offset_at(&self, time_ms: i64) -> u64 {
        let older = self.records.iter().rfind(|record| record.time_ms < time_ms);
        older.map_or(self.start, |record| record.offset + 1)
    }

    pub(super) fn retain_from(&mut self, offset: u64) {
        self.start = offset.clamp(self.start, self.end);
        self.records.retain(|record| record.offset >= self.start);
    }

    pub(super) fn lose_from(&mut self, offset: u64) {
        self.records.retain(|record| record.offset < offset);
    }

    fn push(&mut self, record: NewRecord, time_ms: i64) -> (u32, u64) {
        let NewRecord {
            partition,
            key,
            value,
        } = record;
        let offset = self.end;
        self.end += 1;
        self.records.push(Stored {
            partition,
            offset,
            time_ms,
            key,
            value,
        });
        (partition, offset)
    }
}

impl Topic {
    pub(super) fn new(config: TopicConfig) -> Self {
        let parts = (0..config.partitions).map(|_| Part::default()).collect();
        let state = Mutex::new(State {
            parts,
            time_ms: 0,
            held: None,
            fail_after: None,
            poisoned: None,
            refuse: None,
            is_away: false,
            queue_bytes: QUEUE_BYTES,
        });
        Self {
            config,
            state,
            grew: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn no_such(&self, partition: u32) -> LogError {
        LogError::NoSuchPartition {
            topic: self.config.name.clone(),
            partition,
        }
    }

    /// Looks at one partition.
    pub(super) fn with<T>(
        &self,
        partition: u32,
        look: impl FnOnce(&Part) -> T,
    ) -> Result<T, LogError> {
        let state = self.lock();
        let part = state
            .parts
            .get(partition as usize)
            .ok_or_else(|| self.no_such(partition))?;
        Ok(look(part))
    }

    pub(super) fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        mailbox: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        let mut state = self.lock();
        if let Err(reason) = self.admit(&state, &records) {
            return Err(Refused { records, reason });
        }
        let records = records.into_iter().map(|(record, slot)| {
            let mailbox = Arc::clone(mailbox);
            Held {
                record,
                slot,
                mailbox,
            }
        });
        if let Some(held) = &mut state.held {
            held.extend(records);
        } else {
            self.flush(&mut state, records.collect());
        }
        Ok(())
    }

    fn admit(&self, state: &State, records: &[(NewRecord, u64)]) -> Result<(), Refusal> {
        if let Some(refusal) = &state.refuse {
            return Err(refusal.clone());
        }
        if let Some(detail) = &state.poisoned {
            return Err(self.poisoned(detail).into());
        }
        for (record, _) in records {
            check_record(&self.config, record)?;
        }
        let size = |record: &NewRecord| record.key.len() + record.value.len();
        let waiting: usize = state
            .held
            .iter()
            .flatten()
            .map(|held| size(&held.record))
            .sum();
        let more: usize = records.iter().map(|(record, _)| size(record)).sum();
        // A call into an empty queue is taken whatever its size, as in the journal.
        if waiting > 0 && waiting + more > state.queue_bytes {
            return Err(Refusal::QueueFull);
        }
        Ok(())
    }

    /// Makes records durable and answers them. Answers go out under the lock: this keeps them in the
    /// order of acceptance.
    pub(super) fn flush(&self, state: &mut State, records: Vec<Held>) {
        let mut lists: Vec<(Arc<dyn Mailbox>, Vec<Answer>)> = Vec::new();
        for Held {
            record,
            slot,
            mailbox,
        } in records
        {
            let answer = Answer {
                slot,
                result: self.store(state, record),
            };
            match lists
                .iter_mut()
                .find(|(known, _)| Arc::ptr_eq(known, &mailbox))
            {
                Some((_, list)) => list.push(answer),
                None => lists.push((mailbox, vec![answer])),
            }
        }
        for (mailbox, list) in lists {
            mailbox.deliver(list);
        }
        self.grew.notify_all();
    }

    /// Appends one record whatever a test has ordered.
    pub(super) fn push(&self, record: NewRecord) -> Result<u64, LogError> {
        let mut state = self.lock();
        let (partition, time_ms) = (record.partition, state.time_ms);
        let part = state.parts.get_mut(partition as usize);
        let (_, offset) = part
            .ok_or_else(|| self.no_such(partition))?
            .push(record, time_ms);
        Ok(offset)
    }

    fn store(&self, state: &mut State, record: NewRecord) -> Result<Durable, LogError> {
        if state.poisoned.is_none() && state.fail_after == Some(0) {
            state.poisoned = Some("a test ordered this failure".to_owned());
        }
        if let Some(detail) = &state.poisoned {
            return Err(self.poisoned(detail));
        }
        state.fail_after = state.fail_after.map(|left| left.saturating_sub(1));
        let (partition, time_ms) = (record.partition, state.time_ms);
        let part = state.parts.get_mut(partition as usize);
        let (partition, offset) = part
            .ok_or_else(|| self.no_such(partition))?
            .push(record, time_ms);
        Ok(Durable::in_log(partition, offset))
    }

    fn poisoned(&self, detail: &str) -> LogError {
        LogError::Poisoned {
            topic: self.config.name.clone(),
            detail: detail.to_owned(),
        }
    }
}
