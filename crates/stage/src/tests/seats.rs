//! A process's seat in its group, as a test moves it: it can be taken away without a word, so that its owner
//! goes on as a zombie, and given back.

use msglog::memory::MemoryLog;
use msglog::{
    Appender, GroupEvent, Log, LogError, LogId, Membership, Reader, Refusal, TopicConfig,
};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Seat {
    inner: Option<Box<dyn Membership>>,
    held: BTreeSet<u32>,
    is_zombie: bool,
    /// What a zombie is told when it wakes.
    news: VecDeque<GroupEvent>,
}

/// The log of one process.
pub(crate) struct Seated {
    log: Arc<MemoryLog>,
    seat: Arc<Mutex<Seat>>,
}

impl Seated {
    pub(crate) fn new(log: &Arc<MemoryLog>) -> Arc<Self> {
        Arc::new(Self {
            log: Arc::clone(log),
            seat: Arc::default(),
        })
    }

    /// The group gives its partitions to others; the process does not know.
    pub(crate) fn steal(&self) {
        let mut seat = self.seat.lock().unwrap();
        if seat.inner.take().is_some() {
            seat.is_zombie = true;
        }
    }

    /// The process hears of it, and stands in the group again.
    pub(crate) fn wake(&self, group: &str, topic: &str) {
        let mut seat = self.seat.lock().unwrap();
        if !std::mem::take(&mut seat.is_zombie) {
            return;
        }
        let lost: Vec<u32> = seat.held.iter().copied().collect();
        seat.held.clear();
        seat.news.push_back(GroupEvent::Revoked(lost));
        seat.inner = Some(self.log.join(group, topic).unwrap());
    }
}

struct Sitting(Arc<Mutex<Seat>>);

impl Membership for Sitting {
    fn poll(&mut self, wait: Duration) -> Result<Option<GroupEvent>, LogError> {
        let mut seat = self.0.lock().unwrap();
        if seat.is_zombie {
            return Ok(None);
        }
        if let Some(news) = seat.news.pop_front() {
            return Ok(Some(news));
        }
        let Some(inner) = &mut seat.inner else {
            return Ok(None);
        };
        let event = inner.poll(wait)?;
        if let Some(GroupEvent::Assigned(partitions)) = &event {
            seat.held.extend(partitions);
        }
        Ok(event)
    }

    fn release(&mut self, partitions: &[u32]) {
        let mut seat = self.0.lock().unwrap();
        if let Some(inner) = &mut seat.inner {
            inner.release(partitions);
        }
        seat.held
            .retain(|partition| !partitions.contains(partition));
    }

    fn owns(&self, partition: u32) -> bool {
        // A zombie believes what it believed.
        self.0.lock().unwrap().held.contains(&partition)
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = Seat::default();
    }
}

impl Log for Seated {
    fn id(&self) -> LogId {
        self.log.id()
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.log.topics()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        Ok(Arc::new(OneLife {
            inner: self.log.appender(topic)?,
            failed: Mutex::new(false),
        }))
    }

    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        self.log.reader(topic)
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.log.start_offset(topic, partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.log.end_offset(topic, partition)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        self.log.offset_at(topic, partition, time_ms)
    }

    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        let inner = self.log.join(group, topic)?;
        *self.seat.lock().unwrap() = Seat {
            inner: Some(inner),
            ..Seat::default()
        };
        Ok(Box::new(Sitting(Arc::clone(&self.seat))))
    }
}

/// After one refusal it refuses everything, as a producer does whose order is broken: only a new one helps.
struct OneLife {
    inner: Arc<dyn Appender>,
    failed: Mutex<bool>,
}

impl Appender for OneLife {
    fn append(
        &self,
        records: Vec<(msglog::NewRecord, u64)>,
        answers: &Arc<dyn msglog::Mailbox>,
    ) -> Result<(), msglog::Refused> {
        let mut failed = self.failed.lock().unwrap();
        if *failed {
            let detail = "this appender has failed before".to_owned();
            let reason = Refusal::Log(LogError::Away { detail });
            return Err(msglog::Refused { records, reason });
        }
        let appended = self.inner.append(records, answers);
        *failed = appended.is_err();
        appended
    }
}
