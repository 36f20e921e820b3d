//! What the coordinator shows of itself to Prometheus. A process that stands by shows zeros.

use crate::digests::Digests;
use control::ControlState;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use telemetry::{Counter, Gauge, Histogram, MetricError, Registry, SECONDS};

/// The metrics of the coordinator. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    leads: Gauge,
    tick: Gauge,
    pub(crate) take_overs: Counter,
    sealing: Gauge,
    sealing_seconds: Gauge,
    results_waiting: Gauge,
    result_seconds: Histogram,
    pub(crate) claims_ignored: Gauge,
    pub(crate) digests: Digests,
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// [`MetricError`] when a name is taken by something else.
    pub fn new(registry: &Registry) -> Result<Self, MetricError> {
        Ok(Self {
            leads: registry.gauge(
                "spillway_coordinator_leads",
                "1 while this process coordinates.",
            )?,
            tick: registry.gauge(
                "spillway_coordinator_tick_seconds",
                "The newest tick, in seconds since 1970; 0 while another process coordinates.",
            )?,
            take_overs: registry.counter(
                "spillway_coordinator_take_overs_total",
                "How often this process has taken over.",
            )?,
            sealing: registry.gauge(
                "spillway_coordinator_sealing",
                "Rounds that are asked to be sealed and not decided.",
            )?,
            sealing_seconds: registry.gauge(
                "spillway_coordinator_sealing_seconds",
                "How long the oldest of them has waited for its nodes.",
            )?,
            results_waiting: registry.gauge(
                "spillway_coordinator_results_waiting",
                "Rounds that are sealed and have no result.",
            )?,
            result_seconds: registry.histogram(
                "spillway_coordinator_result_seconds",
                "From a seal's decision, read back, to the round's result in control.",
                &SECONDS,
            )?,
            claims_ignored: registry.gauge(
                "spillway_coordinator_claims_ignored",
                "Claims of prizes that claimed nothing: of fans without a unit, out of their time, or further ones.",
            )?,
            digests: Digests::new(registry)?,
        })
    }

    pub(crate) fn leads(&self, tick: Option<i64>) {
        self.leads.set(1.0);
        // Seconds since 1970 fit a double.
        self.tick.set(tick.unwrap_or(0) as f64);
    }

    pub(crate) fn stands_by(&self) {
        for gauge in [
            &self.leads,
            &self.tick,
            &self.sealing,
            &self.sealing_seconds,
            &self.results_waiting,
            &self.claims_ignored,
        ] {
            gauge.set(0.0);
        }
        self.digests.clear();
    }

    pub(crate) fn sealing(&self, waits: impl Iterator<Item = Duration>) {
        let (mut count, mut oldest) = (0, Duration::ZERO);
        for wait in waits {
            count += 1;
            oldest = oldest.max(wait);
        }
        self.sealing.set_count(count);
        self.sealing_seconds.set(oldest.as_secs_f64());
    }
}

/// Rounds of this lead that are decided and have no result, since when.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(BTreeMap<u64, Instant>);

impl Stopwatch {
    /// Starts and stops by what control says.
    pub(crate) fn look(&mut self, state: &ControlState, metrics: &Metrics) {
        let now = Instant::now();
        let waiting = state.rounds().without_result();
        self.0.retain(|ctl, since| {
            let waits = waiting.contains(ctl);
            if !waits {
                metrics
                    .result_seconds
                    .observe_duration(now.saturating_duration_since(*since));
            }
            waits
        });
        for ctl in &waiting {
            self.0.entry(*ctl).or_insert(now);
        }
        metrics.results_waiting.set_count(waiting.len() as u64);
    }
}
