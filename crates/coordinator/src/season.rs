//! What a lead does about rounds: asks for seals, decides them, publishes lists and results, one act at a time;
//! operators' acts on rounds, and beacons. What is due is told by [`crate::seals`] and
//! [`crate::results`]; nothing is decided here.

use crate::conclusions::ResultError;
use crate::gather::Gathering;
use crate::lead::{Around, Lead, LeadError, Seat};
use crate::revealed::asks_for_beacon;
use crate::rounds::{BeaconRequest, RoundError, RoundReceipt, RoundRequest, act_of};
use crate::seals;
use control::ControlState;
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{BeaconAct, RoundVerb, Window};
use std::time::Instant;

/// Acts in one turn, so that ticks and commands are not kept waiting.
const TURN_ACTS: usize = 64;

impl Lead {
    /// Does what is due of commitments, seals and results at the newest tick.
    pub(crate) fn judge(&mut self, around: &Around, seat: &dyn Seat) -> Result<(), LeadError> {
        let Some(tick) = self.last_tick else {
            return self.gathering.read().map(drop).map_err(LeadError::from);
        };
        self.ear.listen()?;
        if self.results.forget_stale(&around.control.state()) {
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
        let metrics = &around.board.metrics;
        self.stopwatch.look(&around.control.state(), metrics);
        metrics.digests.look(&around.control.state());
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
        let now = self.time(around).max(tick);
        let standings = (&mut self.gathering, &mut self.shelf);
        self.results.due(state, standings, key, (tick, now))
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

    /// Writes down the beacon's value for a draw, or that it does without; its offset in `control`. The same
    /// again is the same.
    pub(crate) fn beacon(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &BeaconRequest,
    ) -> Result<u64, RoundError> {
        let said = |state: &ControlState| {
            let life = state.rounds().life(&request.campaign, request.round);
            life.and_then(|life| life.beacon.clone())
        };
        let act = {
            let state = around.control.state();
            asks_for_beacon(&state, &request.campaign, request.round)
                .map_err(RoundError::Conflict)?;
            let act = beacon_act(&state, request, self.time(around))?;
            if let Some((ctl, said)) = said(&state)
                && (said.number, said.value) == (act.number, act.value)
            {
                return Ok(ctl);
            }
            let holds = state.rounds().would_say_beacon(&act);
            holds.map_err(RoundError::Conflict)?;
            act
        };
        let ctl = self.write(around, seat, &Act::Beacon(act))?;
        match said(&around.control.state()) {
            Some((at, _)) if at == ctl => Ok(ctl),
            _ => Err(RoundError::Conflict(
                "another coordinator was told of a beacon first; look at `status`".to_owned(),
            )),
        }
    }
}

fn beacon_act(
    state: &ControlState,
    request: &BeaconRequest,
    at: i64,
) -> Result<BeaconAct, RoundError> {
    let invalid = |what: &str| RoundError::Invalid(what.to_owned());
    let (number, value) = match &request.value {
        Some(beacon) => {
            let value = Hex::parse(&beacon.value);
            let value = value.ok_or_else(|| invalid("a value is 64 hexadecimal digits"))?;
            (Some(beacon.round), Some(value))
        }
        None if request.reason.trim().is_empty() => {
            return Err(invalid(
                "a draw that does without its beacon needs a reason",
            ));
        }
        None => (None, None),
    };
    let life = state.rounds().life(&request.campaign, request.round);
    let list = life.and_then(|life| life.list.as_ref());
    Ok(BeaconAct {
        v: SCHEMA_VERSION,
        campaign: request.campaign.clone(),
        round: request.round,
        // Without a list it does not hold.
        list: list.map_or(u64::MAX, |(ctl, _)| *ctl),
        number,
        value,
        actor: request.actor.clone(),
        reason: request.reason.clone(),
        at,
    })
}
