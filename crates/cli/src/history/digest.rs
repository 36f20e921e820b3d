//! The digest of a run, recomputed from `accepted`, and held against the tallies that the log carries.

use super::provisional::Tallies;
use crate::failure::{Failure, NO};
use quiz::{Book, Failure as QuizFailure, Recount, Running};
use record::chain::Position;
use record::hexed::{Hex, encode};
use record::inband::MARK;
use record::tally::{TALLY_VERSION, Tally, line_hash};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Whose tallies: partition, campaign, round.
type Place = (u32, String, Option<u16>);

/// Counts `accepted` again while it is read.
pub(super) struct Digest {
    recount: Recount,
    /// With the position at which quiz writes it; in order.
    computed: BTreeMap<Place, Vec<(Position, Tally)>>,
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

    /// Takes the next record that the chain accepts, from this partition and offset.
    ///
    /// # Errors
    /// A fault of the program.
    pub(super) fn take(
        &mut self,
        (partition, offset): (u32, u64),
        value: &[u8],
    ) -> Result<(), Failure> {
        if record::type_of(value).as_deref() == Some(MARK) {
            return Ok(());
        }
        match self.recount.take(partition, value) {
            Ok(tallies) => {
                for (n, tally) in (0..).zip(tallies) {
                    let place = (partition, tally.campaign.clone(), tally.round);
                    let position = Position(offset, n);
                    self.computed
                        .entry(place)
                        .or_default()
                        .push((position, tally));
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
    /// tick, and against the newest that the log should have: one that was computed at a position that quiz has passed.
    /// What quiz has not come to yet is no difference, and neither is what was retired.
    ///
    /// # Errors
    /// Every difference.
    pub(super) fn compare(&self, logged: &Tallies) -> Result<(), Failure> {
        let mut newest: BTreeMap<Place, &Tally> = BTreeMap::new();
        for (partition, tally) in &logged.all {
            newest.insert((*partition, tally.campaign.clone(), tally.round), tally);
        }
        let mut differences = Vec::new();
        for (place, tally) in &newest {
            let same_tick = self.computed.get(place).and_then(|computed| {
                let mut computed = computed.iter().rev();
                computed.find(|(_, computed)| computed.tick == tally.tick)
            });
            if same_tick.is_none_or(|(_, computed)| !agree(computed, tally)) {
                let computed = same_tick.map(|(_, computed)| computed);
                differences.push(describe(place, computed, tally));
            }
        }
        for (place, computed) in &self.computed {
            let Some((first, last)) = logged.reach.get(&place.0) else {
                continue;
            };
            let mut due = computed.iter().rev();
            let due = due.find(|(position, _)| (first..=last).contains(&position));
            let found = newest.get(place).map(|tally| tally.tick);
            if let Some((_, due)) = due.filter(|(_, due)| found < Some(due.tick)) {
                differences.push(missing(place, due, found));
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

/// Whether a tally of the log is what was computed. One of the schema before this one counted every answer by its value;
/// of those, how many there are and the hashes of their lines are compared.
fn agree(computed: &Tally, logged: &Tally) -> bool {
    if logged.v >= TALLY_VERSION {
        return computed == logged;
    }
    let answered: u64 = logged.answers.values().sum();
    let by_value = Tally {
        v: logged.v,
        answers: logged.answers.clone(),
        others: 0,
        ..computed.clone()
    };
    answered == logged.lines && by_value == *logged
}

fn describe(place: &Place, computed: Option<&Tally>, logged: &Tally) -> String {
    let ours = computed.map_or_else(
        || "no tally at that tick".to_owned(),
        |tally| format!("{} lines with sum {}", tally.lines, tally.digest),
    );
    format!(
        "{} tick {}: the log says {} lines with sum {}, computed {ours}",
        words(place),
        logged.tick,
        logged.lines,
        logged.digest
    )
}

fn missing(place: &Place, due: &Tally, found: Option<i64>) -> String {
    let found = found.map_or_else(
        || "has none".to_owned(),
        |tick| format!("has none newer than tick {tick}"),
    );
    format!(
        "{} tick {}: the log {found}, computed {} lines with sum {}",
        words(place),
        due.tick,
        due.lines,
        due.digest
    )
}

fn words((partition, campaign, round): &Place) -> String {
    let round = round.map_or_else(|| "none".to_owned(), |round| round.to_string());
    format!("{campaign} round {round} partition {partition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_of_the_schema_before_is_compared_by_how_many_answers_and_by_their_lines() {
        let computed = Tally {
            r#type: "tally".into(),
            v: TALLY_VERSION,
            campaign: "c".into(),
            version: 1,
            round: Some(1),
            tick: 10,
            joins: 3,
            answers: [("小米".to_owned(), 1)].into(),
            others: 2,
            wrong_format: 0,
            lines: 3,
            digest: Hex([7; 16]),
            late_after_seal: 0,
        };
        assert!(agree(&computed, &computed));
        let fewer = Tally {
            others: 1,
            ..computed.clone()
        };
        assert!(!agree(&computed, &fewer), "of the same schema to the byte");
        let values = ["小米", "大米", "红米"].map(|value| (value.to_owned(), 1));
        let before = Tally {
            v: 1,
            answers: values.into(),
            others: 0,
            ..computed.clone()
        };
        assert!(agree(&computed, &before));
        for other in [
            Tally {
                answers: [("小米".to_owned(), 2)].into(),
                ..before.clone()
            },
            Tally {
                digest: Hex([8; 16]),
                ..before.clone()
            },
            Tally { lines: 4, ..before },
        ] {
            assert!(!agree(&computed, &other), "{other:?}");
        }
    }
}
