//! How a text answers a question (P-1 … P-8), by the oracle's own hand: letters of options here, numbers and
//! words in [`super::values`]. Never windows, never what is right.

use super::normal::{Forms, Normaliser};
use super::values::{Numbers, Words};
use campaign::{Question, QuestionKind};

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
pub(super) const SHORT: usize = 12;

/// What a text is for one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// One value: a capital letter, letters, a decimal number, a spelling.
    Answer(String),
    /// It names another round and letters (P-4); if no such round has them, it is the last.
    Explicit(u16, String, Box<Reading>),
    /// An attempt without one reading.
    WrongFormat,
    /// Nothing of the kind.
    NotAnAnswer,
}

/// One question's grammar.
#[derive(Debug)]
pub(super) enum Grammar {
    /// Letters of options.
    Letters(Letters),
    /// One number.
    Number(Numbers),
    /// A word.
    Word(Words),
}

/// A question's options in tight form.
#[derive(Debug)]
pub(super) struct Letters {
    kind: QuestionKind,
    options: Vec<(char, Vec<String>)>,
    digits: bool,
}

impl Grammar {
    pub(super) fn new(question: &Question, normaliser: &Normaliser) -> Self {
        match question.kind {
            QuestionKind::Numeric => Self::Number(Numbers::new(question, normaliser)),
            QuestionKind::Text => Self::Word(Words::new(question, normaliser)),
            _ => Self::Letters(Letters::new(question, normaliser)),
        }
    }

    /// What a text is for the question of round `own`; `asks` is whether it is a question to people.
    pub(super) fn read(&self, own: u16, forms: &Forms, asks: bool) -> Reading {
        let tight = forms.tight.as_str();
        if tight.is_empty() {
            return Reading::NotAnAnswer;
        }
        let other = explicit(tight).filter(|(round, _)| *round != own);
        let alone = match self {
            Self::Letters(letters) => letters.read(own, forms),
            Self::Number(numbers) => numbers.read(forms),
            Self::Word(words) if words.accepts(tight) => return words.read(forms, asks),
            Self::Word(words) => words.read(forms, asks),
        };
        match other {
            Some((round, letters)) => Reading::Explicit(round, letters, Box::new(alone)),
            None => alone,
        }
    }

    /// The value of letters that a text names for this question's round (P-4).
    pub(super) fn named(&self, letters: &str) -> Option<String> {
        match self {
            Self::Letters(own) => own.value(letters),
            Self::Number(_) | Self::Word(_) => None,
        }
    }
}

impl Letters {
    fn new(question: &Question, normaliser: &Normaliser) -> Self {
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
            kind: question.kind,
            // In a set or a row of ten and more, a run of digits could be cut in several ways.
            digits: question.digits_as_letters
                && !any_numeric
                && (options.len() <= 9
                    || !matches!(question.kind, QuestionKind::Multi | QuestionKind::Ordering)),
            options,
        }
    }

    fn read(&self, own: u16, forms: &Forms) -> Reading {
        let tight = forms.tight.as_str();
        let named = explicit(tight);
        let of_own = named.as_ref().filter(|(round, _)| *round == own);
        let ordering = self.kind == QuestionKind::Ordering;
        // `3ab` names round 3 before it is a set of letters and digits (P-4).
        let alone = || middles(tight).find_map(|middle| self.value(middle));
        let value = if named.is_none() { alone() } else { None };
        let value = value
            .or_else(|| self.by_text(tight).filter(|_| !ordering))
            .or_else(|| self.letter_and_text(tight).filter(|_| !ordering))
            .or_else(|| of_own.and_then(|(_, letters)| self.value(letters)));
        match value {
            Some(value) => Reading::Answer(value),
            None if named.is_some() || self.is_attempt(forms) => Reading::WrongFormat,
            None => Reading::NotAnAnswer,
        }
    }

    /// The value of letters or digits that stand alone, by the kind of question.
    fn value(&self, middle: &str) -> Option<String> {
        match self.kind {
            QuestionKind::Multi => self.set(middle),
            QuestionKind::Ordering => self.row(middle),
            _ => self.one(middle),
        }
    }

    /// P-1, P-2, P-3: one letter or digit, or one letter again and again.
    fn one(&self, middle: &str) -> Option<String> {
        if self.digits && (middle == "10" || middle == "11") {
            let place = if middle == "10" { 9 } else { 10 };
            let (letter, _) = self.options.get(place)?;
            return Some(letter.to_ascii_uppercase().to_string());
        }
        let mut chars = middle.chars();
        let first = chars.next()?;
        let again = !chars.as_str().is_empty();
        let same = chars.all(|c| c == first) && (!again || first.is_ascii_lowercase());
        let letter = self.letter(first).filter(|_| same)?;
        Some(letter.to_string())
    }

    /// P-6: a set of letters, whatever their order and what stands between them.
    fn set(&self, middle: &str) -> Option<String> {
        let written = middle.chars().filter(|c| !" ,和与跟及".contains(*c));
        let mut letters: Vec<char> = written
            .map(|c| self.letter(c))
            .collect::<Option<Vec<char>>>()?;
        letters.sort_unstable();
        letters.dedup();
        (!letters.is_empty()).then(|| letters.iter().collect())
    }

    /// Every letter once, in the fan's order.
    fn row(&self, middle: &str) -> Option<String> {
        let written = middle.chars().filter(|c| !" ,-".contains(*c));
        let letters: Vec<char> = written
            .map(|c| self.letter(c))
            .collect::<Option<Vec<char>>>()?;
        let each_once = self
            .options
            .iter()
            .all(|(option, _)| letters.contains(&option.to_ascii_uppercase()));
        (each_once && letters.len() == self.options.len()).then(|| letters.iter().collect())
    }

    /// The capital letter of the option that a character stands for: its letter, or its place among the
    /// options (P-3).
    fn letter(&self, c: char) -> Option<char> {
        let found = match c {
            '1'..='9' if self.digits => {
                let place = c.to_digit(10)?.checked_sub(1)?;
                self.options.get(usize::try_from(place).ok()?)
            }
            c => self.options.iter().find(|(letter, _)| *letter == c),
        };
        found.map(|(letter, _)| letter.to_ascii_uppercase())
    }

    /// P-1: exactly the text of one option.
    fn by_text(&self, tight: &str) -> Option<String> {
        let mut found = self
            .options
            .iter()
            .filter(|(_, texts)| texts.iter().any(|text| text == tight));
        match (found.next(), found.next()) {
            (Some((letter, _)), None) => Some(letter.to_ascii_uppercase().to_string()),
            _ => None,
        }
    }

    /// P-1: a letter, or the digit that stands for it, with the same option's text.
    fn letter_and_text(&self, tight: &str) -> Option<String> {
        let mut chars = tight.chars();
        let first = self.letter(chars.next()?)?;
        let own = |(letter, _): &&(char, Vec<String>)| letter.to_ascii_uppercase() == first;
        let (_, texts) = self.options.iter().find(own)?;
        let says = texts.iter().any(|text| text == chars.as_str());
        says.then(|| first.to_string())
    }

    /// P-5, P-6: letters of options alone, several numbers alone, a letter with another option's text, or a short
    /// text with a letter in it.
    fn is_attempt(&self, forms: &Forms) -> bool {
        let tight = forms.tight.as_str();
        let is_letter = |c: char| self.options.iter().any(|(letter, _)| *letter == c);
        let letters = middles(tight).any(|m| !m.is_empty() && m.chars().all(is_letter));
        let short = tight.chars().count() <= SHORT;
        let numbers = short && several_numbers(forms);
        let mut chars = tight.chars();
        let begins_with_letter = chars.next().is_some_and(|c| self.letter(c).is_some());
        let mut others = self.options.iter().flat_map(|(_, texts)| texts);
        let with_text = begins_with_letter && others.any(|text| text == chars.as_str());
        let lettered = short && tight.chars().any(|c| c.is_ascii_lowercase());
        letters || numbers || with_text || lettered
    }
}

/// What is left of a text when one lead and one tail, or none, are taken off.
pub(super) fn middles(tight: &str) -> impl Iterator<Item = &str> {
    LEADS.iter().flat_map(move |lead| {
        let rest = tight.strip_prefix(lead);
        TAILS
            .iter()
            .filter_map(move |tail| rest.and_then(|rest| rest.strip_suffix(tail)))
    })
}

/// Whether two or more numbers stand in a text.
pub(super) fn several_numbers(forms: &Forms) -> bool {
    let parts = forms
        .tight
        .split(|c: char| !(c.is_ascii_digit() || c == '.'));
    forms.met_digits || parts.filter(|part| !part.is_empty()).count() > 1
}

/// P-4: `第3题a`, `3a`, `q3b`; for questions with several letters, several.
fn explicit(tight: &str) -> Option<(u16, String)> {
    let (rest, q) = match tight.strip_prefix('q') {
        Some(rest) => (rest, true),
        None => (tight.strip_prefix('第').unwrap_or(tight), false),
    };
    let digits = rest.chars().take_while(char::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let (number, rest) = rest.split_at(digits);
    let letters = if q {
        rest
    } else {
        rest.strip_prefix('题').unwrap_or(rest)
    };
    let of_options = !letters.is_empty() && letters.chars().all(|c| ('a'..='k').contains(&c));
    Some((number.parse().ok()?, letters.to_owned())).filter(|_| of_options)
}
