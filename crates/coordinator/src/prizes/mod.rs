//! Prizes: from the results that stand and what became of units so far to the acts that are due now (Q-18, Q-20,
//! A pure function of control, the time and, where alternates are looked for, the standings of a
//! round: whoever leads next finds exactly what is missing. Never who wins, never the log, never a clock.
//!
//! * [`due`]: what is due; `draws`: the results as far as prizes are concerned
//! * `give`: units to winners and alternates; `correct`: what a correction takes back and adds
//! * `announce`: the public texts
//! * [`operator`]: an operator's step of an award

mod announce;
mod correct;
mod draws;
mod give;
pub mod operator;

use crate::claims::{Claims, Sent};
use campaign::{Campaign, Prize};
use contest::{Field, Holders};
use control::ControlState;
use control::ledger::{Held, Ledger, Place};
use draws::Draw;
use record::acts::Act;
use record::claim::{CLAIM_GRACE_S, ClaimedBy};
use record::rounds::{AwardAct, ResultAct, UnitState};
use std::collections::BTreeSet;

pub use correct::{After, remedies_after};
pub use operator::{AwardError, AwardRequest, Slot, award_act};

/// A public text waits so many seconds for private notices that nobody has confirmed.
pub const NOTICE_WAIT_S: i64 = 60;

/// Where the standings of a draw come from; asked only when an alternate is looked for.
pub trait Fields {
    /// The standings that this result was made of; `None` while they are not at hand.
    fn field(&mut self, result: &ResultAct) -> Option<&Field<'static>>;
}

/// What is due, and what is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Due {
    /// Acts to append to control, in this order. Each holds once those before it stand.
    pub acts: Vec<Act>,
    /// Slots that should have a winner and have none, with `acts` done.
    pub open: Vec<Open>,
    /// With `acts` done, nothing more is due before this time unless control says something new, or standings come
    /// to hand; seconds since 1970.
    pub again_at: Option<i64>,
}

/// A slot without a winner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Which.
    pub place: Place,
    /// Id of the prize.
    pub prize: String,
    /// Why.
    pub why: Why,
}

/// Why a slot has no winner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The stock that is released is given; more comes at this time, in seconds since 1970.
    Release(i64),
    /// The stock is given.
    Stock,
    /// The reserve, from which a correction gives, is given.
    Reserve,
    /// The standings of the draw are not at hand, so that nobody can say who is next.
    Standings,
    /// Nobody is left in the ranking.
    Nobody,
}

/// Why nothing can be said about a campaign's prizes.
#[derive(Debug, thiserror::Error)]
pub enum PrizeError {
    /// There is no such campaign.
    #[error("there is no campaign {0:?}")]
    NoCampaign(String),
    /// A result does not fit the campaign that judged it.
    #[error(
        "the record of {draw} of {campaign}: {reason}; its prizes wait, correct it with `rescore --publish`"
    )]
    Record {
        /// Id of the campaign.
        campaign: String,
        /// Name of the draw.
        draw: String,
        /// What is wrong.
        reason: String,
    },
}

/// What is due of a campaign's prizes at this time, in seconds since 1970: units are claimed, those that were not come back,
/// corrections are made good, units go to winners and alternates in the order of rounds, awards and slots, and
/// texts become public. Called again after any part of it was done, it returns the rest.
///
/// # Errors
/// [`PrizeError`]; nothing is due of this campaign then.
pub fn due(
    state: &ControlState,
    campaign: &str,
    now: i64,
    claims: &Claims,
    fields: &mut dyn Fields,
) -> Result<Due, PrizeError> {
    let newest = state.versions(campaign).last();
    let newest = newest.ok_or_else(|| PrizeError::NoCampaign(campaign.to_owned()))?;
    let newest = &newest.compiled.campaign;
    let draws = draws::of(state, newest)?;
    let mut desk = Desk {
        newest,
        now,
        claims,
        ledger: state.awards().of(campaign).cloned().unwrap_or_default(),
        due: Due::default(),
    };
    desk.claim(&draws);
    desk.expire(&draws, claims.through());
    for draw in &draws {
        desk.take_back(draw);
    }
    desk.give_all(&draws, fields);
    for draw in &draws {
        desk.announce(draw);
    }
    desk.look_ahead();
    Ok(desk.due)
}

/// How many claims of a campaign have claimed nothing: those of fans who hold no unit, sent too early or too late, and
/// all behind the first.
#[must_use]
pub fn without_effect(state: &ControlState, campaign: &str, claims: &Claims) -> usize {
    let sent = claims.count(campaign);
    let ledger = state.awards().of(campaign).filter(|_| sent > 0);
    let slots = ledger.into_iter().flat_map(Ledger::slots);
    let by = slots.flat_map(|(_, held)| held.iter().filter_map(|held| held.claim.as_ref()));
    let messages: BTreeSet<_> = by.map(|claim| (claim.partition, claim.offset)).collect();
    sent.saturating_sub(messages.len())
}

/// One look at a campaign's prizes; its ledger runs ahead of control's by the acts that are due.
struct Desk<'a> {
    newest: &'a Campaign,
    now: i64,
    claims: &'a Claims,
    ledger: Ledger,
    due: Due,
}

impl<'a> Desk<'a> {
    fn prize(&self, id: &str) -> Option<&'a Prize> {
        self.newest.prizes.iter().find(|prize| prize.id == id)
    }

    /// The class of a prize.
    fn class(&self, id: &str) -> String {
        self.prize(id)
            .map_or_else(|| id.to_owned(), |prize| prize.class.clone())
    }

    /// Takes a step and notes that it is due; whether control will take it.
    fn step(&mut self, draw: &Draw<'_>, act: AwardAct) -> bool {
        let held = self.ledger.step(&act, &draw.terms).is_ok();
        if held {
            self.due.acts.push(Act::Award(act));
        }
        held
    }

    /// The act that ends an attempt.
    fn end(&self, held: &Held, state: UnitState, reason: &str) -> AwardAct {
        AwardAct {
            state,
            actor: String::new(),
            reason: reason.to_owned(),
            at: self.now,
            ..held.given.clone()
        }
    }

    fn note(&mut self, place: Place, prize: &str, why: Why) {
        self.due.open.push(Open {
            place,
            prize: prize.to_owned(),
            why,
        });
    }

    fn holders(&self) -> impl Iterator<Item = (&Place, &Held)> {
        self.ledger.slots().filter_map(|(place, attempts)| {
            let held = attempts.last().filter(|held| held.is_held())?;
            Some((place, held))
        })
    }

    /// Gives a unit. Its winner may have claimed it in this second, or with a clock ahead of this one: then it is claimed at
    /// once, as whoever looks again would find.
    fn hand(&mut self, draw: &Draw<'_>, place: &Place, gift: AwardAct) {
        self.step(draw, gift);
        let held = self.ledger.holder(place);
        if let Some(act) = held.and_then(|held| self.claimed(held)) {
            self.step(draw, act);
        }
    }

    /// Units whose winners have claimed them.
    fn claim(&mut self, draws: &[Draw<'_>]) {
        for draw in draws {
            let of_draw = self
                .holders()
                .filter(|(place, _)| place.round == draw.round);
            let acts: Vec<_> = of_draw.filter_map(|(_, held)| self.claimed(held)).collect();
            for act in acts {
                self.step(draw, act);
            }
        }
    }

    /// The step by which a unit is claimed: of several claims the first in the log that holds.
    fn claimed(&self, held: &Held) -> Option<AwardAct> {
        let sent = self.claims.of(&self.newest.id, held.given.code).iter();
        let mut claims = sent.map(message);
        let claim = claims.find(|claim| held.is_claimed_by(claim, self.newest))?;
        Some(AwardAct {
            claim: Some(claim),
            ..self.end(held, UnitState::Claimed, "")
        })
    }

    /// Units that were not claimed in time. Every claim that may hold is known by `through`: what is not in by then came
    /// too late by its partition's own ticks, however late it is seen (V-5).
    fn expire(&mut self, draws: &[Draw<'_>], through: Option<i64>) {
        for draw in draws {
            let over = self.holders().filter(|(place, held)| {
                let deadline = held.deadline(self.newest).filter(|end| *end <= self.now);
                let known =
                    |end: i64| through.is_some_and(|t| t >= end.saturating_add(CLAIM_GRACE_S));
                place.round == draw.round && deadline.is_some_and(known)
            });
            let acts: Vec<_> = over
                .map(|(_, held)| self.end(held, UnitState::Expired, "not claimed in time"))
                .collect();
            for act in acts {
                self.step(draw, act);
            }
        }
    }

    /// Winners of the results that stand who got no unit yet: they are no alternates elsewhere.
    fn promised(&self, draws: &[Draw<'_>]) -> Holders {
        let mut promised = Holders::new(self.newest.eligible.one_prize_per);
        for draw in draws.iter().filter(|draw| !self.is_void(draw)) {
            for made in &draw.awards {
                let tried = self.tried(draw, made);
                for won in &made.recorded.given.winners {
                    if !tried.contains(&won.code) {
                        promised.add(&self.class(&made.recorded.prize), won.code);
                    }
                }
            }
        }
        promised
    }

    /// When time alone makes something due.
    fn look_ahead(&mut self) {
        let deadlines = self.holders();
        let deadlines = deadlines.filter_map(|(_, held)| held.deadline(self.newest));
        let releases = self.due.open.iter().filter_map(|open| match open.why {
            Why::Release(at) => Some(at),
            _ => None,
        });
        let times = deadlines.chain(releases).chain(self.due.again_at);
        self.due.again_at = times.filter(|at| *at > self.now).min();
    }
}

fn message(sent: &Sent) -> ClaimedBy {
    ClaimedBy {
        partition: sent.partition,
        offset: sent.offset,
        key: sent.key,
        create_time: sent.create_time,
        tick: sent.tick,
        details: String::new(),
    }
}
