//! What a fan costs, whatever he writes: of each of his answers no more is kept than any reading can depend on (N-3, Q-8).

use crate::common::{Spec, bytes, counted, envelope, event, feed, open, said};
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

const PRIZES: &str =
    "[[prize]]\nid = \"p\"\ntitle = \"p\"\nkind = \"goods\"\nunits = 3\nvalue_yuan = 1\n";

/// Bytes of all that stands in the state after a fan has written so many messages, of every kind, all day long, a new
/// answer each time; and how many of his claims were told.
fn state_of_one_fan(spec: &Spec, messages: u64) -> (usize, usize) {
    let (mut book, mut shelf) = (Book::default(), MemoryShelf::default());
    let (versions, mut tallies) = (Versions::default(), Vec::new());
    let mut step = |value: &[u8]| {
        book.step(value, &mut shelf, &versions, &mut tallies)
            .unwrap();
    };
    step(&spec.copy(1, 0, None));
    for id in 0..messages {
        // Every second of the campaign, in no order.
        let at = spec.start + i64::try_from(id * 7_919 % 7_800).unwrap();
        let message = match id % 6 {
            0 => said("F", at, id, "GO"),
            1 => said("F", at, id, "领奖 13800138000"),
            2 => event("F", at, "unsubscribe"),
            3 => event("F", at, "subscribe"),
            4 => said("F", at, id, "我想知道为什么？"),
            _ => said("F", at, id, &format!("{}{id:06}", "雷".repeat(94))),
        };
        if id == messages / 2 {
            // The other half of what he says in the first round comes too late.
            step(&sealed(spec, 1, 1, window(1)));
        }
        step(&message);
    }
    assert!(messages < 100 || book.counts().late_after_seal > 100);
    book.save(&mut shelf).unwrap();
    let pairs = shelf.scan(b"").unwrap();
    let bytes = pairs.iter().map(|(key, value)| key.len() + value.len());
    (bytes.sum(), book.take_told().len())
}

/// Whatever one fan sends, and however much of it, is kept up to a bound that the number of rounds makes: ten at each end
/// of three bands of each, his joins in each and between them, what came too late, three seconds of following, twenty claims.
#[test]
fn q_8_a_fan_who_never_stops_costs_no_more() {
    let spec = Spec {
        kind: "text",
        options: "",
        key: "[\"小米\"]",
        policy: "policy = \"first\"\nmax_chars = 100",
        tables: PRIZES,
        ..Spec::default()
    };
    let (twelve, _) = state_of_one_fan(&spec, 12);
    let (some, told) = state_of_one_fan(&spec, 60_000);
    assert_eq!(told, 20);
    let (more, _) = state_of_one_fan(&spec, 120_000);
    // Text and value, both of a hundred characters, an id, a time, lengths; three rounds, each with its joins.
    let most = twelve + 3 * (KEPT * (2 * 300 + 32) + 2 * 20 * 10 + 64);
    assert!(more <= most, "{more} bytes of one fan, more than {most}");
    assert!(
        more < some + some / 20,
        "{more} bytes after twice as many messages as made {some}"
    );
}
