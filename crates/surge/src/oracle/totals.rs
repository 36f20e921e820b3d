//! Sums up what fans did: joins, answers that count, wrong formats, the digest of the lines, and the standings of
//! each round.

use super::cuts::{Cuts, Place};
use super::fans::{Fans, Seen, Sign};
use super::identity::head;
use super::standings;
use super::values::{is_right, name_of};
use crate::manifest::{Digest, Round};
use crate::recording::hex;
use campaign::Campaign;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Per-round counts of messages by class, as they were judged: the key is the round, or `None` outside all.
pub(super) type ClassesByRound = BTreeMap<Option<u16>, BTreeMap<String, u64>>;

/// What the fans' acts amount to.
pub(super) struct Totals {
    pub(super) rounds: Vec<Round>,
    pub(super) digest: Digest,
    pub(super) writers: u64,
    pub(super) joined: u64,
}

/// Sums everything up.
pub(super) fn of(
    campaign: &Campaign,
    cuts: &Cuts,
    fans: &Fans,
    classes: &ClassesByRound,
) -> Totals {
    let mut lines = Vec::new();
    let mut rounds: Vec<Round> = Vec::new();
    for round in &campaign.rounds {
        rounds.push(one_round(campaign, cuts, round, fans, classes, &mut lines));
    }
    let mut outside = empty(None, classes);
    let joins_outside = |seen: &Seen| {
        seen.sign == Sign::Join && super::round_at(campaign, seen.create_time).is_none()
    };
    let joined = fans
        .values()
        .filter(|fan| fan.seen.iter().any(joins_outside));
    outside.joins = joined.count() as u64;
    rounds.push(outside);
    let digest = digest(lines);
    Totals {
        rounds,
        digest,
        writers: fans.values().filter(|fan| fan.writes).count() as u64,
        joined: fans.values().filter(|fan| fan.has_joined()).count() as u64,
    }
}

/// One round's totals; its lines are added to `lines`.
fn one_round(
    campaign: &Campaign,
    cuts: &Cuts,
    round: &campaign::Round,
    fans: &Fans,
    classes: &ClassesByRound,
    lines: &mut Vec<String>,
) -> Round {
    let mut totals = empty(Some(round.number), classes);
    totals.open = Some(round.open);
    totals.close = Some(round.close);
    let mut sum: u128 = 0;
    for (openid, fan) in fans {
        let is = standings::in_round(campaign, cuts, round, fan);
        totals.joins += u64::from(is.takes_part);
        let Some(attempt) = is.counting else {
            let (number, partition) = (round.number, fan.partition);
            let wrong = fan.wrong.iter().any(|wrong| {
                let offset = wrong.offset;
                wrong.round == number && cuts.holds(number, Place { partition, offset })
            });
            totals.wrong_format += u64::from(wrong);
            continue;
        };
        totals.lines += 1;
        totals.correct += u64::from(is_right(&round.question, &attempt.value));
        let line = format!(
            "{}\t{openid}\t{}\t{}\t{}\n",
            round.number, attempt.value, attempt.create_time, attempt.id
        );
        sum = sum.wrapping_add(head(&Sha256::digest(&line)));
        lines.push(line);
        match name_of(&round.question, &attempt.value) {
            Some(name) => *totals.answers.entry(name).or_default() += 1,
            None => totals.others += 1,
        }
    }
    totals.sum = format!("{sum:032x}");
    let standings = standings::of(campaign, cuts, fans, round);
    totals.entrants = standings.len() as u64;
    totals.list = standings::sha256(&standings::list(&standings));
    totals.standings = standings::sha256(&standings::file(&standings));
    totals
}

fn empty(round: Option<u16>, classes: &ClassesByRound) -> Round {
    let classes = classes.get(&round).cloned().unwrap_or_default();
    Round {
        round,
        open: None,
        close: None,
        messages: classes.values().sum(),
        joins: 0,
        answers: BTreeMap::new(),
        others: 0,
        lines: 0,
        correct: 0,
        wrong_format: 0,
        entrants: 0,
        list: String::new(),
        standings: String::new(),
        sum: format!("{:032x}", 0),
        classes,
    }
}

/// The digest over all lines.
fn digest(mut lines: Vec<String>) -> Digest {
    lines.sort_unstable();
    let mut whole = Sha256::new();
    let mut sum: u128 = 0;
    for line in &lines {
        whole.update(line);
        sum = sum.wrapping_add(head(&Sha256::digest(line)));
    }
    Digest {
        lines: lines.len() as u64,
        sha256: hex(&whole.finalize()),
        sum: format!("{sum:032x}"),
    }
}
