//! What a correction changes: two results over the same cut and the same lots, held side by side.
//! Never sending, never stock.

use crate::entrant::EntrantCode;
use crate::field::Field;
use crate::rank::Won;
use campaign::Correction;
use std::collections::BTreeSet;

/// A fan whose points changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScoreChange {
    /// Who.
    pub code: EntrantCode,
    /// Points before.
    pub before: u64,
    /// Points now.
    pub after: u64,
}

/// What differs between two results of a round. Every list is sorted by code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Wrong or absent before, right now.
    pub newly_right: Vec<EntrantCode>,
    /// Right before, wrong or absent now.
    pub newly_wrong: Vec<EntrantCode>,
    /// Points changed.
    pub scores: Vec<ScoreChange>,
    /// Win now, and did not before.
    pub newly_winning: Vec<EntrantCode>,
    /// Won before, and do not now.
    pub no_longer_winning: Vec<EntrantCode>,
}

/// Compares two results of one round.
#[must_use]
pub fn diff(before: &Field<'_>, after: &Field<'_>, won_before: &[Won], won_now: &[Won]) -> Diff {
    let mut diff = Diff::default();
    let codes = |field: &Field<'_>| -> Vec<EntrantCode> {
        field.standings().iter().map(|s| s.code).collect()
    };
    let all: BTreeSet<EntrantCode> = codes(before).into_iter().chain(codes(after)).collect();
    for code in all {
        let state = |field: &Field<'_>| {
            let standing = field.get(code);
            standing.map_or((false, 0), |s| (s.correct > 0, s.points))
        };
        let ((was, points_before), (is, points_after)) = (state(before), state(after));
        if !was && is {
            diff.newly_right.push(code);
        }
        if was && !is {
            diff.newly_wrong.push(code);
        }
        if points_before != points_after {
            diff.scores.push(ScoreChange {
                code,
                before: points_before,
                after: points_after,
            });
        }
    }
    let set = |won: &[Won]| -> BTreeSet<EntrantCode> { won.iter().map(|w| w.code).collect() };
    let (old, new) = (set(won_before), set(won_now));
    diff.newly_winning = new.difference(&old).copied().collect();
    diff.no_longer_winning = old.difference(&new).copied().collect();
    diff
}

/// What is to be done about a slot or a fan after a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// He keeps what was announced.
    Keep(EntrantCode),
    /// He gets a unit of the reserve.
    FromReserve(EntrantCode),
    /// His unit, of which he was not told yet, goes back.
    Revoke(EntrantCode),
    /// He gets the unit of a slot that was taken back.
    Give(EntrantCode),
}

/// What a policy makes of changed winners; `notified` tells who was told already. Under `void` every unit
/// that nobody was told of goes back, and nobody new wins.
#[must_use]
pub fn remedies(
    policy: Correction,
    won_before: &[Won],
    won_now: &[Won],
    notified: impl Fn(EntrantCode) -> bool,
) -> Vec<Remedy> {
    let still = |code: EntrantCode| won_now.iter().any(|won| won.code == code);
    let had = |code: EntrantCode| won_before.iter().any(|won| won.code == code);
    let mut remedies = Vec::new();
    let mut freed = 0_usize;
    for won in won_before {
        let stays = match policy {
            Correction::KeepAnnounced => true,
            Correction::Replace => still(won.code) || notified(won.code),
            Correction::Void => notified(won.code),
        };
        freed = freed.saturating_add(usize::from(!stays));
        remedies.push(if stays {
            Remedy::Keep(won.code)
        } else {
            Remedy::Revoke(won.code)
        });
    }
    let rightful = won_now.iter().filter(|won| !had(won.code));
    match policy {
        Correction::KeepAnnounced => {
            remedies.extend(rightful.map(|won| Remedy::FromReserve(won.code)));
        }
        Correction::Replace => {
            remedies.extend(rightful.take(freed).map(|won| Remedy::Give(won.code)));
        }
        Correction::Void => {}
    }
    remedies
}
