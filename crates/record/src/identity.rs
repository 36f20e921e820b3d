//! What makes a message itself: its key, the digest of its content, its partition.

use crate::hexed::Hex;
use sha2::{Digest, Sha256};

/// The key of a message or event (D-2, D-3): the first 16 bytes of a SHA-256.
pub type MessageKey = Hex<16>;
/// SHA-256 over the leaves of a message.
pub type ContentDigest = Hex<32>;

/// The MsgId of a message: an unsigned 64-bit number, or whatever else the platform sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MsgId<'a> {
    /// The ordinary form.
    Number(u64),
    /// Text that is no unsigned 64-bit number.
    Text(&'a str),
}

impl<'a> MsgId<'a> {
    /// Reads a MsgId: a number when it is one in its shortest spelling, otherwise the text as it is.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        match text.parse::<u64>() {
            Ok(number) if text.len() == 1 || !text.starts_with(['0', '+']) => Self::Number(number),
            _ => Self::Text(text),
        }
    }
}

/// Key of a message (D-2). `account` and `from` hold no NUL: the parser of callbacks filters it out.
#[must_use]
pub fn message_key(account: &str, from: &str, msg_id: MsgId<'_>) -> MessageKey {
    let mut hash = Sha256::new();
    hash.update(b"m");
    hash.update(account);
    hash.update([0]);
    hash.update(from);
    hash.update([0]);
    match msg_id {
        MsgId::Number(number) => hash.update(number.to_be_bytes()),
        MsgId::Text(text) => {
            hash.update(b"t");
            hash.update(text);
        }
    }
    first_16(&hash.finalize())
}

/// Key of an event, or of a message that came without MsgId (D-3, I-4).
#[must_use]
pub fn event_key(
    account: &str,
    from: &str,
    create_time: i64,
    event: &str,
    key: &str,
    digest: &ContentDigest,
) -> MessageKey {
    let mut hash = Sha256::new();
    hash.update(b"e");
    hash.update(account);
    hash.update([0]);
    hash.update(from);
    hash.update([0]);
    hash.update(create_time.to_be_bytes());
    hash.update([0]);
    hash.update(event);
    hash.update([0]);
    hash.update(key);
    hash.update([0]);
    hash.update(digest.0);
    first_16(&hash.finalize())
}

/// Digest over the leaves of a body: `path ‖ 0 ‖ value ‖ 0` in byte order of the path, leaves of one
/// path in the order of the document.
#[must_use]
pub fn content_digest<'a>(leaves: impl IntoIterator<Item = (&'a str, &'a str)>) -> ContentDigest {
    let mut sorted: Vec<(&str, &str)> = leaves.into_iter().collect();
    sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut hash = Sha256::new();
    for (path, value) in sorted {
        hash.update(path);
        hash.update([0]);
        hash.update(value);
        hash.update([0]);
    }
    Hex(hash.finalize().into())
}

/// SHA-256 of any bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hex<32> {
    Hex(Sha256::digest(bytes).into())
}

/// First 16 bytes of SHA-256 over the plaintext of a passive reply.
#[must_use]
pub fn reply_hash(plaintext: &[u8]) -> Hex<16> {
    first_16(&Sha256::digest(plaintext))
}

fn first_16(digest: &[u8]) -> Hex<16> {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Hex(bytes)
}

/// 64-bit FNV-1a.
#[must_use]
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The partition of a record with this key: `fnv1a64(key) mod partitions` (I-3). Zero partitions count as one.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> u32 {
    u32::try_from(fnv1a64(key) % u64::from(partitions.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_has_its_published_values() {
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_msg_id_is_a_number_only_in_its_shortest_spelling() {
        assert_eq!(
            MsgId::parse("25480112233445567"),
            MsgId::Number(25_480_112_233_445_567)
        );
        assert_eq!(MsgId::parse("0"), MsgId::Number(0));
        assert_eq!(MsgId::parse("007"), MsgId::Text("007"));
        assert_eq!(MsgId::parse("+7"), MsgId::Text("+7"));
        assert_eq!(
            MsgId::parse("18446744073709551616"),
            MsgId::Text("18446744073709551616")
        );
    }

    #[test]
    fn message_keys_differ_by_each_part_and_by_spelling() {
        let keys = [
            message_key("mi", "f", MsgId::Number(7)),
            message_key("mi", "g", MsgId::Number(7)),
            message_key("mj", "f", MsgId::Number(7)),
            message_key("mi", "f", MsgId::Number(8)),
            message_key("mi", "f", MsgId::Text("7")),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn the_digest_ignores_the_order_of_elements_but_not_of_equal_paths() {
        let a = content_digest([("B", "2"), ("A", "1")]);
        assert_eq!(a, content_digest([("A", "1"), ("B", "2")]));
        assert_ne!(a, content_digest([("A", "2"), ("B", "1")]));
        assert_ne!(
            content_digest([("L/x", "1"), ("L/x", "2")]),
            content_digest([("L/x", "2"), ("L/x", "1")])
        );
        assert_ne!(content_digest([("A", "1B")]), content_digest([("A1", "B")]));
    }
}
