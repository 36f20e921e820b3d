//! Answer grammars (P-1…P-8): what a text says about one question, whatever the time. Never windows.

use crate::normal::Normaliser;
use crate::numeric::Numeric;
use crate::tight::Tight;
use crate::words::{core, explicit};
use campaign::{Question, QuestionKind};

/// Why an attempt has no unique reading (P-5, P-6): a closed set, its names are metric labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrongFormat {
    /// Several different letters for a question that takes one (P-6).
    Multi,
    /// A letter with the text of another option.
    OtherText,
    /// A letter that no option has.
    OutsideLetter,
    /// Two or more numbers.
    SeveralNumbers,
    /// Letters of an ordering are missing or stand twice.
    Incomplete,
    /// It names a round that the campaign has not.
    UnknownRound,
    /// Short, with a letter, and nothing of the above.
    Unclear,
}

impl WrongFormat {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Multi,
        Self::OtherText,
        Self::OutsideLetter,
        Self::SeveralNumbers,
        Self::Incomplete,
        Self::UnknownRound,
        Self::Unclear,
    ];

    /// Its name in records and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Multi => "multi",
            Self::OtherText => "other_text",
            Self::OutsideLetter => "outside_letter",
            Self::SeveralNumbers => "several_numbers",
            Self::Incomplete => "incomplete",
            Self::UnknownRound => "unknown_round",
            Self::Unclear => "unclear",
        }
    }
}

/// What a text says about a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// This value: a capital letter, letters in order, a decimal number, a spelling.
    Answer(String),
    /// An attempt that cannot be read in one way; it is never guessed.
    WrongFormat(WrongFormat),
    /// Something else.
    NotAnAnswer,
}

/// An attempt is at most so many characters of its tight form (P-5).
const ATTEMPT_MAX_CHARS: usize = 12;

/// One question, ready to read answers.
#[derive(Debug, Clone)]
pub(crate) struct Grammar {
    kind: QuestionKind,
    options: Vec<OptionForms>,
    /// Whether digits stand for letters (P-3). Of ten options and more, in a set or a row, `110` would have more than
    /// one reading: there they do not.
    digits: bool,
    numeric: Numeric,
    text: TextForms,
}

/// The tight forms of one option's text.
#[derive(Debug, Clone)]
pub(crate) struct OptionForms {
    /// Lower case.
    pub(crate) letter: char,
    pub(crate) forms: Vec<String>,
}

/// Accepted spellings of a text question, in their tight forms.
#[derive(Debug, Clone)]
struct TextForms {
    value: String,
    forms: Vec<String>,
    contains: bool,
    forgive_one: bool,
    only_key: bool,
    max_chars: usize,
}

/// Whether an answer is one option.
fn is_one_of(kind: QuestionKind) -> bool {
    matches!(kind, QuestionKind::Single | QuestionKind::Poll)
}

impl Grammar {
    pub(crate) fn new(question: &Question, normaliser: &Normaliser) -> Self {
        let tight = |text: &String| normaliser.tight(text).text;
        let options: Vec<OptionForms> = question
            .options
            .iter()
            .map(|choice| OptionForms {
                letter: choice.letter.to_ascii_lowercase(),
                forms: std::iter::once(&choice.text)
                    .chain(&choice.aliases)
                    .map(tight)
                    .collect(),
            })
            .collect();
        let is_number = |form: &String| campaign::scaled_decimal(form).is_some();
        let numeric_text = options
            .iter()
            .flat_map(|option| &option.forms)
            .any(is_number);
        Self {
            kind: question.kind,
            digits: question.digits_as_letters
                && !numeric_text
                && (options.len() < 10 || is_one_of(question.kind)),
            options,
            numeric: Numeric::new(&question.units, normaliser),
            text: TextForms {
                value: question.key.first().cloned().unwrap_or_default(),
                forms: question.key.iter().map(tight).collect(),
                contains: question.contains,
                forgive_one: question.forgive_one,
                only_key: question.only_key,
                max_chars: question.max_chars,
            },
        }
    }

    /// The forms of the options, for the lint.
    pub(crate) fn options(&self) -> &[OptionForms] {
        &self.options
    }

    /// Reads a text for the question of round `own`. `asks` tells whether the text is a question to
    /// people, which a free-text answer is not.
    pub(crate) fn read(&self, own: u16, tight: &Tight, asks: impl FnOnce() -> bool) -> Reading {
        if tight.text.is_empty() {
            return Reading::NotAnAnswer;
        }
        match self.kind {
            QuestionKind::Single
            | QuestionKind::Poll
            | QuestionKind::Multi
            | QuestionKind::Ordering => self.choice(own, tight),
            QuestionKind::Numeric => self.numeric.read(tight),
            QuestionKind::Text => self.text.read(&tight.text, asks),
        }
    }

    /// Whether a text that names another round may still be read for this one: questions with letters know
    /// themselves what it is then; of the others only an accepted spelling may (P-4).
    pub(crate) fn keeps(&self, tight: &Tight) -> bool {
        match self.kind {
            QuestionKind::Numeric => false,
            QuestionKind::Text => self.text.accepts(&tight.text),
            _ => true,
        }
    }

    /// Whether the letters of an explicit round are an answer to this question.
    pub(crate) fn letters(&self, letters: &str) -> Option<String> {
        match self.kind {
            QuestionKind::Single | QuestionKind::Poll => self.one_letter(letters),
            QuestionKind::Multi => self.many_letters(letters),
            QuestionKind::Ordering => self.row_of_letters(letters),
            QuestionKind::Numeric | QuestionKind::Text => None,
        }
    }

    fn choice(&self, own: u16, tight: &Tight) -> Reading {
        let text = tight.text.as_str();
        let middle = core(text);
        let named = explicit(text);
        // `3ab` names round 3 before it is a set of letters and digits (P-4).
        if let Some(value) = self.letters(middle).filter(|_| named.is_none()) {
            return Reading::Answer(value);
        }
        // One option says nothing about a row of all of them.
        if self.kind != QuestionKind::Ordering {
            if let Some(option) = self.options.iter().find(|option| option.says(text)) {
                return Reading::Answer(upper(option.letter));
            }
            if let Some(reading) = self.letter_with_text(text) {
                return reading;
            }
        }
        match named {
            Some((number, _)) if number != own => Reading::NotAnAnswer,
            Some((_, letters)) => match self.letters(letters) {
                Some(value) => Reading::Answer(value),
                None => Reading::WrongFormat(self.why(tight, letters)),
            },
            None if self.looks_like_an_attempt(tight, middle) => {
                Reading::WrongFormat(self.why(tight, text))
            }
            None => Reading::NotAnAnswer,
        }
    }

    /// P-1, P-2, P-3: one letter, the same letter again and again, or its number.
    fn one_letter(&self, middle: &str) -> Option<String> {
        if let Some(tens) = middle.strip_prefix('1').filter(|_| self.digits)
            && let Ok(ones) = tens.parse::<usize>()
            && let (1, Some(option)) = (tens.len(), self.options.get(9 + ones))
        {
            return Some(upper(option.letter));
        }
        let mut chars = middle.chars();
        let first = chars.next()?;
        let mut again = false;
        for c in chars {
            if c != first {
                return None;
            }
            again = true;
        }
        let option = self.option_of(first)?;
        (!again || first.is_ascii_lowercase()).then(|| upper(option.letter))
    }

    /// P-6: a set of letters or digits; order, repetition and separators are ignored.
    fn many_letters(&self, middle: &str) -> Option<String> {
        let mut letters = Vec::new();
        for c in middle
            .chars()
            .filter(|c| !matches!(c, ' ' | ',' | '和' | '与' | '跟' | '及'))
        {
            letters.push(self.option_of(c)?.letter);
        }
        letters.sort_unstable();
        letters.dedup();
        (!letters.is_empty()).then(|| {
            letters
                .into_iter()
                .map(|c| c.to_ascii_uppercase())
                .collect()
        })
    }

    /// Every letter or digit once, in the fan's order; separators are ignored.
    fn row_of_letters(&self, middle: &str) -> Option<String> {
        let mut row = String::with_capacity(self.options.len());
        for c in middle.chars().filter(|c| !matches!(c, ' ' | ',' | '-')) {
            let letter = self.option_of(c)?.letter.to_ascii_uppercase();
            if row.contains(letter) {
                return None;
            }
            row.push(letter);
        }
        (row.len() == self.options.len()).then_some(row)
    }

    /// The option of a letter or, where digits stand for letters, of a digit.
    fn option_of(&self, c: char) -> Option<&OptionForms> {
        if c.is_ascii_lowercase() {
            return self.options.iter().find(|option| option.letter == c);
        }
        let digit = c.to_digit(10).filter(|_| self.digits)?;
        self.options
            .get(usize::try_from(digit).ok()?.checked_sub(1)?)
    }

    /// A letter followed by an option's text: its own is an answer, another's is none.
    fn letter_with_text(&self, text: &str) -> Option<Reading> {
        let first = text.chars().next()?;
        let option = self.option_of(first)?;
        let rest = &text[first.len_utf8()..];
        if option.says(rest) {
            return Some(Reading::Answer(upper(option.letter)));
        }
        let other = self.options.iter().any(|other| other.says(rest));
        other.then_some(Reading::WrongFormat(WrongFormat::OtherText))
    }

    /// P-5: at most twelve characters with a letter or several numbers; or, of any length, nothing but
    /// letters of the options.
    fn looks_like_an_attempt(&self, tight: &Tight, middle: &str) -> bool {
        let short = tight.text.chars().nth(ATTEMPT_MAX_CHARS).is_none();
        let letter = tight.text.bytes().any(|byte| byte.is_ascii_lowercase());
        if short && (letter || crate::numeric::several(tight)) {
            return true;
        }
        let of_option = |c: char| c.is_ascii_lowercase() && self.option_of(c).is_some();
        !middle.is_empty() && middle.chars().all(of_option)
    }

    fn why(&self, tight: &Tight, attempt: &str) -> WrongFormat {
        let mut letters = attempt.chars().filter(char::is_ascii_lowercase).peekable();
        let Some(first) = letters.peek().copied() else {
            return if crate::numeric::several(tight) {
                WrongFormat::SeveralNumbers
            } else {
                WrongFormat::Unclear
            };
        };
        let mut different = false;
        for letter in letters {
            if self.option_of(letter).is_none() {
                return WrongFormat::OutsideLetter;
            }
            different |= letter != first;
        }
        if self.kind == QuestionKind::Ordering {
            WrongFormat::Incomplete
        } else if different {
            WrongFormat::Multi
        } else {
            WrongFormat::Unclear
        }
    }
}

impl OptionForms {
    fn says(&self, text: &str) -> bool {
        self.forms.iter().any(|form| form == text)
    }
}

impl TextForms {
    fn accepts(&self, text: &str) -> bool {
        self.forms.iter().any(|form| {
            let length = form.chars().count();
            form == text
                || (self.forgive_one && length >= 6 && within_one(form, text))
                || (self.contains
                    && text.contains(form.as_str())
                    && text.chars().count() <= 2 * length + 6)
        })
    }

    /// P-8.
    fn read(&self, text: &str, asks: impl FnOnce() -> bool) -> Reading {
        if self.accepts(text) {
            return Reading::Answer(self.value.clone());
        }
        if self.only_key || text.chars().nth(self.max_chars).is_some() || asks() {
            return Reading::NotAnAnswer;
        }
        Reading::Answer(text.to_owned())
    }
}

/// Whether one inserted, deleted or changed character makes one text of the other.
fn within_one(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[head..], &other[head..]);
    let tail = one
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    one.len() - tail <= 1 && other.len() - tail <= 1
}

fn upper(letter: char) -> String {
    letter.to_ascii_uppercase().to_string()
}
