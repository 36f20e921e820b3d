//! Entrant codes: what stands for a fan in everything that is published. Never the OpenID.

use sha2::{Digest, Sha256};
use std::fmt;

const BLOCK: usize = 64;

/// `HMAC-SHA256(salt, openid)[0..16]`, shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntrantCode(pub [u8; 16]);

impl EntrantCode {
    /// Reads 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        crate::draw::unhex(text).map(Self)
    }

    /// The last six digits: what the public text of an announcement shows.
    #[must_use]
    pub fn tail(self) -> String {
        self.to_string().split_off(26)
    }
}

impl fmt::Display for EntrantCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 32];
        f.write_str(crate::draw::hex_into(&self.0, &mut digits))
    }
}

impl fmt::Debug for EntrantCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes the entrant codes of one campaign; both halves of the key are hashed once.
#[derive(Debug, Clone)]
pub struct Entrants {
    inner: Sha256,
    outer: Sha256,
}

impl Entrants {
    /// For this salt (the campaign's).
    #[must_use]
    pub fn new(salt: &[u8]) -> Self {
        let mut key = [0_u8; BLOCK];
        if salt.len() > BLOCK {
            key[..32].copy_from_slice(&Sha256::digest(salt));
        } else {
            key[..salt.len()].copy_from_slice(salt);
        }
        let padded = |pad: u8| Sha256::new().chain_update(key.map(|byte| byte ^ pad));
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// The code of a fan.
    #[must_use]
    pub fn code(&self, openid: &str) -> EntrantCode {
        let inner = self.inner.clone().chain_update(openid).finalize();
        let outer = self.outer.clone().chain_update(inner).finalize();
        let mut code = [0; 16];
        code.copy_from_slice(&outer[..16]);
        EntrantCode(code)
    }
}
