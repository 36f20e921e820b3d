//! What a lead does about rounds: asks for seals, decides them, publishes lists and results, one act at a time;
//! operators' acts on rounds, and beacons. What is due is told by [`crate::seals`] and
//! [`crate::results`]; nothing is decided here.

use crate::conclusions::ResultError;
use crate::gather::Gathering;
use crate::lead::{Around, Lead, LeadError, Seat};
use crate::results::{Draw, Said};
use crate::rounds::{BeaconRequest, RoundError, RoundReceipt, RoundRequest, act_of};
use crate::seals;
use control::ControlState;
use record::acts::Act;
use record::rounds::{RoundVerb, Window};
use std::time::Instant;

/// Acts in one turn, so that ticks and commands are not kept waiting.
const TURN_ACTS: usize = 64;
/// A beacon counts as too late so many seconds after it was due.
const BEACON_LATE_S: i64 = 660;

impl Lead {
    /// Does what is due of commitments, seals and results at the newest tick.
    pub(crate) fn judge(&mut self, around: &Around, seat: &dyn Seat) -> Result<(), LeadError> {
        let Some(tick) = self.last_tick else {
            return self.gathering.read().map(drop).map_err(LeadError::from);
        };
        self.ear.listen()?;
        if self.results.forget_corrected(&around.control.state()) {
            self.gathering = Gathering::new(&*around.log, around.config.partitions)?;
        }
        self.gathering.read()?;
        let mut awaits = None;
        for _ in 0..TURN_ACTS {
            let act = match self.due(&around.control.state(), around, tick) {
                Ok(Some(act)) => act,
                Ok(None) => break,
                Err(error) => {
                    awaits = Some(error.to_string());
                    break;
                }
            };
            let void = around.control.state().void_records();
            self.write(around, seat, &act)?;
            self.stopwatch
                .look(&around.control.state(), &around.board.metrics);
            self.copy_pending(around, seat)?;
            if around.control.state().void_records() != void {
                // A rival was first, or control says no; the next turn looks again.
                break;
            }
        }
        awaits = self.give(around, seat, tick)?.or(awaits);
        self.stopwatch
            .look(&around.control.state(), &around.board.metrics);
        let sealing = self.ear.sealing(&around.control.state(), Instant::now());
        around.board.contest(sealing, awaits);
        Ok(())
    }

    fn due(
        &mut self,
        state: &ControlState,
        around: &Around,
        tick: i64,
    ) -> Result<Option<Act>, ResultError> {
        let key = &around.config.key;
        if let Some(campaign) = seals::commitment_due(state) {
            return Ok(Some(Act::Commitment(key.commit(campaign, tick)?)));
        }
        if let Some(act) = seals::due(state, tick, &mut self.ear, Instant::now()) {
            return Ok(Some(act));
        }
        let standings = (&mut self.gathering, &mut self.shelf);
        self.results.due(state, standings, key, tick)
    }

    /// An operator's act on a round; returns when every inbound partition has it.
    pub(crate) fn round(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &RoundRequest,
    ) -> Result<RoundReceipt, RoundError> {
        let (at, effective) = (self.time(around), self.effective(around));
        let act = {
            let state = around.control.state();
            let newest = state.versions(&request.campaign).last().ok_or_else(|| {
                RoundError::Conflict(format!("there is no campaign {:?}", request.campaign))
            })?;
            let act = act_of(&newest.compiled.campaign, request, at, effective)?;
            state.would_act(&act).map_err(RoundError::Conflict)?;
            act
        };
        let (windows, verb) = (act.windows.clone(), act.verb);
        let ctl = self.write(around, seat, &Act::Round(act))?;
        let holds = {
            let state = around.control.state();
            let life = |round| state.rounds().life(&request.campaign, Some(round));
            match verb {
                RoundVerb::Void => life(request.round).is_some_and(|life| life.is_void),
                RoundVerb::Seal => life(request.round).is_some_and(|life| life.is_forced),
                RoundVerb::Skip => life(request.round).is_some_and(|life| life.is_skipped),
                RoundVerb::Shift | RoundVerb::Open | RoundVerb::Extend => {
                    let moved = |window: &Window| {
                        life(window.round).is_some_and(|life| life.window == Some(*window))
                    };
                    windows.iter().all(moved)
                }
            }
        };
        if !holds {
            return Err(RoundError::Conflict(
                "another coordinator acted on the round first; look at `status` and try again"
                    .to_owned(),
            ));
        }
        self.copy_pending(around, seat)?;
        Ok(RoundReceipt {
            ctl,
            windows,
            effective,
        })
    }

    /// Takes the beacon's value for a draw, or why there is none. It is kept until the draw is made; a
    /// successor has to be told again.
    pub(crate) fn beacon(
        &mut self,
        around: &Around,
        request: BeaconRequest,
    ) -> Result<(), RoundError> {
        let draw: Draw = (request.campaign, request.round);
        let state = around.control.state();
        let sealed_at = state
            .rounds()
            .of(&draw.0)
            .filter(|(round, life)| !life.is_void && (draw.1.is_none() || *round == draw.1))
            .filter_map(|(_, life)| life.decision.as_ref())
            .max_by_key(|(ctl, _)| *ctl)
            .map(|(_, decided)| decided.at);
        let Some(sealed_at) = sealed_at else {
            return Err(RoundError::Conflict("the round is not sealed".to_owned()));
        };
        let due = contest::beacon_round(sealed_at).unwrap_or(0);
        let said = match request.value {
            Ok(beacon) if beacon.round != due => {
                return Err(RoundError::Invalid(format!(
                    "the draw takes the beacon's round {due}, not {}",
                    beacon.round
                )));
            }
            Ok(beacon) => Said::Value(beacon),
            Err(_) if self.time(around) < sealed_at.saturating_add(BEACON_LATE_S) => {
                return Err(RoundError::Conflict(format!(
                    "the draw can do without its beacon {BEACON_LATE_S} s after the seal at {sealed_at}, not before"
                )));
            }
            Err(why) => Said::None(why),
        };
        self.results.beacons.insert(draw, said);
        Ok(())
    }
}
