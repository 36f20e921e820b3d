//! The state of a stage: what is kept, how it is named, and the two stores that keep it.
//!
//! State is a cache of the log. It may trail the outputs, never lead them: it is written without a
//! sync, and a store that falls back to an older point is as good as one that was lost. This directory
//! is the only place that knows RocksDB.
//!
//! * `view`: what a fold sees; `overlay`: what its batch has not committed yet
//! * `meta`: whose state it is, and how far each partition has come
//! * `room`: whether the disk leaves room for more
//! * `memory`, `rocks`, `opening`, `options`, `buckets`: the two stores, with one meaning

mod buckets;
mod memory;
mod meta;
mod opening;
mod options;
mod overlay;
mod rocks;
mod room;
mod view;

pub use memory::MemoryStore;
pub use options::Budget;
pub use room::Reserve;
pub use view::View;

pub(crate) use meta::{Identity, PartitionMeta, Place, partition_entry, stored_partitions};
pub(crate) use overlay::Overlay;

use crate::error::StateError;
use std::path::PathBuf;

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Kept until it is deleted.
    Main,
    /// Kept until the partition expires the bucket; dropped whole.
    Bucket(u32),
}

/// An entry's name within its partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StateKey {
    /// Where it stands.
    pub space: Space,
    /// Its key; the partition is put in front by the runner.
    pub key: Vec<u8>,
}

/// Where a stage keeps its state. Cheap to clone.
#[derive(Clone)]
pub enum Store {
    /// A RocksDB of its own in this directory, for all its partitions.
    Rocks {
        /// The directory; made when it is missing.
        dir: PathBuf,
        /// What it shares with the other stores of the process.
        budget: Budget,
        /// What it leaves free on its disk, if anything.
        reserve: Option<Reserve>,
    },
    /// In memory, shared by everyone who holds a clone.
    Memory(MemoryStore),
}

impl Store {
    /// A store in a directory.
    #[must_use]
    pub fn rocks(dir: impl Into<PathBuf>, budget: &Budget) -> Self {
        Self::Rocks {
            dir: dir.into(),
            budget: budget.clone(),
            reserve: None,
        }
    }

    /// The same, leaving some of its disk free: looked at when it is opened and once a second from then on.
    #[must_use]
    pub fn leaving(mut self, left: Reserve) -> Self {
        if let Self::Rocks { reserve, .. } = &mut self {
            *reserve = Some(left);
        }
        self
    }

    /// A fresh store in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(MemoryStore::default())
    }

    /// Opens it for its owner. Another owner's state is refused; another step's is discarded.
    pub(crate) fn open(&self, identity: &Identity) -> Result<Box<dyn Kept>, StateError> {
        match self {
            Self::Rocks {
                dir,
                budget,
                reserve,
            } => {
                let rocks = rocks::Rocks::open(dir, budget, reserve.as_ref(), identity)?;
                Ok(Box::new(rocks))
            }
            Self::Memory(store) => Ok(Box::new(store.open(identity)?)),
        }
    }
}

/// An entry as a store has it: the key with its partition in front, and the value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// An entry with its space.
#[cfg(test)]
pub(crate) type Entry = (Space, Vec<u8>, Vec<u8>);

/// A changed entry; no value deletes it.
pub(crate) type Change = (Space, Vec<u8>, Option<Vec<u8>>);

/// An open store. Keys are namespaced already.
pub(crate) trait Kept: Send + Sync {
    /// One entry.
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// Many entries of one space, in the order of the keys, which are sorted.
    fn multi_get(&self, space: Space, keys: &[Vec<u8>])
    -> Result<Vec<Option<Vec<u8>>>, StateError>;

    /// Hands over the entries of [`Space::Main`] whose key begins with `prefix`, in the order of their keys.
    fn visit(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StateError>;

    /// All of them at once.
    fn scan(&self, prefix: &[u8]) -> Result<Vec<Pair>, StateError> {
        let mut pairs = Vec::new();
        self.visit(prefix, &mut |key, value| {
            pairs.push((key.to_vec(), value.to_vec()));
        })?;
        Ok(pairs)
    }

    /// Writes all changes or none.
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StateError>;

    /// Forgets everything about a partition.
    fn discard(&mut self, partition: u32) -> Result<(), StateError>;

    /// Drops every bucket below this one, of all partitions. What was committed before stays committed
    /// even through a power cut, so that no state falls back to where it needs a dropped bucket.
    fn drop_buckets_below(&mut self, bucket: u32) -> Result<(), StateError>;

    /// The lowest bucket that is kept.
    fn lowest_bucket(&self) -> Option<u32>;

    /// Whether what is written still reaches the place that was opened, and has room there.
    fn check(&self) -> Result<(), StateError>;

    /// How the store is.
    fn health(&self) -> Health;

    /// Makes a later opening quick.
    fn flush(&mut self) -> Result<(), StateError>;

    /// Every entry, for comparison.
    #[cfg(test)]
    fn dump(&self) -> Result<Vec<Entry>, StateError>;
}

/// What operators watch of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) is_write_stopped: bool,
    pub(crate) pending_compaction_bytes: u64,
    pub(crate) memtable_bytes: u64,
}

/// Puts the partition in front of a key.
pub(crate) fn namespaced(partition: u32, key: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&partition.to_be_bytes());
    out.extend_from_slice(key);
}

#[cfg(test)]
mod tests;
