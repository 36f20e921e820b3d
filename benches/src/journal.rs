//! The journal as fast as it goes, against plain `write` and `fdatasync` of as many bytes in batches of the same
//! sizes: records per second, processor time, and what reaches the disk.

use crate::failure::{Failure, tried};
use crate::machine::{cpu_s, threads_cpu_s, written_bytes};
use crate::report::{Place, Table, median, ratio};
use crate::synth;
use msglog::journal::JournalConfig;
use msglog::{Answer, Appender, Journal, Log as _, Mailbox, NewRecord, Tier, TopicConfig};
use record::topics::INBOUND;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Different records that are appended in turn.
const POOL: u64 = 8_192;
/// Largest piece of the segment that plain writes repeat.
const PIECE_BYTES: usize = 64 << 20;
/// Longest wait for a flush.
const FLUSH_LIMIT: Duration = Duration::from_secs(30);

/// How long, how often, and with how many records on their way.
pub(crate) struct Plan {
    /// One run of the journal.
    pub(crate) length: Duration,
    /// Repetitions, interleaved.
    pub(crate) rounds: usize,
    /// Records on their way at once, as many as there would be connections; and of these, in one call.
    pub(crate) windows: Vec<(u64, u64)>,
}

impl Plan {
    /// As it is specified.
    pub(crate) fn full() -> Self {
        Self {
            length: Duration::from_secs(5),
            rounds: 3,
            windows: vec![(512, 1), (1024, 1), (1024, 32), (4096, 32)],
        }
    }

    /// To see that everything works.
    pub(crate) fn quick() -> Self {
        Self {
            length: Duration::from_secs(1),
            rounds: 1,
            windows: vec![(1024, 32)],
        }
    }
}

/// What one side did.
struct Sample {
    records: u64,
    seconds: f64,
    cpu_s: f64,
    /// Of the journal: of its writer's thread alone.
    writer_cpu_s: f64,
    flushes: usize,
    /// Bytes in the segment files.
    framed: u64,
    /// Bytes in all files.
    stored: u64,
    /// Bytes that the kernel counted as written.
    written: u64,
}

impl Sample {
    fn rate(&self) -> f64 {
        ratio(self.records as f64, self.seconds)
    }

    fn cpu_us(&self) -> f64 {
        ratio(self.cpu_s * 1e6, self.records as f64)
    }

    fn json(&self) -> Value {
        json!({
            "rate": self.rate(), "records": self.records, "seconds": self.seconds, "flushes": self.flushes,
            "cpu_us_per_record": self.cpu_us(),
            "writer_cpu_us_per_record": ratio(self.writer_cpu_s * 1e6, self.records as f64),
            "framed_bytes": self.framed, "stored_bytes": self.stored, "written_bytes": self.written,
        })
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let pool: Vec<NewRecord> = (0..POOL)
        .map(|nth| synth::delivery(nth, POOL))
        .collect::<Result<_, _>>()?;
    let mut table = Table::new(
        "journal (one topic, 24 partitions) beside plain write + fdatasync",
        &[
            "side",
            "on their way",
            "a call",
            "records/s",
            "ratio",
            "wanted",
            "records/flush",
            "cpu µs/record",
            "writer's µs",
            "written/framed",
            "files/framed",
        ],
    );
    for &window in &plan.windows {
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..plan.rounds {
            let dir = place.scratch()?;
            let (sample, sizes) = journal(dir.path(), &pool, window, plan.length)?;
            plain.push(plainly(dir.path(), &sample, &sizes)?);
            ours.push(sample);
        }
        let ratios: Vec<f64> = ours
            .iter()
            .zip(&plain)
            .map(|(a, b)| ratio(a.rate(), b.rate()))
            .collect();
        push_row(&mut table, "journal", window, &ours, Some((&ratios, 0.7)));
        push_row(&mut table, "plain", window, &plain, None);
    }
    place.publish(
        "journal",
        "The journal at its saturating rate (wanted: written/framed under 1.2)",
        &[table],
    )
}

fn push_row(
    table: &mut Table,
    side: &str,
    window: (u64, u64),
    own: &[Sample],
    against: Option<(&[f64], f64)>,
) {
    let middle = |of: &dyn Fn(&Sample) -> f64| median(&own.iter().map(of).collect::<Vec<_>>());
    let quotient = against.map_or(1.0, |(ratios, _)| median(ratios));
    let cells = vec![
        side.to_owned(),
        window.0.to_string(),
        window.1.to_string(),
        format!("{:.0}", middle(&Sample::rate)),
        format!("{quotient:.2}"),
        against.map_or_else(|| "-".to_owned(), |(_, wanted)| format!("{wanted:.1}")),
        format!(
            "{:.0}",
            middle(&|s| ratio(s.records as f64, s.flushes as f64))
        ),
        format!("{:.2}", middle(&Sample::cpu_us)),
        format!(
            "{:.2}",
            middle(&|s| ratio(s.writer_cpu_s * 1e6, s.records as f64))
        ),
        format!(
            "{:.3}",
            middle(&|s| ratio(s.written as f64, s.framed as f64))
        ),
        format!(
            "{:.3}",
            middle(&|s| ratio(s.stored as f64, s.framed as f64))
        ),
    ];
    let runs: Vec<Value> = own.iter().map(Sample::json).collect();
    table.row(cells, json!({ "side": side, "window": window.0, "a_call": window.1, "ratio": quotient, "runs": runs }));
}

/// Counts answers and flushes.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<Answered>,
    wake: Condvar,
}

#[derive(Default)]
struct Answered {
    records: u64,
    /// Records of each flush: the writer hands over all answers of one flush in one call.
    sizes: Vec<usize>,
    failure: Option<String>,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Answered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until fewer than `allowed` of `sent` records wait for an answer; how many were answered.
    pub(crate) fn wait(&self, sent: u64, allowed: u64) -> Result<u64, Failure> {
        let deadline = Instant::now() + FLUSH_LIMIT;
        let mut state = self.lock();
        loop {
            if let Some(failure) = &state.failure {
                return Err(Failure::away(format!("the log failed: {failure}")));
            }
            if sent - state.records <= allowed {
                return Ok(state.records);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Failure::away("the log did not answer for half a minute"));
            }
            (state, _) = self
                .wake
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Mailbox for Inbox {
    fn deliver(&self, answers: Vec<Answer>) {
        let mut state = self.lock();
        state.records += answers.len() as u64;
        state.sizes.push(answers.len());
        if let Some(error) = answers
            .iter()
            .find_map(|answer| answer.result.as_ref().err())
        {
            state.failure.get_or_insert_with(|| error.to_string());
        }
        drop(state);
        self.wake.notify_one();
    }
}

fn journal(
    dir: &Path,
    pool: &[NewRecord],
    window: (u64, u64),
    length: Duration,
) -> Result<(Sample, Vec<usize>), Failure> {
    let topic = TopicConfig {
        name: INBOUND.to_owned(),
        partitions: synth::PARTITIONS,
        retention: None,
        tier: Tier::Ingress,
    };
    let home = dir.join("log");
    let journal =
        Journal::open(&home, JournalConfig::new(vec![topic])).map_err(tried("open a journal"))?;
    let appender = journal
        .appender(INBOUND)
        .map_err(tried("append to the journal"))?;
    let mailbox = Arc::new(Inbox::default());
    let (cpu, writer, written) = (cpu_s(std::process::id()), writer_cpu_s(), written_bytes());
    let began = Instant::now();
    let sent = append_for(&*appender, &mailbox, pool, window, length)?;
    mailbox.wait(sent, 0)?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = cpu_s(std::process::id()) - cpu;
    let writer = writer_cpu_s() - writer;
    let written = written_bytes().saturating_sub(written);
    journal.close();
    let (framed, stored) = sizes_of(&home).map_err(tried("measure the journal's files"))?;
    let sizes = std::mem::take(&mut mailbox.lock().sizes);
    let sample = Sample {
        records: sent,
        seconds,
        cpu_s: cpu,
        writer_cpu_s: writer,
        flushes: sizes.len(),
        framed,
        stored,
        written,
    };
    Ok((sample, sizes))
}

/// Processor time of the journal's writer, whose thread is named by its topic.
fn writer_cpu_s() -> f64 {
    threads_cpu_s(std::process::id())
        .get("log-inbound")
        .copied()
        .unwrap_or(0.0)
}

/// Keeps `window` records on their way for so long; how many were sent.
pub(crate) fn append_for(
    appender: &dyn Appender,
    mailbox: &Arc<Inbox>,
    pool: &[NewRecord],
    (window, a_call): (u64, u64),
    length: Duration,
) -> Result<u64, Failure> {
    let answers: Arc<dyn Mailbox> = Arc::clone(mailbox) as Arc<dyn Mailbox>;
    let mut records = pool.iter().cycle();
    let (mut sent, mut answered) = (0_u64, 0_u64);
    let ending = Instant::now() + length;
    while Instant::now() < ending {
        while sent - answered + a_call <= window {
            let call = (sent..sent + a_call)
                .zip(&mut records)
                .map(|(slot, record)| (record.clone(), slot));
            appender
                .append(call.collect(), &answers)
                .map_err(|refused| {
                    Failure::away(format!("the log refused a record: {}", refused.reason))
                })?;
            sent += a_call;
        }
        answered = mailbox.wait(sent, window - a_call)?;
    }
    Ok(sent)
}

/// The same bytes in the same batches, by hand.
fn plainly(dir: &Path, of: &Sample, sizes: &[usize]) -> Result<Sample, Failure> {
    let per_record = ratio(of.framed as f64, of.records as f64);
    let piece = piece(&dir.join("log")).map_err(tried("read a segment"))?;
    let path = dir.join("plain");
    let mut file =
        std::fs::File::create(&path).map_err(tried(format!("make {}", path.display())))?;
    let (cpu, written) = (cpu_s(std::process::id()), written_bytes());
    let began = Instant::now();
    let mut at = 0;
    for &records in sizes {
        let mut left = (records as f64 * per_record) as usize;
        while left > 0 {
            let bytes = left.min(piece.len() - at);
            file.write_all(&piece[at..at + bytes])
                .map_err(tried("write plainly"))?;
            at = (at + bytes) % piece.len();
            left -= bytes;
        }
        file.sync_data().map_err(tried("flush plainly"))?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let stored = file.metadata().map_err(tried("measure a file"))?.len();
    Ok(Sample {
        records: of.records,
        seconds,
        cpu_s: cpu_s(std::process::id()) - cpu,
        writer_cpu_s: 0.0,
        flushes: sizes.len(),
        framed: stored,
        stored,
        written: written_bytes().saturating_sub(written),
    })
}

fn segments(home: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let entries = std::fs::read_dir(home.join(INBOUND))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<_> = paths.collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

/// Bytes of the segments, and of all files of the topic.
fn sizes_of(home: &Path) -> std::io::Result<(u64, u64)> {
    let (mut framed, mut stored) = (0, 0);
    for path in segments(home)? {
        let bytes = std::fs::metadata(&path)?.len();
        stored += bytes;
        if path.extension().is_some_and(|extension| extension == "log") {
            framed += bytes;
        }
    }
    Ok((framed, stored))
}

/// The beginning of the journal's own bytes.
fn piece(home: &Path) -> std::io::Result<Vec<u8>> {
    let first = segments(home)?
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "log"));
    let mut bytes = std::fs::read(first.unwrap_or_default())?;
    bytes.truncate(PIECE_BYTES);
    Ok(bytes)
}
