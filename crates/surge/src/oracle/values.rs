//! Numbers and words as answers (P-7, P-8), and which answers are right, by the oracle's own hand.

use super::grammar::{Reading, SHORT, middles, several_numbers};
use super::normal::{Forms, Normaliser};
use super::numerals;
use campaign::{Question, QuestionKind};

/// Most digits before the point.
const WHOLE_DIGITS: usize = 14;
/// Digits behind it that are compared.
const DECIMALS: usize = 4;

/// The grammar of a numeric question.
#[derive(Debug)]
pub(super) struct Numbers {
    units: Vec<String>,
}

impl Numbers {
    pub(super) fn new(question: &Question, normaliser: &Normaliser) -> Self {
        let mut units: Vec<String> = question
            .units
            .iter()
            .map(|u| normaliser.tight(u))
            .filter(|unit| !unit.is_empty())
            .collect();
        units.sort_by_key(|unit| std::cmp::Reverse(unit.len()));
        Self { units }
    }

    /// P-7: exactly one number, with its unit or without.
    pub(super) fn read(&self, forms: &Forms) -> Reading {
        let tight = forms.tight.as_str();
        let number = middles(tight).find_map(|middle| self.number(middle));
        if let Some(number) = number.filter(|_| !forms.met_digits) {
            return Reading::Answer(spelled(number));
        }
        let short = tight.chars().count() <= SHORT;
        let digits = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase();
        if short && (several_numbers(forms) || tight.chars().any(digits)) {
            Reading::WrongFormat
        } else {
            Reading::NotAnAnswer
        }
    }

    /// Chinese numerals are a number where they are the whole text, which its tight form has seen to, or where a unit
    /// was taken off (step 9).
    fn number(&self, middle: &str) -> Option<i128> {
        let without = self
            .units
            .iter()
            .filter_map(|unit| middle.strip_suffix(unit.as_str()));
        let numeral = |text: &str| numerals::whole(text).and_then(|digits| decimal(&digits));
        decimal(middle).or_else(|| {
            let mut without = without.map(|text| decimal(text).or_else(|| numeral(text)));
            without.find_map(|number| number)
        })
    }
}

/// A decimal number in ten-thousandths; `None` when it is none, too long, or finer than that.
fn decimal(text: &str) -> Option<i128> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    if whole.len() > WHOLE_DIGITS || part.len() > DECIMALS {
        return None;
    }
    let number: i128 = format!("0{whole}{part:0<4}").parse().ok()?;
    Some(sign * number)
}

/// The shortest spelling of a number in ten-thousandths.
fn spelled(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole, part) = (number.abs() / 10_000, number.abs() % 10_000);
    let text = format!("{sign}{whole}.{part:04}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The grammar of a free-text question.
#[derive(Debug)]
pub(super) struct Words {
    /// What every accepted spelling stands for.
    value: String,
    accepted: Vec<String>,
    contains: bool,
    forgive_one: bool,
    only_key: bool,
    max_chars: usize,
}

impl Words {
    pub(super) fn new(question: &Question, normaliser: &Normaliser) -> Self {
        Self {
            value: question.key.first().cloned().unwrap_or_default(),
            accepted: question
                .key
                .iter()
                .map(|key| normaliser.tight(key))
                .collect(),
            contains: question.contains,
            forgive_one: question.forgive_one,
            only_key: question.only_key,
            max_chars: question.max_chars,
        }
    }

    /// P-8: whether a text is an accepted spelling.
    pub(super) fn accepts(&self, tight: &str) -> bool {
        let chars = tight.chars().count();
        self.accepted.iter().any(|key| {
            let length = key.chars().count();
            let near = self.forgive_one && length >= 6 && distance(key, tight) <= 1;
            let inside = self.contains && chars <= 2 * length + 6 && tight.contains(key.as_str());
            key == tight || near || inside
        })
    }

    /// An accepted spelling, or any other short text that is no question to people.
    pub(super) fn read(&self, forms: &Forms, asks: bool) -> Reading {
        let tight = forms.tight.as_str();
        if self.accepts(tight) {
            return Reading::Answer(self.value.clone());
        }
        let long = tight.chars().count() > self.max_chars;
        if self.only_key || long || asks {
            Reading::NotAnAnswer
        } else {
            Reading::Answer(tight.to_owned())
        }
    }
}

/// How many characters must be put in, taken out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, c) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = place + 1;
        for (column, d) in other.iter().enumerate() {
            let changed = corner + usize::from(c != *d);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// What the totals count an answer as: what the campaign file has a name for. Fans write as many numbers, texts and rows
/// as they like; of those only the keys have names.
pub(super) fn name_of(question: &Question, value: &str) -> Option<String> {
    match question.kind {
        QuestionKind::Single | QuestionKind::Poll | QuestionKind::Multi => Some(value.to_owned()),
        QuestionKind::Text | QuestionKind::Ordering => {
            is_right(question, value).then(|| value.to_owned())
        }
        QuestionKind::Numeric => {
            let given = decimal(value)?;
            let keys = question.key.iter().filter_map(|key| decimal(key));
            let off = |key: &i128| (key - given).abs() <= i128::from(question.tolerance);
            keys.into_iter().find(off).map(spelled)
        }
    }
}

/// Whether the value of an answer is right.
pub(super) fn is_right(question: &Question, value: &str) -> bool {
    let set = |letters: &str| {
        let mut letters: Vec<char> = letters.to_uppercase().chars().collect();
        letters.sort_unstable();
        letters.dedup();
        letters
    };
    match question.kind {
        QuestionKind::Poll => false,
        QuestionKind::Single => question.key.iter().any(|key| key == value),
        QuestionKind::Multi => set(&question.key.concat()) == set(value),
        QuestionKind::Ordering => question.key.concat() == value,
        QuestionKind::Text => question.key.first().is_some_and(|key| key == value),
        QuestionKind::Numeric => decimal(value).is_some_and(|value| {
            let keys = question.key.iter().filter_map(|key| decimal(key));
            let off = |key: i128| (key - value).abs();
            keys.into_iter()
                .any(|key| off(key) <= i128::from(question.tolerance))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_ten_thousandths_and_spelled_short() {
        for (text, number) in [
            ("1999", Some(19_990_000)),
            ("1999.00", Some(19_990_000)),
            ("-0.5", Some(-5_000)),
            ("+007", Some(70_000)),
            ("1.", Some(10_000)),
            ("0.00001", None),
            (".5", None),
            ("1.2.3", None),
            ("123456789012345", None),
        ] {
            assert_eq!(decimal(text), number, "{text}");
        }
        assert_eq!(
            [19_990_000, -5_000, 0, 100_000].map(spelled),
            ["1999", "-0.5", "0", "10"]
        );
    }

    #[test]
    fn distances_are_those_of_single_characters() {
        for (one, other, far) in [
            ("abc", "abc", 0),
            ("abc", "ac", 1),
            ("abc", "abdc", 1),
            ("abc", "xbc", 1),
            ("abc", "cab", 2),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
    }
}
