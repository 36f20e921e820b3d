//! Which of a fan's attempts in a round counts (Q-8 … Q-10), and what that makes of the fan in the round's
//! tally. Pure; it reads stored values and never a text.

use crate::candidate::{Candidate, Id};
use crate::fan::{Band, FanRound, band};
use campaign::{AnswerPolicy, Campaign, JoinPolicy, Question, Round};
use contest::is_right;
use record::tally;

/// What an answer needs besides being valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The answer that counts for a fan in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Its value.
    pub value: String,
    /// Its CreateTime: the fan's effective time.
    pub create_time: i64,
    /// Its id.
    pub id: Id,
}

impl Counting {
    /// Its line in the digest of the run.
    #[must_use]
    pub fn line(&self, round: u16, fan: &str) -> String {
        tally::line(round, fan, &self.value, self.create_time, &self.id.text())
    }
}

/// What a fan is in a round's tally.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// A join message or a valid answer lies in the window.
    pub joined: bool,
    /// The counting answer.
    pub answer: Option<Counting>,
    /// A wrong format lies in the window, and no answer counts.
    pub wrong: bool,
}

/// Judges what is kept of a fan in a round. `first_join` is the fan's first join of the campaign, asked
/// only under [`JoinNeed::InCampaign`]; of a sealed round the one that was known at the seal counts.
#[must_use]
pub fn standing(
    round: &Round,
    need: JoinNeed,
    first_join: Option<i64>,
    kept: &FanRound,
) -> Standing {
    let within = |time: i64| band(round, time) == Some(Band::Within);
    let joined_by = match need {
        JoinNeed::Nothing => Some(i64::MIN),
        JoinNeed::InCampaign => kept.first_at_seal.or(first_join),
        JoinNeed::InRound => kept.joins.first(),
    };
    let valid = || {
        kept.candidates()
            .filter(|c| c.value.is_some() && within(c.create_time))
    };
    let eligible = valid().filter(|c| joined_by.is_some_and(|join| join <= c.create_time));
    let answer = choose(&round.question, eligible).map(|candidate| Counting {
        value: candidate.value.clone().unwrap_or_default(),
        create_time: candidate.create_time,
        id: candidate.id.clone(),
    });
    let was_wrong = kept.wrong_at.is_some_and(|span| span.ends().any(within));
    Standing {
        joined: !kept.joins.is_empty() || valid().next().is_some(),
        wrong: was_wrong && answer.is_none(),
        answer,
    }
}

/// The policy of the question over answers that may count.
fn choose<'a>(
    question: &Question,
    eligible: impl Iterator<Item = &'a Candidate>,
) -> Option<&'a Candidate> {
    match question.policy {
        AnswerPolicy::First => eligible.min_by_key(|candidate| candidate.order()),
        AnswerPolicy::Last => eligible.max_by_key(|candidate| candidate.order()),
        AnswerPolicy::BestOf(tries) => {
            let mut tried: Vec<_> = eligible.collect();
            tried.sort_by_key(|candidate| candidate.order());
            tried.truncate(usize::from(tries));
            let right = |c: &&&Candidate| c.value.as_deref().is_some_and(|v| is_right(question, v));
            tried.iter().find(right).or(tried.first()).copied()
        }
    }
}
