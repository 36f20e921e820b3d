//! The client's own log lines, at most one in ten seconds of each client: an outage is few lines, not a flood. What
//! it means for the node is said elsewhere, at once.

use crate::sync::lock;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const REST: Duration = Duration::from_secs(10);

/// Lets one line through in ten seconds and counts the others.
#[derive(Default)]
pub(super) struct Lines(Mutex<(Option<Instant>, u64)>);

impl Lines {
    /// A client's line; how many were held back before it comes with it.
    pub(super) fn warn(&self, facility: &str, text: &str) {
        // What it thinks of the settings is ours to judge once, not an operator's at each start.
        if facility == "CONFWARN" {
            tracing::debug!(facility, "kafka client: {text}");
            return;
        }
        let suppressed = {
            let mut state = lock(&self.0);
            if state.0.is_some_and(|last| last.elapsed() < REST) {
                state.1 = state.1.saturating_add(1);
                return;
            }
            state.0 = Some(Instant::now());
            std::mem::take(&mut state.1)
        };
        tracing::warn!(facility, suppressed, "kafka client: {text}");
    }
}

/// The context of a client that only asks.
#[derive(Default)]
pub(super) struct Quiet(Lines);

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, text: &str) {
        self.0.warn(facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.warn(&error.to_string(), reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Quiet {}
