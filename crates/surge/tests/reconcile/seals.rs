//! Who has confirmed a seal, and what was in force, each with one defect planted.

use crate::made::{Run, START};
use crate::problem;
use crate::sealed::{DECISION, REQUEST, TOML, publication, run, sha256};
use serde_json::{Value, json};

fn holds(run: &Run) {
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
}

/// The run with an act of control before its request, so that everything behind it moves; what names an offset does so
/// still.
fn with_before(act: Value) -> Run {
    let mut run = run();
    run.control.remove(0);
    run.control.insert(2, act);
    run
}

#[test]
fn every_member_has_confirmed_or_has_left() {
    let mut silent = run();
    silent.progress[0]["ctl"] = 1.into();
    problem(
        &silent.reconcile(),
        "round 1: node n1 counts as one that confirmed the seal, and did not",
    );
    // Where `progress` has been forgotten, nobody can show it.
    silent.progress.clear();
    let verdict = silent.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert!(verdict.notes[0].contains("who confirmed one cannot be shown"));
    // Who was not there when it was asked has nothing to confirm.
    let bye = json!({"type": "bye", "v": 1, "node": "n1"});
    let mut left = with_before(bye);
    left.progress[0]["ctl"] = 1.into();
    holds(&left);
}

#[test]
fn nobody_is_left_out_and_nobody_is_invented() {
    let mut run = run();
    run.control[REQUEST]["members"] = json!([]);
    run.control[DECISION]["members"] = json!([]);
    problem(
        &run.reconcile(),
        "leaves out a node that takes callbacks: n1",
    );
    let mut run = self::run();
    run.control[DECISION]["members"] = json!([]);
    problem(
        &run.reconcile(),
        "node n1 was asked to confirm the seal, and the decision does not say",
    );
    let mut run = self::run();
    run.control[DECISION]["members"] = json!(["n1", "n2"]);
    problem(
        &run.reconcile(),
        "node n2 stands in the decision, and was not asked",
    );
    // A node without callbacks need not be asked.
    let mut run = self::run();
    run.control[0]["roles"] = json!(["dedup", "quiz"]);
    run.control[REQUEST]["members"] = json!([]);
    run.control[DECISION]["members"] = json!([]);
    holds(&run);
}

#[test]
fn who_was_not_waited_for_was_given_up() {
    let mut run = run();
    run.control[DECISION]["members"] = json!([]);
    run.control[DECISION]["missing"] = json!(["n1"]);
    problem(
        &run.reconcile(),
        "node n1 was not waited for, and no record says that it was given up",
    );
}

#[test]
fn a_seal_is_due_and_follows_from_what_is_in_force() {
    let mut early = run();
    early.control[REQUEST]["at"] = (START + 334).into();
    let verdict = early.reconcile();
    assert!(
        verdict
            .notes
            .iter()
            .any(|note| note.contains("seal_req: it is due at")),
        "{:?}",
        verdict.notes
    );
    problem(&verdict, "is void, and was copied");
    let mut early = run();
    early.control[DECISION]["at"] = (START + 300).into();
    problem(
        &early.reconcile(),
        "was sealed at 1365487500, which is before 1365487535",
    );
    let mut late = run();
    late.control[DECISION]["at"] = (START + 999).into();
    problem(
        &late.reconcile(),
        "no tick of that time stands before the copies",
    );
    for (key, wrong) in [
        ("version", json!(2)),
        ("sha256", json!(sha256("other"))),
        ("close", json!(START + 301)),
        ("req", json!(1)),
    ] {
        let mut run = run();
        run.control[DECISION][key] = wrong;
        let verdict = run.reconcile();
        problem(
            &verdict,
            "the record at offset 4 of control is void, and was copied",
        );
        assert!(verdict.results.is_empty(), "{key}");
    }
}

#[test]
fn a_version_and_an_act_hold_at_their_places_only() {
    let longer = |round: u16, at: i64| {
        json!({"type": "round", "v": 1, "campaign": "c", "round": round, "verb": "extend", "at": at,
            "windows": [{"round": round, "open": START, "close": START + 310}]})
    };
    // An extension in the last seconds, of a round that is not there, and a version out of turn change nothing.
    let again = publication(3, TOML);
    let skipped = |at: i64| json!({"type": "round", "v": 1, "campaign": "c", "round": 1, "verb": "skip", "at": at});
    for act in [
        longer(1, START + 290),
        longer(2, START + 10),
        again,
        skipped(START + 299),
    ] {
        let verdict = with_before(act.clone()).reconcile();
        assert!(verdict.holds, "{act}: {:#?}", verdict.problems);
        assert!(
            verdict.notes[0].contains("offset 2, "),
            "{:?}",
            verdict.notes
        );
    }
    // A round that is over can be skipped: later ones do not wait for its result, which comes when it can.
    let verdict = with_before(skipped(START + 300)).reconcile();
    assert!(verdict.holds && verdict.notes.is_empty(), "{verdict:#?}");
    // In time it moves the window, and the request comes too early.
    let verdict = with_before(longer(1, START + 10)).reconcile();
    problem(&verdict, "is void, and was copied");
    let due = format!("seal_req: it is due at {}", START + 345);
    assert!(
        verdict.notes.iter().any(|note| note.contains(&due)),
        "{:?}",
        verdict.notes
    );
}
