//! Reads the tallies of an export: the latest of each partition and round, summed over the partitions.

use super::accepted::{Chains, Place};
use super::lines::{self, Exported, LinesError, Tail, excerpt};
use crate::wire::number_of_hex;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// Since this version of its schema a tally counts answers that the campaign file does not name as `others`.
const TALLY_NAMED_SINCE: u16 = 2;

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    pos: Option<(u64, u32)>,
    #[serde(default)]
    prev: Option<(u64, u32)>,
    #[serde(borrow, default)]
    campaign: Cow<'a, str>,
    #[serde(default)]
    round: Option<u16>,
    #[serde(flatten)]
    tally: Option<Tally>,
}

#[derive(Clone, Deserialize)]
struct Tally {
    v: u16,
    joins: u64,
    answers: BTreeMap<String, u64>,
    #[serde(default)]
    others: u64,
    wrong_format: u64,
    lines: u64,
    digest: String,
    #[serde(default)]
    late_after_seal: u64,
}

/// Sums over all partitions of one round, or of the time outside all rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Fans who joined.
    pub joins: u64,
    /// Fans per counting answer that the campaign file names.
    pub answers: BTreeMap<String, u64>,
    /// Fans with another counting answer.
    pub others: u64,
    /// Whether there are no others, because every answer was counted by its value.
    pub by_value: bool,
    /// Fans with a wrong format and no counting answer.
    pub wrong_format: u64,
    /// Fans with a counting answer.
    pub lines: u64,
    /// Sum modulo 2^128 of the hashes of the lines.
    pub digest: u128,
    /// Messages that came after the seal.
    pub late_after_seal: u64,
}

/// What the tallies say.
#[derive(Debug, Default)]
pub struct Results {
    /// By round; `None` is outside every round.
    pub rounds: BTreeMap<Option<u16>, Sums>,
    /// Tallies that were read.
    pub tallies: u64,
}

impl Results {
    /// Sums over all rounds.
    #[must_use]
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.rounds.values().for_each(|sums| total.add(sums));
        total
    }
}

impl Sums {
    /// The same without names of answers: what is left to compare with sums whose answers were counted otherwise. Which
    /// answers they are, the lines' hashes tell.
    #[must_use]
    pub fn nameless(&self) -> Self {
        Self {
            answers: BTreeMap::new(),
            others: self.others + self.answers.values().sum::<u64>(),
            ..self.clone()
        }
    }

    fn add(&mut self, other: &Self) {
        self.joins += other.joins;
        self.others += other.others;
        self.by_value |= other.by_value;
        self.wrong_format += other.wrong_format;
        self.lines += other.lines;
        self.late_after_seal += other.late_after_seal;
        self.digest = self.digest.wrapping_add(other.digest);
        for (answer, fans) in &other.answers {
            *self.answers.entry(answer.clone()).or_default() += fans;
        }
    }
}

type Found = (Place, Option<u16>, Sums);

/// Reads `results.jsonl`; tallies of other campaigns are passed over.
///
/// # Errors
/// [`LinesError`].
pub fn read(path: &Path, campaign: &str) -> Result<Results, LinesError> {
    let mut latest: BTreeMap<(Option<u16>, u32), Sums> = BTreeMap::new();
    let mut chains = Chains::default();
    let mut results = Results::default();
    lines::fold(
        path,
        Tail::Whole,
        |lines| parse(lines, campaign),
        |found: Vec<(Place, Option<Found>)>| {
            for (place, tally) in found {
                if let (true, Some((place, round, sums))) = (chains.accept(place), tally) {
                    latest.insert((round, place.partition), sums);
                    results.tallies += 1;
                }
            }
        },
    )?;
    for ((round, _), sums) in latest {
        results.rounds.entry(round).or_default().add(&sums);
    }
    Ok(results)
}

fn parse(
    lines: &mut dyn Iterator<Item = &[u8]>,
    campaign: &str,
) -> Result<Vec<(Place, Option<Found>)>, String> {
    lines
        .map(|line| {
            let Exported::<Value<'_>> { partition, value } = serde_json::from_slice(line)
                .map_err(|error| format!("{} is no exported record: {error}", excerpt(line)))?;
            let place = Place {
                partition,
                pos: value.pos,
                prev: value.prev,
            };
            if value.r#type != "tally" || value.campaign != campaign {
                return Ok((place, None));
            }
            let bad = || format!("{} is no tally", excerpt(line));
            let tally = value.tally.ok_or_else(bad)?;
            let digest = number_of_hex(&tally.digest).ok_or_else(bad)?;
            let Tally {
                v,
                joins,
                answers,
                others,
                wrong_format,
                lines,
                late_after_seal,
                ..
            } = tally;
            let sums = Sums {
                joins,
                answers,
                others,
                by_value: v < TALLY_NAMED_SINCE,
                wrong_format,
                lines,
                digest,
                late_after_seal,
            };
            Ok((place, Some((place, value.round, sums))))
        })
        .collect()
}
