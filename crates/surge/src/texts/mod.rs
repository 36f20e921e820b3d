//! What fans write: the corpora of the traffic model, with the options of a campaign's questions put in.
//!
//! A text is a function of its draws. What the server will make of it is never considered here: the
//! oracle reads the finished bodies.

mod answers;
mod kinds;
mod talk;

use crate::mix::Draws;
use campaign::Campaign;
use std::collections::BTreeMap;

pub use answers::Asked;

const STEMS: &str = include_str!("../../data/stems.txt");
const SLOTS: &str = include_str!("../../data/slots.txt");
const CHATTER: &str = include_str!("../../data/chatter.txt");
const EMOTICONS: &str = include_str!("../../data/emoticons.txt");
const TYPOS: &str = include_str!("../../data/typos.tsv");
const TRADITIONAL: &str = include_str!("../../data/traditional.tsv");

/// Why texts cannot be made for a campaign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "round {round} of the campaign has no question with two to eleven answers: the profile needs one"
)]
pub struct NoOptions {
    /// The round.
    pub round: u16,
}

/// All corpora, ready to draw from.
#[derive(Debug, Clone)]
pub struct Corpus {
    asked: Vec<Asked>,
    stems: Vec<&'static str>,
    slots: Vec<&'static str>,
    chatter: Vec<&'static str>,
    emoticons: Vec<&'static str>,
    typos: Vec<(&'static str, &'static str)>,
    traditional: BTreeMap<char, char>,
}

impl Corpus {
    /// The corpora with the options of the campaign's rounds.
    ///
    /// # Errors
    /// [`NoOptions`] when a round asks what has fewer than two answers.
    pub fn new(campaign: &Campaign) -> Result<Self, NoOptions> {
        let traditional: BTreeMap<char, char> = pairs(TRADITIONAL)
            .filter_map(|(from, to)| Some((from.chars().next()?, to.chars().next()?)))
            .collect();
        let asked = campaign
            .rounds
            .iter()
            .map(|round| Asked::new(round, &traditional));
        Ok(Self {
            asked: asked.collect::<Result<_, _>>()?,
            stems: STEMS.lines().collect(),
            slots: SLOTS.lines().collect(),
            chatter: CHATTER.lines().collect(),
            emoticons: EMOTICONS.lines().collect(),
            typos: pairs(TYPOS).collect(),
            traditional,
        })
    }

    /// What was asked in each round, in order.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// The text in traditional characters.
    fn in_traditional(&self, text: &str) -> String {
        traditional(text, &self.traditional)
    }
}

/// The text in traditional characters, one by one; not more than an input method would do.
fn traditional(text: &str, table: &BTreeMap<char, char>) -> String {
    text.chars()
        .map(|c| table.get(&c).copied().unwrap_or(c))
        .collect()
}

/// The lines of a table with two columns.
fn pairs(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once('\t'))
}

/// One of a table of texts; the empty text of an empty table.
fn one(table: &[&'static str], draws: &mut Draws) -> &'static str {
    draws.of(table).copied().unwrap_or_default()
}

/// One of a few spellings.
fn pick(draws: &mut Draws, spellings: &[&str]) -> String {
    draws.of(spellings).copied().unwrap_or_default().to_owned()
}
