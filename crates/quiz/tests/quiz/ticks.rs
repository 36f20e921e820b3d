//! When tallies are written, and what they say.

use crate::common::{Spec, T, open, said, tick};
use quiz::{Book, MemoryShelf, Versions, sum_tallies};
use record::tally::Tally;

#[derive(Default)]
struct Run {
    book: Book,
    shelf: MemoryShelf,
    versions: Versions,
}

impl Run {
    fn feed(&mut self, records: impl IntoIterator<Item = Vec<u8>>) -> Vec<Tally> {
        let mut tallies = Vec::new();
        for value in records {
            self.book
                .step(&value, &mut self.shelf, &self.versions, &mut tallies)
                .unwrap();
        }
        tallies
    }

    fn begun() -> Self {
        let mut run = Self::default();
        run.feed([Spec::default().copy(1, 0, None), tick(T)]);
        run
    }
}

#[test]
fn a_tally_is_due_when_a_tick_enters_another_ten_seconds() {
    let mut run = Run::begun();
    assert!(
        run.feed([said("F", open(1), 1, "A"), tick(T + 9)])
            .is_empty()
    );
    let tallies = run.feed([tick(T + 10)]);
    assert_eq!(tallies.len(), 1);
    assert_eq!(
        (tallies[0].round, tallies[0].tick, tallies[0].lines),
        (Some(1), T + 10, 1)
    );
    assert_eq!(
        (tallies[0].version, tallies[0].campaign.as_str()),
        (1, "fest")
    );
    assert!(run.feed([tick(T + 20)]).is_empty(), "nothing has changed");
}

#[test]
fn one_tick_may_skip_many_spans_and_the_first_tick_of_a_partition_is_due() {
    let mut run = Run::default();
    let tallies = run.feed([
        Spec::default().copy(1, 0, None),
        said("F", T - 30, 1, "GO"),
        tick(T + 3),
        said("G", T - 29, 2, "GO"),
        tick(T + 4_000),
    ]);
    let joins: Vec<_> = tallies
        .iter()
        .map(|tally| (tally.round, tally.joins))
        .collect();
    assert_eq!(joins, [(None, 1), (None, 2)], "totals, not differences");
}

#[test]
fn a_tick_that_is_not_newer_is_ignored() {
    let mut run = Run::begun();
    let tallies = run.feed([
        said("F", open(1), 1, "A"),
        tick(T),
        tick(T - 500),
        tick(T + 1),
    ]);
    assert!(tallies.is_empty());
    assert_eq!(run.book.tick(), Some(T + 1));
}

#[test]
fn only_rounds_that_have_changed_are_told_of() {
    let mut run = Run::begun();
    let first = run.feed([
        said("F", open(1), 1, "A"),
        said("F", open(2), 2, "AB"),
        tick(T + 10),
    ]);
    assert_eq!(
        first.iter().map(|t| t.round).collect::<Vec<_>>(),
        [Some(1), Some(2)]
    );
    assert_eq!(first[1].wrong_format, 1);
    let second = run.feed([
        said("F", open(2), 3, "B"),
        said("F", open(1), 9, "C"),
        tick(T + 20),
    ]);
    assert_eq!(
        second.iter().map(|t| t.round).collect::<Vec<_>>(),
        [Some(2)]
    );
    assert_eq!((second[0].wrong_format, second[0].lines), (0, 1));
}

#[test]
fn v_4_notes_change_nothing_but_their_counter() {
    let mut run = Run::begun();
    let note = br#"{"type":"note","v":1,"key":"00000000000000000000000000000000","from":"F","recv_us":1,"reply":{}}"#;
    run.feed([said("F", open(1), 1, "A"), tick(T + 10)]);
    assert!(
        run.feed([note.to_vec(), note.to_vec(), tick(T + 20)])
            .is_empty()
    );
    assert_eq!(run.book.counts().notes, 2);
}

#[test]
fn tallies_of_partitions_add_up() {
    let (mut left, mut right) = (Run::begun(), Run::begun());
    let mut tallies = Vec::new();
    for (partition, run, fan) in [(0, &mut left, "F"), (1, &mut right, "G")] {
        let written = run.feed([
            said(fan, open(1), 1, "A"),
            tick(T + 10),
            said(fan, open(1) - 1, 2, "GO"),
            said(fan, open(1), 0, "B"),
            tick(T + 20),
        ]);
        tallies.extend(written.into_iter().map(|tally| (partition, tally)));
    }
    let sums = sum_tallies(tallies);
    let round = &sums[&("fest".to_owned(), Some(1))];
    assert_eq!(
        (
            round.totals.lines,
            round.totals.answers["B"],
            round.partitions
        ),
        (2, 2, 2)
    );
    assert!(!round.totals.answers.contains_key("A"));
    assert_eq!(sums[&("fest".to_owned(), None)].totals.joins, 2);
}
