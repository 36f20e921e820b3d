//! A log that may be away, with a journal beside it: whichever proves a record durable first counts.
//!
//! ```text
//! append ──▶ log ──────────────────────────────▶ proof ──▶ caller, once
//!             │ no proof after 400 ms, refused, or away      ▲
//!             └──────────▶ spool ──▶ synced ─────────────────┘
//!                            └──▶ forwarder ──▶ log, unless it has it by then
//! ```
//! * Appends of one topic are hedged; everything else passes to the log as it is.
//! * A caller is answered once, by the first proof: [`Place::Log`] or [`Place::Spool`]. Without any it
//!   is answered with an error once both sides have failed. Answers of one partition may therefore
//!   come in another order than the records were accepted: the one thing in which a hedge promises
//!   less than [`Log`].
//! * The log may get a record twice: from the caller and from the forwarder, or from the forwarder
//!   twice after a crash. Its bytes are the same each time; whoever reads must know echoes.
//! * Records wait as they came, without copies, up to a bound in records and bytes; beyond it appends
//!   are refused with a full queue. One thread watches over all of them.
//!
//! # What the spool promises
//! A record that was answered with [`Place::Spool`] is synced on this node's disk. The forwarder drains
//! it in order, remembers how far (`spool.drained`, written after the log's proofs), and lets go of
//! segments only behind that. What the log refuses for good is set aside in `spool.dead`.
//!
//! # When a side fails
//! A spool that is full lets records wait for the log alone, and is tried again. A spool whose disk has
//! failed is not used any more until restart. A log that refuses is asked again with each record. A log that says that
//! it is away gets every record all the same, and so does the spool at once, until it has stayed for a second.
//!
//! [`Place::Log`]: crate::contract::Place::Log
//! [`Place::Spool`]: crate::contract::Place::Spool

mod config;
mod deliveries;
mod drain;
mod errors;
mod feed;
mod forward;
mod keep;
mod ledger;
mod pace;
mod pending;
mod schedule;
mod shared;
mod slab;
#[cfg(test)]
mod tests;

pub use config::{Backlog, Closed, Counts, HedgeConfig};
pub use drain::{Brought, DrainOptions, Drained, drain};

use crate::contract::{Appender, Log, LogError, LogId, Mailbox, Membership, Reader, TopicConfig};
use crate::journal::Journal;
use crate::sync::lock;
use deliveries::Deliveries;
use feed::{Feed, Inbox};
use forward::{Forwarder, Mode, Steering, no_thread};
use ledger::Ledger;
use pending::Pending;
use shared::{HedgeAppender, LogMailbox, Shared, SpoolMailbox};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A spool with less room than this counts as full, although a smaller record may still find a place: whoever asks wants
/// to know whether it can be counted on. Deliveries are about a kilobyte, and seldom a hundred.
const ROOM_BYTES: u64 = 64 << 10;

/// A log with a spool beside it.
pub struct Hedge {
    primary: Arc<dyn Log>,
    shared: Arc<Shared>,
    appender: Arc<HedgeAppender>,
    steering: Arc<Steering>,
    timer_ended: Arc<AtomicBool>,
    timer: Mutex<Option<JoinHandle<()>>>,
    forwarder: Mutex<Option<JoinHandle<()>>>,
}

/// A moment in the stream of appends; see [`Hedge::barrier`].
#[derive(Debug, Clone)]
pub struct Barrier {
    sequence: u64,
    /// Where the spool ended when all of them were settled.
    spool: Option<Vec<u64>>,
}

impl Hedge {
    /// Puts `spool`, a journal laid out by [`HedgeConfig::spool`], beside `primary`. What an earlier life
    /// left in it begins to be forwarded. A spool that is empty becomes this log's, whoever had it.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] when the log has no such topic; [`LogError::Mismatch`] when the
    /// spool is laid out otherwise, or holds records of another log.
    pub fn open(
        primary: Arc<dyn Log>,
        spool: Arc<Journal>,
        config: HedgeConfig,
    ) -> Result<Arc<Self>, LogError> {
        let name = &config.topic;
        let find = |log: &dyn Log| log.topics().into_iter().find(|topic| topic.name == *name);
        let topic = find(&*primary).ok_or_else(|| LogError::NoSuchPartition {
            topic: name.clone(),
            partition: 0,
        })?;
        let partitions = topic.partitions;
        if find(&*spool).is_none_or(|found| found.partitions != partitions) {
            let dir = spool.notes().dir().display();
            return Err(LogError::Mismatch(format!(
                "the spool in {dir} has no topic {name:?} with {partitions} partitions, as the log has"
            )));
        }
        let position = keep::drained(&spool, name, partitions)?;
        let mut end = Vec::with_capacity(position.len());
        for partition in 0..partitions {
            end.push(spool.end_offset(name, partition)?);
        }
        let left = |(end, position): (&u64, &u64)| end.saturating_sub(*position);
        let records: u64 = end.iter().zip(&position).map(left).sum();
        own(&spool, primary.id(), records)?;
        let bytes = if records == 0 { 0 } else { spool.bytes() };
        let ledger = Ledger::new(end, position.clone(), records, bytes);
        let sides = (primary.appender(name)?, Arc::clone(&spool));
        let appender = spool.appender(name)?;
        let pending = Pending::new(&config, ledger);
        let shared = Shared::new(topic, &config, sides, appender, pending);
        let bell = Arc::downgrade(&shared);
        let inbox = Inbox::new(move || {
            if let Some(shared) = bell.upgrade() {
                shared.bell.ring();
            }
        });
        let feed = Feed::new(spool, name, Arc::clone(&shared.log), inbox, position)?;
        let hedge = Self::new(primary, shared);
        hedge.start(feed, &config)?;
        Ok(Arc::new(hedge))
    }

    fn new(primary: Arc<dyn Log>, shared: Arc<Shared>) -> Self {
        let appender = Arc::new(HedgeAppender {
            log: Arc::new(LogMailbox(Arc::clone(&shared))),
            spool: Arc::new(SpoolMailbox(Arc::clone(&shared))),
            shared: Arc::clone(&shared),
        });
        Self {
            primary,
            shared,
            appender,
            steering: Arc::default(),
            timer_ended: Arc::default(),
            timer: Mutex::default(),
            forwarder: Mutex::default(),
        }
    }

    fn start(&self, feed: Feed, config: &HedgeConfig) -> Result<(), LogError> {
        let (shared, ended) = (Arc::clone(&self.shared), Arc::clone(&self.timer_ended));
        let mailbox: Arc<dyn Mailbox> = Arc::clone(&self.appender.spool);
        let run = move || shared.run_timer(&mailbox, &|| ended.load(Ordering::Acquire));
        *lock(&self.timer) = Some(spawn("hedge", run)?);
        let (shared, steering) = (Arc::clone(&self.shared), Arc::clone(&self.steering));
        let forwarder = Forwarder::new(shared, steering, feed, config);
        *lock(&self.forwarder) = Some(spawn("spool", || forwarder.run())?);
        Ok(())
    }

    /// What stands only in the spool.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        let (records, bytes) = self.shared.lock().ledger.backlog();
        let oldest = self.steering.oldest_ms.load(Ordering::Acquire);
        let age = self.shared.spool.now_ms().saturating_sub(oldest);
        let known = records > 0 && oldest != 0;
        Backlog {
            records,
            bytes,
            oldest_ms: if known {
                u64::try_from(age).unwrap_or(0)
            } else {
                0
            },
        }
    }

    /// What was done since the hedge was opened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// Bytes a second that the forwarder may send now.
    #[must_use]
    pub fn forward_rate(&self) -> u64 {
        self.steering.rate.load(Ordering::Acquire)
    }

    /// Bytes of the spool's files.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        self.shared.spool.bytes()
    }

    /// Whether any but the largest records would find room in the spool now.
    ///
    /// # Errors
    /// [`LogError::Poisoned`]: its disk has failed, and only a restart mends it; [`LogError::NoRoom`]:
    /// it is full; [`LogError::Closed`].
    pub fn spool_is_usable(&self) -> Result<(), LogError> {
        let topic = &self.shared.topic.name;
        match self.shared.spool.refusal(topic) {
            Some(error) => Err(error),
            None => self.shared.spool.check_room_for(topic, ROOM_BYTES),
        }
    }

    /// Why the log is in trouble: it has refused, failed, or not proved in time, and proved nothing since.
    #[must_use]
    pub fn log_trouble(&self) -> Option<String> {
        self.shared.lock().trouble.clone()
    }

    /// A moment: everything that was accepted before. For seals, which must know when all of it stands
    /// in the log itself (Q-5).
    #[must_use]
    pub fn barrier(&self) -> Barrier {
        let sequence = self.shared.lock().sequence();
        Barrier {
            sequence,
            spool: None,
        }
    }

    /// Whether everything that was accepted before the barrier stands in the log itself, was set aside,
    /// or was answered with an error. What an earlier life left in the spool counts as accepted before.
    #[must_use]
    pub fn is_past(&self, barrier: &mut Barrier) -> bool {
        let pending = self.shared.lock();
        if barrier.spool.is_none() && pending.is_settled(barrier.sequence) {
            barrier.spool = Some(pending.ledger.noted().to_vec());
        }
        let end = barrier.spool.as_deref();
        end.is_some_and(|end| pending.ledger.has_passed(end))
    }

    /// Ends admission; what has no proof soon goes to the spool, which is drained as far as the log
    /// takes it, and closed with everything synced. Takes at most `deadline`; what has no proof by then
    /// is answered with [`LogError::Closed`]. Calling it again does nothing.
    pub fn close(&self, deadline: Duration) -> Closed {
        let began = Instant::now();
        let shared = &self.shared;
        shared.close();
        // The log gets a little time to prove what it holds; then everything goes to the spool.
        shared.wait_for_answers(began + (deadline / 4).min(shared.after));
        shared.lock().schedule.hurry();
        shared.wake_timer();
        shared.wait_for_answers(began + deadline / 2);
        self.steering.set(Mode::Hurried);
        shared.bell.ring();
        self.wait_for_forwarder(began + deadline * 3 / 4);
        self.end(Mode::Ending);
        let mut out = Deliveries::default();
        let mut pending = shared.lock();
        let topic = shared.topic.name.clone();
        let unproved = pending.give_up_all(&LogError::Closed { topic }, &mut out);
        shared.done(pending, out, false);
        shared.spool.close();
        Closed {
            unproved,
            backlog: self.backlog(),
        }
    }

    /// Waits until the spool is drained, or the log does not take it.
    fn wait_for_forwarder(&self, until: Instant) {
        let is_running = lock(&self.forwarder).is_some();
        while is_running
            && Instant::now() < until
            && self.backlog().records > 0
            && !self.steering.is_refused.load(Ordering::Acquire)
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends both threads.
    fn end(&self, mode: Mode) {
        self.steering.set(mode);
        self.timer_ended.store(true, Ordering::Release);
        // Under the lock, so that a timer that is about to wait hears it.
        drop(self.shared.lock());
        self.shared.wake_timer();
        self.shared.bell.ring();
        for thread in [&self.timer, &self.forwarder] {
            let Some(thread) = lock(thread).take() else {
                continue;
            };
            if thread.join().is_err() {
                tracing::error!("a thread of the hedge has panicked");
            }
        }
    }
}

/// Stops at once, and the spool with it: what waits is answered with [`LogError::Closed`], and nothing is remembered that was
/// not already. [`Hedge::close`] is the tidy way.
impl Drop for Hedge {
    fn drop(&mut self) {
        self.shared.close();
        self.end(Mode::Dropped);
        let topic = self.shared.topic.name.clone();
        let mut out = Deliveries::default();
        let mut pending = self.shared.lock();
        pending.give_up_all(&LogError::Closed { topic }, &mut out);
        self.shared.done(pending, out, false);
        // Its writer must not hold the last handle: the directory is free when this returns.
        self.shared.spool.abandon();
    }
}

/// Makes the spool this log's, unless it holds records of another one.
fn own(spool: &Journal, log: LogId, records: u64) -> Result<(), LogError> {
    match keep::owner(spool.notes())? {
        Some(owner) if owner == log => Ok(()),
        Some(owner) if records > 0 => Err(keep::foreign(spool.notes(), owner, log)),
        _ => keep::give(spool.notes(), log),
    }
}

fn spawn(
    name: &'static str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, LogError> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map_err(|error| no_thread(name, &error))
}

impl Log for Hedge {
    fn id(&self) -> LogId {
        self.primary.id()
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.primary.topics()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        if topic == self.shared.topic.name {
            return Ok(self.appender.clone());
        }
        self.primary.appender(topic)
    }

    fn prompt_appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        self.primary.prompt_appender(topic)
    }

    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        self.primary.reader(topic)
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.primary.start_offset(topic, partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.primary.end_offset(topic, partition)
    }

    fn bounds(&self, topic: &str, partitions: &[u32]) -> Result<Vec<(u64, u64)>, LogError> {
        self.primary.bounds(topic, partitions)
    }

    fn glance(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        self.primary.glance(topic, partitions)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        self.primary.offset_at(topic, partition, time_ms)
    }

    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        self.primary.join(group, topic)
    }
}
