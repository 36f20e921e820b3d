//! What a correction makes of units that were given by the result before it. Never the public text.

use super::draws::{Draw, Made};
use super::{Desk, Why};
use campaign::Correction;
use contest::{EntrantCode, Remedy, Won, remedies};
use control::ledger::{Held, Ledger, Place};
use record::rounds::UnitState;
use std::collections::BTreeSet;

impl Desk<'_> {
    /// Whether the draw was corrected and gives nothing any more.
    pub(super) fn is_void(&self, draw: &Draw<'_>) -> bool {
        draw.is_corrected() && self.newest.correction == Correction::Void
    }

    /// Revokes what the policy takes back.
    pub(super) fn take_back(&mut self, draw: &Draw<'_>) {
        if !draw.is_corrected() {
            return;
        }
        for made in &draw.awards {
            let revoked = |remedy| match remedy {
                Remedy::Revoke(code) => Some(code),
                _ => None,
            };
            let remedies = self.remedies(draw, made).into_iter();
            let revoked: BTreeSet<EntrantCode> = remedies.filter_map(revoked).collect();
            let held = self.ledger.of(draw.round, made.award);
            let held = held.filter_map(|(_, attempts)| attempts.last());
            let acts: Vec<_> = held
                .filter(|held| held.is_held() && revoked.contains(&code(held)))
                .map(|held| self.end(held, UnitState::Revoked, "the result was corrected"))
                .collect();
            for act in acts {
                self.step(draw, act);
            }
        }
    }

    /// Gives units of the reserve to the rightful winners whose slots others keep.
    pub(super) fn give_reserve(&mut self, draw: &Draw<'_>, made: &Made) {
        let prize_id = &made.recorded.prize;
        for remedy in self.remedies(draw, made) {
            let Remedy::FromReserve(winner) = remedy else {
                continue;
            };
            let winners = made.recorded.given.winners.iter();
            let Some(won) = winners.copied().find(|won| won.code == winner) else {
                continue;
            };
            if self.tried(draw, made).contains(&winner) || self.holds(prize_id, winner) {
                continue;
            }
            let used = self.ledger.of(draw.round, made.award).map(|(slot, _)| slot);
            let used = used.max().unwrap_or(0).max(made.recorded.mode.slots());
            let place = Place {
                round: draw.round,
                award: made.award,
                slot: used.saturating_add(1),
            };
            let unit = self.prize(prize_id).and_then(|prize| {
                let first = prize.units.saturating_sub(prize.reserve).saturating_add(1);
                self.ledger.free_unit(prize_id, first..=prize.units)
            });
            let Some(unit) = unit else {
                self.note(place, prize_id, Why::Reserve);
                continue;
            };
            let act = self.gift(
                draw,
                made,
                &place,
                unit,
                &won,
                "by correction, of the reserve",
            );
            self.hand(draw, &place, act);
        }
    }

    /// By the policy in force. What was given by the corrected result itself stays.
    fn remedies(&self, draw: &Draw<'_>, made: &Made) -> Vec<Remedy> {
        let after = After {
            round: draw.round,
            award: made.award,
            result: Some(draw.terms.result),
        };
        let now = &made.recorded.given.winners;
        remedies_after(&self.ledger, self.newest.correction, &after, &[], now)
    }
}

/// An award that a correction is about.
#[derive(Debug, Clone, Copy)]
pub struct After {
    /// The round; `None` for the final draw.
    pub round: Option<u16>,
    /// Place of the award in the campaign file, from 1.
    pub award: u32,
    /// Offset in `control` of the corrected result, once it stands: what was given by it stays.
    pub result: Option<u64>,
}

/// What a policy makes of those who have units of an award, and of those among `before` whose slot never had one: winners
/// by the record who wait for stock. Settled, so that neither `replace` nor `void` takes it back, is what its winner
/// can know of: he had the private notice, has done something about it, or stands in a public text.
#[must_use]
pub fn remedies_after(
    ledger: &Ledger,
    policy: Correction,
    after: &After,
    before: &[Won],
    now: &[Won],
) -> Vec<Remedy> {
    let mut have = Vec::new();
    let mut settled = BTreeSet::new();
    let mut slots = BTreeSet::new();
    for (slot, attempts) in ledger.of(after.round, after.award) {
        slots.insert(slot);
        let Some(held) = attempts.last().filter(|held| held.is_held()) else {
            continue;
        };
        have.push(Won {
            slot,
            place: held.given.place,
            code: code(held),
        });
        if held.is_told() || Some(held.given.result) == after.result {
            settled.insert(code(held));
        }
    }
    let waits = |won: &&Won| !slots.contains(&won.slot);
    have.extend(before.iter().filter(waits).copied());
    remedies(policy, &have, now, |code| settled.contains(&code))
}

/// The fan of an attempt.
pub(super) fn code(held: &Held) -> EntrantCode {
    EntrantCode(held.given.code.0)
}
