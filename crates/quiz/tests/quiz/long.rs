//! What a fan costs, whatever he writes: of each of his answers no more is kept than any reading can depend on (N-3, Q-8).

use crate::common::{Spec, bytes, counted, envelope, feed, open};
use crate::sealing::{field, sealed, window};
use contest::MAX_CHARS;
use quiz::{Book, MemoryShelf, Shelf, Versions};
use record::envelope::{Content, Envelope};

/// Attempts that are kept of a fan in a round: ten at each end of the minute before, the window, and the minute after.
const KEPT: usize = 60;

/// A message that is `said` by text or, in a voice message, by what the platform made of it.
fn says(at: i64, id: u64, said: String, voice: bool) -> Vec<u8> {
    let message = envelope("F", at, &id.to_string(), "");
    let kind = if voice { "voice" } else { "text" };
    let (text, recognition) = if voice {
        (String::new(), said)
    } else {
        (said, String::new())
    };
    bytes(&Envelope {
        kind: kind.into(),
        content: Content {
            text: text.into(),
            recognition: recognition.into(),
            ..Content::default()
        },
        ..message
    })
}

/// Answers of a fan who hammers in every second around the round: each is one letter, and what `padded` makes of it.
fn hammered(padded: impl Fn(&str) -> String, voice: bool) -> Vec<Vec<u8>> {
    let seconds = (0..40).chain(60..100).chain(360..400);
    let answers = seconds.zip(1..).map(|(second, id)| {
        let letter = ["A", "B", "C"][usize::try_from(id % 3).unwrap()];
        says(open(1) - 60 + second, id, padded(letter), voice)
    });
    answers.collect()
}

/// Bytes of all that is kept of fans.
fn kept(spec: &Spec, records: &[Vec<u8>]) -> usize {
    let (mut book, mut shelf) = (Book::default(), MemoryShelf::default());
    let versions = Versions::default();
    let mut step = |value: &[u8]| {
        book.step(value, &mut shelf, &versions, &mut Vec::new())
            .unwrap();
    };
    step(&spec.copy(1, 0, None));
    records.iter().for_each(|record| step(record));
    let pairs = shelf.scan(b"f").unwrap();
    pairs
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum()
}

/// The standings of round 1, sealed by a version that reads what is kept once more.
fn standings(spec: &Spec, records: Vec<Vec<u8>>) -> String {
    let mut recount = counted(spec, records);
    feed(
        &mut recount,
        [spec.copy(2, 1, Some(0)), sealed(spec, 2, 2, window(1))],
    );
    field(&recount).lines()
}

#[test]
fn what_stands_behind_the_readable_part_costs_nothing_and_changes_nothing() {
    let far = |letter: &str| format!("{letter}{}{}", " ".repeat(MAX_CHARS), "B".repeat(200 << 10));
    // The most that can be read, in the widest letters.
    let wide = |letter: &str| format!("{letter}{}", "\u{3000}".repeat(200 << 10));
    let short = str::to_owned;
    for (policy, voice) in [
        ("policy = \"first\"", false),
        ("policy = \"last\"\naccept_voice = true", true),
        ("policy = \"best_of\"\ntries = 2", false),
    ] {
        let spec = Spec {
            policy,
            ..Spec::default()
        };
        let plainly = standings(&spec, hammered(short, voice));
        assert!(plainly.contains("\"answer\":"), "{plainly}");
        for padded in [&far as &dyn Fn(&str) -> String, &wide] {
            let records = hammered(padded, voice);
            let bytes = kept(&spec, &records);
            // An id, a time, a value and lengths beside the text.
            let most = KEPT * (3 * MAX_CHARS + 32) + 256;
            assert!(bytes <= most, "{bytes} bytes of one fan, more than {most}");
            assert_eq!(standings(&spec, records), plainly, "{policy}");
        }
        let bytes = kept(&spec, &hammered(short, voice));
        assert!(bytes < KEPT * 40, "{bytes}");
    }
}
