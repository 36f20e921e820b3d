//! What a reconciliation found, as it is printed and as JSON for scripts. The shape stands in `docs/surge.md`.

use super::contest::Findings;
use super::prizes::Given;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the verdict's schema.
pub const VERSION: u16 = 1;

/// Messages of one part of the recording, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Distinct messages and events in the recording.
    pub messages: u64,
    /// Of these, tried at least once.
    pub sent: u64,
    /// Of these, acked at least once.
    pub acked: u64,
    /// Of all, standing in `accepted`.
    pub accepted: u64,
    /// Sent and never acked.
    pub unacked: u64,
    /// Acked, and not in `accepted`: must be 0.
    pub lost: u64,
    /// More than once in `accepted`: must be 0.
    pub doubled: u64,
    /// In `accepted` and never sent: must be 0.
    pub never_sent: u64,
}

/// What should be, and what is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<T> {
    /// By the manifest.
    pub expected: T,
    /// By the log.
    pub found: T,
}

impl<T: PartialEq> Pair<T> {
    /// Whether both are equal.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.expected == self.found
    }
}

/// One round, or, with `round` null, the time outside all rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its number.
    pub round: Option<u16>,
    /// Fans who joined.
    pub joins: Pair<u64>,
    /// Fans per counting answer that the campaign file names.
    pub answers: Pair<BTreeMap<String, u64>>,
    /// Fans with another counting answer.
    #[serde(default)]
    pub others: Pair<u64>,
    /// Fans with a wrong format and no counting answer.
    pub wrong_format: Pair<u64>,
    /// Sum of the round's lines, 32 hexadecimal digits.
    pub sum: Pair<String>,
}

impl Round {
    /// Whether log and manifest agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.joins.agrees()
            && self.answers.agrees()
            && self.others.agrees()
            && self.wrong_format.agrees()
            && self.sum.agrees()
    }
}

/// The result of a round, or, with `round` null, of the final draw: by the recording up to the cuts, and in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its number.
    pub round: Option<u16>,
    /// Messages that came after the seal.
    pub late_after_seal: u64,
    /// Fans on the list.
    pub entrants: Pair<u64>,
    /// Fans with an answer that counts.
    pub answered: Pair<u64>,
    /// Fans whose answer is right.
    pub correct: Pair<u64>,
    /// SHA-256 of the list file.
    pub list: Pair<String>,
    /// SHA-256 of the standings file.
    pub standings: Pair<String>,
}

/// The digests of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// SHA-256 over the sorted lines: the oracle's, and what `export` recomputed from `accepted`.
    pub sha256: Pair<String>,
    /// How many lines.
    pub lines: Pair<u64>,
    /// Sum of the lines' hashes: the oracle's, and the latest tallies' summed over the partitions.
    pub sum: Pair<String>,
    /// The sum that `export` recomputed from `accepted`.
    pub exported_sum: String,
}

impl Digests {
    /// Whether all three sources agree.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.sha256.agrees()
            && self.lines.agrees()
            && self.sum.agrees()
            && self.exported_sum == self.sum.expected
    }
}

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Version of this schema.
    pub v: u16,
    /// The campaign.
    pub campaign: String,
    /// Whether nothing is lost or doubled and everything agrees.
    pub holds: bool,
    /// What does not hold, for people; empty when it holds.
    pub problems: Vec<String>,
    /// All messages and events.
    pub all: Counts,
    /// By part: `event`, `edge`, `follow`.
    pub parts: BTreeMap<String, Counts>,
    /// Attempts in the ledger.
    pub attempts: u64,
    /// Rows of the ledger that name no message of the recording.
    pub foreign_rows: u64,
    /// Attempts beyond the first of their message: re-deliveries.
    pub redeliveries_sent: u64,
    /// Of these, acked beyond the first ack of their message: each must have been noted.
    pub redeliveries_acked: u64,
    /// Delivery notes in `accepted`: re-deliveries that were dropped.
    pub redeliveries_dropped: u64,
    /// Messages in `accepted` that do not stand in the recording: must be 0.
    pub strangers: u64,
    /// Messages in `accepted` whose CreateTime is not the recording's: must be 0.
    pub altered: u64,
    /// Messages whose bodies cannot be parsed: they are dead letters, not messages.
    pub unreadable: u64,
    /// Messages that nobody answered in words and that have no answered neighbour.
    pub unheard: u64,
    /// Fans with such a message.
    pub silent_fans: u64,
    /// Messages per rule that decided the reply.
    pub rules: BTreeMap<String, Pair<u64>>,
    /// Each round.
    pub rounds: Vec<Round>,
    /// The digests.
    pub digests: Digests,
    /// Each result of the log.
    #[serde(default)]
    pub results: Vec<Drawn>,
    /// What became of units, by prize.
    #[serde(default)]
    pub prizes: BTreeMap<String, Given>,
    /// What holds and is worth a line, for people.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Dead letters by topic and reason.
    pub dead_letters: BTreeMap<String, BTreeMap<String, u64>>,
    /// The first messages of each fault, by fault.
    pub examples: BTreeMap<String, Vec<String>>,
}

impl Verdict {
    /// Takes what was found of the contest into it.
    pub fn add(&mut self, findings: Findings) {
        self.results = findings.draws;
        self.prizes = findings.prizes;
        self.notes.extend(findings.notes);
        self.problems.extend(findings.problems);
        self.holds = self.problems.is_empty();
    }
}
