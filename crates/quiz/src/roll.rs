//! Who has a record in a round, as far as that is certain. Most of what comes in an open round comes from fans who
//! have none yet, and to find nothing is what a store is slowest at.

use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;

/// Fans of one round of a partition at most, 8 bytes each and the room between them; with more the store is asked.
const FANS: usize = 1 << 17;

/// The rolls of the rounds that began while this process watched. A hash stands for a fan: two fans with the same one
/// only cost a look-up.
#[derive(Debug, Default)]
pub(crate) struct Rolls {
    open: BTreeMap<u16, HashSet<u64, RandomState>>,
    hasher: RandomState,
}

impl Rolls {
    /// Begins the roll of a round of which no record stands anywhere.
    pub(crate) fn begin(&mut self, round: u16) {
        self.open.entry(round).or_default();
    }

    /// Whether a fan may have a record in a round; only `false` is certain.
    pub(crate) fn may_have(&self, round: u16, fan: &str) -> bool {
        let roll = self.open.get(&round);
        roll.is_none_or(|roll| roll.contains(&self.hasher.hash_one(fan)))
    }

    /// A fan has a record in a round now.
    pub(crate) fn enter(&mut self, round: u16, fan: &str) {
        let hash = self.hasher.hash_one(fan);
        if let Some(roll) = self.open.get_mut(&round) {
            roll.insert(hash);
            if roll.len() > FANS {
                self.open.remove(&round);
            }
        }
    }

    /// Nobody asks for the records of a round any more.
    pub(crate) fn end(&mut self, round: u16) {
        self.open.remove(&round);
    }

    /// Records have been written behind the back of the rolls.
    pub(crate) fn forget(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_certainly_missing_is_missed() {
        let mut rolls = Rolls::default();
        assert!(rolls.may_have(1, "o1"), "a round that nobody watched");
        rolls.enter(1, "o1");
        rolls.begin(1);
        assert!(!rolls.may_have(1, "o1"));
        rolls.enter(1, "o1");
        rolls.begin(1);
        assert!(rolls.may_have(1, "o1") && !rolls.may_have(1, "o2"));
        rolls.end(1);
        assert!(rolls.may_have(1, "o2"));
    }

    #[test]
    fn a_roll_that_grows_too_long_is_given_up() {
        let mut rolls = Rolls::default();
        rolls.begin(1);
        for fan in 0..=FANS {
            assert!(!rolls.may_have(1, &fan.to_string()));
            rolls.enter(1, &fan.to_string());
        }
        assert!(rolls.may_have(1, "nobody") && rolls.open.is_empty());
    }
}
