//! An operator's step of an award: a winner was told, has claimed, has got it, does not want it, or it is taken back.
//! Never a unit given: that follows from results alone.

use control::ControlState;
use control::ledger::{Held, Ledger, name};
use record::hexed::encode;
use record::rounds::{AwardAct, UnitState};

/// What an operator says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwardRequest {
    /// Id of the campaign.
    pub campaign: String,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// Id of the prize.
    pub prize: String,
    /// Number of the slot, from 1.
    pub slot: u32,
    /// The winner's entrant code or its last digits, at least six: needed only where two awards of one draw give the
    /// same prize. Whatever is given must be the winner's.
    pub code: Option<String>,
    /// What it comes to.
    pub state: UnitState,
    /// Who says so.
    pub actor: String,
    /// Why; needed for a step that takes the unit from its winner.
    pub reason: String,
}

/// Why an operator's step does not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwardError {
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It does not hold as things stand.
    #[error("{0}")]
    Conflict(String),
}

/// The slot of an award, as operators name it.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'r> {
    /// Id of the campaign.
    pub campaign: &'r str,
    /// Number of the round; `None` for the final draw.
    pub round: Option<u16>,
    /// Id of the prize.
    pub prize: &'r str,
    /// Number of the slot, from 1.
    pub slot: u32,
    /// The winner's entrant code or its last digits.
    pub code: Option<&'r str>,
}

impl<'r> Slot<'r> {
    /// The slot's last attempt.
    ///
    /// # Errors
    /// [`AwardError`]: nothing was given for it, or two awards have such a slot and no code tells which.
    pub fn find<'s>(&self, state: &'s ControlState) -> Result<(&'s Ledger, &'s Held), AwardError> {
        if self.code.is_some_and(is_short) {
            return Err(AwardError::Invalid(SHORT.to_owned()));
        }
        let ledger = state.awards().of(self.campaign);
        let ledger = ledger.ok_or_else(|| self.conflict("was never given"))?;
        let of_slot = |held: &&Held| {
            let code = self.code.map(str::to_lowercase);
            held.given.prize == self.prize
                && code.is_none_or(|code| encode(&held.given.code.0).ends_with(&code))
        };
        let places = ledger.slots();
        let places =
            places.filter(|(place, _)| (place.round, place.slot) == (self.round, self.slot));
        let mut found = places.filter_map(|(_, attempts)| attempts.last().filter(of_slot));
        let held = found.next();
        let held = held.ok_or_else(|| self.conflict("was never given, or not to that code"))?;
        if found.next().is_some() {
            return Err(self.conflict("is there twice, of two awards: name the winner's code"));
        }
        Ok((ledger, held))
    }

    pub(crate) fn conflict(&self, what: &str) -> AwardError {
        let draw = contest::draw_name(self.round);
        let Slot {
            campaign,
            prize,
            slot,
            ..
        } = self;
        AwardError::Conflict(format!(
            "slot {slot} of {prize:?} after {draw} of {campaign:?} {what}"
        ))
    }
}

fn is_short(code: &str) -> bool {
    code.len() < TAIL || !code.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const SHORT: &str = "a code has at least its last six hexadecimal digits";
/// Digits of an entrant code that everybody sees.
const TAIL: usize = 6;

/// The act of a request at the coordinator's time `at`, in seconds since 1970; control takes it as things stand.
///
/// # Errors
/// [`AwardError`], for people.
pub fn award_act(
    state: &ControlState,
    request: &AwardRequest,
    at: i64,
) -> Result<AwardAct, AwardError> {
    check(request)?;
    let slot = Slot {
        campaign: &request.campaign,
        round: request.round,
        prize: &request.prize,
        slot: request.slot,
        code: request.code.as_deref(),
    };
    let (ledger, held) = slot.find(state)?;
    let conflict = |what: &str| slot.conflict(what);
    let act = AwardAct {
        state: request.state,
        actor: request.actor.clone(),
        reason: request.reason.clone(),
        at,
        ..held.given.clone()
    };
    let terms = state.award_terms(&request.campaign, request.round);
    let judged = terms.and_then(|terms| ledger.judge(&act, &terms).map(|_| ()));
    judged.map_err(|reason| conflict(&format!("is {}: {reason}", name(held.state))))?;
    Ok(act)
}

fn check(request: &AwardRequest) -> Result<(), AwardError> {
    let invalid = |what: &str| Err(AwardError::Invalid(what.to_owned()));
    if request.actor.is_empty() {
        return invalid("nobody says so: an actor is needed");
    }
    match request.state {
        UnitState::Awarded => {
            return invalid("units are given by results alone; say what became of one");
        }
        UnitState::Declined | UnitState::Expired | UnitState::Revoked
            if request.reason.trim().is_empty() =>
        {
            return invalid("a winner loses his unit by this: a reason is needed");
        }
        _ => {}
    }
    Ok(())
}
