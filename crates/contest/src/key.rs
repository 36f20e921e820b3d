//! What is right (P-6, P-7, P-8): a question's key made ready, held against values of answers. Never texts.

use campaign::{Question, QuestionKind, plain_decimal, scaled_decimal};
use std::borrow::Cow;

/// A question's key, ready to be asked for millions of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Any of these letters.
    AnyOf(Vec<String>),
    /// Exactly this set of letters, as bits from A.
    Letters(u32),
    /// Within the tolerance of any of these, in 1/10 000.
    Numbers(Vec<i64>, i64),
    /// This value.
    Exactly(String),
    /// Nothing is right: a poll.
    Nothing,
}

impl Key {
    /// The key of a question.
    #[must_use]
    pub fn new(question: &Question) -> Self {
        match question.kind {
            QuestionKind::Single => Self::AnyOf(question.key.clone()),
            QuestionKind::Multi => Self::Letters(bits(&question.key.concat())),
            QuestionKind::Numeric => Self::Numbers(
                question
                    .key
                    .iter()
                    .filter_map(|key| scaled_decimal(key))
                    .collect(),
                question.tolerance,
            ),
            QuestionKind::Text => Self::Exactly(question.key.first().cloned().unwrap_or_default()),
            QuestionKind::Ordering => Self::Exactly(question.key.concat()),
            QuestionKind::Poll => Self::Nothing,
        }
    }

    /// Whether the value of an answer is right.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::AnyOf(letters) => letters.iter().any(|letter| letter == value),
            Self::Letters(set) => bits(value) == *set,
            Self::Numbers(keys, tolerance) => scaled_decimal(value)
                .is_some_and(|value| keys.iter().any(|key| is_near(*key, value, *tolerance))),
            Self::Exactly(key) => key == value,
            Self::Nothing => false,
        }
    }
}

/// Whether the value of an answer is right. For many values, make a [`Key`] once.
#[must_use]
pub fn is_right(question: &Question, value: &str) -> bool {
    Key::new(question).accepts(value)
}

/// The name under which the totals of a round count an answer with this value; `None` has none. Only what the campaign
/// file names has one, so that totals have a bound, however many different answers fans think of: the letters of
/// the options, and sets of them, of which eleven options make 2,047; of numbers, texts and rows, of which fans make as
/// many as they like, the first key that accepts the value. It asks nothing but question and value (V-3).
#[must_use]
pub fn counted_as<'a>(question: &'a Question, value: &'a str) -> Option<Cow<'a, str>> {
    match question.kind {
        QuestionKind::Single | QuestionKind::Poll | QuestionKind::Multi => {
            Some(Cow::Borrowed(value))
        }
        QuestionKind::Numeric => {
            let given = scaled_decimal(value)?;
            let mut keys = question.key.iter().filter_map(|key| scaled_decimal(key));
            let key = keys.find(|key| is_near(*key, given, question.tolerance))?;
            Some(Cow::Owned(plain_decimal(key)))
        }
        QuestionKind::Text => {
            let key = question.key.first().filter(|key| *key == value);
            key.map(|key| Cow::Borrowed(key.as_str()))
        }
        QuestionKind::Ordering => (question.key.concat() == value).then_some(Cow::Borrowed(value)),
    }
}

/// Whether a number is a key or within its tolerance (P-7), all in 1/10 000.
fn is_near(key: i64, value: i64, tolerance: i64) -> bool {
    let difference = i128::from(key) - i128::from(value);
    difference.abs() <= i128::from(tolerance)
}

/// A set of letters A…Z in either case; anything else is a bit that no key has.
fn bits(letters: &str) -> u32 {
    letters.bytes().fold(0, |set, byte| {
        let place = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            _ => 31,
        };
        set | 1 << place
    })
}
