//! A delivery as ingress recorded it, and the message that dedup made of it (I-3).
//!
//! Both are one [`Envelope`]: a `message` in `accepted` is the `delivery` of `inbound` without body and
//! delivery id. Text fields borrow from the record, so that reading one allocates next to nothing;
//! an absent text is the empty text.

use crate::hexed::Hex;
use crate::identity::{ContentDigest, MessageKey};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// `"type"` of a delivery in `inbound`.
pub const DELIVERY: &str = "delivery";
/// `"type"` of a message in `accepted`.
pub const MESSAGE: &str = "message";
/// `kind` of a delivery that is authentic but could not be parsed.
pub const UNPARSED: &str = "unparsed";
/// `kind` of an event; every other kind is the MsgType of a message.
pub const EVENT: &str = "event";

/// One HTTP callback (`delivery`), or what the fan did (`message`).
///
/// Example of a delivery:
///
/// ```json
/// {"type":"delivery","v":1,"account":"mi","from":"oQz7…","to":"gh_3f9c1e7ab204","create_time":1365487203,
///  "kind":"text","msg_id":"5864722896518676480","recv_us":1365487203180000,"node":"00a1b2c3d4e5f607",
///  "boot":"0102030405060708","seq":17,"key":"…32 hex…","digest":"…64 hex…","content":{"text":"GO"},
///  "reply":{"rule":"join","rule_version":1,"template":"join","template_version":1,"snapshot":3,
///  "spoken":"reply","hash":"…32 hex…"},"body":"<xml>…</xml>"}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope<'a> {
    /// `delivery` or `message`.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// Version of this schema.
    pub v: u16,
    /// Name of the account in the configuration, as in the callback's path.
    #[serde(borrow)]
    pub account: Cow<'a, str>,
    /// FromUserName: the fan's openid. Empty when unparsed.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub from: Cow<'a, str>,
    /// ToUserName: the account's original id.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub to: Cow<'a, str>,
    /// CreateTime in seconds since 1970; 0 when unparsed.
    pub create_time: i64,
    /// MsgType, or `unparsed`.
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// MsgId as the platform wrote it; empty for events and for messages without one.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub msg_id: Cow<'a, str>,
    /// Event, when `kind` is `event`.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub event: Cow<'a, str>,
    /// EventKey, when there is one.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub event_key: Cow<'a, str>,
    /// `bizmsgmenuid`, when a menu line was tapped.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub menu_id: Cow<'a, str>,
    /// When ingress accepted the callback, in microseconds since 1970 by that node's clock. Decides
    /// nothing about a contest (I-5).
    pub recv_us: i64,
    /// Delivery id, absent in a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Hex<8>>,
    /// Random at each start of the node; absent in a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Hex<8>>,
    /// Number of the delivery within its boot; absent in a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Key of the message (D-2, D-3); absent when unparsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<MessageKey>,
    /// Digest of the content; absent when unparsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<ContentDigest>,
    /// Whether this message was put back by an operator after a repair.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    /// What was parsed of the body.
    #[serde(borrow, default, skip_serializing_if = "Content::is_empty")]
    pub content: Content<'a>,
    /// The passive reply that was decided.
    #[serde(borrow)]
    pub reply: Reply<'a>,
    /// Why it could not be parsed, when `kind` is `unparsed`.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'a, str>,
    /// The decrypted XML; absent in a message.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub body: Cow<'a, str>,
    /// The body in Base64 when it is not UTF-8; absent in a message.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub body_b64: Cow<'a, str>,
}

impl Envelope<'_> {
    /// The delivery id, when all of it is there.
    #[must_use]
    pub fn delivery_id(&self) -> Option<DeliveryId> {
        Some(DeliveryId {
            node: self.node?,
            boot: self.boot?,
            seq: self.seq?,
        })
    }

    /// Whether this is a message of a fan (MsgType not `event`) that could be parsed.
    #[must_use]
    pub fn is_fan_message(&self) -> bool {
        self.kind != EVENT && self.kind != UNPARSED
    }
}

/// Identity of one HTTP callback: one node numbers its deliveries within one boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId {
    /// The node, a random id that lives as long as its data directory.
    pub node: Hex<8>,
    /// The boot, random at each start.
    pub boot: Hex<8>,
    /// Number within the boot.
    pub seq: u64,
}

/// The fields of a body that consumers use, so that none of them has to parse XML.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content<'a> {
    /// Content of a text message, as typed.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub text: Cow<'a, str>,
    /// Recognition of a voice message.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub recognition: Cow<'a, str>,
    /// MediaId of an image, a voice message or a video.
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub media_id: Cow<'a, str>,
    /// Every other leaf that was parsed for the kind, by its path (`PicUrl`, `Location_X`, `Title`,
    /// `ScanCodeInfo/ScanType`, …), in the order of the document.
    #[serde(borrow, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field<'a>>,
}

impl Content<'_> {
    /// Whether nothing was parsed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.recognition.is_empty()
            && self.media_id.is_empty()
            && self.fields.is_empty()
    }
}

/// A leaf of the body: path and value, written as a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field<'a>(
    #[serde(borrow)] pub Cow<'a, str>,
    #[serde(borrow)] pub Cow<'a, str>,
);

/// What the fan heard, or why not (R-19).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply<'a> {
    /// Id of the rule that decided; empty when none did.
    #[serde(borrow)]
    pub rule: Cow<'a, str>,
    /// Version of the campaign file that the rule stood in; 0 without one.
    pub rule_version: u32,
    /// Id of the template; empty when nothing was rendered.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub template: Cow<'a, str>,
    /// Version of the campaign file that the template stood in; 0 without one.
    pub template_version: u32,
    /// Snapshot that was in force: 1 + the control offset of the last record that changed it; 0 is none.
    pub snapshot: u64,
    /// Whether it was said.
    pub spoken: Spoken,
    /// First 16 bytes of SHA-256 over the plaintext reply; absent when there was no text to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hex<16>>,
}

/// How a callback was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spoken {
    /// In words: a reply XML.
    Reply,
    /// `success`, because another message of the same sort was just answered (R-11).
    Coalesced,
    /// `success`, because the fan hammers (R-16).
    Throttled,
    /// `success`, because the ladder stands at silent.
    Silent,
    /// `success`, because there is nothing to say to it.
    Nothing,
}

impl Reply<'_> {
    /// A reply that says nothing: `success`.
    #[must_use]
    pub fn nothing(snapshot: u64) -> Self {
        Self {
            rule: Cow::Borrowed(""),
            rule_version: 0,
            template: Cow::Borrowed(""),
            template_version: 0,
            snapshot,
            spoken: Spoken::Nothing,
            hash: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Envelope<'static> {
        Envelope {
            r#type: DELIVERY.into(),
            v: 1,
            account: "mi".into(),
            from: "o1".into(),
            to: "gh_0".into(),
            create_time: 5,
            kind: "text".into(),
            msg_id: "9".into(),
            event: "".into(),
            event_key: "".into(),
            menu_id: "".into(),
            recv_us: 5_000_001,
            node: Some(Hex([1; 8])),
            boot: Some(Hex([2; 8])),
            seq: Some(3),
            key: Some(Hex([4; 16])),
            digest: Some(Hex([5; 32])),
            retry: false,
            content: Content {
                text: "GO".into(),
                ..Content::default()
            },
            reply: Reply::nothing(0),
            reason: "".into(),
            body: "<xml>\"\u{1}</xml>".into(),
            body_b64: "".into(),
        }
    }

    #[test]
    fn an_envelope_round_trips_and_begins_with_its_type() {
        let json = serde_json::to_vec(&sample()).unwrap();
        assert!(json.starts_with(b"{\"type\":\"delivery\",\"v\":1,"));
        let back: Envelope<'_> = serde_json::from_slice(&json).unwrap();
        assert_eq!(back, sample());
        assert_eq!(back.delivery_id().unwrap().seq, 3);
    }

    #[test]
    fn plain_text_is_borrowed_from_the_record() {
        let json = serde_json::to_vec(&sample()).unwrap();
        let back: Envelope<'_> = serde_json::from_slice(&json).unwrap();
        assert!(matches!(back.from, Cow::Borrowed(_)));
        assert!(matches!(back.content.text, Cow::Borrowed(_)));
        assert!(
            matches!(back.body, Cow::Owned(_)),
            "escapes cannot be borrowed"
        );
    }

    #[test]
    fn a_message_is_the_delivery_without_body_and_delivery_id() {
        let mut message = sample();
        message.r#type = MESSAGE.into();
        (message.node, message.boot, message.seq) = (None, None, None);
        message.body = "".into();
        let json = String::from_utf8(serde_json::to_vec(&message).unwrap()).unwrap();
        assert!(!json.contains("body") && !json.contains("node") && !json.contains("seq"));
        assert!(json.contains("\"reply\":{\"rule\":\"\",\"rule_version\":0"));
    }
}
