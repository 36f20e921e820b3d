//! What the result of a draw lets its awards give, and to whom. Never what was given.

use super::record::Draw;
use crate::oracle::draws::{self, Ranked, unhex};
use crate::oracle::standings::awards_after;
use campaign::{Campaign, WinnerMode};
use serde_json::Value;
use std::collections::BTreeSet;

/// What the awards after a draw may give, and to whom.
#[derive(Debug, Clone)]
pub(super) struct Entitled {
    pub(super) round: Option<u16>,
    /// Offset of the first result.
    pub(super) first: u64,
    /// Offset of the result that stands.
    pub(super) at: u64,
    /// When it was made, in seconds since 1970.
    pub(super) time: i64,
    pub(super) is_corrected: bool,
    pub(super) record_sha256: String,
    pub(super) awards: Vec<OfAward>,
}

#[derive(Debug, Clone)]
pub(super) struct OfAward {
    /// Place in the campaign file, from 1.
    pub(super) place: usize,
    pub(super) prize: String,
    pub(super) mode: WinnerMode,
    pub(super) winners: Vec<Won>,
    /// Places that were passed over.
    pub(super) passed: BTreeSet<u64>,
    /// Everyone who could win, best first.
    pub(super) ranked: Vec<Ranked>,
}

/// A winner by the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Won {
    pub(super) slot: u64,
    /// From 1.
    pub(super) place: u64,
    pub(super) code: String,
}

/// Reads of a draw's record what its awards may give.
pub(super) fn of_draw(draw: &Draw<'_>, record: &Value) -> Entitled {
    let round = draw.found.round();
    let seed = unhex(record["seed"].as_str().unwrap_or_default());
    let mut recorded = record["awards"].as_array().into_iter().flatten();
    let awards = places(draw.campaign, round).map(|(place, award)| {
        let recorded = recorded.next().cloned().unwrap_or_default();
        let rows = |name: &str| recorded[name].as_array().cloned().unwrap_or_default();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap_or(0);
        let winner = |row: &Value| Won {
            slot: number(row, "slot"),
            place: number(row, "place"),
            code: row["code"].as_str().unwrap_or_default().to_owned(),
        };
        OfAward {
            place,
            prize: award.prize.clone(),
            mode: award.mode,
            winners: rows("winners").iter().map(winner).collect(),
            passed: rows("passed")
                .iter()
                .map(|row| number(row, "place"))
                .collect(),
            ranked: draws::ranking(draw.campaign, award, draw.standings, &seed),
        }
    });
    Entitled {
        round,
        first: draw.first.at,
        at: draw.found.at,
        time: draw.found.time("at"),
        is_corrected: draw.corrects.is_some(),
        record_sha256: draw.found.text("record_sha256").to_owned(),
        awards: awards.collect(),
    }
}

/// The awards after a draw with their places in the campaign file, from 1.
fn places(
    campaign: &Campaign,
    round: Option<u16>,
) -> impl Iterator<Item = (usize, &campaign::Award)> {
    let all = (1..).zip(&campaign.awards);
    all.filter(move |(_, award)| {
        awards_after(campaign, round).any(|made| std::ptr::eq(made, *award))
    })
}
