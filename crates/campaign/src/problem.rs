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

    /// Finds the column of each problem in the text of the file: where the value that the message quotes
    /// first stands in its line, else the key, else what the line begins with.
    pub fn place(problems: &mut [Self], text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        for problem in problems {
            let line = problem.line.and_then(|line| line.checked_sub(1));
            let Some(line) = line.and_then(|line| lines.get(line)) else {
                continue;
            };
            let byte = problem.byte_in(line);
            problem.column = Some(line[..byte].chars().count().saturating_add(1));
        }
    }

    fn byte_in(&self, line: &str) -> usize {
        let quoted = self.message.split('\'').nth(1);
        let name = self.key.rsplit(['.', ']']).find(|part| !part.is_empty());
        let found = |word: &str| (!word.is_empty()).then(|| line.find(word)).flatten();
        quoted
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
