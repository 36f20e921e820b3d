//! A log around the memory log that dies at a chosen output, and in which a second owner of everything
//! can be had.

use msglog::memory::MemoryLog;
use msglog::{
    Answer, Appender, Log, LogError, LogId, Mailbox, Membership, NewRecord, Reader, Refused,
    Stored, TopicConfig,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to the output after the first `after` ones of all topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It and all later ones never arrive.
    Before,
    /// It is durable, but the answer is a failure; later ones never arrive.
    Unheard,
    /// It never arrives and its answer is a failure, while later ones go through, as behind a record that has timed out.
    Alone,
}

pub(crate) struct Faulty {
    pub(crate) log: Arc<MemoryLog>,
    /// Outputs that may still arrive, and what comes then; `None` is no fault.
    plan: Arc<Mutex<Option<(u64, Death)>>>,
    /// Readers that give nothing and say nothing of it: those that were made before this number of them.
    deaf: Arc<Mutex<u64>>,
    readers: Mutex<u64>,
    /// Put before the group's name: another prefix is another group, which owns everything too.
    group: String,
}

impl Faulty {
    pub(crate) fn new(log: &Arc<MemoryLog>, group: &str) -> Arc<Self> {
        let plan = Arc::new(Mutex::new(None));
        Arc::new(Self {
            log: Arc::clone(log),
            plan,
            deaf: Arc::default(),
            readers: Mutex::default(),
            group: group.to_owned(),
        })
    }

    /// Every reader that there is gives nothing from now on.
    pub(crate) fn deafen(&self) {
        *self.deaf.lock().unwrap() = *self.readers.lock().unwrap();
    }

    pub(crate) fn die_after(&self, outputs: u64, death: Death) {
        *self.plan.lock().unwrap() = Some((outputs, death));
    }

    pub(crate) fn heal(&self) {
        *self.plan.lock().unwrap() = None;
    }
}

impl Log for Faulty {
    fn id(&self) -> LogId {
        self.log.id()
    }
    fn topics(&self) -> Vec<TopicConfig> {
        self.log.topics()
    }
    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        let inner = self.log.appender(topic)?;
        Ok(Arc::new(Dying {
            inner,
            plan: Arc::clone(&self.plan),
        }))
    }
    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        let mut readers = self.readers.lock().unwrap();
        *readers += 1;
        Ok(Box::new(Listening {
            inner: self.log.reader(topic)?,
            number: *readers,
            deaf: Arc::clone(&self.deaf),
        }))
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
        self.log.join(&format!("{}{group}", self.group), topic)
    }
}

struct Listening {
    inner: Box<dyn Reader>,
    number: u64,
    deaf: Arc<Mutex<u64>>,
}

impl Reader for Listening {
    fn poll(
        &mut self,
        max_records: usize,
        max_bytes: usize,
        wait: Duration,
    ) -> Result<Vec<Stored>, LogError> {
        if self.number <= *self.deaf.lock().unwrap() {
            return Ok(Vec::new());
        }
        self.inner.poll(max_records, max_bytes, wait)
    }
    fn seek(&mut self, partition: u32, offset: u64) -> Result<(), LogError> {
        self.inner.seek(partition, offset)
    }
    fn remove(&mut self, partition: u32) {
        self.inner.remove(partition);
    }
    fn position(&self, partition: u32) -> Option<u64> {
        self.inner.position(partition)
    }
}

struct Dying {
    inner: Arc<dyn Appender>,
    plan: Arc<Mutex<Option<(u64, Death)>>>,
}

fn dead() -> LogError {
    LogError::Poisoned {
        topic: "test".to_owned(),
        detail: "the log died here".to_owned(),
    }
}

impl Appender for Dying {
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        let mut plan = self.plan.lock().unwrap();
        for (record, slot) in records {
            match &mut *plan {
                None => {
                    self.inner.append(vec![(record, slot)], answers)?;
                    continue;
                }
                Some((left, _)) if *left > 0 => {
                    *left -= 1;
                    self.inner.append(vec![(record, slot)], answers)?;
                    continue;
                }
                Some((_, Death::Before)) => {}
                Some((_, death @ Death::Unheard)) => {
                    let nobody: Arc<dyn Mailbox> = Arc::new(Nobody);
                    self.inner.append(vec![(record, slot)], &nobody)?;
                    *death = Death::Before;
                }
                Some((_, Death::Alone)) => *plan = None,
            }
            answers.deliver(vec![Answer {
                slot,
                result: Err(dead()),
            }]);
        }
        Ok(())
    }
}

struct Nobody;

impl Mailbox for Nobody {
    fn deliver(&self, _answers: Vec<Answer>) {}
}
