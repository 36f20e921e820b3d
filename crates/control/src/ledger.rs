//! The awards of one campaign: units given, their steps, public texts (Q-20, Q-31, V-6). Never the log: that is
//! [`crate::awards`].

pub use crate::held::Held;
use campaign::{After, Award, Campaign, OnePrizePer};
use record::hexed::Hex;
use record::rounds::{Announcement, AwardAct, UnitState};
use record::stock::ShownAct;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The slot of an award: what one unit at a time can be given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The round; `None` for the final draw.
    pub round: Option<u16>,
    /// Place of the award in the campaign file, from 1.
    pub award: u32,
    /// Number of the slot, from 1; above those of the award's mode for units of the reserve.
    pub slot: u32,
}

impl Place {
    /// `award_id`: SHA-256 of campaign, name of the draw, place of the award and slot, the numbers in
    /// decimal digits, with a zero byte between them.
    #[must_use]
    pub fn id(&self, campaign: &str) -> Hex<32> {
        let draw = contest::draw_name(self.round);
        let text = format!("{campaign}\0{draw}\0{}\0{}", self.award, self.slot);
        record::identity::sha256(text.as_bytes())
    }
}

/// What a step is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Offset of the result that stands.
    pub result: u64,
    /// The version of the campaign that it was judged by.
    pub judged: &'a Campaign,
    /// The version in force, whose stock counts.
    pub newest: &'a Campaign,
}

/// The awards of one campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Every attempt of a slot, the last one in force.
    slots: BTreeMap<Place, Vec<Held>>,
    ids: BTreeMap<Hex<32>, Place>,
    /// Units that somebody has, and those that are spent, by prize.
    taken: BTreeMap<String, BTreeSet<u32>>,
    /// Units whose secret somebody was shown: they are spent, whatever becomes of the award.
    shown: BTreeSet<(String, u32)>,
    /// How many units of a class a fan has.
    holding: BTreeMap<(Hex<16>, String), u32>,
    announcements: BTreeMap<Option<u16>, (u64, Announcement)>,
}

impl Ledger {
    /// Every slot that a unit was ever given for, with its attempts in their order.
    pub fn slots(&self) -> impl Iterator<Item = (&Place, &[Held])> {
        self.slots.iter().map(|(place, held)| (place, &held[..]))
    }

    /// The attempts of one award after a draw, by slot.
    pub fn of(&self, round: Option<u16>, award: u32) -> impl Iterator<Item = (u32, &[Held])> {
        let place = |slot| Place { round, award, slot };
        let all = self.slots.range(place(0)..=place(u32::MAX));
        all.map(|(place, held)| (place.slot, &held[..]))
    }

    /// The attempts of a slot, the last one in force.
    #[must_use]
    pub fn attempts(&self, place: &Place) -> &[Held] {
        self.slots.get(place).map_or(&[], Vec::as_slice)
    }

    /// Who has the unit of a slot.
    #[must_use]
    pub fn holder(&self, place: &Place) -> Option<&Held> {
        self.attempts(place).last().filter(|held| held.is_held())
    }

    /// Whether somebody was shown the secret of a unit; then nobody else gets it (V-6).
    #[must_use]
    pub fn is_shown(&self, prize: &str, unit: u32) -> bool {
        self.shown.contains(&(prize.to_owned(), unit))
    }

    /// Takes note that somebody was shown the secret of a unit, if it has one, and the claim of its winner.
    pub(crate) fn show(&mut self, act: &ShownAct, has_secret: bool) -> Result<(), String> {
        let place = self.ids.get(&act.award);
        let held = place.and_then(|place| self.holder(place));
        let held = held.filter(|held| {
            let given = &held.given;
            (given.round, &given.prize, given.unit) == (act.round, &act.prize, act.unit)
                && (given.attempt, given.code) == (act.attempt, act.code)
        });
        let held = held.ok_or("no winner has that unit by that award")?;
        if has_secret {
            self.shown.insert((act.prize.clone(), act.unit));
        } else if held.claim.is_none() {
            let (unit, prize) = (act.unit, &act.prize);
            return Err(format!(
                "unit {unit} of {prize:?} has no secret, and nobody's claim"
            ));
        }
        Ok(())
    }

    /// The lowest unit of a prize within these numbers that nobody has.
    #[must_use]
    pub fn free_unit(&self, prize: &str, within: RangeInclusive<u32>) -> Option<u32> {
        let (mut next, last) = within.clone().into_inner();
        if let Some(taken) = self.taken.get(prize).filter(|_| next <= last) {
            for unit in taken.range(within) {
                if *unit > next {
                    break;
                }
                next = unit.checked_add(1)?;
            }
        }
        (next <= last).then_some(next)
    }

    /// Whether a further unit of this class would be one too many for a fan.
    #[must_use]
    pub fn holds(&self, per: OnePrizePer, class: &str, code: Hex<16>) -> bool {
        match per {
            OnePrizePer::Nothing => false,
            OnePrizePer::Class => self.holding.contains_key(&(code, class.to_owned())),
            OnePrizePer::Campaign => {
                let mut first = self.holding.range((code, String::new())..);
                first.next().is_some_and(|((holder, _), _)| *holder == code)
            }
        }
    }

    /// Whether a fan has a unit of the same award after the same draw: nobody wins an award twice.
    fn is_winner(&self, place: &Place, code: Hex<16>) -> bool {
        let mut of_award = self.of(place.round, place.award);
        of_award.any(|(_, attempts)| {
            let held = attempts.last().filter(|held| held.is_held());
            held.is_some_and(|held| held.given.code == code)
        })
    }

    /// The public text of a draw that stands, and its offset in `control`.
    #[must_use]
    pub fn announcement(&self, round: Option<u16>) -> Option<&(u64, Announcement)> {
        self.announcements.get(&round)
    }

    /// Whether a step holds, and of which slot it is.
    ///
    /// # Errors
    /// Why it is void.
    pub fn judge(&self, act: &AwardAct, terms: &Terms<'_>) -> Result<Place, String> {
        if act.claim.is_some() && (act.state != UnitState::Claimed || !act.actor.is_empty()) {
            return Err("a fan's message claims a unit and does nothing else".to_owned());
        }
        if act.state == UnitState::Awarded {
            return self.judge_given(act, terms);
        }
        let place = self.ids.get(&act.award).copied();
        let last = place.and_then(|place| Some((place, self.slots.get(&place)?.last()?)));
        let (place, last) = last.ok_or("no unit was given for that award")?;
        let same = AwardAct {
            state: UnitState::Awarded,
            claim: None,
            actor: last.given.actor.clone(),
            reason: last.given.reason.clone(),
            at: last.given.at,
            ..act.clone()
        };
        if same != last.given {
            return Err(format!(
                "it is not about attempt {} of slot {}",
                last.given.attempt, last.given.slot
            ));
        }
        if let Some(claim) = &act.claim {
            let holds = last.is_claimed_by(claim, terms.newest);
            return holds.then_some(place).ok_or_else(|| {
                format!(
                    "the unit is {}, or the claim is not of its time",
                    name(last.state)
                )
            });
        }
        if follows(last.state, act.state) {
            Ok(place)
        } else {
            Err(format!(
                "the unit is {}: it cannot become {}",
                name(last.state),
                name(act.state)
            ))
        }
    }

    fn judge_given(&self, act: &AwardAct, terms: &Terms<'_>) -> Result<Place, String> {
        if act.result != terms.result {
            return Err("another result stands".to_owned());
        }
        let place = place_of(act, terms.judged)?;
        let prize = terms.newest.prizes.iter().find(|p| p.id == act.prize);
        let prize = prize.ok_or_else(|| format!("there is no prize {:?}", act.prize))?;
        if act.unit == 0 || act.unit > prize.units {
            return Err(format!("prize {:?} has no unit {}", prize.id, act.unit));
        }
        let attempts = self.attempts(&place);
        if attempts.last().is_some_and(Held::is_held) {
            return Err(format!("slot {} is given", act.slot));
        }
        if usize::try_from(act.attempt).ok() != Some(attempts.len().saturating_add(1)) {
            return Err(format!("it is not the next attempt of slot {}", act.slot));
        }
        let taken = self.taken.get(&act.prize);
        if taken.is_some_and(|taken| taken.contains(&act.unit)) {
            return Err(format!("unit {} of {:?} is given", act.unit, act.prize));
        }
        let per = terms.newest.eligible.one_prize_per;
        let again = per == OnePrizePer::Nothing && self.is_winner(&place, act.code);
        if again || self.holds(per, &prize.class, act.code) {
            return Err("the fan has such a prize".to_owned());
        }
        Ok(place)
    }

    /// Takes a step.
    ///
    /// # Errors
    /// Why it is void; nothing has changed then.
    pub fn step(&mut self, act: &AwardAct, terms: &Terms<'_>) -> Result<(), String> {
        let place = self.judge(act, terms)?;
        let attempts = self.slots.entry(place).or_default();
        if act.state == UnitState::Awarded {
            let prizes = &terms.newest.prizes;
            let prize = prizes.iter().find(|prize| prize.id == act.prize);
            let class = prize.map_or_else(|| act.prize.clone(), |prize| prize.class.clone());
            let has = self.holding.entry((act.code, class.clone())).or_default();
            *has = has.saturating_add(1);
            let taken = self.taken.entry(act.prize.clone()).or_default();
            taken.insert(act.unit);
            self.ids.insert(act.award, place);
            attempts.push(Held {
                given: act.clone(),
                class,
                state: UnitState::Awarded,
                since: act.at,
                told: None,
                by_hand: !act.actor.is_empty(),
                claim: None,
            });
            return Ok(());
        }
        let Some(held) = attempts.last_mut() else {
            return Ok(());
        };
        held.state = act.state;
        held.since = act.at;
        held.by_hand = !act.actor.is_empty();
        if act.claim.is_some() {
            held.claim.clone_from(&act.claim);
        }
        if act.state == UnitState::Notified {
            held.told = Some(act.at);
        }
        if !held.is_held() {
            // Who was shown its secret may use it: then the unit is spent and goes to nobody else.
            let spent = self.shown.contains(&(act.prize.clone(), act.unit));
            if let Some(taken) = self.taken.get_mut(&act.prize).filter(|_| !spent) {
                taken.remove(&act.unit);
            }
            let key = (act.code, held.class.clone());
            if let Some(has) = self.holding.get_mut(&key) {
                *has = has.saturating_sub(1);
                if *has == 0 {
                    self.holding.remove(&key);
                }
            }
        }
        Ok(())
    }

    /// Takes a public text; `result` is the offset of the result that stands.
    ///
    /// # Errors
    /// Why it is void.
    pub fn announce(&mut self, offset: u64, act: &Announcement, result: u64) -> Result<(), String> {
        if act.result != result {
            return Err("another result stands".to_owned());
        }
        let before = self.announcements.get(&act.round);
        if act.text.is_empty()
            || before.is_some_and(|(_, b)| (b.result, &b.text) == (result, &act.text))
        {
            return Err("it says nothing new".to_owned());
        }
        let slots = self.slots.iter_mut();
        for (_, attempts) in slots.filter(|(place, _)| place.round == act.round) {
            if let Some(held) = attempts.last_mut().filter(|held| held.is_fresh()) {
                held.told = held.told.or(Some(act.at));
            }
        }
        self.announcements.insert(act.round, (offset, act.clone()));
        Ok(())
    }
}

/// Which steps of an operator, and of time, follow which; a fan's own claim does not wait for a notice.
fn follows(before: UnitState, after: UnitState) -> bool {
    use UnitState as U;
    match after {
        U::Awarded => false,
        U::Notified => before == U::Awarded,
        U::Claimed => before == U::Notified,
        U::Fulfilled => before == U::Claimed,
        U::Declined | U::Expired | U::Revoked => matches!(before, U::Awarded | U::Notified),
    }
}

/// The name of a state in records.
#[must_use]
pub fn name(state: UnitState) -> &'static str {
    match state {
        UnitState::Awarded => "awarded",
        UnitState::Notified => "notified",
        UnitState::Claimed => "claimed",
        UnitState::Fulfilled => "fulfilled",
        UnitState::Declined => "declined",
        UnitState::Expired => "expired",
        UnitState::Revoked => "revoked",
    }
}

/// The awards that are made after a draw, with their places in the campaign file, from 1.
pub fn awards_after(
    campaign: &Campaign,
    round: Option<u16>,
) -> impl Iterator<Item = (u32, &Award)> {
    let made = move |award: &Award| match round {
        Some(round) => award.follows(round),
        None => award.after == After::LastRound,
    };
    (1..)
        .zip(&campaign.awards)
        .filter(move |(_, award)| made(award))
}

/// The slot that an act names by its award id: one of an award of that prize after that draw.
fn place_of(act: &AwardAct, judged: &Campaign) -> Result<Place, String> {
    let (round, slot) = (act.round, act.slot);
    let mut places = awards_after(judged, round)
        .filter(|(_, award)| award.prize == act.prize)
        .map(|(award, _)| Place { round, award, slot });
    let found = places.find(|place| place.id(&act.campaign) == act.award);
    let found = found.filter(|_| slot > 0 && act.place > 0);
    found.ok_or_else(|| format!("there is no such award of {:?}", act.prize))
}
