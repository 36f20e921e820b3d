//! What a lead does about corrections: takes in their standings; holds what is to be published against them, and
//! then against the messages, which are counted again on a thread of their own; publishes what is the same to the byte.
//! Each step is an append that a repeated request does not make again, so that it does not matter between which two
//! of them a coordinator dies. Never what becomes of prizes.

use crate::corrected::{ShelfError, StandingsRequest, follows};
use crate::corrections::difference;
use crate::handle::Reply;
use crate::lead::{Around, Lead, LeadError, Seat};
use crate::recount::{Job, Task};
use crate::rounds::{CorrectRequest, RoundError};
use contest::draw_name;
use control::ControlState;
use record::acts::Act;
use record::rounds::ResultAct;
use std::collections::BTreeSet;

type Answer = Result<Vec<u64>, RoundError>;

/// A correction that is held against the messages; whoever asked for it waits.
pub(crate) struct Pending {
    job: Job,
    request: CorrectRequest,
    /// What it is computed from, as control stood when it began.
    basis: Basis,
    reply: Reply<Answer>,
}

/// Of a campaign: its newest version, and the results that stand of the draws that have a say.
#[derive(Debug, PartialEq, Eq)]
struct Basis(u64, Vec<(Option<u16>, u64)>);

impl Drop for Pending {
    fn drop(&mut self) {
        // Answered already, unless the lead ends before the recount. Who has gone away needs no answer.
        drop(self.reply.try_send(Err(RoundError::NotOwner)));
    }
}

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

    /// Begins to hold corrected results against the messages; they are published, and the caller is answered, once
    /// that is done ([`Lead::go_on_correcting`]). What is refused at once, or stands already, is answered at once.
    pub(crate) fn correct(
        &mut self,
        around: &Around,
        request: CorrectRequest,
        reply: Reply<Answer>,
    ) {
        match self.begin(around, &request) {
            Ok(Some((job, basis))) => {
                self.correcting = Some(Pending {
                    job,
                    request,
                    basis,
                    reply,
                });
            }
            Ok(None) => {
                let state = around.control.state();
                let offsets = request
                    .results
                    .iter()
                    .filter_map(|result| published(&state, result));
                drop(reply.try_send(Ok(offsets.collect())));
            }
            Err(error) => drop(reply.try_send(Err(error))),
        }
    }

    /// The recount behind a request; none when all of it stands already.
    fn begin(
        &mut self,
        around: &Around,
        request: &CorrectRequest,
    ) -> Result<Option<(Job, Basis)>, RoundError> {
        if self.correcting.is_some() {
            return Err(RoundError::Conflict(
                "another correction is being held against the messages; wait for it, and send this one again"
                    .to_owned(),
            ));
        }
        self.check(around, request)?;
        let state = around.control.state();
        let mut open = request
            .results
            .iter()
            .filter(|result| published(&state, result).is_none());
        let Some(first) = open.next() else {
            return Ok(None);
        };
        let (campaign, version) = (first.campaign.as_str(), first.version);
        if !open.all(|other| (other.campaign.as_str(), other.version) == (campaign, version)) {
            return Err(RoundError::Invalid(
                "the results are not of one campaign and one version of it; publish them one after the other"
                    .to_owned(),
            ));
        }
        let mut rounds = rounds_of(request);
        rounds.extend(last_corrected(&state, campaign));
        let settings = (around.config.partitions, request.as_new);
        let task = Task::new(&state, (campaign, version), &rounds, settings);
        let task = task.map_err(RoundError::Invalid)?;
        let basis = basis(&state, campaign, request);
        drop(state);
        let job = Job::start(task, &around.log, &around.recount).map_err(|error| {
            RoundError::Conflict(format!("the recount cannot begin: {error}; try again"))
        })?;
        Ok(Some((job, basis)))
    }

    /// Publishes what the messages have been found to give, or refuses it. The error ends the lead.
    pub(crate) fn go_on_correcting(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
    ) -> Result<(), LeadError> {
        let Some(computed) = self
            .correcting
            .as_ref()
            .and_then(|pending| pending.job.done())
        else {
            return Ok(());
        };
        let Some(pending) = self.correcting.take() else {
            return Ok(());
        };
        let done = self.publish_corrections(around, seat, &pending, computed);
        let ends = match &done {
            Err(RoundError::NotOwner) => Err(LeadError::NotOwner),
            Err(RoundError::Log(error)) => Err(error.clone().into()),
            _ => Ok(()),
        };
        drop(pending.reply.try_send(done));
        ends
    }

    fn publish_corrections(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        pending: &Pending,
        computed: Result<Vec<ResultAct>, String>,
    ) -> Answer {
        let request = &pending.request;
        let computed = computed.map_err(|why| {
            RoundError::Conflict(format!(
                "the correction cannot be held against the messages: {why}"
            ))
        })?;
        // Control has gone on meanwhile.
        self.check(around, request)?;
        {
            let state = around.control.state();
            let campaign = request
                .results
                .first()
                .map(|result| result.campaign.clone());
            if basis(&state, &campaign.unwrap_or_default(), request) != pending.basis {
                return Err(RoundError::Conflict(
                    "results or versions have changed while the correction was held against the messages; compute it \
                     again"
                        .to_owned(),
                ));
            }
            for result in &request.results {
                if published(&state, result).is_none() {
                    is_computed(result, &computed).map_err(RoundError::Invalid)?;
                }
            }
        }
        let at = self.time(around);
        let mut offsets = Vec::new();
        for result in &request.results {
            if let Some(stands) = published(&around.control.state(), result) {
                offsets.push(stands);
                continue;
            }
            let (campaign, round) = (result.campaign.clone(), result.round);
            let act = ResultAct {
                actor: request.actor.clone(),
                reason: request.reason.clone(),
                at,
                ..result.clone()
            };
            let ctl = self.write(around, seat, &Act::Result(act))?;
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

    /// All of a request holds, as far as can be seen at once, before any of it is counted or published.
    fn check(&mut self, around: &Around, request: &CorrectRequest) -> Result<(), RoundError> {
        let state = around.control.state();
        for result in &request.results {
            // Who takes part in it is fixed, and the correction may change that.
            if state.rounds().is_drawing_final(&result.campaign) {
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

/// Whether what somebody brings is what the messages give, byte for byte.
fn is_computed(brought: &ResultAct, computed: &[ResultAct]) -> Result<(), String> {
    let own = computed.iter().find(|own| own.round == brought.round);
    match own {
        Some(own) => difference(brought, own).map_or(Ok(()), Err),
        None => Err(format!(
            "the messages give {} the standings that it has; version {} corrects nothing in it",
            draw_name(brought.round),
            brought.version
        )),
    }
}

/// The rounds that a request corrects.
fn rounds_of(request: &CorrectRequest) -> BTreeSet<u16> {
    request
        .results
        .iter()
        .filter_map(|result| result.round)
        .collect()
}

/// The last round that a final draw was made of, if it was corrected: it is judged again with every other
/// ([`crate::corrections`]).
fn last_corrected(state: &ControlState, campaign: &str) -> Option<u16> {
    let drawn = state.rounds().life(campaign, None)?.first_result?;
    let lives = state.rounds().of(campaign).filter(|(round, life)| {
        round.is_some() && life.first_result.is_some_and(|first| first < drawn)
    });
    let (round, life) = lives.max_by_key(|(round, _)| *round)?;
    let (_, result) = life.result.as_ref()?;
    round.filter(|_| result.corrects.is_some())
}

/// What a correction of these draws is computed from. Results of later rounds have no say in it, unless the final draw
/// is corrected.
fn basis(state: &ControlState, campaign: &str, request: &CorrectRequest) -> Basis {
    let newest = state
        .versions(campaign)
        .last()
        .map_or(0, |newest| newest.ctl);
    let with_final = request.results.iter().any(|result| result.round.is_none());
    let first_of = |round| {
        let life = state.rounds().life(campaign, Some(round));
        life.and_then(|life| life.first_result).unwrap_or(u64::MAX)
    };
    let last = rounds_of(request).into_iter().map(first_of).max();
    let lives = state.rounds().of(campaign);
    let stand = lives.filter_map(|(round, life)| {
        let (ctl, _) = life.result.as_ref()?;
        let has_say = with_final || (round.is_some() && life.first_result <= last);
        has_say.then_some((round, *ctl))
    });
    Basis(newest, stand.collect())
}

/// Where a correction stands that was published before.
fn published(state: &ControlState, result: &ResultAct) -> Option<u64> {
    let (ctl, stands) = state.rounds().result(&result.campaign, result.round)?;
    let is_it = result.corrects.is_some()
        && (stands.corrects, stands.record_sha256) == (result.corrects, result.record_sha256);
    is_it.then_some(*ctl)
}
