//! kill -9 of a process that appends as fast as it can: whatever it had been told is durable is there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use msglog::conformance::Collected;
use msglog::{Journal, JournalConfig, Log, NewRecord, Reserve, Tier, TopicConfig};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "MSGLOG_KILL_TEST_DIR";
const LIFE: &str = "MSGLOG_KILL_TEST_LIFE";
const TOPIC: &str = "inbound";
const SOON: Duration = Duration::from_secs(60);

fn config() -> JournalConfig {
    let topic = TopicConfig {
        name: TOPIC.to_owned(),
        partitions: 4,
        retention: None,
        tier: Tier::Ingress,
    };
    JournalConfig {
        segment_bytes: 64 << 10,
        reserve: Reserve {
            ingress_bytes: 0,
            consumer_bytes: 0,
            control_bytes: 0,
        },
        ..JournalConfig::new(vec![topic])
    }
}

/// Not a test of its own: what the killed process does. Prints a line for each durable record.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let life = std::env::var(LIFE).unwrap();
    let journal = Journal::open(Path::new(&dir), config()).unwrap();
    let appender = journal.appender(TOPIC).unwrap();
    let mut out = std::io::stdout().lock();
    for round in 0u64.. {
        let collected = Collected::new();
        let records = (0..20u64)
            .map(|slot| (record(&life, round, slot), slot))
            .collect();
        appender.append(records, &collected.mailbox()).unwrap();
        for answer in collected.wait(20, SOON) {
            let (slot, offset) = (answer.slot, answer.result.unwrap().offset().unwrap());
            writeln!(out, "durable {life}/{round}/{slot} {} {offset}", slot % 4).unwrap();
        }
        out.flush().unwrap();
    }
}

fn record(life: &str, round: u64, slot: u64) -> NewRecord {
    let value = Bytes::from(format!("{life}/{round}/{slot}"));
    NewRecord {
        partition: (slot % 4) as u32,
        key: Bytes::from_static(b"fan"),
        value,
    }
}

#[test]
fn whatever_was_answered_before_kill_9_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut told: BTreeMap<(u32, u64), String> = BTreeMap::new();
    for life in 0..8usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(DIR, dir.path())
            .env(LIFE, life.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut heard = 0;
        // Killed after a different number of answers each time, in the middle of whatever it does.
        while heard < 60 * life + 25 {
            let line = lines.next().expect("the child ended by itself").unwrap();
            heard += usize::from(note(&line, &mut told));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had written to the pipe it had been told.
        for line in lines.map_while(Result::ok) {
            note(&line, &mut told);
        }
        check(dir.path(), &told);
    }
}

fn note(line: &str, told: &mut BTreeMap<(u32, u64), String>) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let ["durable", value, partition, offset] = words[..] else {
        return false;
    };
    let (Ok(partition), Ok(offset)) = (partition.parse(), offset.parse()) else {
        return false;
    };
    let before = told.insert((partition, offset), value.to_owned());
    assert_eq!(before, None, "{partition}/{offset} was given twice");
    true
}

fn check(dir: &Path, told: &BTreeMap<(u32, u64), String>) {
    let journal = Journal::open(dir, config()).unwrap();
    let log: Arc<dyn Log> = journal;
    let mut reader = log.reader(TOPIC).unwrap();
    let mut wanted = 0;
    for partition in 0..4 {
        reader.seek(partition, 0).unwrap();
        wanted += log.end_offset(TOPIC, partition).unwrap();
    }
    let mut found: BTreeMap<(u32, u64), String> = BTreeMap::new();
    let mut values = std::collections::BTreeSet::new();
    while (found.len() as u64) < wanted {
        let read = reader.poll(1000, usize::MAX, SOON).unwrap();
        assert!(!read.is_empty());
        for stored in read {
            let value = String::from_utf8(stored.value.to_vec()).unwrap();
            assert!(values.insert(value.clone()), "{value} is there twice");
            found.insert((stored.partition, stored.offset), value);
        }
    }
    for (place, value) in told {
        assert_eq!(found.get(place), Some(value), "at {place:?}");
    }
}
