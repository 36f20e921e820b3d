//! From the TOML document to the model: one question.

use crate::questions::{AnswerPolicy, Choice, Question, QuestionKind};
use crate::read::{Item, Notes, Section};

/// Keys of a question.
pub(crate) const KEYS: &[&str] = &[
    "text",
    "kind",
    "options",
    "aliases",
    "key",
    "policy",
    "tries",
    "points",
    "accept_voice",
    "digits_as_letters",
    "units",
    "tolerance",
    "contains",
    "forgive_one",
    "only_key",
    "max_chars",
];
/// Options are told by one letter; more than eleven (`A`…`K`) the grammar of explicit rounds has not.
const LETTERS: &str = "ABCDEFGHIJK";

/// Reads one question.
pub(crate) fn question(section: &Section<'_, '_>, notes: &mut Notes) -> Option<Question> {
    let kinds = QuestionKind::ALL.map(|kind| (kind.name(), kind));
    let text = section
        .need(notes, "text")
        .and_then(|item| item.text(notes));
    let kind = section
        .need(notes, "kind")
        .and_then(|item| item.choice(notes, &kinds));
    let item = if kind == Some(QuestionKind::Poll) {
        section.get(notes, "key")
    } else {
        section.need(notes, "key")
    };
    let key = item.map(|item| key_texts(&item, notes));
    let flag = |notes: &mut Notes, name: &str, absent: bool| {
        section
            .get(notes, name)
            .and_then(|item| item.boolean(notes))
            .unwrap_or(absent)
    };
    let (accept_voice, digits_as_letters) = (
        flag(notes, "accept_voice", false),
        flag(notes, "digits_as_letters", true),
    );
    let (contains, forgive_one) = (
        flag(notes, "contains", false),
        flag(notes, "forgive_one", false),
    );
    let only_key = flag(notes, "only_key", false);
    let policy = policy(section, kind, notes);
    let points = section.integer_in(notes, "points", 0..=1_000_000, 1000);
    let max_chars = section.integer_in(notes, "max_chars", 1..=100, 16);
    let units = units(section, notes);
    let tolerance = tolerance(section, notes);
    let options = options(section, notes);
    Some(Question {
        text: text?,
        kind: kind?,
        options,
        key: match kind? {
            QuestionKind::Poll => key.unwrap_or_default(),
            _ => key?,
        },
        policy,
        points: u32::try_from(points).unwrap_or(0),
        accept_voice,
        digits_as_letters,
        units,
        tolerance,
        contains,
        forgive_one,
        only_key,
        max_chars: usize::try_from(max_chars).unwrap_or(0),
        line: section.line,
    })
}

/// A key may be one value or several; numbers may stand without quotes.
fn key_texts(item: &Item<'_, '_>, notes: &mut Notes) -> Vec<String> {
    let items = item.list(notes);
    let text = |item: &Item<'_, '_>| match item.value.as_integer() {
        Some(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        _ => item.text(notes),
    };
    items.iter().filter_map(text).collect()
}

/// Polls take the last answer when the file says nothing, everything else the first.
fn policy(
    section: &Section<'_, '_>,
    kind: Option<QuestionKind>,
    notes: &mut Notes,
) -> AnswerPolicy {
    let absent = match kind {
        Some(QuestionKind::Poll) => AnswerPolicy::Last,
        _ => AnswerPolicy::First,
    };
    let tries = section.integer_in(notes, "tries", 1..=10, 1);
    let best = AnswerPolicy::BestOf(u8::try_from(tries).unwrap_or(1));
    let choices = [
        ("first", AnswerPolicy::First),
        ("last", AnswerPolicy::Last),
        ("best_of", best),
    ];
    let item = section.get(notes, "policy");
    let policy = item
        .and_then(|item| item.choice(notes, &choices))
        .unwrap_or(absent);
    match (section.get(notes, "tries"), policy) {
        (Some(item), AnswerPolicy::First | AnswerPolicy::Last) => {
            notes.error(
                item.line,
                item.key,
                "only goes with policy = \"best_of\"; leave it out, or write that policy",
            );
        }
        (None, AnswerPolicy::BestOf(_)) => {
            notes.error(
                section.line,
                section.path_of("tries"),
                "is missing: best of how many; write tries = … in this table",
            );
        }
        _ => {}
    }
    policy
}

fn units(section: &Section<'_, '_>, notes: &mut Notes) -> Vec<String> {
    let Some(item) = section.get(notes, "units") else {
        return Vec::new();
    };
    let units = item.texts(notes);
    if units.iter().any(|unit| unit.trim().is_empty()) {
        let message = "an empty unit is none; numbers without a unit are read anyway";
        notes.error(item.line, item.key, message);
    }
    units
}

fn tolerance(section: &Section<'_, '_>, notes: &mut Notes) -> i64 {
    let Some(item) = section.get(notes, "tolerance") else {
        return 0;
    };
    let text = key_texts(&item, notes).pop().unwrap_or_default();
    match crate::scaled_decimal(&text) {
        Some(tolerance) if tolerance >= 0 => tolerance,
        _ => {
            let message = format!(
                "'{text}' is not a number from 0 on with at most four decimals; write it like 0 or 0.5"
            );
            notes.error(item.line, item.key, message);
            0
        }
    }
}

fn options(section: &Section<'_, '_>, notes: &mut Notes) -> Vec<Choice> {
    let Some(table) = section
        .get(notes, "options")
        .and_then(|item| item.section(notes, None))
    else {
        return Vec::new();
    };
    let aliases = section
        .get(notes, "aliases")
        .and_then(|item| item.section(notes, None));
    let mut choices = Vec::new();
    for item in table.items(notes) {
        let name = item.key.rsplit('.').next().unwrap_or("").to_owned();
        let mut letters = name.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            notes.error(
                item.line,
                item.key,
                "an option is named by one letter A to K; rename it",
            );
            continue;
        };
        if !LETTERS.contains(letter) {
            notes.error(
                item.line,
                item.key,
                "an option is named by one capital letter A to K; rename it",
            );
            continue;
        }
        let Some(text) = item.text(notes) else {
            continue;
        };
        let own = aliases
            .as_ref()
            .and_then(|aliases| aliases.get(notes, &name));
        let aliases = own.map(|own| own.texts(notes)).unwrap_or_default();
        choices.push(Choice {
            letter,
            text,
            aliases,
            line: item.line,
        });
    }
    let spelled = aliases
        .map(|aliases| aliases.items(notes))
        .unwrap_or_default();
    for item in spelled {
        let name = item.key.rsplit('.').next().unwrap_or("");
        if !choices
            .iter()
            .any(|choice| name.chars().eq([choice.letter]))
        {
            notes.error(
                item.line,
                item.key.clone(),
                "spells an option that is not there; add the option, or leave this out",
            );
        }
    }
    choices.sort_by_key(|choice| choice.letter);
    choices
}
