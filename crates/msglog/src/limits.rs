//! What a record must satisfy before any backend accepts it.

use crate::contract::{KEY_BYTES_MAX, LogError, NewRecord, TopicConfig, VALUE_BYTES_MAX};

/// Checks partition and sizes against the limits of the contract.
pub(crate) fn check_record(topic: &TopicConfig, record: &NewRecord) -> Result<(), LogError> {
    if record.partition >= topic.partitions {
        let (topic, partition) = (topic.name.clone(), record.partition);
        return Err(LogError::NoSuchPartition { topic, partition });
    }
    let parts = [
        ("key", record.key.len(), KEY_BYTES_MAX),
        ("value", record.value.len(), VALUE_BYTES_MAX),
    ];
    for (part, bytes, limit) in parts {
        if bytes > limit {
            return Err(LogError::TooLarge {
                topic: topic.name.clone(),
                part,
                bytes,
                limit,
            });
        }
    }
    Ok(())
}
