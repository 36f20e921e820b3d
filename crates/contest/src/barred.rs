//! Who cannot win although he does not stand in a round: whom the final draw needs to know of. Never why a
//! fan is barred: that is [`crate::eligible`].

use crate::eligible::Bar;
use crate::entrant::EntrantCode;
use crate::field::Torn;
use serde_json::Value;
use std::collections::BTreeMap;

/// What bars fans from winning at the cut of a round, of those who have no standing in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Barred(BTreeMap<EntrantCode, Bar>);

impl Barred {
    /// Takes what bars a fan.
    pub fn add(&mut self, code: EntrantCode, bar: Bar) {
        self.0.insert(code, bar);
    }

    /// What bars a fan; nothing of one who is not named.
    #[must_use]
    pub fn get(&self, code: EntrantCode) -> Option<Bar> {
        self.0.get(&code).copied()
    }

    /// Whether nobody is barred.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line of canonical JSON for each fan, ended by a newline, sorted by code.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let line = |(code, bar): (&EntrantCode, &Bar)| {
            format!("{{\"bar\":\"{}\",\"code\":\"{code}\"}}\n", bar.name())
        };
        self.0.iter().map(line)
    }

    /// Reads lines in any order, of any number of partitions.
    ///
    /// # Errors
    /// [`Torn::Line`] at the first line that [`Barred::lines`] does not write; [`Torn::Differing`] when two say different
    /// things of one fan.
    pub fn parse(text: &str) -> Result<Self, Torn> {
        let mut barred = Self::default();
        for (place, line) in text.lines().enumerate() {
            let (code, bar) = one(line).ok_or(Torn::Line(place.saturating_add(1)))?;
            if barred.0.insert(code, bar).is_some_and(|known| known != bar) {
                return Err(Torn::Differing(code));
            }
        }
        Ok(barred)
    }
}

fn one(line: &str) -> Option<(EntrantCode, Bar)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let code = EntrantCode::parse(value["code"].as_str()?)?;
    let bar = Bar::named(value["bar"].as_str()?)?;
    let mut again = Barred::default();
    again.add(code, bar);
    let again = again.lines().next()?;
    (again.strip_suffix('\n') == Some(line)).then_some((code, bar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_back_and_nothing_else_is() {
        let mut barred = Barred::default();
        for (byte, bar) in (0..).zip(Bar::ALL) {
            barred.add(EntrantCode([byte; 16]), bar);
        }
        let text: String = barred.lines().collect();
        assert!(
            text.starts_with(
                "{\"bar\":\"excluded\",\"code\":\"00000000000000000000000000000000\"}\n"
            )
        );
        assert_eq!(Barred::parse(&text), Ok(barred.clone()));
        assert_eq!(Barred::parse(&format!("{text}{text}")), Ok(barred.clone()));
        assert_eq!(barred.get(EntrantCode([1; 16])), Some(Bar::NotFollowing));
        assert_eq!(barred.get(EntrantCode([9; 16])), None);
        let other = text.replacen("not_following", "excluded", 1);
        let differs = Torn::Differing(EntrantCode([1; 16]));
        assert_eq!(Barred::parse(&format!("{text}{other}")), Err(differs));
        for bad in ["{}", "", " {\"bar\":\"excluded\",\"code\":\"00\"}", "[1]"] {
            let text = format!("{text}{bad}\n");
            assert_eq!(Barred::parse(&text), Err(Torn::Line(5)), "{bad}");
        }
        assert!(Barred::parse("").is_ok_and(|none| none.is_empty()));
    }
}
