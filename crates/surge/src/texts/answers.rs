//! Spellings of joins, answers and wrong formats.

use super::kinds::Several;
use super::{Corpus, NoOptions, pick, traditional};
use crate::mix::Draws;
use campaign::{QuestionKind, Round};
use std::collections::BTreeMap;

/// A round's question, as far as fans' texts need it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Number of the round.
    pub number: u16,
    /// Its options in order.
    options: Vec<Offered>,
    /// Answers that are no single letter, in the place of options.
    several: Option<Several>,
    /// Place of the right option.
    pub right: usize,
}

/// One option.
#[derive(Debug, Clone)]
struct Offered {
    letter: char,
    text: String,
    /// The text in traditional characters.
    traditional: String,
}

impl Asked {
    /// Takes what is needed from a round.
    ///
    /// # Errors
    /// [`NoOptions`] when fans could not choose between two answers at least.
    pub(super) fn new(round: &Round, table: &BTreeMap<char, char>) -> Result<Self, NoOptions> {
        let question = &round.question;
        let options: Vec<Offered> = question
            .options
            .iter()
            .map(|choice| Offered {
                letter: choice.letter,
                text: choice.text.clone(),
                traditional: traditional(&choice.text, table),
            })
            .collect();
        let several = Several::new(question, table);
        let key = question
            .key
            .first()
            .and_then(|letter| letter.chars().next());
        let right = match question.kind {
            QuestionKind::Single => options.iter().position(|o| Some(o.letter) == key),
            // Nothing is right in a poll: fans agree on the first. Other kinds have what is right first.
            _ => Some(0),
        };
        let of_letters = matches!(question.kind, QuestionKind::Single | QuestionKind::Poll);
        let enough = several.is_some() || (of_letters && (2..=11).contains(&options.len()));
        match right.filter(|_| enough) {
            Some(right) => Ok(Self {
                number: round.number,
                options,
                several,
                right,
            }),
            None => Err(NoOptions {
                round: round.number,
            }),
        }
    }

    /// How many answers there are to choose from, 2 to 11.
    #[must_use]
    pub fn options(&self) -> usize {
        let several = self.several.as_ref().map(Several::places);
        several.unwrap_or(self.options.len())
    }

    fn option(&self, place: usize) -> &Offered {
        // Two options at least, by construction.
        &self.options[place % self.options.len()]
    }
}

/// Weights per mille of the spellings of GO, in the order of [`Corpus::go`].
const GO: [u16; 11] = [520, 220, 100, 30, 40, 40, 15, 15, 10, 5, 5];
/// Weights per mille of the spellings of an answer, in the order of [`Corpus::answer`].
const ANSWER: [u16; 14] = [380, 250, 60, 70, 60, 40, 30, 20, 20, 15, 25, 15, 5, 10];
/// Weights per mille of the sorts of wrong format, in the order of [`Corpus::wrong_format`].
const WRONG: [u16; 7] = [300, 200, 100, 150, 150, 80, 20];

impl Corpus {
    /// A way to write GO. One of them, `狗`, sounds like it and does not join.
    pub fn go(&self, draws: &mut Draws) -> String {
        match draws.weighted(&GO) {
            0 => "GO".to_owned(),
            1 => "go".to_owned(),
            2 => "Go".to_owned(),
            3 => "ＧＯ".to_owned(),
            4 => pick(draws, &["GO!", "go！"]),
            5 => "GOGOGO".to_owned(),
            6 => "gooooo".to_owned(),
            7 => " G O ".to_owned(),
            8 => "我要GO".to_owned(),
            9 => "GO小米".to_owned(),
            _ => "狗".to_owned(),
        }
    }

    /// A way to write the option at `place` of the round at `round`, both counted from 0.
    pub fn answer(&self, round: usize, place: usize, draws: &mut Draws) -> String {
        let Some(asked) = self.asked.get(round) else {
            return String::new();
        };
        if let Some(several) = &asked.several {
            return several.answer(asked.number, place, draws);
        }
        let option = asked.option(place);
        let (upper, lower) = (option.letter, option.letter.to_ascii_lowercase());
        let wide = wide(upper);
        match draws.weighted(&ANSWER) {
            0 => upper.to_string(),
            1 => lower.to_string(),
            2 => wide.to_string(),
            3 => format!("{upper}{}", pick(draws, &[".", "。", "、"])),
            4 => format!("选{upper}"),
            5 => format!("答案{upper}"),
            6 => format!("我选{lower}"),
            7 if draws.hits(500) => format!("({upper})"),
            7 => format!("（{wide}）"),
            8 => upper.to_string().repeat(4),
            9 => (place + 1).to_string(),
            10 => option.text.clone(),
            11 => format!("{upper}{}", option.text),
            12 => option.traditional.clone(),
            _ => {
                // A few name the wrong round: a slip of memory or a late tap.
                let slip = if draws.hits(100) { draws.below(3) } else { 1 };
                let number = u64::from(asked.number)
                    .saturating_add(slip)
                    .saturating_sub(1)
                    .max(1);
                format!("第{number}题{upper}")
            }
        }
    }

    /// A text that tries to answer and cannot be read in one way.
    pub fn wrong_format(&self, round: usize, draws: &mut Draws) -> String {
        let Some(asked) = self.asked.get(round) else {
            return String::new();
        };
        if let Some(several) = &asked.several {
            return several.wrong_format(draws);
        }
        let count = asked.options() as u64;
        let place = draws.below(count) as usize;
        let other = (place + 1 + draws.below(count - 1) as usize) % asked.options();
        let (one, two) = (asked.option(place), asked.option(other));
        match draws.weighted(&WRONG) {
            0 => format!("{}{}", one.letter, two.letter),
            1 => format!("{}或{}", one.letter, two.letter),
            2 => asked.options.iter().map(|option| option.letter).collect(),
            3 => beyond(asked.options()).to_string(),
            4 => format!("{} {}", one.letter, two.text),
            5 => format!("{} {}", place + 1, other + 1),
            _ => {
                let paste = asked
                    .options
                    .iter()
                    .map(|o| format!("{}.{} ", o.letter, o.text));
                paste
                    .collect::<String>()
                    .chars()
                    .cycle()
                    .take(300)
                    .collect()
            }
        }
    }
}

/// The first letter outside the options.
fn beyond(options: usize) -> char {
    char::from(
        b'A'.saturating_add(u8::try_from(options).unwrap_or(u8::MAX))
            .min(b'Z'),
    )
}

/// A Latin capital in full width.
pub(super) fn wide(letter: char) -> char {
    char::from_u32(u32::from(letter) + 0xFEE0).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_the_spellings_are_per_mille() {
        for weights in [&GO[..], &ANSWER[..], &WRONG[..]] {
            assert_eq!(weights.iter().map(|&w| u32::from(w)).sum::<u32>(), 1000);
        }
    }

    #[test]
    fn letters_widen_and_run_beyond_the_options() {
        assert_eq!(wide('A'), 'Ａ');
        assert_eq!(beyond(4), 'E');
        assert_eq!(beyond(1000), 'Z');
    }
}
