//! Fixed-size byte strings that stand in JSON as lower-case hex.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// `N` bytes, written as `2N` lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Hex<N> {
    /// Reads exactly `2N` hex digits; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 2 * N {
            return None;
        }
        let mut bytes = [0_u8; N];
        let mut seen = 0;
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let [high, low] = pair.map(|digit| NIBBLES[usize::from(digit)]);
            seen |= high | low;
            *byte = (high << 4) | low;
        }
        (seen != NO_DIGIT).then_some(Self(bytes))
    }
}

/// What stands in [`NIBBLES`] for a byte that is no digit: whatever it is joined with, it stays.
const NO_DIGIT: u8 = u8::MAX;

/// The value of every hex digit.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let lower = b"0123456789abcdef"[value];
        nibbles[lower as usize] = value as u8;
        nibbles[lower.to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    nibbles
};

/// Lower-case hex of any bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.extend(digits(*byte).map(char::from));
    }
    text
}

/// Appends the lower-case hex of any bytes.
pub fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start.saturating_add(bytes.len().saturating_mul(2)), b'0');
    let (pairs, _) = out[start..].as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = digits(*byte);
    }
}

fn digits(byte: u8) -> [u8; 2] {
    PAIRS[usize::from(byte)]
}

/// Both digits of every byte.
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

impl<const N: usize> std::fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl<const N: usize> std::fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&encode(&self.0))
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode(&self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<const N: usize> serde::de::Visitor<'_> for Visitor<N> {
            type Value = Hex<N>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} hex digits", 2 * N)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex<N>, E> {
                Hex::parse(text).ok_or_else(|| E::custom(format!("not {} hex digits", 2 * N)))
            }
        }
        deserializer
            .deserialize_str(Visitor::<N>)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_and_refuses_other_lengths() {
        let hex = Hex([0x00, 0xff, 0x1a]);
        assert_eq!(hex.to_string(), "00ff1a");
        assert_eq!(Hex::<3>::parse("00FF1a"), Some(hex));
        assert_eq!(Hex::<3>::parse("00ff1"), None);
        for digit in u8::MIN..=0x7f {
            let parsed = Hex::<2>::parse(&format!("a{}0{}", char::from(digit), 'F'));
            assert_eq!(parsed.is_some(), digit.is_ascii_hexdigit(), "{digit}");
        }
        assert_eq!(Hex::<1>::parse("é"), None);
        let json = serde_json::to_string(&hex).unwrap();
        assert_eq!(json, "\"00ff1a\"");
        assert_eq!(serde_json::from_str::<Hex<3>>(&json).unwrap(), hex);
        assert!(serde_json::from_str::<Hex<3>>("\"00\"").is_err());
    }
}
