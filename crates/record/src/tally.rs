//! Tallies: what quiz counts of a round in one partition while the round is not sealed.

use crate::hexed::Hex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `"type"` of a [`Tally`].
pub const TALLY: &str = "tally";

/// Version of the schema of a [`Tally`]. In version 1 `answers` had every value that a fan thought of, and there were no
/// `others`.
pub const TALLY_VERSION: u16 = 2;

/// Totals of one round in one partition, never differences.
///
/// `{"type":"tally","v":2,"campaign":"fanfest-2013-04-09","version":1,"round":3,"tick":1365488410,"joins":12,
/// "answers":{"小米":7},"others":2,"wrong_format":1,"lines":9,"digest":"…32 hex…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// `tally`.
    pub r#type: String,
    /// Version of this schema.
    pub v: u16,
    /// Id of the campaign.
    pub campaign: String,
    /// Version of the campaign that judged.
    pub version: u32,
    /// Number of the round; `None` for joins outside every round.
    pub round: Option<u16>,
    /// The tick at which it was written.
    pub tick: i64,
    /// Fans who joined: with a join message or a valid answer in the round's window, or, when `round` is
    /// `None`, with a join message in no round's window.
    pub joins: u64,
    /// Fans per counting answer (Q-8 … Q-10) that the campaign file names: by letters of options, or by the key that
    /// accepts it.
    pub answers: BTreeMap<String, u64>,
    /// Fans with another counting answer: a number, text or row that is no key of [`Tally::version`]. Together with
    /// `answers` they are `lines`.
    #[serde(default, skip_serializing_if = "is_none")]
    pub others: u64,
    /// Fans with a wrong format in the window and no counting answer.
    pub wrong_format: u64,
    /// How many lines the digest runs over: fans with a counting answer.
    pub lines: u64,
    /// Sum modulo 2^128 of the lines' hashes, big endian; see [`line_hash`].
    pub digest: Hex<16>,
    /// Messages of the round that came after its seal and changed nothing.
    #[serde(default, skip_serializing_if = "is_none")]
    pub late_after_seal: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The line of one counting answer in the digest of a run, ended by a newline:
/// `round⇥fan⇥counting answer⇥create_time⇥msg_id`.
#[must_use]
pub fn line(round: u16, fan: &str, answer: &str, create_time: i64, msg_id: &str) -> String {
    format!("{round}\t{fan}\t{answer}\t{create_time}\t{msg_id}\n")
}

/// The first 16 bytes of SHA-256 of a line, as a big-endian number. A tally carries the sum of its lines'
/// hashes, which can be kept up as answers change.
#[must_use]
pub fn line_hash(line: &str) -> u128 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(line);
    digest
        .iter()
        .take(16)
        .fold(0, |sum, &byte| (sum << 8) | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_tab_separated_and_its_hash_is_the_head_of_sha_256() {
        let line = line(3, "o1", "A", 100, "7");
        assert_eq!(line, "3\to1\tA\t100\t7\n");
        use sha2::Digest as _;
        let whole = crate::hexed::encode(&sha2::Sha256::digest(&line));
        assert_eq!(format!("{:032x}", line_hash(&line)), whole[..32]);
    }
}
