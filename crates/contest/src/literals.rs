//! Many words looked for at once, in one pass over a text. Never expressions of operators.

use regex::Regex;

/// A set of words.
#[derive(Debug, Clone)]
pub(crate) enum Literals {
    /// One automaton for all of them.
    Together(Regex),
    /// One after the other: none, or more than one automaton may hold.
    Apart(Vec<String>),
}

impl Literals {
    /// Of these words; empty ones are left out.
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Self::Apart(words);
        }
        let escaped: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
        match Regex::new(&escaped.join("|")) {
            Ok(together) => Self::Together(together),
            Err(_) => Self::Apart(words),
        }
    }

    /// Whether one of them stands anywhere in the text.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        match self {
            Self::Together(words) => words.is_match(text),
            Self::Apart(words) => words.iter().any(|word| text.contains(word.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_words_are_in_no_text() {
        assert!(!Literals::new(std::iter::empty()).any_in("a"));
        assert!(!Literals::new([String::new()].into_iter()).any_in("a"));
        assert!(
            Literals::new(["?".to_owned()].into_iter()).any_in("a?"),
            "words, not expressions"
        );
    }

    proptest! {
        #[test]
        fn together_is_one_after_the_other(
            words in prop::collection::vec("[a-c?.吗呢|\\\\(]{1,3}", 1..20), text in "[a-c?.吗呢|\\\\(]{0,12}",
        ) {
            let slow = words.iter().any(|word| text.contains(word.as_str()));
            prop_assert_eq!(Literals::new(words.into_iter()).any_in(&text), slow);
        }
    }
}
