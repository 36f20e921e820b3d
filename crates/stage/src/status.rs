//! What a stage tells the world: one shared handle, read by `status` and the metrics, written by the runner.

use crate::clock::Clock;
use crate::lane::Lane;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a stage is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StageState {
    /// Created, or opening its state and finding its tails.
    Starting,
    /// Folding, or waiting for input.
    Running,
    /// A failure that may pass by itself; tried again after the back-off.
    Waiting,
    /// A failure that needs a person; tried again all the same, so that a repair is noticed.
    Failed,
    /// Too many inputs failed judging; goes on when a person allows it, or when it was asked to end.
    Stopped,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PartitionReport {
    /// Offset of the next input.
    pub next_offset: u64,
    /// End of the input.
    pub end_offset: u64,
    /// Records behind.
    pub lag_records: u64,
    /// Seconds behind: age of the last applied record while there is more; before the first one, for how
    /// long there has been something to apply. `null` before the first look.
    pub lag_s: Option<f64>,
    /// Why nothing more of this partition is read; a person must act.
    pub halted: Option<String>,
    /// Seconds for which inputs have been waiting behind a hole of the input's chain.
    pub hole_s: Option<f64>,
    /// When the last applied record was appended.
    #[serde(skip)]
    applied_ms: Option<i64>,
    #[serde(skip)]
    behind_since: Option<Duration>,
}

/// Counts since the stage was created; never reset by its restarts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Inputs read, dropped ones included.
    pub inputs: u64,
    /// Outputs that became durable: marks and dead letters included.
    pub outputs: u64,
    /// Outputs that the chain had already.
    pub suppressed: u64,
    /// Dead letters that became durable.
    pub dead_letters: u64,
    /// Of the inputs: failed judging for the first time.
    pub rejected: u64,
    /// Inputs dropped as repetitions of their chain.
    pub repetitions: u64,
    /// Inputs dropped behind a hole of their chain.
    pub holes: u64,
    /// Partitions halted by a fork or by a record without a link.
    pub forks: u64,
    /// Commits of the state.
    pub commits: u64,
    /// Restarts after a failure.
    pub restarts: u64,
    /// Partitions whose stored state was discarded.
    pub discarded: u64,
}

/// A stage as it is now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageReport {
    /// Its name.
    pub name: &'static str,
    /// What it is doing.
    pub state: StageState,
    /// Why; empty while running.
    pub reason: String,
    /// Seconds in this state.
    pub for_s: f64,
    /// Applied inputs per second over the last seconds.
    pub records_per_s: f64,
    /// Records behind, over all partitions.
    pub lag_records: u64,
    /// The largest lag of a partition in seconds.
    pub lag_s: f64,
    /// What a person should look at: halted partitions, holes without progress.
    pub alarms: Vec<String>,
    /// Counts.
    pub totals: Totals,
    /// Its partitions.
    pub partitions: BTreeMap<u32, PartitionReport>,
}

/// Shared handle on a stage's status. Cheap to clone.
#[derive(Clone)]
pub struct StageStatus {
    shared: Arc<Mutex<Shared>>,
    clock: Arc<dyn Clock>,
}

pub(crate) struct Shared {
    name: &'static str,
    state: StageState,
    reason: String,
    since: Duration,
    window: (Duration, u64),
    rate: f64,
    allowance: u64,
    pub(crate) totals: Totals,
    pub(crate) partitions: BTreeMap<u32, PartitionReport>,
}

/// A hole that lasts this long is an alarm.
const HOLE_ALARM: Duration = Duration::from_secs(10);

/// The rate is measured over this long.
const RATE_WINDOW: Duration = Duration::from_secs(2);

impl StageStatus {
    pub(crate) fn new(name: &'static str, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let shared = Shared {
            name,
            state: StageState::Starting,
            reason: String::new(),
            since: now,
            window: (now, 0),
            rate: 0.0,
            allowance: 0,
            totals: Totals::default(),
            partitions: BTreeMap::new(),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
            clock,
        }
    }

    /// What it is doing, and why.
    #[must_use]
    pub fn state(&self) -> (StageState, String) {
        let shared = self.lock();
        (shared.state, shared.reason.clone())
    }

    /// Lets `count` more inputs fail judging above the limit; a stage that stopped because of them goes on.
    pub fn allow(&self, count: u64) {
        let mut shared = self.lock();
        shared.allowance = shared.allowance.saturating_add(count);
    }

    /// Everything, as of now.
    #[must_use]
    pub fn report(&self) -> StageReport {
        let now = self.clock.now();
        let shared = self.lock();
        let partitions = shared.partitions.clone();
        let stale = now.saturating_sub(shared.window.0) > RATE_WINDOW * 3;
        StageReport {
            name: shared.name,
            state: shared.state,
            reason: shared.reason.clone(),
            for_s: now.saturating_sub(shared.since).as_secs_f64(),
            records_per_s: if stale { 0.0 } else { shared.rate },
            lag_records: partitions
                .values()
                .map(|p| p.lag_records)
                .fold(0, u64::saturating_add),
            lag_s: partitions
                .values()
                .filter_map(|p| p.lag_s)
                .fold(0.0, f64::max),
            alarms: alarms(shared.name, &partitions),
            totals: shared.totals,
            partitions,
        }
    }

    pub(crate) fn set(&self, state: StageState, reason: &str) {
        let now = self.clock.now();
        let mut shared = self.lock();
        if shared.state != state {
            shared.since = now;
        }
        shared.state = state;
        reason.clone_into(&mut shared.reason);
    }

    /// Changes counts and partitions.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Shared)) {
        let now = self.clock.now();
        let mut shared = self.lock();
        change(&mut shared);
        let elapsed = now.saturating_sub(shared.window.0);
        if elapsed >= RATE_WINDOW {
            let inputs = shared.totals.inputs.saturating_sub(shared.window.1);
            shared.rate = inputs as f64 / elapsed.as_secs_f64();
            shared.window = (now, shared.totals.inputs);
        }
    }

    /// Takes what was allowed since the last call.
    pub(crate) fn take_allowance(&self) -> u64 {
        std::mem::take(&mut self.lock().allowance)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alarms(name: &str, partitions: &BTreeMap<u32, PartitionReport>) -> Vec<String> {
    let mut alarms = Vec::new();
    for (number, partition) in partitions {
        if let Some(reason) = &partition.halted {
            alarms.push(format!(
                "stage {name} has halted partition {number}: {reason}"
            ));
        }
        if let Some(hole_s) = partition.hole_s.filter(|s| is_alarming(Some(*s))) {
            alarms.push(format!(
                "stage {name} has waited {hole_s:.0} s in partition {number} for outputs that are missing before it"
            ));
        }
    }
    alarms
}

fn is_alarming(hole_s: Option<f64>) -> bool {
    hole_s.is_some_and(|seconds| seconds >= HOLE_ALARM.as_secs_f64())
}

impl Totals {
    /// Adds what one turn counted.
    pub(crate) fn add(&mut self, turn: &Self) {
        self.inputs += turn.inputs;
        self.outputs += turn.outputs;
        self.suppressed += turn.suppressed;
        self.dead_letters += turn.dead_letters;
        self.rejected += turn.rejected;
        self.repetitions += turn.repetitions;
        self.holes += turn.holes;
        self.forks += turn.forks;
        self.commits += turn.commits;
        self.restarts += turn.restarts;
        self.discarded += turn.discarded;
    }
}

impl PartitionReport {
    /// Shows a lane; whether it has become a case for an alarm.
    pub(crate) fn show<P>(
        &mut self,
        lane: &Lane<P>,
        end: u64,
        now: Duration,
        wall_ms: i64,
    ) -> bool {
        let was_alarming = is_alarming(self.hole_s);
        self.next_offset = lane.committed;
        self.applied_ms = lane.applied_ms.or(self.applied_ms);
        self.set_end(end, now, wall_ms);
        self.halted.clone_from(&lane.halted);
        self.hole_s = lane
            .hole_since
            .map(|since| now.saturating_sub(since).as_secs_f64());
        is_alarming(self.hole_s) && !was_alarming
    }

    /// Brings the lag up to date, also while nothing is read.
    pub(crate) fn set_end(&mut self, end: u64, now: Duration, wall_ms: i64) {
        self.end_offset = end;
        self.lag_records = end.saturating_sub(self.next_offset);
        if self.lag_records == 0 {
            self.behind_since = None;
            self.lag_s = Some(0.0);
            return;
        }
        let since = *self.behind_since.get_or_insert(now);
        self.lag_s = Some(match self.applied_ms {
            Some(applied) => wall_ms.saturating_sub(applied).max(0) as f64 / 1_000.0,
            None => now.saturating_sub(since).as_secs_f64(),
        });
    }
}
