//! Append and wait: for the few writers that have nothing else to do until their records are durable.

use msglog::{Answer, Appender, Durable, LogError, Mailbox, NewRecord, Refusal};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a full queue is given to drain between two tries.
const FULL_QUEUE_WAIT: Duration = Duration::from_millis(5);

struct Waiting {
    answers: Mutex<Vec<Answer>>,
    arrived: Condvar,
}

impl Mailbox for Waiting {
    fn deliver(&self, answers: Vec<Answer>) {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(answers);
        self.arrived.notify_all();
    }
}

/// Appends all `records` and waits, at most `limit`, until every one of them is durable. The proofs come in
/// the order of the records.
///
/// # Errors
/// The first failure; a full queue is retried until `limit`. After an error some of the records may
/// still become durable.
pub fn append(
    appender: &dyn Appender,
    records: Vec<NewRecord>,
    limit: Duration,
) -> Result<Vec<Durable>, LogError> {
    let deadline = Instant::now() + limit;
    let count = records.len();
    let mailbox = Arc::new(Waiting {
        answers: Mutex::new(Vec::new()),
        arrived: Condvar::new(),
    });
    let answers: Arc<dyn Mailbox> = mailbox.clone();
    let mut numbered: Vec<(NewRecord, u64)> = records.into_iter().zip(0..).collect();
    while let Err(refused) = appender.append(numbered, &answers) {
        match refused.reason {
            Refusal::QueueFull if Instant::now() < deadline => {
                numbered = refused.records;
                std::thread::sleep(FULL_QUEUE_WAIT);
            }
            Refusal::QueueFull => return Err(timed_out(limit)),
            Refusal::Log(error) => return Err(error),
        }
    }
    let mut answered = mailbox
        .answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    while answered.len() < count {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timed_out(limit));
        }
        answered = mailbox
            .arrived
            .wait_timeout(answered, left)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    let mut answers = std::mem::take(&mut *answered);
    drop(answered);
    answers.sort_by_key(|answer| answer.slot);
    answers.into_iter().map(|answer| answer.result).collect()
}

fn timed_out(limit: Duration) -> LogError {
    LogError::Io {
        what: "append to the log".to_owned(),
        detail: format!("no answer within {} ms", limit.as_millis()),
        code: None,
    }
}
