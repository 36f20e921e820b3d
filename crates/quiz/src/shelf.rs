//! Where the records of fans are kept, as the judgement sees it, and how they are named. What holds them is
//! the caller's: the state of a stage, or memory.

use record::identity::{MessageKey, fnv1a64};

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// An ordered map of bytes.
pub trait Shelf {
    /// Why it could not be read.
    type Error;

    /// The value under a key.
    ///
    /// # Errors
    /// Failures of the store.
    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Writes a value.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>);

    /// Deletes a value.
    fn delete(&mut self, key: &[u8]);

    /// Every key that begins with `prefix`, with its value, in the order of the keys.
    ///
    /// # Errors
    /// Failures of the store.
    fn scan(&mut self, prefix: &[u8]) -> Result<Vec<Pair>, Self::Error>;

    /// Hands over every pair whose key begins with `prefix`. Those of one fan in one campaign come together, in the
    /// order of their keys; the fans in no particular order.
    ///
    /// # Errors
    /// Failures of the store, after some pairs perhaps.
    fn visit(
        &mut self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Self::Error>;
}

/// Fans of a campaign are spread over so many slices, so that a new version reads them slice by slice and
/// never all at once.
pub(crate) const SLICES: u8 = 16;

const FAN: u8 = b'f';
const JOINS: u8 = b'j';
const ROUND: u8 = b'r';
const CLAIMS: u8 = b'k';
const UNJUDGED: u8 = b'u';
const FOLLOW: u8 = b'w';
/// First byte of the keys of blocks of who follows.
pub(crate) const BLOCK: u8 = b'x';

/// What a key of a fan names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Joins,
    Round(u16),
}

/// Prefix of all records of the fans of one slice of a campaign.
pub(crate) fn slice_prefix(tag: u16, slice: u8) -> Vec<u8> {
    let [high, low] = tag.to_be_bytes();
    vec![FAN, high, low, slice]
}

/// Prefix of all records of a fan in a campaign. The length in front keeps one fan's name from being the
/// beginning of another's.
pub(crate) fn fan_prefix(tag: u16, fan: &str) -> Vec<u8> {
    let slice = fnv1a64(fan.as_bytes()).to_be_bytes()[0] % SLICES;
    let mut key = Vec::with_capacity(4 + 4 + fan.len() + 3);
    key.extend_from_slice(&slice_prefix(tag, slice));
    key.extend_from_slice(&u32::try_from(fan.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend_from_slice(fan.as_bytes());
    key
}

/// How many bytes of a key are the prefix of all records of a fan in a campaign; `None` of a key of something else.
fn fan_length(key: &[u8]) -> Option<usize> {
    if key.first() != Some(&FAN) {
        return None;
    }
    let length = key.get(4..8)?.first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    length.checked_add(8).filter(|length| *length <= key.len())
}

/// How many bytes of a key name its owner: the prefix of all records of a fan in a campaign, else the whole key.
pub(crate) fn owner_length(key: &[u8]) -> usize {
    fan_length(key).unwrap_or(key.len())
}

/// Whether a prefix is that of all records of one fan in a campaign.
pub(crate) fn is_of_one_fan(prefix: &[u8]) -> bool {
    fan_length(prefix) == Some(prefix.len())
}

/// Key under which stands that a message could not be judged.
pub(crate) fn unjudged_key(message: &MessageKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + message.0.len());
    key.push(UNJUDGED);
    key.extend_from_slice(&message.0);
    key
}

/// Key of the number of a fan's claims in a campaign.
pub(crate) fn claims_key(tag: u16, fan: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(3 + fan.len());
    key.push(CLAIMS);
    key.extend_from_slice(&tag.to_be_bytes());
    key.extend_from_slice(fan.as_bytes());
    key
}

/// Key of what is known of a fan's following, which is the account's and no campaign's.
pub(crate) fn follow_key(account: &str, fan: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + 4 + account.len() + fan.len());
    write_follow_key(account, fan, &mut key);
    key
}

/// As [`follow_key`], in the place of what `key` held.
pub(crate) fn write_follow_key(account: &str, fan: &str, key: &mut Vec<u8>) {
    let length = u32::try_from(account.len()).unwrap_or(u32::MAX);
    key.clear();
    key.push(FOLLOW);
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(account.as_bytes());
    key.extend_from_slice(fan.as_bytes());
}

/// Key of a block of who follows; blocks stand in the order of their numbers.
pub(crate) fn block_key(number: u64) -> Vec<u8> {
    let mut key = vec![BLOCK];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The number of a block; `None` is damage.
pub(crate) fn parse_block_key(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(1..)?.try_into().ok()?))
}

/// Key of a fan's joins outside the rounds.
pub(crate) fn joins_key(tag: u16, fan: &str) -> Vec<u8> {
    let mut key = fan_prefix(tag, fan);
    key.push(JOINS);
    key
}

/// Key of a fan's record in a round.
pub(crate) fn round_key(tag: u16, fan: &str, round: u16) -> Vec<u8> {
    let mut key = fan_prefix(tag, fan);
    key.push(ROUND);
    key.extend_from_slice(&round.to_be_bytes());
    key
}

/// Fan and part of a key; `None` is damage.
pub(crate) fn parse_key(key: &[u8]) -> Option<(&str, Part)> {
    let (owner, rest) = key.split_at(owner_length(key));
    Some((parse_owner(owner)?, parse_rest(rest)?))
}

/// The fan whose keys begin so; `None` is damage.
pub(crate) fn parse_owner(owner: &[u8]) -> Option<&str> {
    let fan = owner.get(8..)?;
    std::str::from_utf8(fan).ok()
}

/// What the rest of a fan's key names; `None` is damage.
pub(crate) fn parse_rest(rest: &[u8]) -> Option<Part> {
    match rest {
        [JOINS] => Some(Part::Joins),
        [ROUND, high, low] => Some(Part::Round(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryShelf;

    #[test]
    fn keys_are_read_back_and_one_fan_is_no_beginning_of_another() {
        assert_eq!(
            parse_key(&round_key(3, "o1", 12)),
            Some(("o1", Part::Round(12)))
        );
        assert_eq!(parse_key(&joins_key(3, "")), Some(("", Part::Joins)));
        assert!(!round_key(3, "o12", 1).starts_with(&fan_prefix(3, "o1")));
        assert!(round_key(3, "o1", 1).starts_with(&fan_prefix(3, "o1")));
        assert_eq!(parse_key(b"f"), None);
    }

    #[test]
    fn every_fan_is_in_one_of_the_slices() {
        let mut shelf = MemoryShelf::default();
        for fan in 0..100 {
            shelf.put(joins_key(7, &format!("o{fan}")), vec![]);
        }
        let mut found = 0;
        for slice in 0..SLICES {
            found += shelf.scan(&slice_prefix(7, slice)).unwrap().len();
        }
        assert_eq!(found, 100);
    }
}
