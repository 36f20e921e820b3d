//! Appending to one topic: a producer of its own and a thread that asks it for outcomes. What an appender
//! accepts it answers, whatever becomes of the producer.

use super::delivery::Producer;
use super::held::{Held, Lists};
use super::pump;
use super::shared::Shared;
use crate::contract::{
    Appender, LogError, Mailbox, NewRecord, Refusal, Refused, Tier, TopicConfig,
};
use crate::limits::check_record;
use crate::sync::{lock, wait_until};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseRecord, Producer as _, PurgeConfig};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What an appender shares with its thread.
pub(super) struct Core {
    pub(super) log: Arc<Shared>,
    pub(super) topic: TopicConfig,
    broker_topic: String,
    held: Mutex<Held>,
    gate: RwLock<Gate>,
    /// Whether the thread sleeps because nothing is on its way.
    is_idle: AtomicBool,
    bell: (Mutex<()>, Condvar),
    stop: AtomicU8,
}

/// What decides whether records are taken.
struct Gate {
    refuse: Option<LogError>,
    producer: Option<Arc<Producer>>,
}

/// How far the thread is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Stop {
    /// Not at all.
    No = 0,
    /// Once everything accepted has its answer.
    Drained = 1,
    /// Now.
    Now = 2,
}

impl Core {
    /// Whether a failure ends this appender for good, so that no record goes through behind one that did not.
    pub(super) fn is_strict(&self) -> bool {
        self.topic.tier != Tier::Ingress
    }

    pub(super) fn stop(&self) -> Stop {
        match self.stop.load(Ordering::Acquire) {
            0 => Stop::No,
            1 => Stop::Drained,
            _ => Stop::Now,
        }
    }

    /// Asks the thread to stop; a stronger wish stands.
    pub(super) fn end(&self, how: Stop) {
        self.stop.fetch_max(how as u8, Ordering::AcqRel);
        self.ring();
    }

    /// Refuses everything from now on.
    pub(super) fn refuse(&self, error: LogError) {
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        gate.refuse.get_or_insert(error);
    }

    /// The producer of the moment.
    pub(super) fn producer(&self) -> Option<Arc<Producer>> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        gate.producer.clone()
    }

    /// Takes another producer, or none. Whoever is appending has ended with the old one when this returns.
    pub(super) fn set_producer(&self, producer: Option<Arc<Producer>>) -> Option<Arc<Producer>> {
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut gate.producer, producer)
    }

    /// A fresh producer.
    pub(super) fn make(&self) -> Result<Arc<Producer>, LogError> {
        let settings = self.log.config.producer(self.topic.tier);
        let made = settings.create_with_context(super::delivery::Outcomes::default());
        made.map(Arc::new)
            .map_err(|error| super::errors::of("making a producer", &error))
    }

    /// Records on their way.
    pub(super) fn on_their_way(&self) -> usize {
        lock(&self.held).records()
    }

    /// Works on what is on its way and delivers the answers, without a lock.
    pub(super) fn answer(&self, work: impl FnOnce(&mut Held, &mut Lists)) {
        let mut lists = Lists::default();
        work(&mut lock(&self.held), &mut lists);
        lists.deliver();
    }

    /// Asks the brokers who leads the topic, before the first record needs to know.
    pub(super) fn warm(&self, producer: &Producer) {
        let known = producer
            .client()
            .fetch_metadata(Some(&self.broker_topic), WARM_LIMIT);
        if let Err(error) = known {
            tracing::debug!(topic = self.topic.name, %error, "the producer starts cold");
        }
    }

    /// Sleeps until a record comes, something is asked, or for so long.
    pub(super) fn sleep(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let guard = lock(&self.bell.0);
        self.is_idle.store(true, Ordering::SeqCst);
        if self.on_their_way() == 0 && self.stop() == Stop::No {
            drop(wait_until(&self.bell.1, guard, Some(until)));
        }
        self.is_idle.store(false, Ordering::SeqCst);
    }

    /// A short rest, which a wish to stop cuts shorter.
    pub(super) fn pause(&self, limit: Duration) {
        let until = Instant::now() + limit;
        drop(wait_until(&self.bell.1, lock(&self.bell.0), Some(until)));
    }

    fn ring(&self) {
        drop(lock(&self.bell.0));
        self.bell.1.notify_all();
    }

    /// Gives records to the producer. What it does not take fails, and everything behind it: a call is
    /// accepted as a whole, and nothing may overtake what failed.
    fn produce(&self, producer: &Producer, records: &[(NewRecord, u64)], numbers: &[usize]) {
        let mut failed: Option<RDKafkaErrorCode> = None;
        for ((record, _), number) in records.iter().zip(numbers) {
            if let Some(code) = failed {
                producer.context().note(*number, Err(code));
                continue;
            }
            let sent = producer.send(
                BaseRecord::with_opaque_to(&self.broker_topic, *number)
                    .partition(i32::try_from(record.partition).unwrap_or(i32::MAX))
                    .key(&record.key[..])
                    .payload(&record.value[..]),
            );
            if let Err((error, _)) = sent {
                let code = error.rdkafka_error_code();
                let code = code.unwrap_or(RDKafkaErrorCode::Unknown);
                producer.context().note(*number, Err(code));
                failed = Some(code);
            }
        }
    }
}

/// How long a new producer asks for the leaders of its topic.
const WARM_LIMIT: Duration = Duration::from_secs(1);

/// The handle that callers hold.
pub(super) struct KafkaAppender {
    core: Arc<Core>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl KafkaAppender {
    pub(super) fn new(log: Arc<Shared>, topic: TopicConfig) -> Result<Arc<Self>, LogError> {
        let held = Held::new(log.config.queue_bytes, log.config.queue_records);
        let core = Arc::new(Core {
            broker_topic: log.config.broker_topic(&topic.name),
            log,
            topic,
            held: Mutex::new(held),
            gate: RwLock::new(Gate {
                refuse: None,
                producer: None,
            }),
            is_idle: AtomicBool::new(false),
            bell: (Mutex::new(()), Condvar::new()),
            stop: AtomicU8::new(Stop::No as u8),
        });
        core.set_producer(Some(core.make()?));
        core.log.adopt(&core)?;
        let shared = Arc::clone(&core);
        let thread = std::thread::Builder::new()
            .name("kafka-append".to_owned())
            .spawn(move || pump::run(&shared))
            .map_err(|error| LogError::Io {
                what: "starting an appender's thread".to_owned(),
                detail: error.to_string(),
                code: error.raw_os_error(),
            })?;
        Ok(Arc::new(Self {
            core,
            thread: Mutex::new(Some(thread)),
        }))
    }
}

impl Appender for KafkaAppender {
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        let core = &self.core;
        let refused = |records, reason| Err(Refused { records, reason });
        if let Some(error) = core.log.refuses() {
            return refused(records, error.into());
        }
        let wrong = records
            .iter()
            .find_map(|(record, _)| check_record(&core.topic, record).err());
        if let Some(error) = wrong {
            return refused(records, error.into());
        }
        if records.is_empty() {
            return Ok(());
        }
        // Held to the end, so that no producer is replaced in the middle of a call.
        let gate = core.gate.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &gate.refuse {
            return refused(records, error.clone().into());
        }
        let Some(producer) = &gate.producer else {
            let detail = "the producer is being replaced".to_owned();
            return refused(records, LogError::Away { detail }.into());
        };
        let taken = lock(&core.held).take(&records, answers);
        let Some(numbers) = taken else {
            return refused(records, Refusal::QueueFull);
        };
        core.produce(producer, &records, &numbers);
        if core.is_idle.swap(false, Ordering::SeqCst) {
            core.ring();
        }
        Ok(())
    }

    fn is_away(&self) -> bool {
        self.core.log.is_silent()
    }
}

/// What was accepted is still answered; the thread ends by itself, under the log's eyes.
impl Drop for KafkaAppender {
    fn drop(&mut self) {
        self.core.end(Stop::Drained);
        if let Some(thread) = lock(&self.thread).take() {
            self.core.log.threads.ends("kafka-append", thread);
        }
    }
}

/// Everything that a producer holds, sent or not.
pub(super) fn purge(producer: &Producer) {
    producer.purge(PurgeConfig::default().queue().inflight());
}
