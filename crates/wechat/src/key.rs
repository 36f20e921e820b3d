//! The AES key of an account, as the console shows it. Never here: which key of an account is tried.

use aes::Aes256;
use aes::cipher::KeyInit;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;

/// Length of the console's `EncodingAESKey`, in characters.
pub const KEY_TEXT_CHARS: usize = 43;

/// 43 characters hold 258 bits, a key has 256: the last character's two spare bits are often set.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A 256-bit key with its schedule computed, and the initial vector, which is its first half.
#[derive(Clone)]
pub struct AesKey {
    pub(crate) cipher: Aes256,
    pub(crate) iv: [u8; 16],
    bytes: [u8; 32],
}

/// Why a configured key is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 43 characters long.
    #[error(
        "encoding_aes_key has {0} characters, not 43: copy it from the console without = or blanks"
    )]
    Length(usize),
    /// Holds something else than ASCII letters and digits.
    #[error("encoding_aes_key holds something else than letters and digits")]
    Character,
}

impl AesKey {
    /// Reads the console's value: exactly 43 ASCII letters or digits. Blanks around it are for the
    /// configuration to trim; a value whose two spare bits are set is as good as any.
    ///
    /// # Errors
    /// What is wrong with the text, without the text: it is a secret.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let length = text.chars().count();
        if length != KEY_TEXT_CHARS {
            return Err(KeyError::Length(length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyError::Character);
        }
        let decoded = ENGINE.decode(text).map_err(|_| KeyError::Character)?;
        let bytes: [u8; 32] = decoded.try_into().map_err(|_| KeyError::Character)?;
        let mut iv = [0; 16];
        iv.copy_from_slice(&bytes[..16]);
        Ok(Self {
            cipher: Aes256::new(&bytes.into()),
            iv,
            bytes,
        })
    }

    /// The 32 bytes of the key. A secret.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The 16 bytes of the initial vector. A secret.
    #[must_use]
    pub fn iv(&self) -> &[u8; 16] {
        &self.iv
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(secret)")
    }
}
