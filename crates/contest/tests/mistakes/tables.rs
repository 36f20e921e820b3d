//! Each table of each shipped campaign, left out or written twice.

use crate::file::{SHIPPED, problems};
use campaign::Severity;

/// A table: index of its header, of the line after its last field, and its name with brackets.
fn tables(text: &str) -> Vec<(usize, usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let headers = (0..lines.len()).filter(|at| lines[*at].starts_with('['));
    let headers: Vec<usize> = headers.collect();
    let ends = headers.iter().skip(1).copied().chain([lines.len()]);
    let table = |(at, end): (&usize, usize)| (*at, end, lines[*at]);
    headers.iter().zip(ends).map(table).collect()
}

/// The file with this table, and what belongs to it, `times` times.
fn repeated(text: &str, (at, end): (usize, usize), times: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = lines[..at].to_vec();
    for _ in 0..times {
        out.extend(&lines[at..end]);
    }
    out.extend(&lines[end..]);
    out.join("\n") + "\n"
}

fn told(text: &str, what: &str) -> Vec<String> {
    let found = problems(text, what);
    let errors = found.iter().filter(|p| p.severity == Severity::Error);
    errors.map(ToString::to_string).collect()
}

#[test]
fn left_out() {
    for (name, text) in SHIPPED {
        for (at, end, header) in tables(text) {
            let what = format!("{name}, line {}, {header}", at + 1);
            let told = told(&repeated(text, (at, end), 0), &what);
            let part = match header {
                "[slots]" | "[templates]" => "add a [",
                "[round.question]" => "is missing; write question = ",
                "[[prize]]" => "no prize '",
                "[[rule]]" | "[[award]]" | "[join]" | "[mine]" | "[claim]" | "[draw]"
                | "[score]" | "[eligible]" | "[seal]" | "[detector]" => {
                    assert!(told.is_empty(), "{what} has a default: {told:?}");
                    continue;
                }
                // Its question then stands in the round before it, or in none.
                "[[round]]" => "",
                _ => panic!("{what}: nobody has thought of it"),
            };
            assert!(told.iter().any(|p| p.contains(part)), "{what}: {told:?}");
        }
    }
}

#[test]
fn written_twice() {
    for (name, text) in SHIPPED {
        let tables = tables(text);
        for (place, (at, end, header)) in tables.iter().enumerate() {
            let what = format!("{name}, line {}, {header}", at + 1);
            // A round goes with its question.
            let end = match (*header, tables.get(place + 1)) {
                ("[[round]]", Some((_, end, _))) => *end,
                _ => *end,
            };
            let told = told(&repeated(text, (*at, end), 2), &what);
            let part = match *header {
                "[[round]]" => "must be greater than ",
                "[[prize]]" => "is the id of the prize in line ",
                "[[rule]]" => "is the id of the rule in line ",
                "[[award]]" => "slots but only ",
                _ => "a [table] once in the file",
            };
            assert!(told.iter().any(|p| p.contains(part)), "{what}: {told:?}");
        }
    }
}
