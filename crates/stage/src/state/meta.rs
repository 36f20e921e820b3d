//! Whose state it is, and how far each partition has come: entries beside those of the folds, as JSON.

use super::{Kept, Pair};
use crate::error::StateError;
use record::chain::Position;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In the place of a partition; real ones are below 1,024.
const META: [u8; 4] = [0xff; 4];
const PARTITION: &[u8] = b"partition/";

/// Whose state a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Identity of the log, in hex.
    pub(crate) log: String,
    /// Name of the fold.
    pub(crate) fold: String,
    /// Version of its step.
    pub(crate) step: u32,
}

/// What an owner does with a store that it finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody's yet: write the identity.
    Fresh,
    /// Ours.
    Ours,
    /// Ours, made by another version of the step: forget it.
    OtherStep,
}

impl Identity {
    /// Key of the identity's entry.
    pub(super) fn key() -> Vec<u8> {
        [&META[..], b"identity"].concat()
    }

    pub(super) fn entry(&self) -> Result<Pair, StateError> {
        Ok((Self::key(), to_json("identity", self)?))
    }

    /// Judges what stands in a store.
    pub(super) fn judge(&self, stored: Option<&[u8]>, place: &str) -> Result<Standing, StateError> {
        let Some(bytes) = stored else {
            return Ok(Standing::Fresh);
        };
        let found: Self =
            serde_json::from_slice(bytes).map_err(|e| StateError::unreadable("identity", e))?;
        if found.log != self.log || found.fold != self.fold {
            return Err(StateError::Refused(format!(
                "state in {place} is of stage {:?} on log {}, this is stage {:?} on log {}; \
                 stop, delete it (rm -r {place}) and start again: it is rebuilt from the log",
                found.fold, found.log, self.fold, self.log
            )));
        }
        Ok(if found.step == self.step {
            Standing::Ours
        } else {
            Standing::OtherStep
        })
    }
}

/// How far one partition has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartitionMeta {
    /// Offset of the next input.
    pub(crate) next: u64,
    /// Offset at which this state began.
    pub(crate) began: u64,
    /// Lowest bucket that is not expired.
    pub(crate) floor: u32,
    /// Place in the input's chain, once there is one: a list of one position or none.
    pub(crate) input: Option<Place>,
    /// Newest output per output topic that is durable and in its chain.
    pub(crate) outputs: BTreeMap<String, Option<Position>>,
}

/// A reader's place in a chain: behind this output, or before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The last accepted position.
    pub(crate) last: Option<Position>,
}

/// The entry of a partition.
pub(crate) fn partition_entry(partition: u32, meta: &PartitionMeta) -> Result<Pair, StateError> {
    Ok((partition_key(partition), to_json("partition", meta)?))
}

/// Key of the entry of a partition.
pub(super) fn partition_key(partition: u32) -> Vec<u8> {
    [&META[..], PARTITION, &partition.to_be_bytes()].concat()
}

/// Every partition that has state.
pub(crate) fn stored_partitions(
    kept: &dyn Kept,
) -> Result<BTreeMap<u32, PartitionMeta>, StateError> {
    let prefix = [&META[..], PARTITION].concat();
    let mut found = BTreeMap::new();
    for (key, value) in kept.scan(&prefix)? {
        let number = key
            .get(prefix.len()..)
            .and_then(|tail| tail.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or_else(|| StateError::unreadable("partition", "odd key"))?;
        let meta = serde_json::from_slice(&value)
            .map_err(|error| StateError::unreadable("partition", error))?;
        found.insert(number, meta);
    }
    Ok(found)
}

fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(value).map_err(|error| StateError::unreadable(what, error))
}
