//! What normal forms show to be wrong with keyword rules: the same key twice, rules that are never
//! reached, keys that are joins or answers (R-17, N-2).

use crate::compiled::Compiled;
use crate::grammar::Reading;
use crate::keywords::Entry;
use campaign::{Problem, Profile, QuestionKind, Rule, RuleMatch};
use std::collections::HashMap;

/// Every problem of keyword rules; `refused` are keywords that could not be made ready.
pub(crate) fn check(compiled: &Compiled, refused: &[(usize, String)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (place, reason) in refused {
        if let Some(rule) = compiled.campaign.rules.get(*place) {
            problems.push(Problem::error(Some(rule.line), key(rule), reason.clone()));
        }
    }
    let asked = [&compiled.keywords.preempt, &compiled.keywords.ordinary];
    twice(compiled, asked, &mut problems);
    for entry in asked.into_iter().flatten() {
        collisions(compiled, entry, &mut problems);
    }
    for entries in asked {
        unreachable(compiled, entries, &mut problems);
    }
    problems
}

fn key(rule: &Rule) -> String {
    format!("rule[{}].keywords", rule.id)
}

fn rule_of<'c>(compiled: &'c Compiled, entry: &Entry) -> Option<&'c Rule> {
    compiled.campaign.rules.get(entry.rule)
}

/// The same key in two rules that can speak at the same time, or twice in one.
fn twice(compiled: &Compiled, asked: [&Vec<Entry>; 2], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<(&str, RuleMatch, Profile), Vec<&Entry>> = HashMap::new();
    for entry in asked.into_iter().flatten() {
        let Some(rule) = rule_of(compiled, entry) else {
            continue;
        };
        let same = seen
            .entry((&entry.form, rule.match_kind, rule.profile))
            .or_default();
        for other in same.iter() {
            let Some(first) = rule_of(compiled, other) else {
                continue;
            };
            if first.id == rule.id {
                let message = format!(
                    "'{}' and '{}' have one normal form, '{}'; one is enough",
                    other.keyword, entry.keyword, entry.form
                );
                problems.push(Problem::warning(Some(rule.line), key(rule), message));
            } else if may_meet(first, rule) {
                let message = format!(
                    "'{}' is a keyword of rule '{}' in line {} too, as '{}'; leave it out of one of them",
                    entry.keyword, first.id, first.line, entry.form
                );
                problems.push(Problem::error(Some(rule.line), key(rule), message));
            }
        }
        same.push(entry);
    }
}

/// Whether two rules can be asked about one message.
fn may_meet(one: &Rule, other: &Rule) -> bool {
    let kinds = one.kinds.iter().any(|kind| other.kinds.contains(kind));
    let ends_before = |a: &Rule, b: &Rule| matches!((a.schedule.until, b.schedule.from), (Some(until), Some(from)) if until <= from);
    let idle_only = |rule: &Rule| rule.scopes == [campaign::Scope::Idle];
    let never_idle =
        |rule: &Rule| !rule.scopes.is_empty() && !rule.scopes.contains(&campaign::Scope::Idle);
    let apart = (idle_only(one) && never_idle(other)) || (idle_only(other) && never_idle(one));
    kinds && !apart && !ends_before(one, other) && !ends_before(other, one)
}

/// Keywords that are joins or answers themselves.
fn collisions(compiled: &Compiled, entry: &Entry, problems: &mut Vec<Problem>) {
    let Some(rule) = rule_of(compiled, entry) else {
        return;
    };
    if rule.match_kind == RuleMatch::Regex {
        return;
    }
    let tight = compiled.normaliser.tight(&entry.keyword);
    if compiled.joins(&tight) {
        let message = format!(
            "'{}' is a join, which this rule would collide with; choose another word",
            entry.keyword
        );
        problems.push(Problem::error(Some(rule.line), key(rule), message));
        return;
    }
    let is_exact = rule.match_kind == RuleMatch::Exact;
    let begins = is_exact || rule.match_kind == RuleMatch::Prefix;
    let taken = if is_exact && compiled.mine.contains(&tight.text) {
        Some(("asks for the fan's own code", "mine.keywords"))
    } else if begins && compiled.claiming(&tight).is_some() {
        Some(("begins a claim", "claim.keywords"))
    } else {
        None
    };
    if let Some((what, list)) = taken {
        let message = format!(
            "'{}' {what}, which this rule would collide with; leave one of them out, here or in {list}",
            entry.keyword
        );
        problems.push(Problem::error(Some(rule.line), key(rule), message));
        return;
    }
    for (round, grammar) in compiled.campaign.rounds.iter().zip(&compiled.grammars) {
        let free_text = round.question.kind == QuestionKind::Text;
        let reading = grammar.read(round.number, &tight, || free_text);
        let Reading::Answer(value) = reading else {
            continue;
        };
        let message = format!(
            "'{}' is an answer to round {} ({value}); choose another word",
            entry.keyword, round.number
        );
        let whole = rule.match_kind == RuleMatch::Exact;
        let problem = if whole {
            Problem::error
        } else {
            Problem::warning
        };
        problems.push(problem(Some(rule.line), key(rule), message));
        return;
    }
}

/// Keywords that an earlier rule always takes. A rule all of whose keywords are taken is an error.
fn unreachable(compiled: &Compiled, entries: &[Entry], problems: &mut Vec<Problem>) {
    let mut taken: HashMap<usize, Vec<(&Entry, &Rule)>> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let Some(rule) = rule_of(compiled, entry) else {
            continue;
        };
        let earlier = entries[..place].iter().find_map(|earlier| {
            let first = rule_of(compiled, earlier)?;
            let takes = first.id != rule.id
                && always_with(first, rule)
                && covers(earlier, first, entry, rule);
            takes.then_some(first)
        });
        if let Some(first) = earlier {
            taken.entry(entry.rule).or_default().push((entry, first));
        }
    }
    for (place, taken) in taken {
        let Some(rule) = compiled.campaign.rules.get(place) else {
            continue;
        };
        let whole = taken.len() == entries.iter().filter(|entry| entry.rule == place).count();
        for (entry, first) in taken {
            let message = format!(
                "'{}' is never reached: rule '{}' in line {} answers first; leave it out, or raise this rule's priority",
                entry.keyword, first.id, first.line
            );
            let problem = if whole {
                Problem::error
            } else {
                Problem::warning
            };
            problems.push(problem(Some(rule.line), key(rule), message));
        }
    }
}

/// Whether `first` is asked whenever `rule` is.
fn always_with(first: &Rule, rule: &Rule) -> bool {
    first.profile == rule.profile
        && rule.kinds.iter().all(|kind| first.kinds.contains(kind))
        && (first.scopes.is_empty() || first.scopes == rule.scopes)
        && (first.schedule == campaign::Schedule::default() || first.schedule == rule.schedule)
}

/// Whether all that `entry` hears is heard by `earlier` too.
fn covers(earlier: &Entry, first: &Rule, entry: &Entry, rule: &Rule) -> bool {
    let substring = matches!(
        rule.match_kind,
        RuleMatch::Exact | RuleMatch::Prefix | RuleMatch::Contains
    );
    match (first.match_kind, rule.match_kind) {
        // The same key in two rules is told as such.
        (one, other) if one == other && earlier.form == entry.form => false,
        (RuleMatch::Contains, _) if substring => entry.form.contains(earlier.form.as_str()),
        (RuleMatch::Prefix, RuleMatch::Exact | RuleMatch::Prefix) => {
            entry.form.starts_with(earlier.form.as_str())
        }
        (RuleMatch::AllWords | RuleMatch::AnyWord | RuleMatch::Regex, RuleMatch::Exact) => {
            earlier.matches(&entry.form)
        }
        (RuleMatch::Exact, RuleMatch::Exact) => earlier.form == entry.form,
        _ => false,
    }
}
