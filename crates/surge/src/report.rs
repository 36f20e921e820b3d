//! The report that a replay writes at its end: its shapes, as `docs/surge.md` describes them.
//!
//! It is collected in `stats`; nothing is counted or judged here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the report's schema.
pub const VERSION: u16 = 1;
/// A phase is this much event time, in seconds.
pub const PHASE_S: i64 = 600;

/// Percentiles of latencies, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half were at most this.
    pub p50: f64,
    /// 99 % were at most this.
    pub p99: f64,
    /// 99.9 % were at most this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// Counts of one part of the recording, or of all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Deliveries that were begun.
    pub sent: u64,
    /// Attempts, repeats included.
    pub attempts: u64,
    /// Deliveries that got a valid answer.
    pub acked: u64,
    /// Of these, answered in words.
    pub words: u64,
    /// Of these, answered `success`.
    pub success: u64,
    /// Of these, answered with an empty body.
    pub empty: u64,
    /// Deliveries whose answer the platform would count as a failure.
    pub invalid: u64,
    /// Deliveries that never got a whole answer.
    pub unacked: u64,
    /// Acks of this part per second of the whole sending.
    pub acks_per_s: f64,
    /// From the scheduled instant, or, at full speed, from the first byte written, to the valid answer.
    pub ack_ms: Percentiles,
}

/// Ten minutes of event time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// First second of event time.
    pub from: i64,
    /// First second after it.
    pub to: i64,
    /// Deliveries of it that were acked.
    pub acked: u64,
    /// Wall seconds between its first request and its last answer.
    pub wall_s: f64,
    /// Acks per wall second.
    pub acks_per_s: f64,
}

/// One second of the wall.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Which one, counted from the beginning of the replay.
    pub at_s: u64,
    /// Acks that ended in it.
    pub acked: u64,
    /// The slowest of them, in milliseconds.
    pub max_ms: f64,
    /// How far a request begun in it was behind its schedule at most, in milliseconds.
    pub behind_ms: f64,
}

/// How a rehearsal's clock was driven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticks {
    /// The first tick.
    pub first: i64,
    /// The last tick that was answered.
    pub last: i64,
    /// Ticks that were answered.
    pub answered: u64,
    /// Ticks that were posted again, because an answer was missing.
    pub repeated: u64,
}

/// Forged requests beside the valid traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Forged {
    /// Requests with a wrong signature that were answered.
    pub answered: u64,
    /// Of these, refused with 403.
    pub refused: u64,
    /// Connections that broke under them.
    pub broken: u64,
    /// Answered per second.
    pub per_s: f64,
}

/// The report of a replay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this schema.
    pub v: u16,
    /// The recording.
    pub recording: String,
    /// The target's URL.
    pub target: String,
    /// `open` or `closed`.
    pub mode: String,
    /// `max`, or by what event time was divided.
    pub speed: String,
    /// What latencies count from: `scheduled instant` or `first byte written`.
    pub latency_from: String,
    /// `keep` or `close`.
    pub connections: String,
    /// `plain`, `compatible` or `safe`.
    pub encryption: String,
    /// Deliveries on their way at once, at most.
    pub concurrency: u64,
    /// Source addresses.
    pub sources: u64,
    /// How often each delivery was sent (`--copies`).
    pub copies: u64,
    /// When the first request was begun, in microseconds since 1970.
    pub started_us: i64,
    /// Seconds from the first request to the last answer.
    pub sending_s: f64,
    /// Seconds of the whole replay, with its ticks.
    pub elapsed_s: f64,
    /// Processor time of this process, in seconds.
    pub cpu_s: f64,
    /// Whether the whole recording (or the asked part) was sent.
    pub complete: bool,
    /// Everything together.
    pub all: Part,
    /// By part: `event`, `edge`, `follow`, `redelivery`.
    pub parts: BTreeMap<String, Part>,
    /// Most acks in one second of the wall.
    pub peak_acks_per_s: u64,
    /// The three seconds of the wall with the slowest acks, the slowest first.
    #[serde(default)]
    pub slowest_seconds: Vec<Second>,
    /// Ten minutes of event time after the other.
    pub phases: Vec<Phase>,
    /// How far a request was begun behind its schedule at most, in milliseconds; 0 at full speed.
    pub behind_ms: f64,
    /// Attempts without a valid answer, by reason.
    pub errors: BTreeMap<String, u64>,
    /// Waits for a target that refused connections.
    pub refused_waits: u64,
    /// Connections made.
    pub connects: u64,
    /// The rehearsal's ticks; absent without a clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticks: Option<Ticks>,
    /// Forged requests; absent without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forged: Option<Forged>,
}

impl Part {
    /// Adds the counts of another part; rate and percentiles are not sums.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.attempts += other.attempts;
        self.acked += other.acked;
        self.words += other.words;
        self.success += other.success;
        self.empty += other.empty;
        self.invalid += other.invalid;
        self.unacked += other.unacked;
    }
}
