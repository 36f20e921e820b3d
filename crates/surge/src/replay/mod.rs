//! Replays a recording against a target: sends every delivery, on its timetable or as fast as answers come,
//! drives a rehearsal's clock if asked to, and writes ledger and report.
//!
//! What the run means is judged by `reconcile`.

pub mod clock;
pub mod connector;
mod drive;
mod forge;
pub mod options;
pub mod platform;
mod progress;
pub mod source;
pub mod timetable;
pub mod tracker;

use crate::ledger::{Ledger, LedgerError};
use crate::recording::ReadError;
use crate::report::{Forged, Report};
use crate::stats::Stats;
use clock::{Clock, ClockError};
use connector::Connector;
use drive::Drive;
use options::Options;
use source::Source;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::SystemTime;
use timetable::Speed;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::Instant;

/// What ends a replay before its recording does.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The target refused connections for longer than the patience lasts.
    #[error("the target has refused connections for too long; is the node running?")]
    TargetGone,
    /// The clock could not be driven.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The recording is damaged.
    #[error(transparent)]
    Recording(#[from] ReadError),
    /// The ledger's thread has ended; its error follows.
    #[error("the ledger cannot be written any more")]
    LedgerBroken,
    /// Somebody pressed ctrl-c.
    #[error("interrupted")]
    Interrupted,
}

/// Why a replay could not be run to its report.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] ReadError),
    /// The recording, or the part asked for, has no delivery.
    #[error("there is nothing to send in {0}: look at --from and --to")]
    Nothing(String),
    /// The first tick could not be posted.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The ledger cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The runtime or a histogram could not be made.
    #[error("cannot start the driver: {0}")]
    Start(String),
}

/// A replay that came to its report.
#[derive(Debug)]
pub struct Replayed {
    /// What was measured.
    pub report: Report,
    /// What ended it early, if anything did.
    pub failure: Option<Failure>,
}

impl Replayed {
    /// Whether everything was sent and every delivery has its valid answer.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let all = &self.report.all;
        self.failure.is_none() && self.report.complete && all.acked == all.sent
    }
}

/// Microseconds since 1970 by this machine's clock.
fn wall_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Replays a recording. Blocks until it is done; `rows` is how many deliveries the progress counts to.
///
/// # Errors
/// [`ReplayError`] when it could not begin, or the ledger could not be written. What goes wrong later is in
/// [`Replayed::failure`], beside the report of what was done.
pub fn run(options: Options, rows: Option<u64>) -> Result<Replayed, ReplayError> {
    raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ReplayError::Start(error.to_string()))?;
    LocalSet::new().block_on(&runtime, replay(options, rows))
}

/// Every connection is a descriptor: as many as the system lets us have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if setrlimit(Resource::Nofile, wanted).is_err() {
        // The soft limit stays; too few descriptors show as `exhausted` in the report.
    }
}

async fn replay(options: Options, rows: Option<u64>) -> Result<Replayed, ReplayError> {
    let begun = Instant::now();
    let mut source = Source::open(&options.recording, options.choice.clone())?;
    let nothing = || ReplayError::Nothing(options.recording.display().to_string());
    let first = source.next().await?.ok_or_else(nothing)?;
    let ledger = match &options.ledger {
        Some(path) => Ledger::create(path)?,
        None => Ledger::nowhere(),
    };
    let stats = Stats::new().map_err(|error| ReplayError::Start(error.to_string()))?;
    let mut clock = options
        .clock
        .as_ref()
        .map(|at| Clock::new(at.clone(), options.patience));
    let first_tick = first.second().saturating_sub(1);
    if let Some(clock) = &mut clock {
        clock.post(first_tick).await?;
    }
    let started = clock.as_ref().map(|_| first_tick);
    let drive = Rc::new(Drive::new(
        &options,
        (stats, ledger, source, first),
        started,
    ));
    let (clock, forged) = run_tasks(&drive, &options, clock, rows).await;

    let mut report = Report {
        started_us: drive.begun_us(),
        elapsed_s: round(begun.elapsed().as_secs_f64()),
        complete: drive.complete.get(),
        ticks: clock.map(|clock| clock.ticks()),
        forged,
        ..described(&options)
    };
    (report.refused_waits, report.connects) = drive.connector.counts();
    drive.stats.borrow().write_into(&mut report);
    report.cpu_s = cpu_seconds();
    let failure = drive.failure.borrow_mut().take();
    drive.ledger.replace(Ledger::nowhere()).finish()?;
    Ok(Replayed { report, failure })
}

/// Runs workers, clock, forgers and progress until all deliveries and ticks are done, or something stops
/// them.
async fn run_tasks(
    drive: &Rc<Drive>,
    options: &Options,
    clock: Option<Clock>,
    rows: Option<u64>,
) -> (Option<Clock>, Option<Forged>) {
    let mut side = JoinSet::new();
    let forged = Rc::new(RefCell::new(Forged::default()));
    let begun = Instant::now();
    if let Some(forging) = options.forging {
        let connector = Rc::new(Connector::new(options.target.addr, 0, options.patience));
        for _ in 0..forging.connections.max(1) {
            let (drive, connector, forged) = (drive.clone(), connector.clone(), forged.clone());
            side.spawn_local(async move {
                forge::forge(&drive, &connector, forging, &forged).await;
            });
        }
    }
    if options.progress {
        let drive = drive.clone();
        side.spawn_local(async move { progress::show(&drive, rows).await });
    }
    let interrupt = drive.clone();
    side.spawn_local(async move {
        tokio::select! {
            () = interrupt.stop.cancelled() => {}
            _ = tokio::signal::ctrl_c() => interrupt.fail(Failure::Interrupted),
        }
    });
    let mut workers = JoinSet::new();
    for _ in 0..options.concurrency.max(1) {
        let drive = drive.clone();
        workers.spawn_local(async move { drive.work().await });
    }
    let (clock, ()) = tokio::join!(tick(drive, clock), async {
        while workers.join_next().await.is_some() {}
    });
    drive.stop.cancel();
    while side.join_next().await.is_some() {}
    let forged = options.forging.map(|_| {
        let mut forged = forged.borrow().clone();
        forged.per_s = round(forged.answered as f64 / begun.elapsed().as_secs_f64().max(0.001));
        forged
    });
    (clock, forged)
}

/// Posts tick after tick until the last.
async fn tick(drive: &Drive, clock: Option<Clock>) -> Option<Clock> {
    let mut clock = clock?;
    let mut tick = clock.ticks().last;
    loop {
        tick = tick.saturating_add(1);
        let posted = tokio::select! {
            biased;
            () = drive.stop.cancelled() => return Some(clock),
            may = drive.may_tick(tick) => match may {
                false => return Some(clock),
                true => clock.post(tick).await,
            },
        };
        match posted {
            Ok(()) => drive.ticked(tick),
            Err(error) => {
                drive.fail(error.into());
                return Some(clock);
            }
        }
    }
}

/// The report's members that say what was asked for.
fn described(options: &Options) -> Report {
    let latency_from = match options.speed {
        Speed::Max => "first byte written",
        Speed::Times(_) => "scheduled instant",
    };
    let mode = if options.choice.first_deliveries_only {
        "closed"
    } else {
        "open"
    };
    Report {
        v: crate::report::VERSION,
        recording: options.recording.display().to_string(),
        target: options.url.clone(),
        mode: mode.to_owned(),
        speed: options.speed.to_string(),
        latency_from: latency_from.to_owned(),
        connections: if options.close { "close" } else { "keep" }.to_owned(),
        encryption: format!("{:?}", options.account.mode).to_lowercase(),
        concurrency: u64::try_from(options.concurrency).unwrap_or(u64::MAX),
        sources: u64::from(options.sources),
        copies: options
            .choice
            .shuffle
            .map_or(1, |shuffle| u64::from(shuffle.copies)),
        ..Report::default()
    }
}

/// Processor time of this process, user and system.
fn cpu_seconds() -> f64 {
    // utime and stime stand 12 and 13 behind the closing bracket of the command, in hundredths.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = |index: usize| {
        fields
            .split(' ')
            .nth(index)
            .and_then(|t| t.parse::<u64>().ok())
    };
    let hundredths = ticks(11)
        .unwrap_or(0)
        .saturating_add(ticks(12).unwrap_or(0));
    hundredths as f64 / 100.0
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
