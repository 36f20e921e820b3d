//! Brings outputs into the log, in order, and comes back when all of them are durable.

use crate::clock::{Clock, Stop};
use crate::outputs::Pending;
use crate::status::{StageState, StageStatus};
use crate::tail::ON_THEIR_WAY_MAX;
use msglog::{Answer, Appender, Log, LogError, Mailbox, NewRecord, Refusal};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Records of one append: a queue of any backend takes that many.
const APPEND_RECORDS: usize = 1_024;

/// How long outputs may be on their way before the status says that the stage waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a stage that is asked to stop goes on waiting for the log.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Appends for one session. Its answers come to a box of its own, so that an earlier session's answers
/// are nobody's.
pub(crate) struct Sender {
    appenders: Vec<Arc<dyn Appender>>,
    inbox: Arc<Inbox>,
    answers: Arc<dyn Mailbox>,
    outstanding: usize,
    stop: Stop,
    clock: Arc<dyn Clock>,
    stop_seen: Option<Duration>,
    status: StageStatus,
    /// When the last answer came, or sending began.
    heard: Duration,
}

/// Why outputs are not all durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "stopped while outputs waited for the log; they are emitted again after the next start"
    )]
    Stopped,
}

impl Sender {
    pub(crate) fn new(
        log: &dyn Log,
        topics: &[String],
        stop: Stop,
        clock: Arc<dyn Clock>,
        status: StageStatus,
    ) -> Result<Self, LogError> {
        let inbox = Arc::new(Inbox::default());
        let appenders = topics
            .iter()
            .map(|topic| log.appender(topic))
            .collect::<Result<_, _>>()?;
        let answers: Arc<dyn Mailbox> = inbox.clone();
        Ok(Self {
            appenders,
            inbox,
            answers,
            outstanding: 0,
            stop,
            heard: clock.now(),
            clock,
            stop_seen: None,
            status,
        })
    }

    /// Sends everything and waits. On a failure the rest of what is on its way is waited for as well, so
    /// that the next session finds a quiet log. Returns how many were written.
    pub(crate) fn send(&mut self, pending: &mut Pending) -> Result<u64, SendError> {
        let mut written = 0_u64;
        self.heard = self.clock.now();
        while pending.len() > 0 {
            for topic in 0..self.appenders.len() {
                let cut = round(&pending.queues[topic]);
                let records: Vec<NewRecord> = pending.queues[topic].drain(..cut).collect();
                written += records.len() as u64;
                if let Err(error) = self.submit(topic, records) {
                    self.settle();
                    return Err(error);
                }
            }
            if let Err(error) = self.await_all() {
                self.settle();
                return Err(error);
            }
        }
        pending.bytes = 0;
        Ok(written)
    }

    fn submit(&mut self, topic: usize, records: Vec<NewRecord>) -> Result<(), SendError> {
        let mut records = records.into_iter().map(|record| (record, 0));
        loop {
            let mut chunk: Vec<(NewRecord, u64)> = records.by_ref().take(APPEND_RECORDS).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            let count = chunk.len();
            while let Err(refused) = self.appenders[topic].append(chunk, &self.answers) {
                match refused.reason {
                    Refusal::QueueFull => chunk = refused.records,
                    Refusal::Log(error) => return Err(error.into()),
                }
                self.collect(Duration::from_millis(5))?;
            }
            self.outstanding += count;
        }
    }

    fn await_all(&mut self) -> Result<(), SendError> {
        while self.outstanding > 0 {
            self.collect(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Takes the answers that are there, waiting a little for the first.
    fn collect(&mut self, wait: Duration) -> Result<(), SendError> {
        let (answered, failure) = self.inbox.take(wait);
        self.outstanding = self.outstanding.saturating_sub(answered);
        if let Some(error) = failure {
            return Err(error.into());
        }
        let now = self.clock.now();
        if answered > 0 {
            self.heard = now;
        } else if now.saturating_sub(self.heard) >= PATIENCE {
            self.status.set(
                StageState::Waiting,
                "outputs are on their way; the log does not say that it has them",
            );
        }
        if answered == 0 && self.stop.is_stopped() {
            let seen = *self.stop_seen.get_or_insert_with(|| self.clock.now());
            if self.clock.now().saturating_sub(seen) >= STOP_PATIENCE {
                return Err(SendError::Stopped);
            }
        }
        Ok(())
    }

    /// After a failure: waits a bounded time for what is still on its way.
    fn settle(&mut self) {
        for _ in 0..50 {
            if self.outstanding == 0 {
                return;
            }
            let (answered, _) = self.inbox.take(Duration::from_millis(100));
            self.outstanding = self.outstanding.saturating_sub(answered);
        }
    }
}

/// How many of these records may go before the first ones are durable.
fn round(records: &[NewRecord]) -> usize {
    if records.len() <= ON_THEIR_WAY_MAX {
        return records.len();
    }
    let mut counts: HashMap<u32, usize> = HashMap::new();
    let full = records.iter().position(|record| {
        let count = counts.entry(record.partition).or_default();
        *count += 1;
        *count > ON_THEIR_WAY_MAX
    });
    full.unwrap_or(records.len())
}

/// Where answers arrive.
#[derive(Default)]
struct Inbox {
    state: Mutex<(usize, Option<LogError>)>,
    arrived: Condvar,
}

impl Inbox {
    /// Answers since the last call, and the first failure among them.
    fn take(&self, wait: Duration) -> (usize, Option<LogError>) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .arrived
            .wait_timeout_while(state, wait, |(count, _)| *count == 0);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        (std::mem::take(&mut state.0), state.1.take())
    }
}

impl Mailbox for Inbox {
    fn deliver(&self, answers: Vec<Answer>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += answers.len();
        if let Some(error) = answers.into_iter().find_map(|answer| answer.result.err()) {
            state.1.get_or_insert(error);
        }
        self.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_round_holds_at_most_4096_of_a_partition() {
        let record = |partition| NewRecord {
            partition,
            key: Bytes::new(),
            value: Bytes::new(),
        };
        let even: Vec<_> = (0..10_000).map(|i| record(i % 4)).collect();
        assert_eq!(round(&even), 10_000);
        let one: Vec<_> = (0..4_097).map(|_| record(7)).collect();
        assert_eq!(round(&one), 4_096);
        let mixed: Vec<_> = (0..9_000).map(|i| record(i % 2)).collect();
        assert_eq!(round(&mixed), 8_192);
    }
}
