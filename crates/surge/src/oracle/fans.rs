//! What the oracle keeps of each fan: which messages it has seen, joins, answers, wrong formats, follows. What
//! they amount to is summed up elsewhere.

use std::collections::HashMap;

/// What tells a message from every other of its fan: a MsgId, or for events and messages without one
/// the key of D-3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// An ordinary MsgId.
    Number(u64),
    /// A key of 16 bytes.
    Key(u128),
}

/// One attempt that is a valid answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attempt {
    pub(super) round: u16,
    pub(super) create_time: i64,
    /// In the order of Q-9: numbers by their value, before ids that are none.
    pub(super) id: AttemptId,
    /// What it says.
    pub(super) value: Box<str>,
    /// Offset in `inbound`; 0 while nothing has been sent.
    pub(super) offset: u64,
}

/// The id that orders attempts of one second, and stands in the digest's line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AttemptId {
    Number(u64),
    /// The dedup key, and the MsgId as it was written.
    Key(u128, Box<str>),
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Key(_, text) => f.write_str(text),
        }
    }
}

/// What else a message says of its fan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A message that joins.
    Join,
    /// A message, which implies following, or a subscribe.
    Follows,
    /// An unsubscribe.
    Leaves,
}

/// A sign with its time and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) create_time: i64,
    /// Offset in `inbound`; 0 while nothing has been sent.
    pub(super) offset: u64,
    pub(super) sign: Sign,
}

/// A wrong format: its round and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) round: u16,
    pub(super) offset: u64,
}

/// One fan.
#[derive(Debug, Default)]
pub(super) struct Fan {
    numbers: Vec<u64>,
    keys: Vec<u128>,
    /// The partition of `inbound` that has all of the fan's messages; 0 while nothing has been sent.
    pub(super) partition: u32,
    /// Whether the fan sent anything but events.
    pub(super) writes: bool,
    /// Joins and, if the campaign asks for it, signs of following.
    pub(super) seen: Vec<Seen>,
    /// Every valid answer.
    pub(super) attempts: Vec<Attempt>,
    /// Wrong formats.
    pub(super) wrong: Vec<Wrong>,
}

impl Fan {
    /// Notes that a message was seen; whether it is new.
    pub(super) fn is_new(&mut self, identity: Identity) -> bool {
        match identity {
            Identity::Number(number) => once(&mut self.numbers, number),
            Identity::Key(key) => once(&mut self.keys, key),
        }
    }

    /// Whether the fan joined at all: by a message, or by an answer.
    pub(super) fn has_joined(&self) -> bool {
        !self.attempts.is_empty() || self.seen.iter().any(|seen| seen.sign == Sign::Join)
    }
}

/// Adds a value unless it is there; whether it was added. Lists are short: a fan's own messages.
fn once<T: PartialEq>(list: &mut Vec<T>, value: T) -> bool {
    // What comes again most likely came last.
    let new = !list.iter().rev().any(|known| *known == value);
    if new {
        list.push(value);
    }
    new
}

/// All fans by openid.
pub(super) type Fans = HashMap<String, Fan>;
