//! Reads `accepted` of an export by structs of its own: which messages stand there, how often, decided by
//! which rule, and how many re-deliveries were noted.

use super::lines::{self, Exported, LinesError, Tail, excerpt};
use super::messages::{Messages, event_id, message_id};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// How many examples of a fault are kept.
pub const EXAMPLES: usize = 10;

#[derive(Deserialize)]
struct Value<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    pos: Option<(u64, u32)>,
    #[serde(default)]
    prev: Option<(u64, u32)>,
    #[serde(borrow, default)]
    from: Cow<'a, str>,
    #[serde(default)]
    create_time: i64,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    msg_id: Cow<'a, str>,
    #[serde(borrow, default)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    event_key: Cow<'a, str>,
    #[serde(borrow, default)]
    digest: Cow<'a, str>,
    #[serde(borrow, default)]
    reply: Reply<'a>,
    #[serde(default)]
    ctl: u64,
    #[serde(default)]
    t: i64,
}

#[derive(Default, Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    rule: Cow<'a, str>,
}

/// Where a record stands, and after which.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) partition: u32,
    pub(super) pos: Option<(u64, u32)>,
    pub(super) prev: Option<(u64, u32)>,
}

enum Fact {
    /// A message, by identity, with its time and the number of its rule in the chunk.
    Message {
        id: u128,
        create_time: i64,
        rule: u16,
    },
    Note,
    /// The copy of a record of `control`, by its offset there.
    Copy(u64),
    /// The contest's time, in seconds since 1970.
    Tick(i64),
    Other,
}

/// What a chunk holds; rules and names of strangers are kept beside the facts, which are small.
#[derive(Default)]
struct Facts {
    rules: Vec<String>,
    facts: Vec<(Place, Fact)>,
}

/// Follows the chains of a topic's partitions by the reader's rule.
#[derive(Debug, Default)]
pub struct Chains {
    last: BTreeMap<u32, Option<(u64, u32)>>,
    /// Records seen before.
    pub repetitions: u64,
    /// Records behind something that is missing.
    pub holes: u64,
    /// Records of another computation.
    pub forks: u64,
}

impl Chains {
    /// Whether the record is the next of its partition. One without a position always is.
    pub(super) fn accept(&mut self, place: Place) -> bool {
        let Some(pos) = place.pos else { return true };
        let last = self.last.entry(place.partition).or_insert(place.prev);
        let (is_next, is_old) = (place.prev == *last && Some(pos) > *last, Some(pos) <= *last);
        if is_next {
            *last = Some(pos);
        } else if is_old {
            self.repetitions += 1;
        } else if place.prev > *last {
            self.holes += 1;
        } else {
            self.forks += 1;
        }
        is_next
    }
}

/// Offsets of `inbound` at which copies stand, by offset of the copied record in `control` and partition.
pub type Copies = BTreeMap<u64, BTreeMap<u32, u64>>;

/// What `accepted` says.
#[derive(Debug, Default)]
pub struct Accepted {
    /// Records of type `message`.
    pub messages: u64,
    /// Delivery notes: re-deliveries that had no effect.
    pub notes: u64,
    /// Where copies stand.
    pub copies: Copies,
    /// The newest tick before a copy in any partition, by offset of the copied record.
    pub ticks: BTreeMap<u64, i64>,
    /// The newest tick of each partition.
    newest: BTreeMap<u32, i64>,
    /// Messages per deciding rule; the empty name is "no rule".
    pub rules: BTreeMap<String, u64>,
    /// Messages whose identity does not stand in the recording.
    pub strangers: u64,
    /// Messages whose CreateTime is not the recording's.
    pub altered: u64,
    /// How the chains of its partitions go on.
    pub chains: Chains,
}

/// Reads `accepted.jsonl`, and marks in `messages` what stands there.
///
/// # Errors
/// [`LinesError`].
pub fn read(path: &Path, messages: &mut Messages) -> Result<Accepted, LinesError> {
    let mut accepted = Accepted::default();
    lines::fold(path, Tail::Whole, parse, |chunk: Facts| {
        let mut counts = vec![0_u64; chunk.rules.len()];
        for (place, fact) in chunk.facts {
            if accepted.chains.accept(place) {
                accepted.take(place, &fact, messages, &mut counts);
            }
        }
        for (rule, count) in chunk.rules.into_iter().zip(counts) {
            *accepted.rules.entry(rule).or_default() += count;
        }
    })?;
    accepted.rules.retain(|_, count| *count > 0);
    Ok(accepted)
}

impl Accepted {
    /// The newest tick of all.
    #[must_use]
    pub fn tick(&self) -> Option<i64> {
        self.newest.values().max().copied()
    }

    fn take(&mut self, place: Place, fact: &Fact, messages: &mut Messages, counts: &mut [u64]) {
        match fact {
            Fact::Note => self.notes += 1,
            Fact::Copy(ctl) => {
                let partitions = self.copies.entry(*ctl).or_default();
                if let Some((offset, _)) = place.pos {
                    partitions.entry(place.partition).or_insert(offset);
                }
                if let Some(tick) = self.newest.get(&place.partition) {
                    let newest = self.ticks.entry(*ctl).or_insert(*tick);
                    *newest = (*newest).max(*tick);
                }
            }
            Fact::Tick(t) => {
                let newest = self.newest.entry(place.partition).or_insert(*t);
                *newest = (*newest).max(*t);
            }
            Fact::Other => {}
            Fact::Message {
                id,
                create_time,
                rule,
            } => {
                self.messages += 1;
                if let Some(count) = counts.get_mut(usize::from(*rule)) {
                    *count += 1;
                }
                let number = messages.number_of(*id);
                match number.and_then(|number| messages.get_mut(u64::from(number))) {
                    None => self.strangers += 1,
                    Some(message) => {
                        message.accepted += 1;
                        message.partition = place.partition;
                        message.offset = place.pos.map_or(0, |(offset, _)| offset);
                        self.altered += u64::from(message.create_time != *create_time);
                    }
                }
            }
        }
    }
}

fn parse(lines: &mut dyn Iterator<Item = &[u8]>) -> Result<Facts, String> {
    let mut chunk = Facts::default();
    for line in lines {
        let Exported::<Value<'_>> { partition, value } = serde_json::from_slice(line)
            .map_err(|error| format!("{} is no exported record: {error}", excerpt(line)))?;
        let fact = match value.r#type.as_ref() {
            "message" => Fact::Message {
                id: identity(&value),
                create_time: value.create_time,
                rule: chunk.number_of(&value.reply.rule),
            },
            "note" => Fact::Note,
            "copy" => Fact::Copy(value.ctl),
            "tick" => Fact::Tick(value.t),
            _ => Fact::Other,
        };
        chunk.facts.push((
            Place {
                partition,
                pos: value.pos,
                prev: value.prev,
            },
            fact,
        ));
    }
    Ok(chunk)
}

fn identity(value: &Value<'_>) -> u128 {
    if value.msg_id.is_empty() {
        let (event, key) = match value.kind.as_ref() {
            "event" => (value.event.as_ref(), value.event_key.as_ref()),
            _ => ("", ""),
        };
        event_id(&value.from, value.create_time, event, key, &value.digest)
    } else {
        message_id(&value.from, &value.msg_id)
    }
}

impl Facts {
    /// The number of a rule in this chunk. There are a few dozen rules; more than 65,535 share the last.
    fn number_of(&mut self, rule: &str) -> u16 {
        let known = self.rules.iter().position(|known| known == rule);
        let number = known.unwrap_or_else(|| {
            self.rules.push(rule.to_owned());
            self.rules.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(pos: (u64, u32), prev: Option<(u64, u32)>) -> Place {
        Place {
            partition: 0,
            pos: Some(pos),
            prev,
        }
    }

    #[test]
    fn the_readers_rule_drops_what_is_not_next() {
        let mut chains = Chains::default();
        assert!(chains.accept(place((1, 0), None)));
        assert!(chains.accept(place((3, 0), Some((1, 0)))));
        assert!(!chains.accept(place((1, 0), None)));
        assert!(!chains.accept(place((9, 0), Some((8, 0)))));
        assert!(!chains.accept(place((4, 0), Some((2, 0)))));
        assert!(chains.accept(place((4, 0), Some((3, 0)))));
        assert_eq!((chains.repetitions, chains.holes, chains.forks), (1, 1, 1));
        assert!(chains.accept(Place {
            partition: 0,
            pos: None,
            prev: None
        }));
    }

    #[test]
    fn an_anchor_in_the_middle_is_taken_as_given() {
        let mut chains = Chains::default();
        assert!(chains.accept(place((50, 1), Some((49, 0)))));
        assert!(!chains.accept(place((49, 0), None)));
    }
}
