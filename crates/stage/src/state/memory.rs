//! A store in memory: for tests, and for folding history without a directory.

use super::meta::{Identity, Standing, partition_key};
use super::{Change, Health, Kept, Space};
use crate::error::StateError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// State in memory. Clones share it, so it survives its runner as a directory would.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    entries: BTreeMap<Space, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// Counts what a directory's deletion would make visible.
    generation: u64,
    unwritable: bool,
}

impl MemoryStore {
    /// An independent copy as of now, like a copied directory.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.inner().clone())))
    }

    /// Forgets everything, like a deleted directory; whoever has it open finds out.
    pub fn wipe(&self) {
        let mut inner = self.inner();
        inner.entries.clear();
        inner.generation = inner.generation.wrapping_add(1);
    }

    /// Fails every opening and every write from now on, or no longer.
    pub fn set_unwritable(&self, unwritable: bool) {
        self.inner().unwritable = unwritable;
    }

    pub(super) fn open(&self, identity: &Identity) -> Result<Open, StateError> {
        let mut inner = self.inner();
        inner.writable()?;
        let stored = inner
            .entries
            .get(&Space::Main)
            .and_then(|main| main.get(&Identity::key()));
        match identity.judge(stored.map(Vec::as_slice), PLACE)? {
            Standing::Ours => {}
            Standing::OtherStep => inner.entries.clear(),
            Standing::Fresh => {}
        }
        let (key, value) = identity.entry()?;
        inner
            .entries
            .entry(Space::Main)
            .or_default()
            .insert(key, value);
        Ok(Open {
            store: self.clone(),
            generation: inner.generation,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PLACE: &str = "memory";

impl Inner {
    fn writable(&self) -> Result<(), StateError> {
        if self.unwritable {
            let detail = "it was made unwritable".to_owned();
            return Err(StateError::Store {
                place: PLACE.to_owned(),
                what: "write",
                detail,
            });
        }
        Ok(())
    }
}

/// A [`MemoryStore`] opened by a session.
pub(super) struct Open {
    store: MemoryStore,
    generation: u64,
}

impl Kept for Open {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self
            .store
            .inner()
            .entries
            .get(&space)
            .and_then(|entries| entries.get(key))
            .cloned())
    }

    fn multi_get(
        &self,
        space: Space,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let inner = self.store.inner();
        let entries = inner.entries.get(&space);
        Ok(keys
            .iter()
            .map(|key| entries.and_then(|entries| entries.get(key)).cloned())
            .collect())
    }

    fn visit(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StateError> {
        let inner = self.store.inner();
        let from = inner.entries.get(&Space::Main).into_iter();
        let from = from.flat_map(|main| main.range(prefix.to_vec()..));
        for (key, value) in from.take_while(|(key, _)| key.starts_with(prefix)) {
            each(key, value);
        }
        Ok(())
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StateError> {
        self.check()?;
        let mut inner = self.store.inner();
        inner.writable()?;
        for (space, key, value) in changes {
            let entries = inner.entries.entry(space).or_default();
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
        Ok(())
    }

    fn discard(&mut self, partition: u32) -> Result<(), StateError> {
        let mut inner = self.store.inner();
        inner.writable()?;
        let prefix = partition.to_be_bytes();
        for entries in inner.entries.values_mut() {
            entries.retain(|key, _| !key.starts_with(&prefix));
        }
        if let Some(main) = inner.entries.get_mut(&Space::Main) {
            main.remove(&partition_key(partition));
        }
        Ok(())
    }

    fn drop_buckets_below(&mut self, bucket: u32) -> Result<(), StateError> {
        self.store
            .inner()
            .entries
            .retain(|space, _| !matches!(space, Space::Bucket(number) if *number < bucket));
        Ok(())
    }

    fn lowest_bucket(&self) -> Option<u32> {
        self.store
            .inner()
            .entries
            .keys()
            .find_map(|space| match space {
                Space::Bucket(number) => Some(*number),
                Space::Main => None,
            })
    }

    fn check(&self) -> Result<(), StateError> {
        if self.store.inner().generation == self.generation {
            Ok(())
        } else {
            Err(StateError::Vanished {
                place: PLACE.to_owned(),
            })
        }
    }

    fn health(&self) -> Health {
        Health::default()
    }

    fn flush(&mut self) -> Result<(), StateError> {
        Ok(())
    }

    #[cfg(test)]
    fn dump(&self) -> Result<Vec<super::Entry>, StateError> {
        let inner = self.store.inner();
        let all = inner.entries.iter().flat_map(|(space, entries)| {
            entries
                .iter()
                .map(|(key, value)| (*space, key.clone(), value.clone()))
        });
        Ok(all.collect())
    }
}
