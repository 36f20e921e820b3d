//! The registry and its handles. Names begin with `spillway_`, counters end in `_total`, every metric
//! has a line of help, and asking twice for the same metric gives the same metric, so that a part of the
//! process that is restarted goes on counting where it stood.
//!
//! A handle is a pointer to atomics: bind label values once, outside the hot path.

use crate::handles::{Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramVec};
use prometheus::core::Collector;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bucket edges in seconds for how long something took, with edges on the promises: 0.3 s (99 % of the
/// acks), 1 s (99.9 %), 3.5 s (the budget) and 5 s (the platform's patience).
pub const SECONDS: [f64; 17] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.5, 5.0, 10.0,
    30.0,
];

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts per bucket.
    Histogram,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// One registered metric, as the documentation lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: Kind,
    /// Names of the labels, in order.
    pub labels: Vec<String>,
    /// What it says, in one line.
    pub help: String,
}

/// Why a metric could not be registered: always a mistake of the program, found at start.
#[derive(Debug, thiserror::Error)]
pub enum MetricError {
    /// The name breaks the rules of naming.
    #[error(
        "metric {0:?} is not named spillway_…, in lower case, with _total at the end of counters only"
    )]
    Name(String),
    /// There is a metric of this name with another type, other labels or other help.
    #[error("metric {0:?} is registered twice with different descriptions")]
    Differs(String),
    /// The metrics library refused it.
    #[error("metric {name:?} was refused: {source}")]
    Refused {
        /// Name.
        name: String,
        /// Why.
        source: prometheus::Error,
    },
}

/// All metrics of a process. Cheap to clone; a clone is the same registry.
#[derive(Clone, Default)]
pub struct Registry {
    inner: prometheus::Registry,
    metrics: Arc<Mutex<BTreeMap<String, (Described, Metric)>>>,
}

#[derive(Clone)]
enum Metric {
    Counter(prometheus::IntCounterVec),
    Gauge(prometheus::GaugeVec),
    Histogram(prometheus::HistogramVec),
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A counter without labels.
    ///
    /// # Errors
    /// [`MetricError`] when the name is wrong or taken by a different metric.
    pub fn counter(&self, name: &str, help: &str) -> Result<Counter, MetricError> {
        Ok(self.counter_vec(name, help, [])?.with([]))
    }

    /// A counter for each combination of label values.
    ///
    /// # Errors
    /// [`MetricError`] when the name is wrong or taken by a different metric.
    pub fn counter_vec<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<CounterVec<N>, MetricError> {
        let made = self.register(Kind::Counter, name, help, &labels, || {
            let opts = prometheus::Opts::new(name, help);
            Ok(Metric::Counter(prometheus::IntCounterVec::new(
                opts, &labels,
            )?))
        })?;
        match made {
            Metric::Counter(vec) => Ok(CounterVec(vec)),
            _ => Err(MetricError::Differs(name.to_owned())),
        }
    }

    /// A gauge without labels.
    ///
    /// # Errors
    /// [`MetricError`] when the name is wrong or taken by a different metric.
    pub fn gauge(&self, name: &str, help: &str) -> Result<Gauge, MetricError> {
        Ok(self.gauge_vec(name, help, [])?.with([]))
    }

    /// A gauge for each combination of label values.
    ///
    /// # Errors
    /// [`MetricError`] when the name is wrong or taken by a different metric.
    pub fn gauge_vec<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
    ) -> Result<GaugeVec<N>, MetricError> {
        let made = self.register(Kind::Gauge, name, help, &labels, || {
            let opts = prometheus::Opts::new(name, help);
            Ok(Metric::Gauge(prometheus::GaugeVec::new(opts, &labels)?))
        })?;
        match made {
            Metric::Gauge(vec) => Ok(GaugeVec(vec)),
            _ => Err(MetricError::Differs(name.to_owned())),
        }
    }

    /// A histogram without labels. `edges` are the upper bounds of its buckets, ascending; usually
    /// [`SECONDS`].
    ///
    /// # Errors
    /// [`MetricError`] when the name or the edges are wrong, or the name is taken by a different metric.
    pub fn histogram(
        &self,
        name: &str,
        help: &str,
        edges: &[f64],
    ) -> Result<Histogram, MetricError> {
        Ok(self.histogram_vec(name, help, [], edges)?.with([]))
    }

    /// A histogram for each combination of label values.
    ///
    /// # Errors
    /// [`MetricError`] when the name or the edges are wrong, or the name is taken by a different metric.
    pub fn histogram_vec<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: [&str; N],
        edges: &[f64],
    ) -> Result<HistogramVec<N>, MetricError> {
        let made = self.register(Kind::Histogram, name, help, &labels, || {
            let opts = prometheus::HistogramOpts::new(name, help).buckets(edges.to_vec());
            Ok(Metric::Histogram(prometheus::HistogramVec::new(
                opts, &labels,
            )?))
        })?;
        match made {
            Metric::Histogram(vec) => Ok(HistogramVec(vec)),
            _ => Err(MetricError::Differs(name.to_owned())),
        }
    }

    fn register(
        &self,
        kind: Kind,
        name: &str,
        help: &str,
        labels: &[&str],
        make: impl FnOnce() -> Result<Metric, prometheus::Error>,
    ) -> Result<Metric, MetricError> {
        if !well_named(name, kind) {
            return Err(MetricError::Name(name.to_owned()));
        }
        let described = Described {
            name: name.to_owned(),
            kind,
            labels: labels.iter().map(ToString::to_string).collect(),
            help: help.to_owned(),
        };
        let mut metrics = self.lock();
        if let Some((known, metric)) = metrics.get(name) {
            let same = *known == described;
            return if same {
                Ok(metric.clone())
            } else {
                Err(MetricError::Differs(name.to_owned()))
            };
        }
        let refused = |source| MetricError::Refused {
            name: name.to_owned(),
            source,
        };
        let metric = make().map_err(refused)?;
        self.inner.register(metric.collector()).map_err(refused)?;
        metrics.insert(name.to_owned(), (described, metric.clone()));
        Ok(metric)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (Described, Metric)>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every registered metric, by name, whether it has a value yet or not.
    #[must_use]
    pub fn described(&self) -> Vec<Described> {
        self.lock()
            .values()
            .map(|(described, _)| described.clone())
            .collect()
    }

    /// All values in the text format that Prometheus scrapes.
    #[must_use]
    pub fn render(&self) -> String {
        prometheus::TextEncoder::new()
            .encode_to_string(&self.inner.gather())
            .unwrap_or_else(|error| format!("# the metrics could not be written: {error}\n"))
    }
}

impl Metric {
    fn collector(&self) -> Box<dyn Collector> {
        match self {
            Self::Counter(vec) => Box::new(vec.clone()),
            Self::Gauge(vec) => Box::new(vec.clone()),
            Self::Histogram(vec) => Box::new(vec.clone()),
        }
    }
}

fn well_named(name: &str, kind: Kind) -> bool {
    name.starts_with("spillway_")
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && name.ends_with("_total") == (kind == Kind::Counter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let registry = Registry::new();
        let acks = registry
            .counter_vec("spillway_acks_total", "Acks.", ["account"])
            .unwrap();
        acks.with(["mi"]).add(3);
        acks.with(["mi"]).inc();
        registry
            .gauge("spillway_open", "Open connections.")
            .unwrap()
            .set(2.5);
        let took = registry
            .histogram("spillway_ack_seconds", "Time to ack.", &SECONDS)
            .unwrap();
        took.observe(0.25);
        let text = registry.render();
        assert!(
            text.contains("spillway_acks_total{account=\"mi\"} 4\n"),
            "{text}"
        );
        assert!(text.contains("# HELP spillway_acks_total Acks.\n"));
        assert!(text.contains("spillway_open 2.5\n"));
        assert!(text.contains("spillway_ack_seconds_bucket{le=\"0.2\"} 0\n"));
        assert!(text.contains("spillway_ack_seconds_bucket{le=\"0.3\"} 1\n"));
        for edge in ["0.005", "1", "2", "3.5", "5"] {
            assert!(
                text.contains(&format!("le=\"{edge}\"")),
                "no edge at {edge}"
            );
        }
    }

    #[test]
    fn asking_twice_gives_the_same_metric_and_differing_is_an_error() {
        let registry = Registry::new();
        registry.counter("spillway_a_total", "A.").unwrap().inc();
        let again = registry.clone().counter("spillway_a_total", "A.").unwrap();
        again.inc();
        assert_eq!(again.get(), 2);
        assert!(matches!(
            registry.counter("spillway_a_total", "B."),
            Err(MetricError::Differs(_))
        ));
        assert!(matches!(
            registry.counter_vec("spillway_a_total", "A.", ["x"]),
            Err(MetricError::Differs(_))
        ));
        assert!(matches!(
            registry.gauge("spillway_a_total", "A."),
            Err(MetricError::Name(_))
        ));
        assert!(matches!(
            registry.counter("spillway_a", "A."),
            Err(MetricError::Name(_))
        ));
        assert!(matches!(
            registry.counter("a_total", "A."),
            Err(MetricError::Name(_))
        ));
        assert!(matches!(
            registry.counter_vec("spillway_b_total", "B.", ["no label"]),
            Err(MetricError::Refused { .. })
        ));
    }

    #[test]
    fn the_list_of_metrics_needs_no_value() {
        let registry = Registry::new();
        let _lag = registry
            .gauge_vec("spillway_lag", "Lag.", ["topic", "partition"])
            .unwrap();
        assert_eq!(
            registry.described(),
            [Described {
                name: "spillway_lag".into(),
                kind: Kind::Gauge,
                labels: vec!["topic".into(), "partition".into()],
                help: "Lag.".into(),
            }]
        );
        assert_eq!(registry.render(), "");
    }
}
