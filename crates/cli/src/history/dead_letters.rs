//! `dead-letters list|show`: what could not be processed, and why.

use super::scan::{self, Chains};
use crate::args::HistoryArgs;
use crate::failure::{Failure, io};
use msglog::{Log, Stored};
use record::dead::{DEAD, DeadLetter};
use std::io::Write;

/// Prints one line per dead letter: its place, where it came from, reason, detail.
pub(crate) fn list(
    topic: Option<&str>,
    history: &HistoryArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let log = scan::open(history)?;
    let mut count = 0_u64;
    for name in dead_topics(&*log, topic)? {
        let source = name.trim_end_matches(".dead").to_owned();
        each_letter(&*log, &name, |stored, letter| {
            if count == 0 {
                let head = writeln!(
                    out,
                    "{:<10} {:>12} {:>14}  {:<14} detail",
                    "topic", "place", "source", "reason"
                );
                scan::written(head)?;
            }
            count += 1;
            scan::written(writeln!(
                out,
                "{source:<10} {:>12} {:>14}  {:<14} {}",
                format!("{}/{}", stored.partition, stored.offset),
                format!("{}/{}", letter.partition, letter.offset),
                letter.reason,
                letter.detail,
            ))
        })?;
    }
    if count == 0 {
        writeln!(out, "no dead letters").map_err(io("write"))?;
    }
    Ok(())
}

/// Prints one dead letter as JSON, its raw bytes included.
pub(crate) fn show(
    topic: &str,
    place: &str,
    history: &HistoryArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (partition, offset) = place
        .split_once('/')
        .and_then(|(partition, offset)| Some((partition.parse().ok()?, offset.parse().ok()?)))
        .ok_or_else(|| Failure::wrong(format!("a place is PARTITION/OFFSET, not {place:?}")))?;
    let log = scan::open(history)?;
    let name = dead_topics(&*log, Some(topic))?.remove(0);
    let mut spans = scan::spans(&*log, &name)?;
    spans.retain(|candidate, _| *candidate == partition);
    let mut found = false;
    if let Some(span) = spans
        .get_mut(&partition)
        .filter(|span| (span.start..span.end).contains(&offset))
    {
        (span.start, span.end) = (offset, offset + 1);
        scan::each(&*log, &name, &spans, |stored| {
            let value: serde_json::Value = serde_json::from_slice(&stored.value)
                .map_err(|error| Failure::no(format!("{name} at {place} is no JSON: {error}")))?;
            found = value["type"] == DEAD;
            scan::written(writeln!(out, "{value:#}"))
        })?;
    }
    if found {
        Ok(())
    } else {
        Err(Failure::no(format!(
            "there is no dead letter at {place} of {name}; `dead-letters list` shows the places"
        )))
    }
}

fn dead_topics(log: &dyn Log, topic: Option<&str>) -> Result<Vec<String>, Failure> {
    let all: Vec<String> = log
        .topics()
        .into_iter()
        .map(|config| config.name)
        .filter(|name| name.ends_with(".dead"))
        .collect();
    let Some(topic) = topic else { return Ok(all) };
    let wanted = format!("{}.dead", topic.trim_end_matches(".dead"));
    if all.contains(&wanted) {
        return Ok(vec![wanted]);
    }
    let sources: Vec<&str> = all
        .iter()
        .map(|name| name.trim_end_matches(".dead"))
        .collect();
    Err(Failure::wrong(format!(
        "{topic:?} has no dead letters; there are those of {}",
        sources.join(", ")
    )))
}

fn each_letter(
    log: &dyn Log,
    name: &str,
    mut visit: impl FnMut(&Stored, &DeadLetter<'_>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut chains = Chains::of(name);
    scan::each(log, name, &scan::spans(log, name)?, |stored| {
        if !chains.accept(name, stored)? || record::type_of(&stored.value).as_deref() != Some(DEAD)
        {
            return Ok(true);
        }
        let letter: DeadLetter<'_> = serde_json::from_slice(&stored.value).map_err(|error| {
            Failure::no(format!("a dead letter of {name} cannot be read: {error}"))
        })?;
        visit(stored, &letter)
    })
}
