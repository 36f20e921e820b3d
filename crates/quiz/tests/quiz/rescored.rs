//! Counting again by another file, and attempts that another version reads: the cut stays, the judgement
//! changes.

use crate::common::{Spec, counted, feed, open, refusal, said};
use crate::sealing::{field, field_of, moved, of, sealed, window};
use contest::{Bar, Compiled, Field};
use quiz::Recount;
use std::sync::Arc;

fn by_file(file: &Spec) -> Recount {
    let campaign = campaign::Campaign::parse(&file.toml()).unwrap().0;
    let compiled = Compiled::new(campaign).unwrap().0;
    Recount::with_file(Arc::new(compiled))
}

fn log(spec: &Spec) -> Vec<Vec<u8>> {
    let t = open(1);
    vec![
        spec.copy(1, 0, None),
        said("A", t + 1, 1, "A"),
        said("C", t + 100, 2, "C"),
        said("D", t + 310, 3, "D"),
        moved(1, (1, t, t + 330)),
        said("A", t + 320, 4, "D"),
        sealed(spec, 2, 1, (1, t, t + 330)),
        said("C", t + 2, 5, "A"),
        sealed(spec, 3, 1, window(2)),
    ]
}

/// The shares by this file, and the standings of round 1.
fn again(spec: &Spec, file: &Spec) -> Field<'static> {
    let mut recount = by_file(file);
    feed(&mut recount, log(spec));
    let cuts: Vec<_> = recount
        .shares()
        .iter()
        .map(|(_, s)| (s.ctl, s.cut))
        .collect();
    assert_eq!(cuts, [(2, 77), (3, 77)]);
    field_of(&recount, 1)
}

fn correct(spec: &Spec, field: &Field<'static>) -> [Option<u32>; 3] {
    ["A", "C", "D"].map(|fan| of(spec, field, fan).map(|standing| standing.correct))
}

#[test]
fn v_14_the_published_file_gives_the_shares_that_the_log_has() {
    let spec = Spec::default();
    let mut live = Recount::new();
    feed(&mut live, log(&spec));
    let mut recount = by_file(&spec);
    feed(&mut recount, log(&spec));
    assert_eq!(live.shares(), recount.shares());
    let field = field_of(&live, 1);
    assert_eq!(correct(&spec, &field), [Some(1), Some(0), Some(0)]);
}

/// Q-e: another key makes fans right and wrong, over the same cut.
#[test]
fn q_22_another_key_judges_the_same_cut() {
    let spec = Spec::default();
    let file = Spec {
        key: "[\"C\", \"D\"]",
        ..spec.clone()
    };
    let field = again(&spec, &file);
    assert_eq!(correct(&spec, &field), [Some(0), Some(1), Some(1)]);
}

/// a window that the file changes holds; one that it has as it was published gives way to the decision's.
#[test]
fn q_22_a_window_that_the_file_changes_replaces_the_one_of_the_decision() {
    let spec = Spec::default();
    let mut file = spec.clone();
    file.rounds[1].1 += 60;
    assert_eq!(again(&spec, &file).standings().len(), 3);
    file.rounds[0].2 -= 250;
    let field = again(&spec, &file);
    assert_eq!(correct(&spec, &field), [Some(1), None, None]);
    let file = Spec {
        policy: "policy = \"last\"",
        ..spec.clone()
    };
    let field = again(&spec, &file);
    let last = of(&spec, &field, "A").unwrap();
    assert_eq!((last.value.as_ref(), last.at), ("D", open(1) + 320));
}

/// what goes on keeps the window that the round was sealed with. Whoever counts again by a file that corrects it
/// counts the same, whether that file stands in the log or not, and so does a later file that keeps the correction.
#[test]
fn q_22_a_published_window_judges_only_who_counts_again() {
    let spec = Spec::default();
    let t = open(1);
    let mut file = spec.clone();
    file.rounds[0].1 += 50;
    let sealed_first = vec![
        spec.copy(1, 0, None),
        said("A", t + 1, 1, "A"),
        said("C", t + 100, 2, "C"),
        sealed(&spec, 1, 1, window(1)),
    ];
    let corrected = vec![
        file.copy(2, 2, Some(1)),
        said("D", t + 2, 3, "A"),
        sealed(&file, 3, 2, window(2)),
    ];
    let counted = |mut recount: Recount| {
        feed(&mut recount, sealed_first.clone());
        let before = recount.digests().unwrap();
        feed(&mut recount, corrected.clone());
        let after = recount.digests().unwrap();
        assert_eq!(before, after, "no answer has come or gone");
        recount
    };
    let live = counted(Recount::new());
    let field = field_of(&live, 1);
    assert_eq!(correct(&spec, &field), [Some(1), Some(0), None]);
    let late = |totals: &quiz::Totals| totals.late_after_seal;
    let totals = live.totals();
    assert_eq!(
        totals.get(&(spec.id.to_owned(), Some(1))).map(late),
        Some(1)
    );
    let and_key = Spec {
        key: "[\"C\"]",
        ..file.clone()
    };
    for (by, expected) in [
        (&spec, [Some(1), Some(0), None]),
        (&file, [None, Some(0), None]),
        (&and_key, [None, Some(1), None]),
    ] {
        let mut again = by_file(by);
        feed(&mut again, sealed_first.clone());
        feed(&mut again, corrected.clone());
        let field = field_of(&again, 1);
        assert_eq!(correct(&spec, &field), expected);
    }
}

#[test]
fn q_22_an_exclusion_bars_and_removes_nobody() {
    let spec = Spec::default();
    let file = Spec {
        tables: "[eligible]\nexclude = [\"A\"]\n",
        ..spec.clone()
    };
    let field = again(&spec, &file);
    assert_eq!(of(&spec, &field, "A").unwrap().bar, Some(Bar::Excluded));
    assert_eq!(correct(&spec, &field), [Some(1), Some(0), Some(0)]);
}

/// The file stands for every version of its campaign, and for no other's.
#[test]
fn q_22_the_file_judges_in_the_place_of_every_version() {
    let spec = Spec::default();
    let two = "{ A = \"红米\", B = \"小米盒子\" }";
    let narrow = Spec {
        options: two,
        ..spec.clone()
    };
    let t = open(1);
    let records = |recount: &mut Recount| {
        feed(
            recount,
            [
                spec.copy(1, 0, None),
                said("F", t + 1, 1, "D"),
                narrow.copy(2, 1, Some(0)),
                said("F", t + 2, 2, "A"),
                sealed(&narrow, 2, 2, window(1)),
            ],
        );
    };
    let value = |mut recount: Recount| {
        records(&mut recount);
        let standing = of(&spec, &field(&recount), "F").unwrap();
        standing.value.into_owned()
    };
    assert_eq!(value(Recount::new()), "A");
    assert_eq!(value(by_file(&spec)), "D");
    let foreign = Spec {
        id: "other",
        ..spec.clone()
    };
    assert_eq!(value(by_file(&foreign)), "A");
}

/// A file without the round, or whose other rounds leave no room for its window, cannot judge it: that is told.
#[test]
fn a_file_that_cannot_judge_a_round_is_told_and_makes_no_share() {
    let spec = Spec::default();
    let mut gone = spec.clone();
    gone.rounds.remove(0);
    let mut crowded = spec.clone();
    crowded.rounds[1].1 = open(1) + 310;
    for file in [gone, crowded] {
        let mut recount = by_file(&file);
        feed(&mut recount, [spec.copy(1, 0, None)]);
        let t = open(1);
        let seal = sealed(&spec, 1, 1, (1, t, t + 330));
        assert_eq!(refusal(&mut recount, &seal), "campaign");
        feed(&mut recount, [sealed(&spec, 2, 1, window(3))]);
        assert_eq!(recount.shares().len(), 1);
    }
}

/// what is stored is read by the version that the decision names, whichever stands at its copy.
#[test]
fn q_8_a_grammar_that_has_changed_reads_what_is_stored() {
    let swapped = "{ A = \"小米盒子\", B = \"红米\", C = \"米聊\" }";
    let first = Spec::default();
    let second = Spec {
        options: swapped,
        ..first.clone()
    };
    let t = open(1);
    let records = [
        said("WORD", t + 1, 1, "红米"),
        said("GONE", t + 1, 2, "D"),
        said("GONE", t + 5, 3, "A"),
        said("LETTER", t + 1, 4, "选A"),
    ];
    for (version, named, want) in [(1, &first, ["A", "D", "A"]), (2, &second, ["B", "A", "A"])] {
        let mut recount = counted(&first, records.clone());
        feed(&mut recount, [second.copy(2, 1, Some(0))]);
        feed(&mut recount, [sealed(named, 2, version, window(1))]);
        let field = field(&recount);
        let values = ["WORD", "GONE", "LETTER"].map(|fan| of(&first, &field, fan).unwrap().value);
        assert_eq!(values, want, "version {version}");
    }
}
