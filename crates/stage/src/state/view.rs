//! What a fold sees of its state: one partition's entries, with the batch's own changes on top.

use super::{Kept, Overlay, Pair, Space, namespaced};
use crate::error::StateError;

/// Bytes of the partition's number in front of every key.
const PARTITION: usize = 4;

/// One partition's state. Changes are seen at once by later reads of the same batch and become durable
/// only with the runner's commit.
pub struct View<'a> {
    partition: u32,
    began: u64,
    floor: &'a mut u32,
    overlay: &'a mut Overlay,
    kept: &'a dyn Kept,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        (partition, began): (u32, u64),
        floor: &'a mut u32,
        overlay: &'a mut Overlay,
        kept: &'a dyn Kept,
    ) -> Self {
        Self {
            partition,
            began,
            floor,
            overlay,
            kept,
        }
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> u32 {
        self.partition
    }

    /// Offset of the first input that this state has seen, or will see.
    #[must_use]
    pub fn began(&self) -> u64 {
        self.began
    }

    /// Reads an entry. Buckets that the partition has expired are empty.
    ///
    /// # Errors
    /// Failures of the store.
    pub fn get(&mut self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        if self.is_expired(space) {
            return Ok(None);
        }
        namespaced(self.partition, key, &mut self.overlay.scratch);
        if let Some(known) = self.overlay.get(space, &self.overlay.scratch) {
            return Ok(known.cloned());
        }
        let value = self.kept.get(space, &self.overlay.scratch)?;
        let key = self.overlay.scratch.clone();
        self.overlay.remember(space, key, value.clone());
        Ok(value)
    }

    /// Writes an entry. Into a bucket that the partition has expired nothing is written.
    pub fn put(&mut self, space: Space, key: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) {
        self.set(space, key.as_ref(), Some(value.into()));
    }

    /// Deletes an entry.
    pub fn delete(&mut self, space: Space, key: impl AsRef<[u8]>) {
        self.set(space, key.as_ref(), None);
    }

    /// Entries of [`Space::Main`] whose key begins with `prefix`, in the order of their keys, with the
    /// batch's own changes. Costs as much as it returns: for loading, and for what happens rarely.
    ///
    /// # Errors
    /// Failures of the store.
    pub fn scan(&mut self, prefix: &[u8]) -> Result<Vec<Pair>, StateError> {
        let mut pairs = Vec::new();
        self.visit(prefix, &mut |key, value| {
            pairs.push((key.to_vec(), value.to_vec()));
        })?;
        Ok(pairs)
    }

    /// As [`View::scan`], one entry after the other: for what is not to stand in memory at once. After a failure
    /// some have been handed over.
    ///
    /// # Errors
    /// Failures of the store.
    pub fn visit(
        &mut self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), StateError> {
        namespaced(self.partition, prefix, &mut self.overlay.scratch);
        let mut changed: Vec<_> = self.overlay.changed_under(&self.overlay.scratch).collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        let mut changed = changed.into_iter().peekable();
        self.kept.visit(&self.overlay.scratch, &mut |key, stored| {
            while let Some((new, value)) = changed.next_if(|(new, _)| new.as_slice() < key) {
                if let Some(value) = value {
                    each(&new[PARTITION..], value);
                }
            }
            match changed.next_if(|(new, _)| new.as_slice() == key) {
                Some((_, Some(value))) => each(&key[PARTITION..], value),
                Some((_, None)) => {}
                None => each(&key[PARTITION..], stored),
            }
        })?;
        for (new, value) in changed {
            if let Some(value) = value {
                each(&new[PARTITION..], value);
            }
        }
        Ok(())
    }

    /// Empties every bucket below `bucket` for this partition, for good. The files go when every
    /// partition of the stage has passed them.
    pub fn expire_buckets_below(&mut self, bucket: u32) {
        *self.floor = (*self.floor).max(bucket);
    }

    fn is_expired(&self, space: Space) -> bool {
        matches!(space, Space::Bucket(bucket) if bucket < *self.floor)
    }

    fn set(&mut self, space: Space, key: &[u8], value: Option<Vec<u8>>) {
        if self.is_expired(space) {
            return;
        }
        let mut full = Vec::with_capacity(4 + key.len());
        namespaced(self.partition, key, &mut full);
        self.overlay.set(space, full, value);
    }
}
