//! What a replay is told to do, already checked.

use super::source::Choice;
use super::timetable::Speed;
use crate::client::Target;
use std::path::PathBuf;
use std::time::Duration;
use wechat::Account;

/// Where a rehearsal's ticks go.
#[derive(Debug, Clone)]
pub struct ClockAddress {
    /// The admin API; its path is the prefix of `/v1/clock`.
    pub target: Target,
    /// The bearer token of acts.
    pub token: String,
}

/// How fast forged requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forging {
    /// Requests per second; 0 is as fast as their connections can.
    pub per_second: u32,
    /// Connections of their own.
    pub connections: u16,
}

/// All that a replay needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The recording.
    pub recording: PathBuf,
    /// The callback URL as it was given.
    pub url: String,
    /// The callback URL, taken apart.
    pub target: Target,
    /// The account whose platform is played.
    pub account: Account,
    /// Which deliveries.
    pub choice: Choice,
    /// How fast.
    pub speed: Speed,
    /// A connection for each message.
    pub close: bool,
    /// Deliveries on their way at once, at most.
    pub concurrency: usize,
    /// Loopback source addresses; 0 lets the system choose.
    pub sources: u8,
    /// Attempts to get a delivery answered.
    pub attempts: u32,
    /// Repeats until there is an answer.
    pub until_acked: bool,
    /// Drives a rehearsal.
    pub clock: Option<ClockAddress>,
    /// Where the ledger goes.
    pub ledger: Option<PathBuf>,
    /// Where the report goes.
    pub report: Option<PathBuf>,
    /// Forged requests beside the valid ones.
    pub forging: Option<Forging>,
    /// How long a target may refuse connections.
    pub patience: Duration,
    /// Whether progress is shown.
    pub progress: bool,
}
