//! Lays recording, ledger and log beside the manifest. Pure: the files have been read.

use super::accepted::{Accepted, EXAMPLES};
use super::control::Operated;
use super::messages::{Message, Messages};
use super::rescore::Totals;
use super::results::Results;
use super::verdict::{Counts, Digests, Pair, VERSION, Verdict};
use super::{rounds, silent};
use crate::manifest::{self, Manifest};
use crate::recording::Table;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// `digest.json` of an export.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExportDigest {
    /// The campaign.
    pub campaign: String,
    /// SHA-256 over the sorted lines, hexadecimal.
    pub digest: String,
    /// How many lines.
    pub lines: u64,
    /// Sum of the lines' hashes, 32 hexadecimal digits.
    pub sum: String,
}

/// All that was read.
#[derive(Debug)]
pub struct Evidence {
    /// The oracle's word.
    pub manifest: Manifest,
    /// The totals of what stands in the log, up to the cuts of the seals, where they are not the manifest's.
    pub sealed: Option<Totals>,
    /// The recording, with the marks of ledger and `accepted`.
    pub messages: Messages,
    /// Rows of the ledger that name no message of the recording.
    pub foreign_rows: u64,
    /// `accepted`.
    pub accepted: Accepted,
    /// The tallies.
    pub results: Results,
    /// `digest.json`.
    pub digest: ExportDigest,
    /// Dead letters by topic and reason.
    pub dead_letters: BTreeMap<String, BTreeMap<String, u64>>,
    /// What operators did to replies.
    pub operated: Operated,
}

/// Numbers of the first messages of each fault.
pub type Faults = BTreeMap<&'static str, Vec<usize>>;

/// Judges; the examples are still numbers of the recording.
#[must_use]
pub fn judge(evidence: &Evidence) -> (Verdict, Faults) {
    let Evidence {
        manifest,
        messages,
        accepted,
        ..
    } = evidence;
    let mut verdict = Verdict {
        v: VERSION,
        campaign: manifest.campaign.id.clone(),
        foreign_rows: evidence.foreign_rows,
        redeliveries_dropped: accepted.notes,
        strangers: accepted.strangers,
        altered: accepted.altered,
        dead_letters: evidence.dead_letters.clone(),
        ..Verdict::default()
    };
    let mut faults = Faults::new();
    let mut most_notes = 0;
    for (number, message) in messages.known() {
        let name = Table::ALL
            .get(usize::from(message.part))
            .map_or("", |table| table.name());
        count(verdict.parts.entry(name.to_owned()).or_default(), message);
        count(&mut verdict.all, message);
        verdict.attempts += u64::from(message.attempts);
        // What cannot be parsed is never known to be repeated.
        let noted = message.acked.saturating_sub(1) * u32::from(message.readable);
        verdict.redeliveries_acked += u64::from(noted);
        most_notes += u64::from(message.attempts.saturating_sub(1));
        verdict.unreadable += u64::from(!message.readable);
        if let Some(fault) = fault_of(message) {
            let list = faults.entry(fault).or_default();
            if list.len() < EXAMPLES {
                list.push(number);
            }
        }
    }
    verdict.redeliveries_sent = most_notes;
    let silence = silent::count(messages, manifest.campaign.coalesce_window_s);
    (verdict.unheard, verdict.silent_fans) = (silence.unheard, silence.fans);
    let totals = evidence.sealed.as_ref();
    let decided = totals.and_then(|totals| totals.rules.as_ref());
    verdict.rules = rules(decided.unwrap_or(&manifest.rules), &accepted.rules);
    let by_value = totals.is_none() && manifest.v < manifest::NAMED_SINCE;
    let totals = totals.map_or(&manifest.rounds, |totals| &totals.rounds);
    verdict.rounds = rounds::beside(totals, by_value, &evidence.results);
    verdict.digests = digests(evidence);
    verdict.problems = problems(&verdict, evidence);
    verdict.notes = operated(&verdict, &evidence.operated);
    verdict.holds = verdict.problems.is_empty();
    (verdict, faults)
}

fn fault_of(message: &Message) -> Option<&'static str> {
    if message.is_lost() {
        Some("lost")
    } else if message.accepted > 1 {
        Some("doubled")
    } else if message.accepted > 0 && message.attempts == 0 {
        Some("never sent")
    } else if message.attempts > 0 && message.acked == 0 {
        Some("unacked")
    } else {
        None
    }
}

fn count(counts: &mut Counts, message: &Message) {
    counts.messages += 1;
    counts.sent += u64::from(message.attempts > 0);
    counts.acked += u64::from(message.acked > 0);
    counts.accepted += u64::from(message.accepted > 0);
    counts.unacked += u64::from(message.attempts > 0 && message.acked == 0);
    counts.lost += u64::from(message.is_lost());
    counts.doubled += u64::from(message.accepted > 1);
    counts.never_sent += u64::from(message.accepted > 0 && message.attempts == 0);
}

fn rules(
    expected: &BTreeMap<String, u64>,
    found: &BTreeMap<String, u64>,
) -> BTreeMap<String, Pair<u64>> {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let of = |map: &BTreeMap<String, u64>, name: &String| map.get(name).copied().unwrap_or(0);
    names
        .into_iter()
        .map(|name| {
            (
                name.clone(),
                Pair {
                    expected: of(expected, name),
                    found: of(found, name),
                },
            )
        })
        .filter(|(_, pair)| pair.expected > 0 || pair.found > 0)
        .collect()
}

fn digests(evidence: &Evidence) -> Digests {
    let Evidence {
        manifest,
        results,
        digest,
        sealed,
        ..
    } = evidence;
    let total = results.total();
    let expected = sealed
        .as_ref()
        .map_or(&manifest.digest, |totals| &totals.digest);
    Digests {
        sha256: Pair {
            expected: expected.sha256.clone(),
            found: digest.digest.clone(),
        },
        lines: Pair {
            expected: expected.lines,
            found: total.lines,
        },
        sum: Pair {
            expected: expected.sum.clone(),
            found: format!("{:032x}", total.digest),
        },
        exported_sum: digest.sum.clone(),
    }
}

fn problems(verdict: &Verdict, evidence: &Evidence) -> Vec<String> {
    let mut problems = Vec::new();
    let mut never = |count: u64, what: &str| {
        if count > 0 {
            problems.push(format!("{count} {what}"));
        }
    };
    let chains = &evidence.accepted.chains;
    let letters = verdict.dead_letters.get("inbound.dead");
    let unparsed = letters.and_then(|reasons| reasons.get("unparsed"));
    never(
        unreadable_acked(&evidence.messages).saturating_sub(unparsed.copied().unwrap_or(0)),
        "acked deliveries whose bodies cannot be parsed are no dead letters",
    );
    never(
        verdict.all.lost,
        "messages were acked and are not in accepted",
    );
    never(
        verdict.all.doubled,
        "messages stand more than once in accepted",
    );
    never(
        verdict.all.never_sent,
        "messages of the recording are in accepted and were never sent",
    );
    never(
        verdict.strangers,
        "messages in accepted do not stand in the recording",
    );
    never(
        verdict.altered,
        "messages in accepted have another time than in the recording",
    );
    never(
        verdict.foreign_rows,
        "rows of the ledger belong to no message of the recording",
    );
    never(
        evidence.messages.twins,
        "messages of the recording have an identity twice",
    );
    never(
        chains.holes,
        "records of accepted lie behind a hole in the chain",
    );
    never(
        chains.forks,
        "records of accepted are of another computation",
    );
    let dropped = verdict.redeliveries_dropped;
    if dropped < verdict.redeliveries_acked || dropped > verdict.redeliveries_sent {
        problems.push(format!(
            "{dropped} re-deliveries were noted, but {} were acked and {} sent",
            verdict.redeliveries_acked, verdict.redeliveries_sent
        ));
    }
    let manifest = &evidence.manifest;
    if manifest.recording.rows != evidence.messages.rows {
        problems.push(format!(
            "the recording has {} rows, but the manifest is about one of {}",
            evidence.messages.rows, manifest.recording.rows
        ));
    }
    if evidence.digest.campaign != manifest.campaign.id {
        problems.push(format!(
            "the export is of campaign {:?}, the manifest of {:?}",
            evidence.digest.campaign, manifest.campaign.id
        ));
    }
    if evidence.operated.rules.is_empty() {
        problems.extend(differing(&verdict.rules));
    } else {
        // Others have decided instead, and each message was decided by one.
        let expected: u64 = verdict.rules.values().map(|pair| pair.expected).sum();
        let found: u64 = verdict.rules.values().map(|pair| pair.found).sum();
        if found != expected {
            problems.push(format!(
                "the rules decided {found} messages instead of {expected}"
            ));
        }
    }
    for round in verdict.rounds.iter().filter(|round| !round.agrees()) {
        let name = round
            .round
            .map_or("outside all rounds".to_owned(), |n| format!("of round {n}"));
        problems.push(format!("the tallies {name} differ from the manifest"));
    }
    if !verdict.digests.agree() {
        problems.push("the digests differ".to_owned());
    }
    problems
}

/// Acked deliveries of what cannot be parsed: each of them is a dead letter.
fn unreadable_acked(messages: &Messages) -> u64 {
    let unreadable = messages.known().filter(|(_, message)| !message.readable);
    unreadable
        .map(|(_, message)| u64::from(message.acked))
        .sum()
}

/// Rules that decided another number of messages than they should have.
fn differing(rules: &BTreeMap<String, Pair<u64>>) -> impl Iterator<Item = String> + '_ {
    let differing = rules.iter().filter(|(_, pair)| !pair.agrees());
    differing.map(|(rule, Pair { expected, found })| {
        format!("rule {rule:?} decided {found} messages instead of {expected}")
    })
}

/// What differs because operators have acted on replies.
fn operated(verdict: &Verdict, operated: &Operated) -> Vec<String> {
    let mut notes = Vec::new();
    if !operated.rules.is_empty() {
        let killed: Vec<&str> = operated.rules.iter().map(String::as_str).collect();
        let killed = format!("an operator has killed {}", killed.join(", "));
        let differs = differing(&verdict.rules).map(|what| format!("{killed}: {what}"));
        notes.extend(differs);
    }
    if let (true, unheard @ 1..) = (!operated.steps.is_empty(), verdict.unheard) {
        let steps: Vec<String> = operated.steps.iter().map(u64::to_string).collect();
        notes.push(format!(
            "an operator had the ladder at {}: {unheard} messages are unheard",
            steps.join(" and ")
        ));
    }
    notes
}
