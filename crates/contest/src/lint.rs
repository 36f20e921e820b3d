//! What normal forms show to be wrong with questions, and with words that join or ask (N-2). Rules have their own file.

use crate::beacon::beacon_round;
use crate::compiled::Compiled;
use crate::grammar::{Grammar, Reading};
use crate::tight::Tight;
use crate::words::{self, Claiming};
use campaign::{DrawLevel, Problem, QuestionKind, Round, Words};
use std::collections::HashMap;

/// Every problem of questions and joins.
pub(crate) fn check(compiled: &Compiled) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (round, grammar) in compiled.campaign.rounds.iter().zip(&compiled.grammars) {
        options(round, grammar, &mut problems);
        if round.question.kind == QuestionKind::Text {
            spellings(round, compiled, &mut problems);
        }
        answers_that_never_arrive(round, grammar, compiled, &mut problems);
    }
    let campaign = &compiled.campaign;
    let (join, mine, claim) = (&campaign.join, &campaign.mine, &campaign.claim);
    for (key, keywords, line) in [
        ("join.keywords", &join.keywords, join.line),
        ("mine.keywords", &mine.keywords, mine.line),
        ("claim.keywords", &claim.keywords, claim.line),
    ] {
        each_word(compiled, key, (keywords, line), &mut problems);
    }
    asking(compiled, ("mine.keywords", mine), &mut problems);
    asking(compiled, ("claim.keywords", claim), &mut problems);
    beacons(compiled, &mut problems);
    problems
}

/// Each option's text must read as its own letter and no other's.
fn options(round: &Round, grammar: &Grammar, problems: &mut Vec<Problem>) {
    let mut seen: HashMap<&str, char> = HashMap::new();
    for (option, choice) in grammar.options().iter().zip(&round.question.options) {
        let key = format!("round[{}].question.options.{}", round.number, choice.letter);
        let line = Some(choice.line);
        for (form, text) in option
            .forms
            .iter()
            .zip(std::iter::once(&choice.text).chain(&choice.aliases))
        {
            if form.is_empty() {
                let message = format!(
                    "'{text}' has nothing left in its normal form; write letters, digits or Chinese characters"
                );
                problems.push(Problem::error(line, &key, message));
                continue;
            }
            if let Some(other) = seen.insert(form.as_str(), option.letter)
                && other != option.letter
            {
                let other = other.to_ascii_uppercase();
                let message = format!(
                    "'{text}' and option {other} have one normal form, '{form}'; word one of them differently"
                );
                problems.push(Problem::error(line, &key, message));
                continue;
            }
            let tight = Tight {
                text: form.clone(),
                joined_digits: false,
            };
            let own = Reading::Answer(choice.letter.to_string());
            // A row of letters is no option's text.
            let read_alone = round.question.kind != QuestionKind::Ordering;
            if read_alone && grammar.read(round.number, &tight, || false) != own {
                let message = format!(
                    "'{text}' does not read as option {}; word it differently",
                    choice.letter
                );
                problems.push(Problem::error(line, &key, message));
            }
        }
    }
}

/// The accepted spellings of a text question.
fn spellings(round: &Round, compiled: &Compiled, problems: &mut Vec<Problem>) {
    let key = format!("round[{}].question.key", round.number);
    let line = Some(round.question.line);
    let mut seen: HashMap<String, &str> = HashMap::new();
    for text in &round.question.key {
        let form = compiled.normaliser.tight(text).text;
        if form.is_empty() {
            let message = format!(
                "'{text}' has nothing left in its normal form; write letters, digits or Chinese characters"
            );
            problems.push(Problem::error(line, &key, message));
        } else if let Some(other) = seen.insert(form, text) {
            let message = format!("'{text}' and '{other}' have one normal form; one is enough");
            problems.push(Problem::warning(line, &key, message));
        }
    }
}

/// Texts of options and keys that the built-in joins, or claims, would take away; the campaign's own join words
/// are judged where they stand.
fn answers_that_never_arrive(
    round: &Round,
    grammar: &Grammar,
    compiled: &Compiled,
    problems: &mut Vec<Problem>,
) {
    let path = format!("round[{}].question", round.number);
    let mut judge = |form: &str, key: String, line: usize| {
        let claims = words::claiming(form, &compiled.claims) == Some(Claiming::Whole);
        let what = match (words::joins(form), claims) {
            (true, _) => "a join",
            (false, true) => "a claim",
            (false, false) => return,
        };
        let message =
            format!("the answer '{form}' is {what} and would never be read; word it differently");
        problems.push(Problem::error(Some(line), key, message));
    };
    for (option, choice) in grammar.options().iter().zip(&round.question.options) {
        for form in &option.forms {
            let key = format!("{path}.options.{}", choice.letter);
            judge(form, key, choice.line);
        }
    }
    if round.question.kind == QuestionKind::Text {
        for key in &round.question.key {
            let form = compiled.normaliser.tight(key).text;
            judge(&form, format!("{path}.key"), round.question.line);
        }
    }
}

/// A rehearsal of the past has no beacon to wait for.
fn beacons(compiled: &Compiled, problems: &mut Vec<Problem>) {
    let campaign = &compiled.campaign;
    let sealed_at = |round: &Round| round.close.saturating_add(campaign.seal.grace_s);
    let before = |round: &&Round| beacon_round(sealed_at(round)).is_none();
    if campaign.draw.level == DrawLevel::L2
        && let Some(round) = campaign.rounds.iter().find(before)
    {
        let message = format!(
            "'L2' needs a public beacon, and drand's quicknet began in August 2023, after round {}; a rehearsal of the \
             past can be L1",
            round.number
        );
        let line = Some(round.question.line);
        problems.push(Problem::error(line, "draw.level", message));
    }
}

/// Words that have no normal form, or answer a round.
fn each_word(
    compiled: &Compiled,
    key: &str,
    (keywords, line): (&[String], usize),
    problems: &mut Vec<Problem>,
) {
    for keyword in keywords {
        let tight = compiled.normaliser.tight(keyword);
        if tight.text.is_empty() {
            let message = format!(
                "'{keyword}' has nothing left in its normal form; write letters, digits or Chinese characters"
            );
            problems.push(Problem::error(Some(line), key, message));
            continue;
        }
        for (round, grammar) in compiled.campaign.rounds.iter().zip(&compiled.grammars) {
            if let Reading::Answer(_) = alone(round, grammar, &tight) {
                let message = format!(
                    "'{keyword}' is an answer to round {}; choose another word",
                    round.number
                );
                problems.push(Problem::error(Some(line), key, message));
            }
        }
    }
}

/// Words that ask for something are heard behind joins and, standing alone, behind what an open round takes for an attempt.
fn asking(compiled: &Compiled, (key, asks): (&str, &Words), problems: &mut Vec<Problem>) {
    let line = Some(asks.line);
    for keyword in &asks.keywords {
        let tight = compiled.normaliser.tight(keyword);
        if compiled.joins(&tight) {
            let message =
                format!("'{keyword}' is a join and would never be heard here; choose another word");
            problems.push(Problem::error(line, key, message));
            continue;
        }
        let rounds = compiled.campaign.rounds.iter().zip(&compiled.grammars);
        let mut wrong = rounds.filter(|(round, grammar)| {
            matches!(alone(round, grammar, &tight), Reading::WrongFormat(_))
        });
        if let Some((round, _)) = wrong.next() {
            let message = format!(
                "'{keyword}' is taken for an attempt while round {} is open; a word without letters and digits is not",
                round.number
            );
            problems.push(Problem::warning(line, key, message));
        }
    }
}

/// How a round reads a word, but for a question that any word answers: there nothing can be said.
fn alone(round: &Round, grammar: &Grammar, tight: &Tight) -> Reading {
    let free_text = round.question.kind == QuestionKind::Text;
    grammar.read(round.number, tight, || free_text)
}
