//! What makes a question wrong that needs no normal forms: keys, options, what goes with which kind.

use crate::questions::{Question, QuestionKind};
use crate::read::Notes;
use std::collections::BTreeSet;

/// Notes everything that is wrong with a question at this path.
pub(crate) fn check(question: &Question, path: &str, notes: &mut Notes) {
    let mut error = |key: &str, message: String| {
        notes.error(question.line, format!("{path}.{key}"), message);
    };
    if question.text.trim().is_empty() {
        error("text", "must not be empty".to_owned());
    }
    let poll = question.kind == QuestionKind::Poll;
    if question.key.is_empty() && !poll {
        error("key", "must name at least one right answer".to_owned());
    }
    if !question.key.is_empty() && poll {
        error("key", "a poll has no right answer; leave it out".to_owned());
    }
    if question
        .options
        .iter()
        .any(|choice| choice.text.trim().is_empty())
    {
        error(
            "options",
            "an option without text cannot be chosen; write its text, or leave it out".to_owned(),
        );
    }
    if question.kind.has_options() {
        options(question, &mut error);
    }
    match question.kind {
        QuestionKind::Ordering => row(question, &mut error),
        QuestionKind::Numeric => {
            let number = |key: &&String| crate::scaled_decimal(key).is_none();
            for key in question.key.iter().filter(number) {
                error(
                    "key",
                    format!(
                        "'{key}' is no number with at most four decimals; write it like 3 or 3.14"
                    ),
                );
            }
        }
        QuestionKind::Text => {
            if question.key.iter().any(|key| key.trim().is_empty()) {
                error(
                    "key",
                    "an empty spelling is no answer; leave it out".to_owned(),
                );
            }
        }
        QuestionKind::Single | QuestionKind::Multi | QuestionKind::Poll => {}
    }
    for (key, given, kind) in misplaced(question) {
        if given {
            error(
                key,
                format!("only goes with kind = \"{kind}\"; leave it out, or change the kind"),
            );
        }
    }
}

fn options(question: &Question, error: &mut impl FnMut(&str, String)) {
    let mut letters = question.options.iter().map(|choice| choice.letter);
    if question.options.len() < 2 {
        let message = "must be at least two, like { A = \"…\", B = \"…\" }";
        error("options", message.to_owned());
    } else if !letters
        .by_ref()
        .zip('A'..)
        .all(|(letter, due)| letter == due)
    {
        error(
            "options",
            "letters must run from A without a gap; name them A, B, C and so on".to_owned(),
        );
    }
    let is_option = |key: &String| {
        let mut options = question.options.iter();
        options.any(|choice| key.chars().eq([choice.letter]))
    };
    let row = question.kind == QuestionKind::Ordering;
    for key in question.key.iter().filter(|key| !row && !is_option(key)) {
        error(
            "key",
            format!("'{key}' is none of the options; write the letter of one"),
        );
    }
}

/// The key of an ordering is one row with every letter once.
fn row(question: &Question, error: &mut impl FnMut(&str, String)) {
    let row: String = question.key.concat();
    let letters: BTreeSet<char> = row.chars().collect();
    let options: BTreeSet<char> = question.options.iter().map(|c| c.letter).collect();
    if letters != options || row.chars().count() != options.len() {
        let message =
            format!("'{row}' must have every option's letter once; write it like \"BDAC\"");
        error("key", message);
    }
}

/// Keys that mean nothing for the question's kind, and whether they were given.
fn misplaced(question: &Question) -> Vec<(&'static str, bool, &'static str)> {
    let kind = question.kind;
    let text = kind == QuestionKind::Text;
    let numeric = kind == QuestionKind::Numeric;
    vec![
        (
            "options",
            !kind.has_options() && !question.options.is_empty(),
            "single",
        ),
        ("units", !numeric && !question.units.is_empty(), "numeric"),
        ("tolerance", !numeric && question.tolerance != 0, "numeric"),
        ("contains", !text && question.contains, "text"),
        ("forgive_one", !text && question.forgive_one, "text"),
        ("only_key", !text && question.only_key, "text"),
    ]
}
