//! The digest of a run, recomputed from `accepted`, and held against the tallies that the log carries.

use crate::failure::{Failure, NO};
use quiz::{Book, Failure as QuizFailure, Recount, Running};
use record::hexed::{Hex, encode};
use record::inband::MARK;
use record::tally::{Tally, line_hash};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Which tally: partition, campaign, round, tick.
type Place = (u32, String, Option<u16>, i64);

/// Counts `accepted` again while it is read.
pub(super) struct Digest {
    recount: Recount,
    computed: BTreeMap<Place, Tally>,
    refused: u64,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self {
            recount: Recount::new(),
            computed: BTreeMap::new(),
            refused: 0,
        }
    }

    /// Takes the next record that the chain accepts.
    ///
    /// # Errors
    /// A fault of the program.
    pub(super) fn take(&mut self, partition: u32, value: &[u8]) -> Result<(), Failure> {
        if record::type_of(value).as_deref() == Some(MARK) {
            return Ok(());
        }
        match self.recount.take(partition, value) {
            Ok(tallies) => {
                for tally in tallies {
                    let place = (partition, tally.campaign.clone(), tally.round, tally.tick);
                    self.computed.insert(place, tally);
                }
                Ok(())
            }
            // quiz refuses it too and writes a dead letter.
            Err(QuizFailure::Reject { .. }) => {
                self.refused += 1;
                Ok(())
            }
            Err(failure) => Err(Failure::no(format!("{failure:?}"))),
        }
    }

    /// The campaigns where they stand now in a partition: versions and windows as quiz judges by them.
    pub(super) fn standing(&self, partition: u32) -> &[Running] {
        self.recount.book(partition).map_or(&[], Book::campaigns)
    }

    /// The digest of a campaign: SHA-256 over its sorted lines, and the sum of their hashes.
    ///
    /// # Errors
    /// A fault of the program.
    pub(super) fn of(&mut self, campaign: &str) -> Result<Value, Failure> {
        let mut lines = Vec::new();
        let visited = self.recount.lines(|id, _, line| {
            if id == campaign {
                lines.push(line);
            }
        });
        visited.map_err(|failure| Failure::no(format!("{failure:?}")))?;
        lines.sort_unstable();
        let mut hash = Sha256::new();
        let mut sum = 0_u128;
        for line in &lines {
            hash.update(line);
            sum = sum.wrapping_add(line_hash(line));
        }
        Ok(json!({
            "campaign": campaign, "digest": encode(&hash.finalize()), "lines": lines.len(),
            "sum": Hex(sum.to_be_bytes()), "refused": self.refused,
        }))
    }

    /// The lines of one fan.
    ///
    /// # Errors
    /// A fault of the program.
    pub(super) fn lines_of(&mut self, fan: &str) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        let visited = self.recount.lines(|_, round, line| {
            if line.split('\t').nth(1) == Some(fan) {
                lines.push((round, line));
            }
        });
        visited.map_err(|failure| Failure::no(format!("{failure:?}")))?;
        lines.sort_unstable();
        Ok(lines.into_iter().map(|(_, line)| line).collect())
    }

    /// The campaigns that were counted.
    pub(super) fn campaigns(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .recount
            .totals()
            .into_keys()
            .map(|(id, _)| id)
            .collect();
        ids.dedup();
        ids
    }

    /// Holds the newest tally that the log has of each round in each partition against what was computed for the same
    /// tick, and what was computed against the log where the log should have it.
    ///
    /// # Errors
    /// Every difference.
    pub(super) fn compare(&self, logged: Vec<(u32, Tally)>) -> Result<(), Failure> {
        let mut newest = BTreeMap::new();
        for (partition, tally) in logged {
            newest.insert((partition, tally.campaign.clone(), tally.round), tally);
        }
        let mut differences = Vec::new();
        for ((partition, campaign, round), tally) in newest {
            let place = (partition, campaign, round, tally.tick);
            if self.computed.get(&place) != Some(&tally) {
                differences.push(describe(&place, self.computed.get(&place), &tally));
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        let count = differences.len();
        differences.truncate(10);
        let message = format!(
            "{count} tallies of the log are not what `accepted` gives:\n  {}",
            differences.join("\n  ")
        );
        Err(Failure { code: NO, message })
    }
}

fn describe(
    (partition, campaign, round, tick): &Place,
    computed: Option<&Tally>,
    logged: &Tally,
) -> String {
    let round = round.map_or_else(|| "none".to_owned(), |round| round.to_string());
    let ours = computed.map_or_else(
        || "no tally at that tick".to_owned(),
        |tally| format!("{} lines with sum {}", tally.lines, tally.digest),
    );
    format!(
        "{campaign} round {round} partition {partition} tick {tick}: the log says {} lines with sum {}, computed {ours}",
        logged.lines, logged.digest
    )
}
