//! The chain: where an output of a stage comes from, and which output stood before it.
//!
//! Output `n` of the input at offset `o` has position `(o, n)`. A chained record begins with
//! `{"pos":[o,n],"prev":[o,n],"step":k,` (`"prev":null` for the first of its partition) and goes on with
//! the members of its own schema. Writing the link first lets a reader judge a record without
//! parsing it.

use serde::{Deserialize, Serialize};

/// Source position of an output: input offset, and its number among that input's outputs to one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position(pub u64, pub u32);

impl Position {
    /// Offset of the input in the partition that the stage read.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {})", self.0, self.1)
    }
}

/// What a chained record says of its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Position of this output.
    pub pos: Position,
    /// Position of the output before it in the same output partition; `None` for the first.
    pub prev: Option<Position>,
    /// Version of the step that made it.
    pub step: u32,
}

/// Puts `link` in front of the members of `object`, a serialised JSON object, and appends the whole to `out`.
///
/// An `object` that is empty or no object is written as it is behind the link's members; debug builds
/// refuse it.
pub fn splice(link: &Link, object: &[u8], out: &mut Vec<u8>) {
    use std::io::Write as _;
    debug_assert!(
        object.len() > 2 && object[0] == b'{',
        "an output is a JSON object with members"
    );
    let Position(offset, n) = link.pos;
    let written = match link.prev {
        Some(Position(po, pn)) => {
            write!(
                out,
                "{{\"pos\":[{offset},{n}],\"prev\":[{po},{pn}],\"step\":{},",
                link.step
            )
        }
        None => write!(
            out,
            "{{\"pos\":[{offset},{n}],\"prev\":null,\"step\":{},",
            link.step
        ),
    };
    debug_assert!(written.is_ok(), "writing to a vector cannot fail");
    out.extend_from_slice(object.get(1..).unwrap_or_default());
}

/// The link of a chained value; `None` when it has none (which in a chained topic is corruption).
#[must_use]
pub fn link_of(value: &[u8]) -> Option<Link> {
    match split_fast(value) {
        Some((link, _)) => link,
        None => serde_json::from_slice::<Link>(value).ok(),
    }
}

/// Splits a value that [`splice`] wrote into its link and the bytes behind it (which then begin with
/// `"type"`, the brace being taken). `None` when the value does not begin with a link in that spelling.
#[must_use]
pub fn split_fast(value: &[u8]) -> Option<(Option<Link>, &[u8])> {
    let rest = value.strip_prefix(b"{\"pos\":")?;
    let (pos, rest) = position(rest)?;
    let rest = rest.strip_prefix(b",\"prev\":")?;
    let (prev, rest) = match rest.strip_prefix(b"null") {
        Some(rest) => (None, rest),
        None => position(rest).map(|(p, rest)| (Some(p), rest))?,
    };
    let rest = rest.strip_prefix(b",\"step\":")?;
    let (step, rest) = number(rest)?;
    let rest = rest.strip_prefix(b",")?;
    Some((
        Some(Link {
            pos,
            prev,
            step: u32::try_from(step).ok()?,
        }),
        rest,
    ))
}

fn position(bytes: &[u8]) -> Option<(Position, &[u8])> {
    let (offset, rest) = number(bytes.strip_prefix(b"[")?)?;
    let (n, rest) = number(rest.strip_prefix(b",")?)?;
    Some((
        Position(offset, u32::try_from(n).ok()?),
        rest.strip_prefix(b"]")?,
    ))
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = None;
    let mut rest = bytes;
    while let [digit @ b'0'..=b'9', more @ ..] = rest {
        let before = number.unwrap_or(0_u64).checked_mul(10)?;
        number = Some(before.checked_add(u64::from(digit - b'0'))?);
        rest = more;
    }
    Some((number?, rest))
}

/// What a reader does with a chained record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The next one: take it.
    Accept,
    /// Seen already: drop and count it.
    Repetition,
    /// Something before it is missing and must come again: drop and count it.
    Hole,
    /// Another computation wrote it: stop this partition, never choose.
    Fork,
}

/// A reader's place in one chained partition.
///
/// The first record that it sees is its anchor: the reader takes that record's `prev` as given and is
/// strict from there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainReader {
    /// `None` until the anchor.
    last: Option<Option<Position>>,
}

impl ChainReader {
    /// A reader that has no place yet.
    #[must_use]
    pub fn unanchored() -> Self {
        Self::default()
    }

    /// A reader that has taken everything up to `last` (`None`: nothing at all, so that the next record
    /// must be the first of the partition).
    #[must_use]
    pub fn after(last: Option<Position>) -> Self {
        Self { last: Some(last) }
    }

    /// Position of the last accepted record; `None` while nothing was accepted.
    #[must_use]
    pub fn last(&self) -> Option<Position> {
        self.last.flatten()
    }

    /// Whether the reader has a place, be it the very beginning.
    #[must_use]
    pub fn is_anchored(&self) -> bool {
        self.last.is_some()
    }

    /// Judges the next record and moves on when it is accepted.
    pub fn judge(&mut self, link: &Link) -> Verdict {
        let last = *self.last.get_or_insert(link.prev);
        let verdict = if link.prev == last && Some(link.pos) > last {
            Verdict::Accept
        } else if Some(link.pos) <= last {
            Verdict::Repetition
        } else if link.prev > last {
            Verdict::Hole
        } else {
            Verdict::Fork
        };
        if verdict == Verdict::Accept {
            self.last = Some(Some(link.pos));
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(pos: (u64, u32), prev: Option<(u64, u32)>) -> Link {
        Link {
            pos: Position(pos.0, pos.1),
            prev: prev.map(|p| Position(p.0, p.1)),
            step: 1,
        }
    }

    #[test]
    fn a_spliced_link_is_read_back_by_both_ways() {
        for prev in [None, Some((7, 1))] {
            let want = link((9, 0), prev);
            let mut value = Vec::new();
            splice(&want, br#"{"type":"mark","v":1}"#, &mut value);
            assert_eq!(
                split_fast(&value),
                Some((Some(want), &b"\"type\":\"mark\",\"v\":1}"[..]))
            );
            assert_eq!(serde_json::from_slice::<Link>(&value).unwrap(), want);
            assert_eq!(link_of(&value), Some(want));
            assert_eq!(crate::type_of(&value).as_deref(), Some("mark"));
        }
    }

    #[test]
    fn a_link_in_another_spelling_is_read_too() {
        let value = br#"{"type":"mark","step":2,"v":1,"prev":null,"pos":[3,4]}"#;
        assert_eq!(
            link_of(value),
            Some(Link {
                pos: Position(3, 4),
                prev: None,
                step: 2
            })
        );
        assert_eq!(crate::type_of(value).as_deref(), Some("mark"));
        assert_eq!(link_of(b"{\"pos\":[1"), None);
    }

    #[test]
    fn a_reader_drops_repetitions_waits_at_holes_and_stops_at_forks() {
        let mut reader = ChainReader::after(None);
        assert_eq!(reader.judge(&link((1, 0), None)), Verdict::Accept);
        assert_eq!(reader.judge(&link((1, 1), Some((1, 0)))), Verdict::Accept);
        assert_eq!(reader.judge(&link((1, 0), None)), Verdict::Repetition);
        assert_eq!(reader.judge(&link((5, 0), Some((3, 0)))), Verdict::Hole);
        assert_eq!(reader.judge(&link((3, 0), Some((1, 1)))), Verdict::Accept);
        assert_eq!(reader.judge(&link((6, 0), Some((2, 0)))), Verdict::Fork);
        assert_eq!(reader.judge(&link((6, 0), None)), Verdict::Fork);
        assert_eq!(reader.last(), Some(Position(3, 0)));
    }

    #[test]
    fn an_unanchored_reader_takes_the_first_prev_as_given() {
        let mut reader = ChainReader::unanchored();
        assert_eq!(reader.judge(&link((50, 0), Some((49, 3)))), Verdict::Accept);
        assert_eq!(
            reader.judge(&link((49, 3), Some((49, 2)))),
            Verdict::Repetition
        );
        assert_eq!(reader.judge(&link((52, 0), Some((50, 0)))), Verdict::Accept);
    }
}
