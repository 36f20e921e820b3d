//! Tests of the table: labels, columns, and that whatever is wrong is said.

use super::*;
use crate::reconcile::verdict::Pair;

fn run() -> (Report, Verdict, Phases) {
    let part = Part {
        sent: 10,
        acked: 10,
        acks_per_s: 38_211.4,
        ..Part::default()
    };
    let report = Report {
        complete: true,
        all: part.clone(),
        parts: [("event".to_owned(), part)].into(),
        ..Report::default()
    };
    let counts = Counts {
        messages: 10,
        sent: 10,
        acked: 10,
        accepted: 10,
        ..Counts::default()
    };
    let answers: BTreeMap<String, u64> = [("A".to_owned(), 1_234)].into();
    let verdict = Verdict {
        holds: true,
        campaign: "fanfest".into(),
        parts: [("event".to_owned(), counts.clone())].into(),
        all: counts,
        rounds: vec![Round {
            round: Some(1),
            answers: Pair {
                expected: answers.clone(),
                found: answers,
            },
            ..Round::default()
        }],
        ..Verdict::default()
    };
    let phases = Phases {
        phases: vec![Phase {
            name: "replay".into(),
            seconds: 71.25,
        }],
        peak_memory_bytes: Some(300 << 20),
        disk_bytes: [("inbound".to_owned(), 3 << 30)].into(),
    };
    (report, verdict, phases)
}

#[test]
fn a_run_that_holds_has_no_faults_and_is_labelled_when_small() {
    let (report, verdict, phases) = run();
    let demo = table(&report, &verdict, &phases);
    assert!(demo.faults.is_empty(), "{:?}", demo.faults);
    assert!(demo.text.contains("NOT the full event of 2,800,000"));
    assert!(demo.text.contains("38,211"));
    assert!(demo.text.contains("A 1,234"));
    assert!(demo.text.contains("300 MiB"));
    assert!(demo.text.contains("3.00 GiB (inbound 3.00 GiB)"));
    assert!(
        demo.text.contains("time: replay             71.2 s"),
        "{}",
        demo.text
    );
}

#[test]
fn the_full_event_has_no_label() {
    let (report, mut verdict, phases) = run();
    verdict.parts.get_mut("event").unwrap().messages = FULL_MESSAGES;
    assert!(
        !table(&report, &verdict, &phases)
            .text
            .contains("NOT the full")
    );
}

#[test]
fn whatever_is_wrong_is_a_fault() {
    let faults = |change: fn(&mut Report, &mut Verdict)| {
        let (mut report, mut verdict, phases) = run();
        change(&mut report, &mut verdict);
        table(&report, &verdict, &phases).faults.len()
    };
    assert_eq!(faults(|_, _| {}), 0);
    assert_eq!(faults(|report, _| report.complete = false), 1);
    assert_eq!(faults(|report, _| report.all.invalid = 1), 1);
    assert_eq!(faults(|_, verdict| verdict.all.unacked = 1), 1);
    assert_eq!(faults(|_, verdict| verdict.silent_fans = 1), 1);
    assert_eq!(faults(|_, verdict| verdict.holds = false), 1);
    assert_eq!(faults(|_, verdict| verdict.all.sent = 9), 1);
    assert_eq!(faults(|_, verdict| verdict.problems.push("x".into())), 1);
}

#[test]
fn columns_are_aligned() {
    let (report, verdict, phases) = run();
    let text = table(&report, &verdict, &phases).text;
    let lines: Vec<&str> = text.lines().collect();
    let head = lines
        .iter()
        .position(|line| line.contains("acks/s"))
        .unwrap();
    let ends = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
    assert_eq!(ends(lines[head], "sent"), ends(lines[head + 1], "10"));
}
