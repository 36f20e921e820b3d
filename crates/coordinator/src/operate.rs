//! Operators' acts that act at once and change no result: from a request to the record in control. Whether one
//! holds is judged by the fold of control, here beforehand and again at its place.

use crate::coordinator::Clock;
use crate::lead::{Around, Lead, Seat};
use crate::rounds::RoundError;
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::operate::{GUARD_LIFTED_MAX_S, GuardAct, Ladder, LadderAct, RuleAct, RuleVerb};

/// What an operator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Ticks although the wall clock is far from what fans' messages say, for so many seconds; 0 sets the guard again.
    LiftGuard {
        /// At most [`GUARD_LIFTED_MAX_S`].
        seconds: i64,
    },
    /// Lets the ladder stand at this step (C.23).
    Step(Ladder),
    /// Kills a keyword rule, or restores it.
    Rule {
        /// Which of the two.
        verb: RuleVerb,
        /// Id of the campaign.
        campaign: String,
        /// Id of the rule in its file.
        rule: String,
    },
}

/// What, by whom, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperateRequest {
    /// What is to be done.
    pub operation: Operation,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Operated {
    /// Offset of the act in `control`.
    pub ctl: u64,
    /// The snapshot that is in force from it on.
    pub snapshot: u64,
    /// The act.
    pub act: Act,
}

impl Lead {
    /// Appends the act and returns when this process has read it back.
    pub(crate) fn operate(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: OperateRequest,
    ) -> Result<Operated, RoundError> {
        let act = act_of(request, around.config.clock, self.time(around))?;
        let would = around.control.state().would_operate(&act);
        would.map_err(RoundError::Conflict)?;
        let ctl = self.write(around, seat, &act)?;
        if !around.control.state().operates(&act) {
            return Err(RoundError::Conflict(
                "another coordinator acted first; look at `status` and try again".to_owned(),
            ));
        }
        let snapshot = around.control.snapshot().load().number;
        Ok(Operated { ctl, snapshot, act })
    }
}

fn act_of(request: OperateRequest, clock: Clock, at: i64) -> Result<Act, RoundError> {
    let OperateRequest {
        operation,
        actor,
        reason,
    } = request;
    let v = SCHEMA_VERSION;
    match operation {
        Operation::LiftGuard { .. } if clock == Clock::Rehearsal => Err(RoundError::Conflict(
            "a rehearsal's ticks have no guard: they are driven from outside".to_owned(),
        )),
        Operation::LiftGuard { seconds } if (0..=GUARD_LIFTED_MAX_S).contains(&seconds) => {
            Ok(Act::Guard(GuardAct {
                v,
                until: at.saturating_add(seconds),
                at,
                actor,
                reason,
            }))
        }
        Operation::Step(step) => Ok(Act::Ladder(LadderAct {
            v,
            step,
            at,
            actor,
            reason,
        })),
        Operation::Rule {
            verb,
            campaign,
            rule,
        } => Ok(Act::Rule(RuleAct {
            v,
            verb,
            campaign,
            rule,
            at,
            actor,
            reason,
        })),
        Operation::LiftGuard { .. } => Err(RoundError::Invalid(format!(
            "the guard is lifted for 1 to {GUARD_LIFTED_MAX_S} s at once; 0 sets it again"
        ))),
    }
}
