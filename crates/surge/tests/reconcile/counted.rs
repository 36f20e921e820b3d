//! What tallies count by name and what together, beside manifests and logs that counted every answer by its value.

use crate::made::Run;
use crate::problem;
use serde_json::json;

/// Makes the tallies those of a version of quiz that counts together what the campaign file does not name.
fn named(run: &mut Run) {
    for tally in &mut run.results {
        let value = &mut tally["value"];
        let fans = value["answers"]["A"].as_u64().unwrap();
        value["v"] = 2.into();
        value["answers"] = json!({ "A": 1 });
        value["others"] = (fans - 1).into();
    }
}

#[test]
fn answers_that_the_campaign_does_not_name_are_counted_together() {
    let mut run = Run::new();
    named(&mut run);
    run.manifest["v"] = 3.into();
    run.manifest["rounds"][0]["answers"] = json!({ "A": 2 });
    run.manifest["rounds"][0]["others"] = 1.into();
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    assert_eq!(
        (
            verdict.rounds[0].answers.found["A"],
            verdict.rounds[0].others.found
        ),
        (2, 1)
    );
    for (answers, others) in [(1, 2), (2, 2), (2, 0)] {
        run.manifest["rounds"][0]["answers"] = json!({ "A": answers });
        run.manifest["rounds"][0]["others"] = others.into();
        problem(&run.reconcile(), "tallies of round 1");
    }
}

#[test]
fn a_manifest_or_a_log_that_counts_every_answer_by_value_is_compared_by_how_many_there_are() {
    let by_value = json!({ "A": 2, "红米": 1 });
    let mut run = Run::new();
    named(&mut run);
    run.manifest["rounds"][0]["answers"] = by_value.clone();
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    run.manifest["rounds"][0]["answers"] = json!({ "A": 2 });
    problem(&run.reconcile(), "tallies of round 1");

    let mut run = Run::new();
    run.manifest["v"] = 3.into();
    run.manifest["rounds"][0]["answers"] = json!({ "A": 1 });
    run.manifest["rounds"][0]["others"] = 2.into();
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    run.manifest["rounds"][0]["others"] = 1.into();
    problem(&run.reconcile(), "tallies of round 1");
}
