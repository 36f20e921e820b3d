//! What a record says of promises, beacons and levels, each with one defect planted.

use crate::made::START;
use crate::problem;
use crate::sealed::{RESULT, record, result, run};
use serde_json::{Value, json};

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
    with_links["links"] = json!(2);
    let verdict = spoilt(&[("/commitment", with_links.clone())], &[]);
    assert!(verdict.holds, "{:#?}", verdict.problems);
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

#[test]
fn only_a_draw_that_asks_for_a_beacon_has_one() {
    let beacon = json!({"round": 0, "value": "ab"});
    problem(
        &spoilt(&[("/beacon", beacon)], &[]),
        "in the record of a draw without one",
    );
    let fallback = json!({"actor": "ann", "reason": "late"});
    problem(&spoilt(&[("/fallback", fallback)], &[]), "fallback is");
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
