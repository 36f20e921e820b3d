//! The supervisor of one stage: sessions one after another, with back-off between them. It goes on as long
//! as it is asked to, whatever fails: nothing behind the log may take the process down.

use crate::clock::{Clock, Stop, SystemClock};
use crate::error::StateError;
use crate::facts::Facts;
use crate::fold::Fold;
use crate::limit::Limit;
use crate::metrics::StageMetrics;
use crate::send::SendError;
use crate::session::{Around, Session};
use crate::state::Store;
use crate::status::{StageState, StageStatus};
use msglog::{Log, LogError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{MetricError, Registry};

/// Bounds of a stage.
#[derive(Debug, Clone)]
pub struct Config {
    /// Inputs of one batch at most.
    pub poll_records: usize,
    /// About how many bytes of inputs one batch holds at most.
    pub poll_bytes: usize,
    /// Threads that apply a batch side by side at most, each on partitions of its own; at least one.
    pub hands: usize,
    /// A batch of fewer inputs than so many is applied by one of them: a stage that keeps up does not wake others.
    pub side_by_side_from: usize,
    /// How long a stage that keeps up gathers before it reads again, counted from its last reading. Each batch costs
    /// its commit and the flush of its outputs, however few its inputs are; the first input after a rest does not wait.
    pub gather: Duration,
    /// How long an idle stage waits for input before it looks around.
    pub poll_wait: Duration,
    /// Failures of judging within the window that are allowed.
    pub reject_limit: usize,
    /// The window, in seconds of tick time.
    pub reject_window_s: i64,
    /// Wait after the first failure; doubled after each further one.
    pub backoff_min: Duration,
    /// Longest wait.
    pub backoff_max: Duration,
}

/// More hands than so many would wait for the commit, which is one.
const HANDS: usize = 4;

impl Default for Config {
    fn default() -> Self {
        Self {
            poll_records: 4_096,
            poll_bytes: 8 * 1024 * 1024,
            hands: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(HANDS)),
            side_by_side_from: 1_024,
            gather: Duration::from_millis(10),
            poll_wait: Duration::from_millis(100),
            reject_limit: 100,
            reject_window_s: 60,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(30),
        }
    }
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("{0}")]
    TooManyRejects(String),
    #[error(
        "partition {0} went to another process while this one had not committed; it begins again from its state"
    )]
    Lost(u32),
    #[error("the step panicked: {0}")]
    Panicked(String),
}

impl StageError {
    fn state(&self) -> StageState {
        match self {
            Self::TooManyRejects(_) => StageState::Stopped,
            Self::State(error) if error.needs_a_person() => StageState::Failed,
            Self::Log(error) | Self::Send(SendError::Log(error)) => match error {
                LogError::NoRoom { .. }
                | LogError::Away { .. }
                | LogError::OutOfRange { .. }
                | LogError::Io { .. } => StageState::Waiting,
                _ => StageState::Failed,
            },
            Self::Panicked(_) => StageState::Failed,
            Self::Lost(_) | Self::State(_) | Self::Send(SendError::Stopped) => StageState::Waiting,
        }
    }
}

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Read, applied and committed this many inputs.
    Worked(usize),
    /// There was nothing to read.
    Idle,
    /// Something failed, now or before; the next try is due after this.
    Waiting(Duration),
    /// Too many inputs failed judging: waits for [`StageStatus::allow`].
    Stopped,
}

/// Runs one fold on the partitions that its group gives it.
pub struct Runner<F: Fold> {
    fold: F,
    around: Around,
    session: Option<Session<F>>,
    limit: Limit,
    failures: u32,
    retry_at: Option<Duration>,
    is_over_limit: bool,
}

impl<F: Fold> Runner<F> {
    /// A stage that has not touched anything yet.
    #[must_use]
    pub fn new(fold: F, log: Arc<dyn Log>, store: Store, config: Config) -> Self {
        Self::with_clock(fold, log, store, config, Arc::new(SystemClock::default()))
    }

    /// The same with a clock of the caller's.
    #[must_use]
    pub fn with_clock(
        fold: F,
        log: Arc<dyn Log>,
        store: Store,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let status = StageStatus::new(fold.name(), Arc::clone(&clock));
        let limit = Limit::new(config.reject_limit, config.reject_window_s);
        let facts = Facts::of(&fold);
        let stop = Stop::default();
        let around = Around {
            facts,
            log,
            store,
            config,
            clock,
            status,
            stop,
            metrics: None,
        };
        Self {
            fold,
            around,
            session: None,
            limit,
            failures: 0,
            retry_at: None,
            is_over_limit: false,
        }
    }

    /// The same, showing itself in this registry.
    ///
    /// # Errors
    /// [`MetricError`] when a metric of a stage's name means something else there.
    pub fn measured(mut self, registry: &Registry) -> Result<Self, MetricError> {
        let facts = &self.around.facts;
        self.around.metrics = Some(StageMetrics::register(registry, facts.name, facts.input)?);
        Ok(self)
    }

    /// Name of the stage.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.around.facts.name
    }

    /// Its status, shared.
    #[must_use]
    pub fn status(&self) -> StageStatus {
        self.around.status.clone()
    }

    /// The signal that ends [`Runner::run`].
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.around.stop.clone()
    }

    /// Goes one step: opens a session when there is none and its time has come, else reads, applies and
    /// commits once. Waits for input at most [`Config::gather`] and [`Config::poll_wait`], and never for a back-off.
    pub fn turn(&mut self) -> Turn {
        let turn = self.turn_once();
        if let Some(metrics) = &mut self.around.metrics {
            metrics.show(&self.around.status.report());
        }
        turn
    }

    fn turn_once(&mut self) -> Turn {
        if let Some(waiting) = self.wait_left() {
            return waiting;
        }
        let wait = self.around.config.poll_wait;
        match catch_unwind(AssertUnwindSafe(|| self.try_turn(wait))) {
            Ok(Ok(count)) => {
                self.around.status.set(StageState::Running, "");
                if count > 0 {
                    self.failures = 0;
                    return Turn::Worked(count);
                }
                Turn::Idle
            }
            Ok(Err(error)) => self.fail(&error),
            Err(panic) => self.fail(&StageError::Panicked(words_of(&*panic))),
        }
    }

    /// Turns until it is asked to stop, then leaves in order: the batch under way is committed, the state
    /// flushed, the group left.
    pub fn run(&mut self) {
        let stop = self.stop();
        while !stop.is_stopped() {
            match self.turn() {
                Turn::Worked(_) | Turn::Idle => {}
                Turn::Waiting(left) => {
                    stop.wait(left.min(LOOK_AROUND));
                }
                Turn::Stopped => {
                    stop.wait(LOOK_AROUND);
                }
            }
        }
        self.close();
    }

    /// Ends the session in order. What was applied is committed already.
    pub fn close(&mut self) {
        if let Some(session) = self.session.take()
            && let Err(error) = session.close()
        {
            // The next start replays more of the log; nothing is lost.
            tracing::warn!(stage = self.around.facts.name, %error, "state was not flushed");
        }
        self.around.status.set(StageState::Stopped, "asked to stop");
    }

    fn try_turn(&mut self, wait: Duration) -> Result<usize, StageError> {
        let session = match &mut self.session {
            Some(session) => session,
            None => self.session.insert(Session::open(&self.around)?),
        };
        session.turn(&self.fold, &self.around, &mut self.limit, wait)
    }

    /// What is left of a wait, while the status goes on showing the lag.
    fn wait_left(&mut self) -> Option<Turn> {
        let allowed = self.around.status.take_allowance();
        self.limit.allow(allowed);
        if self.is_over_limit && allowed == 0 {
            self.show_ends();
            return Some(Turn::Stopped);
        }
        self.is_over_limit = false;
        let left = self.retry_at?.saturating_sub(self.around.clock.now());
        if left.is_zero() {
            self.retry_at = None;
            return None;
        }
        self.show_ends();
        Some(Turn::Waiting(left))
    }

    fn fail(&mut self, error: &StageError) -> Turn {
        // Whatever was not committed is forgotten; the stored state is where the next session begins.
        self.session = None;
        let (state, reason) = (error.state(), error.to_string());
        self.around.status.set(state, &reason);
        self.around
            .status
            .update(|shared| shared.totals.restarts += 1);
        self.show_ends();
        if state == StageState::Stopped {
            tracing::error!(stage = self.around.facts.name, %reason, "stage is stopped");
            self.is_over_limit = true;
            return Turn::Stopped;
        }
        let Config {
            backoff_min,
            backoff_max,
            ..
        } = self.around.config;
        let factor = 1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX);
        let left = backoff_min.saturating_mul(factor).min(backoff_max);
        self.failures = self.failures.saturating_add(1);
        tracing::error!(stage = self.around.facts.name, %reason, retry_s = left.as_secs_f64(), "stage has failed and starts again");
        self.retry_at = Some(self.around.clock.now().saturating_add(left));
        Turn::Waiting(left)
    }

    /// Keeps ends and lags right while nothing is read.
    fn show_ends(&self) {
        let Around {
            facts,
            log,
            status,
            clock,
            ..
        } = &self.around;
        let count = log
            .topics()
            .iter()
            .find(|t| t.name == facts.input)
            .map_or(0, |t| t.partitions);
        let all: Vec<u32> = (0..count).collect();
        let Ok(bounds) = log.bounds(facts.input, &all) else {
            return;
        };
        let ends: Vec<(u32, u64, u64)> = all
            .into_iter()
            .zip(bounds)
            .map(|(partition, (start, end))| (partition, start, end))
            .collect();
        let (now, wall_ms) = (clock.now(), clock.wall_ms());
        status.update(|shared| {
            let is_known = !shared.partitions.is_empty();
            for (partition, start, end) in ends {
                if is_known && !shared.partitions.contains_key(&partition) {
                    continue;
                }
                let report = shared.partitions.entry(partition).or_default();
                report.next_offset = report.next_offset.max(start);
                report.set_end(end, now, wall_ms);
            }
        });
    }
}

/// While waiting, the status is brought up to date this often.
const LOOK_AROUND: Duration = Duration::from_secs(1);

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
        .to_owned()
}
