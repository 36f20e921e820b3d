//! What everything of one log at the brokers shares: what was verified, what forbids to go on, and the
//! client that is asked where things stand.

use super::appender::{Core, Stop};
use super::config::KafkaConfig;
use super::errors;
use super::facts::TopicFacts;
use super::lines::Quiet;
use super::threads::Threads;
use crate::contract::{LogError, LogId, TopicConfig};
use crate::sync::{lock, wait_until};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

/// Shared by the log, its appenders, readers and memberships.
pub(super) struct Shared {
    pub(super) config: KafkaConfig,
    pub(super) id: LogId,
    pub(super) threads: Threads,
    facts: Mutex<TopicFacts>,
    /// Whether the brokers have been seen to hold what is configured.
    is_verified: AtomicBool,
    is_away: AtomicBool,
    /// Whether a producer reaches no broker, and the watch has not reached one since.
    has_lost_all: AtomicBool,
    is_closed: AtomicBool,
    refusal: OnceLock<String>,
    /// Wakes the watch.
    nudge: (Mutex<bool>, Condvar),
    /// First offset behind what is known to be durable, of each partition.
    ends: BTreeMap<String, Vec<AtomicU64>>,
    pub(super) asker: BaseConsumer<Quiet>,
    appenders: Mutex<Vec<Weak<Core>>>,
    /// Numbers of the memberships in use, by group.
    members: Mutex<BTreeMap<String, BTreeSet<u32>>>,
}

impl Shared {
    /// With what was verified now, or earlier.
    pub(super) fn new(
        config: KafkaConfig,
        facts: TopicFacts,
        is_verified: bool,
    ) -> Result<Self, LogError> {
        let asker = config.asker().create_with_context(Quiet::default());
        let asker = asker.map_err(|error| errors::of("making a client", &error))?;
        let zeros = |count: u32| (0..count).map(|_| AtomicU64::new(0)).collect();
        let ends = config.topics.iter();
        Ok(Self {
            ends: ends
                .map(|topic| (topic.name.clone(), zeros(topic.partitions)))
                .collect(),
            id: facts.log,
            facts: Mutex::new(facts),
            config,
            threads: Threads::default(),
            is_verified: AtomicBool::new(is_verified),
            is_away: AtomicBool::new(!is_verified),
            has_lost_all: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            refusal: OnceLock::new(),
            nudge: (Mutex::new(false), Condvar::new()),
            asker,
            appenders: Mutex::new(Vec::new()),
            members: Mutex::new(BTreeMap::new()),
        })
    }

    /// The configuration of a topic, if it has this partition.
    pub(super) fn topic(&self, topic: &str, partition: u32) -> Result<&TopicConfig, LogError> {
        let found = self.config.topics.iter().find(|known| known.name == topic);
        found
            .filter(|known| partition < known.partitions)
            .ok_or_else(|| LogError::NoSuchPartition {
                topic: topic.to_owned(),
                partition,
            })
    }

    pub(super) fn facts(&self) -> TopicFacts {
        lock(&self.facts).clone()
    }

    /// Why nothing may be appended now.
    pub(super) fn refuses(&self) -> Option<LogError> {
        if let Some(reason) = self.refusal.get() {
            return Some(LogError::Mismatch(reason.clone()));
        }
        let detail = "the topics have not been verified since the start".to_owned();
        (!self.is_verified.load(Ordering::Acquire)).then_some(LogError::Away { detail })
    }

    /// Why this process must end.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.get().cloned()
    }

    /// Ends it all: the log is not what it was.
    pub(super) fn refuse(&self, reason: &str) {
        if self.refusal.set(reason.to_owned()).is_ok() {
            tracing::error!(reason, "the log at the brokers is not the one it was");
        }
    }

    /// What the watch has found.
    pub(super) fn verified(&self, facts: TopicFacts) {
        *lock(&self.facts) = facts;
        self.is_verified.store(true, Ordering::Release);
    }

    pub(super) fn is_verified(&self) -> bool {
        self.is_verified.load(Ordering::Acquire)
    }

    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Acquire)
    }

    fn set_away(&self, is_away: bool) {
        if self.is_away.swap(is_away, Ordering::AcqRel) != is_away {
            tracing::warn!(is_away, "the brokers are away or back");
        }
    }

    /// A producer reaches no broker any more: the watch is to look now, and until it has reached one nobody need wait
    /// for an answer.
    pub(super) fn lost_all(&self) {
        self.has_lost_all.store(true, Ordering::Release);
        self.nudge();
    }

    /// Whether no broker is known to answer: by the watch, which asks twice a second, or by a producer, which notices
    /// a broken connection at once.
    pub(super) fn is_silent(&self) -> bool {
        self.is_away() || self.has_lost_all.load(Ordering::Acquire)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Ends the watch.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.nudge();
    }

    /// Asks the watch to look now.
    pub(super) fn nudge(&self) {
        *lock(&self.nudge.0) = true;
        self.nudge.1.notify_all();
    }

    /// Waits for the next look of the watch; `true` when it was asked for.
    pub(super) fn rest(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut asked = lock(&self.nudge.0);
        while !*asked {
            let (guard, late) = wait_until(&self.nudge.1, asked, Some(until));
            asked = guard;
            if late {
                break;
            }
        }
        std::mem::take(&mut *asked)
    }

    /// Finds out whether the brokers answer; its client's log lines are taken on the way.
    pub(super) fn ping(&self, limit: Duration) -> bool {
        drop(self.asker.poll(Duration::ZERO));
        let Some(topic) = self.config.topics.first() else {
            return true;
        };
        let name = self.config.broker_topic(&topic.name);
        let had_lost_all = self.has_lost_all.load(Ordering::Acquire);
        let answers = self.asker.fetch_metadata(Some(&name), limit).is_ok();
        self.set_away(!answers);
        // What a producer has lost since the question is a question of its own.
        if answers && had_lost_all {
            self.has_lost_all.store(false, Ordering::Release);
        }
        answers
    }

    /// Counts an appender, unless the log is closed.
    pub(super) fn adopt(&self, core: &Arc<Core>) -> Result<(), LogError> {
        let mut appenders = lock(&self.appenders);
        appenders.retain(|known| known.strong_count() > 0);
        if self.is_closed() {
            let topic = core.topic.name.clone();
            return Err(LogError::Closed { topic });
        }
        appenders.push(Arc::downgrade(core));
        Ok(())
    }

    /// Appenders that are still there.
    pub(super) fn appenders(&self) -> Vec<Arc<Core>> {
        lock(&self.appenders)
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// Ends every appender.
    pub(super) fn end_appenders(&self, how: Stop) {
        for core in self.appenders() {
            core.end(how);
        }
    }

    /// The smallest number that no membership of this group has.
    pub(super) fn take_member(&self, group: &str) -> u32 {
        let mut members = lock(&self.members);
        let taken = members.entry(group.to_owned()).or_default();
        let number = (0..).find(|number| !taken.contains(number)).unwrap_or(0);
        taken.insert(number);
        number
    }

    pub(super) fn free_member(&self, group: &str, number: u32) {
        if let Some(taken) = lock(&self.members).get_mut(group) {
            taken.remove(&number);
        }
    }

    /// A record before `end` is durable.
    pub(super) fn acked(&self, topic: &str, partition: u32, end: u64) {
        if let Some(known) = self.end_of(topic, partition) {
            known.fetch_max(end, Ordering::AcqRel);
        }
    }

    pub(super) fn end_of(&self, topic: &str, partition: u32) -> Option<&AtomicU64> {
        self.ends.get(topic)?.get(partition as usize)
    }
}
