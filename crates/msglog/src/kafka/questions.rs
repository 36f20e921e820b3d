//! Where topics begin and end, and what stood when: asked of the brokers, in one request to each leader.

use super::errors;
use super::shared::Shared;
use crate::contract::LogError;
use rdkafka::consumer::Consumer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long brokers that are known to be away are asked.
const AWAY_LIMIT: Duration = Duration::from_millis(500);
/// How long they are asked for somebody who only looks.
const GLANCE: Duration = Duration::from_secs(1);

impl Shared {
    /// Ends of these partitions; never less than was known before.
    pub(super) fn ends(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        self.ends_within(topic, partitions, self.config.patience)
    }

    /// The same, asked once.
    pub(super) fn glance(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        self.ends_within(topic, partitions, GLANCE)
    }

    fn ends_within(
        &self,
        topic: &str,
        partitions: &[u32],
        patience: Duration,
    ) -> Result<Vec<u64>, LogError> {
        let known = |partition: u32| self.end_of(topic, partition);
        // What was known before the question: while it is on its way, acks may raise it.
        let before: Vec<u64> = partitions
            .iter()
            .map(|partition| known(*partition).map_or(0, |end| end.load(Ordering::Acquire)))
            .collect();
        let mut ends = self.ask(topic, partitions, Offset::End, patience)?;
        for ((partition, end), before) in partitions.iter().zip(&mut ends).zip(before) {
            if let Some(known) = known(*partition) {
                let newest = known.fetch_max(*end, Ordering::AcqRel);
                if *end < before {
                    // Records that were durable are gone: the watch finds out whether the topic is another.
                    tracing::error!(
                        topic,
                        partition,
                        end,
                        before,
                        "a partition has become shorter"
                    );
                    self.nudge();
                }
                *end = newest.max(*end);
            }
        }
        Ok(ends)
    }

    /// First offsets that are still there.
    pub(super) fn starts(&self, topic: &str, partitions: &[u32]) -> Result<Vec<u64>, LogError> {
        self.ask(topic, partitions, Offset::Beginning, self.config.patience)
    }

    /// First offset of a record appended at this time or later; `None` when there is none.
    pub(super) fn at_time(
        &self,
        topic: &str,
        partition: u32,
        time_ms: i64,
    ) -> Result<Option<u64>, LogError> {
        let at = Offset::Offset(time_ms);
        let found = self.query(topic, &[partition], at, self.config.patience)?;
        Ok(found.first().copied().flatten())
    }

    fn ask(
        &self,
        topic: &str,
        partitions: &[u32],
        which: Offset,
        patience: Duration,
    ) -> Result<Vec<u64>, LogError> {
        let found = self.query(topic, partitions, which, patience)?;
        let all: Option<Vec<u64>> = found.into_iter().collect();
        all.ok_or_else(|| LogError::Away {
            detail: format!("the brokers do not tell where topic {topic:?} ends"),
        })
    }

    /// Asks for offsets of several partitions of a topic, in one request to each of their leaders; tries
    /// again while a leader is being found.
    fn query(
        &self,
        topic: &str,
        partitions: &[u32],
        which: Offset,
        patience: Duration,
    ) -> Result<Vec<Option<u64>>, LogError> {
        for partition in partitions {
            self.topic(topic, *partition)?;
        }
        if let Some(reason) = self.refusal() {
            return Err(LogError::Mismatch(reason));
        }
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let until = Instant::now() + patience;
        loop {
            match self.query_once(topic, partitions, which, patience) {
                Err(error) if error.retryable() => {
                    // Whoever knows that the brokers are away has waited for them already.
                    if self.is_away() || self.is_closed() || Instant::now() >= until {
                        return Err(error);
                    }
                    std::thread::park_timeout(Duration::from_millis(50));
                }
                answer => return answer,
            }
        }
    }

    fn query_once(
        &self,
        topic: &str,
        partitions: &[u32],
        which: Offset,
        patience: Duration,
    ) -> Result<Vec<Option<u64>>, LogError> {
        let what = || format!("asking where topic {topic:?} stands");
        let name = self.config.broker_topic(topic);
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let number = i32::try_from(*partition).unwrap_or(i32::MAX);
            list.add_partition_offset(&name, number, which)
                .map_err(|error| errors::of(&what(), &error))?;
        }
        let limit = match self.is_away() {
            true => AWAY_LIMIT,
            false => patience.min(super::config::REQUEST),
        };
        let answer = self.asker.offsets_for_times(list, limit);
        let answer = answer.map_err(|error| self.gone_or(&what(), &error))?;
        partitions
            .iter()
            .map(|partition| {
                let number = i32::try_from(*partition).unwrap_or(i32::MAX);
                let found = answer.find_partition(&name, number);
                let Some(found) = found else {
                    return Ok(None);
                };
                found
                    .error()
                    .map_err(|error| self.gone_or(&what(), &error))?;
                Ok(match found.offset() {
                    Offset::Offset(offset) => u64::try_from(offset).ok(),
                    _ => None,
                })
            })
            .collect()
    }

    /// A topic that is not there may be on its way to all brokers, or gone: the watch finds out.
    fn gone_or(&self, what: &str, error: &rdkafka::error::KafkaError) -> LogError {
        match errors::code(error) {
            Some(code) if errors::is_gone(code) => {
                self.nudge();
                LogError::Away {
                    detail: format!("{what}: {code}"),
                }
            }
            _ => errors::of(what, error),
        }
    }
}
