//! The table of a demonstration: what was sent, acked, counted, and what it cost, from the files of a run.
//!
//! Pure: it lays numbers side by side and says whether all of them are as they must be.

use crate::reconcile::verdict::{Counts, Round, Verdict};
use crate::report::{Part, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Messages of the Fan Festival's window.
pub const FULL_MESSAGES: u64 = 2_800_000;

/// What whoever ran the demonstration measured around it: `--phases FILE`. Every member may be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phases {
    /// Times, in the order of the run.
    pub phases: Vec<Phase>,
    /// Highest resident memory of the node, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Bytes on disk, by what they hold.
    pub disk_bytes: BTreeMap<String, u64>,
}

/// One phase of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What was done.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
}

/// The table, and what of it is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// The table.
    pub text: String,
    /// What is wrong; empty when everything holds.
    pub faults: Vec<String>,
}

/// Lays the numbers of a run side by side.
#[must_use]
pub fn table(report: &Report, verdict: &Verdict, phases: &Phases) -> Demo {
    let mut text = title(verdict);
    text.push_str(&traffic(report, verdict));
    text.push('\n');
    text.push_str(&rounds(&verdict.rounds));
    text.push('\n');
    text.push_str(&facts(report, verdict, phases));
    let faults = faults(report, verdict);
    for fault in &faults {
        text.push_str(&format!("NOT TRUE: {fault}\n"));
    }
    if faults.is_empty() {
        let results = match verdict.results.len() {
            0 => "no round sealed yet".to_owned(),
            results => format!("{results} results as the recording gives them"),
        };
        text.push_str(&format!(
            "Every message acked, none lost, none counted twice, every fan answered, both digests equal, {results}.\n"
        ));
    }
    Demo { text, faults }
}

fn title(verdict: &Verdict) -> String {
    let messages = verdict
        .parts
        .get("event")
        .map_or(0, |counts| counts.messages);
    let label = if messages == FULL_MESSAGES {
        String::new()
    } else {
        let (have, full) = (grouped(messages), grouped(FULL_MESSAGES));
        format!("\n*** {have} messages: NOT the full event of {full} ***")
    };
    format!("{} replayed{label}\n\n", verdict.campaign)
}

const ROWS: [(&str, &str); 4] = [
    ("event", "messages of the event"),
    ("edge", "edges, before and after"),
    ("follow", "events (follow, unfollow)"),
    ("redelivery", "re-deliveries"),
];

fn traffic(report: &Report, verdict: &Verdict) -> String {
    let heads = [
        "", "sent", "acked", "acks/s", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "messages",
        "dropped", "lost", "doubled",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let nothing = Part::default();
    for (part, name) in ROWS {
        let sent = report.parts.get(part).unwrap_or(&nothing);
        let dropped = (part == "redelivery").then_some(verdict.redeliveries_dropped);
        rows.push(line(name, sent, verdict.parts.get(part), dropped));
    }
    let dropped = Some(verdict.redeliveries_dropped);
    rows.push(line("all", &report.all, Some(&verdict.all), dropped));
    aligned(&rows)
}

fn line(name: &str, part: &Part, counts: Option<&Counts>, dropped: Option<u64>) -> Vec<String> {
    let ms = |value: f64| {
        if part.acked == 0 {
            "-".to_owned()
        } else {
            format!("{value:.1}")
        }
    };
    let of = |pick: fn(&Counts) -> u64| {
        counts.map_or_else(|| "-".to_owned(), |counts| grouped(pick(counts)))
    };
    vec![
        name.to_owned(),
        grouped(part.sent),
        grouped(part.acked),
        grouped(part.acks_per_s.round() as u64),
        ms(part.ack_ms.p50),
        ms(part.ack_ms.p99),
        ms(part.ack_ms.p999),
        ms(part.ack_ms.max),
        of(|counts| counts.accepted),
        dropped.map_or_else(|| "-".to_owned(), grouped),
        of(|counts| counts.lost),
        of(|counts| counts.doubled),
    ]
}

fn rounds(rounds: &[Round]) -> String {
    let heads = [
        "round",
        "joins",
        "manifest",
        "answers",
        "manifest",
        "",
        "by option",
    ];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let sum = |answers: &BTreeMap<String, u64>, others: u64| answers.values().sum::<u64>() + others;
    let options = |answers: &BTreeMap<String, u64>, others: u64| {
        let others = (others > 0).then(|| format!("(others {})", grouped(others)));
        let all: Vec<String> = answers
            .iter()
            .map(|(answer, fans)| format!("{answer} {}", grouped(*fans)))
            .chain(others)
            .collect();
        all.join("  ")
    };
    for round in rounds {
        let name = round
            .round
            .map_or_else(|| "outside".to_owned(), |number| number.to_string());
        let (answers, others) = (&round.answers, &round.others);
        let mut by_option = options(&answers.found, others.found);
        if !(answers.agrees() && others.agrees()) {
            by_option.push_str("  (manifest: ");
            by_option.push_str(&options(&answers.expected, others.expected));
            by_option.push(')');
        }
        rows.push(vec![
            name,
            grouped(round.joins.found),
            grouped(round.joins.expected),
            grouped(sum(&answers.found, others.found)),
            grouped(sum(&answers.expected, others.expected)),
            if round.agrees() { "=" } else { "DIFFERS" }.to_owned(),
            by_option,
        ]);
    }
    aligned(&rows)
}

fn facts(report: &Report, verdict: &Verdict, phases: &Phases) -> String {
    let mut rows = vec![
        ["silent fans".to_owned(), grouped(verdict.silent_fans)],
        [
            "digest of the log".to_owned(),
            verdict.digests.sha256.found.clone(),
        ],
        [
            "digest of the manifest".to_owned(),
            verdict.digests.sha256.expected.clone(),
        ],
        [
            "latency from".to_owned(),
            format!("{}, at speed {}", report.latency_from, report.speed),
        ],
        [
            "acks per second".to_owned(),
            format!(
                "{} on average, {} in the best second",
                grouped(report.all.acks_per_s.round() as u64),
                grouped(report.peak_acks_per_s)
            ),
        ],
    ];
    let memory = phases
        .peak_memory_bytes
        .map_or_else(|| "not measured".to_owned(), bytes);
    rows.push(["peak memory of the node".to_owned(), memory]);
    let total: u64 = phases.disk_bytes.values().sum();
    let parts: Vec<String> = phases
        .disk_bytes
        .iter()
        .map(|(what, size)| format!("{what} {}", bytes(*size)))
        .collect();
    let disk = match parts.is_empty() {
        true => "not measured".to_owned(),
        false => format!("{} ({})", bytes(total), parts.join(", ")),
    };
    rows.push(["bytes on disk".to_owned(), disk]);
    let total: f64 = phases.phases.iter().map(|phase| phase.seconds).sum();
    for phase in &phases.phases {
        rows.push([
            format!("time: {}", phase.name),
            format!("{:.1} s", phase.seconds),
        ]);
    }
    if phases.phases.len() > 1 {
        rows.push(["time: together".to_owned(), format!("{total:.1} s")]);
    }
    let width = rows
        .iter()
        .map(|[name, _]| name.chars().count())
        .max()
        .unwrap_or(0);
    rows.iter()
        .map(|[name, value]| format!("{name:<width$}  {value}\n"))
        .collect()
}

fn faults(report: &Report, verdict: &Verdict) -> Vec<String> {
    let mut faults = Vec::new();
    if !report.complete {
        faults.push("the recording was not sent to its end".to_owned());
    }
    let mut never = |count: u64, what: &str| {
        if count > 0 {
            faults.push(format!("{} {what}", grouped(count)));
        }
    };
    never(report.all.unacked, "deliveries were never answered");
    never(report.all.invalid, "deliveries got an invalid answer");
    never(verdict.all.unacked, "messages were never acked");
    never(
        verdict.all.messages.saturating_sub(verdict.all.sent),
        "messages were never sent",
    );
    never(verdict.silent_fans, "fans heard nothing");
    faults.extend(verdict.problems.iter().cloned());
    if !verdict.holds && verdict.problems.is_empty() {
        faults.push("the reconciliation does not hold".to_owned());
    }
    faults
}

/// Columns side by side: the first and the last to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let words = column + 1 == columns && cell.contains(char::is_alphabetic);
            if column == 0 || words {
                line.push_str(&format!("{cell:<width$}  "));
            } else {
                line.push_str(&format!("{cell:>width$}  "));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in MiB or GiB.
fn bytes(count: u64) -> String {
    let mib = count as f64 / 1_048_576.0;
    if mib < 1024.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.2} GiB", mib / 1024.0)
    }
}

#[cfg(test)]
mod tests;
