//! What makes a well-formed file wrong: rounds, keys, rules. Templates have their own file.

use crate::lint_question;
use crate::model::Campaign;
use crate::problem::Problem;
use crate::questions::QuestionKind;
use crate::read::Notes;
use crate::rules::{MenuAction, Rule, RuleMatch};
use std::collections::HashMap;

const MAX_ROUNDS: usize = 99;
const MAX_RULES: usize = 2000;
const MAX_KEYWORDS: usize = 200;

/// Notes everything that is wrong besides templates.
pub(crate) fn check(campaign: &Campaign, notes: &mut Notes) {
    heading(campaign, notes);
    rounds(campaign, notes);
    for round in &campaign.rounds {
        let path = format!("round[{}].question", round.number);
        lint_question::check(&round.question, &path, notes);
    }
    if let Some(first) = campaign.rules.get(MAX_RULES) {
        let message = format!(
            "at most {MAX_RULES} rules are read; rules with the same words can share their keywords"
        );
        notes.error(first.line, "rule", message);
    }
    let mut seen = HashMap::new();
    for entry in &campaign.rules {
        rule(entry, notes);
        if let Some(first) = seen.insert(entry.id.as_str(), entry.line) {
            let message = format!(
                "'{}' is the id of the rule in line {first} too; give one of them another",
                entry.id
            );
            notes.error(entry.line, "rule.id", message);
        }
    }
    menu(campaign, notes);
}

fn heading(campaign: &Campaign, notes: &mut Notes) {
    if !name_is_plain(&campaign.id) {
        notes.error(
            1,
            "id",
            "must be 1 to 64 lower-case letters, digits, '-', '_' or '.'",
        );
    }
    if !name_is_plain(&campaign.account) {
        notes.error(
            1,
            "account",
            "must be the account's name: 1 to 64 letters, digits, '-', '_'",
        );
    }
    if campaign.title.trim().is_empty() {
        notes.error(1, "title", "must not be empty");
    }
    if campaign.end <= campaign.start {
        notes.error(1, "end", "must lie after start");
    }
    for keyword in &campaign.join.keywords {
        if keyword.trim().is_empty() {
            notes.error(
                campaign.join.line,
                "join.keywords",
                "an empty keyword joins nobody; leave it out",
            );
        }
    }
    for (words, key, message) in [
        (
            &campaign.mine,
            "mine.keywords",
            "an empty keyword asks for nothing; leave it out",
        ),
        (
            &campaign.claim,
            "claim.keywords",
            "an empty keyword claims nothing; leave it out",
        ),
    ] {
        for _ in words
            .keywords
            .iter()
            .filter(|keyword| keyword.trim().is_empty())
        {
            notes.error(words.line, key, message);
        }
    }
}

/// Names that stand in records, metrics and file names.
pub(crate) fn name_is_plain(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

fn rounds(campaign: &Campaign, notes: &mut Notes) {
    if let Some(first) = campaign.rounds.get(MAX_ROUNDS) {
        let message = format!("at most {MAX_ROUNDS} rounds are read; make two campaigns");
        notes.error(first.line, "round", message);
    }
    for round in &campaign.rounds {
        if round.open < campaign.start || round.close > campaign.end {
            let message = "lies outside the campaign's start and end; widen the span";
            notes.error(round.line, format!("round[{}].open", round.number), message);
        }
    }
    for pair in campaign.rounds.windows(2) {
        let [first, second] = pair else { continue };
        if second.number <= first.number {
            let message = format!("must be greater than {}, the round before it", first.number);
            notes.error(
                second.line,
                format!("round[{}].number", second.number),
                message,
            );
        }
        if second.open < first.close {
            let message = format!(
                "opens before round {} has closed; move its open, or the close before it",
                first.number
            );
            notes.error(
                second.line,
                format!("round[{}].open", second.number),
                message,
            );
        }
    }
}

fn rule(rule: &Rule, notes: &mut Notes) {
    let path = format!("rule[{}]", rule.id);
    let mut error = |key: &str, message: String| {
        notes.error(rule.line, format!("{path}.{key}"), message);
    };
    if !name_is_plain(&rule.id) {
        error(
            "id",
            "must be 1 to 64 lower-case letters, digits, '-', '_' or '.'".to_owned(),
        );
    }
    if rule.preempt && rule.match_kind != RuleMatch::Exact {
        error(
            "match",
            "a rule that goes before answers must match exactly; write match = \"exact\", or leave preempt out".to_owned(),
        );
    }
    if rule.keywords.is_empty() {
        error("keywords", "must name at least one".to_owned());
    }
    if rule.keywords.len() > MAX_KEYWORDS {
        error(
            "keywords",
            format!("at most {MAX_KEYWORDS} are read; make two rules"),
        );
    }
    if rule.templates.is_empty() {
        error(
            "templates",
            "must name at least one: no message stays without words".to_owned(),
        );
    }
    for keyword in &rule.keywords {
        if keyword.trim().is_empty() {
            error(
                "keywords",
                "an empty keyword matches nothing; leave it out".to_owned(),
            );
        } else if rule.match_kind == RuleMatch::Contains && !wide_enough(keyword) {
            let message = format!(
                "'{keyword}' is too short to be looked for anywhere; two Chinese characters or three letters are needed"
            );
            error("keywords", message);
        }
    }
}

/// `contains` needs two CJK characters or three Latin letters; digits count as letters.
fn wide_enough(keyword: &str) -> bool {
    let cjk = keyword
        .chars()
        .filter(|c| !c.is_ascii() && c.is_alphabetic())
        .count();
    let latin = keyword.chars().filter(char::is_ascii_alphanumeric).count();
    cjk >= 2 || latin >= 3 || (cjk >= 1 && latin >= 1)
}

fn menu(campaign: &Campaign, notes: &mut Notes) {
    let mut seen = HashMap::new();
    for item in &campaign.menu {
        let key = format!("menu[{}]", item.id);
        if item.id.is_empty() || item.id.len() > 128 {
            notes.error(
                item.line,
                format!("{key}.id"),
                "an id has 1 to 128 bytes, as the account's menu gives it; copy it from there",
            );
        }
        if let Some(first) = seen.insert(item.id.as_str(), item.line) {
            notes.error(
                item.line,
                format!("{key}.id"),
                format!("the entry in line {first} has this id too; leave one of them out"),
            );
        }
        if let MenuAction::Answer { round, value } = &item.action {
            let found = campaign.round(*round).is_some_and(|round| {
                matches!(
                    round.question.kind,
                    QuestionKind::Single | QuestionKind::Poll
                ) && round
                    .question
                    .options
                    .iter()
                    .any(|c| value.chars().eq([c.letter]))
            });
            if !found {
                let message = format!(
                    "round {round} has no single-choice option '{value}'; write the letter of one that it has"
                );
                notes.error(item.line, format!("{key}.answer"), message);
            }
        }
    }
}

/// Whether two campaigns of one account may not stand together: their spans overlap.
#[must_use]
pub fn span_overlap(one: &Campaign, other: &Campaign) -> bool {
    one.account == other.account && one.start < other.end && other.start < one.end
}

impl Campaign {
    /// What is wrong with the file at a given time: schedules that have expired, a campaign that is
    /// over. Always warnings, because a file may be read again long after its event.
    #[must_use]
    pub fn problems_at(&self, at: i64) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.end <= at {
            problems.push(Problem::warning(
                None,
                "end",
                "the campaign is over at that time; move its end, or ask for an earlier time",
            ));
        }
        for rule in &self.rules {
            if rule.schedule.until.is_some_and(|until| until <= at) {
                let key = format!("rule[{}].schedule.until", rule.id);
                let message = "the schedule has expired: this rule never speaks again; move its until, or leave the rule out";
                problems.push(Problem::warning(Some(rule.line), key, message));
            }
        }
        Problem::sort(&mut problems);
        problems
    }
}
