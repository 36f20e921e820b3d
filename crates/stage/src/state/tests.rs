//! One suite for both stores, and what only a directory can suffer.

use super::meta::PartitionMeta;
use super::{Budget, Identity, Kept, Space, Store, namespaced, partition_entry, stored_partitions};
use crate::StateError;
use std::path::Path;

fn owner() -> Identity {
    Identity {
        log: "ab".repeat(16),
        fold: "dedup".to_owned(),
        step: 1,
    }
}

fn key(partition: u32, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::new();
    namespaced(partition, key, &mut full);
    full
}

fn put(kept: &mut dyn Kept, space: Space, partition: u32, name: &[u8], value: &[u8]) {
    kept.commit(vec![(space, key(partition, name), Some(value.to_vec()))])
        .unwrap();
}

/// Runs a check on each store, in a place of its own.
fn both(check: impl Fn(&Store)) {
    check(&Store::memory());
    let dir = tempfile::tempdir().unwrap();
    check(&Store::rocks(dir.path().join("state"), &Budget::default()));
}

#[test]
fn what_is_committed_is_read_back_also_after_opening_again() {
    both(|store| {
        for life in 0..2 {
            let mut kept = store.open(&owner()).unwrap();
            if life == 0 {
                for n in [3_u8, 1, 2] {
                    put(&mut *kept, Space::Main, 0, &[b'a', n], &[n]);
                    put(&mut *kept, Space::Bucket(9), 0, &[b'a', n], &[n + 10]);
                }
                put(&mut *kept, Space::Main, 1, b"a", b"other");
                put(&mut *kept, Space::Main, 0, b"b", b"gone");
                kept.commit(vec![(Space::Main, key(0, b"b"), None)])
                    .unwrap();
            }
            let get = |space, name: &[u8]| kept.get(space, &key(0, name)).unwrap();
            assert_eq!(get(Space::Main, &[b'a', 1]), Some(vec![1]));
            assert_eq!(get(Space::Bucket(9), &[b'a', 1]), Some(vec![11]));
            assert_eq!(get(Space::Bucket(8), &[b'a', 1]), None);
            assert_eq!(get(Space::Main, b"b"), None);
            let pairs = kept.scan(&key(0, b"a")).unwrap();
            assert_eq!(
                pairs.iter().map(|(_, value)| value[0]).collect::<Vec<_>>(),
                [1, 2, 3]
            );
            let wanted = [key(0, &[b'a', 2]), key(0, b"x"), key(1, b"a")];
            let found = kept.multi_get(Space::Main, &wanted).unwrap();
            assert_eq!(found, [Some(vec![2]), None, Some(b"other".to_vec())]);
            assert_eq!(
                kept.multi_get(Space::Bucket(7), &wanted).unwrap(),
                [None, None, None]
            );
            assert_eq!(kept.lowest_bucket(), Some(9));
            kept.check().unwrap();
            kept.flush().unwrap();
        }
    });
}

#[test]
fn a_discarded_partition_leaves_the_others() {
    both(|store| {
        let mut kept = store.open(&owner()).unwrap();
        for partition in 0..3 {
            put(&mut *kept, Space::Main, partition, b"k", b"v");
            put(&mut *kept, Space::Bucket(1), partition, b"k", b"v");
            let meta = PartitionMeta {
                next: 7,
                ..PartitionMeta::default()
            };
            let (name, value) = partition_entry(partition, &meta).unwrap();
            kept.commit(vec![(Space::Main, name, Some(value))]).unwrap();
        }
        kept.discard(1).unwrap();
        let there = |space, partition| kept.get(space, &key(partition, b"k")).unwrap().is_some();
        assert_eq!(
            [0, 1, 2].map(|p| there(Space::Main, p)),
            [true, false, true]
        );
        assert_eq!(
            [0, 1, 2].map(|p| there(Space::Bucket(1), p)),
            [true, false, true]
        );
        let stored: Vec<u32> = stored_partitions(&*kept).unwrap().into_keys().collect();
        assert_eq!(stored, [0, 2]);
    });
}

#[test]
fn buckets_are_dropped_whole_and_stay_dropped() {
    both(|store| {
        let mut kept = store.open(&owner()).unwrap();
        for bucket in [5, 3, 4, 9] {
            put(&mut *kept, Space::Bucket(bucket), 0, b"k", b"v");
        }
        kept.drop_buckets_below(5).unwrap();
        assert_eq!(kept.lowest_bucket(), Some(5));
        drop(kept);
        let mut kept = store.open(&owner()).unwrap();
        assert_eq!(kept.lowest_bucket(), Some(5));
        assert_eq!(kept.get(Space::Bucket(4), &key(0, b"k")).unwrap(), None);
        assert_eq!(
            kept.get(Space::Bucket(9), &key(0, b"k")).unwrap(),
            Some(b"v".to_vec())
        );
        put(&mut *kept, Space::Bucket(4), 0, b"k", b"again");
        assert_eq!(
            kept.get(Space::Bucket(4), &key(0, b"k")).unwrap(),
            Some(b"again".to_vec())
        );
    });
}

#[test]
fn buckets_without_number_stay_within_a_bound_of_families() {
    both(|store| {
        let buckets: Vec<u32> = (0..100).map(|n| n * 40_000_000).collect();
        let mut kept = store.open(&owner()).unwrap();
        for bucket in &buckets {
            for partition in 0..3 {
                put(
                    &mut *kept,
                    Space::Bucket(*bucket),
                    partition,
                    b"k",
                    &bucket.to_be_bytes(),
                );
            }
        }
        if let Store::Rocks { dir, .. } = store {
            let names = rocksdb::DB::list_cf(&rocksdb::Options::default(), dir).unwrap();
            assert_eq!(names.len(), super::buckets::OWN_MAX + 2);
        }
        kept.discard(1).unwrap();
        drop(kept);
        let mut kept = store.open(&owner()).unwrap();
        kept.drop_buckets_below(buckets[50]).unwrap();
        assert_eq!(kept.lowest_bucket(), Some(buckets[50]));
        for life in 0..2 {
            for (n, bucket) in buckets.iter().enumerate() {
                let keys = [key(0, b"k"), key(1, b"k"), key(2, b"k")];
                let found = kept.multi_get(Space::Bucket(*bucket), &keys).unwrap();
                let there = (n >= 50).then(|| bucket.to_be_bytes().to_vec());
                assert_eq!(found, [there.clone(), None, there], "{life} {bucket}");
            }
            drop(kept);
            kept = store.open(&owner()).unwrap();
        }
        assert_eq!(kept.dump().unwrap().len(), 1 + 50 * 2);
        put(&mut *kept, Space::Bucket(7), 0, b"k", b"v");
        assert_eq!(
            kept.get(Space::Bucket(7), &key(0, b"k")).unwrap(),
            Some(b"v".to_vec())
        );
    });
}

#[test]
fn another_owner_is_refused_and_another_step_begins_anew() {
    both(|store| {
        put(
            &mut *store.open(&owner()).unwrap(),
            Space::Main,
            0,
            b"k",
            b"v",
        );
        for other in [
            Identity {
                log: "cd".repeat(16),
                ..owner()
            },
            Identity {
                fold: "quiz".to_owned(),
                ..owner()
            },
        ] {
            let Err(StateError::Refused(reason)) = store.open(&other) else {
                panic!("accepted")
            };
            assert!(reason.contains("rm -r"), "{reason}");
        }
        let there = |identity: &Identity| {
            store
                .open(identity)
                .unwrap()
                .get(Space::Main, &key(0, b"k"))
                .unwrap()
                .is_some()
        };
        assert!(there(&owner()), "a refusal changes nothing");
        let next = Identity { step: 2, ..owner() };
        assert!(!there(&next));
        assert!(!there(&next));
    });
}

#[test]
fn every_family_has_the_options_that_were_meant() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::rocks(dir.path(), &Budget::default());
    let mut kept = store.open(&owner()).unwrap();
    put(&mut *kept, Space::Bucket(1), 0, b"k", b"v");
    put(&mut *kept, Space::Bucket(2), 0, b"k", b"v");
    drop(kept);
    // Opened again, the families come from the descriptors and not from their creation.
    let kept = store.open(&owner()).unwrap();
    drop(kept);
    let text = newest_options(dir.path());
    let section = |name: &str| -> String {
        let begin = text
            .find(name)
            .unwrap_or_else(|| panic!("no {name} in {text}"));
        let rest = &text[begin + name.len()..];
        rest[..rest.find("\n[").unwrap_or(rest.len())].to_owned()
    };
    for family in ["default", "bucket-1", "bucket-2"] {
        let options = section(&format!("[CFOptions \"{family}\"]"));
        for wanted in [
            "compression=kLZ4Compression",
            "memtable_whole_key_filtering=true",
            "memtable_prefix_bloom_size_ratio=0.050000",
            "write_buffer_size=16777216",
            "optimize_filters_for_hits=false",
        ] {
            assert!(
                options.contains(wanted),
                "{family}: no {wanted} in {options}"
            );
        }
        let table = section(&format!("[TableOptions/BlockBasedTable \"{family}\"]"));
        assert!(
            table.contains("filter_policy=bloomfilter\n"),
            "{family}: {table}"
        );
        assert!(
            table.contains("whole_key_filtering=true"),
            "{family}: {table}"
        );
    }
    let database = section("[DBOptions]");
    assert!(
        database.contains("max_total_wal_size=67108864"),
        "{database}"
    );
}

fn newest_options(dir: &Path) -> String {
    let newest = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("OPTIONS-")
        })
        .max()
        .unwrap();
    std::fs::read_to_string(newest).unwrap()
}

#[test]
fn a_directory_that_goes_away_is_noticed_also_when_it_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    let store = Store::rocks(&path, &Budget::default());
    let kept = store.open(&owner()).unwrap();
    kept.check().unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    assert!(matches!(kept.check(), Err(StateError::Vanished { .. })));
    let heir = store.open(&owner());
    assert!(
        matches!(kept.check(), Err(StateError::Vanished { .. })),
        "another opening's stamp"
    );
    drop((heir, kept));
    store.open(&owner()).unwrap().check().unwrap();
}

#[test]
fn half_a_directory_is_thrown_away() {
    for victim in ["stage.stamp", "CURRENT", ".sst", "MANIFEST", ".log"] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::rocks(dir.path(), &Budget::default());
        let mut kept = store.open(&owner()).unwrap();
        put(&mut *kept, Space::Main, 0, b"k", b"v");
        put(&mut *kept, Space::Bucket(3), 0, b"k", b"v");
        kept.flush().unwrap();
        put(&mut *kept, Space::Main, 0, b"l", b"w");
        drop(kept);
        let mut deleted = 0;
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().contains(victim) {
                std::fs::remove_file(path).unwrap();
                deleted += 1;
            }
        }
        assert!(deleted > 0, "{victim}");
        let mut kept = store
            .open(&owner())
            .unwrap_or_else(|e| panic!("{victim}: {e}"));
        if victim != ".log" {
            assert_eq!(
                kept.get(Space::Main, &key(0, b"k")).unwrap(),
                None,
                "{victim}"
            );
            assert_eq!(kept.lowest_bucket(), None, "{victim}");
        }
        put(&mut *kept, Space::Bucket(3), 0, b"k", b"x");
        kept.check().unwrap();
    }
}

#[test]
fn a_damaged_file_is_thrown_away_and_a_foreign_one_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::rocks(dir.path(), &Budget::default());
    put(
        &mut *store.open(&owner()).unwrap(),
        Space::Main,
        0,
        b"k",
        b"v",
    );
    std::fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    std::fs::write(dir.path().join("CURRENT"), "garbage").unwrap();
    let kept = store.open(&owner()).unwrap();
    assert_eq!(kept.get(Space::Main, &key(0, b"k")).unwrap(), None);
    assert_eq!(
        std::fs::read_to_string(dir.path().join("notes.txt")).unwrap(),
        "mine"
    );
}
