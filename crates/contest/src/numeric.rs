//! Reading one number out of a text (P-7). Never guessing between two.

use crate::grammar::{Reading, WrongFormat};
use crate::normal::Normaliser;
use crate::tight::Tight;
use crate::words::core;

const ATTEMPT_MAX_CHARS: usize = 12;

/// The units of a numeric question, in their tight forms, longest first.
#[derive(Debug, Clone)]
pub(crate) struct Numeric {
    units: Vec<String>,
}

impl Numeric {
    pub(crate) fn new(units: &[String], normaliser: &Normaliser) -> Self {
        let mut units: Vec<String> = units
            .iter()
            .map(|unit| normaliser.tight(unit).text)
            .collect();
        units.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Self { units }
    }

    /// One number with its unit, and nothing else but what may stand around an answer.
    pub(crate) fn read(&self, tight: &Tight) -> Reading {
        let number = Normaliser::without_unit(core(&tight.text), &self.units);
        if !tight.joined_digits
            && let Some(value) = campaign::scaled_decimal(&number)
        {
            return Reading::Answer(campaign::plain_decimal(value));
        }
        let short = tight.text.chars().nth(ATTEMPT_MAX_CHARS).is_none();
        if short && several(tight) {
            return Reading::WrongFormat(WrongFormat::SeveralNumbers);
        }
        if short
            && tight
                .text
                .bytes()
                .any(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        {
            return Reading::WrongFormat(WrongFormat::Unclear);
        }
        Reading::NotAnAnswer
    }
}

/// Whether two or more numbers stand in a text.
pub(crate) fn several(tight: &Tight) -> bool {
    let of_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut numbers = tight
        .text
        .split(|c: char| !of_number(c))
        .filter(|part| !part.is_empty());
    tight.joined_digits || numbers.nth(1).is_some()
}
