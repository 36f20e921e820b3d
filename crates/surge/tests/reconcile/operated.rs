//! Runs in which operators acted on replies, bodies that cannot be parsed, and exports that cannot be held against anything.

use crate::made::{self, Run, ledger_row};
use crate::problem;
use serde_json::{Value, json};
use surge::reconcile::run;

#[test]
fn what_operators_did_to_replies_is_a_note() {
    let mut run = Run::new();
    let act = |of: Value| json!({"v": 1, "at": made::START, "actor": "ann", "reason": "t", "type": of[0], (of[1].as_str().unwrap()): of[2]});
    run.accepted[3]["reply"]["rule"] = "default".into();
    for n in [1, 4] {
        run.ledger[n] = ledger_row(n as u64, n as u64, "acked", Some("success"));
    }
    problem(&run.reconcile(), "rule \"answer\" decided 5 messages");

    let mut kill = act(json!(["rule", "verb", "kill"]));
    (kill["campaign"], kill["rule"]) = ("other".into(), "orders".into());
    run.control = vec![kill, act(json!(["ladder", "step", 2]))];
    problem(&run.reconcile(), "rule \"answer\" decided 5 messages");
    run.control[0]["campaign"] = "c".into();
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    let notes = verdict.notes.join("; ");
    for part in [
        "killed orders: rule \"answer\" decided 5 messages instead of 6",
        "\"default\" decided 1 messages instead of 0",
        "ladder at 2: 2 messages are unheard",
    ] {
        assert!(notes.contains(part), "{part:?} is not in {notes:?}");
    }
    // One message less is a problem all the same.
    run.manifest["rules"]["answer"] = 7.into();
    problem(
        &run.reconcile(),
        "the rules decided 7 messages instead of 8",
    );
}

#[test]
fn an_export_with_pseudonyms_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let files = Run::new().write(dir.path());
    let about = files.export.join("log.json");
    std::fs::write(&about, "{\"log\":\"00\",\"pseudonymised\":false}").unwrap();
    assert!(run(&files).unwrap().holds);
    std::fs::write(&about, "{\"log\":\"00\",\"pseudonymised\":true}").unwrap();
    let error = run(&files).unwrap_err().to_string();
    assert!(error.contains("without --pseudonymise"), "{error}");
}

#[test]
fn each_acked_delivery_that_cannot_be_parsed_is_a_dead_letter() {
    let mut run = Run::new();
    run.rows.push((7, 1, "<xml>".to_owned()));
    run.manifest["recording"]["rows"] = 9.into();
    for _ in 0..2 {
        run.ledger.push(ledger_row(8, 7, "acked", Some("success")));
    }
    run.ledger.push(ledger_row(8, 7, "unanswered", None));
    let letter = json!({"partition": 0, "value": {"type": "dead", "v": 1, "reason": "unparsed"}});
    run.dead = vec![letter.clone()];
    problem(
        &run.reconcile(),
        "1 acked deliveries whose bodies cannot be parsed",
    );
    run.dead.push(letter);
    let verdict = run.reconcile();
    assert_eq!(verdict.unreadable, 1);
    assert!(verdict.holds, "{:?}", verdict.problems);
}
