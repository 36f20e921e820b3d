//! What becomes of each record: the judgement of the hedge. Pure: no lock, no clock, no thread, no disk.
//!
//! ```text
//!            log:    pending ──▶ proved | failed
//!            spool:  untried ──▶ pending ──▶ at a place | failed
//! ```
//! A record has a side in the log and one in the spool. The first proof answers the caller, once. It is
//! forgotten as soon as neither side can bring news that matters.

use super::config::{Counts, HedgeConfig};
use super::deliveries::{Caller, Deliveries};
use super::errors::{as_error, both, is_for_good};
use super::ledger::Ledger;
use super::schedule::{Absence, Schedule, Why};
use super::slab::Slab;
use crate::contract::{Durable, LogError, Mailbox, NewRecord, Refusal};
use std::sync::Arc;
use std::time::Instant;

/// Records and bytes that go to the spool in one call: small enough that a nearly full queue takes some.
const CALL_RECORDS: usize = 256;
const CALL_BYTES: usize = 256 << 10;

/// The log's side of a record.
enum LogSide {
    Pending,
    Proved,
    Failed(LogError),
}

/// The spool's side of a record.
enum SpoolSide {
    Untried,
    Pending,
    At((u32, u64)),
    Failed(LogError),
}

struct Entry {
    sequence: u64,
    caller: Option<Caller>,
    /// Until no side can need it any more.
    record: Option<NewRecord>,
    bytes: usize,
    log: LogSide,
    spool: SpoolSide,
}

struct Limits {
    waiting: usize,
    waiting_bytes: usize,
    tracked: usize,
}

/// See the module.
pub(super) struct Pending {
    entries: Slab<Entry>,
    sequence: u64,
    /// Without an answer.
    waiting: usize,
    waiting_bytes: usize,
    /// Answered from the spool, and still with the log.
    tracked: usize,
    limits: Limits,
    pub(super) schedule: Schedule,
    pub(super) absence: Absence,
    pub(super) ledger: Ledger,
    pub(super) counts: Counts,
    /// Why the log is in trouble: set by a refusal, a failure, a hedge that fires; cleared by a proof.
    pub(super) trouble: Option<String>,
    /// Nothing is taken in any more.
    pub(super) closed: bool,
}

impl Pending {
    /// Nothing pending.
    pub(super) fn new(config: &HedgeConfig, ledger: Ledger) -> Self {
        Self {
            entries: Slab::default(),
            sequence: 0,
            waiting: 0,
            waiting_bytes: 0,
            tracked: 0,
            limits: Limits {
                waiting: config.pending_records,
                waiting_bytes: config.pending_bytes,
                tracked: config.tracked_records,
            },
            schedule: Schedule::default(),
            absence: Absence::default(),
            ledger,
            counts: Counts::default(),
            trouble: None,
            closed: false,
        }
    }

    /// Takes records in; returns their numbers, or `None` when too much waits. A call into an empty
    /// room is taken whatever its size.
    pub(super) fn open(
        &mut self,
        records: &[(NewRecord, u64)],
        mailbox: &Arc<dyn Mailbox>,
    ) -> Option<Vec<u64>> {
        let bytes: usize = records.iter().map(|(record, _)| size(record)).sum();
        let full = self.waiting.saturating_add(records.len()) > self.limits.waiting
            || self.waiting_bytes.saturating_add(bytes) > self.limits.waiting_bytes;
        if full && self.waiting > 0 {
            return None;
        }
        self.waiting = self.waiting.saturating_add(records.len());
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        let mut numbers = Vec::with_capacity(records.len());
        for (record, slot) in records {
            self.sequence = self.sequence.saturating_add(1);
            numbers.push(self.entries.insert(Entry {
                sequence: self.sequence,
                caller: Some(Caller {
                    slot: *slot,
                    mailbox: Arc::clone(mailbox),
                }),
                record: Some(record.clone()),
                bytes: size(record),
                log: LogSide::Pending,
                spool: SpoolSide::Untried,
            }));
        }
        Some(numbers)
    }

    /// Whether the log holds so much unanswered that it is asked no more.
    pub(super) fn log_is_choked(&self) -> bool {
        self.tracked >= self.limits.tracked
    }

    /// Takes in whether the log says that it is away. When that is news, nothing waits for it any longer.
    pub(super) fn look_at_log(&mut self, says_away: bool, now: Instant) {
        let lasted = self.absence.lasts();
        if self.absence.look(says_away, now) && !lasted {
            self.schedule.give_up_waiting();
        }
    }

    /// The log has taken these: the hedge fires at `at`, or at once while the log is away.
    pub(super) fn log_took(&mut self, numbers: impl IntoIterator<Item = u64>, at: Instant) {
        if !self.absence.lasts() {
            return self.schedule.watch(numbers, at);
        }
        for number in numbers {
            self.schedule.at_once(number, Why::Away);
        }
    }

    /// The log has refused these; they go to the spool with the same call.
    pub(super) fn log_refused(&mut self, numbers: &[u64], reason: &LogError) {
        self.trouble = Some(reason.to_string());
        for number in numbers {
            if let Some(entry) = self.entries.get_mut(*number) {
                entry.log = LogSide::Failed(reason.clone());
                entry.spool = SpoolSide::Pending;
            }
        }
    }

    /// Neither side has taken these: forgets them without an answer, and puts the callers' slots in the
    /// place of their numbers. One that was given up meanwhile has its answer and does not go back.
    pub(super) fn hand_back(&mut self, records: Vec<(NewRecord, u64)>) -> Vec<(NewRecord, u64)> {
        let mut returned = Vec::with_capacity(records.len());
        for (record, number) in records {
            if let Some(entry) = self.entries.remove(number)
                && let Some(caller) = entry.caller
            {
                self.waiting = self.waiting.saturating_sub(1);
                self.waiting_bytes = self.waiting_bytes.saturating_sub(entry.bytes);
                returned.push((record, caller.slot));
            }
        }
        returned
    }

    /// The log has proved a record.
    pub(super) fn log_proved(&mut self, number: u64, proof: Durable, out: &mut Deliveries) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        self.trouble = None;
        entry.log = LogSide::Proved;
        entry.record = None;
        let bytes = entry.bytes;
        let place = match entry.spool {
            // Its place must become known, so that the forwarder can pass over it.
            SpoolSide::Pending => None,
            SpoolSide::At(place) => {
                self.ledger.confirm(place, bytes);
                self.counts.confirmed += 1;
                self.tracked = self.tracked.saturating_sub(1);
                Some(())
            }
            SpoolSide::Untried | SpoolSide::Failed(_) => Some(()),
        };
        if self.answer(number, Ok(proof), out) {
            self.counts.log_proofs += 1;
        }
        if place.is_some() {
            self.entries.remove(number);
        }
    }

    /// The log has failed on a record.
    pub(super) fn log_failed(&mut self, number: u64, error: LogError, out: &mut Deliveries) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        self.trouble = Some(error.to_string());
        let given_up = match &entry.spool {
            // What the log will never take must not go to the spool either.
            SpoolSide::Untried if is_for_good(&error) => error.clone(),
            SpoolSide::Untried => {
                entry.log = LogSide::Failed(error);
                self.schedule.at_once(number, Why::Failed);
                return;
            }
            SpoolSide::Pending => {
                entry.log = LogSide::Failed(error);
                return;
            }
            SpoolSide::At(place) => {
                self.ledger.close(*place);
                self.tracked = self.tracked.saturating_sub(1);
                self.entries.remove(number);
                return;
            }
            SpoolSide::Failed(spool) => both(&error.to_string(), &spool.to_string()),
        };
        self.give_up(number, &given_up, out);
    }

    /// The spool has proved a record, at this place.
    pub(super) fn spool_proved(&mut self, number: u64, place: (u32, u64), out: &mut Deliveries) {
        self.ledger.note(place);
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        entry.spool = SpoolSide::At(place);
        entry.record = None;
        match entry.log {
            LogSide::Pending => {
                self.ledger.add(place, entry.bytes, true);
                self.tracked = self.tracked.saturating_add(1);
            }
            LogSide::Failed(_) => self.ledger.add(place, entry.bytes, false),
            LogSide::Proved => {
                self.counts.confirmed += u64::from(self.ledger.add_confirmed(place, entry.bytes));
            }
        }
        let settled = !matches!(entry.log, LogSide::Pending);
        let (partition, position) = place;
        if self.answer(number, Ok(Durable::in_spool(partition, position)), out) {
            self.counts.spool_proofs += 1;
        }
        if settled {
            self.entries.remove(number);
        }
    }

    /// The spool took a record and could not write it.
    pub(super) fn spool_failed(&mut self, number: u64, error: LogError, out: &mut Deliveries) {
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        match &entry.log {
            // Now everything depends on the log.
            LogSide::Pending => entry.spool = SpoolSide::Failed(error),
            LogSide::Failed(log) => {
                let error = both(&log.to_string(), &error.to_string());
                self.give_up(number, &error, out);
            }
            LogSide::Proved => {
                self.entries.remove(number);
            }
        }
    }

    /// The spool has refused these, which [`Pending::take_due`] gave.
    pub(super) fn spool_refused(
        &mut self,
        numbers: &[u64],
        reason: &Refusal,
        now: Instant,
        out: &mut Deliveries,
    ) {
        let error = as_error(reason);
        for number in numbers {
            let Some(entry) = self.entries.get_mut(*number) else {
                continue;
            };
            if matches!(entry.log, LogSide::Pending) && error.retryable() {
                entry.spool = SpoolSide::Untried;
                self.schedule.again(*number, now);
            } else {
                self.spool_failed(*number, error.clone(), out);
            }
        }
    }

    /// The next records for the spool, to be handed over in one call; marks them as handed over.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(NewRecord, u64)> {
        let (mut taken, mut bytes) = (Vec::new(), 0usize);
        while taken.len() < CALL_RECORDS && bytes < CALL_BYTES {
            let Some((number, why)) = self.schedule.next(now) else {
                break;
            };
            let Some(entry) = self.entries.get_mut(number) else {
                continue;
            };
            let (SpoolSide::Untried, Some(record)) = (&entry.spool, &entry.record) else {
                continue;
            };
            taken.push((record.clone(), number));
            bytes = bytes.saturating_add(entry.bytes);
            entry.spool = SpoolSide::Pending;
            match why {
                Why::Slow => {
                    self.counts.fired_slow += 1;
                    self.trouble
                        .get_or_insert_with(|| "proofs do not come in time".to_owned());
                }
                Why::Away => {
                    self.counts.fired_away += 1;
                    self.trouble
                        .get_or_insert_with(|| "the log is away".to_owned());
                }
                Why::Failed => self.counts.fired_failed += 1,
                Why::Again => {}
            }
        }
        taken
    }

    /// Answers everything that waits with an error; returns how many.
    pub(super) fn give_up_all(&mut self, error: &LogError, out: &mut Deliveries) -> u64 {
        let unanswered = |(number, entry): (u64, &Entry)| entry.caller.is_some().then_some(number);
        let waiting: Vec<u64> = self.entries.iter().filter_map(unanswered).collect();
        for number in &waiting {
            self.give_up(*number, error, out);
        }
        waiting.len() as u64
    }

    /// Records without an answer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Number of the last record that was taken in.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether every record up to this number stands in the log or in the spool, or was given up.
    pub(super) fn is_settled(&self, sequence: u64) -> bool {
        !self.entries.iter().any(|(_, entry)| {
            entry.sequence <= sequence
                && !matches!(entry.log, LogSide::Proved)
                && !matches!(entry.spool, SpoolSide::At(_))
        })
    }

    /// Answers the caller, unless the other side was first; returns whether it was answered now.
    fn answer(
        &mut self,
        number: u64,
        result: Result<Durable, LogError>,
        out: &mut Deliveries,
    ) -> bool {
        let Some(entry) = self.entries.get_mut(number) else {
            return false;
        };
        let Some(caller) = entry.caller.take() else {
            return false;
        };
        self.waiting = self.waiting.saturating_sub(1);
        self.waiting_bytes = self.waiting_bytes.saturating_sub(entry.bytes);
        out.add(caller, result);
        true
    }

    /// Neither side will prove it, or nobody waits any longer.
    fn give_up(&mut self, number: u64, error: &LogError, out: &mut Deliveries) {
        if self.answer(number, Err(error.clone()), out) {
            self.counts.unproved += 1;
        }
        self.entries.remove(number);
    }
}

fn size(record: &NewRecord) -> usize {
    record.key.len().saturating_add(record.value.len())
}
