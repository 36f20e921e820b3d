//! All standings of a round: shares of partitions merged, whatever their order, chunks and repetitions
//! (V-3, V-4), and the two published files. Never who wins.

use crate::draw::hash;
use crate::entrant::EntrantCode;
use crate::standing::Standing;
use std::fmt;

/// The standings of a round by entrant code, one for each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field<'a> {
    standings: Vec<Standing<'a>>,
}

/// Why standings do not make a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Torn {
    /// Two shares say different things of one fan: they were not computed from one log.
    Differing(EntrantCode),
    /// A line that no standing writes, by its number from 1.
    Line(usize),
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differing(code) => write!(
                f,
                "two shares differ about entrant {code}; they are not of one log and one version"
            ),
            Self::Line(number) => write!(f, "line {number} is no canonical standing"),
        }
    }
}

impl std::error::Error for Torn {}

impl<'a> Field<'a> {
    /// Of standings in any order; the same standing may come many times.
    ///
    /// # Errors
    /// [`Torn::Differing`] when two standings of one fan are not equal.
    pub fn new(mut standings: Vec<Standing<'a>>) -> Result<Self, Torn> {
        standings.sort_unstable_by_key(|standing| standing.code);
        let mut torn = None;
        standings.dedup_by(|next, kept| {
            let same_fan = next.code == kept.code;
            if same_fan && next != kept {
                torn = Some(next.code);
            }
            same_fan
        });
        match torn {
            Some(code) => Err(Torn::Differing(code)),
            None => Ok(Self { standings }),
        }
    }

    /// This field and another's fans.
    ///
    /// # Errors
    /// [`Torn::Differing`] when the two differ about a fan.
    pub fn merge(mut self, other: Self) -> Result<Self, Torn> {
        self.standings.extend(other.standings);
        Self::new(self.standings)
    }

    /// Reads lines in any order.
    ///
    /// # Errors
    /// [`Torn::Line`] at the first line that is no canonical standing; [`Torn::Differing`].
    pub fn parse(text: &str) -> Result<Field<'static>, Torn> {
        let standings = text
            .lines()
            .enumerate()
            .map(|(place, line)| {
                let number = place.saturating_add(1);
                Standing::parse(line).ok_or(Torn::Line(number))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Field::new(standings)
    }

    /// Every standing, by entrant code.
    #[must_use]
    pub fn standings(&self) -> &[Standing<'a>] {
        &self.standings
    }

    /// The standing of a fan.
    #[must_use]
    pub fn get(&self, code: EntrantCode) -> Option<&Standing<'a>> {
        let found = self.standings.binary_search_by_key(&code, |s| s.code);
        self.standings.get(found.ok()?)
    }

    /// The list file: codes in lower-case hexadecimal digits, sorted, one a line, each ended by a
    /// newline.
    #[must_use]
    pub fn list(&self) -> String {
        let mut digits = [0; 32];
        let mut list = String::with_capacity(self.standings.len().saturating_mul(33));
        for standing in &self.standings {
            list.push_str(crate::draw::hex_into(&standing.code.0, &mut digits));
            list.push('\n');
        }
        list
    }

    /// The standings file: one line for each fan, sorted by code.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut lines = String::with_capacity(self.standings.len().saturating_mul(192));
        for standing in &self.standings {
            standing.write_line(&mut lines);
        }
        lines
    }

    /// SHA-256 of the standings file: the round's digest.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        hash(self.lines().as_bytes())
    }
}
