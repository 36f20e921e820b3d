//! dedup and quiz, one after the other, on a real journal with synthetic deliveries: records per second, and per
//! second of processor time, beside a plain scan of the same log. And dedup on Kafka beside dedup on the journal.

use crate::failure::{Failure, tried};
use crate::machine::cpu_s;
use crate::report::{Place, Table, median, ratio};
use crate::seals;
use crate::synth;
use msglog::journal::JournalConfig;
use msglog::{Appender, Journal, Log, Mailbox, NewRecord, Refusal, Tier, TopicConfig};
use record::topics::{ALL, INBOUND, partitions};
use serde_json::{Value, json};
use stage::state::{Budget, Store};
use stage::{Config, Fold, Runner, Turn};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use telemetry::Registry;

/// Deliveries of one append.
const CHUNK: u64 = 1_024;
/// Deliveries between two ticks in a run of the event's size: as many as its mean rate.
const TICK_EVERY: u64 = 389;
/// Memory of a node for write buffers and blocks of its stages, in bytes.
const BUDGET: (usize, usize) = (64 << 20, 32 << 20);

/// How long a fold may need.
const DRAIN_LIMIT: Duration = Duration::from_secs(600);

/// How many and how often.
pub(crate) struct Plan {
    /// Deliveries.
    pub(crate) count: u64,
    /// Repetitions, interleaved.
    pub(crate) rounds: usize,
}

/// What one reader did.
pub(crate) struct Sample {
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    pub(crate) cpu_s: f64,
}

impl Sample {
    pub(crate) fn json(&self) -> Value {
        json!({ "records": self.records, "seconds": self.seconds, "cpu_s": self.cpu_s })
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let (mut scans, mut dedups, mut quizzes) = (Vec::new(), Vec::new(), Vec::new());
    let mut sealed = Vec::new();
    for _ in 0..plan.rounds {
        let dir = place.scratch()?;
        let log: Arc<dyn Log> = journal(dir.path())?;
        fill(&*log, plan.count, false)?;
        scans.push(scan(&*log)?);
        dedups.push(dedup(&log, dir.path(), 0)?);
        quizzes.push(quiz(&log, dir.path())?);
        // The same event once more, with its rounds sealed as they close.
        let dir = place.scratch()?;
        let log: Arc<dyn Log> = journal(dir.path())?;
        fill(&*log, plan.count, true)?;
        dedup(&log, dir.path(), 0)?;
        sealed.push(seals::event(&log, quiz(&log, dir.path())?)?);
    }
    let mut table = Table::new(
        format!(
            "{} deliveries, one in forty delivered twice, ticks and the campaign between them",
            plan.count
        ),
        &[
            "reader",
            "records",
            "records/s",
            "records/s of processor",
            "of the scan",
        ],
    );
    for (name, own) in [
        ("scan of inbound", &scans),
        ("dedup", &dedups),
        ("quiz", &quizzes),
    ] {
        let middle = |of: &dyn Fn(&Sample) -> f64| median(&own.iter().map(of).collect::<Vec<_>>());
        let rate = |s: &Sample| ratio(s.records as f64, s.seconds);
        let ratios: Vec<f64> = own
            .iter()
            .zip(&scans)
            .map(|(a, b)| ratio(rate(a), rate(b)))
            .collect();
        let per_core = middle(&|s| ratio(s.records as f64, s.cpu_s));
        let cells = vec![
            name.to_owned(),
            format!("{:.0}", middle(&|s| s.records as f64)),
            format!("{:.0}", middle(&rate)),
            format!("{per_core:.0}"),
            format!("{:.2}", median(&ratios)),
        ];
        let runs: Vec<Value> = own.iter().map(Sample::json).collect();
        table.row(
            cells,
            json!({ "reader": name, "per_core": per_core, "ratio": median(&ratios), "runs": runs }),
        );
    }
    let title =
        "The folds; processor time is that of the whole process: fold, journal's writers, RocksDB";
    place.publish("folds", title, &[table, seals::added(&quizzes, &sealed)])
}

/// dedup over everything that the log has, at least `wanted` records, with its state below `dir`.
pub(crate) fn dedup(log: &Arc<dyn Log>, dir: &Path, wanted: u64) -> Result<Sample, Failure> {
    let registry = Registry::new();
    let sample = dedup_into(&registry, log, dir, wanted)?;
    check_quarantine(&registry)?;
    Ok(sample)
}

/// dedup over what is new in the log, which has no message.
pub(crate) fn dedup_copies(log: &Arc<dyn Log>, dir: &Path) -> Result<Sample, Failure> {
    dedup_into(&Registry::new(), log, dir, 0)
}

fn dedup_into(
    registry: &Registry,
    log: &Arc<dyn Log>,
    dir: &Path,
    wanted: u64,
) -> Result<Sample, Failure> {
    let metrics = dedup::Metrics::new(registry).map_err(tried("register metrics"))?;
    let budget = Budget::new(BUDGET.0, BUDGET.1);
    let store = Store::rocks(dir.join("state").join("dedup"), &budget);
    drain(dedup::Dedup::new(metrics), log, store, wanted)
}

/// quiz over everything that `accepted` has, with its state below `dir`.
pub(crate) fn quiz(log: &Arc<dyn Log>, dir: &Path) -> Result<Sample, Failure> {
    let metrics = quiz::Metrics::new(&Registry::new()).map_err(tried("register metrics"))?;
    let budget = Budget::new(BUDGET.0, BUDGET.1);
    let store = Store::rocks(dir.join("state").join("quiz"), &budget);
    drain(quiz::Quiz::new(metrics), log, store, 0)
}

/// All topics of a node.
pub(crate) fn topics() -> Vec<TopicConfig> {
    let topic = |name: &&str| TopicConfig {
        name: (*name).to_owned(),
        partitions: partitions(name, synth::PARTITIONS),
        retention: None,
        tier: Tier::Consumer,
    };
    ALL.iter().map(topic).collect()
}

/// An empty journal with all topics.
pub(crate) fn journal(dir: &Path) -> Result<Arc<Journal>, Failure> {
    Journal::open(&dir.join("log"), JournalConfig::new(topics())).map_err(tried("open a journal"))
}

/// Counts what became durable.
#[derive(Default)]
struct Durables {
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Mailbox for Durables {
    fn deliver(&self, answers: Vec<msglog::Answer>) {
        let failed = answers
            .iter()
            .filter(|answer| answer.result.is_err())
            .count();
        self.failed.fetch_add(failed as u64, Ordering::Relaxed);
        self.answered
            .fetch_add(answers.len() as u64, Ordering::Release);
    }
}

/// Writes `count` deliveries, with ticks and the campaign between them, and with the rounds' seals when they are `sealed`;
/// how many records that were.
pub(crate) fn fill(log: &dyn Log, count: u64, sealed: bool) -> Result<u64, Failure> {
    let mut rounds = seals::decisions().filter(|_| sealed).peekable();
    let mut filling = Filling::new(log)?;
    filling.extend(synth::tick_everywhere(0, count)?)?;
    filling.extend(synth::campaign_everywhere()?)?;
    for nth in 0..count {
        filling.extend(vec![synth::delivery(nth, count)?])?;
        while let Some((_, copies)) = rounds.next_if(|(due, _)| synth::second(nth, count) >= *due) {
            filling.extend(copies?)?;
        }
        if nth % TICK_EVERY == TICK_EVERY - 1 {
            filling.extend(synth::tick_everywhere(nth, count)?)?;
        }
    }
    // Past the end of the event, so that the last tallies are written too.
    filling.extend(synth::tick_everywhere(count, count)?)?;
    filling.finish()
}

/// Records on their way into `inbound`.
pub(crate) struct Filling {
    inbound: Arc<dyn Appender>,
    durables: Arc<Durables>,
    chunk: Vec<NewRecord>,
    sent: u64,
}

impl Filling {
    pub(crate) fn new(log: &dyn Log) -> Result<Self, Failure> {
        Ok(Self {
            inbound: log.appender(INBOUND).map_err(tried("append to the log"))?,
            durables: Arc::default(),
            chunk: Vec::new(),
            sent: 0,
        })
    }

    /// Takes records; they are appended when there are enough of them.
    pub(crate) fn extend(&mut self, records: Vec<NewRecord>) -> Result<(), Failure> {
        self.chunk.extend(records);
        if self.chunk.len() as u64 >= CHUNK {
            let chunk = std::mem::take(&mut self.chunk);
            self.sent += append(&*self.inbound, &self.durables, chunk)?;
        }
        Ok(())
    }

    /// Appends the rest and waits until all of them are durable; how many they were.
    pub(crate) fn finish(mut self) -> Result<u64, Failure> {
        self.sent += append(&*self.inbound, &self.durables, self.chunk)?;
        while self.durables.answered.load(Ordering::Acquire) < self.sent {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        match self.durables.failed.load(Ordering::Relaxed) {
            0 => Ok(self.sent),
            failed => Err(Failure::away(format!(
                "{failed} records did not become durable; is the disk full?"
            ))),
        }
    }
}

/// Appends all records, waiting while the queue is full; how many they were.
fn append(
    inbound: &dyn Appender,
    durables: &Arc<Durables>,
    records: Vec<NewRecord>,
) -> Result<u64, Failure> {
    let count = records.len() as u64;
    let answers: Arc<dyn Mailbox> = Arc::clone(durables) as Arc<dyn Mailbox>;
    let mut records: Vec<(NewRecord, u64)> =
        records.into_iter().map(|record| (record, 0)).collect();
    loop {
        match inbound.append(records, &answers) {
            Ok(()) => return Ok(count),
            Err(refused) => match refused.reason {
                Refusal::QueueFull => {
                    records = refused.records;
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                Refusal::Log(error) => return Err(tried("append to the log")(error)),
            },
        }
    }
}

/// Reads the input as a stage does, and does nothing with it.
fn scan(log: &dyn Log) -> Result<Sample, Failure> {
    let config = Config::default();
    let failed = |error| tried("read the journal")(error);
    let mut reader = log.reader(INBOUND).map_err(failed)?;
    let mut records = 0;
    let mut wanted = 0;
    for partition in 0..synth::PARTITIONS {
        reader.seek(partition, 0).map_err(failed)?;
        wanted += log.end_offset(INBOUND, partition).map_err(failed)?;
    }
    let (cpu, began) = (cpu_s(std::process::id()), Instant::now());
    while records < wanted {
        let batch = reader
            .poll(config.poll_records, config.poll_bytes, config.poll_wait)
            .map_err(failed)?;
        if batch.is_empty() {
            return Err(Failure::away(format!(
                "the scan ended after {records} of {wanted} records"
            )));
        }
        records += batch.len() as u64;
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Sample {
        records,
        seconds,
        cpu_s: cpu_s(std::process::id()) - cpu,
    })
}

/// Runs a fold until it has read `wanted` records and there is nothing more to read; the waits at the beginning (a
/// group is joined) and at the end are not counted.
fn drain<F: Fold>(
    fold: F,
    log: &Arc<dyn Log>,
    store: Store,
    wanted: u64,
) -> Result<Sample, Failure> {
    let mut runner = Runner::new(fold, Arc::clone(log), store, Config::default());
    let (mut cpu, mut began) = (cpu_s(std::process::id()), Instant::now());
    let deadline = began + DRAIN_LIMIT;
    let (mut worked, mut spent, mut idle) = (began, cpu, 0);
    let (mut is_first, mut inputs) = (true, 0);
    while idle < 2 || inputs < wanted {
        let before = (cpu_s(std::process::id()), Instant::now());
        match runner.turn() {
            Turn::Worked(_) => {
                if std::mem::take(&mut is_first) {
                    (cpu, began) = before;
                }
                idle = 0;
                (worked, spent) = (Instant::now(), cpu_s(std::process::id()));
            }
            Turn::Idle if Instant::now() > deadline => {
                return Err(Failure::away(format!(
                    "stage {} has read {inputs} of {wanted} records",
                    runner.name()
                )));
            }
            Turn::Idle => {
                idle += 1;
                inputs = runner.status().report().totals.inputs;
            }
            Turn::Waiting(_) | Turn::Stopped => {
                let reason = runner.status().report().reason;
                return Err(Failure::away(format!(
                    "stage {} failed: {reason}",
                    runner.name()
                )));
            }
        }
    }
    let report = runner.status().report();
    runner.close();
    if report.lag_records > 0 || report.totals.rejected > 0 {
        return Err(Failure::away(format!(
            "stage {} left {} records and rejected {}: {:?}",
            report.name, report.lag_records, report.totals.rejected, report.alarms
        )));
    }
    let seconds = worked.duration_since(began).as_secs_f64();
    Ok(Sample {
        records: report.totals.inputs,
        seconds,
        cpu_s: spent - cpu,
    })
}

fn check_quarantine(registry: &Registry) -> Result<(), Failure> {
    let text = registry.render();
    let count = |result: &str| {
        let start = format!("spillway_dedup_total{{result=\"{result}\"}} ");
        text.lines()
            .find_map(|line| line.strip_prefix(&start)?.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    if count("new") == 0.0 {
        return Err(Failure::away("dedup shows no judged message"));
    }
    match count("quarantined") {
        0.0 => Ok(()),
        quarantined => Err(Failure::no(format!(
            "{quarantined} synthetic messages were quarantined"
        ))),
    }
}
