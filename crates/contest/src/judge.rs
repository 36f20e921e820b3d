//! From one fan's stored attempts to his standing in a round (Q-2, Q-8… ). Pure and without
//! allocation; never all fans at once.

use crate::attempts::{Attempt, choose};
use crate::compiled::Compiled;
use crate::eligible::{Bar, Follow};
use crate::entrant::{EntrantCode, Entrants};
use crate::key::Key;
use crate::score;
use crate::standing::Standing;
use campaign::{Among, AnswerPolicy, Campaign, EligiblePolicy, JoinPolicy};
use std::borrow::Cow;
use std::collections::HashSet;

/// What an answer needs besides being valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinNeed {
    /// Nothing: no policy, or an answer joins its sender.
    Nothing,
    /// A join in the campaign, no later than the answer.
    InCampaign,
    /// A join in the window of the round, no later than the answer.
    InRound,
}

impl JoinNeed {
    /// What the answers of a campaign need.
    #[must_use]
    pub fn of(campaign: &Campaign) -> Self {
        match (campaign.join.policy, campaign.join.implicit) {
            (JoinPolicy::None, _) | (_, true) => Self::Nothing,
            (JoinPolicy::Campaign, false) => Self::InCampaign,
            (JoinPolicy::Round, false) => Self::InRound,
        }
    }
}

/// What is known of a fan besides his attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FanInRound {
    /// Who.
    pub code: EntrantCode,
    /// The fan's first join of the campaign; under the join policy `round`, his first in the window.
    pub joined: Option<i64>,
    /// Whether he follows.
    pub follow: Follow,
}

/// A round by the version and window that its seal names, ready to judge.
#[derive(Debug, Clone)]
pub struct RoundJudge {
    open: i64,
    close: i64,
    join_from: i64,
    need: JoinNeed,
    policy: AnswerPolicy,
    key: Key,
    base: u32,
    speed: bool,
    with_joined: bool,
    eligible: EligiblePolicy,
    excluded: HashSet<EntrantCode>,
}

impl RoundJudge {
    /// For a round of this version; the window is the one that the seal names, which an operator may have
    /// extended. None when the version has no such round.
    #[must_use]
    pub fn new(compiled: &Compiled, number: u16, window: (i64, i64)) -> Option<Self> {
        let campaign = &compiled.campaign;
        let question = &campaign.round(number)?.question;
        let (open, close) = window;
        let entrants = Entrants::new(campaign.draw.salt.as_bytes());
        let per_round = campaign.join.policy == JoinPolicy::Round;
        let excluded = campaign.eligible.exclude.iter();
        Some(Self {
            open,
            close,
            join_from: if per_round { open } else { i64::MIN },
            need: JoinNeed::of(campaign),
            policy: question.policy,
            key: Key::new(question),
            base: question.points,
            speed: campaign.score.speed,
            with_joined: lists_joined(campaign, Some(number)),
            eligible: campaign.eligible.clone(),
            excluded: excluded.map(|openid| entrants.code(openid)).collect(),
        })
    }

    /// Whether who has joined without answering is an entrant too; if not, who has written nothing in the round is none.
    #[must_use]
    pub fn lists_joined(&self) -> bool {
        self.with_joined
    }

    /// The fan's standing; none when he is no entrant of this round. Attempts come in any order, any
    /// number of times, from anywhere: those outside the window are no answers of this round.
    pub fn judge<'a>(
        &self,
        fan: &FanInRound,
        attempts: impl Iterator<Item = Attempt<'a>> + Clone,
    ) -> Option<Standing<'a>> {
        let counts = |at: i64| self.join_from <= at && at < self.close;
        let join = fan.joined.filter(|at| counts(*at));
        let from = match self.need {
            JoinNeed::Nothing => Some(self.open),
            JoinNeed::InCampaign | JoinNeed::InRound => join.map(|at| at.max(self.open)),
        };
        let within = |attempt: &Attempt<'a>| {
            let at = attempt.create_time;
            from.is_some_and(|from| from <= at) && at < self.close
        };
        let valid = attempts.filter(within);
        let first = valid.clone().map(|attempt| attempt.create_time).min();
        let answer = choose(self.policy, valid, |value| self.key.accepts(value));
        let joined = match (join, first) {
            (Some(join), Some(first)) => Some(join.min(first)),
            (join, first) => join.or(first),
        };
        if answer.is_none() && !(self.with_joined && joined.is_some()) {
            return None;
        }
        let right = answer.filter(|answer| answer.correct);
        let (open, close) = (self.open, self.close);
        Some(Standing {
            code: fan.code,
            joined,
            answered: u32::from(answer.is_some()),
            correct: u32::from(right.is_some()),
            first: first.unwrap_or(0),
            at: answer.map_or(0, |answer| answer.at),
            elapsed: right.map_or(0, |right| score::elapsed(open, close, right.at)),
            points: right.map_or(0, |right| {
                score::points(self.base, open, close, right.at, self.speed)
            }),
            value: Cow::Borrowed(answer.map_or("", |answer| answer.value)),
            bar: self.bar(fan),
        })
    }

    /// What bars a fan from winning at the cut, whether he is an entrant of this round or not.
    #[must_use]
    pub fn bar(&self, fan: &FanInRound) -> Option<Bar> {
        let is_excluded = self.excluded.contains(&fan.code);
        fan.follow.bar(&self.eligible, is_excluded)
    }
}

/// Whether the list of a draw holds who has joined without answering: iff one of its awards is
/// among the joined.
pub(crate) fn lists_joined(campaign: &Campaign, round: Option<u16>) -> bool {
    crate::conclude::awards_after(campaign, round)
        .iter()
        .any(|award| award.among == Among::Joined)
}
