//! Seconds at which a fan did one thing, and how many of them are kept. Never what follows from them.

use crate::candidate::KEPT_AT_EACH_END;
use crate::codec::{Reader, Writer};

/// Seconds, each once: the ten smallest and the ten largest. What is kept is a function of the set of seconds and never of
/// the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Vec<i64>);

impl Times {
    /// Takes a second. Whether anything has changed.
    pub fn insert(&mut self, second: i64) -> bool {
        let Err(place) = self.0.binary_search(&second) else {
            return false;
        };
        self.0.insert(place, second);
        if self.0.len() <= 2 * KEPT_AT_EACH_END {
            return true;
        }
        // The eleventh of twenty-one is neither among the ten smallest nor the ten largest.
        self.0.remove(KEPT_AT_EACH_END) != second
    }

    /// The smallest.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.0.first().copied()
    }

    /// What is kept, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.0.len() as u64);
        let mut before = 0_i64;
        for second in &self.0 {
            writer.signed(second.wrapping_sub(before));
            before = *second;
        }
    }

    /// Reads what [`Times::write`] wrote; `None` is damage.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let count = reader.unsigned()?;
        if count > 2 * KEPT_AT_EACH_END as u64 {
            return None;
        }
        let (mut times, mut before) = (Vec::new(), 0_i64);
        for _ in 0..count {
            before = before.wrapping_add(reader.signed()?);
            times.push(before);
        }
        let ascends = times.windows(2).all(|pair| pair[0] < pair[1]);
        ascends.then_some(Self(times))
    }
}

impl FromIterator<i64> for Times {
    fn from_iter<I: IntoIterator<Item = i64>>(seconds: I) -> Self {
        let mut times = Self::default();
        for second in seconds {
            times.insert(second);
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_kept_is_a_function_of_the_set(
            set in proptest::collection::btree_set(any::<i64>(), 0..60),
            keys in proptest::collection::vec(any::<u32>(), 60),
        ) {
            let sorted: Vec<i64> = set.into_iter().collect();
            let mut arrival: Vec<_> = sorted.iter().copied().zip(keys).collect();
            arrival.sort_by_key(|(_, key)| *key);
            let times: Times = arrival.iter().map(|(second, _)| *second).collect();
            let n = sorted.len();
            let want: Vec<i64> = sorted.iter().enumerate()
                .filter(|(place, _)| *place < 10 || *place + 10 >= n).map(|(_, second)| *second).collect();
            prop_assert_eq!(&times.0, &want);
            let mut again = times.clone();
            prop_assert!(sorted.iter().all(|second| !again.insert(*second)));
            let mut writer = Writer::default();
            times.write(&mut writer);
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(Times::read(&mut reader), Some(times));
            prop_assert_eq!(reader.end(), Some(()));
        }
    }

    #[test]
    fn what_does_not_ascend_is_damage() {
        for damaged in [&[2, 2, 0][..], &[21], &[2, 2, 1]] {
            assert_eq!(Times::read(&mut Reader(damaged)), None, "{damaged:?}");
        }
    }
}
