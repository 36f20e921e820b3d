//! An account of the platform as we are configured for it: proving and opening a callback, sealing a
//! reply. Never here: the meaning of the message inside.

use crate::SUCCESS;
use crate::crypt;
use crate::envelope::{self, Envelope};
use crate::key::AesKey;
use crate::query::Query;
use crate::refusal::{OpenError, Refusal, Unreadable};
use crate::signature;
use std::borrow::Cow;
use std::fmt;

/// Which deliveries an account takes; each request says by `encrypt_type` which kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Clear bodies only. Nothing proves the body, only the query.
    Plain,
    /// Clear and encrypted bodies: a change of mode in the console works at once, so both kinds arrive.
    Compatible,
    /// Encrypted bodies only: a clear one is a downgrade and refused.
    Safe,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Compatible, Self::Safe];

    /// The mode with this name, as the configuration spells it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// `plain`, `compatible` or `safe`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Compatible => "compatible",
            Self::Safe => "safe",
        }
    }
}

/// One account, as configured.
#[derive(Clone)]
pub struct Account {
    /// The `{account}` of the callback path.
    pub name: String,
    /// `wx` and 16 hex digits; stands behind every encrypted message.
    pub app_id: String,
    /// `gh_` and 12 hex digits: the ToUserName of messages, the FromUserName of replies.
    pub original_id: String,
    /// Shared secret of the signatures.
    pub token: String,
    /// The AES key, needed for every mode but plain.
    pub key: Option<AesKey>,
    /// The AES key before the last change in the console.
    pub previous_key: Option<AesKey>,
    /// Which deliveries are taken.
    pub mode: Mode,
}

/// Which of the account's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhichKey {
    /// [`Account::key`].
    Current,
    /// [`Account::previous_key`].
    Previous,
}

/// How a reply to a delivery must be wrapped: as the delivery was, with the key that opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seal {
    /// In clear.
    Plain,
    /// Encrypted with this key.
    Encrypted(WhichKey),
}

/// A delivery whose query, and in encrypted mode also whose body, is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened<'b> {
    /// The message in clear: in encrypted mode it is UTF-8.
    pub xml: Cow<'b, [u8]>,
    /// How to wrap the reply.
    pub seal: Seal,
}

impl Account {
    /// Answers a GET verification: the `echostr` to send back unchanged. It is in clear in every mode.
    ///
    /// # Errors
    /// A missing or wrong signature, or no `echostr`.
    pub fn verify_url<'q>(&self, query: &'q Query<'_>) -> Result<&'q str, Refusal> {
        self.check_signature(query)?;
        query.echostr.as_deref().ok_or(Refusal::EchostrMissing)
    }

    /// Proves a delivery and returns its message in clear.
    ///
    /// An encrypted one is proved by `msg_signature` alone; the clear fields beside its ciphertext are
    /// read by nobody. Its checks, in this order: envelope, `Encrypt`, signature, base64, length of the
    /// ciphertext, padding, length field, app id, UTF-8.
    ///
    /// # Errors
    /// [`OpenError::Refused`] before the signature is proved, [`OpenError::Unreadable`] after.
    pub fn open<'b>(&self, query: &Query<'_>, body: &'b [u8]) -> Result<Opened<'b>, OpenError> {
        match (query.encrypt_type.as_deref(), self.mode) {
            (None | Some("raw"), Mode::Plain | Mode::Compatible) => {
                self.check_signature(query)?;
                Ok(Opened {
                    xml: Cow::Borrowed(body),
                    seal: Seal::Plain,
                })
            }
            (Some("aes"), Mode::Compatible | Mode::Safe) => self.open_encrypted(query, body),
            (None | Some("raw" | "aes"), _) => Err(Refusal::ModeNotAllowed.into()),
            (Some(_), _) => Err(Refusal::EncryptTypeUnknown.into()),
        }
    }

    fn check_signature(&self, query: &Query<'_>) -> Result<(), Refusal> {
        let (given, timestamp, nonce) = signed(query, query.signature.as_deref())?;
        if signature::matches([&self.token, timestamp, nonce], given) {
            Ok(())
        } else {
            Err(Refusal::SignatureMismatch)
        }
    }

    fn open_encrypted<'b>(
        &self,
        query: &Query<'_>,
        body: &'b [u8],
    ) -> Result<Opened<'b>, OpenError> {
        let encrypt = Envelope::encrypt_of_delivery(body)?;
        let (given, timestamp, nonce) = signed(query, query.msg_signature.as_deref())?;
        if !signature::matches([&self.token, timestamp, nonce, &encrypt], given) {
            return Err(Refusal::SignatureMismatch.into());
        }
        let (message, which) = self.decrypt(&encrypt)?;
        Ok(Opened {
            xml: Cow::Owned(message),
            seal: Seal::Encrypted(which),
        })
    }

    /// Tries the current key, then the previous one. When both fail, the current key's reason stands.
    pub(crate) fn decrypt(&self, encrypt: &str) -> Result<(Vec<u8>, WhichKey), OpenError> {
        let keys = [
            (&self.key, WhichKey::Current),
            (&self.previous_key, WhichKey::Previous),
        ];
        let mut first: Option<Unreadable> = None;
        for (key, which) in keys {
            let Some(key) = key else { continue };
            match crypt::decrypt(key, &self.app_id, encrypt) {
                Ok(message) => return Ok((message, which)),
                Err(reason) => first = first.or(Some(reason)),
            }
        }
        Err(first.map_or(Refusal::NoKey.into(), OpenError::Unreadable))
    }

    /// Wraps the answer to a delivery: encrypted and signed when the delivery was, otherwise as it is.
    ///
    /// `success` and the empty body stay in clear in every mode. `timestamp` is in seconds;
    /// `nonce` and `random` are the caller's, or the nonce is the delivery's.
    #[must_use]
    pub fn seal(
        &self,
        seal: Seal,
        xml: &str,
        timestamp: &str,
        nonce: &str,
        random: [u8; 16],
    ) -> String {
        let which = match seal {
            Seal::Encrypted(which) if !xml.is_empty() && xml != SUCCESS => which,
            _ => return xml.to_owned(),
        };
        let key = match which {
            WhichKey::Current => self.key.as_ref(),
            WhichKey::Previous => self.previous_key.as_ref(),
        };
        match key {
            Some(key) => {
                let encrypt = crypt::encrypt(key, &self.app_id, xml.as_bytes(), random);
                let signature = signature::sign_encrypted(&self.token, timestamp, nonce, &encrypt);
                envelope::render(&encrypt, &signature, timestamp, nonce)
            }
            // A seal of another account. A clear reply in safe mode would show the fan the outage notice.
            None => SUCCESS.to_owned(),
        }
    }
}

/// The given signature with the timestamp and nonce it covers; all three must be there.
fn signed<'q>(
    query: &'q Query<'_>,
    given: Option<&'q str>,
) -> Result<(&'q str, &'q str, &'q str), Refusal> {
    let present = |value: Option<&'q str>| {
        value
            .filter(|value| !value.is_empty())
            .ok_or(Refusal::SignatureMissing)
    };
    Ok((
        present(given)?,
        present(query.timestamp.as_deref())?,
        present(query.nonce.as_deref())?,
    ))
}

impl fmt::Debug for Account {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("app_id", &self.app_id)
            .field("original_id", &self.original_id)
            .field("mode", &self.mode)
            .field("keys", &[self.key.is_some(), self.previous_key.is_some()])
            .finish_non_exhaustive()
    }
}
