//! Metrics, logs and health of a process: the one place that knows prometheus and tracing-subscriber.
//!
//! * [`metrics`]: a [`Registry`] that is given down, and thin handles on counters, gauges, histograms
//! * [`health`]: named conditions with reasons and hysteresis, from which readiness follows
//! * [`logs`]: the process's log line, as text or as JSON
//! * [`rate`]: a limit for log lines that repeat
//!
//! What never lives here: a metric of some other crate, a label with a fan's id, a secret, a global.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod handles;
pub mod health;
pub mod logs;
pub mod metrics;
pub mod rate;

pub use handles::{Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramVec, LocalHistogram};
pub use health::{Condition, Health};
pub use metrics::{Described, Kind, MetricError, Registry, SECONDS};
pub use rate::RateLimit;
