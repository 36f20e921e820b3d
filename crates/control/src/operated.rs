//! What operators have set that acts at once and changes no result, as control tells it. Pure, the same for everyone
//! who reads control.

use crate::state::ControlState;
use record::acts::Act;
use record::operate::{GUARD_LIFTED_MAX_S, GuardAct, Ladder, LadderAct, RuleAct, RuleVerb};
use std::collections::{BTreeMap, BTreeSet};

/// By how much the clock of one coordinator may be behind that of the one that took the act, in seconds.
const GUARD_CLOCKS_APART_S: i64 = 3_600;

/// Keyword rules that are killed, by campaign.
pub type Killed = BTreeMap<String, BTreeSet<String>>;

/// The acts that stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operated {
    guard: Option<GuardAct>,
    pub(crate) ladder: Ladder,
    pub(crate) killed: Killed,
}

impl ControlState {
    /// The act by which an operator lets the coordinator tick at `now`, by its wall clock, although that is far from
    /// what fans' messages say.
    #[must_use]
    pub fn guard_lifted(&self, now: i64) -> Option<&GuardAct> {
        let act = self.operated.guard.as_ref()?;
        // A clock that is far before the act is not the one that it was said of.
        let since = act.at.saturating_sub(GUARD_CLOCKS_APART_S);
        (since..act.until).contains(&now).then_some(act)
    }

    /// The step at which the ladder stands (C.23).
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        self.operated.ladder
    }

    /// The keyword rules that are killed.
    #[must_use]
    pub fn killed(&self) -> &Killed {
        &self.operated.killed
    }

    /// Whether this act of an operator would hold now.
    ///
    /// # Errors
    /// What [`crate::Applied::Void`] would say.
    pub fn would_operate(&self, act: &Act) -> Result<(), String> {
        match act {
            Act::Guard(act) => judge_guard(act),
            Act::Ladder(act) => self.judge_ladder(act),
            Act::Rule(act) => self.judge_rule(act),
            _ => Err("it is no such act".to_owned()),
        }
    }

    /// Whether what this act of an operator asks for is so.
    #[must_use]
    pub fn operates(&self, act: &Act) -> bool {
        match act {
            Act::Guard(act) => {
                let asked = (act.until > act.at).then_some(act);
                self.operated.guard.as_ref() == asked
            }
            Act::Ladder(act) => self.operated.ladder == act.step,
            Act::Rule(act) => {
                let killed = self.operated.killed.get(&act.campaign);
                let is_killed = killed.is_some_and(|rules| rules.contains(&act.rule));
                is_killed == (act.verb == RuleVerb::Kill)
            }
            _ => false,
        }
    }

    pub(crate) fn take_guard(&mut self, act: &GuardAct) -> Result<(), String> {
        judge_guard(act)?;
        self.operated.guard = (act.until > act.at).then(|| act.clone());
        Ok(())
    }

    fn judge_ladder(&self, act: &LadderAct) -> Result<(), String> {
        if act.step == self.operated.ladder {
            let (step, name) = (u8::from(act.step), act.step.name());
            return Err(format!("the ladder stands at {step} ({name}) already"));
        }
        Ok(())
    }

    pub(crate) fn take_ladder(&mut self, offset: u64, act: &LadderAct) -> Result<(), String> {
        self.judge_ladder(act)?;
        self.operated.ladder = act.step;
        self.speaks_from(offset);
        Ok(())
    }

    fn judge_rule(&self, act: &RuleAct) -> Result<(), String> {
        let killed = self.operated.killed.get(&act.campaign);
        let is_killed = killed.is_some_and(|rules| rules.contains(&act.rule));
        let RuleAct { campaign, rule, .. } = act;
        match act.verb {
            RuleVerb::Restore if is_killed => Ok(()),
            RuleVerb::Restore => Err(format!("rule {rule:?} of {campaign:?} is not killed")),
            RuleVerb::Kill if is_killed => {
                Err(format!("rule {rule:?} of {campaign:?} is killed already"))
            }
            RuleVerb::Kill => {
                let newest = &self.newest_of(campaign)?.compiled.campaign;
                let mut rules = newest.rules.iter();
                let found = rules.any(|found| found.id == *rule);
                found
                    .then_some(())
                    .ok_or_else(|| format!("campaign {campaign:?} has no keyword rule {rule:?}"))
            }
        }
    }

    pub(crate) fn take_rule(&mut self, offset: u64, act: &RuleAct) -> Result<(), String> {
        self.judge_rule(act)?;
        let killed = &mut self.operated.killed;
        let rules = killed.entry(act.campaign.clone()).or_default();
        match act.verb {
            RuleVerb::Kill => rules.insert(act.rule.clone()),
            RuleVerb::Restore => rules.remove(&act.rule),
        };
        killed.retain(|_, rules| !rules.is_empty());
        self.speaks_from(offset);
        Ok(())
    }
}

fn judge_guard(act: &GuardAct) -> Result<(), String> {
    if act.until.saturating_sub(act.at) > GUARD_LIFTED_MAX_S {
        return Err(format!(
            "it lifts the guard of the ticks for more than {GUARD_LIFTED_MAX_S} s"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Applied;
    use record::SCHEMA_VERSION;

    #[test]
    fn the_guard_is_lifted_for_a_time_that_ends_and_can_be_ended() {
        let act = |until, at| {
            Act::Guard(GuardAct {
                v: SCHEMA_VERSION,
                until,
                at,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            })
        };
        let mut state = ControlState::default();
        assert!(state.guard_lifted(100).is_none());
        assert_eq!(state.apply(0, &act(200, 100)), Applied::Valid);
        assert!(state.guard_lifted(199).is_some() && state.guard_lifted(200).is_none());
        let an_hour_before = 100 - GUARD_CLOCKS_APART_S;
        assert!(state.guard_lifted(an_hour_before).is_some());
        assert!(
            state.guard_lifted(an_hour_before - 1).is_none(),
            "a clock of years ago is not what was allowed"
        );
        let for_ever = act(100 + GUARD_LIFTED_MAX_S + 1, 100);
        assert!(matches!(state.apply(1, &for_ever), Applied::Void(_)));
        assert_eq!(state.guard_lifted(150).map(|act| act.until), Some(200));
        assert_eq!(state.apply(2, &act(0, 150)), Applied::Valid);
        assert!(state.guard_lifted(150).is_none());
        assert_eq!(state.snapshot_number(), 0, "no fan hears of it");
    }

    #[test]
    fn what_an_act_asks_for_is_told_by_what_stands() {
        let step = |step| {
            Act::Ladder(LadderAct {
                v: SCHEMA_VERSION,
                step,
                at: 1,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            })
        };
        let guard = |until| {
            Act::Guard(GuardAct {
                v: SCHEMA_VERSION,
                until,
                at: 1,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            })
        };
        let rule = |verb| {
            Act::Rule(RuleAct {
                v: SCHEMA_VERSION,
                verb,
                campaign: "small".to_owned(),
                rule: "orders".to_owned(),
                at: 1,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            })
        };
        let mut state = ControlState::default();
        assert!(state.operates(&step(Ladder::Normal)) && !state.operates(&step(Ladder::Short)));
        state.apply(0, &step(Ladder::Short));
        assert!(state.operates(&step(Ladder::Short)) && !state.operates(&step(Ladder::Normal)));
        assert!(state.operates(&guard(0)) && !state.operates(&guard(60)));
        state.apply(1, &guard(60));
        assert!(state.operates(&guard(60)) && !state.operates(&guard(0)));
        assert!(state.operates(&rule(RuleVerb::Restore)) && !state.operates(&rule(RuleVerb::Kill)));
        let killed = ["orders".to_owned()].into();
        state.operated.killed.insert("small".to_owned(), killed);
        assert!(state.operates(&rule(RuleVerb::Kill)) && !state.operates(&rule(RuleVerb::Restore)));
    }
}
