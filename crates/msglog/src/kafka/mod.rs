//! The log on Apache Kafka: partitions, order and durability are the brokers', everything else is here.
//!
//! * Each [`Log::appender`] is an idempotent producer of its own with a thread of its own, so that one
//!   stage's failure is its own and a restarted stage begins with a new one.
//! * A [`Reader`] reads partitions that it is told, each from its own queue; nothing is committed.
//! * A [`Membership`] only says who owns what: it reads nothing, and it holds a lease that the brokers
//!   confirm each second.
//! * A watch looks whether the brokers answer and whether the topics are still the same ones.
//!
//! Durable means: in the memory of `min.insync.replicas` brokers. The settings and their reasons, the
//! identity of the log, and what each failure becomes are in `docs/kafka-log.md`.
//!
//! What never lives here: a second way around an outage. That is the [`hedge`](crate::hedge).

mod admin;
mod appender;
mod bare;
mod config;
mod delivery;
mod errors;
mod facts;
mod fetched;
mod held;
mod lease;
mod lines;
mod member;
mod pump;
mod questions;
mod reader;
mod shared;
mod threads;
mod watch;

pub use bare::{BareProducer, Told};
pub use config::{KafkaConfig, RECORD_BYTES_MAX};
pub use facts::{TopicFact, TopicFacts, TopicState};

use crate::contract::{Appender, Log, LogError, LogId, Membership, Reader, Tier, TopicConfig};
use crate::sync::lock;
use admin::Admin;
use appender::{KafkaAppender, Stop};
use shared::Shared;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long ending clients may take when the log is dropped without being closed.
const DROP_LIMIT: Duration = Duration::from_secs(2);

/// A log at Kafka brokers.
pub struct Kafka {
    shared: Arc<Shared>,
    watch: Mutex<Option<JoinHandle<()>>>,
}

impl Kafka {
    /// Makes the topics that are missing, with an identity each, and says how all of them are then. What is
    /// there already is left as it is, and its problems are told.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] when the configuration cannot be, [`LogError::Away`], [`LogError::Io`].
    pub fn create_topics(config: &KafkaConfig) -> Result<Vec<TopicState>, LogError> {
        config.check()?;
        config.check_options()?;
        Admin::new(config)?.create(config)
    }

    /// How the topics are.
    ///
    /// # Errors
    /// As [`Kafka::create_topics`].
    pub fn describe(config: &KafkaConfig) -> Result<Vec<TopicState>, LogError> {
        config.check()?;
        config.check_options()?;
        let (_, states) = Admin::new(config)?.look(config)?;
        Ok(states)
    }

    /// Opens the log, verified.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] naming each topic that is not as configured, what it is, what it should be and
    /// the way out; [`LogError::Away`] when the brokers do not answer; [`LogError::Io`].
    pub fn open(config: KafkaConfig) -> Result<Arc<Self>, LogError> {
        config.check()?;
        config.check_options()?;
        let admin = Admin::new(&config)?;
        let facts = admin.verify(&config)?;
        Self::start(Shared::new(config, facts, true)?, admin)
    }

    /// Opens the log as it was verified in an earlier life, without waiting for the brokers. Appends are
    /// refused with [`LogError::Away`] until they have confirmed it; when they deny it, see
    /// [`Kafka::refusal`].
    ///
    /// # Errors
    /// [`LogError::Mismatch`] when the configuration cannot be, or is not the one that was verified.
    pub fn open_known(config: KafkaConfig, facts: TopicFacts) -> Result<Arc<Self>, LogError> {
        config.check()?;
        config.check_options()?;
        for topic in &config.topics {
            let known = facts.topics.get(&topic.name).map(|fact| fact.partitions);
            if known != Some(topic.partitions) {
                return Err(LogError::Mismatch(format!(
                    "topic {:?} is configured with {} partitions, but was not verified so: the brokers must \
                     be reached once after such a change",
                    topic.name, topic.partitions
                )));
            }
        }
        let admin = Admin::new(&config)?;
        Self::start(Shared::new(config, facts, false)?, admin)
    }

    fn start(shared: Shared, admin: Admin) -> Result<Arc<Self>, LogError> {
        let shared = Arc::new(shared);
        let watched = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("kafka-watch".to_owned())
            .spawn(move || watch::run(&watched, &admin))
            .map_err(|error| LogError::Io {
                what: "starting the watch over the topics".to_owned(),
                detail: error.to_string(),
                code: error.raw_os_error(),
            })?;
        Ok(Arc::new(Self {
            shared,
            watch: Mutex::new(Some(thread)),
        }))
    }

    /// What was verified last.
    #[must_use]
    pub fn facts(&self) -> TopicFacts {
        self.shared.facts()
    }

    /// Why this process must end: the log is not the one it was. `None` while it is.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        self.shared.refusal()
    }

    /// Whether the brokers do not answer now, as seen within the last two seconds.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.shared.is_away()
    }

    /// Ends admission and waits for what has been accepted, at most until `deadline`. What has no answer
    /// by then is answered with [`LogError::Closed`]; returns how many those are.
    pub fn close(&self, deadline: Duration) -> usize {
        let until = Instant::now() + deadline;
        self.shared.close();
        let appenders = self.shared.appenders();
        for core in &appenders {
            let topic = core.topic.name.clone();
            core.refuse(LogError::Closed { topic });
        }
        let left = || {
            appenders
                .iter()
                .map(|core| core.on_their_way())
                .sum::<usize>()
        };
        while left() > 0 && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let unacked = left();
        self.end(DROP_LIMIT);
        unacked
    }

    /// Ends the threads, answering what is left as failed.
    fn end(&self, limit: Duration) {
        self.shared.close();
        self.shared.end_appenders(Stop::Now);
        if let Some(watch) = lock(&self.watch).take() {
            self.shared.threads.ends("kafka-watch", watch);
        }
        self.shared.threads.wait(Instant::now() + limit);
    }
}

/// Stops at once, as a crash would: what waits is answered with [`LogError::Closed`]. [`Kafka::close`] is
/// the tidy way.
impl Drop for Kafka {
    fn drop(&mut self) {
        self.end(DROP_LIMIT);
    }
}

impl Log for Kafka {
    fn id(&self) -> LogId {
        self.shared.id
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.shared.config.topics.clone()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        let topic = self.shared.topic(topic, 0)?.clone();
        Ok(KafkaAppender::new(Arc::clone(&self.shared), topic)?)
    }

    fn prompt_appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        let mut topic = self.shared.topic(topic, 0)?.clone();
        topic.tier = Tier::Control;
        Ok(KafkaAppender::new(Arc::clone(&self.shared), topic)?)
    }

    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        let topic = self.shared.topic(topic, 0)?.clone();
        Ok(Box::new(reader::KafkaReader::new(
            Arc::clone(&self.shared),
            topic,
        )))
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        first(self.shared.starts(topic, &[partition])?)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        first(self.shared.ends(topic, &[partition])?)
    }

    fn bounds(&self, topic: &str, partitions: &[u32]) -> Result<Vec<(u64, u64)>, LogError> {
        let starts = self.shared.starts(topic, partitions)?;
        let ends = self.shared.ends(topic, partitions)?;
        Ok(starts.into_iter().zip(ends).collect())
    }

    fn glance(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        self.shared.glance(topic, partitions)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        let start = self.start_offset(topic, partition)?;
        if time_ms <= 0 {
            return Ok(start);
        }
        // Nothing that comes while it is being looked up may lie before the answer.
        let end = self.end_offset(topic, partition)?;
        let found = self.shared.at_time(topic, partition, time_ms)?;
        Ok(found.unwrap_or(end).max(start))
    }

    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        let topic = self.shared.topic(topic, 0)?.clone();
        let member = member::Member::join(Arc::clone(&self.shared), group, &topic)?;
        Ok(Box::new(member))
    }
}

fn first(offsets: Vec<u64>) -> Result<u64, LogError> {
    offsets.first().copied().ok_or_else(|| LogError::Away {
        detail: "the brokers gave no offset".to_owned(),
    })
}
