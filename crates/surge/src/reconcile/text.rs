//! A verdict in words.

use super::verdict::{Pair, Verdict};

/// The verdict as lines of text.
#[must_use]
pub fn describe(verdict: &Verdict) -> String {
    let mut lines = Vec::new();
    counts(verdict, &mut lines);
    lines.push(format!(
        "re-deliveries: sent {}, of these acked {}, noted and dropped {}",
        verdict.redeliveries_sent, verdict.redeliveries_acked, verdict.redeliveries_dropped
    ));
    lines.push(format!(
        "silent fans: {} (with {} unheard messages)",
        verdict.silent_fans, verdict.unheard
    ));
    for (topic, reasons) in &verdict.dead_letters {
        for (reason, count) in reasons {
            lines.push(format!("dead letters: {topic} {reason} {count}"));
        }
    }
    for (rule, pair) in &verdict.rules {
        let name = if rule.is_empty() { "(no rule)" } else { rule };
        lines.push(beside(&format!("rule {name}"), pair));
    }
    for round in &verdict.rounds {
        let name = round
            .round
            .map_or("outside".to_owned(), |number| format!("round {number}"));
        lines.push(beside(&format!("{name}: joins"), &round.joins));
        let answers = |map: &std::collections::BTreeMap<String, u64>, others: u64| {
            let others = (others > 0).then(|| format!("(others {others})"));
            let named = map.iter().map(|(a, fans)| format!("{a} {fans}"));
            let all: Vec<String> = named.chain(others).collect();
            if all.is_empty() {
                "none".to_owned()
            } else {
                all.join(", ")
            }
        };
        let pair = Pair {
            expected: answers(&round.answers.expected, round.others.expected),
            found: answers(&round.answers.found, round.others.found),
        };
        lines.push(beside(&format!("{name}: answers"), &pair));
    }
    let digests = &verdict.digests;
    lines.push(beside("counting answers", &digests.lines));
    lines.push(format!(
        "digest of the manifest: {}",
        digests.sha256.expected
    ));
    lines.push(format!("digest of the log:      {}", digests.sha256.found));
    for drawn in &verdict.results {
        let name = drawn.round.map_or("the final draw".to_owned(), |round| {
            format!("round {round}")
        });
        lines.push(format!(
            "result of {name}: {} entrants, {} answered, {} correct, standings {}",
            drawn.entrants.found, drawn.answered.found, drawn.correct.found, drawn.standings.found
        ));
    }
    for (prize, units) in &verdict.prizes {
        lines.push(format!(
            "prize {prize}: {} units given, {} with their winners, {} returned",
            units.given, units.held, units.returned
        ));
    }
    lines.extend(verdict.notes.iter().cloned());
    for (fault, examples) in &verdict.examples {
        examples
            .iter()
            .for_each(|example| lines.push(format!("{fault}: {example}")));
    }
    if verdict.all.lost > 0 {
        let what = "with --missing FILE every acked delivery of what is lost is listed";
        lines.push(what.to_owned());
    }
    verdict
        .problems
        .iter()
        .for_each(|problem| lines.push(format!("PROBLEM: {problem}")));
    let end = if verdict.holds {
        "everything agrees"
    } else {
        "it does not hold"
    };
    lines.push(end.to_owned());
    lines.push(String::new());
    lines.join("\n")
}

fn counts(verdict: &Verdict, lines: &mut Vec<String>) {
    let named = verdict
        .parts
        .iter()
        .map(|(name, counts)| (name.as_str(), counts));
    for (name, counts) in named.chain([("all", &verdict.all)]) {
        lines.push(format!(
            "{name:<7} messages {:>9}  sent {:>9}  acked {:>9}  accepted {:>9}  unacked {}  \
             lost {}  doubled {}  never sent {}",
            counts.messages,
            counts.sent,
            counts.acked,
            counts.accepted,
            counts.unacked,
            counts.lost,
            counts.doubled,
            counts.never_sent
        ));
    }
}

fn beside<T: PartialEq + std::fmt::Display>(name: &str, pair: &Pair<T>) -> String {
    let Pair { expected, found } = pair;
    if pair.agrees() {
        format!("{name}: {found}, as in the manifest")
    } else {
        format!("{name}: {found}, but {expected} in the manifest")
    }
}
