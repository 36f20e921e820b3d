//! A raw candidate: what a fan said that was read as an answer, in the fan's own order, and how many of
//! them are kept. Never which of them counts.

use crate::codec::{Reader, Writer};
use contest::legible;
use record::envelope::Envelope;
use record::identity::MsgId;

/// What stands second in the order of one fan's answers: MsgIds as numbers first, then what has none,
/// by dedup key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    /// A MsgId.
    Number(u64),
    /// No MsgId, or one that is no number.
    Other {
        /// The dedup key.
        key: [u8; 16],
        /// The MsgId as it was written; empty without one.
        text: String,
    },
}

impl Id {
    /// The id of a message; `None` when it has neither a numeric MsgId nor a key.
    #[must_use]
    pub fn of(message: &Envelope<'_>) -> Option<Self> {
        match MsgId::parse(&message.msg_id) {
            MsgId::Number(number) => Some(Self::Number(number)),
            MsgId::Text(text) => Some(Self::Other {
                key: message.key?.0,
                text: text.to_owned(),
            }),
        }
    }

    /// The MsgId as it stands in the lines of a digest.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::Number(number) => number.to_string().into(),
            Self::Other { text, .. } => text.into(),
        }
    }
}

/// The words of a message that decide how it is read, kept so that a later version can read them again: as far as a
/// reading can depend on them (N-3), or a fan could fill the disk with the blanks behind his answers. The ids of menu
/// entries are those of a campaign file, which bounds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// MsgType.
    pub kind: String,
    /// Text as typed.
    pub text: String,
    /// Recognition of a voice message.
    pub recognition: String,
    /// `bizmsgmenuid`.
    pub menu_id: String,
    /// Event.
    pub event: String,
    /// EventKey.
    pub event_key: String,
}

/// A stored attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// CreateTime in seconds since 1970.
    pub create_time: i64,
    /// Second key of the order.
    pub id: Id,
    /// What was said.
    pub said: Said,
    /// How the version in force reads it; `None` when it reads no answer.
    pub value: Option<String>,
}

impl Said {
    /// What a message said.
    #[must_use]
    pub fn of(message: &Envelope<'_>) -> Self {
        Self {
            kind: message.kind.as_ref().to_owned(),
            text: legible(&message.content.text).to_owned(),
            recognition: legible(&message.content.recognition).to_owned(),
            menu_id: message.menu_id.as_ref().to_owned(),
            event: message.event.as_ref().to_owned(),
            event_key: message.event_key.as_ref().to_owned(),
        }
    }

    fn parts(&self) -> [&str; 5] {
        [
            &self.text,
            &self.recognition,
            &self.menu_id,
            &self.event,
            &self.event_key,
        ]
    }

    /// One byte says which parts are there and whether the kind is `text`.
    fn write(&self, writer: &mut Writer) {
        let is_text = self.kind == TEXT;
        let mut flags = u8::from(!is_text) << 5;
        for (bit, part) in self.parts().into_iter().enumerate() {
            flags |= u8::from(!part.is_empty()) << bit;
        }
        writer.byte(flags);
        if !is_text {
            writer.text(&self.kind);
        }
        self.parts()
            .into_iter()
            .filter(|part| !part.is_empty())
            .for_each(|part| writer.text(part));
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let flags = reader.byte()?;
        let kind = if flags & (1 << 5) == 0 {
            TEXT.to_owned()
        } else {
            reader.text()?
        };
        let mut part = |bit: u8| {
            if flags & (1 << bit) == 0 {
                Some(String::new())
            } else {
                reader.text()
            }
        };
        Some(Self {
            kind,
            text: part(0)?,
            recognition: part(1)?,
            menu_id: part(2)?,
            event: part(3)?,
            event_key: part(4)?,
        })
    }
}

const TEXT: &str = "text";

impl Candidate {
    /// Its place among the fan's own answers: never arrival.
    #[must_use]
    pub fn order(&self) -> (i64, &Id) {
        (self.create_time, &self.id)
    }

    fn write(&self, writer: &mut Writer) {
        writer.signed(self.create_time);
        match &self.id {
            Id::Number(number) => {
                writer.byte(0);
                writer.unsigned(*number);
            }
            Id::Other { key, text } => {
                writer.byte(1);
                writer.0.extend_from_slice(key);
                writer.text(text);
            }
        }
        self.said.write(writer);
        writer.byte(u8::from(self.value.is_some()));
        if let Some(value) = &self.value {
            writer.text(value);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let create_time = reader.signed()?;
        let id = match reader.byte()? {
            0 => Id::Number(reader.unsigned()?),
            1 => Id::Other {
                key: *reader.take(16)?.first_chunk()?,
                text: reader.text()?,
            },
            _ => return None,
        };
        let said = Said::read(reader)?;
        let value = if reader.byte()? == 0 {
            None
        } else {
            Some(reader.text()?)
        };
        Some(Self {
            create_time,
            id,
            said,
            value,
        })
    }
}

/// How many of the smallest, and as many of the largest, are kept.
pub const KEPT_AT_EACH_END: usize = 10;

/// The 10 smallest and the 10 largest candidates in the order of Q-9; the rest is counted.
///
/// What is kept is a function of the set of candidates and never of the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    sorted: Vec<Candidate>,
    rest: u64,
}

impl Kept {
    /// Takes a candidate; one that is there already is not taken twice. Whether anything has changed.
    pub fn insert(&mut self, candidate: Candidate) -> bool {
        let place = self
            .sorted
            .binary_search_by(|each| each.order().cmp(&candidate.order()));
        let Err(place) = place else { return false };
        self.sorted.insert(place, candidate);
        if self.sorted.len() > 2 * KEPT_AT_EACH_END {
            // The eleventh of twenty-one is neither among the ten smallest nor the ten largest.
            self.sorted.remove(KEPT_AT_EACH_END);
            self.rest = self.rest.saturating_add(1);
        }
        true
    }

    /// The kept candidates, in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Candidate> {
        self.sorted.iter()
    }

    /// The kept candidates, in their order.
    pub(crate) fn as_slice(&self) -> &[Candidate] {
        &self.sorted
    }

    /// The kept candidates, to be read again; their order must not be touched.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Candidate> {
        self.sorted.iter_mut()
    }

    /// How many were counted only.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.rest
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.rest);
        writer.unsigned(self.sorted.len() as u64);
        self.sorted
            .iter()
            .for_each(|candidate| candidate.write(writer));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let rest = reader.unsigned()?;
        let count = reader.unsigned()?;
        if count > 2 * KEPT_AT_EACH_END as u64 {
            return None;
        }
        let sorted = (0..count)
            .map(|_| Candidate::read(reader))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { sorted, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(create_time: i64, id: u64) -> Candidate {
        let said = Said {
            kind: TEXT.into(),
            text: "A".into(),
            ..Said::default()
        };
        Candidate {
            create_time,
            id: Id::Number(id),
            said,
            value: Some("A".into()),
        }
    }

    #[test]
    fn q_9_numbers_come_before_keys_and_are_compared_as_numbers() {
        let other = |first: u8| Id::Other {
            key: [first; 16],
            text: "007".into(),
        };
        assert!(Id::Number(9) < Id::Number(10));
        assert!(Id::Number(u64::MAX) < other(0));
        assert!(other(1) < other(2));
        assert_eq!(other(1).text(), "007");
        assert_eq!(Id::Number(10).text(), "10");
    }

    #[test]
    fn whatever_was_said_round_trips() {
        for said in [
            Said::default(),
            Said {
                kind: "text".into(),
                text: "选A".into(),
                menu_id: "m1".into(),
                ..Said::default()
            },
            Said {
                kind: "voice".into(),
                recognition: "选A".into(),
                ..Said::default()
            },
            Said {
                kind: "event".into(),
                event: "CLICK".into(),
                event_key: "k".into(),
                ..Said::default()
            },
        ] {
            let kept = Kept {
                sorted: vec![Candidate {
                    create_time: -5,
                    id: Id::Other {
                        key: [3; 16],
                        text: "x".into(),
                    },
                    said,
                    value: None,
                }],
                rest: 9,
            };
            let mut writer = Writer::default();
            kept.write(&mut writer);
            assert_eq!(Kept::read(&mut Reader(&writer.0)).unwrap(), kept);
        }
    }

    proptest! {
        /// the ten smallest and the ten largest, whatever the order of arrival.
        #[test]
        fn q_8_what_is_kept_is_a_function_of_the_set(
            set in proptest::collection::btree_set((0..50_i64, 0..4_u64), 0..60),
            keys in proptest::collection::vec(any::<u32>(), 60),
        ) {
            let sorted: Vec<_> = set.iter().map(|&(time, id)| candidate(time, id)).collect();
            let mut arrival: Vec<_> = sorted.iter().cloned().zip(keys).collect();
            arrival.sort_by_key(|(_, key)| *key);
            let mut kept = Kept::default();
            for (candidate, _) in &arrival {
                prop_assert!(kept.insert(candidate.clone()));
            }
            let n = sorted.len();
            let want: Vec<_> = sorted.iter().enumerate()
                .filter(|(place, _)| *place < 10 || *place + 10 >= n).map(|(_, c)| c.clone()).collect();
            prop_assert_eq!(&kept.sorted, &want);
            prop_assert_eq!(kept.rest, (n - want.len()) as u64);
            let mut writer = Writer::default();
            kept.write(&mut writer);
            let mut reader = Reader(&writer.0);
            prop_assert_eq!(Kept::read(&mut reader).unwrap(), kept);
            prop_assert_eq!(reader.end(), Some(()));
        }
    }
}
