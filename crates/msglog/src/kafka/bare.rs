//! The client library by itself, told what an appender tells it, with nothing of ours around it: the measure that
//! benchmarks hold an appender against. Nothing of the product uses it.

use super::config::KafkaConfig;
use super::errors;
use crate::contract::LogError;
use rdkafka::ClientContext;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use std::time::Duration;

/// Called once with whether the record is durable, on the library's own thread: it must not block.
pub type Told = Box<dyn FnOnce(bool) + Send + Sync>;

struct Reports;

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Told>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Box<Told>) {
        told(result.is_ok());
    }
}

/// A producer of one topic, as the library comes. Nothing bounds what it holds; dropping it drops what is on its way.
pub struct BareProducer {
    producer: ThreadedProducer<Reports>,
    topic: String,
}

impl BareProducer {
    /// With the settings that an appender of this topic has. The topic must be there.
    ///
    /// # Errors
    /// [`LogError::NoSuchPartition`] when the configuration has no such topic; failures of making the client.
    pub fn open(config: &KafkaConfig, topic: &str) -> Result<Self, LogError> {
        let found = config.topics.iter().find(|known| known.name == topic);
        let tier = found
            .map(|known| known.tier)
            .ok_or_else(|| LogError::NoSuchPartition {
                topic: topic.to_owned(),
                partition: 0,
            })?;
        let made = config.producer(tier).create_with_context(Reports);
        Ok(Self {
            producer: made.map_err(|error| errors::of("making a producer", &error))?,
            topic: config.broker_topic(topic),
        })
    }

    /// Hands a record over; `told` is called when the delivery report comes, and not at all when this fails.
    ///
    /// # Errors
    /// The library does not take it.
    pub fn send(&self, partition: u32, value: &[u8], told: Told) -> Result<(), LogError> {
        let record = BaseRecord::<(), [u8], _>::with_opaque_to(&self.topic, Box::new(told))
            .partition(i32::try_from(partition).unwrap_or(i32::MAX))
            .payload(value);
        let sent = self.producer.send(record);
        sent.map_err(|(error, _)| errors::of("handing a record over", &error))
    }

    /// Waits until everything has its report, at most so long.
    ///
    /// # Errors
    /// Something has none by then.
    pub fn flush(&self, limit: Duration) -> Result<(), LogError> {
        let flushed = self.producer.flush(limit);
        flushed.map_err(|error| errors::of("waiting for delivery reports", &error))
    }
}
