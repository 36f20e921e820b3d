//! What a lead does about corrections: takes in their standings, holds what is to be published against them,
//! publishes. Each step is an append that a repeated request does not make again, so that it does not matter between
//! which two of them a coordinator dies. Never what becomes of prizes.

use crate::corrected::{ShelfError, StandingsRequest, follows};
use crate::lead::{Around, Lead, Seat};
use crate::results::is_drawing_final;
use crate::rounds::{CorrectRequest, RoundError};
use contest::draw_name;
use control::ControlState;
use record::acts::Act;
use record::rounds::ResultAct;

impl Lead {
    /// Takes in a part of the standings behind a corrected result; its offset in `control`.
    pub(crate) fn standings(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: StandingsRequest,
    ) -> Result<u64, RoundError> {
        let act = request.act().map_err(RoundError::Invalid)?;
        let (campaign, digest, chunk) = (act.campaign.clone(), act.digest, act.chunk);
        let at = |state: &ControlState, of: u32| {
            let parts = state.standings(&campaign, digest);
            parts.filter(|parts| parts.of() == of)?.at(chunk)
        };
        let of = act.of;
        if let Some(stands) = at(&around.control.state(), of) {
            return Ok(stands);
        }
        let would = around.control.state().would_take(&act);
        would.map_err(RoundError::Conflict)?;
        self.write(around, seat, &Act::Standings(act))?;
        let stands = at(&around.control.state(), of);
        stands.ok_or_else(|| {
            RoundError::Conflict(
                "the part does not hold at its place; send the standings again".to_owned(),
            )
        })
    }

    /// Publishes corrected results, in their order. Offsets of them in `control`.
    pub(crate) fn correct(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: CorrectRequest,
    ) -> Result<Vec<u64>, RoundError> {
        self.check(around, &request)?;
        let at = self.time(around);
        let mut offsets = Vec::new();
        for mut result in request.results {
            if let Some(stands) = published(&around.control.state(), &result) {
                offsets.push(stands);
                continue;
            }
            (result.actor, result.reason) = (request.actor.clone(), request.reason.clone());
            result.at = at;
            let (campaign, round) = (result.campaign.clone(), result.round);
            let ctl = self.write(around, seat, &Act::Result(result))?;
            let state = around.control.state();
            let stands = state.rounds().result(&campaign, round);
            if stands.is_none_or(|(stands, _)| *stands != ctl) {
                return Err(RoundError::Conflict(format!(
                    "the correction of {} of {campaign:?} does not hold at its place; compute it again",
                    draw_name(round)
                )));
            }
            offsets.push(ctl);
        }
        Ok(offsets)
    }

    /// All of a request holds before any of it is published.
    fn check(&mut self, around: &Around, request: &CorrectRequest) -> Result<(), RoundError> {
        let state = around.control.state();
        for result in &request.results {
            // Who takes part in it is fixed, and the correction may change that.
            if is_drawing_final(&state, &result.campaign) {
                return Err(RoundError::Conflict(format!(
                    "the final draw of {:?} is under way: its list stands; correct the rounds and the draw when it is made",
                    result.campaign
                )));
            }
            let stale = |what: &str| {
                RoundError::Conflict(format!(
                    "the {what} of {:?} is not the one that was corrected; compute the correction again",
                    result.campaign
                ))
            };
            let final_draw = state.rounds().result(&result.campaign, None);
            let seen = final_draw.map(|(ctl, _)| *ctl) == request.final_draw;
            let own = |act: &&ResultAct| act.round.is_none();
            let own = request.results.iter().find(own);
            if !seen && own.is_none_or(|own| published(&state, own).is_none()) {
                return Err(stale("final draw"));
            }
            if published(&state, result).is_some() {
                continue;
            }
            let stands = state.rounds().result(&result.campaign, result.round);
            let named = stands.filter(|(ctl, _)| Some(*ctl) == result.corrects);
            let Some((_, before)) = named else {
                let name = draw_name(result.round);
                return Err(stale(&format!("result of {name}")));
            };
            let field = self
                .shelf
                .field(&state, result)
                .map_err(|error| match error {
                    ShelfError::Wrong(what) => RoundError::Conflict(what),
                    ShelfError::Log(error) => RoundError::Log(error),
                })?;
            follows(before, result, field).map_err(RoundError::Invalid)?;
        }
        Ok(())
    }
}

/// Where a correction stands that was published before.
fn published(state: &ControlState, result: &ResultAct) -> Option<u64> {
    let (ctl, stands) = state.rounds().result(&result.campaign, result.round)?;
    let is_it = result.corrects.is_some()
        && (stands.corrects, stands.record_sha256) == (result.corrects, result.record_sha256);
    is_it.then_some(*ctl)
}
