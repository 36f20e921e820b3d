//! What operators have set that acts at once and changes no result, as control tells it. Pure, the same for everyone
//! who reads control.

use crate::state::ControlState;
use record::operate::{GUARD_LIFTED_MAX_S, GuardAct};

/// The acts that stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Operated {
    guard: Option<GuardAct>,
}

impl ControlState {
    /// The act by which an operator lets the coordinator tick at `now`, by its wall clock, although that is far from
    /// what fans' messages say.
    #[must_use]
    pub fn guard_lifted(&self, now: i64) -> Option<&GuardAct> {
        let act = self.operated.guard.as_ref()?;
        (now < act.until).then_some(act)
    }

    pub(crate) fn take_guard(&mut self, act: &GuardAct) -> Result<(), String> {
        if act.until.saturating_sub(act.at) > GUARD_LIFTED_MAX_S {
            return Err(format!(
                "it lifts the guard of the ticks for more than {GUARD_LIFTED_MAX_S} s"
            ));
        }
        self.operated.guard = (act.until > act.at).then(|| act.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Applied;
    use record::SCHEMA_VERSION;
    use record::acts::Act;

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
        let for_ever = act(100 + GUARD_LIFTED_MAX_S + 1, 100);
        assert!(matches!(state.apply(1, &for_ever), Applied::Void(_)));
        assert_eq!(state.guard_lifted(150).map(|act| act.until), Some(200));
        assert_eq!(state.apply(2, &act(0, 150)), Applied::Valid);
        assert!(state.guard_lifted(150).is_none());
    }
}
