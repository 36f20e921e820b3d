//! A message or event as the account received it: the envelope fields everyone needs, the typed body,
//! and every leaf. Never here: what the message means to a contest.

use crate::body::Body;
use crate::leaves::Leaves;
use crate::usual;
use crate::xml::{self, BODY_BYTES_MAX, ParseError};

/// Latest CreateTime that is taken, in seconds since 1970: the end of the year 9999.
pub const CREATE_TIME_MAX: i64 = 253_402_300_799;
/// Longest FromUserName that is taken, in bytes. The platform's openids have 28.
pub const FROM_BYTES_MAX: usize = 128;

/// One message or event, read from its plaintext XML.
///
/// Of an element given twice the first stands in the typed fields, and both stand in the leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// ToUserName: our account's original id. Empty when absent; whether it is ours is not judged here.
    pub to: String,
    /// FromUserName: the fan's openid. Not empty, at most [`FROM_BYTES_MAX`] bytes, without blanks and
    /// control characters, so that it can stand in a key or a line.
    pub from: String,
    /// CreateTime: seconds since 1970, 0 to [`CREATE_TIME_MAX`].
    pub create_time: i64,
    /// MsgType: `event`, or the kind of message. An open set.
    pub msg_type: String,
    /// MsgId as it was sent, not empty. On messages only; `MsgID` stands in for it there, on events that
    /// is the id of a job (I-4).
    pub msg_id: Option<String>,
    /// What the type says.
    pub body: Body,
    leaves: Leaves,
}

impl Inbound {
    /// Reads a message from plaintext XML.
    ///
    /// Total: whatever the bytes are, the result is a message or a reason. An unknown MsgType, Event or
    /// element is no reason. Characters that XML forbids are dropped, so no field holds a NUL; so are
    /// character references to them, or to halves of surrogate pairs: nothing a fan can type makes a
    /// message unreadable.
    ///
    /// # Errors
    /// Why the bytes are no message; the caller records them as unparsed (I-4).
    pub fn parse(xml: &[u8]) -> Result<Self, ParseError> {
        Self::parse_text(xml::utf8(xml)?)
    }

    /// As [`Inbound::parse`], of a body that is known to be UTF-8.
    ///
    /// # Errors
    /// As [`Inbound::parse`].
    pub fn parse_text(xml: &str) -> Result<Self, ParseError> {
        if let Some(leaves) = usual::read(xml) {
            return Self::from_leaves(leaves);
        }
        let mut leaves = Leaves::of_body(xml.len().min(BODY_BYTES_MAX));
        xml::walk_text(xml, |leaf| leaves.push(leaf.path, leaf.parent, &leaf.value))?;
        Self::from_leaves(leaves)
    }

    fn from_leaves(leaves: Leaves) -> Result<Self, ParseError> {
        let from = leaves
            .filled("FromUserName")
            .ok_or(ParseError::FromMissing)?;
        let plain = from.bytes().all(|byte| byte.is_ascii_graphic());
        let bad = |c: char| c.is_whitespace() || c.is_control();
        if from.len() > FROM_BYTES_MAX || (!plain && from.contains(bad)) {
            return Err(ParseError::FromInvalid);
        }
        let create_time = leaves
            .filled("CreateTime")
            .ok_or(ParseError::CreateTimeMissing)?;
        let create_time = seconds(create_time).ok_or(ParseError::CreateTimeInvalid)?;
        let msg_type = leaves.filled("MsgType").ok_or(ParseError::TypeMissing)?;
        let msg_id = match msg_type {
            "event" => None,
            _ => msg_id(&leaves),
        };
        Ok(Self {
            to: leaves.text("ToUserName"),
            from: from.to_owned(),
            create_time,
            msg_type: msg_type.to_owned(),
            msg_id,
            body: Body::from_leaves(msg_type, &leaves),
            leaves,
        })
    }

    /// Every leaf, in the order of the document: path without the root, names joined by `/`, and value.
    /// Blanks between elements are left out and nothing else is.
    pub fn leaves(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.leaves.pairs()
    }

    /// Value of the first leaf with this path.
    #[must_use]
    pub fn leaf(&self, path: &str) -> Option<&str> {
        self.leaves.first(path)
    }

    /// Whether this is an event: no MsgId, and other rules of identity (D-3).
    #[must_use]
    pub fn is_event(&self) -> bool {
        self.msg_type == "event"
    }

    /// The Event of an event, as sent: its case matters.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        // A lookup that finds nothing looks at every leaf: most messages are no events.
        self.is_event().then(|| self.leaf("Event")).flatten()
    }

    /// The EventKey of an event, as sent: empty for a plain follow.
    #[must_use]
    pub fn event_key(&self) -> Option<&str> {
        self.is_event().then(|| self.leaf("EventKey")).flatten()
    }

    /// The Content of a text, as typed.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Text { content, .. } => Some(content),
            _ => None,
        }
    }

    /// Id of the menu item whose tap made this text.
    #[must_use]
    pub fn menu_id(&self) -> Option<&str> {
        match &self.body {
            Body::Text { menu_id, .. } => menu_id.as_deref(),
            _ => None,
        }
    }

    /// What speech recognition understood of a voice message.
    #[must_use]
    pub fn recognition(&self) -> Option<&str> {
        match &self.body {
            Body::Voice { recognition, .. } => recognition.as_deref(),
            _ => None,
        }
    }

    /// Where the medium of a message can be fetched.
    #[must_use]
    pub fn media_id(&self) -> Option<&str> {
        match &self.body {
            Body::Image { media_id, .. }
            | Body::Voice { media_id, .. }
            | Body::Video { media_id, .. }
            | Body::ShortVideo { media_id, .. } => Some(media_id),
            _ => None,
        }
    }

    /// The article under which the message was written: its MsgDataId and Idx, the position from 1.
    #[must_use]
    pub fn article(&self) -> Option<(&str, Option<u64>)> {
        let data_id = self
            .leaves
            .filled("MsgDataId")
            .filter(|_| !self.is_event())?;
        Some((data_id, self.leaves.number("Idx")))
    }
}

fn msg_id(leaves: &Leaves) -> Option<String> {
    let given = ["MsgId", "MsgID"]
        .into_iter()
        .find_map(|name| leaves.filled(name))?
        .trim();
    (!given.is_empty()).then(|| given.to_owned())
}

/// Digits and nothing else, blanks around them allowed: `+5` and `5.0` are no CreateTime.
fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|seconds| (0..=CREATE_TIME_MAX).contains(seconds))
}
