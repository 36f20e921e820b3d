//! Handles on single metrics: what everybody else holds. Nothing here registers or renders.
//!
//! A labelled metric knows the number of its labels by its type, so that a wrong number of values does
//! not compile.

use std::time::Duration;

/// A number that only grows.
#[derive(Clone, Debug)]
pub struct Counter(prometheus::IntCounter);

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.0.inc();
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.inc_by(count);
    }

    /// The count up to now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug)]
pub struct Gauge(prometheus::Gauge);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Sets it to a count; above 2^53 the last digits are lost.
    pub fn set_count(&self, count: u64) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is shown, not computed with"
        )]
        self.0.set(count as f64);
    }

    /// Adds a difference, which may be negative.
    pub fn add(&self, difference: f64) {
        self.0.add(difference);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> f64 {
        self.0.get()
    }
}

/// Counts of observations per bucket.
#[derive(Clone, Debug)]
pub struct Histogram(prometheus::Histogram);

impl Histogram {
    /// Takes one observation, in the unit that the metric's name ends with.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Takes how long something took, in seconds.
    pub fn observe_duration(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }

    /// How many observations it has taken.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.get_sample_count()
    }

    /// A collector for one thread: observing costs no atomics, and nothing is seen before
    /// [`LocalHistogram::flush`].
    #[must_use]
    pub fn local(&self) -> LocalHistogram {
        LocalHistogram(self.0.local())
    }
}

/// Observations of one thread that the shared histogram does not know of yet. Dropping it flushes.
#[derive(Debug)]
pub struct LocalHistogram(prometheus::local::LocalHistogram);

impl LocalHistogram {
    /// Takes one observation.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Hands everything over to the shared histogram.
    pub fn flush(&self) {
        self.0.flush();
    }
}

/// Counters by label values.
#[derive(Clone, Debug)]
pub struct CounterVec<const N: usize = 1>(pub(crate) prometheus::IntCounterVec);

/// Gauges by label values.
#[derive(Clone, Debug)]
pub struct GaugeVec<const N: usize = 1>(pub(crate) prometheus::GaugeVec);

/// Histograms by label values.
#[derive(Clone, Debug)]
pub struct HistogramVec<const N: usize = 1>(pub(crate) prometheus::HistogramVec);

impl<const N: usize> CounterVec<N> {
    /// The counter with these label values; made at 0 when it is new.
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> Counter {
        Counter(self.0.with_label_values(&values))
    }
}

impl<const N: usize> GaugeVec<N> {
    /// The gauge with these label values; made at 0 when it is new.
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> Gauge {
        Gauge(self.0.with_label_values(&values))
    }

    /// Forgets these label values, so that a gauge of something that is gone is not shown for ever.
    /// Whether it was there.
    pub fn remove(&self, values: [&str; N]) -> bool {
        self.0.remove_label_values(&values).is_ok()
    }
}

impl<const N: usize> HistogramVec<N> {
    /// The histogram with these label values; made empty when it is new.
    #[must_use]
    pub fn with(&self, values: [&str; N]) -> Histogram {
        Histogram(self.0.with_label_values(&values))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Registry, SECONDS};

    #[test]
    fn a_local_histogram_is_seen_after_its_flush() {
        let registry = Registry::new();
        let shared = registry
            .histogram("spillway_x_seconds", "X.", &SECONDS)
            .unwrap();
        let local = shared.local();
        local.observe(0.1);
        local.observe(0.2);
        assert_eq!(shared.count(), 0);
        local.flush();
        assert_eq!(shared.count(), 2);
    }

    #[test]
    fn a_removed_gauge_is_no_longer_shown() {
        let registry = Registry::new();
        let lag = registry
            .gauge_vec("spillway_lag", "Lag.", ["partition"])
            .unwrap();
        lag.with(["3"]).set_count(7);
        assert!(
            registry
                .render()
                .contains("spillway_lag{partition=\"3\"} 7\n")
        );
        assert!(lag.remove(["3"]));
        assert!(!lag.remove(["3"]));
        assert_eq!(registry.render(), "");
    }
}
