//! What comes after a seal: late for the round that was sealed, and all the same a join for the later ones.

use crate::common::{Spec, counted, feed, lines, open, said, totals};
use crate::sealing::{field_of, moved, of, sealed, window};
use quiz::Totals;

const EXPLICIT: &str = "policy = \"campaign\"\nimplicit = false";

/// A draw after each round among all who have joined.
const AMONG_JOINED: &str = "[[prize]]\nid = \"p\"\ntitle = \"p\"\nkind = \"goods\"\nunits = 3\nvalue_yuan = 1\n\
    [[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"draw\"\nn = 1\namong = \"joined\"\n";

fn explicit() -> Spec {
    Spec {
        join: EXPLICIT,
        ..Spec::default()
    }
}

/// a join in the window of a sealed round comes too late for it, and in time for the next one.
#[test]
fn q_10_a_join_behind_the_cut_counts_for_later_rounds() {
    let (spec, t) = (explicit(), open(1));
    let mut recount = counted(
        &spec,
        [said("F", t + 9, 2, "A"), said("F", open(2) + 1, 3, "A")],
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
    let shares = recount.shares().to_vec();
    feed(&mut recount, [said("F", t + 5, 1, "GO")]);
    let round = totals(&recount, Some(1));
    assert_eq!((round.late_after_seal, round.lines), (1, 0));
    assert_eq!((round.joins, totals(&recount, None).joins), (1, 0));
    assert_eq!(totals(&recount, Some(2)).lines, 1, "provisionally, too");
    assert_eq!(lines(&mut recount).len(), 1);
    feed(&mut recount, [sealed(&spec, 2, 1, window(2))]);
    assert_eq!(recount.shares()[..1], shares);
    let standing = of(&spec, &field_of(&recount, 2), "F").unwrap();
    assert_eq!((standing.joined, standing.at), (Some(t + 5), open(2) + 1));
}

/// a join outside every window that arrives behind the cut leaves the sealed round as it was, and so does
/// a new version after it.
#[test]
fn q_7_an_early_join_behind_the_cut_leaves_a_sealed_round_as_it_was() {
    let (spec, t) = (explicit(), open(1));
    for joins in [vec![], vec![said("F", t + 200, 7, "GO")]] {
        let answers = [said("F", t + 9, 2, "A"), said("F", t + 250, 3, "B")];
        let mut recount = counted(&spec, joins.into_iter().chain(answers));
        feed(&mut recount, [sealed(&spec, 1, 1, window(1))]);
        let before = totals(&recount, Some(1));
        let standing = lines(&mut recount);
        feed(&mut recount, [said("F", t - 100, 1, "GO")]);
        feed(&mut recount, [said("F", open(2) + 1, 4, "A")]);
        assert_eq!(totals(&recount, Some(1)), before);
        feed(&mut recount, [spec.copy(2, 2, Some(1))]);
        assert_eq!(totals(&recount, Some(1)), before);
        assert_eq!(lines(&mut recount).len(), standing.len() + 1);
    }
}

/// an answer joins its sender for the campaign, in whatever round, moved or sealed, it was given; one behind
/// the cut of its round does so from then on.
#[test]
fn q_10_an_answer_joins_its_sender_for_the_later_rounds() {
    let spec = Spec {
        tables: AMONG_JOINED,
        ..Spec::default()
    };
    let (t, close) = (open(2), open(2) + 300);
    let mut recount = counted(&spec, [said("LATER", close + 20, 1, "B")]);
    feed(
        &mut recount,
        [
            moved(1, (2, t, close + 60)),
            said("IN", t + 7, 2, "A"),
            said("WRONG", t + 7, 3, "AB"),
            said("OUT", close + 61, 4, "A"),
            sealed(&spec, 2, 1, (2, t, close + 60)),
            said("BEHIND", t + 8, 5, "C"),
            said("BEHIND-TOO", t + 9, 6, "AB"),
            sealed(&spec, 3, 1, window(3)),
        ],
    );
    let field = field_of(&recount, 3);
    let joined = |fan| of(&spec, &field, fan).map(|standing| standing.joined);
    assert_eq!(joined("LATER"), Some(Some(close + 20)));
    assert_eq!(joined("IN"), Some(Some(t + 7)));
    assert_eq!(joined("BEHIND"), Some(Some(t + 8)));
    assert_eq!(field.standings().len(), 3);
    assert_eq!(totals(&recount, Some(2)).late_after_seal, 2);
    assert_eq!(field_of(&recount, 2).standings().len(), 2);
}

/// where each round is joined for itself, or answers do not join, an answer in another round says nothing.
#[test]
fn q_10_no_answer_of_another_round_joins_where_it_must_not() {
    for join in [
        "policy = \"round\"\nimplicit = true",
        "policy = \"campaign\"\nimplicit = false",
    ] {
        let spec = Spec {
            tables: AMONG_JOINED,
            join,
            ..Spec::default()
        };
        let mut recount = counted(&spec, [said("F", open(1) + 7, 2, "A")]);
        feed(
            &mut recount,
            [
                sealed(&spec, 1, 1, window(1)),
                said("F", open(1) + 9, 3, "A"),
                sealed(&spec, 2, 1, window(2)),
            ],
        );
        assert!(field_of(&recount, 2).standings().is_empty(), "{join}");
    }
}

/// What lies beside the window of a sealed round is kept for nobody: a later version, which may only correct, does not
/// bring it in.
#[test]
fn the_minute_beside_a_sealed_round_is_not_kept() {
    let (spec, close) = (Spec::default(), open(1) + 300);
    let mut recount = counted(&spec, []);
    feed(
        &mut recount,
        [
            sealed(&spec, 1, 1, window(1)),
            said("F", close + 5, 1, "A"),
            said("G", close + 6, 2, "GO"),
        ],
    );
    let mut wider = spec.clone();
    wider.rounds[0].2 += 60;
    feed(&mut recount, [wider.copy(2, 2, Some(1))]);
    feed(&mut recount, [said("H", close + 7, 3, "GO")]);
    assert_eq!(totals(&recount, Some(1)), Totals::default());
    let outside = Totals {
        joins: 2,
        ..Totals::default()
    };
    assert_eq!(totals(&recount, None), outside, "joins of G and H");
}
