//! The bounded queue in front of a topic's writer. Callers put calls in, the writer takes all of them
//! at once; what is waiting and what is being written count against the bound together.

use super::config::Gather;
use crate::contract::{Answer, LogError, Mailbox, NewRecord};
use crate::sync::{lock, wait_until};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Book-keeping of one waiting record, in bytes.
pub(super) const RECORD_COST: usize = 128;
/// Waiting bytes that fill a write well enough: no gathering beyond.
const ENOUGH_BYTES: usize = 512 << 10;
/// A flush of fewer calls is no crowd: gathering would only delay.
const CROWD_CALLS: usize = 8;
/// A crowd is forgotten after so many gathering times.
const CROWD_MEMORY: u32 = 4;

/// One accepted call.
pub(super) struct Call {
    pub(super) records: Vec<(NewRecord, u64)>,
    pub(super) mailbox: Arc<dyn Mailbox>,
}

/// Why the writer was woken.
pub(super) enum Taken {
    /// Calls were taken, of so many bytes.
    Calls(usize),
    /// The time to look after segments has come.
    Idle,
    /// Nothing more will come; `clean` when everything was written.
    Stopped {
        /// Whether the end should be left tidy.
        clean: bool,
    },
}

/// The queue of one topic.
pub(super) struct Queue {
    topic: String,
    bytes_max: usize,
    state: Mutex<State>,
    wake: Condvar,
}

struct State {
    calls: Vec<Call>,
    /// Of waiting calls.
    waiting_bytes: usize,
    /// Of calls that the writer has taken and not answered.
    writing_bytes: usize,
    refuse: Option<LogError>,
    /// Whether and how the writer is to stop.
    stopping: Option<bool>,
    /// Number of waiting calls at which the writer wants to be woken.
    wake_at: usize,
    /// Calls of the last flush and when it ended: is there a crowd?
    last: Option<(usize, Instant)>,
    /// What the writer is to let go of as soon as it can.
    retire: Option<Retire>,
}

/// An order to let go of segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retire {
    /// Next offset that is still wanted, of each partition.
    pub(super) wanted: Vec<u64>,
    /// Also of the segment being written, when nothing in it is wanted.
    pub(super) roll: bool,
}

impl Queue {
    pub(super) fn new(topic: &str, bytes_max: usize) -> Self {
        let state = State {
            calls: Vec::new(),
            waiting_bytes: 0,
            writing_bytes: 0,
            refuse: None,
            stopping: None,
            wake_at: usize::MAX,
            last: None,
            retire: None,
        };
        let (state, wake) = (Mutex::new(state), Condvar::new());
        Self {
            topic: topic.to_owned(),
            bytes_max,
            state,
            wake,
        }
    }

    /// Accepts a call of `bytes`, unless `admit` refuses it. A call into an empty queue is taken
    /// whatever its size, so that a large one can be written at all.
    pub(super) fn push<E>(
        &self,
        call: Call,
        bytes: usize,
        full: E,
        admit: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), (Call, E)>
    where
        E: From<LogError>,
    {
        let mut state = lock(&self.state);
        if let Some(error) = &state.refuse {
            return Err((call, error.clone().into()));
        }
        let held = state.waiting_bytes + state.writing_bytes;
        if held > 0 && held.saturating_add(bytes) > self.bytes_max {
            return Err((call, full));
        }
        if let Err(reason) = admit() {
            return Err((call, reason));
        }
        state.calls.push(call);
        state.waiting_bytes += bytes;
        if state.calls.len() >= state.wake_at || state.waiting_bytes >= ENOUGH_BYTES {
            state.wake_at = usize::MAX;
            drop(state);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Takes everything that waits into `calls`, which is empty; waits for it, and gathers.
    pub(super) fn take(
        &self,
        calls: &mut Vec<Call>,
        gather: Gather,
        idle: Option<Instant>,
    ) -> Taken {
        let mut state = lock(&self.state);
        while state.calls.is_empty() {
            if state.retire.is_some() && state.stopping != Some(false) {
                return Taken::Idle;
            }
            if let Some(clean) = state.stopping {
                return Taken::Stopped { clean };
            }
            state.wake_at = 1;
            let (guard, late) = wait_until(&self.wake, state, idle);
            state = guard;
            if late {
                return Taken::Idle;
            }
        }
        state = self.gather(state, gather);
        state.wake_at = usize::MAX;
        std::mem::swap(calls, &mut state.calls);
        state.writing_bytes = std::mem::take(&mut state.waiting_bytes);
        Taken::Calls(state.writing_bytes)
    }

    /// Waits for company, if the last flush had some and was a moment ago.
    fn gather<'q>(&self, mut state: MutexGuard<'q, State>, g: Gather) -> MutexGuard<'q, State> {
        let begin = Instant::now();
        let Some((crowd, ended)) = state.last else {
            return state;
        };
        let forgotten = begin.duration_since(ended) > g.max.saturating_mul(CROWD_MEMORY);
        if crowd < CROWD_CALLS || forgotten || g.step == Duration::ZERO {
            return state;
        }
        loop {
            let count = state.calls.len();
            let spent = begin.elapsed();
            let enough = count >= crowd || state.waiting_bytes >= ENOUGH_BYTES;
            if enough || spent >= g.max || state.stopping.is_some() {
                return state;
            }
            state.wake_at = crowd;
            let until = Instant::now().checked_add(g.step.min(g.max - spent));
            (state, _) = wait_until(&self.wake, state, until);
            if state.calls.len() == count {
                return state;
            }
        }
    }

    /// The writer has answered what it took last.
    pub(super) fn answered(&self, calls: usize) {
        let mut state = lock(&self.state);
        state.writing_bytes = 0;
        state.last = Some((calls, Instant::now()));
    }

    /// Lets the writer let go of segments; a later order replaces one that was not carried out yet.
    pub(super) fn order(&self, retire: Retire) {
        lock(&self.state).retire = Some(retire);
        self.wake.notify_one();
    }

    /// The order that waits, if there is one.
    pub(super) fn take_order(&self) -> Option<Retire> {
        lock(&self.state).retire.take()
    }

    /// Lets the writer write what waits and then stop tidily; refuses from now on.
    pub(super) fn close(&self) {
        self.stop(true);
    }

    /// Stops the writer as soon as what it is writing is written; answers what waits with an error.
    pub(super) fn abandon(&self) {
        self.refuse(&LogError::Closed {
            topic: self.topic.clone(),
        });
        self.stop(false);
    }

    fn stop(&self, clean: bool) {
        let mut state = lock(&self.state);
        state.refuse.get_or_insert_with(|| LogError::Closed {
            topic: self.topic.clone(),
        });
        state.stopping.get_or_insert(clean);
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Refuses from now on and answers what waits with `error`; returns how many bytes waited.
    pub(super) fn refuse(&self, error: &LogError) -> usize {
        let (waiting, bytes) = {
            let mut state = lock(&self.state);
            state.refuse.get_or_insert_with(|| error.clone());
            (
                std::mem::take(&mut state.calls),
                std::mem::take(&mut state.waiting_bytes),
            )
        };
        for call in waiting {
            let answer = |(_, slot)| Answer {
                slot,
                result: Err(error.clone()),
            };
            call.mailbox
                .deliver(call.records.into_iter().map(answer).collect());
        }
        bytes
    }

    /// Why the topic refuses, if it does.
    pub(super) fn refusal(&self) -> Option<LogError> {
        lock(&self.state).refuse.clone()
    }

    /// Bytes that wait or are being written.
    pub(super) fn bytes(&self) -> usize {
        let state = lock(&self.state);
        state.waiting_bytes + state.writing_bytes
    }
}
