//! What a record says of promises, beacons and levels, each with one defect planted.

use crate::made::START;
use crate::problem;
use crate::sealed::{DECISION, LIST, RESULT, TOML, publication, record, result, run, sha256};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The problems of a run whose record has these members changed, and whose control these.
fn spoilt(
    members: &[(&str, Value)],
    control: &[(usize, &str, Value)],
) -> surge::reconcile::verdict::Verdict {
    let (mut run, mut record) = (run(), record());
    for (path, value) in members {
        *record.pointer_mut(path).unwrap() = value.clone();
    }
    run.control[RESULT] = result(&record);
    for (offset, key, value) in control {
        run.control[*offset][*key] = value.clone();
    }
    run.reconcile()
}

#[test]
fn what_was_promised_is_told_no_less_and_no_more() {
    let mut with_links = record()["commitment"].clone();
    with_links["links"] = json!(3);
    for (path, wrong) in [
        ("/commitment", Value::Null),
        ("/commitment", with_links),
        ("/commitment/index", json!(2)),
        ("/commitment/chain", json!("00")),
    ] {
        problem(
            &spoilt(&[(path, wrong)], &[]),
            "round 1: the commitment is ",
        );
    }
    problem(
        &spoilt(&[("/s", json!("00"))], &[]),
        "the secret is not the one committed to",
    );
    problem(
        &spoilt(&[("/level", json!("L0"))], &[]),
        "level is \"L0\" in the record, but must be \"L1\"",
    );
}

#[test]
fn a_round_that_came_after_the_commitment_has_no_link() {
    // A chain of one link has it for the final draw.
    let chain = (2, "links", json!(1));
    let verdict = spoilt(&[], std::slice::from_ref(&chain));
    problem(&verdict, "but that of this draw is null");
    let members = [("/commitment", Value::Null), ("/level", json!("L0"))];
    let verdict = spoilt(&members, &[chain]);
    assert!(verdict.holds, "{:#?}", verdict.problems);
}

/// The link of another draw: the operator knows them all.
#[test]
fn a_draw_cannot_choose_among_the_links() {
    let secret: Vec<u8> = (0..32).collect();
    let chain: String = Sha256::digest(Sha256::digest(&secret))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let told = json!({"chain": chain, "index": 2, "links": 2});
    let verdict = spoilt(&[("/commitment", told)], &[(2, "root", json!(chain))]);
    problem(&verdict, "round 1: the commitment is ");
    problem(&verdict, "round 1: the secret is not the one committed to");
}

#[test]
fn only_a_draw_that_asks_for_a_beacon_has_one() {
    let beacon = json!({"round": 0, "value": "ab"});
    problem(
        &spoilt(&[("/beacon", beacon)], &[]),
        "in the record, but must be null",
    );
    let fallback = json!({"actor": "ann", "reason": "late"});
    problem(&spoilt(&[("/fallback", fallback)], &[]), "fallback is");
}

/// A run at L2, before there was a beacon: an operator's word is the only way on, and comes before the result.
fn without_beacon(said: &Value, told: &[(&str, Value)]) -> surge::reconcile::verdict::Verdict {
    let toml = TOML.replace("level = \"L1\"", "level = \"L2\"");
    let mut run = run();
    run.control[1] = publication(1, &toml);
    let sha256 = sha256(&toml);
    run.control[DECISION]["sha256"] = json!(sha256);
    let copy = json!({"type": "copy", "v": 1, "ctl": DECISION, "act": run.control[DECISION]});
    *run.accepted.last_mut().unwrap() = copy.clone();
    run.inbound[0]["value"] = copy;
    run.manifest["campaign"]["sha256"] = json!(sha256);
    let mut record = record();
    record["config"] = json!(sha256);
    for (path, value) in told {
        *record.pointer_mut(path).unwrap() = value.clone();
    }
    run.control[RESULT] = result(&record);
    for award in &mut run.control[RESULT + 1..] {
        award["result"] = json!(RESULT + 1);
    }
    run.control.insert(RESULT, said.clone());
    run.reconcile()
}

#[test]
fn who_goes_on_without_a_beacon_stands_in_control_and_in_the_record() {
    let said = json!({"type": "beacon", "v": 1, "campaign": "c", "round": 1, "list": LIST, "actor": "ann",
        "reason": "a rehearsal", "at": START + 337});
    let fallback = json!({"actor": "ann", "reason": "a rehearsal"});
    let verdict = without_beacon(&said, &[("/fallback", fallback.clone())]);
    assert!(verdict.holds, "{:#?}", verdict.problems);
    problem(
        &without_beacon(&said, &[]),
        "fallback is null in the record, but must be {\"actor\":\"ann\"",
    );
    let other = json!({"actor": "bob", "reason": "a rehearsal"});
    problem(
        &without_beacon(&said, &[("/fallback", other)]),
        "fallback is {\"actor\":\"bob\"",
    );
    let beacon = json!({"round": 1, "value": "ab"});
    let told = [("/fallback", fallback.clone()), ("/beacon", beacon)];
    problem(&without_beacon(&said, &told), "beacon is {\"round\":1");
    // About another list, or with a value that nobody can have known: it holds for nobody.
    for (key, value) in [("list", json!(LIST + 1)), ("number", json!(1))] {
        let mut void = said.clone();
        void[key] = value;
        let verdict = without_beacon(&void, &[("/fallback", fallback.clone())]);
        problem(&verdict, "nothing was said of the beacon of a draw at L2");
    }
}

#[test]
fn a_first_result_corrects_nothing() {
    problem(
        &spoilt(&[("/corrects", json!("ab"))], &[]),
        "corrects is \"ab\" in the record, but must be null",
    );
    let verdict = spoilt(&[], &[(RESULT, "version", json!(2))]);
    problem(
        &verdict,
        "version 2 has judged, but it was version 1's turn",
    );
    let verdict = spoilt(&[], &[(RESULT, "at", json!(START + 400))]);
    problem(&verdict, "was given before the result was made");
}
