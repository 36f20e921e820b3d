//! A question as the operator writes it: kind, options, key, policy. Never how a fan's text is read.

/// What a fan's answer to a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// One letter of the options.
    Single,
    /// A set of letters, in any order.
    Multi,
    /// One number.
    Numeric,
    /// A word or name.
    Text,
    /// Every letter of the options once, in the right order.
    Ordering,
    /// One letter of the options, none of which is right.
    Poll,
}

impl QuestionKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Single,
        Self::Multi,
        Self::Numeric,
        Self::Text,
        Self::Ordering,
        Self::Poll,
    ];

    /// Whether its answers are letters of options.
    #[must_use]
    pub fn has_options(self) -> bool {
        !matches!(self, Self::Numeric | Self::Text)
    }

    /// Its name in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multi => "multi",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Ordering => "ordering",
            Self::Poll => "poll",
        }
    }
}

/// Which of a fan's answers counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerPolicy {
    /// The first in the order of Q-9.
    First,
    /// The last in the order of Q-9.
    Last,
    /// The best of so many.
    BestOf(u8),
}

/// One option of a single- or multi-choice question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its letter, upper case, `A`…`K`.
    pub letter: char,
    /// What it says.
    pub text: String,
    /// Other spellings of what it says.
    pub aliases: Vec<String>,
    /// Line of the option in the file.
    pub line: usize,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What an answer is.
    pub kind: QuestionKind,
    /// The options in the order of their letters; empty for `Numeric` and `Text`.
    pub options: Vec<Choice>,
    /// What is right: letters (several letters of a single-choice question are all right; those of a
    /// multi-choice question are one set; those of an ordering one row), decimal numbers, or accepted
    /// spellings. The first spelling of a text question is the value of an answer that is right. Empty
    /// for a poll.
    pub key: Vec<String>,
    /// Which answer counts.
    pub policy: AnswerPolicy,
    /// Points of a right answer at once.
    pub points: u32,
    /// Whether the platform's recognition of a voice message is an answer (P-9).
    pub accept_voice: bool,
    /// Whether `1`…`k` stand for letters when no option text is numeric (P-3).
    pub digits_as_letters: bool,
    /// Units that are removed before a number is read (P-7, N-table).
    pub units: Vec<String>,
    /// How far a number may be from the key, inclusive, in 1/10 000 (P-7).
    pub tolerance: i64,
    /// Whether a text that contains exactly one accepted spelling is an answer (P-8).
    pub contains: bool,
    /// Whether one wrong character is forgiven in spellings of six and more characters (P-8).
    pub forgive_one: bool,
    /// Whether only an accepted spelling is an answer, and any other text is none: a keyword round (P-8).
    pub only_key: bool,
    /// Longest text, in characters of its tight form, that is an answer to a text question.
    pub max_chars: usize,
    /// Line of the question in the file.
    pub line: usize,
}

impl Question {
    /// The option with this letter, in either case.
    #[must_use]
    pub fn option(&self, letter: char) -> Option<&Choice> {
        self.options
            .iter()
            .find(|choice| choice.letter == letter.to_ascii_uppercase())
    }

    /// Most bytes that a value of an answer to this question can have.
    #[must_use]
    pub fn answer_max_bytes(&self) -> usize {
        match self.kind {
            QuestionKind::Single | QuestionKind::Poll => 1,
            QuestionKind::Multi | QuestionKind::Ordering => self.options.len(),
            // sign, fourteen digits, point, four digits
            QuestionKind::Numeric => 20,
            QuestionKind::Text => {
                let longest = self.key.iter().map(String::len).max().unwrap_or(0);
                longest.max(self.max_chars.saturating_mul(4))
            }
        }
    }
}
