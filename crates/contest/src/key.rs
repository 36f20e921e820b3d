//! What is right (P-6, P-7, P-8): a question's key made ready, held against values of answers. Never texts.

use campaign::{Question, QuestionKind};

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
                    .filter_map(|key| campaign::scaled_decimal(key))
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
            Self::Numbers(keys, tolerance) => {
                campaign::scaled_decimal(value).is_some_and(|value| {
                    let near = |key: &i64| {
                        let difference = i128::from(*key) - i128::from(value);
                        difference.abs() <= i128::from(*tolerance)
                    };
                    keys.iter().any(near)
                })
            }
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
