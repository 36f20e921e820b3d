//! What a lead does about prizes: units to winners and alternates, what comes back, public texts. What is due is told
//! by [`crate::prizes`]; here it is written, many acts at a time, and read back.

use crate::corrected::Shelf;
use crate::details;
use crate::gather::Archive;
use crate::lead::{Around, Lead, LeadError, Seat};
use crate::prizes::{self, AwardError, AwardRequest, Due, Fields, Why, award_act};
use crate::results::Results;
use crate::rounds::RoundError;
use contest::Field;
use control::ControlState;
use record::acts::Act;
use record::rounds::ResultAct;
use std::collections::BTreeMap;

/// Acts in one turn, so that ticks and commands are not kept waiting.
const TURN_ACTS: usize = 256;

/// When a campaign's prizes were last looked at, and when the next look is worth while.
#[derive(Default)]
pub(crate) struct Looks(BTreeMap<String, Look>);

struct Look {
    seen: Seen,
    again_at: Option<i64>,
    /// Standings are being read.
    awaits: bool,
    /// Claims that have claimed nothing.
    ignored: usize,
}

/// What a look has seen: how far control was read, and which claims there were.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    read: u64,
    claims: u64,
}

impl Looks {
    fn is_due(&self, campaign: &str, seen: Seen, now: i64) -> bool {
        self.0.get(campaign).is_none_or(|look| {
            look.awaits || look.seen != seen || look.again_at.is_some_and(|at| at <= now)
        })
    }

    fn note(&mut self, campaign: String, seen: Seen, due: &Due, ignored: usize) {
        let awaits = due.open.iter().any(|open| open.why == Why::Standings);
        let again_at = due.again_at;
        self.0.insert(
            campaign,
            Look {
                seen,
                again_at,
                awaits,
                ignored,
            },
        );
    }
}

/// Standings of draws, for alternates.
struct Standings<'a> {
    state: &'a ControlState,
    shelf: &'a mut Shelf,
    trouble: Option<String>,
    archive: &'a mut Archive,
    results: &'a mut Results,
}

impl Fields for Standings<'_> {
    fn field(&mut self, result: &ResultAct) -> Option<&Field<'static>> {
        if result.corrects.is_some() {
            return match self.shelf.field(self.state, result) {
                Ok(field) => Some(field),
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    None
                }
            };
        }
        match result.round {
            Some(_) => self.archive.field(result.ctl),
            None => self.results.final_field(&result.campaign),
        }
    }
}

impl Lead {
    /// Does what is due of prizes at the newest tick; what keeps it from that.
    pub(crate) fn give(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        tick: i64,
    ) -> Result<Option<String>, LeadError> {
        self.archive.read()?;
        let mut trouble = None;
        let campaigns = with_prizes(&around.control.state());
        for campaign in campaigns {
            let state = around.control.state();
            let claims = &self.gathering.claims;
            let seen = Seen {
                read: state.next_offset(),
                claims: claims.revision(),
            };
            if !self.looks.is_due(&campaign, seen, tick) {
                continue;
            }
            let mut standings = Standings {
                state: &state,
                shelf: &mut self.shelf,
                trouble: None,
                archive: &mut self.archive,
                results: &mut self.results,
            };
            let due = prizes::due(&state, &campaign, tick, claims, &mut standings);
            trouble = standings.trouble.take().or(trouble);
            let ignored = prizes::without_effect(&state, &campaign, claims);
            drop(state);
            match due {
                Ok(due) if due.acts.is_empty() => self.looks.note(campaign, seen, &due, ignored),
                Ok(due) => {
                    let acts = due.acts.get(..TURN_ACTS).unwrap_or(&due.acts);
                    match details::sealed(acts, &*around.log, &around.config.key) {
                        Ok(acts) => self.write_all(around, seat, &acts)?,
                        // Nothing of this campaign is written; the next turn tries again.
                        Err(error) => trouble = Some(error.to_string()),
                    }
                }
                Err(error) => trouble = Some(error.to_string()),
            }
        }
        let ignored = self.looks.0.values().map(|look| look.ignored);
        let ignored = ignored.fold(0_usize, usize::saturating_add);
        around
            .board
            .metrics
            .claims_ignored
            .set_count(ignored as u64);
        Ok(trouble)
    }

    /// An operator's step of an award; its offset in `control`.
    pub(crate) fn award(
        &mut self,
        around: &Around,
        seat: &dyn Seat,
        request: &AwardRequest,
    ) -> Result<u64, RoundError> {
        let at = self.time(around);
        let act = award_act(&around.control.state(), request, at).map_err(|error| match error {
            AwardError::Invalid(what) => RoundError::Invalid(what),
            AwardError::Conflict(what) => RoundError::Conflict(what),
        })?;
        let void = around.control.state().void_records();
        let ctl = self.write(around, seat, &Act::Award(act))?;
        if around.control.state().void_records() != void {
            return Err(RoundError::Conflict(
                "another act on the award came first; look at `results` and try again".to_owned(),
            ));
        }
        Ok(ctl)
    }
}

/// Campaigns with a result.
fn with_prizes(state: &ControlState) -> Vec<String> {
    let campaigns = state.newest().map(|published| &published.id);
    let has_result = |id: &&String| state.rounds().of(id).any(|(_, life)| life.result.is_some());
    campaigns.filter(has_result).cloned().collect()
}
