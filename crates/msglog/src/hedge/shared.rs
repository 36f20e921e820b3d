//! What the callers, the answering threads of both sides, the timer and the forwarder share: one lock
//! over the judgement, and the hands that carry it out. No decision is made here.

use super::config::HedgeConfig;
use super::deliveries::Deliveries;
use super::errors::{as_error, both, is_for_good};
use super::pending::Pending;
use crate::contract::{
    Answer, Appender, LogError, Mailbox, NewRecord, Place, Refusal, Refused, TopicConfig,
};
use crate::journal::Journal;
use crate::limits::check_record;
use crate::sync::{lock, wait_until};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The timer looks no more often than this while nothing is urgent.
const GRAIN: Duration = Duration::from_millis(5);

/// See the module.
pub(super) struct Shared {
    pub(super) topic: TopicConfig,
    pub(super) after: Duration,
    pub(super) log: Arc<dyn Appender>,
    pub(super) spool: Arc<Journal>,
    spool_appender: Arc<dyn Appender>,
    pending: Mutex<Pending>,
    /// Rung when something becomes due earlier than the timer thinks, or all is to end.
    timer: Condvar,
    /// Rung when records were answered while the hedge closes.
    answered: Condvar,
    pub(super) bell: Bell,
}

/// Wakes the forwarder; a ring is kept until it is heard.
#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *lock(&self.rung) = true;
        self.ring.notify_one();
    }

    /// Waits for a ring, until `until`.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let mut rung = lock(&self.rung);
        let mut late = false;
        while !*rung && !late {
            (rung, late) = wait_until(&self.ring, rung, until);
        }
        *rung = false;
    }
}

impl Shared {
    pub(super) fn new(
        topic: TopicConfig,
        config: &HedgeConfig,
        (log, spool): (Arc<dyn Appender>, Arc<Journal>),
        spool_appender: Arc<dyn Appender>,
        pending: Pending,
    ) -> Arc<Self> {
        Arc::new(Self {
            topic,
            after: config.after,
            log,
            spool,
            spool_appender,
            pending: Mutex::new(pending),
            timer: Condvar::new(),
            answered: Condvar::new(),
            bell: Bell::default(),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    /// Ends admission; everything that waits goes on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.timer.notify_all();
    }

    pub(super) fn wake_timer(&self) {
        self.timer.notify_all();
    }

    /// Waits until nothing waits for an answer, or `until`.
    pub(super) fn wait_for_answers(&self, until: Instant) {
        let mut pending = self.lock();
        let mut late = false;
        while pending.waiting() > 0 && !late {
            (pending, late) = wait_until(&self.answered, pending, Some(until));
        }
    }

    /// Answers have been judged: lets go of the lock, and hands out what follows.
    pub(super) fn done(&self, pending: MutexGuard<'_, Pending>, out: Deliveries, ring: bool) {
        let closed = pending.closed;
        let urgent = pending.schedule.is_urgent();
        drop(pending);
        out.send();
        if urgent {
            self.timer.notify_all();
        }
        if closed {
            self.answered.notify_all();
        }
        if ring {
            self.bell.ring();
        }
    }

    /// Hands records over to the spool that [`Pending::take_due`] gave.
    fn to_spool(&self, batch: Vec<(NewRecord, u64)>, spool: &Arc<dyn Mailbox>) {
        let Err(refused) = self.spool_appender.append(batch, spool) else {
            return;
        };
        let numbers: Vec<u64> = refused.records.iter().map(|(_, number)| *number).collect();
        let mut out = Deliveries::default();
        let mut pending = self.lock();
        pending.spool_refused(&numbers, &refused.reason, Instant::now(), &mut out);
        self.done(pending, out, false);
    }

    /// Sends to the spool what is due, until the hedge has ended. Runs on a thread of its own.
    pub(super) fn run_timer(&self, spool: &Arc<dyn Mailbox>, ended: &dyn Fn() -> bool) {
        let mut pending = self.lock();
        while !ended() {
            let now = Instant::now();
            let batch = pending.take_due(now);
            if batch.is_empty() {
                let next = pending.schedule.next_at(now);
                let next = next.map(|at| at.max(now + GRAIN));
                (pending, _) = wait_until(&self.timer, pending, next);
            } else {
                drop(pending);
                self.to_spool(batch, spool);
                pending = self.lock();
            }
        }
    }
}

/// Appends to the log, with the spool behind it.
pub(super) struct HedgeAppender {
    pub(super) shared: Arc<Shared>,
    /// Where the log puts its answers, and the spool.
    pub(super) log: Arc<dyn Mailbox>,
    pub(super) spool: Arc<dyn Mailbox>,
}

impl HedgeAppender {
    /// Appends to the spool what the log has refused. When it refuses too, the records come back.
    fn spool_now(
        &self,
        mut records: Vec<(NewRecord, u64)>,
        numbers: &[u64],
        reason: &Refusal,
    ) -> Result<(), Refused> {
        let shared = &self.shared;
        shared.lock().log_refused(numbers, &as_error(reason));
        for ((_, slot), number) in records.iter_mut().zip(numbers) {
            *slot = *number;
        }
        match shared.spool_appender.append(records, &self.spool) {
            Ok(()) => {
                shared.lock().counts.fired_refused += numbers.len() as u64;
                Ok(())
            }
            Err(refused) => {
                let reason = match (reason, refused.reason) {
                    (Refusal::QueueFull, Refusal::QueueFull) => Refusal::QueueFull,
                    (log, spool) => both(&log.to_string(), &spool.to_string()).into(),
                };
                self.hand_back(refused.records, reason)
            }
        }
    }

    fn hand_back(&self, records: Vec<(NewRecord, u64)>, reason: Refusal) -> Result<(), Refused> {
        let records = self.shared.lock().hand_back(records);
        if records.is_empty() {
            return Ok(());
        }
        Err(Refused { records, reason })
    }

    /// The log refuses one of several records for good: each is offered alone, so that it stands alone.
    fn one_by_one(&self, records: Vec<(NewRecord, u64)>) {
        for (record, number) in records {
            let Err(refused) = self.shared.log.append(vec![(record, number)], &self.log) else {
                let at = Instant::now() + self.shared.after;
                self.shared.lock().log_took([number], at);
                self.shared.wake_timer();
                continue;
            };
            // Goes on as a failure of the log: to the spool, or back to the caller when it is for good.
            let mut out = Deliveries::default();
            let mut pending = self.shared.lock();
            pending.log_failed(number, as_error(&refused.reason), &mut out);
            self.shared.done(pending, out, false);
        }
    }
}

impl Appender for HedgeAppender {
    fn append(
        &self,
        mut records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        let shared = &self.shared;
        let checked = records
            .iter()
            .try_for_each(|(record, _)| check_record(&shared.topic, record));
        if let Err(error) = checked {
            let reason = error.into();
            return Err(Refused { records, reason });
        }
        let mut pending = shared.lock();
        if pending.closed {
            let topic = shared.topic.name.clone();
            let reason = LogError::Closed { topic }.into();
            return Err(Refused { records, reason });
        }
        pending.look_at_log(shared.log.is_away(), Instant::now());
        let choked = pending.log_is_choked();
        let Some(numbers) = pending.open(&records, answers) else {
            let reason = Refusal::QueueFull;
            return Err(Refused { records, reason });
        };
        drop(pending);
        if choked {
            let detail = "it holds too much that it has not proved".to_owned();
            return self.spool_now(records, &numbers, &LogError::Away { detail }.into());
        }
        for ((_, slot), number) in records.iter_mut().zip(&numbers) {
            *slot = *number;
        }
        match shared.log.append(records, &self.log) {
            Ok(()) => {
                let mut pending = shared.lock();
                // Under the lock, so that it never goes back.
                let idle = pending.schedule.next_at(Instant::now()).is_none();
                pending.log_took(numbers, Instant::now() + shared.after);
                let urgent = pending.schedule.is_urgent();
                drop(pending);
                if idle || urgent {
                    shared.wake_timer();
                }
                Ok(())
            }
            Err(Refused { records, reason }) => match &reason {
                Refusal::Log(error) if is_for_good(error) && records.len() > 1 => {
                    self.one_by_one(records);
                    Ok(())
                }
                Refusal::Log(error) if is_for_good(error) => self.hand_back(records, reason),
                _ => self.spool_now(records, &numbers, &reason),
            },
        }
    }
}

/// Where the log puts its answers.
pub(super) struct LogMailbox(pub(super) Arc<Shared>);

impl Mailbox for LogMailbox {
    fn deliver(&self, answers: Vec<Answer>) {
        let mut out = Deliveries::default();
        let mut pending = self.0.lock();
        let before = pending.counts.confirmed;
        let mut ring = false;
        for Answer { slot, result } in answers {
            match result {
                Ok(proof) => pending.log_proved(slot, proof, &mut out),
                Err(error) => {
                    pending.log_failed(slot, error, &mut out);
                    ring = true;
                }
            }
        }
        let ring = ring || pending.counts.confirmed != before;
        self.0.done(pending, out, ring);
    }
}

/// Where the spool puts its answers.
pub(super) struct SpoolMailbox(pub(super) Arc<Shared>);

impl Mailbox for SpoolMailbox {
    fn deliver(&self, answers: Vec<Answer>) {
        let mut out = Deliveries::default();
        let mut pending = self.0.lock();
        for Answer { slot, result } in answers {
            match result.map(crate::contract::Durable::place) {
                Ok(Place::Log { partition, offset }) => {
                    pending.spool_proved(slot, (partition, offset), &mut out);
                }
                // A spool is a journal and has no spool of its own.
                Ok(Place::Spool { .. }) => {}
                Err(error) => pending.spool_failed(slot, error, &mut out),
            }
        }
        self.0.done(pending, out, true);
    }
}
