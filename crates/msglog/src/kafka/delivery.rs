//! What the client tells about records that it was given: collected record by record, taken in lists.
//! Nothing slow stands here: the client calls it for each record.

use super::lines::Lines;
use crate::sync::lock;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, DeliveryResult, ProducerContext};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A producer with these outcomes.
pub(super) type Producer = BaseProducer<Outcomes>;

/// What became of the record with this number: its offset, or why not.
pub(super) struct Outcome {
    pub(super) number: usize,
    pub(super) result: Result<i64, RDKafkaErrorCode>,
}

/// The outcomes of one producer that nobody has taken yet.
#[derive(Default)]
pub(super) struct Outcomes {
    list: Mutex<Vec<Outcome>>,
    is_fatal: AtomicBool,
    are_all_down: AtomicBool,
    lines: Lines,
}

impl Outcomes {
    /// Notes what became of a record.
    pub(super) fn note(&self, number: usize, result: Result<i64, RDKafkaErrorCode>) {
        lock(&self.list).push(Outcome { number, result });
    }

    /// How many nobody has taken.
    pub(super) fn count(&self) -> usize {
        lock(&self.list).len()
    }

    /// Takes all of them, in order; `list` is empty and lends its room.
    pub(super) fn take(&self, list: &mut Vec<Outcome>) {
        std::mem::swap(list, &mut lock(&self.list));
    }

    /// Whether the producer has said that it cannot go on.
    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal.load(Ordering::Acquire)
    }

    /// Whether the producer has said since the last look that it reaches no broker.
    pub(super) fn take_all_down(&self) -> bool {
        self.are_all_down.swap(false, Ordering::AcqRel)
    }
}

impl ClientContext for Outcomes {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        self.lines.warn(facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Fatal) => self.is_fatal.store(true, Ordering::Release),
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                self.are_all_down.store(true, Ordering::Release);
            }
            _ => {}
        }
        self.lines.warn(&error.to_string(), reason);
    }
}

impl ProducerContext for Outcomes {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let result = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error
                .rdkafka_error_code()
                .unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        self.note(number, result);
    }
}
