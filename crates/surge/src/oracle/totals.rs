//! Sums up what fans did: joins, answers that count, wrong formats, and the digest of the lines.

use super::fans::{Attempt, Fans};
use super::identity::head;
use crate::manifest::{Digest, Round};
use crate::recording::hex;
use campaign::{AnswerPolicy, Campaign};
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
pub(super) fn of(campaign: &Campaign, fans: &Fans, classes: &ClassesByRound) -> Totals {
    let mut lines = Vec::new();
    let mut rounds: Vec<Round> = Vec::new();
    for round in &campaign.rounds {
        rounds.push(one_round(round, fans, classes, &mut lines));
    }
    let mut outside = empty(None, classes);
    outside.joins = fans.values().filter(|fan| fan.joined_outside).count() as u64;
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
        let mut attempts: Vec<&Attempt> = fan
            .attempts
            .iter()
            .filter(|attempt| attempt.round == round.number)
            .collect();
        attempts.sort();
        let counts = counting(&attempts, round.question.policy, &round.question.key);
        if counts.is_some() || fan.joined.contains(&round.number) {
            totals.joins += 1;
        }
        let Some(attempt) = counts else {
            totals.wrong_format += u64::from(fan.wrong.contains(&round.number));
            continue;
        };
        let letter = attempt.letter.to_string();
        totals.lines += 1;
        totals.correct += u64::from(round.question.key.contains(&letter));
        let line = format!(
            "{}\t{openid}\t{letter}\t{}\t{}\n",
            round.number, attempt.create_time, attempt.id
        );
        sum = sum.wrapping_add(head(&Sha256::digest(&line)));
        lines.push(line);
        *totals.answers.entry(letter).or_default() += 1;
    }
    totals.sum = format!("{sum:032x}");
    totals
}

/// The attempt that counts, of attempts in the order of Q-9.
fn counting<'a>(
    attempts: &[&'a Attempt],
    policy: AnswerPolicy,
    key: &[String],
) -> Option<&'a Attempt> {
    match policy {
        AnswerPolicy::First => attempts.first().copied(),
        AnswerPolicy::Last => attempts.last().copied(),
        AnswerPolicy::BestOf(tries) => {
            let tried = &attempts[..attempts.len().min(usize::from(tries))];
            let right = tried
                .iter()
                .find(|attempt| key.contains(&attempt.letter.to_string()));
            right.or(tried.first()).copied()
        }
    }
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
        lines: 0,
        correct: 0,
        wrong_format: 0,
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
