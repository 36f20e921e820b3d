//! What the result of a draw lets its awards give, and to whom; and its list, which was there before its secret.
//! Never what was given.

use super::contest::{Contest, Findings, name_of};
use super::record::Draw;
use crate::oracle::draws::{self, Ranked, unhex};
use crate::oracle::standings::awards_after;
use campaign::{Campaign, DrawLevel, WinnerMode};
use serde_json::Value;
use std::collections::BTreeSet;

/// What the awards after a draw may give, and to whom.
#[derive(Debug, Clone)]
pub(super) struct Entitled {
    pub(super) round: Option<u16>,
    /// Offset of the result that stands.
    pub(super) at: u64,
    pub(super) is_corrected: bool,
    pub(super) awards: Vec<OfAward>,
}

#[derive(Debug, Clone)]
pub(super) struct OfAward {
    /// Place in the campaign file, from 1.
    pub(super) place: usize,
    pub(super) prize: String,
    /// Slot, place and code.
    pub(super) winners: Vec<(u64, u64, String)>,
    /// Places that were passed over.
    pub(super) passed: BTreeSet<u64>,
    /// Everyone who could win, best first.
    pub(super) ranked: Vec<Ranked>,
    /// Whether the winner of a slot is looked for in the whole ranking.
    pub(super) is_plain: bool,
}

/// Reads of a draw what its awards may give, and holds its list against its result.
pub(super) fn of_draw(
    contest: &Contest<'_>,
    draw: &Draw<'_>,
    findings: &mut Findings,
) -> Option<Entitled> {
    list(contest, draw, findings);
    let bytes = draw.found.act["record"].as_str()?;
    let record: Value = serde_json::from_str(bytes).ok()?;
    let seed = unhex(record["seed"].as_str()?);
    let mut recorded = record["awards"].as_array()?.iter();
    let awards = places(draw.campaign, draw.round).map(|(place, award)| {
        let recorded = recorded.next().cloned().unwrap_or_default();
        let rows = |name: &str| recorded[name].as_array().cloned().unwrap_or_default();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap_or(0);
        let winner = |row: &Value| {
            let code = row["code"].as_str().unwrap_or_default().to_owned();
            (number(row, "slot"), number(row, "place"), code)
        };
        OfAward {
            place,
            prize: award.prize.clone(),
            winners: rows("winners").iter().map(winner).collect(),
            passed: rows("passed")
                .iter()
                .map(|row| number(row, "place"))
                .collect(),
            ranked: draws::ranking(draw.campaign, award, draw.standings, &seed),
            is_plain: !matches!(award.mode, WinnerMode::Every { .. }),
        }
    });
    Some(Entitled {
        round: draw.round,
        at: draw.found.at,
        is_corrected: draw.found.act["corrects"].is_u64(),
        awards: awards.collect(),
    })
}

/// The awards after a draw with their places in the campaign file, from 1.
pub(super) fn places(
    campaign: &Campaign,
    round: Option<u16>,
) -> impl Iterator<Item = (usize, &campaign::Award)> {
    let all = (1..).zip(&campaign.awards);
    all.filter(move |(_, award)| {
        awards_after(campaign, round).any(|made| std::ptr::eq(made, *award))
    })
}

/// The list of a draw at L1 and above stands before its secret is revealed, and is that of its result.
fn list(contest: &Contest<'_>, draw: &Draw<'_>, findings: &mut Findings) {
    let name = name_of(draw.round);
    let results = contest.control.results.get(&draw.round);
    let Some(first) = results.and_then(|all| all.first()) else {
        return;
    };
    let lists = contest.control.lists.get(&draw.round);
    let mut problem = |what: String| findings.problems.push(format!("{name}: {what}"));
    match lists.and_then(|all| all.first()) {
        None if draw.campaign.draw.level == DrawLevel::L0 => {}
        None => problem("no list was published before the result".to_owned()),
        Some(list) if list.at > first.at => {
            problem("the list was published after the result".to_owned());
        }
        Some(list) => {
            for (key, of_result) in [("list", "list"), ("count", "entrants"), ("ctl", "ctl")] {
                let (found, expected) = (&list.act[key], &first.act[of_result]);
                if found != expected {
                    problem(format!(
                        "{key} is {found} in the list, but {expected} in the result"
                    ));
                }
            }
        }
    }
}
