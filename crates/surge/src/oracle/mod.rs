//! The oracle: judges a recording by its own slow and obvious code, from the bodies alone. It shares no
//! code with what it judges, only the wire, the campaign file's model and two data tables.

mod cuts;
pub mod draws;
mod fans;
mod grammar;
pub mod holders;
mod identity;
mod keywords;
mod normal;
mod numerals;
mod run;
pub mod standings;
#[cfg(test)]
mod tests;
mod totals;
mod values;
mod verdict;

pub use cuts::{Cuts, Place};
pub use run::{Args, OracleError, run};

use crate::manifest::{self, Manifest};
use crate::recording::{Part, Row, Table, Written, hex};
use campaign::Campaign;
use fans::{Attempt, Fan, Fans, Seen, Sign, Wrong};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use totals::ClassesByRound;
use verdict::{Effect, Judgement};
use wechat::Inbound;

/// Why the oracle cannot judge by a campaign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unjudgeable {
    /// A keyword rule is no regular expression.
    #[error(
        "keyword rule `{rule}` is no regular expression: {reason}; check it with `spillway campaign check`"
    )]
    Regex {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A delivery whose body has been read, which can be done in another thread than judging.
#[derive(Debug)]
pub struct Delivery {
    at_us: i64,
    part: Part,
    /// The message; `None` when the body is none.
    message: Option<Inbound>,
}

impl Delivery {
    /// Reads the body of a row.
    #[must_use]
    pub fn read(row: &Row<'_>) -> Self {
        let message = Inbound::parse(row.body.as_bytes()).ok();
        Self {
            at_us: row.at_us,
            part: row.part,
            message,
        }
    }
}

/// Judges a recording row by row. It keeps something for every fan and message, nothing for every delivery.
#[derive(Debug)]
pub struct Judge {
    campaign: Campaign,
    cuts: Cuts,
    asks_follow: bool,
    judgement: Judgement,
    fans: Fans,
    rows: BTreeMap<Table, u64>,
    messages: u64,
    unparsed: u64,
    kinds: BTreeMap<String, u64>,
    rules: BTreeMap<String, u64>,
    by_round: ClassesByRound,
    span_us: Option<(i64, i64)>,
}

impl Judge {
    /// A judge by a campaign.
    ///
    /// # Errors
    /// [`Unjudgeable`] when the campaign asks for what the oracle has no code for.
    pub fn new(campaign: &Campaign) -> Result<Self, Unjudgeable> {
        Ok(Self {
            judgement: Judgement::new(campaign)?,
            cuts: Cuts::default(),
            asks_follow: campaign.eligible.must_follow
                || campaign.eligible.followed_before.is_some(),
            campaign: campaign.clone(),
            fans: Fans::new(),
            rows: Table::ALL.into_iter().map(|table| (table, 0)).collect(),
            messages: 0,
            unparsed: 0,
            kinds: BTreeMap::new(),
            rules: BTreeMap::new(),
            by_round: BTreeMap::new(),
            span_us: None,
        })
    }

    /// Judges one delivery. Whether it is a re-delivery is told by the body's ids, not by the row.
    pub fn row(&mut self, row: &Row<'_>) {
        self.delivery(&Delivery::read(row));
    }

    /// The same after a run: what lies behind a round's cut is not in the round.
    #[must_use]
    pub fn with_cuts(self, cuts: Cuts) -> Self {
        Self { cuts, ..self }
    }

    /// Judges one delivery whose body has been read.
    pub fn delivery(&mut self, delivery: &Delivery) {
        self.delivery_at(delivery, Place::default());
    }

    /// The same for a delivery whose place in the log is known.
    pub fn delivery_at(&mut self, delivery: &Delivery, place: Place) {
        let first = self.span_us.map_or(delivery.at_us, |(first, _)| first);
        self.span_us = Some((first, delivery.at_us));
        let Some(message) = &delivery.message else {
            self.unparsed += 1;
            self.count_row(delivery.part, true);
            return;
        };
        let (identity, id) = identity::of(&self.campaign.account, message);
        if !self.fans.contains_key(&message.from) {
            self.fans.insert(message.from.clone(), Fan::default());
        }
        let Some(fan) = self.fans.get_mut(&message.from) else {
            return;
        };
        if !fan.is_new(identity) {
            self.count_row(delivery.part, false);
            return;
        }
        let round = round_at(&self.campaign, message.create_time);
        let verdict = self.judgement.judge(message);
        fan.writes |= !message.is_event();
        fan.partition = place.partition;
        let (create_time, offset) = (message.create_time, place.offset);
        let mut sees = |sign| {
            fan.seen.push(Seen {
                create_time,
                offset,
                sign,
            });
        };
        match follow_sign(message) {
            _ if verdict.effect == Effect::Joins => sees(Sign::Join),
            Some(sign) if self.asks_follow => sees(sign),
            _ => {}
        }
        match verdict.effect {
            Effect::None | Effect::Joins => {}
            Effect::Answers { round, value } => fan.attempts.push(Attempt {
                round,
                create_time,
                id,
                value: value.into(),
                offset,
            }),
            Effect::WrongFormat { round } => fan.wrong.push(Wrong { round, offset }),
        }
        self.count_row(delivery.part, true);
        self.messages += 1;
        count(&mut self.kinds, &message.msg_type);
        count(&mut self.rules, &verdict.rule);
        count(self.by_round.entry(round).or_default(), verdict.class);
    }

    /// Whether a fan has this OpenID.
    #[must_use]
    pub fn knows(&self, openid: &str) -> bool {
        self.fans.contains_key(openid)
    }

    /// The standings of a round, sorted by entrant code; none when there is no such round.
    #[must_use]
    pub fn standings(&self, round: u16) -> Vec<standings::Standing> {
        let round = self.campaign.rounds.iter().find(|it| it.number == round);
        let of = |round| standings::of(&self.campaign, &self.cuts, &self.fans, round);
        round.map_or_else(Vec::new, of)
    }

    /// Why fans cannot win at the cut of a round, by entrant code, whether they took part in it or not.
    #[must_use]
    pub fn bars(&self, round: u16) -> BTreeMap<String, &'static str> {
        let round = self.campaign.rounds.iter().find(|it| it.number == round);
        let of = |round| standings::bars(&self.campaign, &self.cuts, &self.fans, round);
        round.map_or_else(BTreeMap::new, of)
    }

    /// Messages that came behind the cut of their round, by round: joins, answers and wrong formats.
    #[must_use]
    pub fn late_after_seal(&self) -> BTreeMap<u16, u64> {
        let mut late: BTreeMap<u16, u64> = BTreeMap::new();
        for fan in self.fans.values() {
            let partition = fan.partition;
            let joins = fan.seen.iter().filter(|seen| seen.sign == Sign::Join);
            let joins = joins.filter_map(|seen| {
                Some((round_at(&self.campaign, seen.create_time)?, seen.offset))
            });
            let answers = fan.attempts.iter().map(|a| (a.round, a.offset));
            let wrong = fan.wrong.iter().map(|wrong| (wrong.round, wrong.offset));
            for (round, offset) in joins.chain(answers).chain(wrong) {
                let behind = !self.cuts.holds(round, Place { partition, offset });
                *late.entry(round).or_default() += u64::from(behind);
            }
        }
        late
    }

    fn count_row(&mut self, part: Part, new: bool) {
        let table = match (new, part) {
            (false, _) => Table::Redelivery,
            (true, Part::Event) => Table::Event,
            (true, Part::Edge) => Table::Edge,
            (true, Part::Follow) => Table::Follow,
        };
        *self.rows.entry(table).or_default() += 1;
    }

    /// The manifest of all that was judged. `file` is the recording's name, `text` the campaign file.
    #[must_use]
    pub fn manifest(&self, file: &str, written: &Written, text: &str) -> Manifest {
        let totals = totals::of(&self.campaign, &self.cuts, &self.fans, &self.by_round);
        let mut classes: BTreeMap<String, u64> = BTreeMap::new();
        for (class, messages) in self.by_round.values().flatten() {
            *classes.entry(class.clone()).or_default() += messages;
        }
        let (first_at_us, last_at_us) = self.span_us.unwrap_or_default();
        Manifest {
            v: manifest::VERSION,
            parameters: None,
            recording: manifest::Recording {
                file: file.to_owned(),
                sha256: written.sha256.clone(),
                bytes: written.bytes,
                rows: written.rows,
                first_at_us,
                last_at_us,
            },
            campaign: manifest::Campaign {
                id: self.campaign.id.clone(),
                account: self.campaign.account.clone(),
                sha256: hex(&Sha256::digest(text)),
                coalesce_window_s: self.campaign.coalesce_window_s,
            },
            rows: self.rows.clone(),
            messages: self.messages,
            unparsed: self.unparsed,
            kinds: self.kinds.clone(),
            classes,
            rules: self.rules.clone(),
            fans: self.fans.len() as u64,
            writers: totals.writers,
            joined: totals.joined,
            rounds: totals.rounds,
            digest: totals.digest,
        }
    }
}

/// What a message says of following: events other than these two say nothing.
fn follow_sign(message: &Inbound) -> Option<Sign> {
    let named = |name: &str| {
        message
            .event()
            .is_some_and(|event| event.eq_ignore_ascii_case(name))
    };
    match message.is_event() {
        false => Some(Sign::Follows),
        true if named("unsubscribe") => Some(Sign::Leaves),
        true if named("subscribe") => Some(Sign::Follows),
        true => None,
    }
}

/// Number of the round whose window holds a CreateTime.
fn round_at(campaign: &Campaign, create_time: i64) -> Option<u16> {
    let holds = |round: &&campaign::Round| round.open <= create_time && create_time < round.close;
    campaign.rounds.iter().find(holds).map(|round| round.number)
}

/// Counts one under a name.
fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
