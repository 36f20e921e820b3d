//! Dead letters: what a consumer could not process, for good and deterministically.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// `"type"` of a [`DeadLetter`].
pub const DEAD: &str = "dead";

/// A record that a stage set aside, with its raw bytes, in `NAME.dead`.
///
/// `{"type":"dead","v":1,"reason":"conflict","detail":"…","topic":"inbound","partition":3,"offset":99,"raw":"…"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter<'a> {
    /// `dead`.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// Version of this schema.
    pub v: u16,
    /// Short name of the reason, from a closed set per stage (`conflict`, `quarantined`, `unparsed`, …).
    #[serde(borrow)]
    pub reason: Cow<'a, str>,
    /// What exactly was wrong, for people.
    #[serde(borrow)]
    pub detail: Cow<'a, str>,
    /// Topic that the record was read from.
    #[serde(borrow)]
    pub topic: Cow<'a, str>,
    /// Partition that it was read from.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// The value as it stood there, when it is UTF-8.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub raw: Cow<'a, str>,
    /// The value in Base64 when it is not UTF-8.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub raw_b64: Cow<'a, str>,
}

impl<'a> DeadLetter<'a> {
    /// A dead letter for the record at `(topic, partition, offset)` with this value.
    #[must_use]
    pub fn new(
        reason: &'a str,
        detail: impl Into<Cow<'a, str>>,
        (topic, partition, offset): (&'a str, u32, u64),
        value: &'a [u8],
    ) -> Self {
        use base64::Engine as _;
        let (raw, raw_b64) = match std::str::from_utf8(value) {
            Ok(text) => (Cow::Borrowed(text), Cow::Borrowed("")),
            Err(_) => (
                Cow::Borrowed(""),
                Cow::Owned(base64::engine::general_purpose::STANDARD.encode(value)),
            ),
        };
        Self {
            r#type: Cow::Borrowed(DEAD),
            v: crate::SCHEMA_VERSION,
            reason: Cow::Borrowed(reason),
            detail: detail.into(),
            topic: Cow::Borrowed(topic),
            partition,
            offset,
            raw,
            raw_b64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_bytes_survive_whatever_they_are() {
        let letter = DeadLetter::new("unparsed", "no utf-8", ("inbound", 1, 2), &[0xff, 0]);
        let json = serde_json::to_string(&letter).unwrap();
        let back: DeadLetter<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(back.raw_b64, "/wA=");
        assert_eq!(DeadLetter::new("x", "", ("t", 0, 0), b"{}").raw, "{}");
    }
}
