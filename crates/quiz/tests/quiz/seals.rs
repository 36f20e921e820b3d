//! Seals: the worked examples of the rules, what changes nothing, and what is late.

use crate::common::{Spec, counted, feed, lines, open, said, totals};
use crate::sealing::{field, moved, of, sealed, third, window};
use contest::Field;
use quiz::Recount;
use record::rounds::{SHARE_MAX_BYTES, Share};

const FIRST: &str = "policy = \"first\"";

/// Q-a: by CreateTime in `[open, close)`, whenever it arrives before the cut.
#[test]
fn q_a_the_window_decides_and_not_the_arrival() {
    let t = open(3);
    let records = vec![
        said("LATE", t + 300, 3, "A"),
        said("LAST", t + 299, 2, "A"),
        said("EARLY", t - 1, 4, "A"),
        said("FIRST", t, 1, "A"),
    ];
    let (spec, field) = third(FIRST, records);
    assert_eq!(field.standings().len(), 2);
    let points = |fan| of(&spec, &field, fan).map(|s| (s.at, s.points));
    assert_eq!(points("FIRST"), Some((t, 1000)));
    assert_eq!(points("LAST"), Some((t + 299, 502)));
}

/// Q-b: within one second the smaller MsgId is first, whichever came first.
#[test]
fn q_b_first_and_last_go_by_create_time_and_msg_id() {
    let t = open(3) + 3;
    for (policy, correct, value) in [(FIRST, 0, "B"), ("policy = \"last\"", 1, "A")] {
        let records = vec![said("F", t, 9, "A"), said("F", t, 8, "B")];
        let (spec, field) = third(policy, records);
        let standing = of(&spec, &field, "F").unwrap();
        assert_eq!((standing.correct, standing.at), (correct, t));
        assert_eq!(standing.value, value);
    }
}

/// Q-c: a wrong format does not use up the try.
#[test]
fn q_c_a_wrong_format_is_no_attempt() {
    let t = open(3);
    let records = vec![said("F", t + 2, 1, "A或B"), said("F", t + 9, 2, "A")];
    let (spec, field) = third(FIRST, records);
    let standing = of(&spec, &field, "F").unwrap();
    assert_eq!((standing.at, standing.correct), (t + 9, 1));
}

/// Q-d: the join may arrive after the answer that it comes before.
#[test]
fn q_d_a_join_counts_in_any_order_of_arrival() {
    let t = open(3);
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        ..Spec::default()
    };
    let records = [
        said("F", t + 2, 2, "A"),
        said("F", t + 1, 1, "GO"),
        said("G", t + 2, 3, "A"),
    ];
    let mut recount = counted(&spec, records);
    feed(&mut recount, [sealed(&spec, 1, 1, window(3))]);
    let field = field(&recount);
    assert_eq!(of(&spec, &field, "F").unwrap().joined, Some(t + 1));
    assert_eq!(of(&spec, &field, "G"), None);
}

/// V-3, V-4: partitions, order and repetition change no byte of the standings.
#[test]
fn v_3_v_4_partitions_order_and_repetition_change_nothing() {
    let spec = Spec::default();
    let fans: Vec<String> = (0..60).map(|n| format!("o{n}")).collect();
    let answers = |fan: usize| {
        let at = open(3) + i64::try_from(fan % 7).unwrap();
        [
            said(&fans[fan], at, 1, "B"),
            said(&fans[fan], at, 2, "A"),
            said(&fans[fan], at, 1, "B"),
        ]
    };
    let mut digests = Vec::new();
    for (partitions, reversed) in [(1, false), (1, true), (4, false), (7, true)] {
        let mut recount = Recount::new();
        for partition in 0..partitions {
            recount.take(partition, &spec.copy(1, 0, None)).unwrap();
            let mut records: Vec<_> = (0..fans.len())
                .filter(|fan| *fan as u32 % partitions == partition)
                .flat_map(answers)
                .collect();
            if reversed {
                records.reverse();
            }
            for record in records {
                recount.take(partition, &record).unwrap();
            }
            recount
                .take(partition, &sealed(&spec, 1, 1, window(3)))
                .unwrap();
        }
        let field = field(&recount);
        assert_eq!(field.standings().len(), 60);
        digests.push(field.digest());
    }
    assert!(digests.iter().all(|digest| *digest == digests[0]));
}

/// the first decision counts; what comes later is counted and changes nothing.
#[test]
fn q_7_what_comes_after_the_seal_is_late_and_a_second_decision_is_ignored() {
    let (spec, t) = (Spec::default(), open(1));
    let mut recount = counted(&spec, [said("F", t + 1, 1, "B")]);
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    let (before, shares) = (lines(&mut recount), recount.shares().to_vec());
    feed(
        &mut recount,
        [
            said("F", t, 2, "A"),
            said("G", t + 2, 3, "GO"),
            said("H", open(2), 4, "A"),
        ],
    );
    assert_eq!(totals(&recount, Some(1)).late_after_seal, 2);
    assert_eq!(totals(&recount, Some(2)).lines, 1, "the next round goes on");
    assert_eq!(lines(&mut recount)[..1], before);
    feed(&mut recount, [sealed(&spec, 2, 1, window(1))]);
    assert_eq!(recount.shares(), shares);
    feed(&mut recount, [spec.copy(2, 3, Some(2))]);
    assert_eq!(totals(&recount, Some(1)).late_after_seal, 2);
}

/// an extended window persists when a later version is published, and the seal's version judges.
#[test]
fn q_4_windows_persist_and_the_named_version_judges() {
    let (spec, close) = (Spec::default(), open(1) + 300);
    let mut recount = counted(&spec, [said("F", close + 5, 1, "A")]);
    feed(&mut recount, [moved(1, (1, open(1), close + 60))]);
    assert_eq!(totals(&recount, Some(1)).lines, 1);
    let other = Spec {
        options: "{ A = \"红米\", B = \"小米盒子\" }",
        ..Spec::default()
    };
    feed(
        &mut recount,
        [other.copy(2, 2, Some(1)), said("G", close + 9, 2, "A")],
    );
    assert_eq!(totals(&recount, Some(1)).lines, 2);
    feed(
        &mut recount,
        [sealed(&spec, 3, 1, (1, open(1), close + 60))],
    );
    assert_eq!(field(&recount).standings().len(), 2);
}

/// A partition without entrants has one chunk; many entrants make chunks in the order of their codes.
#[test]
fn q_5_shares_are_sorted_chunks() {
    let spec = Spec::default();
    let mut recount = counted(
        &spec,
        (0..3000).map(|n| said(&format!("o{n}"), open(1), n, "A")),
    );
    feed(
        &mut recount,
        [
            sealed(&spec, 1, 1, window(2)),
            sealed(&spec, 2, 1, window(1)),
        ],
    );
    let shares: Vec<&Share> = recount.shares().iter().map(|(_, share)| share).collect();
    assert_eq!((shares[0].of, shares[0].standings.as_str()), (1, ""));
    assert!(shares.iter().all(|share| share.cut == 77));
    assert!(
        shares.len() > 2
            && shares[1..]
                .iter()
                .all(|s| s.standings.len() <= SHARE_MAX_BYTES)
    );
    let whole: String = shares[1..].iter().map(|s| s.standings.as_str()).collect();
    assert_eq!(Field::parse(&whole).unwrap().lines(), whole);
}
