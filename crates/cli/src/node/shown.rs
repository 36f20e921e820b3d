//! What every node shows of its configuration, whatever roles it has: the snapshot that is in force, and how old that
//! word is.

use control::Control;
use std::time::Instant;
use telemetry::{Gauge, MetricError, Registry};

/// The gauges.
pub(crate) struct Shown {
    version: Gauge,
    age_seconds: Gauge,
}

impl Shown {
    /// Registers them.
    ///
    /// # Errors
    /// [`MetricError`] when a name is taken by another metric.
    pub(crate) fn register(registry: &Registry) -> Result<Self, MetricError> {
        Ok(Self {
            version: registry.gauge(
                "spillway_config_version",
                "Number of the snapshot in force: 1 + the control offset of the last record that changed it.",
            )?,
            age_seconds: registry.gauge(
                "spillway_rule_snapshot_age_seconds",
                "Since when this node has not read control: how old its word about what is in force is.",
            )?,
        })
    }

    /// Brings them up to date.
    pub(crate) fn look(&self, control: &Control, now: Instant) {
        self.version.set_count(control.snapshot().load().number);
        self.age_seconds.set(control.age(now).as_secs_f64());
    }
}
