//! Reads the recording ahead on a thread of its own, in bounded memory, and hands deliveries to the driver.
//!
//! Here deliveries are chosen (`--from`, `--to`, closed mode), multiplied and shuffled. Sending is the driver's.

use crate::recording::{ReadError, Reader, Row, Table};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// One delivery to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Number of the row in the recording, from 0.
    pub delivery: u64,
    /// Number of the message in the recording.
    pub n: u64,
    /// Which delivery of the message it is by the recording, from 1.
    pub nth: u8,
    /// Which copy of the delivery, from 1.
    pub copy: u16,
    /// The line of a table that it counts in; every copy but the first is a re-delivery.
    pub table: Table,
    /// Scheduled instant, in microseconds of event time.
    pub at_us: i64,
    /// The body in plain mode.
    pub body: String,
}

impl Job {
    /// The scheduled second.
    #[must_use]
    pub fn second(&self) -> i64 {
        self.at_us.div_euclid(1_000_000)
    }
}

/// Every delivery several times, out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffle {
    /// Seed of the order.
    pub seed: u64,
    /// How often each delivery is made, at least once.
    pub copies: u16,
}

/// Which deliveries are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only what is scheduled at this microsecond or later.
    pub from_us: Option<i64>,
    /// Only what is scheduled before this microsecond.
    pub to_us: Option<i64>,
    /// Leaves out the recording's own re-deliveries, because the platform's rule makes them.
    pub first_deliveries_only: bool,
    /// Copies and their order.
    pub shuffle: Option<Shuffle>,
}

/// Deliveries are shuffled within this much event time, so that no one comes after its round's grace.
const SHUFFLE_SPAN_US: i64 = 8_000_000;
/// And within this many, so that memory stays bounded.
const SHUFFLE_MAX: usize = 65_536;
/// Deliveries handed over at once.
const BATCH: usize = 256;
/// Batches that wait for the driver: with bodies of a kilobyte, 4 MiB.
const QUEUE: usize = 16;

type Batch = Result<Vec<Job>, ReadError>;

/// The driver's end: deliveries in the order of their schedule.
#[derive(Debug)]
pub struct Source {
    queue: mpsc::Receiver<Batch>,
    ready: std::vec::IntoIter<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Source {
    /// Starts reading ahead.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the file cannot be opened or no thread can be started.
    pub fn open(path: &Path, choice: Choice) -> Result<Self, ReadError> {
        let reader = Reader::open(path)?;
        let (sender, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || read_ahead(reader, &choice, &sender))
            .map_err(|source| ReadError::Io {
                path: PathBuf::from(path),
                source,
            })?;
        Ok(Self {
            queue,
            ready: Vec::new().into_iter(),
            thread: Some(thread),
        })
    }

    /// The next delivery; `None` at the end. Without waiting when one is there.
    ///
    /// # Errors
    /// [`ReadError`] where the recording is damaged; there is nothing after it.
    pub async fn next(&mut self) -> Result<Option<Job>, ReadError> {
        loop {
            if let Some(job) = self.ready.next() {
                return Ok(Some(job));
            }
            match self.queue.recv().await {
                Some(batch) => self.ready = batch?.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // The reader ends when nobody listens any more.
        self.queue.close();
        while self.queue.try_recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn read_ahead(mut reader: Reader, choice: &Choice, sender: &mpsc::Sender<Batch>) {
    let mut hand = Hand {
        batch: Vec::new(),
        sender,
        open: true,
    };
    let mut mixer = choice.shuffle.map(Mixer::new);
    while hand.open {
        let delivery = reader.rows();
        let row = match reader.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => {
                hand.flush();
                hand.fail(error);
                return;
            }
        };
        if choice.to_us.is_some_and(|to| row.at_us >= to) {
            break;
        }
        let early = choice.from_us.is_some_and(|from| row.at_us < from);
        if early || (choice.first_deliveries_only && row.attempt > 1) {
            continue;
        }
        let job = job(delivery, &row);
        match &mut mixer {
            None => hand.give(job),
            Some(mixer) => mixer.add(job, &mut |job| hand.give(job)),
        }
    }
    if let Some(mixer) = &mut mixer {
        mixer.flush(&mut |job| hand.give(job));
    }
    hand.flush();
}

fn job(delivery: u64, row: &Row<'_>) -> Job {
    Job {
        delivery,
        n: row.n,
        nth: row.attempt,
        copy: 1,
        table: row.table(),
        at_us: row.at_us,
        body: row.body.clone().into_owned(),
    }
}

/// Collects batches and hands them over; stops when nobody listens.
struct Hand<'s> {
    batch: Vec<Job>,
    sender: &'s mpsc::Sender<Batch>,
    open: bool,
}

impl Hand<'_> {
    fn give(&mut self, job: Job) {
        self.batch.push(job);
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
            self.open &= self.sender.blocking_send(Ok(batch)).is_ok();
        }
    }

    fn fail(&mut self, error: ReadError) {
        self.open &= self.sender.blocking_send(Err(error)).is_ok();
    }
}

/// Makes copies and mixes their order within a bounded stretch of the schedule. The instants stay in
/// order: deliveries swap their instants.
struct Mixer {
    shuffle: Shuffle,
    random: u64,
    held: Vec<Job>,
}

impl Mixer {
    fn new(shuffle: Shuffle) -> Self {
        let copies = shuffle.copies.max(1);
        Self {
            shuffle: Shuffle { copies, ..shuffle },
            random: shuffle.seed,
            held: Vec::new(),
        }
    }

    fn add(&mut self, job: Job, give: &mut impl FnMut(Job)) {
        let room = SHUFFLE_MAX.saturating_sub(usize::from(self.shuffle.copies));
        let begun_us = self.held.first().map_or(job.at_us, |first| first.at_us);
        if job.at_us.saturating_sub(begun_us) >= SHUFFLE_SPAN_US || self.held.len() > room {
            self.flush(give);
        }
        for copy in 2..=self.shuffle.copies {
            self.held.push(Job {
                copy,
                table: Table::Redelivery,
                ..job.clone()
            });
        }
        self.held.push(job);
    }

    fn flush(&mut self, give: &mut impl FnMut(Job)) {
        let instants: Vec<i64> = self.held.iter().map(|job| job.at_us).collect();
        for last in (1..self.held.len()).rev() {
            let other = self.below(last + 1);
            self.held.swap(last, other);
        }
        for (mut job, at_us) in self.held.drain(..).zip(instants) {
            job.at_us = at_us;
            give(job);
        }
    }

    /// A number below `bound`, from a counter-based generator (splitmix64).
    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let scaled = (u128::from(z) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Part, encode};
    use std::collections::BTreeMap;

    fn recording(rows: u64) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rec.jsonl");
        let mut lines = Vec::new();
        for n in 0..rows {
            let row = Row {
                at_us: i64::try_from(n).unwrap() * 100_000,
                part: Part::Event,
                n,
                attempt: if n % 10 == 9 { 2 } else { 1 },
                body: format!("<xml>{n}</xml>").into(),
            };
            encode(&row, &mut lines).unwrap();
        }
        std::fs::write(&path, lines).unwrap();
        (dir, path)
    }

    fn all(path: &Path, choice: Choice) -> Vec<Job> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut source = Source::open(path, choice).unwrap();
            let mut jobs = Vec::new();
            while let Some(job) = source.next().await.unwrap() {
                jobs.push(job);
            }
            jobs
        })
    }

    #[test]
    fn rows_are_chosen_by_time_and_kind_and_keep_their_numbers() {
        let (_dir, path) = recording(1000);
        assert_eq!(all(&path, Choice::default()).len(), 1000);
        let choice = Choice {
            from_us: Some(1_000_000),
            to_us: Some(3_000_000),
            ..Choice::default()
        };
        let jobs = all(&path, choice);
        assert_eq!((jobs[0].delivery, jobs.len()), (10, 20));
        assert_eq!(jobs[9].table, Table::Redelivery);
        let choice = Choice {
            first_deliveries_only: true,
            ..Choice::default()
        };
        assert!(all(&path, choice).iter().all(|job| job.nth == 1));
    }

    #[test]
    fn copies_come_out_of_order_within_a_bounded_stretch() {
        let (_dir, path) = recording(1000);
        let shuffle = Some(Shuffle { seed: 7, copies: 3 });
        let choice = Choice {
            shuffle,
            ..Choice::default()
        };
        let jobs = all(&path, choice.clone());
        assert_eq!(jobs, all(&path, choice));
        assert!(jobs.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
        let mut copies: BTreeMap<u64, Vec<u16>> = BTreeMap::new();
        let mut out_of_order = 0;
        for job in &jobs {
            copies.entry(job.delivery).or_default().push(job.copy);
            let shift = job.at_us - i64::try_from(job.delivery).unwrap() * 100_000;
            assert!(shift.abs() <= SHUFFLE_SPAN_US, "{shift}");
            out_of_order += u64::from(shift != 0);
        }
        assert!(out_of_order > 1000);
        assert_eq!(copies.len(), 1000);
        for list in copies.values_mut() {
            list.sort_unstable();
            assert_eq!(*list, [1, 2, 3]);
        }
    }

    #[test]
    fn a_damaged_recording_is_an_error_behind_what_was_read() {
        let (_dir, path) = recording(3);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"not a row\n");
        std::fs::write(&path, bytes).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut source = Source::open(&path, Choice::default()).unwrap();
            for _ in 0..3 {
                assert!(source.next().await.unwrap().is_some());
            }
            assert!(source.next().await.is_err());
        });
    }

    #[test]
    fn a_source_that_is_dropped_early_ends_its_thread() {
        let (_dir, path) = recording(20_000);
        drop(Source::open(&path, Choice::default()).unwrap());
    }
}
