//! Holds the results of the log against the recording judged once more: digests, counts, cuts, records, winners.
//! Pure; one line for each difference.

use super::accepted::{Accepted, Copies};
use super::entitled::{self, Entitled};
use super::prizes::{self, Units};
use super::record::{self, Draw};
use super::rescore::Rescored;
use super::results::Results;
use super::seals::{Control, Decision, Found};
use super::verdict::{Drawn, Pair};
use crate::manifest::{self, Manifest};
use crate::oracle::draws::{self, Holders};
use crate::oracle::standings::{self, Standing};
use campaign::{After, Round};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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
    pub prizes: BTreeMap<String, Units>,
    /// What does not hold.
    pub problems: Vec<String>,
    /// What is worth a line and holds.
    pub notes: Vec<String>,
}

/// Judges every round that was sealed, and the final draw.
#[must_use]
pub fn judge(contest: &Contest<'_>) -> Findings {
    let control = contest.control;
    let mut findings = Findings::default();
    findings
        .problems
        .extend(contest.rescored.problems.iter().cloned());
    if control.results.is_empty() {
        findings.notes.push("no results in this log".to_owned());
    }
    let mut holders = Holders::default();
    let mut entitled = Vec::new();
    // In the order in which the draws were made: a round that an operator skipped comes after later ones.
    let made = |round: u16| {
        let results = control.results.get(&Some(round));
        results
            .and_then(|results| results.first())
            .map_or(u64::MAX, |first| first.at)
    };
    let mut order: Vec<_> = control.decisions.iter().collect();
    order.sort_by_key(|(round, _)| (made(**round), **round));
    for (round, decision) in order {
        let draw = one_round(contest, *round, decision, &mut holders, &mut findings);
        entitled.extend(draw);
    }
    let sealed = |round: &Round| {
        control.decisions.contains_key(&round.number) || control.void.contains(&round.number)
    };
    let newest = control
        .version_of(None)
        .and_then(|v| contest.rescored.campaign(v));
    let all_sealed = newest.is_some_and(|campaign| campaign.rounds.iter().all(sealed));
    let has_final = newest.is_some_and(|campaign| {
        campaign
            .awards
            .iter()
            .any(|award| award.after == After::LastRound)
    });
    match control.standing(None) {
        Some(found) => entitled.extend(final_draw(contest, found, &mut holders, &mut findings)),
        None if has_final && all_sealed && !control.results.is_empty() => {
            let problem = "every round is sealed, but the final draw has no result";
            findings.problems.push(problem.to_owned());
        }
        None => {}
    }
    prizes::judge(contest, &entitled, &mut findings);
    findings
}

fn one_round(
    contest: &Contest<'_>,
    round: u16,
    decision: &Decision,
    holders: &mut Holders,
    findings: &mut Findings,
) -> Option<Entitled> {
    let control = contest.control;
    let name = format!("round {round}");
    late(contest, round, findings);
    cuts(contest, &name, decision, findings);
    if control.void.contains(&round) {
        findings.notes.push(format!("{name} is void"));
        return None;
    }
    let Some(found) = control.standing(Some(round)) else {
        findings
            .problems
            .push(format!("{name} is sealed and has no result"));
        return None;
    };
    let version = control.version_of(Some(round)).unwrap_or(0);
    let standings = contest.rescored.standings(version, round);
    let (Some(campaign), Some(standings)) = (contest.rescored.campaign(version), standings) else {
        findings
            .problems
            .push(format!("{name} cannot be judged by version {version}"));
        return None;
    };
    let drawn = digests(
        Some(round),
        &found.act,
        &standings,
        contest,
        decision,
        findings,
    );
    findings.draws.push(drawn);
    let draw = Draw {
        campaign,
        round: Some(round),
        decision,
        found,
        standings: &standings,
    };
    record::judge(contest, &draw, holders, findings);
    entitled::of_draw(contest, &draw, findings)
}

fn final_draw(
    contest: &Contest<'_>,
    found: &Found,
    holders: &mut Holders,
    findings: &mut Findings,
) -> Option<Entitled> {
    let control = contest.control;
    let version = control.version_of(None).unwrap_or(0);
    let last = control
        .decisions
        .iter()
        .filter(|(round, _)| !control.void.contains(round));
    let last = last
        .map(|(_, decision)| decision)
        .max_by_key(|decision| decision.ctl);
    let (Some(campaign), Some(decision)) = (contest.rescored.campaign(version), last) else {
        findings
            .problems
            .push("there is a final draw without a sealed round".to_owned());
        return None;
    };
    let counted = |round: &&Round| {
        control.decisions.contains_key(&round.number) && !control.void.contains(&round.number)
    };
    let rounds: Vec<(&Round, Vec<Standing>)> = campaign
        .rounds
        .iter()
        .filter(counted)
        .filter_map(|round| {
            let judged = control.version_of(Some(round.number))?;
            Some((round, contest.rescored.standings(judged, round.number)?))
        })
        .collect();
    let board = draws::board(campaign, &rounds);
    let drawn = digests(None, &found.act, &board, contest, decision, findings);
    findings.draws.push(drawn);
    let draw = Draw {
        campaign,
        round: None,
        decision,
        found,
        standings: &board,
    };
    record::judge(contest, &draw, holders, findings);
    entitled::of_draw(contest, &draw, findings)
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

/// Digests and counts of a result, against the recording, and against the manifest where that can be.
fn digests(
    round: Option<u16>,
    act: &Value,
    standings: &[Standing],
    contest: &Contest<'_>,
    decision: &Decision,
    findings: &mut Findings,
) -> Drawn {
    let name = name_of(round);
    let (number, text) = (
        |key: &str| act[key].as_u64().unwrap_or(0),
        |key: &str| act[key].as_str().unwrap_or_default().to_owned(),
    );
    let count = |of: fn(&Standing) -> bool| standings.iter().filter(|s| of(s)).count() as u64;
    let own_list = standings::sha256(&standings::list(standings));
    let corrects = act["corrects"].is_u64();
    let drawn = Drawn {
        round,
        late_after_seal: round
            .and_then(|r| contest.rescored.late.get(&r).copied())
            .unwrap_or(0),
        entrants: pair(count(|_| true), number("entrants")),
        answered: pair(count(|s| s.answered > 0), number("answered")),
        correct: pair(count(|s| s.correct > 0), number("correct")),
        // A correction keeps the list that made the seed.
        list: pair(if corrects { text("list") } else { own_list }, text("list")),
        standings: pair(
            standings::sha256(&standings::file(standings)),
            text("standings"),
        ),
    };
    findings
        .problems
        .extend(differences(&name, &drawn, "the recording gives"));
    if act["ctl"].as_u64() != Some(decision.ctl) {
        findings.problems.push(format!(
            "{name}: the result does not name the decision of its seal"
        ));
    }
    let of_manifest = contest
        .manifest
        .rounds
        .iter()
        .find(|expected| expected.round == round);
    if let (Some(expected), Some(_)) = (of_manifest, round) {
        beside_the_manifest(contest, expected, &drawn, decision, findings);
    }
    drawn
}

/// The manifest was made before the run: it holds where nothing was late, moved or published anew.
fn beside_the_manifest(
    contest: &Contest<'_>,
    expected: &manifest::Round,
    drawn: &Drawn,
    decision: &Decision,
    findings: &mut Findings,
) {
    let name = name_of(drawn.round);
    let version = contest.control.version_of(drawn.round);
    let sha256 = version.and_then(|version| contest.control.versions.get(&version));
    let same_file = sha256.is_some_and(|v| v.sha256 == contest.manifest.campaign.sha256);
    let window = (expected.open, expected.close) == (Some(decision.open), Some(decision.close));
    if expected.standings.is_empty() {
        findings
            .notes
            .push(format!("{name}: the manifest has no standings"));
        return;
    }
    if drawn.late_after_seal > 0 || !same_file || !window {
        findings.notes.push(format!(
            "{name}: something was late, moved or published anew; it is held against the recording up to the cut"
        ));
        return;
    }
    let found = |pair: &Pair<u64>| pair.found;
    let of_manifest = Drawn {
        entrants: pair(expected.entrants, found(&drawn.entrants)),
        answered: pair(expected.lines, found(&drawn.answered)),
        correct: pair(expected.correct, found(&drawn.correct)),
        list: pair(expected.list.clone(), drawn.list.found.clone()),
        standings: drawn.standings.clone(),
        ..drawn.clone()
    };
    findings
        .problems
        .extend(differences(&name, &of_manifest, "the manifest says"));
    if expected.standings != drawn.standings.found {
        let line = format!("{name}: the standings are not the manifest's");
        if drawn.standings.agrees() {
            let why =
                "they are the recording's with what was known of joins and follows at the cut";
            findings.notes.push(format!("{line}; {why}"));
        } else {
            findings.problems.push(line);
        }
    }
}

fn differences(name: &str, drawn: &Drawn, by: &str) -> Vec<String> {
    let counts = [
        ("entrants", &drawn.entrants),
        ("answered", &drawn.answered),
        ("correct", &drawn.correct),
    ];
    let counts = counts.map(|(what, p)| (what, pair(p.expected.to_string(), p.found.to_string())));
    let files = [("list", &drawn.list), ("standings", &drawn.standings)];
    let all = counts
        .into_iter()
        .chain(files.map(|(what, pair)| (what, pair.clone())));
    all.filter(|(_, pair)| !pair.agrees())
        .map(|(what, Pair { expected, found })| {
            format!("{name}: {what} {found} in the result, but {by} {expected}")
        })
        .collect()
}

pub(super) fn name_of(round: Option<u16>) -> String {
    round.map_or("the final draw".to_owned(), |round| {
        format!("round {round}")
    })
}

fn pair<T>(expected: T, found: T) -> Pair<T> {
    Pair { expected, found }
}
