//! What is wrong with a campaign file, and where. Never how it is printed.

use std::fmt;

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken; somebody should look.
    Warning,
}

/// One problem of a campaign file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; none when the problem has no single place.
    pub line: Option<usize>,
    /// Column in that line, in characters from 1; none when the line is not known.
    pub column: Option<usize>,
    /// The key it is about, as a dotted path: `round[3].question.key`.
    pub key: String,
    /// What is wrong and the way out, lower case, no full stop.
    pub message: String,
    /// Whether the file is refused for it.
    pub severity: Severity,
}

impl Problem {
    /// A problem for which the file is refused.
    #[must_use]
    pub fn error(line: Option<usize>, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            line,
            column: None,
            key: key.into(),
            message: message.into(),
            severity: Severity::Error,
        }
    }

    /// A problem that is only shown.
    #[must_use]
    pub fn warning(
        line: Option<usize>,
        key: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            line,
            column: None,
            key: key.into(),
            message: message.into(),
            severity: Severity::Warning,
        }
    }

    /// Finds line and column of each problem in the text of the file: the line of its key where only that of the
    /// table was known; the column where the value that the message quotes first stands in it, else the key, else
    /// what the line begins with. What has a column is in its place already.
    pub fn place(problems: &mut [Self], text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        for problem in problems {
            let first = problem.line.and_then(|line| line.checked_sub(1));
            let Some(first) = first.filter(|first| *first < lines.len()) else {
                continue;
            };
            if problem.column.is_some() {
                continue;
            }
            let at = problem.line_in(&lines, first);
            let byte = problem.byte_in(lines[at]);
            problem.line = Some(at.saturating_add(1));
            problem.column = Some(lines[at][..byte].chars().count().saturating_add(1));
        }
    }

    /// The value that the message quotes first.
    fn quoted(&self) -> Option<&str> {
        self.message.split('\'').nth(1)
    }

    /// Index of the line that it is about, when `first` is at least in the right table.
    fn line_in(&self, lines: &[&str], first: usize) -> usize {
        // A member of a list has its own line from the start.
        if self.key.ends_with(']') {
            return first;
        }
        let names = || self.key.rsplit('.').filter(|name| !name.ends_with(']'));
        let local = names().find_map(|name| key_line(lines, first, name));
        let found = local.or_else(|| {
            let (table, name) = self.key.rsplit_once('.').unwrap_or(("", &self.key));
            let is_header = |line: &&str| line.trim_end() == format!("[{table}]");
            let header = lines.iter().position(|line| is_header(&line.trim_start()));
            let start = if table.is_empty() { Some(0) } else { header };
            start.and_then(|start| key_line(lines, start, name))
        });
        let Some(at) = found else { return first };
        // The value may stand in several lines.
        let next = lines[at + 1..].iter().position(|line| ends_value(line));
        let value = at..next.map_or(lines.len(), |next| at + 1 + next);
        let quoted = self.quoted().filter(|quoted| !quoted.is_empty());
        let holds = |at: &usize| quoted.is_some_and(|quoted| lines[*at].contains(quoted));
        value.into_iter().find(holds).unwrap_or(at)
    }

    fn byte_in(&self, line: &str) -> usize {
        let name = self.key.rsplit(['.', ']']).find(|part| !part.is_empty());
        let found = |word: &str| (!word.is_empty()).then(|| line.find(word)).flatten();
        self.quoted()
            .and_then(found)
            .or_else(|| name.and_then(found))
            .or_else(|| line.find(|c: char| !c.is_whitespace()))
            .unwrap_or(0)
    }

    /// Sorts problems by line, those without a line first, errors before warnings on one line.
    pub fn sort(problems: &mut [Self]) {
        problems.sort_by(|a, b| {
            (a.line, a.severity, &a.key, &a.message).cmp(&(b.line, b.severity, &b.key, &b.message))
        });
    }
}

/// Index of the line that gives `name` a value in the table that goes on at `first`.
fn key_line(lines: &[&str], first: usize, name: &str) -> Option<usize> {
    let goes_on = |line: &&&str| !line.trim_start().starts_with('[');
    let rest = lines.get(first + 1..).unwrap_or_default();
    let more = rest.iter().take_while(goes_on).count();
    let gives = |at: &usize| {
        let rest = lines[*at].trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    (first..=first + more).find(gives)
}

/// Whether this line begins something else than the value before it goes on with.
fn ends_value(line: &str) -> bool {
    let line = line.trim_start();
    let name = line
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    let name = name.count();
    line.starts_with('[') || (name > 0 && line[name..].trim_start().starts_with('='))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            if let Some(column) = self.column {
                write!(f, ", column {column}")?;
            }
            f.write_str(": ")?;
        }
        let weight = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{weight}: {}: {}", self.key, self.message)
    }
}
