//! What all threads of ingress share: accounts, snapshot, reply memory, metrics, the appender, and the
//! stage of the node's life. Nothing here belongs to one connection.

use crate::config::{AccountConfig, Deps, IngressConfig, StartError};
use crate::marks::Marks;
use crate::metrics::Metrics;
use crate::offset::ClockOffset;
use crate::reply_memory::ReplyMemory;
use crate::spool::Spool;
use arc_swap::ArcSwap;
use msglog::{Appender, Log, LogError};
use record::hexed::Hex;
use record::topics::INBOUND;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::health::Policy;
use telemetry::{Condition, RateLimit};

/// How long the log must not have failed before it counts as healthy again: a load balancer that has
/// taken the node out sends nothing that could prove it.
const RECOVERY: Duration = Duration::from_secs(3);
/// One log line of a kind in so long.
const LOG_EVERY: Duration = Duration::from_secs(10);
/// CreateTimes kept for the median of a second; more of them do not change it.
const TIMES_MAX: usize = 65_536;

/// The accounts, by index and by name.
pub(crate) struct Accounts {
    list: Vec<AccountConfig>,
    by_name: HashMap<String, usize>,
}

impl Accounts {
    fn new(list: Vec<AccountConfig>) -> Result<Self, StartError> {
        let mut by_name = HashMap::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            if by_name.insert(entry.account.name.clone(), index).is_some() {
                return Err(StartError::AccountTwice(entry.account.name.clone()));
            }
        }
        Ok(Self { list, by_name })
    }

    pub(crate) fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// An account by an index that [`Accounts::index_of`] gave.
    pub(crate) fn get(&self, index: usize) -> &AccountConfig {
        &self.list[index]
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|entry| entry.account.name.as_str())
    }
}

/// The stage of the node's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Everything is taken.
    Serving = 0,
    /// Everything is still taken, and every answer is the last of its connection.
    Leaving = 1,
    /// Nothing new is taken.
    Closing = 2,
}

/// See the module.
pub(crate) struct Node {
    pub(crate) accounts: Accounts,
    pub(crate) snapshot: Arc<ArcSwap<control::Snapshot>>,
    pub(crate) memory: Arc<ReplyMemory>,
    pub(crate) metrics: Metrics,
    pub(crate) clock_offset: ClockOffset,
    pub(crate) appender: Arc<dyn Appender>,
    /// When the log is hedged.
    pub(crate) spool: Option<Spool>,
    pub(crate) partitions: u32,
    pub(crate) node: Hex<8>,
    pub(crate) boot: Hex<8>,
    pub(crate) now_us: fn() -> i64,
    pub(crate) random: fn(&mut [u8; 24]),
    pub(crate) ack_budget: Duration,
    pub(crate) head_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    /// Connections of one thread.
    pub(crate) connections_max: usize,
    pub(crate) threads: usize,
    pub(crate) log_health: LogHealth,
    pub(crate) unparsed_log: RateLimit,
    pub(crate) unrendered_log: RateLimit,
    pub(crate) accept_log: RateLimit,
    /// Moments that seals ask about.
    pub(crate) marks: Marks,
    /// Records with the log and unanswered, over all threads.
    pub(crate) in_flight: AtomicU64,
    /// Grows with each connection and each request.
    pub(crate) activity: AtomicU64,
    stage: AtomicU8,
    times: Mutex<Vec<i64>>,
}

impl Node {
    pub(crate) fn new(
        config: &IngressConfig,
        deps: &Deps,
        threads: usize,
    ) -> Result<Self, StartError> {
        let log: &dyn Log = match &deps.hedge {
            Some(hedge) => hedge.as_ref(),
            None => deps.log.as_ref(),
        };
        let hedge = deps.hedge.clone();
        let spool = hedge.map(|hedge| Spool::new(hedge, &deps.registry, &deps.health));
        let partitions = log
            .topics()
            .iter()
            .find(|topic| topic.name == INBOUND)
            .map(|topic| topic.partitions)
            .ok_or_else(|| LogError::NoSuchPartition {
                topic: INBOUND.to_owned(),
                partition: 0,
            })?;
        Ok(Self {
            accounts: Accounts::new(config.accounts.clone())?,
            snapshot: Arc::clone(&deps.snapshot),
            memory: ReplyMemory::new(),
            metrics: Metrics::register(&deps.registry, config.rehearsal)?,
            clock_offset: ClockOffset::default(),
            appender: log.appender(INBOUND)?,
            spool: spool.transpose()?,
            partitions,
            node: config.node,
            boot: config.boot,
            now_us: deps.now_us,
            random: deps.random,
            ack_budget: config.ack_budget,
            head_timeout: config.head_timeout,
            body_timeout: config.body_timeout,
            idle_timeout: config.idle_timeout,
            connections_max: (config.connections_max / threads.max(1)).max(1),
            threads,
            log_health: LogHealth::new(deps.health.condition(INBOUND, Policy::STRICT)),
            unparsed_log: RateLimit::new(LOG_EVERY),
            unrendered_log: RateLimit::new(LOG_EVERY),
            accept_log: RateLimit::new(LOG_EVERY),
            marks: Marks::new(threads),
            in_flight: AtomicU64::new(0),
            activity: AtomicU64::new(0),
            stage: AtomicU8::new(Stage::Serving as u8),
            times: Mutex::default(),
        })
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Serving,
            1 => Stage::Leaving,
            _ => Stage::Closing,
        }
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// Shows what is of the node as a whole.
    pub(crate) fn show(&self, now: Instant) {
        let (silent, fans) = self.memory.silent_fans();
        self.metrics.silent_fans.set_count(silent);
        self.metrics.fans.set_count(fans);
        if let Some(gauge) = &self.metrics.clock_offset_seconds {
            gauge.set(self.clock_offset.seconds(now));
        }
        let step = u8::from(self.snapshot.load().ladder);
        self.metrics.ladder.set_count(step.into());
    }

    /// Takes over the CreateTimes that a thread has seen.
    pub(crate) fn add_times(&self, seen: &mut Vec<i64>) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let room = TIMES_MAX.saturating_sub(times.len());
        times.extend(seen.drain(..).take(room));
    }

    /// The median CreateTime since the last call.
    pub(crate) fn median_create_time(&self) -> Option<i64> {
        let mut times =
            std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner));
        let middle = times.len() / 2;
        (!times.is_empty()).then(|| *times.select_nth_unstable(middle).1)
    }
}

/// Whether the log takes what is handed to it, as the condition `inbound`.
pub(crate) struct LogHealth {
    condition: Condition,
    began: Instant,
    /// Milliseconds after `began` of the last failure; 0 when it was reported good since.
    failed_ms: AtomicU64,
    /// A failure that only a restart mends.
    broken: AtomicBool,
    log: RateLimit,
}

impl LogHealth {
    fn new(condition: Condition) -> Self {
        condition.good();
        Self {
            condition,
            began: Instant::now(),
            failed_ms: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            log: RateLimit::new(LOG_EVERY),
        }
    }

    /// A delivery could not be made durable.
    pub(crate) fn failed(&self, why: &str, for_good: bool) {
        if for_good {
            self.broken.store(true, Ordering::Relaxed);
        }
        let now = Instant::now();
        let first = self.failed_ms.swap(self.ms(now), Ordering::Relaxed) == 0;
        if first || for_good {
            self.condition.bad(why);
        }
        if let Some(more) = self.log.allow(now) {
            tracing::error!(why, more, "deliveries are not acked");
        }
    }

    /// Reports good again once nothing has failed for a while.
    pub(crate) fn recover(&self, now: Instant) {
        let failed_ms = self.failed_ms.load(Ordering::Relaxed);
        let recovery_ms = u64::try_from(RECOVERY.as_millis()).unwrap_or(u64::MAX);
        if failed_ms == 0
            || self.broken.load(Ordering::Relaxed)
            || self.ms(now).saturating_sub(failed_ms) < recovery_ms
        {
            return;
        }
        let swapped =
            self.failed_ms
                .compare_exchange(failed_ms, 0, Ordering::Relaxed, Ordering::Relaxed);
        if swapped.is_ok() {
            self.condition.good();
        }
    }

    fn ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::Health;

    #[test]
    fn the_log_recovers_from_a_full_queue_and_not_from_poison() {
        let health = Health::new();
        let log = LogHealth::new(health.condition(INBOUND, Policy::AT_ONCE));
        assert!(health.ready().is_ok());
        log.failed("the writer's queue is full", false);
        let reasons = health.ready().unwrap_err();
        assert_eq!(reasons, ["inbound: the writer's queue is full"]);
        log.recover(Instant::now());
        assert!(health.ready().is_err(), "too soon");
        log.recover(Instant::now() + RECOVERY * 2);
        assert!(health.ready().is_ok());
        log.failed("poisoned", true);
        log.recover(Instant::now() + RECOVERY * 100);
        assert_eq!(health.ready().unwrap_err(), ["inbound: poisoned"]);
    }
}
