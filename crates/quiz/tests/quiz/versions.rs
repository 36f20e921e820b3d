//! New versions: what is stored is read again, joins move with the windows, faulty versions are refused.

use crate::common::{Spec, counted, feed, line, lines, open, refusal, said, totals};
use crate::sealing::{field, of, sealed};
use record::acts::Act;
use record::inband::Copy;

fn with_round_1(from: i64, to: i64) -> Spec {
    let mut spec = Spec::default();
    spec.rounds[0] = (1, from, to);
    spec
}

#[test]
fn an_extended_window_counts_what_was_late_in_the_minute_after_it() {
    let close = open(1) + 300;
    let mut recount = counted(
        &Spec::default(),
        [
            said("F", close, 1, "A"),
            said("G", close + 59, 2, "B"),
            said("H", close + 60, 3, "C"),
            said("J", close + 5, 4, "GO"),
            said("W", close + 5, 5, "AB"),
        ],
    );
    assert!(lines(&mut recount).is_empty());
    assert_eq!(totals(&recount, None).joins, 1);
    feed(
        &mut recount,
        [with_round_1(open(1), close + 120).copy(2, 1, Some(0))],
    );
    assert_eq!(
        lines(&mut recount),
        [
            line(1, "F", "A", close, 1),
            line(1, "G", "B", close + 59, 2)
        ]
    );
    assert_eq!(
        totals(&recount, Some(1)).joins,
        3,
        "F, G, and the join of J lies in the window now"
    );
    assert_eq!(totals(&recount, None).joins, 0);
    feed(&mut recount, [said("H", close + 119, 6, "D")]);
    assert_eq!(totals(&recount, Some(1)).lines, 3);
}

#[test]
fn an_earlier_opening_counts_what_was_early_in_the_minute_before_it() {
    let mut recount = counted(
        &Spec::default(),
        [
            said("F", open(2) - 60, 1, "A"),
            said("G", open(2) - 61, 2, "A"),
        ],
    );
    let mut spec = Spec::default();
    spec.rounds[1] = (2, open(2) - 90, open(2) + 300);
    feed(&mut recount, [spec.copy(2, 1, Some(0))]);
    assert_eq!(lines(&mut recount), [line(2, "F", "A", open(2) - 60, 1)]);
}

/// Q-10: where each round needs a join of its own, it is the first one in the window that counts, wherever the window comes
/// to lie: also one between others of the same gap, or of the same window before.
#[test]
fn q_10_a_join_between_others_counts_when_the_window_moves() {
    let t = open(1);
    for (joins, answer, from) in [
        ([t - 100, t - 30, t - 10], t - 20, t - 40),
        ([t + 5, t + 100, t + 200], t + 150, t + 50),
    ] {
        let spec = Spec {
            join: "policy = \"round\"\nimplicit = false",
            ..Spec::default()
        };
        let moved = Spec {
            rounds: vec![(1, from, t + 300)],
            ..spec.clone()
        };
        let joins = joins
            .iter()
            .zip(1..)
            .map(|(at, id)| said("F", *at, id, "GO"));
        let mut recount = counted(&spec, joins.chain([said("F", answer, 9, "A")]));
        feed(&mut recount, [moved.copy(2, 1, Some(0))]);
        assert_eq!(lines(&mut recount), [line(1, "F", "A", answer, 9)]);
        feed(&mut recount, [sealed(&moved, 2, 2, (1, from, t + 300))]);
        let standing = of(&moved, &field(&recount), "F").unwrap();
        assert_eq!((standing.at, standing.correct), (answer, 1));
        assert!(standing.joined.unwrap() < answer);
    }
}

#[test]
fn a_narrower_window_takes_back_answers_joins_and_wrong_formats() {
    let t = open(1);
    let mut recount = counted(
        &Spec::default(),
        [
            said("F", t + 200, 1, "A"),
            said("G", t + 200, 2, "GO"),
            said("H", t + 200, 3, "AB"),
        ],
    );
    feed(&mut recount, [with_round_1(t, t + 100).copy(2, 1, Some(0))]);
    assert!(lines(&mut recount).is_empty());
    let round = totals(&recount, Some(1));
    assert_eq!((round.joins, round.wrong_format, round.lines), (0, 0, 0));
    assert_eq!(totals(&recount, None).joins, 1);
    feed(&mut recount, [Spec::default().copy(3, 2, Some(1))]);
    assert_eq!(lines(&mut recount), [line(1, "F", "A", t + 200, 1)]);
    let round = totals(&recount, Some(1));
    assert_eq!((round.joins, round.wrong_format), (2, 1));
}

#[test]
fn stored_attempts_are_read_again_by_the_new_options() {
    let t = open(1);
    let mut recount = counted(
        &Spec::default(),
        [said("F", t, 1, "D"), said("F", t + 1, 2, "A")],
    );
    assert_eq!(lines(&mut recount), [line(1, "F", "D", t, 1)]);
    let without_d = "{ A = \"红米\", B = \"小米盒子\", C = \"米聊\" }";
    let spec = Spec {
        options: without_d,
        ..Spec::default()
    };
    feed(&mut recount, [spec.copy(2, 1, Some(0))]);
    assert_eq!(lines(&mut recount), [line(1, "F", "A", t + 1, 2)]);
    feed(&mut recount, [Spec::default().copy(3, 2, Some(1))]);
    assert_eq!(lines(&mut recount), [line(1, "F", "D", t, 1)]);
}

#[test]
fn another_policy_chooses_anew_from_what_is_stored() {
    let t = open(1);
    let answers = (0..25).map(|n| said("F", t + n, u64::try_from(n).unwrap(), "A"));
    let mut recount = counted(&Spec::default(), answers);
    assert_eq!(lines(&mut recount), [line(1, "F", "A", t, 0)]);
    let spec = Spec {
        policy: "policy = \"last\"",
        ..Spec::default()
    };
    feed(&mut recount, [spec.copy(2, 1, Some(0))]);
    assert_eq!(lines(&mut recount), [line(1, "F", "A", t + 24, 24)]);
}

#[test]
fn another_join_policy_asks_for_joins_that_came_before_it() {
    let t = open(2);
    let mut recount = counted(
        &Spec::default(),
        [
            said("F", open(1), 1, "GO"),
            said("F", t, 2, "A"),
            said("G", t, 3, "A"),
            said("G", t + 1, 4, "GO"),
        ],
    );
    assert_eq!(lines(&mut recount).len(), 2);
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        ..Spec::default()
    };
    feed(&mut recount, [spec.copy(2, 1, Some(0))]);
    assert_eq!(lines(&mut recount), [line(2, "F", "A", t, 2)]);
    feed(&mut recount, [said("G", t + 2, 5, "B")]);
    assert_eq!(
        lines(&mut recount),
        [line(2, "F", "A", t, 2), line(2, "G", "B", t + 2, 5)]
    );
}

#[test]
fn a_round_that_is_gone_counts_nothing() {
    let mut recount = counted(&Spec::default(), [said("F", open(3), 1, "A")]);
    let mut spec = Spec::default();
    spec.rounds.pop();
    feed(&mut recount, [spec.copy(2, 1, Some(0))]);
    assert!(lines(&mut recount).is_empty());
    assert_eq!(totals(&recount, Some(3)), quiz::Totals::default());
}

#[test]
fn a_copy_is_applied_only_behind_the_one_before_it() {
    let gone = Spec {
        rounds: vec![(1, open(1), open(1) + 300)],
        ..Spec::default()
    };
    let mut recount = counted(&Spec::default(), [said("F", open(3), 1, "A")]);
    feed(
        &mut recount,
        [gone.copy(3, 5, Some(2)), Spec::default().copy(1, 0, None)],
    );
    assert_eq!(recount.book(0).unwrap().counts().copies_ignored, 2);
    assert_eq!(lines(&mut recount).len(), 1);
    feed(
        &mut recount,
        [
            Spec::default().copy(2, 2, Some(0)),
            gone.copy(3, 5, Some(2)),
        ],
    );
    assert!(lines(&mut recount).is_empty());
}

#[test]
fn a_version_that_cannot_be_applied_is_refused_and_the_next_one_stands() {
    let t = open(1);
    let mut recount = counted(&Spec::default(), [said("F", t, 1, "A")]);
    let mut altered = Spec::default().act(2);
    altered.toml.push('\n');
    let mut foreign = Spec {
        id: "other",
        ..Spec::default()
    }
    .act(2);
    foreign.id = "fest".into();
    let faulty = Spec {
        options: "7",
        ..Spec::default()
    }
    .act(2);
    for (ctl, act) in (1_u64..).zip([altered, foreign, faulty]) {
        let copy = Copy::new(ctl, Some(ctl - 1), Act::Campaign(act));
        assert_eq!(
            refusal(&mut recount, &serde_json::to_vec(&copy).unwrap()),
            "campaign"
        );
    }
    assert_eq!(lines(&mut recount), [line(1, "F", "A", t, 1)]);
    let last = Spec {
        policy: "policy = \"last\"",
        ..Spec::default()
    };
    feed(
        &mut recount,
        [last.copy(2, 4, Some(3)), said("F", t + 1, 2, "B")],
    );
    assert_eq!(lines(&mut recount), [line(1, "F", "B", t + 1, 2)]);
}

#[test]
fn an_act_that_is_not_known_is_refused_and_does_not_stop_the_later_ones() {
    let mut recount = counted(&Spec::default(), [said("F", open(3), 1, "A")]);
    let novelty = br#"{"type":"copy","v":1,"ctl":1,"prev_ctl":0,"act":{"type":"novelty","x":1}}"#;
    assert_eq!(refusal(&mut recount, novelty), "unreadable");
    let gone = Spec {
        rounds: vec![(1, open(1), open(1) + 300)],
        ..Spec::default()
    };
    feed(&mut recount, [gone.copy(2, 2, Some(1))]);
    assert!(lines(&mut recount).is_empty());
}
