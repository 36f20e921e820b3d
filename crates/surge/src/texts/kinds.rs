//! Spellings of answers that are no single letter: sets and rows of letters, numbers, words; and attempts at them
//! that have no reading.

use super::traditional;
use crate::mix::Draws;
use campaign::{Question, QuestionKind};
use std::collections::BTreeMap;

/// Words that are no answer to any question of the profiles, but answers to a free-text one.
const OTHER_WORDS: [&str; 3] = ["红米", "不知道", "雷军"];
/// Weights per mille of the spellings of letters, in the order of [`Several::letters`].
const LETTERS: [u16; 9] = [400, 250, 80, 80, 60, 50, 40, 20, 20];
/// Weights per mille of the spellings of a number, in the order of [`Several::number`].
const NUMBER: [u16; 8] = [500, 180, 80, 80, 60, 40, 40, 20];
/// Weights per mille of the spellings of a word, in the order of [`Several::word`].
const WORD: [u16; 7] = [560, 120, 100, 80, 60, 40, 40];

/// A question whose answers are not one letter: its right answer, and wrong ones, by place.
#[derive(Debug, Clone)]
pub(super) struct Several {
    kind: QuestionKind,
    /// What is at each place; the right one first.
    answers: Vec<String>,
    /// Further spellings of the right one.
    aliases: Vec<String>,
    /// Letters of the options in order.
    letters: String,
    unit: String,
    simplified: BTreeMap<char, char>,
}

impl Several {
    /// The answers of a question; `None` when its answers are single letters, or it has fewer than two.
    pub(super) fn new(question: &Question, simplified: &BTreeMap<char, char>) -> Option<Self> {
        let letters: String = question
            .options
            .iter()
            .map(|option| option.letter)
            .collect();
        let key = question.key.concat();
        let mut answers = match question.kind {
            QuestionKind::Single | QuestionKind::Poll => return None,
            QuestionKind::Multi => {
                let others = letters.chars().filter(|c| !key.contains(*c)).collect();
                let some = key.chars().take(1).collect();
                vec![key, letters.clone(), others, some]
            }
            QuestionKind::Ordering => {
                let turned = key.chars().cycle().skip(1).take(key.len()).collect();
                let back = key.chars().rev().collect();
                vec![key, back, turned]
            }
            QuestionKind::Numeric => {
                let key = question.key.first()?.clone();
                let digits: String = key.chars().filter(char::is_ascii_digit).collect();
                vec![
                    key.clone(),
                    format!("{key}9"),
                    format!("1{key}"),
                    digits + "0",
                ]
            }
            QuestionKind::Text => {
                let others = OTHER_WORDS.iter().map(|word| (*word).to_owned());
                question
                    .key
                    .first()
                    .cloned()
                    .into_iter()
                    .chain(others)
                    .collect()
            }
        };
        answers.retain(|answer| !answer.is_empty());
        let mut seen = Vec::new();
        answers.retain(|answer| {
            let new = !seen.contains(answer);
            seen.push(answer.clone());
            new
        });
        (answers.len() >= 2).then(|| Self {
            kind: question.kind,
            answers,
            aliases: question.key.iter().skip(1).cloned().collect(),
            letters,
            unit: question.units.first().cloned().unwrap_or_default(),
            simplified: simplified.clone(),
        })
    }

    /// How many different answers fans give.
    pub(super) fn places(&self) -> usize {
        self.answers.len()
    }

    /// A way to write the answer at a place, to round `number`.
    pub(super) fn answer(&self, number: u16, place: usize, draws: &mut Draws) -> String {
        let place = place % self.answers.len();
        let answer = self.answers[place].as_str();
        match self.kind {
            QuestionKind::Numeric => self.number(answer, draws),
            QuestionKind::Text => self.word(answer, place == 0, draws),
            _ => self.letters(number, answer, draws),
        }
    }

    /// Letters with and without what people put between and around them.
    fn letters(&self, number: u16, answer: &str, draws: &mut Draws) -> String {
        let joined = |between: &str| {
            let each: Vec<String> = answer.chars().map(String::from).collect();
            each.join(between)
        };
        let place = |c: char| self.letters.find(c).map_or(0, |place| place + 1);
        match draws.weighted(&LETTERS) {
            0 => answer.to_owned(),
            1 => answer.to_lowercase(),
            2 => joined(" "),
            3 => joined(pick_one(draws, &["，", "、", ",", "-"])),
            4 => format!("选{answer}"),
            5 => format!("答案{answer}。"),
            6 => answer.chars().map(super::answers::wide).collect(),
            7 => answer.chars().map(|c| place(c).to_string()).collect(),
            _ => format!("第{number}题{answer}"),
        }
    }

    fn number(&self, answer: &str, draws: &mut Draws) -> String {
        let unit = &self.unit;
        match draws.weighted(&NUMBER) {
            0 => answer.to_owned(),
            1 => format!("{answer}{unit}"),
            2 => wide_number(answer),
            3 => format!("答案{answer}"),
            4 => format!("应该是{answer}{unit}吧"),
            5 => chinese(answer).unwrap_or_else(|| answer.to_owned()),
            6 => thousands(answer),
            _ if answer.contains('.') => format!("{answer}0"),
            _ => format!("{answer}.00"),
        }
    }

    fn word(&self, answer: &str, right: bool, draws: &mut Draws) -> String {
        let alias = draws.of(&self.aliases).filter(|_| right);
        match draws.weighted(&WORD) {
            0 => answer.to_owned(),
            1 => format!("{answer}！"),
            2 => alias.map_or(answer, String::as_str).to_owned(),
            3 => traditional(answer, &self.simplified),
            4 => format!(" {answer}。"),
            5 => alias.map_or(answer, String::as_str).to_uppercase(),
            _ => answer.chars().map(|c| format!("{c} ")).collect(),
        }
    }

    /// An attempt that cannot be read in one way.
    pub(super) fn wrong_format(&self, draws: &mut Draws) -> String {
        let first = self.letters.chars().next().unwrap_or('A');
        let last = self.letters.chars().last().unwrap_or('B');
        match (self.kind, draws.below(4)) {
            (QuestionKind::Multi | QuestionKind::Ordering, 0) => format!("{first}或{last}"),
            (QuestionKind::Multi | QuestionKind::Ordering, 1) => "X".to_owned(),
            (QuestionKind::Multi, _) => format!("{first}Z"),
            (QuestionKind::Ordering, 2) => format!("{last}{last}"),
            (QuestionKind::Ordering, _) => self.letters.chars().skip(1).collect(),
            (QuestionKind::Numeric, 0) => "1999 1998".to_owned(),
            (QuestionKind::Numeric, 1) => "12或13".to_owned(),
            (QuestionKind::Numeric, 2) => "A".to_owned(),
            (QuestionKind::Numeric, _) => "1,99,9".to_owned(),
            // A free text has none: what is too long is nothing.
            _ => "我觉得吧这个答案呀我再想一想好不好".repeat(4),
        }
    }
}

/// One of a few spellings.
fn pick_one<'t>(draws: &mut Draws, table: &[&'t str]) -> &'t str {
    draws.of(table).copied().unwrap_or_default()
}

/// Digits in full width.
fn wide_number(number: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c);
    number.chars().map(wide).collect()
}

/// A whole number of four digits with a comma.
fn thousands(number: &str) -> String {
    match number.len() {
        4 if number.chars().all(|c| c.is_ascii_digit()) => {
            let (head, tail) = number.split_at(1);
            format!("{head},{tail}")
        }
        _ => number.to_owned(),
    }
}

/// A whole number without zeros, of at most four digits, in Chinese numerals.
fn chinese(number: &str) -> Option<String> {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    const UNITS: [&str; 4] = ["", "十", "百", "千"];
    let mut out = String::new();
    for (place, c) in number.chars().enumerate() {
        let unit = UNITS.get(number.len() - 1 - place)?;
        let digit = usize::try_from(c.to_digit(10).filter(|digit| *digit > 0)?).ok()?;
        out.push(*DIGITS.get(digit)?);
        out.push_str(unit);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_the_spellings_are_per_mille() {
        for weights in [&LETTERS[..], &NUMBER[..], &WORD[..]] {
            assert_eq!(weights.iter().map(|&w| u32::from(w)).sum::<u32>(), 1000);
        }
    }

    #[test]
    fn numbers_have_other_spellings() {
        assert_eq!(chinese("1999").as_deref(), Some("一千九百九十九"));
        assert_eq!(chinese("4.3"), None);
        assert_eq!(
            (thousands("1999").as_str(), thousands("4.3").as_str()),
            ("1,999", "4.3")
        );
        assert_eq!(wide_number("4.3"), "４．３");
    }
}
