//! The types of a recording's manifest: what must come out when the recording is run.
//!
//! The oracle computes a manifest from the recording's bodies and the campaign file alone; `reconcile`
//! compares a run with it. Nothing is computed here.

use crate::recording::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the schema. Before 2 the rounds had no standings, before [`NAMED_SINCE`] they had every answer by its value;
/// both are read all the same.
pub const VERSION: u16 = 3;
/// Since this version answers that the campaign file does not name are counted as [`Round::others`].
pub const NAMED_SINCE: u16 = 3;

/// What must come out of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this schema.
    pub v: u16,
    /// How the recording was generated; absent when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
    /// The file that the rest is about.
    pub recording: Recording,
    /// What was read from the campaign file.
    pub campaign: Campaign,
    /// Rows of the recording per line of a table; their sum is `recording.rows`.
    pub rows: BTreeMap<Table, u64>,
    /// Distinct messages and events, each counted once whatever its deliveries.
    pub messages: u64,
    /// Deliveries whose body is no message; they are not in `messages`.
    pub unparsed: u64,
    /// Distinct messages and events per MsgType (`text`, `voice`, `event`, …).
    pub kinds: BTreeMap<String, u64>,
    /// Distinct messages and events per class (`join`, `answer`, …).
    pub classes: BTreeMap<String, u64>,
    /// Distinct messages and events per rule that decides the reply: `reply.rule` of the log, where
    /// the empty name stands for "no rule".
    pub rules: BTreeMap<String, u64>,
    /// Distinct senders, of messages and of events.
    pub fans: u64,
    /// Distinct senders of messages (MsgType not `event`).
    pub writers: u64,
    /// Distinct fans with a join message or a valid answer anywhere.
    pub joined: u64,
    /// Each round in order, and last, with `round` null, the joins that lie in no round's window.
    pub rounds: Vec<Round>,
    /// The digest of the run.
    pub digest: Digest,
}

/// The arguments of `generate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// Name of the profile.
    pub profile: String,
    /// Seed of all randomness.
    pub seed: u64,
    /// First second of the event's window, in seconds since 1970.
    pub start: i64,
    /// Messages of the event's window, N, after `--rate`.
    pub messages: u64,
    /// By what time was divided (`--compress`).
    pub compress: u32,
}

/// The recording file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// Its name, without folder.
    pub file: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Scheduled instant of the first row, in microseconds since 1970; 0 when there is none.
    pub first_at_us: i64,
    /// Scheduled instant of the last row, in microseconds since 1970; 0 when there is none.
    pub last_at_us: i64,
}

/// What was read from the campaign file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id.
    pub id: String,
    /// The account it speaks for, by its name in the configuration.
    pub account: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The window of coalescing W, in seconds.
    pub coalesce_window_s: i64,
}

/// What is expected of one round, or of the time outside all rounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Number of the round; `None` for what lies in no round's window.
    pub round: Option<u16>,
    /// First second of the window; absent when `round` is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<i64>,
    /// First second after the window; absent when `round` is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<i64>,
    /// Distinct messages and events whose CreateTime lies in the window.
    pub messages: u64,
    /// Fans with a join message or a valid answer in the window; outside all rounds: fans with a join message.
    pub joins: u64,
    /// Fans per counting answer (Q-8 … Q-10) that the campaign file names: by letters of options, or by the key that
    /// accepts it; what nobody chose is absent.
    pub answers: BTreeMap<String, u64>,
    /// Fans with another counting answer: a number, text or row that is no key.
    #[serde(default)]
    pub others: u64,
    /// Fans with a counting answer.
    pub lines: u64,
    /// Of these, fans whose counting answer is the key's.
    pub correct: u64,
    /// Fans with a wrong format in the window and no counting answer.
    pub wrong_format: u64,
    /// Sum modulo 2^128 of the hashes of the round's lines, 32 hexadecimal digits.
    pub sum: String,
    /// Fans on the round's list: all who answered, and where an award is among the joined, all who joined.
    #[serde(default)]
    pub entrants: u64,
    /// SHA-256 of the list file, hexadecimal; empty outside all rounds, and in a manifest that has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub list: String,
    /// SHA-256 of the standings file, hexadecimal: what the digest of the round's result must be when nothing comes
    /// after its seal. Empty as `list` is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub standings: String,
    /// Distinct messages and events in the window per class.
    pub classes: BTreeMap<String, u64>,
}

/// The digest of a run, over the lines `round⇥fan⇥counting answer⇥create_time⇥msg_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// How many lines.
    pub lines: u64,
    /// SHA-256 over all lines, each ended by a newline, in order of their bytes; hexadecimal.
    pub sha256: String,
    /// Sum modulo 2^128 of the first 16 bytes (big endian) of each line's SHA-256; 32 hexadecimal digits.
    pub sum: String,
}
