//! The consumers of this process, each on its own thread, and what they show.

use super::directory::state_dir;
use crate::config::{Config, Role};
use crate::failure::{Failure, io};
use msglog::Log;
use serde_json::{Value, json};
use stage::state::{Budget, Reserve, Store};
use stage::{Fold, Runner, StageHandle, StageStatus};
use std::path::Path;
use std::sync::Arc;
use telemetry::Registry;

/// What a consumer's state leaves free on its disk: as much as the consumers' topics do, so that what is acked can
/// still be read and control written.
const STATE_RESERVE_BYTES: u64 = 1 << 30;

/// The running consumers.
pub(crate) struct Stages {
    handles: Vec<(StageHandle, &'static str)>,
}

/// A consumer to look at: its status, and the topic that it reads.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) status: StageStatus,
    pub(crate) input: &'static str,
}

impl Stages {
    /// Starts the consumers among the roles.
    ///
    /// # Errors
    /// A metric is taken twice, or the system has no thread.
    pub(crate) fn start(
        config: &Config,
        log: &Arc<dyn Log>,
        registry: &Registry,
    ) -> Result<Self, Failure> {
        // One budget for all: the memory of a node does not grow with its consumers.
        let budget = Budget::default();
        let mut handles = Vec::new();
        if config.has(Role::Dedup) {
            let fold = dedup::Dedup::new(dedup::Metrics::new(registry).map_err(Failure::wrong)?);
            handles.push(spawn(fold, config, log, &budget, registry)?);
        }
        if config.has(Role::Quiz) {
            let fold = quiz::Quiz::new(quiz::Metrics::new(registry).map_err(Failure::wrong)?);
            handles.push(spawn(fold, config, log, &budget, registry)?);
        }
        Ok(Self { handles })
    }

    /// Each of them, to look at, in the order of the flow.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let watched = |(handle, input): &(StageHandle, &'static str)| Watched {
            status: handle.status().clone(),
            input,
        };
        self.handles.iter().map(watched).collect()
    }

    /// The name of a consumer whose thread ended although nobody asked it to.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        self.handles
            .iter()
            .find(|(handle, _)| handle.is_finished())
            .map(|(handle, _)| handle.status().report().name)
    }

    /// Stops all of them: each finishes its batch and commits.
    pub(crate) fn stop(self) {
        self.handles.iter().for_each(|(handle, _)| handle.stop());
        for (handle, _) in self.handles {
            let name = handle.status().report().name;
            if !handle.join() {
                tracing::error!(stage = name, "the stage's thread panicked");
            }
        }
    }
}

fn spawn<F: Fold + 'static>(
    fold: F,
    config: &Config,
    log: &Arc<dyn Log>,
    budget: &Budget,
    registry: &Registry,
) -> Result<(StageHandle, &'static str), Failure> {
    let input = fold.input();
    let store = Store::rocks(state_dir(&config.data).join(fold.name()), budget);
    let store = store.leaving(Reserve::new(STATE_RESERVE_BYTES, free_bytes));
    let runner = Runner::new(fold, Arc::clone(log), store, stage::Config::default())
        .measured(registry)
        .map_err(Failure::wrong)?;
    let handle = StageHandle::spawn(runner).map_err(io("start a stage's thread"))?;
    Ok((handle, input))
}

/// Bytes that are free on the disk of a directory.
fn free_bytes(dir: &Path) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(dir)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// One consumer as `status` shows it, for the partitions that this process owns. What it is behind is held against
/// the log's end of this moment: an idle consumer has not looked there for a while. Without a log to ask, what it
/// saw last counts.
pub(crate) fn describe(watched: &Watched, log: Option<&dyn Log>) -> Value {
    let report = watched.status.report();
    let partitions: Vec<u32> = report.partitions.keys().copied().collect();
    let ends = log.and_then(|log| log.glance(watched.input, &partitions).ok());
    let mut ends = ends.into_iter().flatten();
    let lag_records = report.partitions.values().fold(0, |sum: u64, partition| {
        let end = ends.next().unwrap_or(partition.end_offset);
        sum.saturating_add(end.saturating_sub(partition.next_offset))
    });
    json!({
        "name": report.name, "state": report.state, "reason": report.reason,
        "partitions": partitions, "for_seconds": report.for_s, "lag_records": lag_records,
        "lag_seconds": report.lag_s, "records_per_second": report.records_per_s,
        "alarms": report.alarms, "totals": report.totals,
    })
}
