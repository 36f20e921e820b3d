//! The consumers of this process, each on its own thread, and what they show.

use super::directory::state_dir;
use crate::config::{Config, Role};
use crate::failure::{Failure, io};
use msglog::Log;
use serde_json::{Value, json};
use stage::state::{Budget, Store};
use stage::{Fold, Runner, StageHandle, StageReport, StageStatus};
use std::sync::Arc;
use telemetry::Registry;

/// The running consumers.
pub(crate) struct Stages {
    handles: Vec<StageHandle>,
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

    /// Handles on the status of each.
    pub(crate) fn statuses(&self) -> Vec<StageStatus> {
        self.handles
            .iter()
            .map(|handle| handle.status().clone())
            .collect()
    }

    /// The name of a consumer whose thread ended although nobody asked it to.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        self.handles
            .iter()
            .find(|handle| handle.is_finished())
            .map(|handle| handle.status().report().name)
    }

    /// Stops all of them: each finishes its batch and commits.
    pub(crate) fn stop(self) {
        self.handles.iter().for_each(StageHandle::stop);
        for handle in self.handles {
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
) -> Result<StageHandle, Failure> {
    let store = Store::rocks(state_dir(&config.data).join(fold.name()), budget);
    let runner = Runner::new(fold, Arc::clone(log), store, stage::Config::default())
        .measured(registry)
        .map_err(Failure::wrong)?;
    StageHandle::spawn(runner).map_err(io("start a stage's thread"))
}

/// One consumer as `status` shows it.
pub(crate) fn describe(report: &StageReport) -> Value {
    json!({
        "name": report.name, "state": report.state, "reason": report.reason,
        "for_seconds": report.for_s, "lag_records": report.lag_records,
        "lag_seconds": report.lag_s, "records_per_second": report.records_per_s,
        "alarms": report.alarms, "totals": report.totals,
    })
}
