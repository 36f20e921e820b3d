//! What became of units at one place of the log (Q-20, V-6): slots, stock, who has what. A record whose precondition
//! fails at its place is void here as it is for everyone. Never what should be given: that is [`super::due`].

use super::control::Found;
use super::entitled::Entitled;
use crate::oracle::standings::sha256;
use campaign::{Campaign, OnePrizePer, Prize, PrizeKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most units that get their secrets at once.
const MOST_SECRETS: usize = 1_000;

/// The slot of an award. In the order in which units are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    /// The draw, by the offset of its first result: a round that was skipped comes after those that did not wait for it.
    pub(super) draw: u64,
    /// Place of the award in the campaign file, from 1.
    pub(super) award: usize,
    pub(super) number: u64,
}

/// A unit that was given for a slot, and what became of it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) gift: &'a Found,
    class: String,
    pub(super) state: &'a str,
    /// Since when its winner can know, in seconds since 1970.
    pub(super) told: Option<i64>,
    by_hand: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn is_held(&self) -> bool {
        !["declined", "expired", "revoked"].contains(&self.state)
    }

    /// Whether its winner was not told by a private notice, and did nothing yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.state == "awarded"
    }

    pub(super) fn code(&self) -> &'a str {
        self.gift.text("code")
    }
}

/// Attempts by slot, and number among those of the slot.
type Tries = Vec<(u64, usize)>;

/// Units of one campaign.
#[derive(Debug, Default)]
pub(super) struct Units<'a> {
    slots: BTreeMap<Slot, Vec<Attempt<'a>>>,
    ids: BTreeMap<&'a str, Slot>,
    /// Units that somebody has, and those that are spent, by prize.
    taken: BTreeMap<&'a str, BTreeSet<u64>>,
    /// Units that have a secret, and those whose secret somebody was shown, by prize.
    stock: BTreeSet<(&'a str, u64)>,
    shown: BTreeSet<(&'a str, u64)>,
    /// How many units of a class a fan has.
    holding: BTreeMap<(&'a str, String), u64>,
    /// Attempts of a fan in an award after a draw.
    of_fan: BTreeMap<(u64, usize, &'a str), Tries>,
}

impl<'a> Units<'a> {
    /// Every slot that something was given for.
    pub(super) fn slots(&self) -> impl Iterator<Item = (&Slot, &[Attempt<'a>])> {
        self.slots.iter().map(|(slot, all)| (slot, &all[..]))
    }

    /// The slots of one award after a draw.
    pub(super) fn of(
        &self,
        draw: u64,
        award: usize,
    ) -> impl Iterator<Item = (u64, &[Attempt<'a>])> {
        let at = |number| Slot {
            draw,
            award,
            number,
        };
        let all = self.slots.range(at(0)..=at(u64::MAX));
        all.map(|(slot, all)| (slot.number, &all[..]))
    }

    /// Who has units of one award after a draw.
    pub(super) fn holders(&self, draw: u64, award: usize) -> impl Iterator<Item = &Attempt<'a>> {
        let last = self.of(draw, award).filter_map(|(_, all)| all.last());
        last.filter(|attempt| attempt.is_held())
    }

    /// Who has the unit of a slot.
    pub(super) fn holder(&self, slot: &Slot) -> Option<&Attempt<'a>> {
        let last = self.slots.get(slot)?.last();
        last.filter(|attempt| attempt.is_held())
    }

    /// Whether a fan cannot have a unit of an award again: he has one or had one, unless a correction took it.
    pub(super) fn was_tried(&self, draw: u64, award: usize, code: &str) -> bool {
        let attempts = self.of_fan.get(&(draw, award, code)).into_iter().flatten();
        let mut attempts = attempts.filter_map(|(number, nth)| {
            let slot = Slot {
                draw,
                award,
                number: *number,
            };
            self.slots.get(&slot)?.get(*nth)
        });
        attempts.any(|attempt| attempt.by_hand || attempt.state != "revoked")
    }

    /// Whether a fan has what excludes him from a prize.
    pub(super) fn has_one(&self, newest: &Campaign, prize: &str, code: &str) -> bool {
        let mut held = self.holding.range((code, String::new())..);
        match newest.eligible.one_prize_per {
            OnePrizePer::Nothing => false,
            OnePrizePer::Class => {
                let class = class_of(newest, prize).to_owned();
                self.holding.contains_key(&(code, class))
            }
            OnePrizePer::Campaign => held.next().is_some_and(|((of, _), _)| *of == code),
        }
    }

    /// The lowest unit from `first` to `last` that nobody has.
    pub(super) fn free(&self, prize: &str, first: u64, last: u64) -> Option<u64> {
        let taken = self.taken.get(prize).into_iter();
        let mut next = first;
        for unit in taken.flat_map(|taken| taken.range(first..)) {
            if *unit > next {
                break;
            }
            next = next.saturating_add(1);
        }
        (next <= last).then_some(next)
    }

    /// Whether a gift holds at its place, and of which slot it is.
    pub(super) fn slot_of(&self, newest: &Campaign, draw: &Entitled, gift: &Found) -> Option<Slot> {
        let (prize, code, number) = (gift.text("prize"), gift.text("code"), gift.number("slot"));
        let name = draw
            .round
            .map_or("final".to_owned(), |round| format!("round-{round:02}"));
        let id = |place: usize| sha256(&format!("{}\0{name}\0{place}\0{number}", newest.id));
        let mut awards = draw.awards.iter().filter(|award| award.prize == prize);
        let award = awards
            .find(|award| gift.text("award") == id(award.place))?
            .place;
        let order = draw.first;
        let slot = Slot {
            draw: order,
            award,
            number,
        };
        let attempts = self.slots.get(&slot).map_or(&[][..], Vec::as_slice);
        let next = u64::try_from(attempts.len())
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let (unit, units) = (
            gift.number("unit"),
            u64::from(prize_of(newest, prize)?.units),
        );
        let has_one = match newest.eligible.one_prize_per {
            OnePrizePer::Nothing => self.holders(order, award).any(|held| held.code() == code),
            OnePrizePer::Class | OnePrizePer::Campaign => self.has_one(newest, prize, code),
        };
        let holds = gift.number("result") == draw.at
            && number > 0
            && gift.number("place") > 0
            && attempts.last().is_none_or(|last| !last.is_held())
            && gift.number("attempt") == next
            && (1..=units).contains(&unit)
            && self.free(prize, unit, unit).is_some()
            && !has_one;
        holds.then_some(slot)
    }

    /// Takes a gift that holds.
    pub(super) fn give(&mut self, newest: &Campaign, slot: Slot, gift: &'a Found) {
        let (prize, code) = (gift.text("prize"), gift.text("code"));
        let class = class_of(newest, prize).to_owned();
        let attempts = self.slots.entry(slot).or_default();
        let of_fan = self
            .of_fan
            .entry((slot.draw, slot.award, code))
            .or_default();
        of_fan.push((slot.number, attempts.len()));
        self.ids.insert(gift.text("award"), slot);
        self.taken
            .entry(prize)
            .or_default()
            .insert(gift.number("unit"));
        *self.holding.entry((code, class.clone())).or_default() += 1;
        attempts.push(Attempt {
            gift,
            class,
            state: "awarded",
            told: None,
            by_hand: !gift.text("actor").is_empty(),
        });
    }

    /// The slot of a later step, if the step holds at its place.
    pub(super) fn stepped(&self, step: &Found) -> Option<Slot> {
        let slot = self.ids.get(step.text("award"))?;
        let last = self.slots.get(slot)?.last()?;
        let keys = [
            "v", "round", "result", "prize", "unit", "slot", "attempt", "place", "code",
        ];
        let same = keys.iter().all(|key| last.gift.act[*key] == step.act[*key]);
        let by_fan = step.act["claim"].is_object();
        (same && follows(last.state, step.text("state"), by_fan)).then_some(*slot)
    }

    /// Takes a later step that holds.
    pub(super) fn step(&mut self, slot: Slot, step: &'a Found) {
        let Some(last) = self.slots.get_mut(&slot).and_then(|all| all.last_mut()) else {
            return;
        };
        last.state = step.text("state");
        last.by_hand = !step.text("actor").is_empty();
        if last.state == "notified" {
            last.told = Some(step.time("at"));
        }
        if last.is_held() {
            return;
        }
        let (prize, unit) = (last.gift.text("prize"), last.gift.number("unit"));
        let key = (last.code(), last.class.clone());
        // Who was shown its secret may use it: then the unit is spent.
        if !self.shown.contains(&(prize, unit))
            && let Some(taken) = self.taken.get_mut(prize)
        {
            taken.remove(&unit);
        }
        if let Some(has) = self.holding.get_mut(&key) {
            *has = has.saturating_sub(1);
            if *has == 0 {
                self.holding.remove(&key);
            }
        }
    }

    /// Secrets for units of a prize: all of them hold, or none.
    pub(super) fn take_stock(&mut self, newest: &Campaign, act: &'a Found) {
        let prize = act.text("prize");
        let units = act.act["units"].as_array().into_iter().flatten();
        let units: Vec<u64> = units
            .map(|unit| unit["unit"].as_u64().unwrap_or(0))
            .collect();
        let distinct: BTreeSet<u64> = units.iter().copied().collect();
        let Some(of) = prize_of(newest, prize).filter(|of| of.kind == PrizeKind::Code) else {
            return;
        };
        let is_new = |unit: &u64| {
            (1..=u64::from(of.units)).contains(unit) && !self.stock.contains(&(prize, *unit))
        };
        let few = !units.is_empty() && units.len() <= MOST_SECRETS && distinct.len() == units.len();
        if few && units.iter().all(is_new) {
            self.stock
                .extend(units.into_iter().map(|unit| (prize, unit)));
        }
    }

    /// Somebody was shown the secret of a unit that its winner has.
    pub(super) fn show(&mut self, act: &'a Found) {
        let (prize, unit) = (act.text("prize"), act.number("unit"));
        let slot = self.ids.get(act.text("award"));
        let holder = slot.and_then(|slot| self.holder(slot));
        let keys = ["round", "prize", "unit", "attempt", "code"];
        let same = |gift: &Value| keys.iter().all(|key| gift[*key] == act.act[*key]);
        if holder.is_some_and(|held| same(&held.gift.act)) && self.stock.contains(&(prize, unit)) {
            self.shown.insert((prize, unit));
        }
    }

    /// A public text of a draw: whoever has a unit and was not told yet can know from now on.
    pub(super) fn publish(&mut self, draw: u64, at: i64) {
        for (slot, attempts) in &mut self.slots {
            if slot.draw != draw {
                continue;
            }
            if let Some(last) = attempts.last_mut().filter(|last| last.is_fresh()) {
                last.told = last.told.or(Some(at));
            }
        }
    }
}

pub(super) fn prize_of<'c>(newest: &'c Campaign, id: &str) -> Option<&'c Prize> {
    newest.prizes.iter().find(|prize| prize.id == id)
}

/// The class of a prize.
pub(super) fn class_of<'c>(newest: &'c Campaign, id: &'c str) -> &'c str {
    prize_of(newest, id).map_or(id, |prize| &prize.class)
}

/// Which steps follow which; `by_fan`, when a fan's own message is the reason, which waits for no notice.
fn follows(before: &str, after: &str, by_fan: bool) -> bool {
    match after {
        "notified" => before == "awarded",
        "claimed" => before == "notified" || (by_fan && before == "awarded"),
        "fulfilled" => before == "claimed",
        "declined" | "expired" | "revoked" => ["awarded", "notified"].contains(&before),
        _ => false,
    }
}
