//! The driver: takes deliveries in the order of their schedule, makes each of them until it is answered or
//! given up, and keeps the ledger and the counts.
//!
//! Everything runs on one thread. As many workers as the concurrency allows share the schedule: whoever is
//! free takes the next delivery when it is due, so what is late queues up in the recording and its latency,
//! which counts from the scheduled instant, says so.

use super::clock::{AFTER_S, AHEAD_S};
use super::connector::{Connector, NoConn};
use super::options::Options;
use super::platform::{Platform, Valid};
use super::source::{Job, Source};
use super::timetable::{CUT, Timetable};
use super::tracker::Tracker;
use super::{Failure, wall_us};
use crate::client::{Conn, Fault};
use crate::ledger::{Entry, Ledger, Outcome};
use crate::stats::{Ended, Stats};
use std::cell::{Cell, RefCell};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Duration, Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long a server may take to close a connection that carries one message.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// What the workers, the clock and the progress share.
pub(super) struct Drive {
    pub(super) stats: RefCell<Stats>,
    pub(super) ledger: RefCell<Ledger>,
    pub(super) connector: Connector,
    pub(super) platform: Platform,
    pub(super) stop: CancellationToken,
    pub(super) failure: RefCell<Option<Failure>>,
    /// Whether the whole schedule was taken.
    pub(super) complete: Cell<bool>,
    /// The schedule; whoever holds it waits for the next delivery.
    schedule: Mutex<Schedule>,
    tracker: RefCell<Tracker>,
    /// Rung when the low water may have risen.
    settled: Notify,
    /// Rung when a tick was answered.
    ticked: Notify,
    /// The last answered tick; `None` without a clock.
    tick: Cell<Option<i64>>,
    timetable: Timetable,
    begun: Instant,
    begun_us: i64,
    last_second: Cell<i64>,
    attempts: u32,
}

struct Schedule {
    source: Source,
    head: Option<Job>,
}

/// How one attempt ended.
struct Attempted {
    outcome: Outcome,
    valid: Option<Valid>,
    status: u16,
    why: &'static str,
    /// When it began.
    begun: Instant,
    /// When its first byte was written, if one was.
    written: Option<Instant>,
    done: Instant,
}

impl Drive {
    /// A driver whose first delivery is `first`; `started` says whether a first tick was answered.
    pub(super) fn new(
        options: &Options,
        parts: (Stats, Ledger, Source, Job),
        first_tick: Option<i64>,
    ) -> Self {
        let (stats, ledger, source, first) = parts;
        Self {
            stats: RefCell::new(stats),
            ledger: RefCell::new(ledger),
            connector: Connector::new(options.target.addr, options.sources, options.patience),
            platform: Platform::new(options.account.clone(), &options.target, options.close),
            stop: CancellationToken::new(),
            failure: RefCell::new(None),
            complete: Cell::new(false),
            tracker: RefCell::new(Tracker::new(first.second())),
            settled: Notify::new(),
            ticked: Notify::new(),
            tick: Cell::new(first_tick),
            timetable: Timetable::new(first.at_us, options.speed),
            begun: Instant::now(),
            begun_us: wall_us(),
            last_second: Cell::new(first.second()),
            attempts: if options.until_acked {
                u32::MAX
            } else {
                options.attempts.max(1)
            },
            schedule: Mutex::new(Schedule {
                source,
                head: Some(first),
            }),
        }
    }

    /// When the driver began, in microseconds since 1970.
    pub(super) fn begun_us(&self) -> i64 {
        self.begun_us
    }

    /// Remembers the first failure and stops everything.
    pub(super) fn fail(&self, failure: Failure) {
        self.failure.borrow_mut().get_or_insert(failure);
        self.stop.cancel();
    }

    /// Takes and makes deliveries until there are none.
    pub(super) async fn work(&self) {
        let mut request = Vec::new();
        loop {
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                next = self.next() => next,
            };
            match next {
                Ok(Some(job)) => {
                    self.deliver(&job, &mut request).await;
                    self.tracker.borrow_mut().settle(job.second());
                    self.settled.notify_one();
                }
                Ok(None) => return,
                Err(failure) => return self.fail(failure),
            }
        }
    }

    /// The next delivery, when it is due and the clock lets it go. Cancel safe: a delivery that was not
    /// returned is still the next.
    async fn next(&self) -> Result<Option<Job>, Failure> {
        let mut schedule = self.schedule.lock().await;
        if schedule.head.is_none() {
            schedule.head = schedule.source.next().await?;
        }
        let Some(head) = &schedule.head else {
            self.finish_schedule();
            return Ok(None);
        };
        let second = head.second();
        self.tracker.borrow_mut().next_is(second);
        self.settled.notify_one();
        while self
            .tick
            .get()
            .is_some_and(|tick| second > tick.saturating_add(AHEAD_S))
        {
            self.ticked.notified().await;
        }
        if let Some(due) = self.timetable.due(head.at_us).map(|due| self.begun + due)
            && due > Instant::now()
        {
            sleep_until(due).await;
        }
        self.tracker.borrow_mut().take(second);
        self.last_second.set(second);
        Ok(schedule.head.take())
    }

    fn finish_schedule(&self) {
        self.complete.set(true);
        self.tracker.borrow_mut().next_is(self.end_of_ticks());
        self.settled.notify_one();
    }

    fn end_of_ticks(&self) -> i64 {
        self.last_second.get().saturating_add(AFTER_S)
    }

    /// Makes a delivery until it is answered or given up.
    async fn deliver(&self, job: &Job, request: &mut Vec<u8>) {
        let due = self.timetable.due(job.at_us).map(|due| self.begun + due);
        let now = Instant::now();
        let behind = due.map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        self.stats
            .borrow_mut()
            .begun(micros(now - self.begun), micros(behind));
        let (mut attempt, mut first_written) = (0, None);
        loop {
            let Some(tried) = self.attempt(job, request).await else {
                return;
            };
            attempt += 1;
            first_written = first_written.or(tried.written);
            self.write_down(job, attempt, &tried);
            let again = tried.outcome == Outcome::Unanswered && attempt < self.attempts;
            if !again || self.stop.is_cancelled() {
                let from = due.or(first_written).unwrap_or(tried.begun);
                self.stats.borrow_mut().ended(&Ended {
                    table: job.table,
                    scheduled_us: job.at_us,
                    outcome: tried.outcome,
                    kind: tried.valid.map(|valid| valid.kind),
                    attempts: attempt,
                    latency_us: micros(tried.done.saturating_duration_since(from)),
                    begun_us: micros(now - self.begun),
                    ended_us: micros(tried.done - self.begun),
                });
                return;
            }
            let since = tried.written.unwrap_or(tried.begun);
            sleep(self.timetable.repeat_after(tried.done - since)).await;
        }
    }

    /// One attempt; `None` when the target is gone for good.
    async fn attempt(&self, job: &Job, request: &mut Vec<u8>) -> Option<Attempted> {
        let failed = |begun, written, why| {
            let done = Instant::now();
            let outcome = Outcome::Unanswered;
            Some(Attempted {
                outcome,
                valid: None,
                status: 0,
                why,
                begun,
                written,
                done,
            })
        };
        let begun = Instant::now();
        let mut conn = match self.connector.idle() {
            Some(conn) => conn,
            None => match self.connector.open(CUT).await {
                Ok(conn) => conn,
                Err(NoConn::Gone) => {
                    self.fail(Failure::TargetGone);
                    return None;
                }
                Err(NoConn::Cut) => return failed(begun, None, "cut"),
                Err(NoConn::Fault(fault)) => return failed(begun, None, fault.name()),
            },
        };
        let written = Instant::now();
        let now_us = self
            .begun_us
            .saturating_add_unsigned(micros(written - self.begun));
        self.platform
            .request(&job.body, now_us.div_euclid(1_000_000), request);
        match timeout_at(written + CUT, conn.exchange(request)).await {
            Err(_) => failed(begun, Some(written), "cut"),
            Ok(Err(Fault::Malformed(_))) => {
                failed(begun, Some(written), "malformed").map(|tried| Attempted {
                    outcome: Outcome::Invalid,
                    ..tried
                })
            }
            Ok(Err(fault)) => failed(begun, Some(written), fault.name()),
            Ok(Ok(answer)) => {
                let done = Instant::now();
                let status = answer.status;
                let judged = self.platform.judge(&job.body, status, answer.body);
                let (outcome, valid, why) = match judged {
                    Ok(valid) => (Outcome::Acked, Some(valid), ""),
                    Err(why) => (Outcome::Invalid, None, why),
                };
                self.put_away(conn).await;
                let written = Some(written);
                Some(Attempted {
                    outcome,
                    valid,
                    status,
                    why,
                    begun,
                    written,
                    done,
                })
            }
        }
    }

    async fn put_away(&self, conn: Conn) {
        if conn.is_reusable() {
            self.connector.give_back(conn);
        } else {
            // The server closes first, so that no port of ours has to rest.
            drop(timeout(CLOSE_WAIT, conn.await_close()).await);
        }
    }

    fn write_down(&self, job: &Job, attempt: u32, tried: &Attempted) {
        if !tried.why.is_empty() {
            self.stats.borrow_mut().failed(tried.why);
        }
        let at = |instant: Instant| {
            self.begun_us
                .saturating_add_unsigned(micros(instant.saturating_duration_since(self.begun)))
        };
        let mut ledger = self.ledger.borrow_mut();
        ledger.add(Entry {
            delivery: job.delivery,
            n: job.n,
            nth: job.nth,
            copy: job.copy,
            attempt,
            outcome: tried.outcome,
            kind: tried.valid.map(|valid| valid.kind),
            status: tried.status,
            why: tried.why,
            hash: tried.valid.and_then(|valid| valid.hash),
            scheduled_us: job.at_us,
            sent_us: at(tried.written.unwrap_or(tried.begun)),
            done_us: at(tried.done),
        });
        if ledger.is_broken() {
            drop(ledger);
            self.fail(Failure::LedgerBroken);
        }
    }

    /// Waits until everything scheduled before `tick` was answered or given up and, on a timetable, until
    /// it is due; `false` when no tick is left to post.
    pub(super) async fn may_tick(&self, tick: i64) -> bool {
        loop {
            if self.complete.get() && tick > self.end_of_ticks() {
                return false;
            }
            if self.tracker.borrow().low_water() >= tick {
                break;
            }
            self.settled.notified().await;
        }
        if !self.complete.get()
            && let Some(due) = self.timetable.due(tick.saturating_mul(1_000_000))
        {
            sleep_until(self.begun + due).await;
        }
        true
    }

    /// A tick was answered: what waited for it may go.
    pub(super) fn ticked(&self, tick: i64) {
        self.tick.set(Some(tick));
        self.ticked.notify_one();
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
