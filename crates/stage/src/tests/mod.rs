//! Tests of the runner as a whole, on the memory log and on both stores.

mod chains;
mod counted;
mod crash;
mod failures;
mod faulty;
mod handover;
mod props;
mod sample;
mod seats;
mod silent;
mod starts;

use crate::{Budget, Clock, Config, Fold, Runner, Store, Turn};
use msglog::memory::MemoryLog;
use msglog::{Log, Tier, TopicConfig};
use record::chain::{ChainReader, Link, Verdict, link_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) const PARTITIONS: u32 = 3;

/// A log with every topic that the sample folds read and write.
pub(crate) fn log() -> Arc<MemoryLog> {
    let names = [
        "inbound",
        "accepted",
        "results",
        "inbound.dead",
        "accepted.dead",
    ];
    MemoryLog::new(
        names
            .into_iter()
            .map(|name| TopicConfig {
                name: name.to_owned(),
                partitions: PARTITIONS,
                retention: None,
                tier: Tier::Consumer,
            })
            .collect(),
    )
}

/// Time as a test sets it.
#[derive(Default)]
pub(crate) struct ManualClock(AtomicU64);

impl ManualClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn wall_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst) as i64
    }
}

/// One hand, two or three, by the size of the batch: what comes out is the same.
pub(crate) fn config(batch: usize) -> Config {
    Config {
        poll_records: batch,
        hands: 1 + batch % 3,
        side_by_side_from: 1,
        gather: Duration::ZERO,
        poll_wait: Duration::ZERO,
        ..Config::default()
    }
}

/// A runner with a clock that stands still.
pub(crate) fn runner<F: Fold>(
    fold: F,
    log: &Arc<dyn Log>,
    store: &Store,
    batch: usize,
) -> (Runner<F>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let runner = Runner::with_clock(
        fold,
        Arc::clone(log),
        store.clone(),
        config(batch),
        clock.clone(),
    );
    (runner, clock)
}

/// Turns until there is nothing to read. The reason, when a turn fails.
pub(crate) fn to_the_end<F: Fold>(runner: &mut Runner<F>) -> Result<(), String> {
    for _ in 0..100_000 {
        match runner.turn() {
            Turn::Worked(_) => {}
            Turn::Idle => return Ok(()),
            Turn::Waiting(_) | Turn::Stopped => return Err(runner.status().state().1),
        }
    }
    panic!("a stage does not come to the end of its input");
}

/// What a reader accepts of a chained partition.
pub(crate) fn accepted(log: &MemoryLog, topic: &str, partition: u32) -> Vec<(Link, String)> {
    let mut reader = ChainReader::after(None);
    let mut accepted = Vec::new();
    for record in log.read_all(topic, partition).unwrap() {
        let link = link_of(&record.value).unwrap();
        match reader.judge(&link) {
            Verdict::Accept => {
                accepted.push((link, String::from_utf8(record.value.to_vec()).unwrap()));
            }
            Verdict::Fork => panic!("fork in {topic}/{partition} at {}", record.offset),
            Verdict::Repetition | Verdict::Hole => {}
        }
    }
    accepted
}

/// Everything that readers accept of these topics.
pub(crate) fn all_accepted(log: &MemoryLog, topics: &[&str]) -> Vec<Vec<(Link, String)>> {
    topics
        .iter()
        .flat_map(|topic| (0..PARTITIONS).map(|partition| accepted(log, topic, partition)))
        .collect()
}

/// A store of either kind, with what tests do to it between two lives of a stage.
pub(crate) struct Home {
    pub(crate) store: Store,
    dir: Option<tempfile::TempDir>,
    budget: Budget,
    saved: Option<Saved>,
}

enum Saved {
    Memory(Store),
    Dir(tempfile::TempDir),
}

impl Home {
    pub(crate) fn memory() -> Self {
        Self {
            store: Store::memory(),
            dir: None,
            budget: Budget::default(),
            saved: None,
        }
    }

    pub(crate) fn rocks() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::default();
        Self {
            store: Store::rocks(dir.path().join("state"), &budget),
            dir: Some(dir),
            budget,
            saved: None,
        }
    }

    fn path(&self) -> Option<std::path::PathBuf> {
        self.dir.as_ref().map(|dir| dir.path().join("state"))
    }

    /// Forgets everything.
    pub(crate) fn lose(&mut self) {
        match self.path() {
            Some(path) if path.exists() => std::fs::remove_dir_all(path).unwrap(),
            Some(_) => {}
            None => self.store = Store::memory(),
        }
    }

    /// Keeps a copy of what stands there; nobody may have it open.
    pub(crate) fn save(&mut self) {
        self.saved = Some(match (&self.store, self.path()) {
            (Store::Memory(store), _) => Saved::Memory(Store::Memory(store.copy())),
            (_, Some(path)) => {
                let copy = tempfile::tempdir().unwrap();
                copy_files(&path, copy.path());
                Saved::Dir(copy)
            }
            (Store::Rocks { .. }, None) => unreachable!(),
        });
    }

    /// Puts the copy back.
    pub(crate) fn restore(&mut self) {
        self.lose();
        match self.saved.take().unwrap() {
            Saved::Memory(store) => self.store = store,
            Saved::Dir(copy) => {
                let path = self.path().unwrap();
                copy_files(copy.path(), &path);
                self.store = Store::rocks(path, &self.budget);
            }
        }
    }

    /// Every entry, in an order.
    pub(crate) fn entries(&self, fold: &impl Fold, log: &dyn Log) -> Vec<crate::state::Entry> {
        let identity = crate::state::Identity {
            log: log.id().to_string(),
            fold: fold.name().to_owned(),
            step: fold.version(),
        };
        self.store.open(&identity).unwrap().dump().unwrap()
    }
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
