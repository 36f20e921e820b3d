//! One fan's standing in a round, by the oracle's own hand (Q-8 … ), and the published files.

use super::cuts::{Cuts, Place};
use super::fans::{Attempt, Fan, Fans, Seen, Sign};
use super::values::is_right;
use crate::recording::hex;
use campaign::{After, Among, AnswerPolicy, Award, Campaign, JoinPolicy, Round};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How many of the smallest, and as many of the largest attempts in the order of Q-9, are kept.
const KEPT: usize = 10;

/// One line of a standings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Entrant code, 32 hexadecimal digits.
    pub code: String,
    /// CreateTime of the join that counts.
    pub joined: Option<i64>,
    /// Rounds answered.
    pub answered: u64,
    /// Rounds answered rightly.
    pub correct: u64,
    /// CreateTime of the first valid answer, 0 without one.
    pub first: i64,
    /// Effective time, 0 without one and on the board.
    pub at: i64,
    /// Seconds after the opening, of right answers.
    pub elapsed: i64,
    /// Points, on the board with bonuses.
    pub points: i64,
    /// The answer that counts; empty on the board.
    pub answer: String,
    /// Why the fan cannot win, if so.
    pub bar: Option<&'static str>,
}

impl Standing {
    /// Its line: JSON with sorted keys and without spaces, ended by a newline.
    #[must_use]
    pub fn line(&self) -> String {
        let mut members: Vec<(&str, serde_json::Value)> = vec![
            ("answered", self.answered.into()),
            ("at", self.at.into()),
            ("code", self.code.clone().into()),
            ("correct", self.correct.into()),
            ("elapsed", self.elapsed.into()),
            ("first", self.first.into()),
            ("points", self.points.into()),
        ];
        if !self.answer.is_empty() {
            members.push(("answer", self.answer.clone().into()));
        }
        if let Some(joined) = self.joined {
            members.push(("joined", joined.into()));
        }
        if let Some(bar) = self.bar {
            members.push(("bar", bar.into()));
        }
        members.sort_by_key(|(name, _)| *name);
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}\n", members.join(","))
    }
}

/// The standings file: a line for each standing, which are sorted by code.
#[must_use]
pub fn file(standings: &[Standing]) -> String {
    standings.iter().map(Standing::line).collect()
}

/// The list file: codes, one a line.
#[must_use]
pub fn list(standings: &[Standing]) -> String {
    let lines = standings
        .iter()
        .map(|standing| format!("{}\n", standing.code));
    lines.collect()
}

/// SHA-256 of a file, hexadecimal.
#[must_use]
pub fn sha256(file: &str) -> String {
    hex(&Sha256::digest(file))
}

/// `HMAC-SHA256(salt, openid)`, its first 16 bytes in hexadecimal.
#[must_use]
pub fn entrant_code(salt: &str, openid: &str) -> String {
    let mut key = if salt.len() > 64 {
        Sha256::digest(salt).to_vec()
    } else {
        salt.as_bytes().to_vec()
    };
    key.resize(64, 0);
    let padded = |pad: u8| -> Vec<u8> { key.iter().map(|byte| byte ^ pad).collect() };
    let inner = Sha256::digest([padded(0x36), openid.as_bytes().to_vec()].concat());
    let outer = Sha256::digest([padded(0x5c), inner.to_vec()].concat());
    hex(&outer[..16])
}

/// The awards that are made after a round, or, with none, over the whole campaign.
pub fn awards_after(campaign: &Campaign, round: Option<u16>) -> impl Iterator<Item = &Award> {
    campaign
        .awards
        .iter()
        .filter(move |award| match (&award.after, round) {
            (After::EachRound, Some(_)) | (After::LastRound, None) => true,
            (After::Rounds(rounds), Some(round)) => rounds.contains(&round),
            _ => false,
        })
}

/// A fan in a round: the answer that counts, and what else the totals ask.
#[derive(Debug, Clone, Default)]
pub(super) struct InRound<'a> {
    /// The answer that counts.
    pub(super) counting: Option<&'a Attempt>,
    /// CreateTime of the first answer that could count.
    pub(super) first: Option<i64>,
    /// The first join that counts.
    pub(super) join: Option<i64>,
    /// Whether a join or a valid answer lies in the window.
    pub(super) takes_part: bool,
}

/// Where a message of a fan stands.
fn place(fan: &Fan, offset: u64) -> Place {
    let partition = fan.partition;
    Place { partition, offset }
}

/// The joins of a fan that are not behind a seal of their own round.
fn joins<'a>(
    campaign: &'a Campaign,
    cuts: &'a Cuts,
    fan: &'a Fan,
) -> impl Iterator<Item = &'a Seen> {
    fan.seen.iter().filter(move |seen| {
        let held = super::round_at(campaign, seen.create_time)
            .is_none_or(|round| cuts.holds(round, place(fan, seen.offset)));
        seen.sign == Sign::Join && held
    })
}

/// Judges what a fan did in a round.
pub(super) fn in_round<'a>(
    campaign: &Campaign,
    cuts: &Cuts,
    round: &Round,
    fan: &'a Fan,
) -> InRound<'a> {
    let inside = |at: i64| round.open <= at && at < round.close;
    let per_round = campaign.join.policy == JoinPolicy::Round;
    let counts = |at: &i64| *at < round.close && (!per_round || inside(*at));
    // what came behind the seal of an earlier round still joins its sender for this one.
    let messages = fan.seen.iter().filter(|seen| seen.sign == Sign::Join);
    let messages = messages.map(|seen| (seen.create_time, seen.offset));
    let answers = fan.attempts.iter().filter(|_| campaign.join.implicit);
    let answers = answers.map(|attempt| (attempt.create_time, attempt.offset));
    let join = messages
        .chain(answers)
        .filter(|(at, offset)| cuts.knows(campaign, round, place(fan, *offset), *at))
        .map(|(at, _)| at)
        .filter(counts)
        .min();
    let mut valid: Vec<&Attempt> = fan
        .attempts
        .iter()
        .filter(|attempt| {
            attempt.round == round.number && cuts.holds(round.number, place(fan, attempt.offset))
        })
        .collect();
    valid.sort();
    let takes_part =
        !valid.is_empty() || joins(campaign, cuts, fan).any(|seen| inside(seen.create_time));
    if valid.len() > 2 * KEPT {
        valid.drain(KEPT..valid.len() - KEPT);
    }
    // without implicit join an answer needs a join that is not later.
    if campaign.join.policy != JoinPolicy::None && !campaign.join.implicit {
        valid.retain(|attempt| join.is_some_and(|join| join <= attempt.create_time));
    }
    InRound {
        counting: counting(round, &valid),
        first: valid.first().map(|attempt| attempt.create_time),
        join,
        takes_part,
    }
}

/// The attempt that counts, of attempts in the order of Q-9.
fn counting<'a>(round: &Round, attempts: &[&'a Attempt]) -> Option<&'a Attempt> {
    match round.question.policy {
        AnswerPolicy::First => attempts.first().copied(),
        AnswerPolicy::Last => attempts.last().copied(),
        AnswerPolicy::BestOf(tries) => {
            let tried = &attempts[..attempts.len().min(usize::from(tries))];
            let right = tried
                .iter()
                .find(|attempt| is_right(&round.question, &attempt.value));
            right.or(tried.first()).copied()
        }
    }
}

/// The standings of a round, sorted by code.
pub(super) fn of(campaign: &Campaign, cuts: &Cuts, fans: &Fans, round: &Round) -> Vec<Standing> {
    let with_joined =
        awards_after(campaign, Some(round.number)).any(|award| award.among == Among::Joined);
    let mut standings: Vec<Standing> = fans
        .iter()
        .filter_map(|(openid, fan)| one(campaign, cuts, round, openid, fan, with_joined))
        .collect();
    standings.sort_by(|a, b| a.code.cmp(&b.code));
    standings
}

fn one(
    campaign: &Campaign,
    cuts: &Cuts,
    round: &Round,
    openid: &str,
    fan: &Fan,
    with_joined: bool,
) -> Option<Standing> {
    let InRound {
        counting,
        first,
        join,
        ..
    } = in_round(campaign, cuts, round, fan);
    let joined = join.into_iter().chain(first).min();
    if counting.is_none() && !(with_joined && joined.is_some()) {
        return None;
    }
    let right = counting.filter(|attempt| is_right(&round.question, &attempt.value));
    let length = round.close - round.open;
    let elapsed = right.map_or(0, |right| (right.create_time - round.open).clamp(0, length));
    let base = i64::from(round.question.points);
    let points = match right {
        None => 0,
        Some(_) if !campaign.score.speed => base,
        Some(_) => (2 * base * (2 * length - elapsed) + 2 * length) / (4 * length),
    };
    Some(Standing {
        code: entrant_code(&campaign.draw.salt, openid),
        joined,
        answered: u64::from(counting.is_some()),
        correct: u64::from(right.is_some()),
        first: first.unwrap_or(0),
        at: counting.map_or(0, |attempt| attempt.create_time),
        elapsed,
        points,
        answer: counting.map_or_else(String::new, |attempt| attempt.value.to_string()),
        bar: bar(campaign, cuts, round, openid, fan),
    })
}

/// Why fans cannot win at the cut of a round, by entrant code, whether they took part in it or not.
pub(super) fn bars(
    campaign: &Campaign,
    cuts: &Cuts,
    fans: &Fans,
    round: &Round,
) -> BTreeMap<String, &'static str> {
    let mut bars = BTreeMap::new();
    for (openid, fan) in fans {
        if let Some(bar) = bar(campaign, cuts, round, openid, fan) {
            bars.insert(entrant_code(&campaign.draw.salt, openid), bar);
        }
    }
    bars
}

/// Why a fan cannot win. An unsubscribe stands against everything up to its second.
fn bar(
    campaign: &Campaign,
    cuts: &Cuts,
    round: &Round,
    openid: &str,
    fan: &Fan,
) -> Option<&'static str> {
    let policy = &campaign.eligible;
    if policy.exclude.iter().any(|excluded| excluded == openid) {
        return Some("excluded");
    }
    let known = || {
        fan.seen
            .iter()
            .filter(|seen| cuts.knows(campaign, round, place(fan, seen.offset), seen.create_time))
    };
    let follows = || {
        known()
            .filter(|seen| seen.sign != Sign::Leaves)
            .map(|seen| seen.create_time)
    };
    let left = known()
        .filter(|seen| seen.sign == Sign::Leaves)
        .map(|seen| seen.create_time)
        .max();
    let gone = left.is_some_and(|left| follows().max().is_none_or(|seen| seen <= left));
    if policy.must_follow && gone {
        return Some("not_following");
    }
    let before = policy.followed_before?;
    let early = follows().min().is_some_and(|since| since < before);
    (!early).then_some("followed_late")
}
