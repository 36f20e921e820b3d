//! What is owed at the end of a log: units, units that should have come back, public texts.

use super::book::Slot;
use super::contest::name_of;
use super::due::Desk;
use super::entitled::{Entitled, OfAward};
use super::prizes::Book;
use super::walk::Stands;
use campaign::Campaign;
use std::collections::BTreeMap;

/// A unit comes back when every partition has passed its time to claim, which is told once an hour; two minutes are for
/// what is still on its way then.
const OVERDUE_S: i64 = 3_600 + 120;

impl<'a> Book<'a> {
    /// What should have come to pass by now: one line for each.
    pub(super) fn still_due(
        &self,
        newest: &Campaign,
        stands: &BTreeMap<Option<u16>, Stands<'_>>,
        now: i64,
    ) -> Vec<String> {
        let desk = self.desk(newest, now);
        let rounds = newest
            .rounds
            .iter()
            .map(|round| Some(round.number))
            .chain([None]);
        let control = self.contest.control;
        // Nobody waits for a round that is void, nor for one that was skipped until its result is there.
        let is_waited_for = |round: &Option<u16>| {
            let has_result = stands.contains_key(round);
            round.is_none_or(|number| {
                !control.void.contains_key(&number)
                    && (has_result || !control.skipped.contains(&number))
            })
        };
        let last = stands.get(&None).map(|last| last.found.at);
        let is_stale = last.is_some_and(|last| stands.values().any(|one| one.found.at > last));
        let mut problems = Vec::new();
        // The prizes of a round wait for the results of those before it.
        let draws = rounds
            .filter(is_waited_for)
            .map_while(|round| self.draws.values().find(|draw| draw.round == round));
        for draw in draws {
            let name = name_of(draw.round);
            for award in &draw.awards {
                for problem in self.owed(desk, draw, award, is_stale) {
                    problems.push(format!("{name}: {problem}"));
                }
            }
            let untold = self.texts.is_missing(draw, &self.units, now);
            problems.extend(untold.map(|problem| format!("{name}: {problem}")));
        }
        problems
    }

    /// What is owed of an award.
    fn owed(
        &self,
        desk: Desk<'_, 'a>,
        draw: &Entitled,
        award: &OfAward,
        is_stale: bool,
    ) -> Vec<String> {
        let prize = &award.prize;
        let mut owed = Vec::new();
        for won in &award.winners {
            let slot = Slot {
                draw: draw.first,
                award: award.place,
                number: won.slot,
            };
            if self.units.holder(&slot).is_some() {
                let end = self.deadline(desk.newest, slot);
                let end = end.filter(|end| end.saturating_add(OVERDUE_S) <= desk.now);
                let open = self
                    .units
                    .holder(&slot)
                    .is_some_and(|held| held.is_fresh() || held.state == "notified");
                owed.extend(end.filter(|_| open).map(|end| {
                    format!("slot {} of {prize} was not claimed by {end}, and its unit did not come back", won.slot)
                }));
                continue;
            }
            let due = desk.due(draw, award, won).ok();
            // Alternates of a final draw whose board was corrected wait for its own correction.
            let due = due.filter(|due| due.is_named || draw.round.is_some() || !is_stale);
            owed.extend(due.map(|due| {
                let (code, place, unit) = (due.code, due.place, due.unit);
                format!("{code} at place {place} must have unit {unit} of {prize}, and got none")
            }));
        }
        for code in desk.taken_back(draw, award, true) {
            owed.push(format!(
                "{code} keeps a unit of {prize} that the correction takes back"
            ));
        }
        if let Some((won, unit, _)) = desk.of_reserve(draw, award) {
            let code = &won.code;
            owed.push(format!(
                "{code} must have unit {unit} of {prize} of the reserve, and got none"
            ));
        }
        owed
    }
}
