//! What the oracle keeps of each fan: which messages it has seen, joins, answers, wrong formats. What they
//! amount to is summed up elsewhere.

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
    pub(super) letter: char,
}

/// The id that orders attempts of one second and stands in the digest's line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AttemptId {
    Number(u64),
    Text(Box<str>),
}

impl std::fmt::Display for AttemptId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// One fan.
#[derive(Debug, Default)]
pub(super) struct Fan {
    numbers: Vec<u64>,
    keys: Vec<u128>,
    /// Whether the fan sent anything but events.
    pub(super) writes: bool,
    /// Rounds in whose window a join lies.
    pub(super) joined: Vec<u16>,
    /// Whether a join lies in no window.
    pub(super) joined_outside: bool,
    /// Every valid answer.
    pub(super) attempts: Vec<Attempt>,
    /// Rounds with a wrong format.
    pub(super) wrong: Vec<u16>,
}

impl Fan {
    /// Notes that a message was seen; whether it is new.
    pub(super) fn is_new(&mut self, identity: Identity) -> bool {
        match identity {
            Identity::Number(number) => once(&mut self.numbers, number),
            Identity::Key(key) => once(&mut self.keys, key),
        }
    }

    /// Notes a join at a time that lies in this round's window, or in none.
    pub(super) fn joins(&mut self, round: Option<u16>) {
        match round {
            Some(round) => {
                once(&mut self.joined, round);
            }
            None => self.joined_outside = true,
        }
    }

    /// Notes a wrong format in a round.
    pub(super) fn wrong_format(&mut self, round: u16) {
        once(&mut self.wrong, round);
    }

    /// Whether the fan joined at all: by a message, or by an answer.
    pub(super) fn has_joined(&self) -> bool {
        self.joined_outside || !self.joined.is_empty() || !self.attempts.is_empty()
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
