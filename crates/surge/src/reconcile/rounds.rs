//! The rounds of the manifest beside those of the tallies: who joined, what was answered, what was no answer.

use super::results::{Results, Sums};
use super::verdict::{Pair, Round};
use crate::manifest;
use crate::oracle::standings::sha256;
use std::collections::BTreeMap;

/// Every round that the manifest or the log knows. `by_value` tells that the manifest counts every answer by its value.
pub(super) fn beside(totals: &[manifest::Round], by_value: bool, results: &Results) -> Vec<Round> {
    let expected: BTreeMap<Option<u16>, Sums> = totals
        .iter()
        .map(|round| {
            let sums = Sums {
                joins: round.joins,
                answers: round.answers.clone(),
                others: round.others,
                by_value,
                wrong_format: round.wrong_format,
                lines: round.lines,
                digest: crate::wire::number_of_hex(&round.sum).unwrap_or(0),
                late_after_seal: 0,
            };
            (round.round, sums)
        })
        .collect();
    let mut numbers: Vec<Option<u16>> = expected
        .keys()
        .chain(results.rounds.keys())
        .copied()
        .collect();
    // Rounds in order, and last what lies outside them.
    numbers.sort_by_key(|number| (number.is_none(), *number));
    numbers.dedup();
    let nothing = Sums::default();
    numbers
        .into_iter()
        .map(|number| {
            let expected = expected.get(&number).unwrap_or(&nothing);
            let found = results.rounds.get(&number).unwrap_or(&nothing);
            let differ = expected.by_value != found.by_value;
            let (expected, found) = match differ {
                true => (&expected.nameless(), &found.nameless()),
                false => (expected, found),
            };
            Round {
                round: number,
                joins: Pair {
                    expected: expected.joins,
                    found: found.joins,
                },
                answers: Pair {
                    expected: as_exported(without_zeros(&expected.answers), &found.answers),
                    found: without_zeros(&found.answers),
                },
                others: Pair {
                    expected: expected.others,
                    found: found.others,
                },
                wrong_format: Pair {
                    expected: expected.wrong_format,
                    found: found.wrong_format,
                },
                sum: Pair {
                    expected: format!("{:032x}", expected.digest),
                    found: format!("{:032x}", found.digest),
                },
            }
        })
        .collect()
}

fn without_zeros(answers: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    answers
        .iter()
        .filter(|(_, fans)| **fans > 0)
        .map(|(a, fans)| (a.clone(), *fans))
        .collect()
}

/// The answers as an export without bodies spells them, where it has done so: what a fan wrote himself is shown as the
/// first half of its SHA-256.
fn as_exported(
    answers: BTreeMap<String, u64>,
    found: &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let spelled = |answer: String| {
        let hash: String = sha256(&answer).chars().take(32).collect();
        let hashed = format!("#{hash}");
        if found.contains_key(&hashed) {
            hashed
        } else {
            answer
        }
    };
    answers
        .into_iter()
        .map(|(answer, fans)| (spelled(answer), fans))
        .collect()
}
