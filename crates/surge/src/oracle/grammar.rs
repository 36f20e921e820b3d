//! How a text answers a single-choice question (P-1 … P-6), by the oracle's own hand. Other kinds of questions
//! have no grammar here yet: a campaign that asks one is refused.

use super::normal::{Forms, Normaliser};
use campaign::Question;

/// Words that may stand before the letter, in tight form.
const LEADS: [&str; 12] = [
    "",
    "选",
    "选择",
    "我选",
    "我选择",
    "答",
    "答案",
    "答是",
    "答案是",
    "是",
    "应该是",
    "觉得是",
];
/// Words that may stand after it.
const TAILS: [&str; 7] = ["", "项", "选项", "吧", "呀", "啊", "的"];
/// Longest text that is an attempt because it has a letter, in characters.
const SHORT: usize = 12;

/// What a text is for one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// One option.
    Answer(char),
    /// It names a round, and one of the letters A to K.
    Explicit(u16, char),
    /// An attempt without one reading.
    WrongFormat,
    /// Nothing of the kind.
    NotAnAnswer,
}

/// A question's options in tight form.
#[derive(Debug)]
pub(super) struct Grammar {
    options: Vec<(char, Vec<String>)>,
    digits: bool,
}

impl Grammar {
    pub(super) fn new(question: &Question, normaliser: &Normaliser) -> Self {
        let options: Vec<(char, Vec<String>)> = question
            .options
            .iter()
            .map(|choice| {
                let texts = std::iter::once(&choice.text).chain(&choice.aliases);
                let tight = texts.map(|text| normaliser.tight(text));
                (choice.letter.to_ascii_lowercase(), tight.collect())
            })
            .collect();
        let numeric = |text: &String| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.')
        };
        let any_numeric = options.iter().any(|(_, texts)| texts.iter().any(numeric));
        Self {
            digits: question.digits_as_letters && !any_numeric,
            options,
        }
    }

    /// What a text is.
    pub(super) fn read(&self, forms: &Forms) -> Reading {
        let tight = forms.tight.as_str();
        if tight.is_empty() {
            return Reading::NotAnAnswer;
        }
        if let Some((round, letter)) = explicit(tight) {
            return Reading::Explicit(round, letter);
        }
        let letter = self
            .lettered(tight)
            .or_else(|| self.repeated(tight))
            .or_else(|| self.by_text(tight))
            .or_else(|| self.letter_and_text(tight));
        match letter {
            Some(letter) => Reading::Answer(letter.to_ascii_uppercase()),
            None if self.is_attempt(tight) => Reading::WrongFormat,
            None => Reading::NotAnAnswer,
        }
    }

    /// Whether a letter, in either case, is one of the options.
    pub(super) fn has(&self, letter: char) -> bool {
        self.options
            .iter()
            .any(|(option, _)| *option == letter.to_ascii_lowercase())
    }

    /// P-1, P-3: a lead, one letter or digit, a tail.
    fn lettered(&self, tight: &str) -> Option<char> {
        for lead in LEADS {
            let Some(rest) = tight.strip_prefix(lead) else {
                continue;
            };
            for tail in TAILS {
                let Some(middle) = rest.strip_suffix(tail) else {
                    continue;
                };
                let mut chars = middle.chars();
                let (Some(c), None) = (chars.next(), chars.next()) else {
                    continue;
                };
                if let Some(letter) = self.letter(c) {
                    return Some(letter);
                }
            }
        }
        None
    }

    /// The option that a character stands for: its letter, or its place among the options (P-3).
    fn letter(&self, c: char) -> Option<char> {
        match c {
            '1'..='9' if self.digits => {
                let place = c.to_digit(10)?.checked_sub(1)?;
                self.options
                    .get(usize::try_from(place).ok()?)
                    .map(|(letter, _)| *letter)
            }
            c => self
                .options
                .iter()
                .map(|(letter, _)| *letter)
                .find(|letter| *letter == c),
        }
    }

    /// P-2: one letter again and again.
    fn repeated(&self, tight: &str) -> Option<char> {
        let first = tight.chars().next()?;
        let same = tight.chars().all(|c| c == first);
        (same && self.has(first)).then_some(first)
    }

    /// P-1: exactly the text of one option.
    fn by_text(&self, tight: &str) -> Option<char> {
        let mut found = self
            .options
            .iter()
            .filter(|(_, texts)| texts.iter().any(|text| text == tight));
        match (found.next(), found.next()) {
            (Some((letter, _)), None) => Some(*letter),
            _ => None,
        }
    }

    /// P-1: a letter with the same option's text.
    fn letter_and_text(&self, tight: &str) -> Option<char> {
        let mut chars = tight.chars();
        let first = chars.next()?;
        let (letter, texts) = self.options.iter().find(|(letter, _)| *letter == first)?;
        texts
            .iter()
            .any(|text| text == chars.as_str())
            .then_some(*letter)
    }

    /// P-5, P-6: letters of options alone, several numbers alone, a letter with another option's text, or a short
    /// text with a letter in it.
    fn is_attempt(&self, tight: &str) -> bool {
        let letters = tight.chars().all(|c| self.has(c));
        let numbers = tight
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-' | '+'));
        let several = tight.split(' ').filter(|number| !number.is_empty()).count() > 1;
        let mut chars = tight.chars();
        let begins_with_letter = chars.next().is_some_and(|c| self.has(c));
        let others = self.options.iter().flat_map(|(_, texts)| texts);
        let with_text = begins_with_letter && others.into_iter().any(|text| text == chars.as_str());
        let short = tight.chars().count() <= SHORT && tight.chars().any(|c| c.is_ascii_lowercase());
        letters || (numbers && several) || with_text || short
    }
}

/// P-4: `第3题a`, `3a`, `q3b`.
fn explicit(tight: &str) -> Option<(u16, char)> {
    let (rest, q) = match tight.strip_prefix('q') {
        Some(rest) => (rest, true),
        None => (tight.strip_prefix('第').unwrap_or(tight), false),
    };
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let (number, rest) = rest.split_at(digits);
    let rest = if q {
        rest
    } else {
        rest.strip_prefix('题').unwrap_or(rest)
    };
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some(letter @ 'a'..='k'), None) => {
            Some((number.parse().ok()?, letter.to_ascii_uppercase()))
        }
        _ => None,
    }
}
