//! The ledger of a replay: one JSON line for each attempt, whatever became of it.
//!
//! It is written by a thread of its own behind a bounded queue and outlives the server's death; a full
//! queue holds the driver back rather than dropping a row. What the rows mean is judged in `reconcile`.

use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A valid answer came in time.
    Acked,
    /// An answer came that the platform would count as a failure.
    Invalid,
    /// No whole answer came in time.
    Unanswered,
}

impl Outcome {
    /// Its name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Acked => "acked",
            Self::Invalid => "invalid",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What a valid answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A reply XML: the fan hears something.
    Words,
    /// The seven bytes `success`.
    Success,
    /// An empty body.
    Empty,
}

impl Kind {
    /// Its name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Success => "success",
            Self::Empty => "empty",
        }
    }
}

/// One attempt, as the driver knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Number of the row in the recording, from 0.
    pub delivery: u64,
    /// Number of the message in the recording.
    pub n: u64,
    /// Which delivery of the message the recording says it is, from 1; from 2 on a re-delivery.
    pub nth: u8,
    /// Which copy of the delivery, from 1 (`--copies`).
    pub copy: u16,
    /// Attempt of this replay to get this delivery answered, from 1.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// What a valid answer was.
    pub kind: Option<Kind>,
    /// Status code; 0 when none came.
    pub status: u16,
    /// Why there was no valid answer; empty when there was one.
    pub why: &'static str,
    /// First 16 bytes of SHA-256 over the plaintext of a reply in words.
    pub hash: Option<[u8; 16]>,
    /// Scheduled instant by the recording, in microseconds since 1970.
    pub scheduled_us: i64,
    /// When the attempt began, by this machine's clock, in microseconds since 1970.
    pub sent_us: i64,
    /// When its answer was whole, or it was given up.
    pub done_us: i64,
}

/// One attempt, as it is read back from a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Number of the row in the recording, from 0.
    pub delivery: u64,
    /// Number of the message in the recording.
    pub n: u64,
    /// Which delivery of the message it is, from 1.
    #[serde(default = "first")]
    pub nth: u8,
    /// Which copy of the delivery, from 1.
    #[serde(default = "first")]
    pub copy: u16,
    /// Attempt to get this delivery answered, from 1.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// What a valid answer was.
    #[serde(default)]
    pub reply: Option<Kind>,
    /// Hash of a reply in words, 32 hexadecimal digits.
    #[serde(default)]
    pub hash: Option<String>,
    /// Scheduled instant by the recording, in microseconds since 1970.
    #[serde(default)]
    pub scheduled_us: i64,
    /// When the attempt began, by the clock of who sent it, in microseconds since 1970.
    #[serde(default)]
    pub sent_us: i64,
    /// When its answer was whole, or it was given up.
    #[serde(default)]
    pub done_us: i64,
}

fn first<T: From<u8>>() -> T {
    1.into()
}

/// Appends an entry's line to `out`.
pub fn encode(entry: &Entry, out: &mut Vec<u8>) {
    // Writing to a Vec cannot fail, so its results say nothing.
    let mut number = |name: &str, value: i64| {
        out.extend_from_slice(name.as_bytes());
        drop(write!(out, "{value}"));
    };
    number(
        "{\"delivery\":",
        i64::try_from(entry.delivery).unwrap_or(i64::MAX),
    );
    number(",\"n\":", i64::try_from(entry.n).unwrap_or(i64::MAX));
    if entry.nth > 1 {
        number(",\"nth\":", i64::from(entry.nth));
    }
    if entry.copy > 1 {
        number(",\"copy\":", i64::from(entry.copy));
    }
    number(",\"attempt\":", i64::from(entry.attempt));
    if entry.status != 0 {
        number(",\"status\":", i64::from(entry.status));
    }
    number(",\"scheduled_us\":", entry.scheduled_us);
    number(",\"sent_us\":", entry.sent_us);
    number(",\"done_us\":", entry.done_us);
    let mut text = |name: &str, value: &str| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    };
    text(",\"outcome\":\"", entry.outcome.name());
    if !entry.why.is_empty() {
        text(",\"why\":\"", entry.why);
    }
    if let Some(kind) = entry.kind {
        text(",\"reply\":\"", kind.name());
    }
    if let Some(hash) = &entry.hash {
        out.extend_from_slice(b",\"hash\":\"");
        crate::wire::push_hex(hash, out);
        out.push(b'"');
    }
    out.extend_from_slice(b"}\n");
}

/// Why a ledger could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the ledger {}: {source}; give it room or another place", path.display())]
pub struct LedgerError {
    /// The ledger.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Entries handed over at once.
const BATCH: usize = 256;
/// Batches on their way to the thread: at most 16,384 rows wait.
const QUEUE: usize = 64;
/// A row that was handed over stands in the file this much later.
const FLUSH_EVERY: Duration = Duration::from_millis(200);

/// The driver's end of a ledger; without a file it takes entries and forgets them.
#[derive(Debug)]
pub struct Ledger {
    batch: Vec<Entry>,
    queue: Option<SyncSender<Vec<Entry>>>,
    thread: Option<JoinHandle<Result<(), LedgerError>>>,
    lost: bool,
}

impl Ledger {
    /// A ledger that is written nowhere.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            batch: Vec::new(),
            queue: None,
            thread: None,
            lost: false,
        }
    }

    /// Creates the file, empty, and starts the thread that writes it.
    ///
    /// # Errors
    /// [`LedgerError`] when the file cannot be created or no thread can be started.
    pub fn create(path: &Path) -> Result<Self, LedgerError> {
        let error = |source| LedgerError {
            path: path.to_path_buf(),
            source,
        };
        let file = File::create(path).map_err(error)?;
        let (queue, entries) = sync_channel(QUEUE);
        let owned = path.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                write_all(file, &entries).map_err(|source| LedgerError {
                    path: owned,
                    source,
                })
            })
            .map_err(error)?;
        Ok(Self {
            batch: Vec::new(),
            queue: Some(queue),
            thread: Some(thread),
            lost: false,
        })
    }

    /// Takes an entry. Blocks while the queue is full.
    pub fn add(&mut self, entry: Entry) {
        if self.queue.is_some() {
            self.batch.push(entry);
            if self.batch.len() >= BATCH {
                self.hand_over();
            }
        }
    }

    /// Hands over what was taken so far.
    pub fn hand_over(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        let sent = self
            .queue
            .as_ref()
            .is_some_and(|queue| queue.send(batch).is_ok());
        self.lost |= !sent;
    }

    /// Whether the thread has ended early, so that the replay must end too.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.lost
    }

    /// Writes what is left and waits for it.
    ///
    /// # Errors
    /// [`LedgerError`] when a row could not be written.
    pub fn finish(mut self) -> Result<(), LedgerError> {
        self.hand_over();
        drop(self.queue.take());
        match self.thread.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(error),
            Some(Err(_)) => Err(LedgerError {
                path: PathBuf::new(),
                source: io::Error::other("the thread that writes it has panicked"),
            }),
        }
    }
}

fn write_all(file: File, entries: &Receiver<Vec<Entry>>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 18, file);
    let mut lines = Vec::new();
    loop {
        match entries.recv_timeout(FLUSH_EVERY) {
            Ok(batch) => {
                lines.clear();
                batch.iter().for_each(|entry| encode(entry, &mut lines));
                file.write_all(&lines)?;
            }
            Err(RecvTimeoutError::Timeout) => file.flush()?,
            Err(RecvTimeoutError::Disconnected) => return file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(delivery: u64) -> Entry {
        Entry {
            delivery,
            n: 3,
            nth: 1,
            copy: 1,
            attempt: 1,
            outcome: Outcome::Acked,
            kind: Some(Kind::Words),
            status: 200,
            why: "",
            hash: Some([0xab; 16]),
            scheduled_us: 1_365_487_200_000_000,
            sent_us: 5,
            done_us: 9,
        }
    }

    fn read(line: &[u8]) -> Row {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn a_row_is_read_back() {
        let mut out = Vec::new();
        encode(&entry(7), &mut out);
        let row = read(&out);
        assert_eq!(
            (row.delivery, row.n, row.nth, row.copy, row.attempt),
            (7, 3, 1, 1, 1)
        );
        assert_eq!(
            (row.outcome, row.reply),
            (Outcome::Acked, Some(Kind::Words))
        );
        assert_eq!(
            row.hash.as_deref(),
            Some("abababababababababababababababab")
        );
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\"scheduled_us\":1365487200000000,\"sent_us\":5,\"done_us\":9"));
    }

    #[test]
    fn re_deliveries_copies_and_failures_are_told_apart() {
        let mut out = Vec::new();
        let failed = Entry {
            nth: 2,
            copy: 3,
            attempt: 4,
            outcome: Outcome::Unanswered,
            kind: None,
            status: 0,
            why: "cut",
            hash: None,
            ..entry(8)
        };
        encode(&failed, &mut out);
        let row = read(&out);
        assert_eq!((row.nth, row.copy, row.attempt, row.hash), (2, 3, 4, None));
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains("\"outcome\":\"unanswered\",\"why\":\"cut\"}")
        );
    }

    #[test]
    fn every_entry_stands_in_the_file_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger");
        let mut ledger = Ledger::create(&path).unwrap();
        (0..1000).for_each(|delivery| ledger.add(entry(delivery)));
        assert!(!ledger.is_broken());
        ledger.finish().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let numbers: Vec<u64> = text
            .lines()
            .map(|line| read(line.as_bytes()).delivery)
            .collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_disk_is_an_error_and_not_a_shorter_ledger() {
        let mut ledger = Ledger::create(Path::new("/dev/full")).unwrap();
        ledger.add(entry(1));
        assert!(ledger.finish().is_err());
    }
}
