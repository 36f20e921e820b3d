//! A campaign file as lines with the field that stands in each, and what the check says of it.

use campaign::{Problem, Severity};

/// The shipped campaigns, by name.
pub(crate) const SHIPPED: [(&str, &str); 3] = [
    (
        "fanfest",
        include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml"),
    ),
    (
        "live show",
        include_str!("../../../../deploy/campaigns/live-show-quiz.toml"),
    ),
    (
        "keyword draw",
        include_str!("../../../../deploy/campaigns/keyword-draw.toml"),
    ),
];

/// A field: where it stands, and what it is.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Index of its first line, and of the line after its value.
    pub(crate) lines: (usize, usize),
    /// Index of its table's header; `None` before the first.
    pub(crate) header: Option<usize>,
    /// `round.question.key`
    pub(crate) path: String,
    /// `key`
    pub(crate) name: String,
    /// The value without its comment.
    pub(crate) value: String,
}

/// Every field of a file whose tables all have a header and whose lists, when long, have a line of their own for
/// the closing bracket: as the shipped ones are written.
pub(crate) fn fields(text: &str) -> Vec<Field> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut found, mut table, mut header) = (Vec::new(), String::new(), None);
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let first = at;
        at += 1;
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_matches(|c| "[]".contains(c)).to_owned();
            header = Some(first);
            continue;
        }
        let Some((name, value)) = line.split_once(" = ") else {
            continue;
        };
        if line.starts_with('#') {
            continue;
        }
        if value == "[" {
            at += lines[at..].iter().position(|line| *line == "]").unwrap() + 1;
        }
        let prefix = if table.is_empty() { "" } else { "." };
        found.push(Field {
            lines: (first, at),
            header,
            path: format!("{table}{prefix}{name}"),
            name: name.to_owned(),
            value: value.split("  #").next().unwrap_or(value).trim().to_owned(),
        });
    }
    found
}

impl Field {
    /// The file with these lines in the place of the field's.
    pub(crate) fn replaced(&self, text: &str, by: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let mut out: Vec<&str> = lines[..self.lines.0].to_vec();
        out.extend(by.lines());
        out.extend(&lines[self.lines.1..]);
        out.join("\n") + "\n"
    }

    /// The file with this value for the field.
    pub(crate) fn with(&self, text: &str, value: &str) -> String {
        self.replaced(text, &format!("{} = {value}", self.name))
    }

    /// Number of its line.
    pub(crate) fn line(&self) -> usize {
        self.lines.0 + 1
    }

    /// Number of the line that a missing field is told in: its table's header, else the first.
    pub(crate) fn header_line(&self) -> usize {
        self.header.map_or(1, |header| header + 1)
    }
}

/// A message says what must be there, or behind a semicolon what to do about it.
pub(crate) fn has_way_out(message: &str) -> bool {
    let way_out = message.split_once("; ").map(|(_, way_out)| way_out);
    message.starts_with("must ") || way_out.is_some_and(|way_out| !way_out.trim().is_empty())
}

/// What the check says, with everything that holds of each message.
#[track_caller]
pub(crate) fn problems(text: &str, what: &str) -> Vec<Problem> {
    let problems = contest::check(text, None);
    let lines: Vec<&str> = text.lines().collect();
    for problem in &problems {
        let line = problem.line.and_then(|line| lines.get(line - 1));
        let line = line.unwrap_or_else(|| panic!("{what}: no line: {problem}"));
        let column = problem
            .column
            .unwrap_or_else(|| panic!("{what}: no column: {problem}"));
        assert!(
            column >= 1 && column <= line.chars().count().max(1),
            "{what}: {problem}"
        );
        let message = &problem.message;
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{what}: {problem}"
        );
        assert!(message.split_whitespace().count() >= 2, "{what}: {problem}");
        assert!(has_way_out(message), "{what}: no way out: {problem}");
        assert!(!problem.key.is_empty(), "{what}: {problem}");
    }
    problems
}

/// Whether an error stands in this line.
pub(crate) fn is_told(problems: &[Problem], line: usize) -> bool {
    problems
        .iter()
        .any(|problem| problem.line == Some(line) && problem.severity == Severity::Error)
}
