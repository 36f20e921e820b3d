//! Replays what `control` says of units in its order, and holds each gift and each step against what the results ask for
//! at its place (Q-18, Q-20, Q-21, Q-22, V-6), and in the end what is still to be given. Pure; one line for each difference.

use super::book::{Slot, Units, prize_of};
use super::contest::{Contest, Findings, name_of};
use super::control::Found;
use super::due::Desk;
use super::entitled::{Entitled, OfAward};
use super::texts::Texts;
use super::walk::Stands;
use campaign::Campaign;
use std::collections::{BTreeMap, BTreeSet};

/// How much later than its time a claim may still reach the log, in seconds of ticks.
const CLAIM_GRACE_S: i64 = 35;

/// Units are given by ticks, which come once a minute where no round is open; an operator's correction by the clock.
const TICK_S: i64 = 60;

/// What became of the units of a prize.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Given {
    /// Given, alternates among them.
    pub given: u64,
    /// With their winners in the end.
    pub held: u64,
    /// Declined, expired or revoked.
    pub returned: u64,
}

/// Draws that stand, and their units, at one place of the log.
pub(super) struct Book<'a> {
    pub(super) contest: &'a Contest<'a>,
    pub(super) draws: BTreeMap<u64, Entitled>,
    pub(super) units: Units<'a>,
    /// Slots of winners who have no unit, in the order in which units are given.
    waiting: BTreeSet<Slot>,
    pub(super) texts: Texts<'a>,
    problems: Vec<String>,
}

impl<'a> Book<'a> {
    pub(super) fn new(contest: &'a Contest<'a>) -> Self {
        Self {
            contest,
            draws: BTreeMap::new(),
            units: Units::default(),
            waiting: BTreeSet::new(),
            texts: Texts::default(),
            problems: Vec::new(),
        }
    }

    /// The result of a draw stands from here on.
    pub(super) fn stands(&mut self, draw: Entitled) {
        let order = draw.first;
        self.waiting.retain(|slot| slot.draw != order);
        for award in &draw.awards {
            for won in &award.winners {
                let slot = Slot {
                    draw: order,
                    award: award.place,
                    number: won.slot,
                };
                if self.units.holder(&slot).is_none() {
                    self.waiting.insert(slot);
                }
            }
        }
        self.draws.insert(order, draw);
    }

    /// Takes the next record about units, or a public text.
    pub(super) fn take(&mut self, found: &'a Found) {
        let Some(in_force) = self.contest.control.before(found.at) else {
            return;
        };
        let newest = &in_force.campaign;
        match (found.text("type"), found.text("state")) {
            ("stock", _) => self.units.take_stock(newest, found),
            ("shown", _) => self.units.show(found),
            ("award", "awarded") => self.give(newest, found),
            ("award", _) => self.step(newest, found),
            ("announcement", _) => self.announce(found),
            _ => {}
        }
    }

    pub(super) fn desk<'b>(&'b self, newest: &'b Campaign, now: i64) -> Desk<'b, 'a> {
        Desk {
            newest,
            draws: &self.draws,
            units: &self.units,
            now,
        }
    }

    fn say(&mut self, round: Option<u16>, problems: Vec<String>) {
        let name = name_of(round);
        let problems = problems.into_iter();
        self.problems
            .extend(problems.map(|problem| format!("{name}: {problem}")));
    }

    fn give(&mut self, newest: &Campaign, gift: &'a Found) {
        let round = gift.round();
        let Some(draw) = self.draws.values().find(|draw| draw.round == round) else {
            return;
        };
        let Some(slot) = self.units.slot_of(newest, draw, gift) else {
            return;
        };
        let problems = self.asked_for(newest, draw, slot, gift);
        self.say(round, problems);
        self.waiting.remove(&slot);
        self.units.give(newest, slot, gift);
    }

    /// Why the results do not ask for a gift that holds.
    fn asked_for(
        &self,
        newest: &Campaign,
        draw: &Entitled,
        slot: Slot,
        gift: &Found,
    ) -> Vec<String> {
        let desk = self.desk(newest, gift.time("at"));
        let Some(award) = draw.awards.iter().find(|award| award.place == slot.award) else {
            return Vec::new();
        };
        let (prize, unit) = (gift.text("prize"), gift.number("unit"));
        let mut problems = Vec::new();
        if desk.now.saturating_add(TICK_S) < draw.time {
            problems.push(format!(
                "unit {unit} of {prize} was given before the result was made"
            ));
        }
        let stock =
            prize_of(newest, prize).map_or(0, |prize| prize.units.saturating_sub(prize.reserve));
        if unit > u64::from(stock) {
            problems.extend(of_reserve(desk, draw, award, gift));
            return problems;
        }
        let available = prize_of(newest, prize).map_or(0, |prize| prize.available(desk.now));
        if unit > u64::from(available) {
            problems.push(format!(
                "unit {unit} of {prize} was given before its share was released"
            ));
        }
        problems.extend(first_come(desk, draw, award, gift));
        let waiting = self.waiting.range(..slot);
        let same = waiting.filter_map(|earlier| {
            let draw = self.draws.get(&earlier.draw)?;
            let mut awards = draw.awards.iter().filter(|award| award.prize == prize);
            let award = awards.find(|award| award.place == earlier.award)?;
            let won = award
                .winners
                .iter()
                .find(|won| won.slot == earlier.number)?;
            let due = desk.due(draw, award, won).ok()?;
            due.is_named.then_some((draw, due))
        });
        // Whether an alternate can be named depends on standings that may still be read.
        problems.extend(same.map(|(draw, due)| {
            let (name, code) = (name_of(draw.round), due.code);
            format!("unit {unit} of {prize} was given, but {code} of {name} comes first")
        }));
        problems
    }

    fn step(&mut self, newest: &Campaign, step: &'a Found) {
        let Some(slot) = self.units.stepped(step) else {
            return;
        };
        if step.act["claim"].is_object() && !self.claims_in_time(newest, slot, step) {
            return;
        }
        let is_by_hand = !step.text("actor").is_empty();
        if !is_by_hand {
            let problem = match step.text("state") {
                "expired" => self.came_back_early(newest, slot, step),
                "revoked" => self.taken_for_nothing(newest, slot, step),
                _ => None,
            };
            self.say(step.round(), Vec::from_iter(problem));
        }
        self.units.step(slot, step);
        let draw = self.draws.get(&slot.draw);
        let award = draw.and_then(|draw| draw.awards.iter().find(|a| a.place == slot.award));
        let is_won = award.is_some_and(|award| award.winners.iter().any(|w| w.slot == slot.number));
        if is_won && self.units.holder(&slot).is_none() {
            self.waiting.insert(slot);
        }
    }

    /// Whether a fan's own message claims the unit that he has: sent since it was given and before his time was over, and in
    /// the log before its partition was half a minute past that.
    fn claims_in_time(&self, newest: &Campaign, slot: Slot, step: &Found) -> bool {
        let time = |member: &str| step.act["claim"][member].as_i64();
        let (Some(sent), Some(tick)) = (time("create_time"), time("tick")) else {
            return false;
        };
        let given = self.units.holder(&slot).map(|held| held.gift.time("at"));
        let end = self.deadline(newest, slot).unwrap_or(i64::MAX);
        let in_time = sent < end && tick < end.saturating_add(CLAIM_GRACE_S);
        step.text("actor").is_empty() && in_time && given.is_some_and(|given| given <= sent)
    }

    /// A unit comes back once its winner has had the time to claim it since he could know.
    fn came_back_early(&self, newest: &Campaign, slot: Slot, step: &Found) -> Option<String> {
        let (prize, unit, at) = (step.text("prize"), step.number("unit"), step.time("at"));
        match self.deadline(newest, slot) {
            None => Some(format!(
                "unit {unit} of {prize} came back at {at}, and its winner was never told of it"
            )),
            Some(end) if at < end => Some(format!(
                "unit {unit} of {prize} came back at {at}, but its winner had until {end}"
            )),
            Some(_) => None,
        }
    }

    /// Until when the winner of a slot has to claim his unit; `None` while he cannot know of it.
    pub(super) fn deadline(&self, newest: &Campaign, slot: Slot) -> Option<i64> {
        let held = self.units.holder(&slot)?;
        let hours = prize_of(newest, held.gift.text("prize"))?.claim_hours;
        Some(
            held.told?
                .saturating_add(i64::from(hours).saturating_mul(3600)),
        )
    }

    fn taken_for_nothing(&self, newest: &Campaign, slot: Slot, step: &Found) -> Option<String> {
        let draw = self.draws.get(&slot.draw)?;
        let award = draw.awards.iter().find(|award| award.place == slot.award)?;
        let desk = self.desk(newest, step.time("at"));
        let back = desk.taken_back(draw, award, false);
        let code = step.text("code");
        (!back.contains(&code)).then(|| {
            let (prize, unit) = (step.text("prize"), step.number("unit"));
            format!("unit {unit} of {prize} was taken from {code}, and neither a correction nor an operator did it")
        })
    }

    fn announce(&mut self, found: &'a Found) {
        let round = found.round();
        let Some(draw) = self.draws.values().find(|draw| draw.round == round) else {
            return;
        };
        if let Some(problems) = self.texts.take(draw, &self.units, found, self.contest) {
            // Whoever follows the account can know it from here on.
            self.units.publish(draw.first, found.time("at"));
            self.say(round, problems);
        }
    }

    /// What must have come to pass by the end of a log that nothing is due in any more.
    pub(super) fn end(
        mut self,
        stands: &BTreeMap<Option<u16>, Stands<'_>>,
        findings: &mut Findings,
    ) {
        let made = self.draws.values().map(|draw| draw.time).max();
        let now = self.contest.accepted.tick().or(made);
        if let (Some(in_force), Some(now)) = (self.contest.control.newest(), now) {
            let problems = self.still_due(&in_force.campaign, stands, now);
            self.problems.extend(problems);
        }
        for (_, attempts) in self.units.slots() {
            for attempt in attempts {
                let prize = attempt.gift.text("prize");
                let units = findings.prizes.entry(prize.to_owned()).or_default();
                units.given += 1;
                if attempt.is_held() {
                    units.held += 1;
                } else {
                    units.returned += 1;
                }
            }
        }
        findings.problems.extend(self.problems);
    }
}

/// Whether a gift is the one that is due for its slot.
fn first_come(
    desk: Desk<'_, '_>,
    draw: &Entitled,
    award: &OfAward,
    gift: &Found,
) -> Option<String> {
    let (code, prize) = (gift.text("code"), gift.text("prize"));
    let (unit, place, slot) = (
        gift.number("unit"),
        gift.number("place"),
        gift.number("slot"),
    );
    let Some(won) = award.winners.iter().find(|won| won.slot == slot) else {
        return Some(format!(
            "{code} has a unit of {prize} for slot {slot}, which nobody has won"
        ));
    };
    match desk.due(draw, award, won) {
        Err(why) => Some(format!(
            "{code} has a unit of {prize} for slot {slot}, but {}",
            why.text()
        )),
        Ok(due) if (due.code.as_str(), due.place) != (code, place) => Some(format!(
            "{code} at place {place} has a unit of {prize} for slot {slot}, but it is the turn of {} at place {}",
            due.code, due.place
        )),
        Ok(due) if due.unit < unit => Some(format!(
            "unit {unit} of {prize} was given while unit {} was free",
            due.unit
        )),
        Ok(_) => None,
    }
}

/// Units of the reserve are for rightful winners of a corrected draw whose slots others keep.
fn of_reserve(
    desk: Desk<'_, '_>,
    draw: &Entitled,
    award: &OfAward,
    gift: &Found,
) -> Option<String> {
    let (code, unit) = (gift.text("code"), gift.number("unit"));
    let due = desk.of_reserve(draw, award);
    let is_due = due.is_some_and(|(won, lowest, slot)| {
        (won.code.as_str(), won.place) == (code, gift.number("place"))
            && (lowest, slot) == (unit, gift.number("slot"))
    });
    (!is_due).then(|| {
        format!(
            "{code} has unit {unit} of the reserve of {}, which is not his",
            award.prize
        )
    })
}
