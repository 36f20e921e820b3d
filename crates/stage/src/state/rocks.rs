//! The store in a directory: one RocksDB for all partitions of a stage, one column family per bucket.

use super::buckets::{Buckets, Home, SHARED, bucket_of};
use super::meta::{Identity, Standing, partition_key};
use super::opening::{STAMP, failed, open_or_start_over, start_over, write_stamp};
use super::options::{Budget, family};
use super::room::Reserve;
use super::{Change, Health, Kept, Space};
use crate::error::StateError;
use rocksdb::{
    BoundColumnFamily, DB, DEFAULT_COLUMN_FAMILY_NAME, Direction, IteratorMode, WriteBatch,
    WriteOptions, properties,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) struct Rocks {
    db: DB,
    dir: PathBuf,
    budget: Budget,
    reserve: Option<Reserve>,
    buckets: Buckets,
    /// What the stamp says while the directory is the one that was opened.
    stamp: String,
}

/// A space's family, and how keys are spelled in it.
struct Spot<'a> {
    family: Arc<BoundColumnFamily<'a>>,
    home: Option<Home>,
}

impl Spot<'_> {
    fn key<'k>(&self, key: &'k [u8]) -> Cow<'k, [u8]> {
        self.home.map_or(Cow::Borrowed(key), |home| home.key(key))
    }
}

impl Rocks {
    pub(super) fn open(
        dir: &Path,
        budget: &Budget,
        reserve: Option<&Reserve>,
        owner: &Identity,
    ) -> Result<Self, StateError> {
        std::fs::create_dir_all(dir).map_err(|e| failed(dir, "creating the directory", e))?;
        reserve.map_or(Ok(()), |reserve| reserve.check(dir))?;
        // Without its stamp the directory was half deleted, or half made.
        let is_whole = dir.join(STAMP).exists();
        let (mut db, mut names) = open_or_start_over(dir, budget)?;
        let stored = db
            .get(Identity::key())
            .map_err(|e| failed(dir, "reading the identity", e))?;
        let standing = owner.judge(stored.as_deref(), &dir.display().to_string())?;
        let forget = match standing {
            Standing::Fresh => false,
            Standing::Ours => !is_whole,
            Standing::OtherStep => true,
        };
        if forget {
            tracing::warn!(dir = %dir.display(), ?standing, "stored state is discarded and rebuilt from the log");
            drop(db);
            (db, names) = start_over(dir, budget)?;
        }
        let (key, value) = owner.entry()?;
        db.put(key, value)
            .map_err(|e| failed(dir, "writing the identity", e))?;
        let stamp = write_stamp(dir, owner)?;
        let (dir, budget) = (dir.to_owned(), budget.clone());
        let mut rocks = Self {
            db,
            dir,
            budget,
            reserve: reserve.cloned(),
            buckets: Buckets::default(),
            stamp,
        };
        rocks.find_buckets(&names)?;
        Ok(rocks)
    }

    fn failed(&self, what: &'static str, error: impl std::fmt::Display) -> StateError {
        failed(&self.dir, what, error)
    }

    /// Those with a family of their own by its name, those in the shared one by their first keys.
    fn find_buckets(&mut self, names: &[String]) -> Result<(), StateError> {
        for bucket in names.iter().filter_map(|name| bucket_of(name)) {
            self.buckets.insert(Home::Own(bucket));
        }
        let mut found = Vec::new();
        if let Some(family) = self.db.cf_handle(SHARED) {
            let mut from = 0_u32;
            loop {
                let start = from.to_be_bytes();
                let mode = IteratorMode::From(&start, Direction::Forward);
                let Some(entry) = self.db.iterator_cf(&family, mode).next() else {
                    break;
                };
                let (key, _) = entry.map_err(|e| self.failed("scanning", e))?;
                let Some(bucket) = key.first_chunk::<4>().map(|b| u32::from_be_bytes(*b)) else {
                    return Err(StateError::unreadable("bucket", "short key"));
                };
                found.push(bucket);
                let Some(next) = bucket.checked_add(1) else {
                    break;
                };
                from = next;
            }
        }
        found
            .into_iter()
            .for_each(|bucket| self.buckets.insert(Home::Shared(bucket)));
        Ok(())
    }

    fn make_bucket(&mut self, bucket: u32) -> Result<(), StateError> {
        if self.buckets.home(bucket).is_some() {
            return Ok(());
        }
        let home = self.buckets.place_for(bucket);
        let name = home.family();
        if self.db.cf_handle(&name).is_none() {
            self.db
                .create_cf(&name, &family(&self.budget))
                .map_err(|e| self.failed("making a bucket", e))?;
        }
        self.buckets.insert(home);
        Ok(())
    }

    /// Where a space stands; `None` for a bucket that nothing was written into.
    fn spot(&self, space: Space) -> Option<Spot<'_>> {
        match space {
            Space::Main => {
                let family = self.db.cf_handle(DEFAULT_COLUMN_FAMILY_NAME)?;
                Some(Spot { family, home: None })
            }
            Space::Bucket(bucket) => self.spot_of(self.buckets.home(bucket)?),
        }
    }

    fn spot_of(&self, home: Home) -> Option<Spot<'_>> {
        Some(Spot {
            family: self.db.cf_handle(&home.family())?,
            home: Some(home),
        })
    }
}

impl Kept for Rocks {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let Some(spot) = self.spot(space) else {
            return Ok(None);
        };
        self.db
            .get_cf(&spot.family, spot.key(key))
            .map_err(|e| self.failed("reading", e))
    }

    fn multi_get(
        &self,
        space: Space,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let Some(spot) = self.spot(space) else {
            return Ok(vec![None; keys.len()]);
        };
        let keys: Vec<Cow<'_, [u8]>> = keys.iter().map(|key| spot.key(key)).collect();
        self.db
            .batched_multi_get_cf(&spot.family, &keys, true)
            .into_iter()
            .map(|found| match found {
                Ok(value) => Ok(value.map(|slice| slice.to_vec())),
                Err(error) => Err(self.failed("reading", error)),
            })
            .collect()
    }

    fn visit(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StateError> {
        let mut entries = self.db.raw_iterator();
        entries.seek(prefix);
        while let Some((key, value)) = entries.item() {
            if !key.starts_with(prefix) {
                break;
            }
            each(key, value);
            entries.next();
        }
        entries.status().map_err(|e| self.failed("scanning", e))
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StateError> {
        let named: BTreeSet<Space> = changes.iter().map(|(space, ..)| *space).collect();
        for space in &named {
            if let Space::Bucket(bucket) = space {
                self.make_bucket(*bucket)?;
            }
        }
        let spots: BTreeMap<Space, Spot<'_>> = named
            .iter()
            .filter_map(|space| Some((*space, self.spot(*space)?)))
            .collect();
        let mut batch = WriteBatch::default();
        for (space, key, value) in changes {
            let Some(spot) = spots.get(&space) else {
                return Err(self.failed("finding a bucket", "it has no family"));
            };
            match value {
                Some(value) => batch.put_cf(&spot.family, spot.key(&key), value),
                None => batch.delete_cf(&spot.family, spot.key(&key)),
            }
        }
        let mut how = WriteOptions::default();
        how.set_memtable_insert_hint_per_batch(true);
        self.db
            .write_opt(batch, &how)
            .map_err(|e| self.failed("writing", e))
    }

    fn discard(&mut self, partition: u32) -> Result<(), StateError> {
        let (from, to) = (
            partition.to_be_bytes(),
            partition.saturating_add(1).to_be_bytes(),
        );
        let mut batch = WriteBatch::default();
        batch.delete_range(from, to);
        batch.delete(partition_key(partition));
        for spot in self.buckets.homes().filter_map(|home| self.spot_of(home)) {
            batch.delete_range_cf(&spot.family, spot.key(&from), spot.key(&to));
        }
        self.db
            .write(batch)
            .map_err(|e| self.failed("discarding a partition", e))
    }

    fn drop_buckets_below(&mut self, bucket: u32) -> Result<(), StateError> {
        self.db
            .flush_wal(true)
            .map_err(|e| self.failed("syncing", e))?;
        while let Some(lowest) = self.lowest_bucket().filter(|lowest| *lowest < bucket) {
            let Some(home) = self.buckets.home(lowest) else {
                break;
            };
            match (home, self.spot_of(home)) {
                (Home::Own(_), _) => self.db.drop_cf(&home.family()),
                (Home::Shared(number), Some(spot)) => {
                    let (from, to) = (number.to_be_bytes(), number.saturating_add(1).to_be_bytes());
                    self.db.delete_range_cf(&spot.family, from, to)
                }
                (Home::Shared(_), None) => Ok(()),
            }
            .map_err(|e| self.failed("dropping a bucket", e))?;
            self.buckets.remove(home);
        }
        Ok(())
    }

    fn lowest_bucket(&self) -> Option<u32> {
        self.buckets.lowest()
    }

    fn check(&self) -> Result<(), StateError> {
        let stamp = std::fs::read_to_string(self.dir.join(STAMP));
        if !stamp.is_ok_and(|found| found == self.stamp) || !self.dir.join("CURRENT").exists() {
            return Err(StateError::Vanished {
                place: self.dir.display().to_string(),
            });
        }
        let reserve = self.reserve.as_ref();
        reserve.map_or(Ok(()), |reserve| reserve.check(&self.dir))
    }

    fn health(&self) -> Health {
        let value = |name| {
            self.db
                .property_int_value(name)
                .ok()
                .flatten()
                .unwrap_or_default()
        };
        Health {
            is_write_stopped: value(properties::IS_WRITE_STOPPED) > 0,
            pending_compaction_bytes: value(properties::ESTIMATE_PENDING_COMPACTION_BYTES),
            memtable_bytes: value(properties::CUR_SIZE_ALL_MEM_TABLES),
        }
    }

    fn flush(&mut self) -> Result<(), StateError> {
        let spots = self.buckets.homes().filter_map(|home| self.spot_of(home));
        for spot in self.spot(Space::Main).into_iter().chain(spots) {
            self.db
                .flush_cf(&spot.family)
                .map_err(|e| self.failed("flushing", e))?;
        }
        Ok(())
    }

    #[cfg(test)]
    fn dump(&self) -> Result<Vec<super::Entry>, StateError> {
        let mut all = Vec::new();
        for entry in self.db.iterator(IteratorMode::Start) {
            let (key, value) = entry.map_err(|e| self.failed("scanning", e))?;
            all.push((Space::Main, key.into_vec(), value.into_vec()));
        }
        for home in self.buckets.homes() {
            let Some(spot) = self.spot_of(home) else {
                continue;
            };
            let prefix = spot.key(b"").into_owned();
            let (Home::Own(bucket) | Home::Shared(bucket)) = home;
            let mode = IteratorMode::From(&prefix, Direction::Forward);
            for entry in self.db.iterator_cf(&spot.family, mode) {
                let (key, value) = entry.map_err(|e| self.failed("scanning", e))?;
                let Some(key) = key.strip_prefix(&*prefix) else {
                    break;
                };
                all.push((Space::Bucket(bucket), key.to_vec(), value.into_vec()));
            }
        }
        all.sort();
        Ok(all)
    }
}
