//! Digests and counts of a result against the recording judged once more, and against the manifest where that can be. Pure;
//! one line for each difference.

use super::contest::{Contest, Findings, name_of};
use super::control::{Decision, Found};
use super::verdict::{Drawn, Pair};
use crate::manifest;
use crate::oracle::standings::{self, Standing};

/// Holds a result against the standings that it must be of.
pub(super) fn judge(
    contest: &Contest<'_>,
    found: &Found,
    standings: &[Standing],
    decision: &Decision,
    findings: &mut Findings,
) -> Drawn {
    let round = found.round();
    let name = name_of(round);
    let text = |key: &str| found.text(key).to_owned();
    let count = |of: fn(&Standing) -> bool| standings.iter().filter(|s| of(s)).count() as u64;
    let own_list = standings::sha256(&standings::list(standings));
    let corrects = found.act["corrects"].is_u64();
    let late = round.and_then(|round| contest.rescored.late.get(&round).copied());
    let drawn = Drawn {
        round,
        late_after_seal: late.unwrap_or(0),
        entrants: pair(count(|_| true), found.number("entrants")),
        answered: pair(count(|s| s.answered > 0), found.number("answered")),
        correct: pair(count(|s| s.correct > 0), found.number("correct")),
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
    if found.act["ctl"].as_u64() != Some(decision.ctl) {
        findings.problems.push(format!(
            "{name}: the result does not name the decision of its seal"
        ));
    }
    let mut rounds = contest.manifest.rounds.iter();
    let of_manifest = rounds.find(|expected| expected.round == round);
    if let (Some(expected), Some(_), false) = (of_manifest, round, corrects) {
        beside_the_manifest(contest, expected, found, (&drawn, decision), findings);
    }
    drawn
}

/// The manifest was made before the run: it holds where nothing was late, moved, published anew or never acked.
fn beside_the_manifest(
    contest: &Contest<'_>,
    expected: &manifest::Round,
    found: &Found,
    (drawn, decision): (&Drawn, &Decision),
    findings: &mut Findings,
) {
    let name = name_of(drawn.round);
    let version = contest.control.versions.get(&found.number("version"));
    let same_file = version.is_some_and(|v| v.sha256 == contest.manifest.campaign.sha256);
    let window = (expected.open, expected.close) == (Some(decision.open), Some(decision.close));
    if expected.standings.is_empty() {
        findings
            .notes
            .push(format!("{name}: the manifest has no standings"));
        return;
    }
    if drawn.late_after_seal > 0 || !same_file || !window || contest.rescored.is_partial() {
        findings.notes.push(format!(
            "{name}: something was late, moved, published anew or never acked; it is held against the recording up to the cut"
        ));
        return;
    }
    let of_manifest = Drawn {
        entrants: pair(expected.entrants, drawn.entrants.found),
        answered: pair(expected.lines, drawn.answered.found),
        correct: pair(expected.correct, drawn.correct.found),
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

fn pair<T>(expected: T, found: T) -> Pair<T> {
    Pair { expected, found }
}
