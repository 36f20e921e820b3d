//! Every message of a recording by its identity, and what became of it. In memory: some 100 bytes each.

use super::lines::{self, LinesError, Tail, excerpt};
use crate::recording::{Row, Table};
use crate::wire::field;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;
use wechat::Inbound;

/// One message or event of the recording, and what ledger and log say of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message {
    /// Hash of its sender.
    pub fan: u64,
    /// Its CreateTime, in seconds since 1970.
    pub create_time: i64,
    /// Attempts in the ledger.
    pub attempts: u32,
    /// Deliveries of it that were acked.
    pub acked: u32,
    /// Records of type `message` in `accepted`.
    pub accepted: u32,
    /// Where the one that stands in `accepted` was read: partition of `inbound`.
    pub partition: u32,
    /// Offset in it.
    pub offset: u64,
    /// Whether it stands in the recording.
    pub known: bool,
    /// Whether it is a message, not an event.
    pub is_message: bool,
    /// Whether an attempt of it was answered in words.
    pub words: bool,
    /// Whether its body can be parsed at all.
    pub readable: bool,
    /// Its part of the recording: index in [`Table::ALL`].
    pub part: u8,
}

impl Message {
    /// Whether it was acked and is not in the log. What cannot be parsed is no message, but a dead letter.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.readable && self.acked > 0 && self.accepted == 0
    }
}

/// Messages that are not in the log and need not be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Absent {
    /// They were sent, and never acked.
    pub unacked: u64,
    /// They were never sent.
    pub unsent: u64,
}

/// A message as its row says.
#[derive(Debug, Clone, Copy)]
struct Read {
    n: u64,
    first: bool,
    id: u128,
    message: Message,
}

/// The messages of a recording.
#[derive(Debug, Default)]
pub struct Messages {
    /// By their number in the recording.
    pub all: Vec<Message>,
    by_id: HashMap<u128, u32, BuildHasherDefault<Low64>>,
    /// Rows of the recording.
    pub rows: u64,
    /// Messages whose identity another one has already: the recording is at fault.
    pub twins: u64,
}

/// Identities are hashes already: their low half will do.
#[derive(Debug, Default, Clone, Copy)]
pub struct Low64(u64);

impl Hasher for Low64 {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, id: u128) {
        // The low half, by intent.
        self.0 = (id & u128::from(u64::MAX)) as u64;
    }
}

/// Identity of a message: its sender and MsgId (D-2).
#[must_use]
pub fn message_id(from: &str, msg_id: &str) -> u128 {
    let mut hash = Sha256::new();
    for part in ["message", from, msg_id] {
        hash.update(part);
        hash.update([0]);
    }
    first_16(&hash.finalize())
}

/// Identity of an event, or of a message without MsgId (D-3); `digest` in lower-case hexadecimal.
#[must_use]
pub fn event_id(from: &str, create_time: i64, event: &str, key: &str, digest: &str) -> u128 {
    let mut hash = Sha256::new();
    for part in ["event", from, event, key, digest] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(create_time.to_be_bytes());
    first_16(&hash.finalize())
}

/// Hash of a sender.
#[must_use]
pub fn fan_id(from: &str) -> u64 {
    let digest = Sha256::digest(from);
    digest
        .iter()
        .take(8)
        .fold(0, |number, &byte| (number << 8) | u64::from(byte))
}

fn first_16(digest: &[u8]) -> u128 {
    digest
        .iter()
        .take(16)
        .fold(0, |number, &byte| (number << 8) | u128::from(byte))
}

/// SHA-256 over the leaves of a body, each as `path ‖ 0 ‖ value ‖ 0`, in order of the path's bytes. For an
/// event without what its identity names anyway (D-3).
fn content_digest<'a>(
    leaves: impl Iterator<Item = (&'a str, &'a str)>,
    is_message: bool,
) -> String {
    const NAMED: [&str; 3] = ["CreateTime", "ToUserName", "FromUserName"];
    let mut sorted: Vec<(&str, &str)> = leaves
        .filter(|(path, _)| is_message || !NAMED.contains(path))
        .collect();
    sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut hash = Sha256::new();
    for (path, value) in sorted {
        for part in [path, value] {
            hash.update(part);
            hash.update([0]);
        }
    }
    crate::recording::hex(&hash.finalize())
}

/// Identity, sender, time and whether it is a message. The ordinary spelling of a message is read by a
/// search for four fields, everything else by the parser.
fn identify(body: &str) -> Option<(u128, u64, i64, bool)> {
    let plain = || {
        let kind = field(body, "MsgType").filter(|kind| *kind != "event")?;
        let (from, msg_id) = (field(body, "FromUserName")?, field(body, "MsgId")?);
        let create_time = field(body, "CreateTime")?.parse().ok()?;
        let usual = !kind.is_empty() && !from.is_empty() && !msg_id.is_empty();
        usual.then(|| (message_id(from, msg_id), fan_id(from), create_time, true))
    };
    plain().or_else(|| {
        let read = Inbound::parse(body.as_bytes()).ok()?;
        let is_message = read.msg_type != "event";
        let id = match &read.msg_id {
            Some(msg_id) => message_id(&read.from, msg_id),
            None => {
                let leaf = |path| read.leaf(path).unwrap_or_default();
                let (event, key) = if is_message {
                    ("", "")
                } else {
                    (leaf("Event"), leaf("EventKey"))
                };
                let digest = content_digest(read.leaves(), is_message);
                event_id(&read.from, read.create_time, event, key, &digest)
            }
        };
        Some((id, fan_id(&read.from), read.create_time, is_message))
    })
}

fn read(line: &[u8]) -> Result<Read, String> {
    let row: Row<'_> = serde_json::from_slice(line)
        .map_err(|error| format!("{} is no row of a recording: {error}", excerpt(line)))?;
    let first = row.attempt == 1;
    let seen = if first { identify(&row.body) } else { None };
    let part = Table::ALL
        .iter()
        .position(|table| *table == row.table())
        .unwrap_or(0);
    let (id, fan, create_time, is_message) = seen.unwrap_or_default();
    let message = Message {
        fan,
        create_time,
        known: true,
        is_message,
        readable: seen.is_some(),
        part: u8::try_from(part).unwrap_or(0),
        ..Message::default()
    };
    Ok(Read {
        n: row.n,
        first,
        id,
        message,
    })
}

impl Messages {
    /// Reads a recording of about `expected` messages, which only saves memory while they grow. A message
    /// is read from its first delivery.
    ///
    /// # Errors
    /// [`LinesError`].
    pub fn of_recording(path: &Path, expected: u64) -> Result<Self, LinesError> {
        let expected = usize::try_from(expected).unwrap_or(0).min(MAX_EXPECTED);
        let mut messages = Self::default();
        messages.all.reserve_exact(expected);
        messages.by_id.reserve(expected);
        lines::fold(
            path,
            Tail::Whole,
            |lines| lines.map(read).collect::<Result<Vec<_>, _>>(),
            |read| read.iter().for_each(|one| messages.add(one)),
        )?;
        Ok(messages)
    }

    fn add(&mut self, read: &Read) {
        self.rows += 1;
        let Ok(n) = usize::try_from(read.n) else {
            return;
        };
        if !read.first || n > MAX_NUMBER {
            return;
        }
        if self.all.len() <= n {
            self.all.resize(n + 1, Message::default());
        }
        self.all[n] = read.message;
        if read.message.readable {
            let number = u32::try_from(n).unwrap_or(u32::MAX);
            self.twins += u64::from(self.by_id.insert(read.id, number).is_some());
        }
    }

    /// The number of the message with this identity.
    #[must_use]
    pub fn number_of(&self, id: u128) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// The message with this number, if the recording has it.
    #[must_use]
    pub fn get_mut(&mut self, n: u64) -> Option<&mut Message> {
        let n = usize::try_from(n).ok()?;
        self.all.get_mut(n).filter(|message| message.known)
    }

    /// What is not in the log, and was not acked.
    #[must_use]
    pub fn absent(&self) -> Absent {
        let mut absent = Absent::default();
        for (_, message) in self.known() {
            if !message.readable || message.accepted > 0 || message.acked > 0 {
                continue;
            }
            match message.attempts {
                0 => absent.unsent += 1,
                _ => absent.unacked += 1,
            }
        }
        absent
    }

    /// Every message that the recording has.
    pub fn known(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.all
            .iter()
            .enumerate()
            .filter(|(_, message)| message.known)
    }
}

/// Room is made for so many messages at most before they are seen.
const MAX_EXPECTED: usize = 1 << 24;
/// Numbers beyond this are no count of messages but a damaged file.
const MAX_NUMBER: usize = 1 << 28;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<xml><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>5</CreateTime>\
        <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[GO]]></Content><MsgId>9</MsgId></xml>";

    #[test]
    fn the_search_and_the_parser_agree() {
        let quick = identify(TEXT).unwrap();
        let entity = TEXT.replace("<![CDATA[o1]]>", "&#111;1");
        assert_eq!(identify(&entity).unwrap(), quick);
        assert_eq!(quick.0, message_id("o1", "9"));
        assert_eq!((quick.2, quick.3), (5, true));
    }

    #[test]
    fn events_of_one_second_differ_by_their_content() {
        let event = |latitude: &str| {
            TEXT.replace("[text]", "[event]").replace(
                "<MsgId>9</MsgId>",
                &format!("<Event>LOCATION</Event><Latitude>{latitude}</Latitude>"),
            )
        };
        let (a, b) = (
            identify(&event("1.0")).unwrap(),
            identify(&event("2.0")).unwrap(),
        );
        assert!(!a.3);
        assert_ne!(a.0, b.0);
        assert_eq!(a.0, identify(&event("1.0")).unwrap().0);
    }

    #[test]
    fn what_cannot_be_parsed_has_no_identity() {
        assert!(identify("<xml>").is_none());
        assert!(identify("").is_none());
    }
}
