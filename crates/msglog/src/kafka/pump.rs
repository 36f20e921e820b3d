//! The thread of an appender: takes outcomes from the producer, answers, and decides what a failure means.
//!
//! * A topic of ingress goes on: a record that fails is answered, and a producer that cannot go on is
//!   replaced.
//! * Any other topic ends with its first failure: what is queued is purged and answered as failed, and the
//!   appender refuses from then on, so that no record goes through behind one that did not. Whoever
//!   appends makes a new appender and begins where the log ends.

use super::appender::{Core, Stop, purge};
use super::delivery::{Outcome, Producer};
use super::errors;
use crate::contract::{Durable, LogError};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One look at the producer while outcomes come …
const BUSY: Duration = Duration::from_millis(1);
/// … and while none has come for [`LULL_AFTER`].
const LULL: Duration = Duration::from_millis(20);
const LULL_AFTER: Duration = Duration::from_secs(1);
/// Sleep of a thread that has nothing on its way, between two looks at the client's log lines.
const IDLE: Duration = Duration::from_millis(500);
/// How long an appender that was dropped waits for the answers of what it accepted.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How long a purged producer may take to give everything back.
const PURGE_LIMIT: Duration = Duration::from_secs(1);
/// Rest before another try at making a producer.
const MAKE_REST: Duration = Duration::from_secs(1);

/// Runs until the appender is dropped or the log closed.
pub(super) fn run(core: &Core) {
    let mut pump = Pump {
        core,
        last: vec![None; core.topic.partitions as usize],
        list: Vec::new(),
        heard: Instant::now(),
        failed: None,
    };
    if let Some(producer) = core.producer() {
        core.warm(&producer);
    }
    let mut since: Option<Instant> = None;
    loop {
        let stop = core.stop();
        if stop != Stop::No {
            let since = *since.get_or_insert_with(Instant::now);
            let is_late = since.elapsed() >= DRAIN_LIMIT;
            if core.on_their_way() == 0 || stop == Stop::Now || is_late {
                break;
            }
        }
        pump.turn();
    }
    let topic = core.topic.name.clone();
    core.refuse(LogError::Closed { topic });
    pump.give_up();
}

struct Pump<'a> {
    core: &'a Core,
    /// Offset of the newest durable record of each partition.
    last: Vec<Option<i64>>,
    list: Vec<Outcome>,
    /// When the last outcome came.
    heard: Instant,
    /// The first failure of a strict topic.
    failed: Option<String>,
}

impl Pump<'_> {
    fn turn(&mut self) {
        let core = self.core;
        let Some(producer) = core.producer() else {
            self.make();
            return;
        };
        let is_quiet = core.on_their_way() == 0;
        if is_quiet && core.stop() == Stop::No {
            core.sleep(IDLE);
            self.heard = Instant::now();
        }
        let slice = if self.heard.elapsed() < LULL_AFTER {
            BUSY
        } else {
            LULL
        };
        producer.poll(slice);
        let failure = self.settle(&producer);
        if failure.is_none() && !producer.context().is_fatal() {
            return;
        }
        let fatal = producer.client().fatal_error();
        if core.is_strict() {
            let fatal = fatal.map(|(code, text)| format!("{code}: {text}"));
            let first = failure.or(fatal).unwrap_or_default();
            self.end(&producer, first);
        } else if let Some((code, text)) = fatal {
            tracing::error!(topic = core.topic.name, %code, text, "the producer cannot go on and is replaced");
            drop(producer);
            self.give_up();
            self.make();
        }
    }

    /// Answers what has an outcome. Returns the first failure.
    fn settle(&mut self, producer: &Producer) -> Option<String> {
        producer.context().take(&mut self.list);
        if self.list.is_empty() {
            return None;
        }
        self.heard = Instant::now();
        let mut failure = None;
        let mut list = std::mem::take(&mut self.list);
        self.core.answer(|held, lists| {
            for outcome in list.drain(..) {
                held.answer(outcome.number, lists, |partition| match outcome.result {
                    Ok(offset) => self.durable(partition, offset),
                    Err(code) => {
                        failure.get_or_insert_with(|| code.to_string());
                        Err(self.failure(code))
                    }
                });
            }
        });
        self.list = list;
        failure
    }

    /// The proof of a record that stands at `offset`, unless the topic is not the one it was.
    fn durable(&mut self, partition: u32, offset: i64) -> Result<Durable, LogError> {
        let (core, topic) = (self.core, &self.core.topic.name);
        if let Some(reason) = core.log.refusal() {
            return Err(LogError::Mismatch(reason));
        }
        let Ok(place) = u64::try_from(offset) else {
            // A repetition that the broker knew but could not place any more.
            return Err(LogError::Away {
                detail: format!(
                    "a record of topic {topic:?} is stored, but its place is not known"
                ),
            });
        };
        if let Some(last) = self.last.get_mut(partition as usize) {
            if last.is_some_and(|last| offset <= last) {
                let reason = format!(
                    "a record of {topic}/{partition} was given offset {offset}, which an earlier one had: \
                     the topic was deleted and made again, or its brokers have lost records"
                );
                core.log.refuse(&reason);
                return Err(LogError::Mismatch(reason));
            }
            *last = Some(offset);
        }
        core.log.acked(topic, partition, place.saturating_add(1));
        Ok(Durable::in_log(partition, place))
    }

    /// What a failed record is answered with.
    fn failure(&self, code: RDKafkaErrorCode) -> LogError {
        use RDKafkaErrorCode as C;
        let core = self.core;
        let topic = core.topic.name.clone();
        if errors::is_gone(code) {
            core.log.nudge();
        }
        if core.stop() != Stop::No && matches!(code, C::PurgeQueue | C::PurgeInflight) {
            return LogError::Closed { topic };
        }
        if core.is_strict() {
            let detail = self.failed.clone().unwrap_or_else(|| code.to_string());
            return LogError::Poisoned { topic, detail };
        }
        let what = format!("appending to topic {topic:?}");
        match code {
            // The producer is replaced, or has been.
            C::Fatal | C::Fenced | C::PurgeQueue | C::PurgeInflight => LogError::Away {
                detail: format!("{what}: {code}"),
            },
            code if errors::is_gone(code) => LogError::Away {
                detail: format!("{what}: {code}"),
            },
            code => errors::of_code(&what, code),
        }
    }

    /// Ends a strict appender.
    fn end(&mut self, producer: &Producer, first: String) {
        if self.failed.is_none() {
            let topic = self.core.topic.name.clone();
            tracing::error!(
                topic,
                reason = first,
                "an append has failed; its appender ends"
            );
            let detail = first.clone();
            self.failed = Some(first);
            self.core.refuse(LogError::Poisoned { topic, detail });
            purge(producer);
        }
        self.drain(producer);
        // A fatal client says so for ever: without it the thread sleeps until the appender is dropped.
        self.give_up();
    }

    /// Takes what a purged producer gives back.
    fn drain(&mut self, producer: &Producer) {
        let until = Instant::now() + PURGE_LIMIT;
        while self.core.on_their_way() > 0 && Instant::now() < until {
            producer.poll(BUSY);
            self.settle(producer);
        }
    }

    /// Lets go of the producer; what it does not give back is answered as failed.
    fn give_up(&mut self) {
        if let Some(producer) = self.core.set_producer(None) {
            purge(&producer);
            self.drain(&producer);
            // Its outcomes go with it: nothing is answered twice.
            drop(producer);
        }
        let error = self.failure(RDKafkaErrorCode::PurgeQueue);
        self.core.answer(|held, lists| held.fail_all(lists, &error));
    }

    /// A new producer for an appender that has none.
    fn make(&mut self) {
        let core = self.core;
        if self.failed.is_some() || core.stop() != Stop::No {
            core.sleep(IDLE);
            return;
        }
        match core.make() {
            Ok(producer) => drop::<Option<Arc<Producer>>>(core.set_producer(Some(producer))),
            Err(error) => {
                tracing::error!(topic = core.topic.name, %error, "no producer");
                core.sleep(MAKE_REST);
            }
        }
    }
}
