//! The two signatures of a callback: SHA-1 over sorted strings. Never here: where the strings come
//! from, and which of the two a request needs.

use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// Signature of a clear delivery and of the GET verification: 40 lower-case hex digits.
///
/// It covers token, timestamp and nonce, and not the body.
#[must_use]
pub fn sign(token: &str, timestamp: &str, nonce: &str) -> String {
    text_of(digest([token, timestamp, nonce]))
}

/// Signature of an encrypted delivery or reply (`msg_signature`, `MsgSignature`): 40 lower-case hex
/// digits over the base64 text exactly as received.
#[must_use]
pub fn sign_encrypted(token: &str, timestamp: &str, nonce: &str, encrypt: &str) -> String {
    text_of(digest([token, timestamp, nonce, encrypt]))
}

/// Whether `given` is the signature of these parts, compared in constant time.
pub(crate) fn matches<const N: usize>(parts: [&str; N], given: &str) -> bool {
    // Lengths are no secret: a signature of another length is wrong for everyone.
    bool::from(digest(parts).as_slice().ct_eq(given.as_bytes()))
}

/// The platform sorts by bytes, never by number: "10" stands before "9".
fn digest<const N: usize>(mut parts: [&str; N]) -> [u8; 40] {
    parts.sort_unstable();
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    let mut hex = [0; 40];
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(hash.finalize()) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        *pair = [
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ];
    }
    hex
}

fn text_of(hex: [u8; 40]) -> String {
    hex.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_sorted_as_text() {
        assert_eq!(
            sign("9token", "10", "9"),
            "3724a1b35e1691675990dc57039e8927261fbc95"
        );
    }

    #[test]
    fn a_signature_of_another_length_or_case_does_not_match() {
        let right = sign("abc", "1", "2");
        assert!(matches(["abc", "1", "2"], &right));
        assert!(!matches(["abc", "1", "2"], &right[..39]));
        assert!(!matches(["abc", "1", "2"], &right.to_uppercase()));
        assert!(!matches(["abc", "1", "2"], ""));
    }
}
