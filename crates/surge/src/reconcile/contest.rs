//! Holds the results of the log against the recording judged once more: seals, results, records, winners, units. Pure; one
//! line for each difference.

use super::accepted::{Accepted, Copies};
use super::control::{Control, Decision};
use super::prizes::Given;
use super::rescore::Rescored;
use super::results::Results;
use super::verdict::Drawn;
use super::walk::Walk;
use crate::manifest::Manifest;
use std::collections::{BTreeMap, BTreeSet};

/// So many records that are void are named.
const VOID_NAMED: usize = 3;

/// All that a contest is judged from.
#[derive(Debug, Clone, Copy)]
pub struct Contest<'a> {
    /// What the log decided.
    pub control: &'a Control,
    /// The recording, judged once more.
    pub rescored: &'a Rescored,
    /// Where copies stand.
    pub accepted: &'a Accepted,
    /// Where copies stand in `inbound`, if it was exported.
    pub inbound: Option<&'a Copies>,
    /// The tallies.
    pub results: &'a Results,
    /// The oracle's word before the run.
    pub manifest: &'a Manifest,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Each draw of the log.
    pub draws: Vec<Drawn>,
    /// What became of units, by prize.
    pub prizes: BTreeMap<String, Given>,
    /// What does not hold.
    pub problems: Vec<String>,
    /// What is worth a line and holds.
    pub notes: Vec<String>,
}

/// Judges every round that was sealed, the final draw, and what became of prizes.
#[must_use]
pub fn judge(contest: &Contest<'_>) -> Findings {
    let control = contest.control;
    let mut findings = Findings::default();
    let told = contest.rescored.problems.iter().chain(&control.faults);
    findings.problems.extend(told.cloned());
    findings.notes.extend(control.open.iter().cloned());
    if control.results().next().is_none() {
        findings.notes.push("no results in this log".to_owned());
    }
    if let void @ 1.. = control.void_acts.len() {
        let named = control.void_acts.iter().take(VOID_NAMED);
        let named: Vec<&str> = named.map(String::as_str).collect();
        findings.notes.push(format!(
            "{void} records of control are void: {}",
            named.join("; ")
        ));
    }
    if let (unacked, true) = (
        contest.rescored.absent.unacked,
        contest.rescored.is_partial(),
    ) {
        findings.notes.push(format!(
            "{unacked} messages were never acked and are not in the log; it is held against the recording without them"
        ));
    }
    let void = control
        .void
        .keys()
        .map(|round| format!("round {round} is void"));
    findings.notes.extend(void);
    copies(contest, &mut findings);
    for (round, decision) in &control.decisions {
        late(contest, *round, &mut findings);
        cuts(contest, &format!("round {round}"), decision, &mut findings);
    }
    let mut walk = Walk::new(contest);
    for found in &control.acts {
        walk.take(found, &mut findings);
    }
    walk.end(&mut findings);
    findings
}

/// No partition has a copy of a record that is void.
fn copies(contest: &Contest<'_>, findings: &mut Findings) {
    for ctl in contest.accepted.copies.keys() {
        if contest.control.copied.get(ctl) == Some(&false) {
            let problem = format!("the record at offset {ctl} of control is void, and was copied");
            findings.problems.push(problem);
        }
    }
}

/// what came after the seal is what the tallies say, and is told.
fn late(contest: &Contest<'_>, round: u16, findings: &mut Findings) {
    let expected = contest.rescored.late.get(&round).copied().unwrap_or(0);
    let tallied = contest.results.rounds.get(&Some(round));
    let found = tallied.map_or(0, |sums| sums.late_after_seal);
    if found != expected {
        findings.problems.push(format!(
            "round {round}: the tallies count {found} messages after the seal, but {expected} stand behind its cut"
        ));
    } else if found > 0 {
        findings.notes.push(format!(
            "round {round}: {found} messages came after the seal and are not in it"
        ));
    }
}

/// Each partition has the copy of the decision, in `accepted` and in `inbound` at one place.
fn cuts(contest: &Contest<'_>, name: &str, decision: &Decision, findings: &mut Findings) {
    let empty = BTreeMap::new();
    let cut = contest.accepted.copies.get(&decision.ctl).unwrap_or(&empty);
    let all = contest.accepted.copies.values();
    let partitions: BTreeSet<u32> = all.flat_map(BTreeMap::keys).copied().collect();
    for partition in partitions
        .iter()
        .filter(|partition| !cut.contains_key(partition))
    {
        findings.problems.push(format!(
            "{name}: partition {partition} has no copy of its seal"
        ));
    }
    let tick = contest.accepted.ticks.get(&decision.ctl);
    if tick.is_none_or(|tick| *tick < decision.at) {
        findings.problems.push(format!(
            "{name}: it was sealed at {}, but no tick of that time stands before the copies of the decision",
            decision.at
        ));
    }
    if let Some(inbound) = contest.inbound {
        let stands = inbound.get(&decision.ctl).unwrap_or(&empty);
        for (partition, offset) in cut {
            if stands.get(partition) != Some(offset) {
                let stands = stands
                    .get(partition)
                    .map_or("nowhere".to_owned(), u64::to_string);
                findings.problems.push(format!(
                    "{name}: partition {partition} was cut at {offset}, but the copy in inbound stands at {stands}"
                ));
            }
        }
    }
}

pub(super) fn name_of(round: Option<u16>) -> String {
    round.map_or("the final draw".to_owned(), |round| {
        format!("round {round}")
    })
}
