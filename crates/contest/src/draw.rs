//! The draw protocol `draw_v1`: secrets, commitments, seed, lots and tickets. Pure hashes of
//! published bytes; never randomness, never a modulo, never a shuffle.

use crate::beacon::Beacon;
use crate::entrant::EntrantCode;
use sha2::{Digest, Sha256};
use std::fmt;

const COMMIT: &[u8] = b"spillway/commit/v1\0";
const SEED: &[u8] = b"spillway/seed/v1\0";
const LOT: &[u8; 16] = b"spillway/lot/v1\0";
const TICKET: &[u8; 19] = b"spillway/ticket/v1\0";

/// 32 bytes with a name.
macro_rules! bytes_32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Reads 64 lower-case hexadecimal digits.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                unhex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 64];
                f.write_str(hex_into(&self.0, &mut digits))
            }
        }
    };
}

bytes_32!(
    /// `s_k`: what was committed to before the campaign and is revealed after the list is published.
    Secret
);
bytes_32!(
    /// `S`: what lots and tickets of one draw are made of.
    #[derive(Debug)]
    Seed
);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The secret before it in the chain: `s_{k−1} = H(s_k)`.
    #[must_use]
    pub fn before(&self) -> Self {
        Self(hash(&self.0))
    }

    /// `s_k` of a chain whose last secret, `s_length`, this is. With `k = 0`, what is published beforehand.
    #[must_use]
    pub fn in_chain(&self, length: u16, k: u16) -> Self {
        (k..length).fold(*self, |secret, _| secret.before())
    }
}

/// What was published before a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commitment {
    /// `s_0` of a chain with so many links, and the place `k` of this draw's secret in it, from 1.
    Chain {
        /// `s_0`.
        root: [u8; 32],
        /// `k`.
        index: u16,
        /// How many secrets the chain has; published beside `s_0`, because `s_0` does not tell.
        links: u16,
    },
    /// `C` of a single draw.
    Single([u8; 32]),
}

impl Commitment {
    /// Whether a revealed secret is the one that was committed to for this draw. Each draw has one place in a chain
    /// ([`link_of`]): whoever knows all links must not choose among them, nor use one again that was revealed.
    #[must_use]
    pub fn holds(&self, campaign: &str, draw: &str, secret: &Secret) -> bool {
        match self {
            Self::Chain { root, index, links } => {
                link_of(draw, *links) == Some(*index) && secret.in_chain(*index, 0).0 == *root
            }
            Self::Single(commitment) => commit(campaign, draw, secret) == *commitment,
        }
    }
}

/// The place of a draw's secret in a chain of so many links: round `NN` has link `NN`, the final draw the last one, which
/// no round has. None for a round that the chain was not made for, and for what is no name of a draw.
#[must_use]
pub fn link_of(draw: &str, links: u16) -> Option<u16> {
    if draw == draw_name(None) {
        return (links > 0).then_some(links);
    }
    let number = draw.strip_prefix("round-")?.parse().ok()?;
    (draw == draw_name(Some(number)) && 0 < number && number < links).then_some(number)
}

/// The name of a draw in commitments and records: `round-03`, or `final`.
#[must_use]
pub fn draw_name(round: Option<u16>) -> String {
    round.map_or_else(|| "final".to_owned(), |round| format!("round-{round:02}"))
}

/// SHA-256.
#[must_use]
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `C = H("spillway/commit/v1\0" ‖ campaign ‖ 0 ‖ draw ‖ 0 ‖ s)`.
#[must_use]
pub fn commit(campaign: &str, draw: &str, secret: &Secret) -> [u8; 32] {
    Sha256::new()
        .chain_update(COMMIT)
        .chain_update(campaign)
        .chain_update([0])
        .chain_update(draw)
        .chain_update([0])
        .chain_update(secret.0)
        .finalize()
        .into()
}

impl Seed {
    /// `S = H("spillway/seed/v1\0" ‖ s_k ‖ R ‖ len_be32(B) ‖ B)`.
    #[must_use]
    pub fn new(secret: &Secret, list: &[u8; 32], beacon: Option<&Beacon>) -> Self {
        let text = Beacon::text(beacon);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let seed = Sha256::new()
            .chain_update(SEED)
            .chain_update(secret.0)
            .chain_update(list)
            .chain_update(length.to_be_bytes())
            .chain_update(text)
            .finalize();
        Self(seed.into())
    }
}

/// `H("spillway/lot/v1\0" ‖ S ‖ code)`: one for each fan and round.
#[must_use]
pub fn lot(seed: &Seed, code: EntrantCode) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..16].copy_from_slice(LOT);
    block[16..48].copy_from_slice(&seed.0);
    block[48..].copy_from_slice(&code.0);
    hash(&block)
}

/// `H("spillway/ticket/v1\0" ‖ S ‖ code ‖ ticket_no_be32)`.
#[must_use]
pub fn ticket(seed: &Seed, code: EntrantCode, number: u32) -> [u8; 32] {
    let mut block = [0_u8; 71];
    block[..19].copy_from_slice(TICKET);
    block[19..51].copy_from_slice(&seed.0);
    block[51..67].copy_from_slice(&code.0);
    block[67..].copy_from_slice(&number.to_be_bytes());
    hash(&block)
}

/// Lower-case hexadecimal digits of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    hex_into(bytes, &mut digits).to_owned()
}

/// Writes the digits into a place twice as long.
pub(crate) fn hex_into<'d>(bytes: &[u8], digits: &'d mut [u8]) -> &'d str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    // Digits are ASCII.
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Reads lower-case hexadecimal digits of exactly `N` bytes.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}
