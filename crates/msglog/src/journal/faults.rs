//! What operators meet: torn tails, damage, missing files, a full disk, another layout.

use super::JournalConfig;
use super::conforms::{Fake, accepting, small_config};
use crate::conformance::{Collected, Harness, PARTITIONS, SOON, TOPIC, append, read_all, record};
use crate::contract::{LogError, NewRecord, Refusal, Stored};
use bytes::Bytes;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const ALL_PARTITIONS: [u32; 4] = [0, 1, 2, 3];

fn sized(partition: u32, number: u64) -> NewRecord {
    let mut value = record(partition, number).value.to_vec();
    value.resize(220, b'.');
    NewRecord {
        value: Bytes::from(value),
        ..record(partition, number)
    }
}

/// Sixty flushes of one record; 14 of them make a segment.
fn filled() -> Fake {
    let fake = Fake::new();
    for number in 0..60 {
        append(&fake.log(), vec![sized((number % 4) as u32, number)]);
    }
    fake
}

fn segments(fake: &Fake) -> Vec<PathBuf> {
    let of_topic = |path: &PathBuf| path.starts_with("/log/checked");
    fake.disk
        .names()
        .into_iter()
        .filter(|path| of_topic(path) && path.extension().is_some_and(|e| e == "log"))
        .collect()
}

fn kill(fake: &mut Fake) {
    fake.disk.kill();
    fake.journal = None;
}

fn offsets(read: &[Stored], partition: u32) -> Vec<u64> {
    read.iter()
        .filter(|stored| stored.partition == partition)
        .map(|s| s.offset)
        .collect()
}

/// Reads on until the end, whatever gaps there are.
fn read_over_gaps(fake: &Fake) -> Vec<Stored> {
    let log = fake.log();
    let mut reader = log.reader(TOPIC).unwrap();
    for partition in ALL_PARTITIONS {
        reader
            .seek(partition, log.start_offset(TOPIC, partition).unwrap())
            .unwrap();
    }
    let mut read = Vec::new();
    loop {
        let more = reader.poll(7, usize::MAX, Duration::ZERO).unwrap();
        if more.is_empty() {
            return read;
        }
        read.extend(more);
    }
}

#[test]
fn rubbish_behind_the_end_is_a_torn_tail() {
    for rubbish in [&b"SpB1 and more"[..], &[0; 5000], &[0xff; 3]] {
        let mut fake = filled();
        kill(&mut fake);
        let last = segments(&fake).pop().unwrap();
        fake.disk
            .edit(&last, |bytes| bytes.extend_from_slice(rubbish));
        fake.open(small_config()).unwrap();
        assert_eq!(read_all(&fake.log(), &ALL_PARTITIONS).len(), 60);
        assert_eq!(append(&fake.log(), vec![record(0, 60)]), vec![15]);
    }
}

#[test]
fn damage_before_something_durable_refuses_the_start_and_changes_nothing() {
    let mut fake = filled();
    kill(&mut fake);
    let last = segments(&fake).pop().unwrap();
    // The first batch of the last segment, its index gone: others follow, and claim it was durable.
    let head = 16 + 40 + 8 * PARTITIONS as usize;
    fake.disk.edit(&last, |bytes| bytes[head + 60] ^= 1);
    fake.disk.edit(&last.with_extension("idx"), Vec::clear);
    fake.disk
        .edit(&PathBuf::from("/log/checked/end"), Vec::clear);
    let before = fake.disk.names();
    let error = fake.open(small_config()).err().unwrap();
    let LogError::Corrupt { file, at, detail } = &error else {
        panic!("{error}")
    };
    assert_eq!(PathBuf::from(file), last);
    assert!(*at > 0 && detail.contains("accept_corruption"), "{error}");
    assert_eq!(fake.disk.names(), before);
}

#[test]
fn accepted_damage_costs_its_batch_and_no_offset_is_given_twice() {
    let mut fake = filled();
    let whole = read_all(&fake.log(), &ALL_PARTITIONS);
    kill(&mut fake);
    let all = segments(&fake);
    assert!(all.len() >= 4, "{all:?}");
    let head = 16 + 40 + 8 * PARTITIONS as usize;
    // One batch in a complete segment, one in the last segment, and its index gone.
    fake.disk.edit(&all[1], |bytes| bytes[head + 60] ^= 1);
    let last = all.last().unwrap();
    fake.disk.edit(last, |bytes| bytes[head + 60] ^= 1);
    fake.disk.edit(&last.with_extension("idx"), Vec::clear);
    fake.open(accepting()).unwrap();
    let read = read_over_gaps(&fake);
    assert_eq!(
        read.len(),
        58,
        "two records of two damaged batches are lost"
    );
    for stored in &read {
        assert!(whole.contains(stored), "what is left is what it was");
    }
    let kept = fake
        .disk
        .names()
        .into_iter()
        .filter(|p| p.starts_with("/log/quarantine/checked"));
    assert_eq!(kept.count(), 2);
    for partition in ALL_PARTITIONS {
        let next = append(&fake.log(), vec![record(partition, 100)])[0];
        assert!(next >= 15, "{partition} goes on with {next}");
    }
    // Without the flag it starts again, and is as it was.
    fake.journal = None;
    fake.open(small_config()).unwrap();
    assert_eq!(read_over_gaps(&fake).len(), 62);
}

#[test]
fn a_cut_off_durable_tail_is_damage_and_offsets_jump_over_it() {
    for with_end in [true, false] {
        let mut fake = filled();
        kill(&mut fake);
        let last = segments(&fake).pop().unwrap();
        fake.disk
            .edit(&last, |bytes| bytes.truncate(bytes.len() - 300));
        if with_end {
            assert!(matches!(
                fake.open(small_config()),
                Err(LogError::Corrupt { .. })
            ));
            fake.open(accepting()).unwrap();
            assert_eq!(read_over_gaps(&fake).len(), 58);
            for partition in ALL_PARTITIONS {
                assert_eq!(append(&fake.log(), vec![record(partition, 99)]), vec![15]);
            }
        } else {
            // Nothing is left that claims it: indistinguishable from a write that was never answered.
            fake.disk
                .edit(&PathBuf::from("/log/checked/end"), Vec::clear);
            fake.open(small_config()).unwrap();
            assert_eq!(read_over_gaps(&fake).len(), 58);
        }
    }
}

#[test]
fn a_missing_segment_is_damage() {
    let mut fake = filled();
    kill(&mut fake);
    let all = segments(&fake);
    let disk = &fake.disk;
    super::disk::Disk::unlink(disk, &all[1]).unwrap();
    assert!(matches!(
        fake.open(small_config()),
        Err(LogError::Corrupt { .. })
    ));
    fake.open(accepting()).unwrap();
    let read = read_over_gaps(&fake);
    assert!((30..60).contains(&read.len()), "{} are left", read.len());
    assert_eq!(offsets(&read, 0).last(), Some(&14));
    assert_eq!(append(&fake.log(), vec![record(0, 60)]), vec![15]);
}

#[test]
fn all_segments_gone_is_damage() {
    let mut fake = filled();
    kill(&mut fake);
    for path in segments(&fake) {
        super::disk::Disk::unlink(&fake.disk, &path).unwrap();
    }
    assert!(matches!(
        fake.open(small_config()),
        Err(LogError::Corrupt { .. })
    ));
    fake.open(accepting()).unwrap();
    assert_eq!(append(&fake.log(), vec![record(0, 60)]), vec![15]);
}

#[test]
fn damage_in_a_complete_segment_is_found_by_its_reader() {
    let mut fake = filled();
    kill(&mut fake);
    let all = segments(&fake);
    fake.disk.edit(&all[0], |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    fake.open(small_config()).unwrap();
    let mut reader = fake.log().reader(TOPIC).unwrap();
    reader.seek(0, 0).unwrap();
    let error = loop {
        match reader.poll(100, usize::MAX, Duration::ZERO) {
            Ok(read) => assert!(!read.is_empty(), "the damage was not found"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LogError::Corrupt { .. }), "{error}");
}

#[test]
fn an_index_is_only_a_help() {
    let mut fake = filled();
    kill(&mut fake);
    for path in segments(&fake) {
        let idx = path.with_extension("idx");
        fake.disk.edit(&idx, |bytes| {
            let half = bytes.len() / 2;
            bytes[half..].fill(7);
        });
    }
    fake.open(small_config()).unwrap();
    assert_eq!(read_all(&fake.log(), &ALL_PARTITIONS).len(), 60);
    for offset in 0..15 {
        let mut reader = fake.log().reader(TOPIC).unwrap();
        reader.seek(2, offset).unwrap();
        let first = &reader.poll(1, 1, SOON).unwrap()[0];
        assert_eq!((first.partition, first.offset), (2, offset));
    }
}

#[test]
fn a_full_disk_refuses_before_it_accepts_and_recovers_by_itself() {
    let mut fake = Fake::new();
    let mut config = small_config();
    config.reserve.ingress_bytes = 1 << 30;
    fake.journal = None;
    fake.open(config).unwrap();
    append(&fake.log(), vec![record(0, 0)]);
    fake.disk.set_free(1 << 20);
    let appender = fake.log().appender(TOPIC).unwrap();
    let collected = Collected::new();
    let until = Instant::now() + SOON;
    let (mut accepted, mut refusals) = (0u64, 0);
    while refusals == 0 {
        match appender.append(vec![(record(0, 1), accepted)], &collected.mailbox()) {
            Ok(()) => accepted += 1,
            Err(refused) => {
                let reason = refused.reason;
                if let Refusal::Log(error @ LogError::NoRoom { .. }) = &reason {
                    assert!(error.retryable());
                    refusals += 1;
                } else {
                    assert!(matches!(reason, Refusal::QueueFull), "{reason}");
                }
            }
        }
        assert!(Instant::now() < until, "a full disk was not noticed");
    }
    let answers = collected.wait(accepted as usize, SOON);
    assert!(
        answers.iter().all(|answer| answer.result.is_ok()),
        "what was accepted is written"
    );
    assert!(fake.journal.as_ref().unwrap().check_room(TOPIC).is_err());
    fake.disk.set_free(u64::MAX);
    while appender
        .append(vec![(record(0, 2), 0)], &collected.mailbox())
        .is_err()
    {
        assert!(Instant::now() < until, "room came back and was not noticed");
        std::thread::yield_now();
    }
    assert_eq!(
        collected.wait(accepted as usize + 1, SOON).len(),
        accepted as usize + 1
    );
}

#[test]
fn the_configured_bound_refuses_and_deletes_nothing() {
    let mut fake = Fake::new();
    fake.journal = None;
    fake.open(JournalConfig {
        max_bytes: Some(20_000),
        ..small_config()
    })
    .unwrap();
    let appender = fake.log().appender(TOPIC).unwrap();
    let mut written = 0;
    loop {
        let collected = Collected::new();
        match appender.append(vec![(sized(0, written), 0)], &collected.mailbox()) {
            Ok(()) => assert!(collected.wait(1, SOON)[0].result.is_ok()),
            Err(refused) => {
                assert!(matches!(
                    refused.reason,
                    Refusal::Log(LogError::NoRoom { .. })
                ));
                break;
            }
        }
        written += 1;
    }
    assert!(
        (30..100).contains(&written),
        "{written} records of 220 bytes in 15,000"
    );
    assert!(fake.journal.as_ref().unwrap().bytes() <= 15_000);
    assert_eq!(read_all(&fake.log(), &[0]).len() as u64, written);
}

#[test]
fn another_layout_or_another_log_is_refused() {
    let mut fake = filled();
    kill(&mut fake);
    let mut config = small_config();
    config.topics[0].partitions = 5;
    let error = fake.open(config).unwrap_err();
    assert!(
        matches!(&error, LogError::Mismatch(why) if why.contains("4 partitions")),
        "{error}"
    );
    let mut stranger = Fake::new();
    kill(&mut stranger);
    let foreign = segments(&stranger).remove(0);
    let mut bytes = Vec::new();
    fake.disk
        .edit(&segments(&fake)[0], |found| bytes = found.clone());
    stranger.disk.edit(&foreign, |found| *found = bytes);
    let error = stranger.open(small_config()).unwrap_err();
    assert!(
        matches!(&error, LogError::Mismatch(why) if why.contains("another log")),
        "{error}"
    );
    for name in ["", "Upper", "a/b", "..", "quarantine"] {
        let mut config = small_config();
        config.topics[0].name = name.to_owned();
        assert!(
            matches!(Fake::new().open(config), Err(LogError::Mismatch(_))),
            "{name:?}"
        );
    }
}
