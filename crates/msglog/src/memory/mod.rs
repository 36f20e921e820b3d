//! The log in memory: deterministic, for everyone's tests. No thread, no clock, no randomness: an
//! append is durable and answered before it returns, unless a test holds it back ([`controls`]).
//! What never lives here: a file.

#[cfg(test)]
mod conforms;
mod controls;
mod reader;
mod topic;

use crate::contract::{
    Appender, Log, LogError, LogId, Mailbox, Membership, NewRecord, Reader, Refused, TopicConfig,
};
use crate::groups::Groups;
use std::sync::Arc;
use topic::Topic;

/// A log that lives as long as its last handle. Its time is 0 until a test sets it.
pub struct MemoryLog {
    id: LogId,
    topics: Vec<Arc<Topic>>,
    groups: Groups,
}

impl MemoryLog {
    /// A log of these topics, empty, always with the same identity.
    #[must_use]
    pub fn new(topics: Vec<TopicConfig>) -> Arc<Self> {
        Self::with_id(topics, LogId(*b"spillway.memory\0"))
    }

    /// The same with an identity of the caller's choice.
    #[must_use]
    pub fn with_id(topics: Vec<TopicConfig>, id: LogId) -> Arc<Self> {
        let topics = topics
            .into_iter()
            .map(|config| Arc::new(Topic::new(config)))
            .collect();
        Arc::new(Self {
            id,
            topics,
            groups: Groups::default(),
        })
    }

    fn topic(&self, name: &str) -> Result<&Arc<Topic>, LogError> {
        self.topics
            .iter()
            .find(|topic| topic.config.name == name)
            .ok_or_else(|| LogError::NoSuchPartition {
                topic: name.to_owned(),
                partition: 0,
            })
    }
}

impl Log for MemoryLog {
    fn id(&self) -> LogId {
        self.id
    }

    fn topics(&self) -> Vec<TopicConfig> {
        self.topics
            .iter()
            .map(|topic| topic.config.clone())
            .collect()
    }

    fn appender(&self, topic: &str) -> Result<Arc<dyn Appender>, LogError> {
        Ok(Arc::new(MemoryAppender(Arc::clone(self.topic(topic)?))))
    }

    fn reader(&self, topic: &str) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(reader::MemoryReader::new(Arc::clone(
            self.topic(topic)?,
        ))))
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.topic(topic)?.with(partition, topic::Part::start)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<u64, LogError> {
        self.topic(topic)?.with(partition, topic::Part::end)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<u64, LogError> {
        self.topic(topic)?
            .with(partition, |part| part.offset_at(time_ms))
    }

    fn join(&self, group: &str, topic: &str) -> Result<Box<dyn Membership>, LogError> {
        let partitions = self.topic(topic)?.config.partitions;
        Ok(self.groups.join(group, topic, partitions))
    }
}

struct MemoryAppender(Arc<Topic>);

impl Appender for MemoryAppender {
    fn append(
        &self,
        records: Vec<(NewRecord, u64)>,
        answers: &Arc<dyn Mailbox>,
    ) -> Result<(), Refused> {
        self.0.append(records, answers)
    }

    fn is_away(&self) -> bool {
        self.0.lock().is_away
    }
}
