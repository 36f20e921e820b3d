//! What a fold sees of its state: one partition's entries, with the batch's own changes on top.

use super::{Kept, Overlay, Pair, Space, namespaced};
use crate::error::StateError;
use std::collections::BTreeMap;

/// One partition's state. Changes are seen at once by later reads of the same batch and become durable
/// only with the runner's commit.
pub struct View<'a> {
    partition: u32,
    began: u64,
    floor: &'a mut u32,
    overlay: &'a mut Overlay,
    kept: &'a dyn Kept,
    scratch: Vec<u8>,
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
            scratch: Vec::new(),
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
        namespaced(self.partition, key, &mut self.scratch);
        if let Some(known) = self.overlay.get(space, &self.scratch) {
            return Ok(known.cloned());
        }
        let value = self.kept.get(space, &self.scratch)?;
        self.overlay
            .remember(space, self.scratch.clone(), value.clone());
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
        namespaced(self.partition, prefix, &mut self.scratch);
        let stored = self.kept.scan(&self.scratch)?;
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = stored.into_iter().collect();
        for (key, value) in self.overlay.changed_under(&self.scratch) {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged
            .into_iter()
            .map(|(key, value)| (key[4..].to_vec(), value))
            .collect())
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
