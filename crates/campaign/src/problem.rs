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
            key: key.into(),
            message: message.into(),
            severity: Severity::Warning,
        }
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
            write!(f, "line {line}: ")?;
        }
        let weight = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{weight}: {}: {}", self.key, self.message)
    }
}
