//! What dedup shows of itself. Counted in the partitions, handed over once per commit; labels come from
//! closed sets.

use crate::counters::{Counters, Outcome};
use crate::partition::Fresh;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::{Counter, MetricError, Registry};

/// The metrics of dedup, and the counters of D-8 as they were last committed. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    outcomes: [Counter; Outcome::ALL.len()],
    mismatches: Counter,
    committed: Arc<Mutex<BTreeMap<u32, Counters>>>,
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// [`MetricError`] when a name is taken by something else.
    pub fn new(registry: &Registry) -> Result<Self, MetricError> {
        let outcomes = registry.counter_vec(
            "spillway_dedup_total",
            "Deliveries judged by this process, by outcome, each once it is committed.",
            ["result"],
        )?;
        let mismatches = registry.counter_vec(
            "spillway_audit_mismatch_total",
            "Sums that did not hold when they were checked; must stay 0.",
            ["check"],
        )?;
        Ok(Self {
            outcomes: Outcome::ALL.map(|outcome| outcomes.with([outcome.name()])),
            mismatches: mismatches.with(["V-2"]),
            committed: Arc::default(),
        })
    }

    /// Takes what one partition has done between two commits, and its totals.
    pub(crate) fn committed(&self, partition: u32, fresh: &Fresh, counters: &Counters) {
        for (counter, count) in self.outcomes.iter().zip(fresh.outcomes) {
            counter.add(count);
        }
        self.mismatches.add(fresh.mismatches);
        let mut committed = self
            .committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        committed.insert(partition, counters.clone());
    }

    /// The counters of D-8 of each partition, as they were last committed by this process.
    #[must_use]
    pub fn counters(&self) -> BTreeMap<u32, Counters> {
        self.committed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
