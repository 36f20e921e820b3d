//! A stage's metrics, fed from its report. Labels are names of stages and topics, and partition numbers.

use crate::state::Health;
use crate::status::{StageReport, StageState, Totals};
use std::collections::{BTreeMap, BTreeSet};
use telemetry::{Counter, Gauge, GaugeVec, Histogram, MetricError, Registry, SECONDS};

/// The metrics of one stage.
pub(crate) struct StageMetrics {
    group: &'static str,
    topic: &'static str,
    totals: Vec<(Counter, Field)>,
    shown: Totals,
    lag_records: GaugeVec<3>,
    lag_seconds: GaugeVec<3>,
    partitions: BTreeSet<u32>,
    states: BTreeMap<&'static str, Gauge>,
    alarms: Gauge,
    batch_seconds: Histogram,
    write_stopped: Gauge,
    compaction_bytes: Gauge,
    memtable_bytes: Gauge,
}

type Field = fn(&Totals) -> u64;

const COUNTERS: [(&str, &str, Field); 10] = [
    (
        "spillway_stage_inputs_total",
        "Inputs that a stage has applied and committed.",
        |t| t.inputs,
    ),
    (
        "spillway_stage_outputs_total",
        "Outputs of a stage that became durable.",
        |t| t.outputs,
    ),
    (
        "spillway_stage_suppressed_total",
        "Outputs that were computed again and stood in the log already.",
        |t| t.suppressed,
    ),
    (
        "spillway_stage_dead_letters_total",
        "Dead letters that became durable.",
        |t| t.dead_letters,
    ),
    (
        "spillway_stage_rejected_total",
        "Inputs that could not be judged.",
        |t| t.rejected,
    ),
    (
        "spillway_stage_repetitions_total",
        "Inputs dropped as repetitions of their chain.",
        |t| t.repetitions,
    ),
    (
        "spillway_stage_holes_total",
        "Inputs dropped behind a hole of their chain.",
        |t| t.holes,
    ),
    (
        "spillway_stage_forks_total",
        "Partitions halted because a chain is broken.",
        |t| t.forks,
    ),
    (
        "spillway_stage_restarts_total",
        "Restarts of a stage after a failure.",
        |t| t.restarts,
    ),
    (
        "spillway_stage_discarded_total",
        "Partitions whose state was discarded.",
        |t| t.discarded,
    ),
];

const STATES: [(&str, StageState); 5] = [
    ("starting", StageState::Starting),
    ("running", StageState::Running),
    ("waiting", StageState::Waiting),
    ("failed", StageState::Failed),
    ("stopped", StageState::Stopped),
];

impl StageMetrics {
    pub(crate) fn register(
        registry: &Registry,
        group: &'static str,
        topic: &'static str,
    ) -> Result<Self, MetricError> {
        let counter = |name, help| Ok(registry.counter_vec(name, help, ["group"])?.with([group]));
        let gauge = |name, help| Ok(registry.gauge_vec(name, help, ["group"])?.with([group]));
        let totals = COUNTERS
            .into_iter()
            .map(|(name, help, field)| Ok((counter(name, help)?, field)))
            .collect::<Result<_, MetricError>>()?;
        let state = registry.gauge_vec(
            "spillway_stage_state",
            "1 for the state that a stage is in, 0 for the others.",
            ["group", "state"],
        )?;
        let by_partition = ["topic", "partition", "group"];
        Ok(Self {
            group,
            topic,
            totals,
            shown: Totals::default(),
            lag_records: registry.gauge_vec(
                "spillway_consumer_lag_records",
                "Records that a consumer is behind.",
                by_partition,
            )?,
            lag_seconds: registry.gauge_vec(
                "spillway_consumer_lag_seconds",
                "Age of the last applied record while there is more.",
                by_partition,
            )?,
            partitions: BTreeSet::new(),
            states: STATES
                .iter()
                .map(|(name, _)| (*name, state.with([group, name])))
                .collect(),
            alarms: gauge(
                "spillway_stage_alarms",
                "Halted partitions and lasting holes.",
            )?,
            batch_seconds: registry
                .histogram_vec(
                    "spillway_store_batch_seconds",
                    "Time of one write batch of a stage's state.",
                    ["group"],
                    &SECONDS,
                )?
                .with([group]),
            write_stopped: gauge(
                "spillway_store_write_stopped",
                "1 while RocksDB refuses writes.",
            )?,
            compaction_bytes: gauge(
                "spillway_store_pending_compaction_bytes",
                "Bytes that RocksDB has still to compact.",
            )?,
            memtable_bytes: gauge(
                "spillway_store_memtable_bytes",
                "Bytes of state not in files yet.",
            )?,
        })
    }

    /// Shows a stage as it is now.
    pub(crate) fn show(&mut self, report: &StageReport) {
        for (counter, field) in &self.totals {
            counter.add(field(&report.totals).saturating_sub(field(&self.shown)));
        }
        self.shown = report.totals;
        for (name, state) in STATES {
            if let Some(gauge) = self.states.get(name) {
                gauge.set_count(u64::from(report.state == state));
            }
        }
        self.alarms.set_count(report.alarms.len() as u64);
        for (number, partition) in &report.partitions {
            let number = number.to_string();
            let labels = [self.topic, &number, self.group];
            self.lag_records
                .with(labels)
                .set_count(partition.lag_records);
            if let Some(lag_s) = partition.lag_s {
                self.lag_seconds.with(labels).set(lag_s);
            }
        }
        let current: BTreeSet<u32> = report.partitions.keys().copied().collect();
        for gone in self.partitions.difference(&current) {
            let number = gone.to_string();
            self.lag_records.remove([self.topic, &number, self.group]);
            self.lag_seconds.remove([self.topic, &number, self.group]);
        }
        self.partitions = current;
    }

    /// Takes how long a write batch took.
    pub(crate) fn batch(&self, took: std::time::Duration) {
        self.batch_seconds.observe_duration(took);
    }

    /// Shows how the store is.
    pub(crate) fn store(&self, health: &Health) {
        self.write_stopped
            .set_count(u64::from(health.is_write_stopped));
        self.compaction_bytes
            .set_count(health.pending_compaction_bytes);
        self.memtable_bytes.set_count(health.memtable_bytes);
    }
}
