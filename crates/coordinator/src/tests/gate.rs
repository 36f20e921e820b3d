//! A log whose appends wait, one record at a time, until a test lets them; and may fail there.

use msglog::memory::MemoryLog;
use msglog::{
    Answer, Appender, Log, LogError, LogId, Mailbox, Membership, NewRecord, Reader, Refused,
    TopicConfig,
};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What befalls the record at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// It never reaches the log, nor does anything after it.
    DiesBefore,
    /// It reaches the log, but its writer never hears of it.
    DiesUnheard,
}

#[derive(Default)]
struct State {
    waiting: bool,
    granted: Option<Fate>,
    open: bool,
    dead: bool,
    finished: bool,
}

/// One owner's gate.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    /// Waits until the owner stands at the gate (true) or has finished (false).
    pub(crate) fn arrive(&self) -> bool {
        let limit = Duration::from_secs(20);
        let (state, late) = self
            .changed
            .wait_timeout_while(self.state.lock().unwrap(), limit, |s| {
                !(s.finished || (s.waiting && s.granted.is_none()))
            })
            .unwrap();
        assert!(!late.timed_out(), "an owner neither appends nor ends");
        !state.finished
    }

    pub(crate) fn let_one(&self) {
        self.grant(Fate::Passes);
    }

    pub(crate) fn grant(&self, fate: Fate) {
        self.state.lock().unwrap().granted = Some(fate);
        self.changed.notify_all();
    }

    pub(crate) fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    pub(crate) fn finish(&self) {
        self.state.lock().unwrap().finished = true;
        self.changed.notify_all();
    }

    fn pass(&self) -> Fate {
        let mut state = self.state.lock().unwrap();
        if state.dead {
            return Fate::DiesBefore;
        }
        state.waiting = true;
        self.changed.notify_all();
        let mut state = self
            .changed
            .wait_while(state, |s| s.granted.is_none() && !s.open)
            .unwrap();
        state.waiting = false;
        let fate = state.granted.take().unwrap_or(Fate::DiesBefore);
        state.dead = fate != Fate::Passes;
        fate
    }
}

/// The log as one owner sees it.
pub(crate) struct Gated {
    log: Arc<MemoryLog>,
    gate: Arc<Gate>,
}

impl Gated {
    pub(crate) fn new(log: &Arc<MemoryLog>, gate: &Arc<Gate>) -> Arc<Self> {
        Arc::new(Self {
            log: Arc::clone(log),
            gate: Arc::clone(gate),
        })
    }
}

struct Door {
    inner: Arc<dyn Appender>,
    gate: Arc<Gate>,
}

impl Appender for Door {
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        for (record, slot) in records {
            let fate = self.gate.pass();
            if fate == Fate::Passes {
                self.inner.append(vec![(record, slot)], answers)?;
                continue;
            }
            if fate == Fate::DiesUnheard {
                let nobody: Arc<dyn Mailbox> = Arc::new(Nobody);
                self.inner.append(vec![(record, slot)], &nobody)?;
            }
            let detail = "a test ordered it".to_owned();
            let result = Err(LogError::Away { detail });
            answers.deliver(vec![Answer { slot, result }]);
        }
        Ok(())
    }
}

struct Nobody;

impl Mailbox for Nobody {
    fn deliver(&self, _answers: Vec<Answer>) {}
}

impl Log for Gated {
    fn id(&self) -> LogId {
        self.log.id()
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.log.topics()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        Ok(Arc::new(Door {
            inner: self.log.appender(topic)?,
            gate: Arc::clone(&self.gate),
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
        self.log.join(group, topic)
    }
}
