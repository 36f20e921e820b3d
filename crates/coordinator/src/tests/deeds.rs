//! What operators do in an evening, as people do it: a command is repeated until it is done, whoever led when it was given
//! first.

use super::{Believes, ID};
use crate::lead::{Around, Lead, LeadError};
use crate::prizes::AwardRequest;
use crate::rounds::{RoundError, RoundRequest};
use crate::ticks::TickError;
use control::ControlState;
use control::rounds::Life;
use record::rounds::{RoundVerb, UnitState};
use std::time::Duration;

pub(crate) fn ticks(lead: &mut Lead, around: &Around, t: i64) -> Result<(), LeadError> {
    match lead.rehearse(around, &Believes, t) {
        // A predecessor was further already.
        Ok(()) | Err(TickError::Backwards { .. }) => Ok(()),
        Err(_) => Err(LeadError::Stopping),
    }
}

/// Goes on until control says so.
pub(crate) fn until(
    lead: &mut Lead,
    around: &Around,
    done: impl Fn(&ControlState) -> bool,
) -> Result<(), LeadError> {
    while !done(&around.control.state()) {
        around.control.wait_until(Duration::from_millis(1), &done);
        lead.go_on(around, &Believes)?;
    }
    Ok(())
}

pub(crate) fn life(state: &ControlState, round: u16) -> Life {
    let life = state.rounds().life(ID, Some(round));
    life.cloned().unwrap_or_default()
}

/// An operator repeats his command until it is done.
pub(crate) fn acts(
    lead: &mut Lead,
    around: &Around,
    (round, verb, seconds): (u16, RoundVerb, Option<i64>),
    done: fn(&Life) -> bool,
) -> Result<(), LeadError> {
    // What a predecessor wrote may still have to be copied.
    lead.go_on(around, &Believes)?;
    let is_done = || done(&life(&around.control.state(), round));
    while !is_done() {
        let request = RoundRequest {
            campaign: ID.to_owned(),
            round,
            verb,
            seconds,
            close: None,
            actor: "ann".to_owned(),
            reason: "live".to_owned(),
        };
        ended(lead.round(around, &Believes, &request).map(drop), &is_done)?;
    }
    Ok(())
}

/// The lead goes on after what another has done first.
pub(crate) fn ended(
    done: Result<(), RoundError>,
    is_done: &dyn Fn() -> bool,
) -> Result<(), LeadError> {
    match done {
        Ok(()) => Ok(()),
        Err(RoundError::Log(error)) => Err(LeadError::Log(error)),
        Err(RoundError::NotOwner | RoundError::Stopping) => Err(LeadError::Stopping),
        Err(refusal) => {
            assert!(is_done(), "{refusal}");
            Ok(())
        }
    }
}

pub(crate) fn state_of(state: &ControlState, round: Option<u16>) -> Option<UnitState> {
    let ledger = state.awards().of(ID)?;
    let (_, attempts) = ledger.of(round, u32::from(round.is_none()) + 1).next()?;
    attempts.first().map(|held| held.state)
}

/// The winner of a draw gets so far.
pub(crate) fn steps(
    lead: &mut Lead,
    around: &Around,
    (round, prize, to): (Option<u16>, &str, UnitState),
) -> Result<(), LeadError> {
    until(lead, around, |state| state_of(state, round).is_some())?;
    let is_done = || state_of(&around.control.state(), round).is_some_and(|at| at >= to);
    while !is_done() {
        let request = AwardRequest {
            campaign: ID.to_owned(),
            round,
            prize: prize.to_owned(),
            slot: 1,
            code: None,
            state: to,
            actor: "ann".to_owned(),
            reason: "he said so".to_owned(),
        };
        ended(lead.award(around, &Believes, &request).map(drop), &is_done)?;
    }
    lead.go_on(around, &Believes)
}
