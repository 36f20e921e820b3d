//! Reconciliation of small runs written by hand, each with one defect planted.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod corrections;
mod counted;
mod cut_off;
mod made;
mod operated;
mod prizes;
mod publications;
mod records;
mod sealed;
mod seals;
mod texts;

use made::{Run, ledger_row, message, tally};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use surge::reconcile::verdict::Verdict;
use surge::reconcile::{ReconcileError, run};

pub(crate) fn problem(verdict: &Verdict, part: &str) {
    assert!(!verdict.holds);
    let found = verdict
        .problems
        .iter()
        .any(|problem| problem.contains(part));
    assert!(found, "{part:?} is not in {:?}", verdict.problems);
}

#[test]
fn a_run_without_defects_holds() {
    let verdict = Run::new().reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert_eq!(
        (
            verdict.all.messages,
            verdict.all.accepted,
            verdict.all.acked
        ),
        (7, 7, 7)
    );
    assert_eq!(
        (
            verdict.parts["event"].messages,
            verdict.parts["follow"].messages
        ),
        (6, 1)
    );
    assert_eq!(
        (verdict.redeliveries_sent, verdict.redeliveries_dropped),
        (1, 1)
    );
    assert_eq!(verdict.silent_fans, 0);
    assert_eq!(verdict.rules["answer"].found, 6);
    assert_eq!(verdict.rounds[0].answers.found["A"], 3);
    assert!(verdict.digests.agree());
    let text = surge::reconcile::text::describe(&verdict);
    assert!(text.ends_with("everything agrees\n"), "{text}");
}

#[test]
fn an_acked_message_that_is_not_accepted_is_lost() {
    let mut run = Run::new();
    run.accepted.remove(4);
    let verdict = run.reconcile();
    problem(&verdict, "1 messages were acked and are not in accepted");
    assert_eq!((verdict.all.lost, verdict.parts["event"].lost), (1, 1));
    assert!(
        verdict.examples["lost"][0].contains("MsgId 9000004"),
        "{:?}",
        verdict.examples
    );
}

#[test]
fn every_acked_delivery_of_what_is_lost_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let mut spoilt = Run::new();
    // Message 2 had a re-delivery; message 4 was not acked, so that nobody needs to have it.
    spoilt.accepted.remove(4);
    spoilt.accepted.remove(2);
    spoilt.ledger[4] = ledger_row(4, 4, "unanswered", None);
    for (row, at) in spoilt.ledger.iter_mut().zip(100_i64..) {
        (row["sent_us"], row["done_us"]) = (at.into(), (at + 1_000).into());
    }
    let mut files = spoilt.write(dir.path());
    let list = dir.path().join("missing.jsonl");
    files.missing = Some(list.clone());
    let verdict = run(&files).unwrap();
    assert_eq!(verdict.all.lost, 1);
    let told = surge::reconcile::text::describe(&verdict);
    assert!(told.contains("--missing FILE"), "{told}");
    let listed: Vec<Value> = std::fs::read_to_string(&list)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected = [(2, 102), (7, 107)].map(|(delivery, sent)| {
        json!({"delivery": delivery, "n": 2, "copy": 1, "msg_id": "9000002", "fan": "oC",
            "create_time": (made::START + 2).to_string(), "scheduled_us": 0, "sent_us": sent, "acked_us": sent + 1_000})
    });
    assert_eq!(listed, expected);
    files.missing = Some(dir.path().to_path_buf());
    let error = run(&files).unwrap_err();
    assert!(
        matches!(error, ReconcileError::Unwritable { .. }),
        "{error}"
    );
}

#[test]
fn what_was_never_acked_need_not_be_there() {
    let mut run = sealed::run();
    run.ledger[5] = ledger_row(5, 5, "unanswered", None);
    assert!(run.reconcile().holds, "it is there, once");
    run.accepted.remove(5);
    let verdict = run.reconcile();
    let unacked = "1 messages were never acked and are not in the log";
    assert!(verdict.notes[0].contains(unacked), "{:?}", verdict.notes);
    assert_eq!(verdict.rules["answer"].expected, 5);
    let of_others = ["round 1: ", "decided"];
    let told = |problem: &&String| of_others.iter().any(|part| problem.contains(part));
    let told: Vec<&String> = verdict.problems.iter().filter(told).collect();
    // Its cut moved by one.
    assert!(
        told.iter().all(|problem| problem.contains("cut")),
        "{told:?}"
    );
    // What was not even sent must be sent.
    run.ledger.remove(3);
    run.accepted.remove(3);
    problem(
        &run.reconcile(),
        "rule \"answer\" decided 4 messages instead of 6",
    );
}

#[test]
fn a_lost_event_is_found_by_its_content() {
    let mut run = Run::new();
    run.accepted[6]["digest"] = "11".into();
    let verdict = run.reconcile();
    problem(
        &verdict,
        "1 messages in accepted do not stand in the recording",
    );
    assert_eq!(verdict.parts["follow"].lost, 1);
}

#[test]
fn a_message_that_is_accepted_twice_is_doubled() {
    let mut run = Run::new();
    run.accepted.push(message(3));
    let verdict = run.reconcile();
    problem(&verdict, "more than once");
    assert_eq!(verdict.all.doubled, 1);
    assert!(verdict.examples["doubled"][0].contains("message 3 from oA"));
}

#[test]
fn a_repetition_of_the_chain_is_no_double() {
    let mut run = Run::new();
    let mut again = message(3);
    again["pos"] = json!([3, 0]);
    again["prev"] = json!([2, 0]);
    run.accepted.push(again);
    assert!(run.reconcile().holds);
}

#[test]
fn a_hole_in_the_chain_is_seen() {
    let mut run = Run::new();
    let mut far = message(3);
    far["pos"] = json!([99, 0]);
    far["prev"] = json!([98, 0]);
    run.accepted.push(far);
    problem(&run.reconcile(), "behind a hole");
}

#[test]
fn what_was_never_sent_must_not_be_accepted() {
    let mut run = Run::new();
    run.ledger.remove(5);
    let verdict = run.reconcile();
    problem(&verdict, "were never sent");
    assert_eq!(verdict.all.never_sent, 1);
    let mut run = Run::new();
    let mut stranger = message(1);
    stranger["msg_id"] = "77".into();
    run.accepted.push(stranger);
    problem(&run.reconcile(), "do not stand in the recording");
}

#[test]
fn an_unacked_message_may_be_accepted_once_or_not_at_all() {
    let mut run = Run::new();
    run.ledger[4] = ledger_row(4, 4, "unanswered", None);
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    assert_eq!((verdict.all.unacked, verdict.all.lost), (1, 0));
    run.accepted.remove(4);
    run.manifest["rules"]["answer"] = 5.into();
    assert!(run.reconcile().holds);
}

#[test]
fn a_wrong_rule_is_seen() {
    let mut run = Run::new();
    run.accepted[2]["reply"]["rule"] = "late".into();
    let verdict = run.reconcile();
    problem(&verdict, "rule \"answer\" decided 5 messages instead of 6");
    problem(&verdict, "rule \"late\" decided 1 messages instead of 0");
}

#[test]
fn a_time_that_was_altered_is_seen() {
    let mut run = Run::new();
    run.accepted[2]["create_time"] = 5.into();
    problem(&run.reconcile(), "another time");
}

#[test]
fn wrong_tallies_are_seen() {
    let mut run = Run::new();
    run.results[2]["value"]["joins"] = 9.into();
    let verdict = run.reconcile();
    problem(&verdict, "tallies of round 1");
    assert_eq!(
        (
            verdict.rounds[0].joins.expected,
            verdict.rounds[0].joins.found
        ),
        (3, 10)
    );
    let mut run = Run::new();
    run.results.push(tally(2, 1, 0));
    run.results[3]["value"]["round"] = Value::Null;
    problem(&run.reconcile(), "tallies outside all rounds");
}

#[test]
fn an_answer_that_a_fan_wrote_may_be_shown_as_its_hash() {
    let hash: String = Sha256::digest("小米")
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut run = Run::new();
    run.manifest["rounds"][0]["answers"] = json!({ "小米": 3 });
    for tally in &mut run.results {
        let value = &mut tally["value"];
        value["answers"] = json!({ (format!("#{hash}")): value["answers"]["A"] });
    }
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    run.manifest["rounds"][0]["answers"] = json!({ "大米": 3 });
    problem(&run.reconcile(), "tallies of round 1");
}

#[test]
fn each_of_the_three_digests_counts() {
    let mut run = Run::new();
    run.digest["digest"] = "cd".into();
    problem(&run.reconcile(), "digests differ");
    let mut run = Run::new();
    run.digest["sum"] = format!("{:032x}", 1).into();
    problem(&run.reconcile(), "digests differ");
    let mut run = Run::new();
    run.results[2]["value"]["digest"] = format!("{:032x}", 1).into();
    problem(&run.reconcile(), "digests differ");
}

#[test]
fn a_re_delivery_without_its_note_is_seen() {
    let mut run = Run::new();
    run.accepted.remove(7);
    problem(
        &run.reconcile(),
        "0 re-deliveries were noted, but 1 were acked",
    );
    let mut run = Run::new();
    run.accepted.push(run.accepted[7].clone());
    problem(&run.reconcile(), "2 re-deliveries were noted");
}

#[test]
fn every_delivery_three_times_reconciles() {
    let mut run = Run::new();
    let once = run.ledger.clone();
    for copy in [2, 3] {
        for row in &once {
            let mut row = row.clone();
            row["copy"] = copy.into();
            run.ledger.push(row);
        }
    }
    // 24 deliveries of 7 messages.
    let note = run.accepted[7].clone();
    run.accepted.extend(std::iter::repeat_n(note, 16));
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:?}", verdict.problems);
    assert_eq!(
        (verdict.redeliveries_sent, verdict.redeliveries_dropped),
        (17, 17)
    );
}

#[test]
fn a_fan_who_heard_nothing_is_silent() {
    let mut run = Run::new();
    // The messages of oB: 1 and 4, three seconds apart.
    run.ledger[1] = ledger_row(1, 1, "acked", Some("success"));
    assert_eq!(run.reconcile().silent_fans, 0);
    run.ledger[4] = ledger_row(4, 4, "acked", Some("success"));
    let verdict = run.reconcile();
    assert_eq!((verdict.silent_fans, verdict.unheard), (1, 2));
}

#[test]
fn dead_letters_are_counted_by_reason() {
    let mut run = Run::new();
    run.dead
        .push(json!({"partition": 0, "value": {"type": "dead", "v": 1, "reason": "conflict"}}));
    run.dead
        .push(json!({"partition": 0, "value": {"type": "mark", "v": 1}}));
    let verdict = run.reconcile();
    assert_eq!(verdict.dead_letters["inbound.dead"]["conflict"], 1);
    assert_eq!(verdict.dead_letters["inbound.dead"].len(), 1);
}

#[test]
fn a_ledger_of_another_recording_is_seen() {
    let mut run = Run::new();
    run.ledger.push(ledger_row(99, 99, "acked", None));
    problem(&run.reconcile(), "belong to no message");
    let mut run = Run::new();
    run.manifest["recording"]["rows"] = 9.into();
    problem(&run.reconcile(), "about one of 9");
}

#[test]
fn a_ledger_whose_writer_was_killed_is_read_to_its_last_whole_row() {
    let dir = tempfile::tempdir().unwrap();
    let files = Run::new().write(dir.path());
    let mut text = std::fs::read_to_string(&files.ledger).unwrap();
    text.push_str("{\"delivery\":3,\"n\":");
    std::fs::write(&files.ledger, text).unwrap();
    assert!(run(&files).unwrap().holds);
}

#[test]
fn missing_and_damaged_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let files = Run::new().write(dir.path());
    let without = |name: &str| {
        let other = tempfile::tempdir().unwrap();
        let files = Run::new().write(other.path());
        std::fs::remove_file(other.path().join(name)).unwrap();
        run(&files).unwrap_err()
    };
    for name in [
        "m.json",
        "ledger",
        "rec.jsonl",
        "export/accepted.jsonl",
        "export/digest.json",
    ] {
        assert!(without(name).to_string().contains("cannot read"), "{name}");
    }
    std::fs::write(files.export.join("accepted.jsonl"), "{\"partition\":0}\n").unwrap();
    assert!(matches!(run(&files), Err(ReconcileError::Lines(_))));
    std::fs::write(files.export.join("digest.json"), "{}").unwrap();
    assert!(matches!(run(&files), Err(ReconcileError::Damaged { .. })));
}
