//! Who must get a unit for a slot of a draw: the winner by the record, or the next in the
//! ranking below everyone who was met. Never what was given.

use super::book::{Slot, Units, class_of, prize_of};
use super::entitled::{Entitled, OfAward, Won};
use crate::oracle::holders::Holders;
use campaign::{Campaign, Correction, WinnerMode};
use std::collections::BTreeMap;

/// The draws that stand, and what became of units, at one place of the log.
#[derive(Clone, Copy)]
pub(super) struct Desk<'b, 'a> {
    /// The version in force, whose stock and policies count.
    pub(super) newest: &'b Campaign,
    pub(super) draws: &'b BTreeMap<u64, Entitled>,
    pub(super) units: &'b Units<'a>,
    /// The contest's time, in seconds since 1970.
    pub(super) now: i64,
}

/// Who must get which unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) code: String,
    /// From 1.
    pub(super) place: u64,
    pub(super) unit: u64,
    /// Whether the record names him, for whom nobody has to look for an alternate.
    pub(super) is_named: bool,
}

/// Why nobody must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The draw was corrected under `void`.
    Void,
    /// After a correction as many have units as have won.
    MadeGood,
    /// The stock that is released is given.
    Stock,
    /// Nobody is left in the ranking.
    Nobody,
}

impl Why {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Void => "the draw was corrected and gives nothing any more",
            Self::MadeGood => "as many have units as have won",
            Self::Stock => "no unit was free that is released",
            Self::Nobody => "nobody is left who could have it",
        }
    }
}

impl Desk<'_, '_> {
    /// Who must get a unit for the slot of a winner now. Only for a slot that nobody has.
    pub(super) fn due(&self, draw: &Entitled, award: &OfAward, won: &Won) -> Result<Due, Why> {
        if draw.is_corrected && self.newest.correction == Correction::Void {
            return Err(Why::Void);
        }
        let named = self.named(draw, award, won);
        if named.is_none() && self.is_made_good(draw, award) {
            return Err(Why::MadeGood);
        }
        let prize = prize_of(self.newest, &award.prize).ok_or(Why::Stock)?;
        let available = u64::from(prize.available(self.now));
        let unit = self
            .units
            .free(&award.prize, 1, available)
            .ok_or(Why::Stock)?;
        let is_named = named.is_some();
        let (place, code) = match named {
            Some(named) => (named.place, named.code.clone()),
            None => self.alternate(draw, award, won.slot).ok_or(Why::Nobody)?,
        };
        Ok(Due {
            code,
            place,
            unit,
            is_named,
        })
    }

    fn can(&self, draw: &Entitled, award: &OfAward, code: &str) -> bool {
        !self.units.was_tried(draw.first, award.place, code)
            && !self.units.has_one(self.newest, &award.prize, code)
    }

    /// The winner by the record; after a correction also one whose own slot somebody keeps.
    fn named<'w>(&self, draw: &Entitled, award: &'w OfAward, won: &'w Won) -> Option<&'w Won> {
        if self.can(draw, award, &won.code) {
            return Some(won);
        }
        let is_kept = |other: &&Won| {
            let slot = Slot {
                draw: draw.first,
                award: award.place,
                number: other.slot,
            };
            self.units.holder(&slot).is_some()
        };
        let others = award.winners.iter().filter(|_| draw.is_corrected);
        let mut others = others.filter(is_kept);
        others.find(|other| self.can(draw, award, &other.code))
    }

    fn is_made_good(&self, draw: &Entitled, award: &OfAward) -> bool {
        let held = self.units.holders(draw.first, award.place).count();
        draw.is_corrected && held >= award.winners.len()
    }

    /// Place and code of the next below everyone who was met, where the slot's winner is looked for.
    fn alternate(&self, draw: &Entitled, award: &OfAward, slot: u64) -> Option<(u64, String)> {
        let (first, last) = reach(award.mode, slot);
        let winners = award.winners.iter().map(|won| won.place);
        let met = winners.chain(award.passed.iter().copied());
        let attempts = self.units.of(draw.first, award.place);
        let since = attempts.flat_map(|(_, attempts)| attempts);
        let since = since.filter(|attempt| attempt.gift.number("result") == draw.at);
        let met = met.chain(since.map(|attempt| attempt.gift.number("place")));
        let lowest = met.filter(|place| (first..=last).contains(place)).max();
        let promised = self.promised();
        let class = class_of(self.newest, &award.prize);
        let begin = match award.mode {
            WinnerMode::Nth { k } => u64::from(k),
            _ => first,
        };
        let below = (1..).zip(&award.ranked).skip_while(|(place, _)| {
            *place < begin || lowest.is_some_and(|lowest| *place <= lowest)
        });
        let mut below = below.take_while(|(place, _)| *place <= last);
        let next = below.find(|(_, fan)| {
            fan.bar.is_none()
                && self.can(draw, award, &fan.code)
                && !promised.holds(class, &fan.code)
        });
        next.map(|(place, fan)| (place, fan.code.clone()))
    }

    /// Winners of the results that stand who got no unit yet: they are no alternates elsewhere.
    fn promised(&self) -> Holders {
        let mut promised = Holders::new(self.newest.eligible.one_prize_per);
        let is_void =
            |draw: &Entitled| draw.is_corrected && self.newest.correction == Correction::Void;
        for (order, draw) in self.draws.iter().filter(|(_, draw)| !is_void(draw)) {
            for award in &draw.awards {
                let class = class_of(self.newest, &award.prize);
                for won in &award.winners {
                    if !self.units.was_tried(*order, award.place, &won.code) {
                        promised.add(class, &won.code);
                    }
                }
            }
        }
        promised
    }

    /// Holders of a corrected draw's award from whom the policy takes the unit. Settled is what its winner was told
    /// of: by a private notice in any case; by a public text, if `by_text` says so.
    pub(super) fn taken_back(&self, draw: &Entitled, award: &OfAward, by_text: bool) -> Vec<&str> {
        let holders = self.units.holders(draw.first, award.place);
        let holders = holders.filter(|_| draw.is_corrected);
        let stays = |code: &str, is_settled: bool| match self.newest.correction {
            Correction::KeepAnnounced => true,
            Correction::Replace => is_settled || award.winners.iter().any(|won| won.code == code),
            Correction::Void => is_settled,
        };
        let back = holders.filter(|held| {
            let is_told = !held.is_fresh() || (by_text && held.told.is_some());
            let is_settled = is_told || held.gift.number("result") == draw.at;
            !stays(held.code(), is_settled)
        });
        back.map(|held| held.code()).collect()
    }

    /// The next rightful winner of a corrected draw whose slot another keeps, and the unit of the reserve that he gets.
    pub(super) fn of_reserve<'w>(
        &self,
        draw: &Entitled,
        award: &'w OfAward,
    ) -> Option<(&'w Won, u64, u64)> {
        if !draw.is_corrected || self.newest.correction != Correction::KeepAnnounced {
            return None;
        }
        let order = draw.first;
        let had = |code: &str| {
            self.units
                .holders(order, award.place)
                .any(|held| held.code() == code)
        };
        let mut rightful = award.winners.iter().filter(|won| !had(&won.code));
        let won = rightful.find(|won| self.can(draw, award, &won.code))?;
        let prize = prize_of(self.newest, &award.prize)?;
        let first = prize.units.saturating_sub(prize.reserve).saturating_add(1);
        let unit = self
            .units
            .free(&award.prize, first.into(), prize.units.into())?;
        let used = self
            .units
            .of(order, award.place)
            .map(|(slot, _)| slot)
            .max();
        let slot = used
            .unwrap_or(0)
            .max(award.mode.slots().into())
            .saturating_add(1);
        Some((won, unit, slot))
    }
}

/// Places, from 1, among which the winner of a slot is looked for.
fn reach(mode: WinnerMode, slot: u64) -> (u64, u64) {
    match mode {
        WinnerMode::Every { k, .. } => {
            let first = u64::from(k).saturating_mul(slot);
            (first, first.saturating_add(u64::from(k).saturating_sub(1)))
        }
        _ => (1, u64::MAX),
    }
}
