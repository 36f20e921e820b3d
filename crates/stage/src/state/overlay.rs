//! What a batch has read and changed and not yet committed. Knows no store.

use super::Space;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// The value of an entry as the batch sees it.
#[derive(Debug, Clone, Default)]
struct Entry {
    value: Option<Vec<u8>>,
    dirty: bool,
}

/// Entries stand at places, so that a change can be taken back without a second copy of its key. Keys come out of
/// authentic callbacks, and a map lives for a batch: no hash that withstands an attacker is needed.
type Entries = IndexMap<Vec<u8>, Entry, RandomState>;

/// Uncommitted changes over cached reads. Bounded by what one batch touches.
#[derive(Default)]
pub(crate) struct Overlay {
    main: Entries,
    buckets: BTreeMap<u32, Entries>,
    /// What stood at which place before each change since the last [`Overlay::begin`].
    undo: Vec<(Space, usize, Option<Entry>)>,
    /// The key that a view has in hand; kept for its allocation.
    pub(super) scratch: Vec<u8>,
}

impl Overlay {
    /// Starts a step: changes from here on can be undone.
    pub(crate) fn begin(&mut self) {
        self.undo.clear();
    }

    /// Takes back every change since [`Overlay::begin`].
    pub(crate) fn undo(&mut self) {
        while let Some((space, place, before)) = self.undo.pop() {
            let entries = self.entries_mut(space);
            match before {
                Some(before) => {
                    if let Some((_, entry)) = entries.get_index_mut(place) {
                        *entry = before;
                    }
                }
                // What takes its place came later, so no change that is still to be taken back speaks of it.
                None => drop(entries.swap_remove_index(place)),
            }
        }
    }

    /// `None`: unknown here, ask the store. `Some(None)`: known to be absent.
    pub(crate) fn get(&self, space: Space, key: &[u8]) -> Option<Option<&Vec<u8>>> {
        self.entries(space)?
            .get(key)
            .map(|entry| entry.value.as_ref())
    }

    /// Remembers what the store said, unless the batch knows better.
    pub(crate) fn remember(&mut self, space: Space, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.entries_mut(space).entry(key).or_insert(Entry {
            value,
            dirty: false,
        });
    }

    /// Changes an entry; `None` deletes it.
    pub(crate) fn set(&mut self, space: Space, key: Vec<u8>, value: Option<Vec<u8>>) {
        let entries = self.entries_mut(space);
        let (place, before) = entries.insert_full(key, Entry { value, dirty: true });
        self.undo.push((space, place, before));
    }

    /// Changed entries of [`Space::Main`] under a prefix: key and new value.
    pub(crate) fn changed_under<'a>(
        &'a self,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (&'a Vec<u8>, Option<&'a Vec<u8>>)> {
        self.main
            .iter()
            .filter(move |(key, entry)| entry.dirty && key.starts_with(prefix))
            .map(|(key, entry)| (key, entry.value.as_ref()))
    }

    /// Takes every change out, for the commit, and forgets the cached reads.
    pub(crate) fn drain(&mut self) -> Vec<(Space, Vec<u8>, Option<Vec<u8>>)> {
        self.undo.clear();
        let mut changes: Vec<_> = dirty(Space::Main, &mut self.main).collect();
        for (bucket, entries) in &mut self.buckets {
            changes.extend(dirty(Space::Bucket(*bucket), entries));
        }
        self.buckets.clear();
        // In the order of their keys a store takes them faster, and always the same.
        changes.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        changes
    }

    fn entries(&self, space: Space) -> Option<&Entries> {
        match space {
            Space::Main => Some(&self.main),
            Space::Bucket(bucket) => self.buckets.get(&bucket),
        }
    }

    fn entries_mut(&mut self, space: Space) -> &mut Entries {
        match space {
            Space::Main => &mut self.main,
            Space::Bucket(bucket) => self.buckets.entry(bucket).or_default(),
        }
    }
}

fn dirty(
    space: Space,
    entries: &mut Entries,
) -> impl Iterator<Item = (Space, Vec<u8>, Option<Vec<u8>>)> {
    entries
        .drain(..)
        .filter(|(_, e)| e.dirty)
        .map(move |(key, entry)| (space, key, entry.value))
}
