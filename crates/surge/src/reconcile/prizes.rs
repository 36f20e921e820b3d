//! Holds the awards of the log against the results (Q-18, Q-20, Q-21, V-6), by replaying them in their order. A record whose precondition fails at its place is void for everyone, here as well; what holds must be
//! what the results ask for. Pure; one line for each difference.

use super::contest::{Contest, Findings, name_of};
use super::entitled::{Entitled, OfAward, places};
use super::seals::Found;
use crate::oracle::draws::Ranked;
use crate::oracle::standings::sha256;
use campaign::{Campaign, OnePrizePer, Prize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What became of the units of a prize.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Units {
    /// Given, alternates among them.
    pub given: u64,
    /// With their winners in the end.
    pub held: u64,
    /// Declined, expired or revoked.
    pub returned: u64,
}

/// A unit that was given for a slot.
struct Attempt {
    gift: Value,
    state: String,
}

impl Attempt {
    fn is_held(&self) -> bool {
        !["declined", "expired", "revoked"].contains(&self.state.as_str())
    }

    fn is_for(&self, code: &str) -> bool {
        self.gift["code"] == code
    }
}

/// The awards as they stand at one place of the log.
struct Book<'a> {
    contest: &'a Contest<'a>,
    newest: &'a Campaign,
    entitled: &'a [Entitled],
    /// Attempts by award id.
    slots: BTreeMap<String, Vec<Attempt>>,
    /// Prize and unit that somebody was shown the secret of.
    shown: BTreeSet<(String, u64)>,
    problems: Vec<String>,
}

/// Replays the awards of a campaign.
pub(super) fn judge(contest: &Contest<'_>, entitled: &[Entitled], findings: &mut Findings) {
    let control = contest.control;
    let newest = control.versions.keys().next_back().copied();
    let newest = newest.and_then(|version| contest.rescored.campaign(version));
    let Some(newest) = newest.filter(|_| !control.awards.is_empty()) else {
        return;
    };
    let mut book = Book {
        contest,
        newest,
        entitled,
        slots: BTreeMap::new(),
        shown: BTreeSet::new(),
        problems: Vec::new(),
    };
    for act in &control.awards {
        book.take(act);
    }
    book.nobody_is_forgotten();
    for attempts in book.slots.values() {
        for attempt in attempts {
            let prize = attempt.gift["prize"].as_str().unwrap_or_default();
            let units = findings.prizes.entry(prize.to_owned()).or_default();
            units.given += 1;
            if attempt.is_held() {
                units.held += 1;
            } else {
                units.returned += 1;
            }
        }
    }
    findings.problems.extend(book.problems);
}

impl Book<'_> {
    fn take(&mut self, found: &Found) {
        let act = &found.act;
        let id = act["award"].as_str().unwrap_or_default();
        match (act["type"].as_str(), act["state"].as_str()) {
            (Some("shown"), _) if self.is_about_the_last(id, act) => {
                self.shown.insert(unit_of(act));
            }
            (Some("award"), Some("awarded")) => {
                if let Some((draw, award)) = self.can_be_given(found) {
                    self.must_be_given(draw, award, act);
                    let state = "awarded".to_owned();
                    let gift = act.clone();
                    let slot = self.slots.entry(id.to_owned()).or_default();
                    slot.push(Attempt { gift, state });
                }
            }
            (Some("award"), Some(after)) if self.is_about_the_last(id, act) => {
                let last = self.slots.get_mut(id).and_then(|all| all.last_mut());
                let by_fan = act["claim"].is_object();
                if let Some(last) = last.filter(|last| follows(&last.state, after, by_fan)) {
                    last.state = after.to_owned();
                }
            }
            _ => {}
        }
    }

    fn is_about_the_last(&self, id: &str, act: &Value) -> bool {
        let last = self.slots.get(id).and_then(|all| all.last());
        let same = |gift: &Value| {
            let keys = ["round", "prize", "unit", "attempt", "code"];
            keys.iter().all(|key| gift[*key] == act[*key])
        };
        last.is_some_and(|last| last.is_held() && same(&last.gift))
    }

    fn held(&self) -> impl Iterator<Item = &Attempt> {
        let last = self.slots.values().filter_map(|all| all.last());
        last.filter(|attempt| attempt.is_held())
    }

    /// Units that are with somebody, or spent.
    fn taken(&self, prize: &str) -> BTreeSet<u64> {
        let held = self.held().map(|attempt| unit_of(&attempt.gift));
        let taken = held.chain(self.shown.iter().cloned());
        taken
            .filter(|(of, _)| of == prize)
            .map(|(_, unit)| unit)
            .collect()
    }

    fn prize(&self, id: &str) -> Option<&Prize> {
        self.newest.prizes.iter().find(|prize| prize.id == id)
    }

    fn class<'p>(&'p self, prize: &'p str) -> &'p str {
        self.prize(prize).map_or(prize, |prize| &prize.class)
    }

    /// Whether a fan has what excludes him from a prize.
    fn has_one(&self, prize: &str, code: &str) -> bool {
        let class = self.class(prize);
        self.held().any(|attempt| {
            let of = attempt.gift["prize"].as_str().unwrap_or_default();
            attempt.is_for(code)
                && match self.newest.eligible.one_prize_per {
                    OnePrizePer::Class => self.class(of) == class,
                    OnePrizePer::Campaign => true,
                    OnePrizePer::Nothing => false,
                }
        })
    }

    /// Whether a gift holds at its place, and of which award it is.
    fn can_be_given(&self, found: &Found) -> Option<(Option<u16>, usize)> {
        let act = &found.act;
        let round = act["round"].as_u64().and_then(|n| u16::try_from(n).ok());
        let standing = self.contest.control.standing_before(round, found.at)?;
        let version = standing.act["version"].as_u64()?;
        let judged = self.contest.rescored.campaign(version)?;
        let prize = act["prize"].as_str()?;
        let draw = round.map_or("final".to_owned(), |round| format!("round-{round:02}"));
        let id = |place: usize| {
            let slot = act["slot"].as_u64().unwrap_or(0);
            sha256(&format!("{}\0{draw}\0{place}\0{slot}", judged.id))
        };
        let mut places = places(judged, round).filter(|(_, award)| award.prize == prize);
        let (place, _) = places.find(|(place, _)| act["award"] == id(*place))?;
        let none = Vec::new();
        let attempts = self.slots.get(act["award"].as_str()?).unwrap_or(&none);
        let next = u64::try_from(attempts.len()).ok()?.checked_add(1);
        let unit = act["unit"].as_u64()?;
        let units = u64::from(self.prize(prize)?.units);
        let holds = act["result"] == standing.at
            && attempts.last().is_none_or(|last| !last.is_held())
            && act["attempt"].as_u64() == next
            && (1..=units).contains(&unit)
            && !self.taken(prize).contains(&unit)
            && !self.has_one(prize, act["code"].as_str()?);
        holds.then_some((round, place))
    }

    /// Whether the results ask for a gift that holds.
    fn must_be_given(&mut self, draw: Option<u16>, award: usize, act: &Value) {
        let name = name_of(draw);
        let number = |key: &str| act[key].as_u64().unwrap_or(0);
        let (code, prize) = (text(act, "code"), text(act, "prize"));
        let (unit, place, slot) = (number("unit"), number("place"), number("slot"));
        let mut problems = Vec::new();
        // A later version may have another stock.
        let is_first = self.contest.control.versions.len() == 1;
        if let Some(stock) = self.prize(&prize).filter(|_| is_first) {
            let taken = self.taken(&prize);
            let reserve = u64::from(stock.units.saturating_sub(stock.reserve)).saturating_add(1);
            let first = if unit < reserve { 1 } else { reserve };
            if let Some(free) = (first..unit).find(|unit| !taken.contains(unit)) {
                problems.push(format!(
                    "unit {unit} of {prize} was given while unit {free} was free"
                ));
            }
        }
        let entitled = self.entitled.iter().find(|one| one.round == draw);
        let uncorrected = entitled.filter(|one| !one.is_corrected);
        let of_award = uncorrected.and_then(|one| one.awards.iter().find(|one| one.place == award));
        if let Some(of_award) = of_award {
            let named = of_award
                .winners
                .iter()
                .find(|(_, _, winner)| *winner == code);
            match named {
                Some((of, at, _)) if (*of, *at) != (slot, place) => problems.push(format!(
                    "{code} has slot {slot} at place {place}, but won slot {of} at place {at}"
                )),
                Some(_) => {}
                None => problems.extend(self.alternate(of_award, &code, place)),
            }
        }
        let problems = problems.into_iter();
        self.problems
            .extend(problems.map(|problem| format!("{name}: {problem}")));
    }

    /// Why somebody is no alternate of an award: the next who can have it, below everyone who was met.
    fn alternate(&self, award: &OfAward, code: &str, place: u64) -> Option<String> {
        let index = |place: u64| usize::try_from(place).ok()?.checked_sub(1);
        let is_there = index(place).and_then(|index| award.ranked.get(index));
        let Some(_) = is_there.filter(|fan| fan.code == code && fan.bar.is_none()) else {
            return Some(format!(
                "{code} is not at place {place}, or cannot win {}",
                award.prize
            ));
        };
        if !award.is_plain {
            return None;
        }
        let won = |code: &str| {
            let awards = self.entitled.iter().flat_map(|one| &one.awards);
            let of_class = awards.filter(|one| self.class(&one.prize) == self.class(&award.prize));
            of_class
                .flat_map(|one| &one.winners)
                .any(|(_, _, winner)| winner == code)
        };
        let met = |fan: &Ranked| {
            let mut attempts = self.slots.values().flatten();
            attempts.any(|attempt| attempt.is_for(&fan.code))
        };
        let above = (1..).zip(&award.ranked).take_while(|(at, _)| *at < place);
        let mut skipped = above.filter(|(at, fan)| {
            let is_passed = fan.bar.is_some() || award.passed.contains(at);
            !(is_passed || won(&fan.code) || met(fan) || self.has_one(&award.prize, &fan.code))
        });
        skipped.next().map(|(at, fan)| {
            format!(
                "{code} at place {place} has a unit, but {} at place {at} comes first",
                fan.code
            )
        })
    }

    /// Units are given in the order of draws: once one after a later draw is given, every winner of an earlier one has
    /// had his, has another one, or the stock was out.
    fn nobody_is_forgotten(&mut self) {
        let given = self.slots.values().flatten();
        let last = given
            .filter_map(|attempt| attempt.gift["result"].as_u64())
            .max();
        let mut forgotten = Vec::new();
        let earlier = self.entitled.iter().filter(|one| Some(one.at) < last);
        for one in earlier.filter(|one| !one.is_corrected) {
            for award in &one.awards {
                let stock = self
                    .prize(&award.prize)
                    .map_or(0, |prize| prize.available(i64::MAX));
                let taken = self.taken(&award.prize);
                let is_out = (1..=u64::from(stock)).all(|unit| taken.contains(&unit));
                let is_scheduled = self
                    .prize(&award.prize)
                    .is_some_and(|p| !p.release.is_empty());
                for (_, place, code) in &award.winners {
                    let mut attempts = self.slots.values().flatten();
                    let had = attempts.any(|attempt| {
                        attempt.is_for(code) && attempt.gift["prize"] == *award.prize
                    });
                    if !(had || is_out || is_scheduled || self.has_one(&award.prize, code)) {
                        let name = name_of(one.round);
                        let prize = &award.prize;
                        forgotten.push(format!(
                            "{name}: {code} won {prize} at place {place} and got none"
                        ));
                    }
                }
            }
        }
        self.problems.extend(forgotten);
    }
}

fn text(act: &Value, key: &str) -> String {
    act[key].as_str().unwrap_or_default().to_owned()
}

fn unit_of(act: &Value) -> (String, u64) {
    (text(act, "prize"), act["unit"].as_u64().unwrap_or(0))
}

/// Which steps follow which; `by_fan`, when a fan's own message is the reason.
fn follows(before: &str, after: &str, by_fan: bool) -> bool {
    match after {
        "notified" => before == "awarded",
        "claimed" => before == "notified" || (by_fan && before == "awarded"),
        "fulfilled" => before == "claimed",
        "declined" | "expired" | "revoked" => ["awarded", "notified"].contains(&before),
        _ => false,
    }
}
