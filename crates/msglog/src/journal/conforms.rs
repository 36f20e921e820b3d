//! The journal passes the list of every backend, on a fake disk and on the real one.

use super::fake::FakeDisk;
use super::open::{Surroundings, open};
use super::{Gather, Journal, JournalConfig, Reserve};
use crate::conformance::{
    ALL, Harness, PARTITIONS, QUEUE_BYTES, RETENTION, SOON, TOPIC, append, record,
};
use crate::contract::{Answer, Log, LogError, Mailbox, Tier, TopicConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Small enough that every check crosses segments and index points.
pub(super) fn small_config() -> JournalConfig {
    JournalConfig {
        segment_bytes: 4096,
        queue_bytes: QUEUE_BYTES,
        ingress_gather: Gather::NEVER,
        reserve: Reserve {
            ingress_bytes: 0,
            consumer_bytes: 0,
            control_bytes: 0,
        },
        ..JournalConfig::new(vec![TopicConfig {
            name: TOPIC.to_owned(),
            partitions: PARTITIONS,
            // Short, so that the writer looks after it often; no check's clock passes it by itself.
            retention: Some(Duration::from_secs(2)),
            tier: Tier::Ingress,
        }])
    }
}

/// A journal of [`small_config`] on a fake disk.
pub(super) struct Fake {
    pub(super) disk: FakeDisk,
    now_ms: Arc<AtomicI64>,
    pub(super) journal: Option<Arc<Journal>>,
    lives: u64,
}

impl Fake {
    /// A fresh one.
    pub(super) fn new() -> Self {
        let mut fake = Self {
            disk: FakeDisk::default(),
            now_ms: Arc::new(AtomicI64::new(1_700_000_000_000)),
            journal: None,
            lives: 0,
        };
        fake.open(small_config()).unwrap();
        fake
    }

    pub(super) fn surroundings(&self) -> Surroundings {
        let now_ms = Arc::clone(&self.now_ms);
        Surroundings {
            disk: Arc::new(self.disk.process()),
            clock: Arc::new(move || now_ms.load(Relaxed)),
            point_bytes: 700,
        }
    }

    pub(super) fn open(&mut self, config: JournalConfig) -> Result<(), LogError> {
        self.journal = Some(open(Path::new("/log"), config, &self.surroundings())?);
        Ok(())
    }
}

impl Harness for Fake {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(self.journal.as_ref().unwrap()) as Arc<dyn Log>
    }

    fn reopen(&mut self) {
        self.journal = None;
        self.lives += 1;
        self.disk.crash(self.lives);
        self.open(small_config()).unwrap();
    }

    fn stall(&mut self) -> bool {
        self.disk.stall(true);
        true
    }

    fn resume(&mut self) {
        self.disk.stall(false);
    }

    fn fail_flush(&mut self) -> bool {
        self.disk.fail_syncs(1);
        true
    }

    fn advance(&mut self, by: Duration) -> bool {
        self.now_ms.fetch_add(by.as_millis() as i64, Relaxed);
        true
    }

    fn expire(&mut self) -> bool {
        self.now_ms.fetch_add(RETENTION.as_millis() as i64, Relaxed);
        true
    }

    fn lose_tail(&mut self) -> bool {
        self.disk.kill();
        self.journal = None;
        let newest = newest_segment(self.disk.names());
        self.disk
            .edit(&newest, |bytes| bytes.truncate(bytes.len() - TAIL_BYTES));
        self.open(accepting()).unwrap();
        true
    }
}

/// What is cut off the newest segment: a part of its last batch.
const TAIL_BYTES: usize = 100;

fn newest_segment(names: impl IntoIterator<Item = PathBuf>) -> PathBuf {
    let is_log = |path: &PathBuf| path.extension().is_some_and(|e| e == "log");
    names.into_iter().filter(is_log).max().unwrap()
}

/// The same with an operator who accepts what is lost.
pub(super) fn accepting() -> JournalConfig {
    JournalConfig {
        accept_corruption: true,
        ..small_config()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.disk.stall(false);
    }
}

#[test]
fn the_journal_is_a_backend_on_a_disk_that_forgets() {
    for (_, check) in ALL {
        check(&|| Box::new(Fake::new()));
    }
}

struct Real {
    dir: tempfile::TempDir,
    journal: Option<Arc<Journal>>,
}

impl Harness for Real {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(self.journal.as_ref().unwrap()) as Arc<dyn Log>
    }

    fn reopen(&mut self) {
        self.journal = None;
        let mut config = small_config();
        config.topics[0].retention = Some(RETENTION);
        self.journal = Some(Journal::open(self.dir.path(), config).unwrap());
    }

    fn stall(&mut self) -> bool {
        false
    }

    fn resume(&mut self) {}

    fn fail_flush(&mut self) -> bool {
        false
    }

    fn advance(&mut self, _: Duration) -> bool {
        false
    }

    fn expire(&mut self) -> bool {
        false
    }

    fn lose_tail(&mut self) -> bool {
        self.journal = None;
        let names = std::fs::read_dir(self.dir.path().join(TOPIC)).unwrap();
        let newest = newest_segment(names.map(|name| name.unwrap().path()));
        let bytes = std::fs::read(&newest).unwrap();
        std::fs::write(&newest, &bytes[..bytes.len() - TAIL_BYTES]).unwrap();
        let mut config = accepting();
        config.topics[0].retention = Some(RETENTION);
        self.journal = Some(Journal::open(self.dir.path(), config).unwrap());
        true
    }
}

#[test]
fn the_journal_is_a_backend_on_the_real_disk() {
    for (_, check) in ALL {
        check(&|| {
            let dir = tempfile::tempdir().unwrap();
            let mut real = Real { dir, journal: None };
            real.reopen();
            Box::new(real)
        });
    }
}

#[test]
fn a_mailbox_is_called_once_for_each_flush() {
    let mut fake = Fake::new();
    append(&fake.log(), vec![record(0, 0)]);
    fake.stall();
    let counting = Arc::new(Counting::default());
    let mailbox = Arc::clone(&counting) as Arc<dyn Mailbox>;
    let appender = fake.log().appender(TOPIC).unwrap();
    for slot in 0..50 {
        appender
            .append(vec![(record(0, slot), slot)], &mailbox)
            .unwrap();
    }
    fake.resume();
    let until = Instant::now() + SOON;
    while counting.answers.load(Relaxed) < 50 {
        assert!(Instant::now() < until);
        std::thread::yield_now();
    }
    // The first flush took what was there when the stall began, the second one everything else.
    assert!(counting.calls.load(Relaxed) <= 2);
}

#[derive(Default)]
struct Counting {
    calls: AtomicUsize,
    answers: AtomicUsize,
}

impl Mailbox for Counting {
    fn deliver(&self, answers: Vec<Answer>) {
        self.calls.fetch_add(1, Relaxed);
        self.answers.fetch_add(answers.len(), Relaxed);
    }
}
