//! A hedge between a log in memory, whose flushes a test commands, and a journal on a disk that forgets.
//! Nothing here waits for a fixed time: what must happen is looked for until it has.

mod absence;
mod conforms;
mod crashes;
mod forwarding;
mod orphans;
mod proofs;

use super::{Hedge, HedgeConfig};
use crate::contract::{
    Answer, Log, LogError, LogId, Mailbox, NewRecord, Place, Refusal, Refused, Tier, TopicConfig,
};
use crate::journal::{FakeDisk, Gather, Journal, JournalConfig, Reserve};
use crate::memory::MemoryLog;
use crate::sync::lock;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(super) const TOPIC: &str = "inbound";
pub(super) const PARTITIONS: u32 = 3;
/// Nothing that must happen takes longer.
pub(super) const SOON: Duration = Duration::from_secs(60);

pub(super) fn memory(id: u8) -> Arc<MemoryLog> {
    let topic = |name: &str, tier| TopicConfig {
        name: name.to_owned(),
        partitions: PARTITIONS,
        retention: None,
        tier,
    };
    let topics = vec![topic(TOPIC, Tier::Ingress), topic("control", Tier::Control)];
    MemoryLog::with_id(topics, LogId([id; 16]))
}

/// Fires at once, and drains without a limit.
pub(super) fn quick() -> HedgeConfig {
    HedgeConfig {
        after: Duration::from_millis(1),
        forward_bytes_per_s_min: 1 << 30,
        forward_bytes_per_s_max: 1 << 30,
        ..HedgeConfig::new(TOPIC)
    }
}

/// Never fires by itself.
pub(super) fn patient() -> HedgeConfig {
    HedgeConfig {
        after: Duration::from_secs(3600),
        ..quick()
    }
}

pub(super) fn small_spool() -> JournalConfig {
    JournalConfig {
        segment_bytes: 4096,
        ingress_gather: Gather::NEVER,
        reserve: Reserve {
            ingress_bytes: 0,
            consumer_bytes: 0,
            control_bytes: 0,
        },
        ..HedgeConfig::new(TOPIC).spool(PARTITIONS, None)
    }
}

/// A node's two sides, and what it was answered.
pub(super) struct World {
    pub(super) log: Arc<MemoryLog>,
    pub(super) disk: FakeDisk,
    pub(super) hedge: Option<Arc<Hedge>>,
    pub(super) answers: Arc<Answers>,
    pub(super) sent: u64,
}

impl World {
    pub(super) fn new(config: HedgeConfig) -> Self {
        let mut world = Self {
            log: memory(1),
            disk: FakeDisk::default(),
            hedge: None,
            answers: Arc::default(),
            sent: 0,
        };
        world.open(config).unwrap();
        world
    }

    pub(super) fn open(&mut self, config: HedgeConfig) -> Result<(), LogError> {
        self.open_with(config, small_spool())
    }

    pub(super) fn open_with(
        &mut self,
        config: HedgeConfig,
        spool: JournalConfig,
    ) -> Result<(), LogError> {
        let spool = Journal::open_on(&self.disk, Path::new("/spool"), spool)?;
        let log: Arc<dyn Log> = self.log.clone();
        self.hedge = Some(Hedge::open(log, spool, config)?);
        Ok(())
    }

    pub(super) fn hedge(&self) -> &Arc<Hedge> {
        self.hedge.as_ref().unwrap()
    }

    /// The power fails, or the process is killed: what was not synced or not answered is lost.
    pub(super) fn crash(&mut self, seed: Option<u64>) {
        match seed {
            Some(seed) => self.disk.crash(seed),
            None => self.disk.kill(),
        }
        // An answer of the dead is none.
        self.answers.deaf();
        self.hedge = None;
        self.log.lose_held(TOPIC).unwrap();
    }

    /// Appends records one call; returns their numbers, or how the call was refused.
    pub(super) fn append(&mut self, count: u64) -> Result<Vec<u64>, Refused> {
        let numbers: Vec<u64> = (self.sent..self.sent + count).collect();
        self.sent += count;
        let records = numbers.iter().map(|n| (record(*n), *n)).collect();
        let mailbox: Arc<dyn Mailbox> = self.answers.clone();
        let appender = self.hedge().appender(TOPIC).unwrap();
        appender.append(records, &mailbox)?;
        Ok(numbers)
    }

    /// The same, and waits for the answers.
    pub(super) fn settle(&mut self, count: u64) -> Vec<Result<Place, LogError>> {
        let numbers = self.append(count).unwrap();
        self.answers.wait(&numbers)
    }

    pub(super) fn refuse(&self, reason: impl Into<Refusal>) {
        self.log.refuse(TOPIC, reason.into()).unwrap();
    }

    /// How often each record stands in the log.
    pub(super) fn in_log(&self) -> BTreeMap<u64, u64> {
        let mut found = BTreeMap::new();
        for partition in 0..PARTITIONS {
            for stored in self.log.read_all(TOPIC, partition).unwrap() {
                let number = number_of(&stored.value);
                let sent = record(number);
                assert_eq!(
                    (&stored.key, &stored.value, stored.partition),
                    (&sent.key, &sent.value, sent.partition),
                    "the same bytes"
                );
                *found.entry(number).or_insert(0) += 1;
            }
        }
        found
    }

    /// Every record that was proved stands in the log, at least once.
    pub(super) fn assert_all_in_log(&self) {
        let found = self.in_log();
        for number in self.answers.proved() {
            assert!(found.contains_key(&number), "record {number} is lost");
        }
    }

    pub(super) fn wait_drained(&self) {
        until("the spool is drained", || {
            self.hedge().backlog().records == 0
        });
    }
}

pub(super) fn away() -> LogError {
    LogError::Away {
        detail: "a test took it away".to_owned(),
    }
}

pub(super) fn record(number: u64) -> NewRecord {
    NewRecord {
        partition: (number % u64::from(PARTITIONS)) as u32,
        key: Bytes::from(format!("fan {}", number % 11)),
        value: Bytes::from(format!("{number} {}", "x".repeat((number % 90) as usize))),
    }
}

fn number_of(value: &[u8]) -> u64 {
    let text = std::str::from_utf8(value).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// Looks until it is so.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < SOON, "never: {what}");
        std::thread::yield_now();
    }
}

/// All answers, by the record's number.
#[derive(Default)]
pub(super) struct Answers(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    by_number: BTreeMap<u64, Result<Place, LogError>>,
    twice: Vec<u64>,
    /// Numbers below this get no answer any more.
    deaf_below: u64,
}

impl Answers {
    /// The answers to these, once they are all there.
    pub(super) fn wait(&self, numbers: &[u64]) -> Vec<Result<Place, LogError>> {
        let has = |number| lock(&self.0).by_number.contains_key(number);
        until("every accepted record is answered", || {
            numbers.iter().all(has)
        });
        let heard = lock(&self.0);
        assert!(heard.twice.is_empty(), "twice: {:?}", heard.twice);
        numbers
            .iter()
            .map(|number| heard.by_number[number].clone())
            .collect()
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.0).by_number.len()
    }

    fn proved(&self) -> Vec<u64> {
        let heard = lock(&self.0);
        assert!(heard.twice.is_empty(), "twice: {:?}", heard.twice);
        let proved = heard.by_number.iter().filter(|(_, result)| result.is_ok());
        proved.map(|(number, _)| *number).collect()
    }

    fn deaf(&self) {
        lock(&self.0).deaf_below = u64::MAX;
    }

    /// A new life hears what is sent from now on.
    pub(super) fn hear_from(&self, number: u64) {
        lock(&self.0).deaf_below = number;
    }
}

impl Mailbox for Answers {
    fn deliver(&self, answers: Vec<Answer>) {
        let mut heard = lock(&self.0);
        for answer in answers {
            if answer.slot < heard.deaf_below {
                continue;
            }
            let place = answer.result.map(crate::contract::Durable::place);
            if heard.by_number.insert(answer.slot, place).is_some() {
                heard.twice.push(answer.slot);
            }
        }
    }
}

pub(super) fn is_in_log(result: &Result<Place, LogError>) -> bool {
    matches!(result, Ok(Place::Log { .. }))
}

pub(super) fn is_in_spool(result: &Result<Place, LogError>) -> bool {
    matches!(result, Ok(Place::Spool { .. }))
}
