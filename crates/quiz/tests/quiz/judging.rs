//! Windows, policies and joins on one partition: … Q-11 with their worked examples.

use crate::common::{Spec, T, counted, feed, line, lines, message, open, refusal, said, totals};
use proptest::prelude::*;
use quiz::Failure;
use std::collections::BTreeMap;
use std::convert::Infallible;

#[test]
fn q_a_the_window_is_closed_at_its_opening_and_open_at_its_close() {
    let (from, to) = (open(3), open(3) + 300);
    let mut recount = counted(
        &Spec::default(),
        [
            said("early", from - 1, 1, "A"),
            said("first", from, 2, "A"),
            said("last", to - 1, 3, "B"),
            said("late", to, 4, "A"),
        ],
    );
    assert_eq!(
        lines(&mut recount),
        [
            line(3, "first", "A", from, 2),
            line(3, "last", "B", to - 1, 3)
        ]
    );
    let round = totals(&recount, Some(3));
    assert_eq!(
        round.answers,
        BTreeMap::from([("A".into(), 1), ("B".into(), 1)])
    );
    assert_eq!((round.joins, round.wrong_format), (2, 0));
}

#[test]
fn q_b_the_first_answer_of_a_second_is_the_one_with_the_smaller_msg_id() {
    let t = open(3) + 3;
    let messages = [said("F", t, 10, "A"), said("F", t, 9, "B")];
    let mut first = counted(&Spec::default(), messages.clone());
    assert_eq!(lines(&mut first), [line(3, "F", "B", t, 9)]);
    let last = Spec {
        policy: "policy = \"last\"",
        ..Spec::default()
    };
    assert_eq!(
        lines(&mut counted(&last, messages)),
        [line(3, "F", "A", t, 10)]
    );
}

#[test]
fn q_c_a_wrong_format_does_not_consume_the_try() {
    let t = open(3);
    let mut recount = counted(&Spec::default(), [said("F", t + 2, 1, "AB")]);
    assert_eq!(totals(&recount, Some(3)).wrong_format, 1);
    assert_eq!(totals(&recount, Some(3)).joins, 0);
    feed(
        &mut recount,
        [said("F", t + 9, 2, "A"), said("G", t + 9, 3, "BC")],
    );
    assert_eq!(lines(&mut recount), [line(3, "F", "A", t + 9, 2)]);
    assert_eq!(
        totals(&recount, Some(3)).wrong_format,
        1,
        "only G has no counting answer"
    );
}

#[test]
fn q_d_a_join_that_was_sent_before_the_answer_counts_in_any_order_of_arrival() {
    let t = open(1) + 5;
    for join in [
        "policy = \"campaign\"\nimplicit = false",
        "policy = \"round\"\nimplicit = false",
    ] {
        let spec = Spec {
            join,
            ..Spec::default()
        };
        let (answer, go) = (said("F", t + 1, 2, "A"), said("F", t, 1, "GO"));
        let mut recount = counted(&spec, [answer.clone()]);
        assert!(lines(&mut recount).is_empty());
        feed(&mut recount, [go.clone()]);
        assert_eq!(lines(&mut recount), [line(1, "F", "A", t + 1, 2)]);
        assert_eq!(
            lines(&mut counted(&spec, [go, answer])),
            [line(1, "F", "A", t + 1, 2)]
        );
    }
}

#[test]
fn q_10_a_join_after_the_answer_is_too_late_and_one_in_the_same_second_is_not() {
    let t = open(2) + 5;
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        ..Spec::default()
    };
    let mut recount = counted(&spec, [said("F", t, 1, "A"), said("F", t + 1, 2, "GO")]);
    assert!(lines(&mut recount).is_empty());
    feed(&mut recount, [said("F", t + 2, 3, "B")]);
    assert_eq!(lines(&mut recount), [line(2, "F", "B", t + 2, 3)]);
    feed(&mut recount, [said("F", t, 4, "GO")]);
    assert_eq!(lines(&mut recount), [line(2, "F", "A", t, 1)]);
}

#[test]
fn q_10_what_a_join_is_good_for_follows_the_policy() {
    let before = said("F", open(1), 1, "GO");
    let answer = said("F", open(2), 2, "A");
    for (join, counts) in [
        ("policy = \"campaign\"\nimplicit = false", 1),
        ("policy = \"round\"\nimplicit = false", 0),
        ("policy = \"round\"\nimplicit = true", 1),
        ("policy = \"none\"\nimplicit = false", 1),
    ] {
        let spec = Spec {
            join,
            ..Spec::default()
        };
        let mut recount = counted(&spec, [before.clone(), answer.clone()]);
        assert_eq!(lines(&mut recount).len(), counts, "{join}");
    }
}

#[test]
fn a_join_outside_every_window_also_joins_the_campaign() {
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        ..Spec::default()
    };
    let mut recount = counted(
        &spec,
        [said("F", open(2), 2, "A"), said("F", T - 300, 1, "GO")],
    );
    assert_eq!(lines(&mut recount).len(), 1);
}

#[test]
fn joins_are_fans_by_round_and_the_rest_stands_under_no_round() {
    let recount = counted(
        &Spec::default(),
        [
            said("F", open(1), 1, "GO"),
            said("F", open(1) + 1, 2, "go"),
            said("F", open(1) + 2, 3, "A"),
            said("G", open(1) + 3, 4, "B"),
            said("F", open(1) - 30, 5, "GO"),
            said("F", open(1) + 400, 6, "GO"),
            said("H", open(2) - 1, 7, "GO"),
            said("H", open(2) + 300, 8, "GO"),
        ],
    );
    assert_eq!(totals(&recount, Some(1)).joins, 2);
    assert_eq!(totals(&recount, Some(2)).joins, 0);
    assert_eq!(totals(&recount, None).joins, 2);
    assert_eq!(totals(&recount, None).lines, 0);
}

#[test]
fn best_of_takes_the_right_one_of_the_first_tries() {
    let spec = Spec {
        policy: "policy = \"best_of\"\ntries = 2",
        ..Spec::default()
    };
    let t = open(1);
    let try_at = |fan, second, text| said(fan, t + second, u64::try_from(second).unwrap(), text);
    let mut recount = counted(
        &spec,
        [
            try_at("F", 1, "B"),
            try_at("F", 2, "A"),
            try_at("G", 1, "B"),
            try_at("G", 2, "C"),
            try_at("G", 3, "A"),
        ],
    );
    assert_eq!(
        lines(&mut recount),
        [line(1, "F", "A", t + 2, 2), line(1, "G", "B", t + 1, 1)]
    );
}

#[test]
fn q_9_what_has_no_numeric_id_comes_after_what_has_one() {
    let t = open(1);
    let records = [
        message("F", t, "007", "B"),
        message("F", t, "900", "A"),
        message("G", t, "", "C"),
    ];
    let mut recount = counted(&Spec::default(), records);
    assert_eq!(
        lines(&mut recount),
        [line(1, "F", "A", t, 900), format!("1 G C {t}")]
    );
}

#[test]
fn q_8_hammering_before_and_after_a_window_pushes_nothing_out_of_it() {
    let (from, to) = (open(2), open(2) + 300);
    let mut records = Vec::new();
    for n in 0..59 {
        let id = u64::try_from(n).unwrap();
        records.push(said("bot", from - 60 + n, id, "A"));
        records.push(said("bot", to + n, 1_000 + id, "B"));
    }
    records.push(said("bot", from + 100, 500, "C"));
    let mut recount = counted(&Spec::default(), records);
    assert_eq!(lines(&mut recount), [line(2, "bot", "C", from + 100, 500)]);
}

#[test]
fn a_message_without_a_campaign_is_counted_and_nothing_else() {
    let mut recount = quiz::Recount::new();
    feed(&mut recount, [said("F", open(1), 1, "A")]);
    feed(
        &mut recount,
        [Spec::default().copy(1, 0, None), said("F", open(1), 2, "B")],
    );
    let two_days = 2 * 86_400;
    feed(
        &mut recount,
        [
            said("F", open(1) - two_days, 3, "GO"),
            said("F", open(1) + two_days, 4, "GO"),
        ],
    );
    let counts = recount.book(0).unwrap().counts().clone();
    assert_eq!((counts.messages, counts.no_campaign), (1, 3));
    assert_eq!(lines(&mut recount), [line(1, "F", "B", open(1), 2)]);
}

#[test]
fn a_campaign_judges_its_own_account_only() {
    let other = Spec {
        id: "other",
        account: "mj",
        ..Spec::default()
    };
    let mut recount = counted(
        &Spec::default(),
        [other.copy(1, 1, Some(0)), said("F", open(1), 1, "A")],
    );
    assert_eq!(lines(&mut recount).len(), 1);
    let digests = recount.digests().unwrap();
    assert_eq!(
        digests.keys().collect::<Vec<_>>(),
        [&("fest".to_owned(), 1)]
    );
    assert_eq!(
        digests.values().next().unwrap().digest,
        totals(&recount, Some(1)).digest
    );
}

#[test]
fn what_cannot_be_judged_is_refused_and_changes_nothing() {
    let mut recount = counted(&Spec::default(), [said("F", open(1), 1, "A")]);
    let before = recount.totals();
    assert_eq!(refusal(&mut recount, b"nonsense"), "unknown_type");
    assert_eq!(
        refusal(&mut recount, b"{\"type\":\"message\",\"v\":1}"),
        "unreadable"
    );
    assert_eq!(
        refusal(&mut recount, b"{\"type\":\"tick\",\"v\":1,\"t\":\"x\"}"),
        "unreadable"
    );
    assert_eq!(
        refusal(&mut recount, b"{\"type\":\"surprise\"}"),
        "unknown_type"
    );
    let mut keyless: serde_json::Value =
        serde_json::from_slice(&message("F", open(1), "", "B")).unwrap();
    keyless.as_object_mut().unwrap().remove("key");
    assert_eq!(
        refusal(&mut recount, &serde_json::to_vec(&keyless).unwrap()),
        "incomplete"
    );
    assert_eq!(recount.totals(), before);
}

/// Judged, or refused with a reason.
fn is_outcome<T>(judged: &Result<T, Failure<Infallible>>) -> bool {
    matches!(judged, Ok(_) | Err(Failure::Reject { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The parser is total: bytes of any shape are judged or refused, never a panic.
    #[test]
    fn no_record_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), text: String, time: i64) {
        let mut recount = counted(&Spec::default(), []);
        prop_assert!(is_outcome(&recount.take(0, &bytes)));
        let mut hostile: serde_json::Value = serde_json::from_slice(&said("F", T, 1, &text)).unwrap();
        hostile["create_time"] = time.into();
        prop_assert!(is_outcome(&recount.take(0, &serde_json::to_vec(&hostile).unwrap())));
    }
}
