//! Random lives of a journal on a disk that forgets, against a plain model: what was answered is there
//! once, in order, at its offset, for ever, unless it stood in a tail that rotted and an operator gave it
//! up; what was not may be there, once; no offset ever changes its content after somebody could know it; and
//! a reader gets to the end, whatever is lost before it.

use super::conforms::small_config;
use super::fake::FakeDisk;
use super::open::{Surroundings, open, open_read_only};
use super::{Journal, JournalConfig};
use crate::conformance::{Collected, PARTITIONS, SOON, TOPIC};
use crate::contract::{Log, LogError, NewRecord};
use bytes::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[derive(Debug, Clone)]
enum Step {
    /// Calls of some records of some bytes, all at once; then their answers.
    Append { calls: u8, records: u8, bytes: u16 },
    /// The next flushes fail.
    FailSyncs(u32),
    /// The disk dies after so many more operations.
    DieAfter(u64),
    /// kill -9; the page cache stays.
    Kill,
    /// Power failure.
    Crash(u64),
    /// Power failure, and another one after so many operations of the recovery.
    CrashTwice(u64, u64),
    /// An orderly end.
    Close,
    /// All there is grows too old.
    Expire,
    /// So many bytes of the newest segment are gone after kill -9, and an operator accepts it.
    Rot(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1u8..6, 1u8..6, 0u16..900)
            .prop_map(|(calls, records, bytes)| Step::Append { calls, records, bytes }),
        1 => (1u32..3).prop_map(Step::FailSyncs),
        2 => (0u64..30).prop_map(Step::DieAfter),
        1 => Just(Step::Kill),
        3 => any::<u64>().prop_map(Step::Crash),
        2 => (any::<u64>(), 0u64..25).prop_map(|(seed, ops)| Step::CrashTwice(seed, ops)),
        1 => Just(Step::Close),
        1 => Just(Step::Expire),
        2 => (1u16..2_000).prop_map(Step::Rot),
    ]
}

struct World {
    disk: FakeDisk,
    now_ms: Arc<AtomicI64>,
    journal: Option<Arc<Journal>>,
    sent: u64,
    /// What somebody knows to stand at partition and offset.
    known: BTreeMap<(u32, u64), u64>,
    /// Given up: answered with an error or not at all.
    doubtful: BTreeSet<u64>,
    /// Answered with a proof.
    answered: BTreeSet<u64>,
    /// Places at which something stood that was given up: nothing may ever stand there again.
    lost: BTreeMap<(u32, u64), u64>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            disk: FakeDisk::default(),
            now_ms: Arc::new(AtomicI64::new(1_000_000)),
            journal: None,
            sent: 0,
            known: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            answered: BTreeSet::new(),
            lost: BTreeMap::new(),
        };
        world.reopen();
        world
    }

    fn surroundings(&self) -> Surroundings {
        let now_ms = Arc::clone(&self.now_ms);
        Surroundings {
            disk: Arc::new(self.disk.process()),
            clock: Arc::new(move || now_ms.load(Relaxed)),
            point_bytes: 500,
        }
    }

    fn config(&self) -> JournalConfig {
        let mut config = small_config();
        // The writer looks after segments as often as it can.
        config.topics[0].retention = Some(Duration::from_millis(80));
        config
    }

    fn reopen(&mut self) {
        self.open(false);
    }

    /// Begins a life. With `accept`, what is missing in it is lost for good.
    fn open(&mut self, accept: bool) {
        let config = JournalConfig {
            accept_corruption: accept,
            ..self.config()
        };
        let journal = open(Path::new("/log"), config, &self.surroundings());
        self.journal =
            Some(journal.unwrap_or_else(|error| panic!("{error}: {:?}", self.disk.names())));
        self.check(accept);
    }

    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(self.journal.as_ref().unwrap()) as Arc<dyn Log>
    }

    fn append(&mut self, calls: u8, records: u8, bytes: u16) {
        let appender = self.log().appender(TOPIC).unwrap();
        let collected = Collected::new();
        let mut accepted = 0;
        for _ in 0..calls {
            let first = self.sent;
            self.sent += u64::from(records);
            let records = (first..self.sent)
                .map(|number| (record(number, bytes), number))
                .collect();
            match appender.append(records, &collected.mailbox()) {
                Ok(()) => accepted += (self.sent - first) as usize,
                // Refused: these must never appear, and so they are not doubtful.
                Err(refused) => assert!(matches!(
                    refused.reason,
                    crate::contract::Refusal::Log(LogError::Poisoned { .. })
                )),
            }
        }
        let answers = collected.wait(accepted, SOON);
        assert_eq!(answers.len(), accepted);
        for answer in answers {
            match answer.result {
                Ok(durable) => {
                    self.answered.insert(answer.slot);
                    self.learn(
                        partition_of(answer.slot),
                        durable.offset().unwrap(),
                        answer.slot,
                    );
                }
                Err(_) => {
                    self.doubtful.insert(answer.slot);
                }
            }
        }
    }

    fn learn(&mut self, partition: u32, offset: u64, number: u64) {
        let lost = self.lost.get(&(partition, offset));
        assert_eq!(
            lost, None,
            "{partition}/{offset} was given up, and is given out again"
        );
        let before = self.known.insert((partition, offset), number);
        assert!(
            before.is_none_or(|before| before == number),
            "{partition}/{offset} has changed"
        );
    }

    fn check(&mut self, accept: bool) {
        let log = self.log();
        let mut reader = log.reader(TOPIC).unwrap();
        let mut bounds = Vec::new();
        for partition in 0..PARTITIONS {
            let start = log.start_offset(TOPIC, partition).unwrap();
            let end = log.end_offset(TOPIC, partition).unwrap();
            reader.seek(partition, start).unwrap();
            bounds.push((start, end));
        }
        let mut next: Vec<u64> = bounds.iter().map(|(start, _)| *start).collect();
        let mut seen = BTreeSet::new();
        let until = Instant::now() + SOON;
        while (0..)
            .zip(&bounds)
            .any(|(p, (_, end))| reader.position(p) < Some(*end))
        {
            assert!(Instant::now() < until, "a position stays before the end");
            for stored in reader.poll(1000, usize::MAX, SOON).unwrap() {
                let place = &mut next[stored.partition as usize];
                assert!(stored.offset >= *place, "no repetition");
                *place = stored.offset + 1;
                seen.insert((stored.partition, stored.offset));
                let number = number_of(&stored.value);
                assert_eq!(partition_of(number), stored.partition);
                // From now on somebody has seen it.
                self.learn(stored.partition, stored.offset, number);
            }
        }
        assert!(reader.poll(1, 1, Duration::ZERO).unwrap().is_empty());
        let mut numbers = BTreeSet::new();
        // What was there before this life and is not in it was given up; nothing else is missing.
        let retained = |(p, offset): &(u32, u64)| *offset >= bounds[*p as usize].0;
        let missing: Vec<_> = self
            .known
            .keys()
            .filter(|place| retained(place) && !seen.contains(*place))
            .copied()
            .collect();
        assert!(accept || missing.is_empty(), "{missing:?} are missing");
        for place in missing {
            let number = self.known.remove(&place).unwrap();
            self.lost.insert(place, number);
        }
        for ((partition, offset), number) in &self.known {
            assert!(numbers.insert(*number), "{number} is there twice");
            let may = self.answered.contains(number) || self.doubtful.contains(number);
            assert!(may, "{number} was refused");
            assert!(
                *offset < bounds[*partition as usize].1,
                "{partition}/{offset} is lost"
            );
        }
        let other = open_read_only(Path::new("/log"), &self.surroundings()).unwrap();
        for (partition, (start, end)) in (0..).zip(bounds) {
            assert_eq!(other.start_offset(TOPIC, partition).unwrap(), start);
            assert_eq!(other.end_offset(TOPIC, partition).unwrap(), end);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append {
                calls,
                records,
                bytes,
            } => self.append(*calls, *records, *bytes),
            Step::FailSyncs(count) => self.disk.fail_syncs(*count),
            Step::DieAfter(ops) => self.disk.die_after(*ops),
            Step::Kill => self.end(FakeDisk::kill),
            Step::Crash(seed) => self.end(|disk| disk.crash(*seed)),
            Step::CrashTwice(seed, ops) => {
                self.disk.crash(*seed);
                self.disk.die_after(*ops);
                self.journal = None;
                // It may fail, or come up on a disk that is about to die.
                drop(open(Path::new("/log"), self.config(), &self.surroundings()));
                self.end(|disk| disk.crash(seed.wrapping_mul(31)));
            }
            Step::Close => {
                self.journal.take().unwrap().close();
                self.end(FakeDisk::kill);
            }
            Step::Expire => self.expire(),
            Step::Rot(bytes) => self.rot(usize::from(*bytes)),
        }
    }

    fn rot(&mut self, bytes: usize) {
        self.disk.kill();
        self.journal = None;
        let is_segment = |path: &PathBuf| {
            path.starts_with("/log/checked") && path.extension().is_some_and(|e| e == "log")
        };
        let newest = self.disk.names().into_iter().filter(is_segment).max();
        let newest = newest.unwrap();
        // Its head stays: without one a segment cannot be mended.
        let head = 16 + 40 + 8 * PARTITIONS as usize;
        self.disk.edit(&newest, |all| {
            all.truncate(all.len().saturating_sub(bytes).max(head.min(all.len())));
        });
        self.open(true);
    }

    /// The disk changes first: what the dying process still does reaches nothing.
    fn end(&mut self, how: impl FnOnce(&FakeDisk)) {
        how(&self.disk);
        self.journal = None;
        self.reopen();
    }

    fn expire(&mut self) {
        self.now_ms.fetch_add(10_000, Relaxed);
        let (journal, log) = (Arc::clone(self.journal.as_ref().unwrap()), self.log());
        let until = Instant::now() + SOON;
        let left = || {
            (0..PARTITIONS)
                .any(|p| log.start_offset(TOPIC, p).unwrap() < log.end_offset(TOPIC, p).unwrap())
        };
        while left() && journal.refusal(TOPIC).is_none() {
            assert!(Instant::now() < until, "what is too old stays");
            std::thread::yield_now();
        }
    }
}

fn partition_of(number: u64) -> u32 {
    (number % 7 % u64::from(PARTITIONS)) as u32
}

fn record(number: u64, bytes: u16) -> NewRecord {
    let mut value = number.to_le_bytes().to_vec();
    value.resize(8 + usize::from(bytes), number as u8);
    let key = Bytes::from_static(b"key");
    NewRecord {
        partition: partition_of(number),
        key,
        value: Bytes::from(value),
    }
}

fn number_of(value: &Bytes) -> u64 {
    u64::from_le_bytes(value[..8].try_into().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_was_answered_stays(steps in proptest::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.end(|disk| disk.crash(77));
        let known: BTreeSet<u64> = world.known.values().chain(world.lost.values()).copied().collect();
        prop_assert!(world.answered.is_subset(&known));
    }
}
