//! Every message that the check of a campaign file can say names a way out and occurs in some test: whoever adds one adds a
//! test.

use crate::file::has_way_out;
use std::path::{Path, PathBuf};

/// Where messages stand: files of the crates `campaign` and `contest`.
const SOURCES: [&str; 14] = [
    "campaign/src/lint.rs",
    "campaign/src/lint_prizes.rs",
    "campaign/src/lint_question.rs",
    "campaign/src/lint_templates.rs",
    "campaign/src/parse.rs",
    "campaign/src/parse_prizes.rs",
    "campaign/src/parse_question.rs",
    "campaign/src/parse_rules.rs",
    "campaign/src/read.rs",
    "campaign/src/template.rs",
    "campaign/src/time.rs",
    "contest/src/keywords.rs",
    "contest/src/lint.rs",
    "contest/src/lint_rules.rs",
];
/// Texts of these files that are no messages.
const OTHERS: [&str; 3] = ["duplicate key", "\"{}\"", "{}月{}日 "];
/// Pieces that messages are made of: what must be there, and ways out that stand behind a semicolon.
const PIECES: [&str; 14] = [
    ", ",
    "a text",
    "a whole number",
    "true or false",
    "a date-time with its offset, like 2013-04-09T14:00:00+08:00",
    "a table",
    "did you mean '{candidate}'?",
    "known are {}",
    "add a [[prize]] with that id",
    "a join",
    "a claim",
    "asks for the fan's own code",
    "begins a claim",
    // What stands before the reason in the text of a refused expression.
    "error: ",
];
/// So long is a part of a message that tells it from others.
const TELLING: usize = 7;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The texts between quotes of a piece of Rust, comments and unit tests left out.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.map(|line| format!("{line}\n")).collect();
    let (mut found, mut rest) = (Vec::new(), code.as_str());
    while let Some(at) = rest.find('"') {
        let (mut text, mut end) = (String::new(), None);
        let mut letters = rest[at + 1..].char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = Some(at + 1 + place + 1);
                    break;
                }
                '\\' => match letters.next() {
                    // A text that goes on in the next line.
                    Some((_, '\n')) => {
                        let blank = letters.as_str().chars().take_while(|c| *c == ' ').count();
                        if blank > 0 {
                            letters.nth(blank - 1);
                        }
                    }
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                },
                _ => text.push(letter),
            }
        }
        found.push(text);
        rest = end.map_or("", |end| &rest[end..]);
    }
    found
}

/// The parts of a message between its variables that tell it from others.
fn parts(message: &str) -> Vec<String> {
    // Doubled braces are braces.
    let message = message.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let mut parts = vec![String::new()];
    let mut inside = false;
    for letter in message.chars() {
        match (letter, parts.last_mut()) {
            ('{', _) => inside = true,
            ('}', _) => {
                inside = false;
                parts.push(String::new());
            }
            (letter, Some(part)) if !inside => part.push(letter),
            _ => {}
        }
    }
    let shown = |part: String| part.replace('\u{1}', "{").replace('\u{2}', "}");
    let parts = parts.into_iter().map(shown);
    // Quotes belong to the variable between them.
    let parts = parts.map(|part| part.trim_matches(|c| " ',;:".contains(c)).to_owned());
    parts.filter(|part| part.len() >= TELLING).collect()
}

/// Texts of the tests that could be parts of messages.
fn tested() -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![
        crates().join("campaign/tests"),
        crates().join("contest/tests"),
    ];
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("guard.rs") {
            found.extend(texts(&std::fs::read_to_string(path).unwrap()));
        }
    }
    // As in messages, doubled braces are braces.
    let plain = |text: String| text.trim().replace("{{", "{").replace("}}", "}");
    let telling = found.into_iter().map(plain);
    telling
        .filter(|text| text.len() >= TELLING && text.contains(' '))
        .collect()
}

/// Every text of a source that is a message or a piece of one.
fn messages(source: &str) -> Vec<String> {
    let text = std::fs::read_to_string(crates().join(source)).unwrap();
    let mut found = texts(&text);
    found.retain(|text| text.contains(' ') && !OTHERS.contains(&text.as_str()));
    found
}

#[test]
fn every_message_names_a_way_out() {
    let mut pieces = std::collections::BTreeSet::from(PIECES);
    let mut without = Vec::new();
    for source in SOURCES {
        for message in messages(source) {
            pieces.remove(message.as_str());
            if !has_way_out(&message) && !PIECES.contains(&message.as_str()) {
                without.push(format!("{source}: {message}"));
            }
        }
    }
    assert!(without.is_empty(), "no way out in\n{}", without.join("\n"));
    assert!(pieces.is_empty(), "nothing says {pieces:?} any more");
}

#[test]
fn every_message_occurs_in_a_test() {
    let tested = tested();
    let (mut seen, mut missing) = (0, Vec::new());
    for source in SOURCES {
        for message in messages(source) {
            let parts = parts(&message);
            if parts.is_empty() {
                continue;
            }
            seen += 1;
            let occurs = |part: &String| {
                tested
                    .iter()
                    .any(|text| text.contains(part.as_str()) || part.contains(text.as_str()))
            };
            if !parts.iter().any(occurs) {
                missing.push(format!("{source}: {message}"));
            }
        }
    }
    assert!(seen > 90, "only {seen} messages were found");
    assert!(missing.is_empty(), "no test has\n{}", missing.join("\n"));
}
