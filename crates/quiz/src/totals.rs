//! The totals of a round: kept up as fans change, written as tallies, and summed over partitions. Totals,
//! never differences.

use crate::counting::{Counting, Standing};
use campaign::Round;
use contest::counted_as;
use record::hexed::Hex;
use record::tally::{self, TALLY, TALLY_VERSION, Tally};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Totals of one round, or of what lies in no round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Fans who joined.
    pub joins: u64,
    /// Fans per counting answer that the campaign file names: never more than it has options, sets of them and keys.
    pub answers: BTreeMap<String, u64>,
    /// Fans with another counting answer.
    pub others: u64,
    /// Fans with a wrong format and no counting answer.
    pub wrong_format: u64,
    /// Fans with a counting answer: lines of the digest.
    pub lines: u64,
    /// Sum of the lines' hashes modulo 2^128.
    pub digest: u128,
    /// Messages of the round that came after its seal.
    pub late_after_seal: u64,
}

impl Totals {
    /// Replaces what a fan was in `round` by what the fan is, both by the version that made these totals: its key tells
    /// what an answer is counted as. Whether anything has changed.
    pub fn replace(&mut self, round: &Round, fan: &str, was: &Standing, is: &Standing) -> bool {
        if was == is {
            return false;
        }
        step(&mut self.joins, was.joined, is.joined);
        step(&mut self.wrong_format, was.wrong, is.wrong);
        if was.answer != is.answer {
            if let Some(counting) = &was.answer {
                self.take_out(round, fan, counting);
            }
            if let Some(counting) = &is.answer {
                self.put_in(round, fan, counting);
            }
        }
        true
    }

    /// What is left of them when every fan is counted anew: what came too late is no fan's.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            late_after_seal: self.late_after_seal,
            ..Self::default()
        }
    }

    /// Counts a fan who joins outside every round.
    pub(crate) fn join_outside(&mut self) {
        self.joins = self.joins.saturating_add(1);
    }

    fn put_in(&mut self, round: &Round, fan: &str, counting: &Counting) {
        match counted_as(&round.question, &counting.value) {
            Some(name) => match self.answers.get_mut(name.as_ref()) {
                Some(count) => *count = count.saturating_add(1),
                None => {
                    self.answers.insert(name.into_owned(), 1);
                }
            },
            None => self.others = self.others.saturating_add(1),
        }
        self.lines = self.lines.saturating_add(1);
        let hash = tally::line_hash(&counting.line(round.number, fan));
        self.digest = self.digest.wrapping_add(hash);
    }

    fn take_out(&mut self, round: &Round, fan: &str, counting: &Counting) {
        match counted_as(&round.question, &counting.value) {
            Some(name) => {
                if let Some(count) = self.answers.get_mut(name.as_ref()) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.answers.remove(name.as_ref());
                    }
                }
            }
            None => self.others = self.others.saturating_sub(1),
        }
        self.lines = self.lines.saturating_sub(1);
        let hash = tally::line_hash(&counting.line(round.number, fan));
        self.digest = self.digest.wrapping_sub(hash);
    }

    /// The record for `results`.
    #[must_use]
    pub fn tally(&self, campaign: &str, version: u32, round: Option<u16>, tick: i64) -> Tally {
        Tally {
            r#type: TALLY.to_owned(),
            v: TALLY_VERSION,
            campaign: campaign.to_owned(),
            version,
            round,
            tick,
            joins: self.joins,
            answers: self.answers.clone(),
            others: self.others,
            wrong_format: self.wrong_format,
            lines: self.lines,
            digest: Hex(self.digest.to_be_bytes()),
            late_after_seal: self.late_after_seal,
        }
    }

    fn of(tally: &Tally) -> Self {
        Self {
            joins: tally.joins,
            answers: tally.answers.clone(),
            others: tally.others,
            wrong_format: tally.wrong_format,
            lines: tally.lines,
            digest: u128::from_be_bytes(tally.digest.0),
            late_after_seal: tally.late_after_seal,
        }
    }

    /// Adds the totals of another partition.
    pub fn add(&mut self, other: &Self) {
        self.joins = self.joins.saturating_add(other.joins);
        self.others = self.others.saturating_add(other.others);
        self.wrong_format = self.wrong_format.saturating_add(other.wrong_format);
        self.lines = self.lines.saturating_add(other.lines);
        self.digest = self.digest.wrapping_add(other.digest);
        self.late_after_seal = self.late_after_seal.saturating_add(other.late_after_seal);
        for (value, fans) in &other.answers {
            let count = self.answers.entry(value.clone()).or_default();
            *count = count.saturating_add(*fans);
        }
    }
}

fn step(count: &mut u64, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count = count.saturating_add(1),
        (true, false) => *count = count.saturating_sub(1),
        _ => {}
    }
}

/// What the tallies of all partitions say of one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summed {
    /// The sum over the partitions.
    pub totals: Totals,
    /// The smallest and the largest campaign version that judged: they differ while a new version is on
    /// its way through the partitions.
    pub versions: (u32, u32),
    /// The newest tick at which one of them was written.
    pub tick: i64,
    /// How many partitions have said something.
    pub partitions: u32,
}

/// Sums tallies over partitions, per campaign and round. Of one partition the last that is given counts,
/// so they must come in the order of the log.
#[must_use]
pub fn sum_tallies(
    tallies: impl IntoIterator<Item = (u32, Tally)>,
) -> BTreeMap<(String, Option<u16>), Summed> {
    let mut latest = BTreeMap::new();
    for (partition, tally) in tallies {
        latest.insert((tally.campaign.clone(), tally.round, partition), tally);
    }
    let mut sums: BTreeMap<(String, Option<u16>), Summed> = BTreeMap::new();
    for ((campaign, round, _), tally) in latest {
        let fresh = Summed {
            versions: (tally.version, tally.version),
            tick: tally.tick,
            ..Summed::default()
        };
        let sum = sums.entry((campaign, round)).or_insert(fresh);
        sum.totals.add(&Totals::of(&tally));
        sum.versions = (
            sum.versions.0.min(tally.version),
            sum.versions.1.max(tally.version),
        );
        sum.tick = sum.tick.max(tally.tick);
        sum.partitions = sum.partitions.saturating_add(1);
    }
    sums
}

/// [`Totals`] as they are saved: the digest in hex, because JSON has no 128-bit numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedTotals {
    pub(crate) round: Option<u16>,
    pub(crate) changed: bool,
    joins: u64,
    answers: BTreeMap<String, u64>,
    #[serde(default)]
    others: u64,
    wrong_format: u64,
    lines: u64,
    digest: Hex<16>,
    #[serde(default)]
    late_after_seal: u64,
}

impl SavedTotals {
    pub(crate) fn new(round: Option<u16>, changed: bool, totals: &Totals) -> Self {
        Self {
            round,
            changed,
            joins: totals.joins,
            answers: totals.answers.clone(),
            others: totals.others,
            wrong_format: totals.wrong_format,
            lines: totals.lines,
            digest: Hex(totals.digest.to_be_bytes()),
            late_after_seal: totals.late_after_seal,
        }
    }

    pub(crate) fn totals(self) -> Totals {
        Totals {
            joins: self.joins,
            answers: self.answers,
            others: self.others,
            wrong_format: self.wrong_format,
            lines: self.lines,
            digest: u128::from_be_bytes(self.digest.0),
            late_after_seal: self.late_after_seal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Id;
    use campaign::{AnswerPolicy, Choice, Question, QuestionKind};

    /// Round 3, of any letter.
    fn round() -> Round {
        let options = ('A'..='D').map(|letter| Choice {
            letter,
            text: letter.to_string(),
            aliases: vec![],
            line: 1,
        });
        asked(QuestionKind::Poll, options.collect(), &[])
    }

    fn asked(kind: QuestionKind, options: Vec<Choice>, key: &[&str]) -> Round {
        Round {
            number: 3,
            open: 0,
            close: 300,
            question: Question {
                text: "?".into(),
                kind,
                options,
                key: key.iter().map(|key| (*key).to_owned()).collect(),
                policy: AnswerPolicy::First,
                points: 1,
                accept_voice: false,
                digits_as_letters: true,
                units: vec![],
                tolerance: 0,
                contains: false,
                forgive_one: false,
                only_key: false,
                max_chars: 100,
                line: 1,
            },
            line: 1,
        }
    }

    fn answered(value: &str) -> Standing {
        let answer = Counting {
            value: value.into(),
            create_time: 100,
            id: Id::Number(7),
        };
        Standing {
            joined: true,
            answer: Some(answer),
            wrong: false,
        }
    }

    #[test]
    fn a_fan_who_changes_leaves_no_trace_of_what_was() {
        let mut totals = Totals::default();
        let nothing = Standing::default();
        assert!(totals.replace(&round(), "o1", &nothing, &answered("A")));
        assert!(!totals.replace(&round(), "o1", &answered("A"), &answered("A")));
        let hash = tally::line_hash(&tally::line(3, "o1", "A", 100, "7"));
        assert_eq!((totals.lines, totals.joins, totals.digest), (1, 1, hash));
        totals.replace(&round(), "o1", &answered("A"), &answered("B"));
        assert_eq!(totals.answers, BTreeMap::from([("B".to_owned(), 1)]));
        totals.replace(&round(), "o1", &answered("B"), &nothing);
        assert_eq!(totals, Totals::default());
    }

    #[test]
    fn what_the_campaign_does_not_name_is_counted_together_and_taken_out_again() {
        let round = asked(QuestionKind::Text, vec![], &["小米"]);
        let mut totals = Totals::default();
        let nothing = Standing::default();
        for (fan, said) in [("o1", "小米"), ("o2", "大米"), ("o3", "红米")] {
            totals.replace(&round, fan, &nothing, &answered(said));
        }
        assert_eq!(totals.answers, BTreeMap::from([("小米".to_owned(), 1)]));
        assert_eq!((totals.others, totals.lines), (2, 3));
        totals.replace(&round, "o2", &answered("大米"), &answered("小米"));
        assert_eq!((totals.answers["小米"], totals.others), (2, 1));
        for (fan, said) in [("o1", "小米"), ("o2", "小米"), ("o3", "红米")] {
            totals.replace(&round, fan, &answered(said), &nothing);
        }
        assert_eq!(totals, Totals::default());
    }

    #[test]
    fn sums_take_the_latest_tally_of_each_partition() {
        let mut totals = Totals::default();
        totals.replace(&round(), "o1", &Standing::default(), &answered("A"));
        let tally = |totals: &Totals, version, tick| totals.tally("c", version, Some(3), tick);
        let early = (0, tally(&Totals::default(), 1, 10));
        let late = (0, tally(&totals, 2, 20));
        let other = (1, tally(&totals, 1, 15));
        let sums = sum_tallies([early, other, late]);
        let sum = &sums[&("c".to_owned(), Some(3))];
        assert_eq!((sum.totals.lines, sum.partitions, sum.tick), (2, 2, 20));
        assert_eq!(sum.versions, (1, 2));
        assert_eq!(sum.totals.digest, totals.digest.wrapping_mul(2));
    }

    #[test]
    fn totals_survive_being_saved() {
        let mut totals = Totals::default();
        totals.replace(&round(), "o1", &Standing::default(), &answered("A"));
        let json = serde_json::to_vec(&SavedTotals::new(Some(3), true, &totals)).unwrap();
        let back: SavedTotals = serde_json::from_slice(&json).unwrap();
        assert_eq!(back.totals(), totals);
        let with_others = Totals {
            others: 7,
            ..totals
        };
        let saved = SavedTotals::new(Some(3), true, &with_others);
        assert_eq!(saved.totals(), with_others);
    }
}
