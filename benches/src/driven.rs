//! The producing side without a server before it: one thread that gives raw bodies to the client library, or to the
//! appender that ingress has, as fast as the brokers take them.

use crate::brokers::{Brokers, inbound};
use crate::failure::{Failure, tried};
use crate::journal::{Inbox, append_for};
use crate::machine::cpu_s;
use crate::report::ratio;
use crate::requests::xml;
use crate::synth::PARTITIONS;
use bytes::Bytes;
use msglog::kafka::{BareProducer, Kafka, KafkaConfig};
use msglog::{Log as _, NewRecord};
use record::topics::INBOUND;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bodies that one thread gives away, again and again.
const POOL: u64 = 4_096;
/// Records that one thread has on their way, and the appender in a call.
const WINDOW: (u64, u64) = (16_384, 64);

/// What one thread drives with raw bodies: the library itself, or the appender around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driven {
    Library,
    Appender,
}

impl Driven {
    pub(crate) const ALL: [Self; 2] = [Self::Library, Self::Appender];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Library => "client library alone",
            Self::Appender => "our appender alone",
        }
    }

    /// Records a second, and processor time of this process for each, in microseconds.
    pub(crate) fn alone(self, brokers: &Brokers, length: Duration) -> Result<(f64, f64), Failure> {
        let config = brokers.log(inbound())?;
        let (cpu, began) = (cpu_s(std::process::id()), Instant::now());
        let sent = match self {
            Self::Library => library(&config, length)?,
            Self::Appender => appender(config, length)?,
        };
        let seconds = began.elapsed().as_secs_f64();
        let us = ratio((cpu_s(std::process::id()) - cpu) * 1e6, sent as f64);
        Ok((ratio(sent as f64, seconds), us))
    }
}

fn library(config: &KafkaConfig, length: Duration) -> Result<u64, Failure> {
    let producer = BareProducer::open(config, INBOUND).map_err(tried("make a producer"))?;
    let pool: Vec<String> = (0..POOL).map(xml).collect();
    let (reported, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (mut sent, mut bodies) = (0_u64, pool.iter().cycle());
    let ending = Instant::now() + length;
    while Instant::now() < ending {
        while sent - reported.load(Ordering::Relaxed) < WINDOW.0 {
            let Some(body) = bodies.next() else { break };
            let partition = u32::try_from(sent % u64::from(PARTITIONS)).unwrap_or(0);
            let (reported, failed) = (Arc::clone(&reported), Arc::clone(&failed));
            let told = Box::new(move |is_durable: bool| {
                reported.fetch_add(1, Ordering::Relaxed);
                failed.fetch_add(u64::from(!is_durable), Ordering::Relaxed);
            });
            let taken = producer.send(partition, body.as_bytes(), told);
            taken.map_err(tried("hand a record over"))?;
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let flushed = producer.flush(Duration::from_secs(30));
    flushed.map_err(tried("wait for delivery reports"))?;
    match failed.load(Ordering::Relaxed) {
        0 => Ok(sent),
        failed => Err(Failure::away(format!(
            "{failed} of {sent} records were not delivered"
        ))),
    }
}

fn appender(config: KafkaConfig, length: Duration) -> Result<u64, Failure> {
    let kafka = Kafka::open(config).map_err(tried("open the log"))?;
    let appender = kafka
        .appender(INBOUND)
        .map_err(tried("append to the log"))?;
    let record = |nth: u64| NewRecord {
        partition: u32::try_from(nth % u64::from(PARTITIONS)).unwrap_or(0),
        key: Bytes::new(),
        value: Bytes::from(xml(nth)),
    };
    let pool: Vec<NewRecord> = (0..POOL).map(record).collect();
    let mailbox = Arc::new(Inbox::default());
    let sent = append_for(&*appender, &mailbox, &pool, WINDOW, length)?;
    mailbox.wait(sent, 0)?;
    kafka.close(Duration::from_secs(5));
    Ok(sent)
}
