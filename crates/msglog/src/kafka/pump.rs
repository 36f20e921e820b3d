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

/// Rest between two looks at the producer while outcomes come …
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

/// Takes every event that the producer has now. It is asked without a time limit: with one, the client's own
/// loop spins through the last millisecond of it.
fn serve(producer: &Producer) {
    let outcomes = producer.context();
    let mut seen = outcomes.count();
    loop {
        producer.poll(Duration::ZERO);
        let count = outcomes.count();
        if count == seen {
            return;
        }
        seen = count;
    }
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
        core.pause(slice);
        serve(&producer);
        if producer.context().take_all_down() {
            core.log.lost_all();
        }
        let failure = self.settle(&producer);
        if failure.is_none() && !producer.context().is_fatal() {
            return;
        }
        let fatal = producer.client().fatal_error();
        if core.is_strict() {
            let fatal = fatal.map(|(code, text)| format!("{code}: {text}"));
            self.fail(&failure.or(fatal).unwrap_or_default());
            drop(producer);
            // A fatal client says so for ever: without it the thread sleeps until the appender is dropped.
            self.give_up();
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
        let mut list = std::mem::take(&mut self.list);
        let failed = list.iter().find_map(|outcome| outcome.result.err());
        let failure = failed.map(|code| code.to_string());
        if let (true, Some(first)) = (self.core.is_strict(), &failure) {
            // Before the answer: whoever hears of the failure is refused from then on.
            self.fail(first);
        }
        self.core.answer(|held, lists| {
            for outcome in list.drain(..) {
                held.answer(outcome.number, lists, |partition| match outcome.result {
                    Ok(offset) => self.durable(partition, offset),
                    Err(code) => Err(self.failure(code)),
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
        // Never for good: what fails is the batch or the producer, not this record, and the next one or a
        // repaired setting may do. A record that is at fault itself was refused before.
        LogError::Away {
            detail: format!("appending to topic {topic:?}: {code}"),
        }
    }

    /// A strict appender takes nothing any more.
    fn fail(&mut self, first: &str) {
        if self.failed.is_some() || self.core.stop() != Stop::No {
            return;
        }
        let topic = self.core.topic.name.clone();
        tracing::error!(
            topic,
            reason = first,
            "an append has failed; its appender ends"
        );
        let detail = first.to_owned();
        self.failed = Some(detail.clone());
        self.core.refuse(LogError::Poisoned { topic, detail });
    }

    /// Takes what a purged producer gives back.
    fn drain(&mut self, producer: &Producer) {
        let until = Instant::now() + PURGE_LIMIT;
        while self.core.on_their_way() > 0 && Instant::now() < until {
            self.core.pause(BUSY);
            serve(producer);
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

#[cfg(test)]
#[path = "pump_tests.rs"]
mod tests;
