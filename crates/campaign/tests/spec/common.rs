//! The shipped file, and how one change to it is judged.

use campaign::{Campaign, Problem, Severity};

/// The Fan Festival's file, as shipped.
pub(crate) const FILE: &str = include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");

/// The file with one piece changed; the piece must be there.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(FILE.contains(from), "{from}");
    FILE.replacen(from, to, 1)
}

/// Everything that is wrong with a file.
pub(crate) fn problems(toml: &str) -> Vec<Problem> {
    match Campaign::parse(toml) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    }
}

/// A problem whose key and message contain these, and the text of its line.
pub(crate) fn find(toml: &str, key: &str, message: &str) -> (Severity, String) {
    let all = problems(toml);
    let found = all
        .iter()
        .find(|p| p.key.contains(key) && p.message.contains(message));
    let found = found.unwrap_or_else(|| panic!("no '{key}' with '{message}' in {all:#?}"));
    let line = found
        .line
        .and_then(|line| toml.lines().nth(line - 1))
        .unwrap_or("");
    (found.severity, line.to_owned())
}

/// The change leads to an error with this key and message, on a line that contains `at`.
pub(crate) fn refused(from: &str, to: &str, key: &str, message: &str, at: &str) {
    let (severity, line) = find(&changed(from, to), key, message);
    assert_eq!(severity, Severity::Error, "{key} {message}");
    assert!(line.contains(at), "{message}: line '{line}' has no '{at}'");
}
