//! The campaign as a whole: its span, rounds and policies. Never parsing, never a decision.

use crate::prizes::{Award, Correction, DrawPolicy, EligiblePolicy, Prize, ScorePolicy};
use crate::questions::Question;
use crate::rules::{DailyHours, Detector, MenuItem, Rule};
use crate::slots::Slots;
use crate::template::Template;
use std::collections::BTreeMap;

/// One campaign, as its file says. Times are epoch seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Its identity, for ever: lower-case letters, digits, `-`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Name of the account whose messages it judges.
    pub account: String,
    /// First second of its span.
    pub start: i64,
    /// First second after its span.
    pub end: i64,
    /// W of: within so many seconds a fan's equal messages get one reply.
    pub coalesce_window_s: i64,
    /// Who has joined.
    pub join: Join,
    /// Texts by which a fan asks for his own entrant code; none: nobody is told.
    pub mine: Words,
    /// What a text begins with by which a fan claims what he has won; none: only an operator takes claims.
    pub claim: Words,
    /// How rounds are sealed.
    pub seal: SealPolicy,
    /// The rounds, by number and time.
    pub rounds: Vec<Round>,
    /// Keyword rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// What menu entries and msgmenu lines do.
    pub menu: Vec<MenuItem>,
    /// Which templates the fixed slots use.
    pub slots: Slots,
    /// Templates by name.
    pub templates: BTreeMap<String, Template>,
    /// Words and weights of the question detector (H-1).
    pub detector: Detector,
    /// When people are there to answer; empty: always. In seconds of the day.
    pub service_hours: Vec<DailyHours>,
    /// The rules text that fans are shown; needed as soon as there is a prize.
    pub terms: String,
    /// Highest value of a unit, in yuan, that the lint lets pass.
    pub prize_cap_yuan: u32,
    /// What a correction does to announced winners.
    pub correction: Correction,
    /// How draws are made.
    pub draw: DrawPolicy,
    /// How right answers score.
    pub score: ScorePolicy,
    /// Who can win.
    pub eligible: EligiblePolicy,
    /// What is given away, in the order of the file.
    pub prizes: Vec<Prize>,
    /// To whom, in the order of the file.
    pub awards: Vec<Award>,
}

/// Who has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// What a join is good for.
    pub policy: JoinPolicy,
    /// Whether an answer joins its sender.
    pub implicit: bool,
    /// Words that join, besides what the grammar of C.5 knows for `go`.
    pub keywords: Vec<String>,
    /// Line of the keywords in the file.
    pub line: usize,
}

/// Words that fans send for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The words, as written.
    pub keywords: Vec<String>,
    /// Their line in the file.
    pub line: usize,
}

/// What a join is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinPolicy {
    /// Nobody needs to join.
    None,
    /// One join for the whole campaign.
    Campaign,
    /// One join for each round.
    Round,
}

/// How rounds are sealed. Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPolicy {
    /// From a round's close to its seal.
    pub grace_s: i64,
    /// How long a silent node is waited for.
    pub max_wait_s: i64,
    /// What happens then.
    pub on_silent_node: OnSilentNode,
}

/// What happens when a node stays silent at a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnSilentNode {
    /// The operator decides.
    Wait,
    /// The round is sealed without it, and the decision names it.
    SealWithout,
}

/// One round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Its number, from 1.
    pub number: u16,
    /// First second of its window.
    pub open: i64,
    /// First second after its window.
    pub close: i64,
    /// What is asked.
    pub question: Question,
    /// Line of the round in the file.
    pub line: usize,
}

/// Where an instant stands among the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Before the first round opens.
    Before {
        /// The first round.
        next: &'a Round,
    },
    /// In the window of a round.
    Open {
        /// The round.
        round: &'a Round,
        /// The round after it.
        next: Option<&'a Round>,
    },
    /// Between two rounds.
    Between {
        /// The round that closed last.
        last: &'a Round,
        /// The round that opens next.
        next: &'a Round,
    },
    /// After the last round closed.
    After {
        /// The last round; none in a campaign without rounds.
        last: Option<&'a Round>,
    },
}

impl Campaign {
    /// The round whose window contains this CreateTime.
    #[must_use]
    pub fn round_at(&self, create_time: i64) -> Option<&Round> {
        let after = self
            .rounds
            .partition_point(|round| round.open <= create_time);
        let round = self.rounds.get(after.checked_sub(1)?)?;
        (create_time < round.close).then_some(round)
    }

    /// The round with this number.
    #[must_use]
    pub fn round(&self, number: u16) -> Option<&Round> {
        let place = self
            .rounds
            .binary_search_by_key(&number, |round| round.number)
            .ok()?;
        self.rounds.get(place)
    }

    /// Where a CreateTime stands among the rounds.
    #[must_use]
    pub fn standing(&self, create_time: i64) -> Standing<'_> {
        let after = self
            .rounds
            .partition_point(|round| round.open <= create_time);
        let next = self.rounds.get(after);
        let last = after
            .checked_sub(1)
            .and_then(|place| self.rounds.get(place));
        match (last, next) {
            (None, Some(next)) => Standing::Before { next },
            (Some(round), next) if create_time < round.close => Standing::Open { round, next },
            (Some(last), Some(next)) => Standing::Between { last, next },
            (last, None) => Standing::After { last },
        }
    }

    /// Whether the CreateTime lies so near to an edge of a round that replies stay neutral:
    /// −10 ≤ create_time − edge < 10 s.
    #[must_use]
    pub fn near_edge(&self, create_time: i64) -> bool {
        const NEAR_S: i64 = 10;
        // The last round that opens within reach decides: every edge of those before it lies before
        // its opening, and if that is too long ago, so are they.
        let reach = create_time.saturating_add(NEAR_S);
        let after = self.rounds.partition_point(|round| round.open <= reach);
        self.rounds[..after].last().is_some_and(|round| {
            [round.open, round.close]
                .into_iter()
                .any(|edge| (-NEAR_S..NEAR_S).contains(&create_time.saturating_sub(edge)))
        })
    }
}
