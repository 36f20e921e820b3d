//! The thread that brings what stands in the spool into the log when it is back: in order, what the log
//! has confirmed meanwhile passed over, at the pace that live records leave.

use super::config::{Counts, HedgeConfig};
use super::feed::{Feed, How};
use super::pace::Pace;
use super::shared::Shared;
use crate::contract::LogError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How long a log that has refused is left alone: at first, and at most.
const REST_MIN: Duration = Duration::from_millis(50);
const REST_MAX: Duration = Duration::from_secs(1);
/// How long a spool that cannot be read, or a dead file that cannot be written, is left alone.
const UNUSABLE: Duration = Duration::from_secs(2);
/// How often the position is remembered while it moves.
const KEEP_EVERY: Duration = Duration::from_millis(250);
/// Between two looks at least.
const LOOK_GAP: Duration = Duration::from_millis(2);
/// How often the pace is asked.
const PACE_EVERY: Duration = Duration::from_millis(10);
/// One log line of a kind in so long.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// A drained spool of this size begins a new segment, so that the old one can go.
const ROLL_BYTES: u64 = 8 << 20;

/// What others tell the forwarder, and see of it.
#[derive(Default)]
pub(super) struct Steering {
    mode: AtomicU8,
    /// Whether the log did not take what was sent last.
    pub(super) is_refused: AtomicBool,
    /// When the oldest record was appended that has not arrived; 0 when there is none.
    pub(super) oldest_ms: AtomicI64,
    /// Bytes a second that it may send now.
    pub(super) rate: std::sync::atomic::AtomicU64,
}

/// What the forwarder is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// Go at its pace.
    Paced = 0,
    /// Go as fast as the log takes it: there is nothing live any more.
    Hurried = 1,
    /// Remember the position and end.
    Ending = 2,
    /// End where it stands, as a crash would.
    Dropped = 3,
}

impl Steering {
    pub(super) fn set(&self, mode: Mode) {
        self.mode.fetch_max(mode as u8, Ordering::AcqRel);
    }

    fn mode(&self) -> Mode {
        match self.mode.load(Ordering::Acquire) {
            0 => Mode::Paced,
            1 => Mode::Hurried,
            2 => Mode::Ending,
            _ => Mode::Dropped,
        }
    }
}

/// See the module.
pub(super) struct Forwarder {
    shared: Arc<Shared>,
    steering: Arc<Steering>,
    feed: Feed,
    pace: Pace,
    hurts: u64,
    resting: Option<Instant>,
    rest: Duration,
    unreadable: Option<Instant>,
    unburied: Option<Instant>,
    kept: Instant,
    drained: bool,
    log: Limit,
}

/// Lets a log line pass once in a while.
#[derive(Default)]
struct Limit(Option<Instant>);

impl Limit {
    fn allow(&mut self, now: Instant) -> bool {
        let allowed = self
            .0
            .is_none_or(|last| now.saturating_duration_since(last) >= LOG_EVERY);
        if allowed {
            self.0 = Some(now);
        }
        allowed
    }
}

impl Forwarder {
    pub(super) fn new(
        shared: Arc<Shared>,
        steering: Arc<Steering>,
        feed: Feed,
        config: &HedgeConfig,
    ) -> Self {
        let now = Instant::now();
        let (min, max) = (
            config.forward_bytes_per_s_min,
            config.forward_bytes_per_s_max,
        );
        Self {
            shared,
            steering,
            feed,
            pace: Pace::new(min, max, now),
            hurts: 0,
            resting: None,
            rest: REST_MIN,
            unreadable: None,
            unburied: None,
            kept: now,
            drained: false,
            log: Limit::default(),
        }
    }

    /// Forwards until it is told to end.
    pub(super) fn run(mut self) {
        loop {
            let mode = self.steering.mode();
            if mode >= Mode::Ending {
                if mode == Mode::Ending {
                    self.take_in(Instant::now());
                    self.keep();
                }
                return;
            }
            let now = Instant::now();
            self.read(now);
            self.take_in(now);
            self.send(now, mode);
            let due = now.saturating_duration_since(self.kept) >= KEEP_EVERY;
            if due && self.feed.has_moved() {
                self.kept = now;
                self.keep();
            }
            let until = self.next_look(now, mode);
            self.shared.bell.wait(until);
            if mode == Mode::Paced {
                // The bell may ring with every single proof; one look serves many.
                std::thread::sleep(LOOK_GAP);
            }
        }
    }

    /// Reads on, and judges what was read.
    fn read(&mut self, now: Instant) {
        if self.unreadable.is_some_and(|until| now < until) {
            return;
        }
        let noted = self.shared.lock().ledger.noted().to_vec();
        match self.feed.read() {
            Ok(ended) => {
                self.unreadable = None;
                let mut pending = self.shared.lock();
                self.feed.judge(|place| pending.ledger.verdict(place));
                drop(pending);
                if ended {
                    self.feed.pass_gaps(&noted);
                }
            }
            Err(error) => {
                self.unreadable = Some(now + UNUSABLE);
                if self.log.allow(now) {
                    tracing::error!(%error, "the spool cannot be read; what stands behind stays there");
                }
            }
        }
    }

    /// Looks at the log's answers, and passes over what has arrived.
    fn take_in(&mut self, now: Instant) {
        if let Some(error) = self.feed.collect() {
            self.refused(now, &error.to_string());
        } else {
            self.bury(now);
        }
        let mut pending = self.shared.lock();
        let (mut arrived, before) = (false, pending.ledger.backlog().0);
        self.feed.advance(|item, how| match how {
            How::Skipped => {}
            How::Forwarded(_) => {
                arrived = true;
                pending.counts.forwarded += 1;
                pending.counts.forwarded_bytes += item.bytes() as u64;
                pending.ledger.left(item.bytes());
            }
            How::Dead => {
                pending.counts.dead += 1;
                pending.ledger.left(item.bytes());
            }
        });
        if arrived {
            pending.trouble = None;
        }
        self.drained = pending.ledger.pass(self.feed.position());
        let drained = self.drained;
        drop(pending);
        if arrived {
            (self.rest, self.resting) = (REST_MIN, None);
            self.steering.is_refused.store(false, Ordering::Release);
        }
        if drained && before > 0 {
            tracing::info!("the spool is drained");
        }
        let oldest = self.feed.oldest_ms().unwrap_or(0);
        self.steering.oldest_ms.store(oldest, Ordering::Release);
    }

    fn bury(&mut self, now: Instant) {
        if self.unburied.is_some_and(|until| now < until) {
            return;
        }
        let Err(error) = self.feed.bury() else {
            self.unburied = None;
            return;
        };
        self.unburied = Some(now + UNUSABLE);
        if self.log.allow(now) {
            tracing::error!(%error, "a record that the log refuses for good cannot be set aside: the spool waits");
        }
    }

    fn send(&mut self, now: Instant, mode: Mode) {
        let hurts = hurts(&self.shared.lock().counts);
        if hurts != std::mem::replace(&mut self.hurts, hurts) {
            self.pace.hurt(now);
        }
        let mut credit = self.pace.credit(now);
        self.steering
            .rate
            .store(self.pace.rate(), Ordering::Release);
        if self.resting.is_some_and(|until| now < until) {
            return;
        }
        self.resting = None;
        while credit > 0 || mode == Mode::Hurried {
            match self.feed.send() {
                Ok(0) => return,
                Ok(bytes) => {
                    self.pace.spend(bytes);
                    credit = credit.saturating_sub(bytes);
                }
                Err(reason) => return self.refused(now, &reason.to_string()),
            }
        }
    }

    /// The log does not take it: leaves it alone for a while, each time for longer.
    fn refused(&mut self, now: Instant, why: &str) {
        self.steering.is_refused.store(true, Ordering::Release);
        self.resting = Some(now + self.rest);
        self.rest = (self.rest * 2).min(REST_MAX);
        if self.log.allow(now) {
            tracing::warn!(why, "the spool waits for the log");
        }
    }

    fn keep(&mut self) {
        let spool = &self.shared.spool;
        let full = spool.check_room(&self.shared.topic.name).is_err();
        let roll = self.drained && (full || spool.bytes() >= ROLL_BYTES);
        if let Err(error) = self.feed.keep(roll) {
            // Nothing is lost by it: after a restart more is sent again.
            tracing::warn!(%error, "how far the spool is drained could not be remembered");
        }
    }

    /// When to look again without a ring of the bell.
    fn next_look(&self, now: Instant, mode: Mode) -> Option<Instant> {
        let moved = self.feed.has_moved();
        let ready = self.feed.is_ready();
        let sending = match (ready, self.resting) {
            (false, _) => None,
            (true, Some(until)) => Some(until),
            (true, None) if mode == Mode::Hurried => Some(now),
            (true, None) => Some(now + PACE_EVERY),
        };
        let keeping = moved.then(|| self.kept + KEEP_EVERY);
        let reading = self.unreadable;
        let burying = self
            .feed
            .has_condemned()
            .then(|| self.unburied.unwrap_or(now));
        // Reading goes on when the window has room again, which a ring tells: its last answer.
        let more = (!self.drained && self.feed.is_empty()).then(|| now + PACE_EVERY);
        [sending, keeping, reading, burying, more]
            .into_iter()
            .flatten()
            .min()
    }
}

/// How often live records could not wait for the log.
fn hurts(counts: &Counts) -> u64 {
    let sums = [
        counts.fired_slow,
        counts.fired_away,
        counts.fired_refused,
        counts.fired_failed,
    ];
    sums.into_iter().fold(0, u64::saturating_add)
}

/// The thread cannot be started.
pub(super) fn no_thread(name: &str, error: &std::io::Error) -> LogError {
    LogError::Io {
        what: format!("start the thread {name:?}"),
        detail: error.to_string(),
        code: error.raw_os_error(),
    }
}
