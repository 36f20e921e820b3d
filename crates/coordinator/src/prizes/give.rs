//! Units to winners in the order of slots, and to alternates in the order of the ranking. The walk goes on
//! below everyone who was ever met: never a second seed, never a refill.

use super::correct::code;
use super::draws::{Draw, Made};
use super::{Desk, Fields, Why};
use campaign::WinnerMode;
use contest::{Bar, Contender, EntrantCode, Field, Holders, Passed, Walk, Won, contenders};
use control::ledger::Place;
use record::SCHEMA_VERSION;
use record::hexed::Hex;
use record::rounds::{AwardAct, UnitState};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// So many who were passed over are named in an act; the others are counted.
const PASSED_NAMED: usize = 8;

/// Where an alternate is looked for.
struct Seek<'s> {
    draw: &'s Draw<'s>,
    made: &'s Made,
    promised: &'s Holders,
    /// Who cannot have the award's unit again.
    tried: BTreeSet<EntrantCode>,
    /// The ranking, once it was needed.
    ranking: Option<Vec<Contender>>,
}

impl Desk<'_> {
    /// Gives what there is to give. Why a slot stays open is said of what stands after all gifts, as one who looks then
    /// finds it: a unit that was free for it may have gone to another.
    pub(super) fn give_all(&mut self, draws: &[Draw<'_>], fields: &mut dyn Fields) {
        loop {
            let before = self.due.acts.len();
            let promised = self.promised(draws);
            for draw in draws {
                self.give(draw, &promised, fields);
            }
            if self.due.acts.len() == before || self.due.open.is_empty() {
                return;
            }
            self.due.open.clear();
        }
    }

    /// Gives what a draw has to give.
    fn give(&mut self, draw: &Draw<'_>, promised: &Holders, fields: &mut dyn Fields) {
        if self.is_void(draw) {
            return;
        }
        for made in &draw.awards {
            let mut seek = Seek {
                draw,
                made,
                promised,
                tried: self.tried(draw, made),
                ranking: None,
            };
            self.give_award(&mut seek, fields);
            if draw.is_corrected() {
                self.give_reserve(draw, made);
            }
        }
    }

    fn give_award(&mut self, seek: &mut Seek<'_>, fields: &mut dyn Fields) {
        let (draw, made) = (seek.draw, seek.made);
        let prize = &made.recorded.prize;
        let mut next_unit = 1;
        for won in &made.recorded.given.winners {
            let place = slot_of(draw, made, won.slot);
            if self.ledger.holder(&place).is_some() {
                continue;
            }
            let named = self.named(seek, won);
            if named.is_none() && self.is_made_good(draw, made) {
                continue;
            }
            let found = self.unit(prize, next_unit).and_then(|unit| {
                next_unit = unit;
                let (won, reason) = match named {
                    Some(named) => named,
                    None => self.alternate(seek, won, fields)?,
                };
                Ok(self.gift(draw, made, &place, unit, &won, &reason))
            });
            match found {
                Ok(act) => {
                    seek.tried.insert(EntrantCode(act.code.0));
                    self.hand(draw, &place, act);
                }
                Err(why) => self.note(place, prize, why),
            }
        }
    }

    /// The lowest free unit of the stock that is released, from this number on.
    fn unit(&self, prize: &str, from: u32) -> Result<u32, Why> {
        let prize = self.prize(prize).ok_or(Why::Stock)?;
        let available = prize.available(self.now);
        let free = self.ledger.free_unit(&prize.id, from..=available);
        free.ok_or_else(|| {
            let times = prize.release.iter().map(|(at, _)| *at);
            let mut more = times.filter(|at| prize.available(*at) > available);
            more.next().map_or(Why::Stock, Why::Release)
        })
    }

    /// The winner whom the record names for a slot; after a correction also one whose own slot another keeps.
    fn named(&self, seek: &Seek<'_>, won: &Won) -> Option<(Won, String)> {
        let prize = &seek.made.recorded.prize;
        let can = |won: &Won| !seek.tried.contains(&won.code) && !self.holds(prize, won.code);
        if can(won) {
            return Some((*won, String::new()));
        }
        let mut others = seek.made.recorded.given.winners.iter();
        let homeless = others.find(|other| {
            let place = slot_of(seek.draw, seek.made, other.slot);
            seek.draw.is_corrected() && self.ledger.holder(&place).is_some() && can(other)
        });
        homeless.map(|other| (*other, "by correction".to_owned()))
    }

    /// After a correction, whether as many hold units as have won, on whatever slots.
    fn is_made_good(&self, draw: &Draw<'_>, made: &Made) -> bool {
        let held = self.ledger.of(draw.round, made.award);
        let held = held.filter_map(|(_, attempts)| attempts.last());
        let winners = made.recorded.given.winners.len();
        draw.is_corrected() && held.filter(|held| held.is_held()).count() >= winners
    }

    /// The next in the ranking below everyone who was met, for the slot of a winner who cannot have it.
    fn alternate(
        &self,
        seek: &mut Seek<'_>,
        winner: &Won,
        fields: &mut dyn Fields,
    ) -> Result<(Won, String), Why> {
        if seek.ranking.is_none() {
            let field = fields.field(seek.draw.act);
            seek.ranking = field.and_then(|field| ranked(seek.draw, seek.made, field));
        }
        let ranking = seek.ranking.as_deref().ok_or(Why::Standings)?;
        let mode = seek.made.recorded.mode;
        let prize = &seek.made.recorded.prize;
        let class = self.class(prize);
        let (first, last) = reach(mode, winner.slot);
        let met = self.met(seek);
        let met = met.filter(|place| (first..=last).contains(place));
        let lowest = size(met.max().unwrap_or(0)).min(ranking.len());
        let above = ranking[..lowest].iter().map(|contender| contender.code);
        let mut walk = Walk::after(ranking, mode, above.chain(seek.tried.iter().copied()));
        let (won, over) = walk.next(winner.slot, |contender| {
            let has =
                self.holds(prize, contender.code) || seek.promised.holds(&class, contender.code);
            contender.bar.or(has.then_some(Bar::AlreadyHolds))
        });
        let mut passed = Vec::new();
        if !seek.tried.contains(&winner.code) {
            // He won, and got such a prize elsewhere before its unit could be given.
            passed.push(Passed {
                place: winner.place,
                code: winner.code,
                bar: Bar::AlreadyHolds,
            });
        }
        passed.extend(over);
        won.map(|won| (won, passed_text(&passed)))
            .ok_or(Why::Nobody)
    }

    /// Places in this ranking that were met: by the record, and by attempts since.
    fn met(&self, seek: &Seek<'_>) -> impl Iterator<Item = u32> {
        let Seek { draw, made, .. } = seek;
        let given = &made.recorded.given;
        let recorded = given.winners.iter().map(|won| won.place);
        let recorded = recorded.chain(given.passed.iter().map(|passed| passed.place));
        let attempts = self
            .ledger
            .of(draw.round, made.award)
            .flat_map(|(_, attempts)| attempts);
        let since = attempts.filter(|held| held.given.result == draw.terms.result);
        recorded.chain(since.map(|held| held.given.place))
    }

    /// Everyone who has or had a unit of the award, but for those from whom a correction took it.
    pub(super) fn tried(&self, draw: &Draw<'_>, made: &Made) -> BTreeSet<EntrantCode> {
        let attempts = self
            .ledger
            .of(draw.round, made.award)
            .flat_map(|(_, attempts)| attempts);
        attempts
            .filter(|held| held.by_hand || held.state != UnitState::Revoked)
            .map(code)
            .collect()
    }

    pub(super) fn holds(&self, prize: &str, code: EntrantCode) -> bool {
        let per = self.newest.eligible.one_prize_per;
        self.ledger.holds(per, &self.class(prize), Hex(code.0))
    }

    /// The act that gives a unit.
    pub(super) fn gift(
        &self,
        draw: &Draw<'_>,
        made: &Made,
        place: &Place,
        unit: u32,
        won: &Won,
        reason: &str,
    ) -> AwardAct {
        let attempts = self.ledger.attempts(place).len();
        AwardAct {
            v: SCHEMA_VERSION,
            campaign: self.newest.id.clone(),
            round: draw.round,
            result: draw.terms.result,
            award: place.id(&self.newest.id),
            prize: made.recorded.prize.clone(),
            unit,
            slot: place.slot,
            attempt: u32::try_from(attempts)
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            place: won.place,
            code: Hex(won.code.0),
            state: UnitState::Awarded,
            claim: None,
            actor: String::new(),
            reason: reason.to_owned(),
            at: self.now,
        }
    }
}

fn slot_of(draw: &Draw<'_>, made: &Made, slot: u32) -> Place {
    Place {
        round: draw.round,
        award: made.award,
        slot,
    }
}

/// The ranking of an award; none when these are not the standings that the result was made of.
fn ranked(draw: &Draw<'_>, made: &Made, field: &Field<'_>) -> Option<Vec<Contender>> {
    let (seed, ranking) = draw.lots()?;
    let (mode, among) = (made.recorded.mode, made.recorded.among);
    (field.digest() == draw.act.standings.0).then(|| contenders(field, mode, among, ranking, &seed))
}

/// Places, from 1, among which the winner of a slot is looked for.
fn reach(mode: WinnerMode, slot: u32) -> (u32, u32) {
    match mode {
        WinnerMode::Every { k, .. } => {
            let first = k.saturating_mul(slot);
            (first, first.saturating_add(k.saturating_sub(1)))
        }
        _ => (1, u32::MAX),
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What an act says of who was passed over: places and reasons.
fn passed_text(passed: &[Passed]) -> String {
    let mut text = "alternate".to_owned();
    for (number, passed) in passed.iter().take(PASSED_NAMED).enumerate() {
        let lead = if number == 0 { "; passed over: " } else { ", " };
        // Writing to a String cannot fail.
        write!(text, "{lead}place {} {}", passed.place, passed.bar.name()).unwrap_or_default();
    }
    if passed.len() > PASSED_NAMED {
        let more = passed.len().saturating_sub(PASSED_NAMED);
        write!(text, " and {more} more").unwrap_or_default();
    }
    text
}
