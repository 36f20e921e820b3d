//! Why a request cannot be taken, or cannot be read although it is authentic. Never here: what to
//! answer on the wire beyond the status, or how to count it; both belong to ingress.

use crate::xml::ParseError;

/// A request that cannot be authentic, or that this account does not accept. It leaves no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// A parameter that the signature needs is absent or empty.
    #[error("signature, timestamp or nonce is missing from the query")]
    SignatureMissing,
    /// The signature is there and differs.
    #[error("signature differs: check the token of the account")]
    SignatureMismatch,
    /// The account's mode does not allow this delivery: a clear body for a safe account (a downgrade),
    /// or an encrypted one for a plain account.
    #[error("encryption of the request does not fit the account's mode")]
    ModeNotAllowed,
    /// `encrypt_type` is neither absent, `raw` nor `aes`.
    #[error("encrypt_type is neither raw nor aes")]
    EncryptTypeUnknown,
    /// An encrypted delivery for an account that has no AES key.
    #[error("encrypted request for an account without encoding_aes_key")]
    NoKey,
    /// A GET verification without `echostr`.
    #[error("echostr is missing from the query")]
    EchostrMissing,
    /// An encrypted delivery without a body.
    #[error("encrypted request without a body")]
    EmptyBody,
    /// The envelope is longer than [`crate::BODY_BYTES_MAX`].
    #[error("body is longer than 262144 bytes")]
    TooLarge,
    /// The envelope of an encrypted delivery is not readable XML.
    #[error("envelope of the encrypted request is not readable XML")]
    BadXml,
    /// The envelope has no `Encrypt` element.
    #[error("envelope of the encrypted request has no Encrypt element")]
    NoEncryptElement,
}

impl Refusal {
    /// Fixed short name: metric label, and outcome code of the test vectors.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::SignatureMissing => "signature_missing",
            Self::SignatureMismatch => "signature_mismatch",
            Self::ModeNotAllowed => "mode_not_allowed",
            Self::EncryptTypeUnknown => "encrypt_type_unknown",
            Self::NoKey => "no_key",
            Self::EchostrMissing => "echostr_missing",
            Self::EmptyBody => "empty_body",
            Self::TooLarge => "too_large",
            Self::BadXml => "bad_xml",
            Self::NoEncryptElement => "no_encrypt_element",
        }
    }

    /// Every refusal, for the registration of counters.
    pub const ALL: [Self; 10] = [
        Self::SignatureMissing,
        Self::SignatureMismatch,
        Self::ModeNotAllowed,
        Self::EncryptTypeUnknown,
        Self::NoKey,
        Self::EchostrMissing,
        Self::EmptyBody,
        Self::TooLarge,
        Self::BadXml,
        Self::NoEncryptElement,
    ];

    /// HTTP status of the refusal: 403 for what proves nothing, 413 for what is too long, otherwise 400.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::SignatureMissing | Self::SignatureMismatch | Self::ModeNotAllowed => 403,
            Self::TooLarge => 413,
            _ => 400,
        }
    }
}

impl From<ParseError> for Refusal {
    /// How an unreadable envelope is refused: it was read before anything was proved.
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::EmptyBody => Self::EmptyBody,
            ParseError::TooLarge => Self::TooLarge,
            _ => Self::BadXml,
        }
    }
}

/// An encrypted delivery whose signature is right and whose content is not to be had. It is recorded
/// as unparsed with its raw bytes and answered `success` (I-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unreadable {
    /// `Encrypt` is not standard base64 with padding.
    #[error("Encrypt is not standard base64")]
    BadBase64,
    /// The ciphertext is empty or no multiple of 32 bytes.
    #[error("ciphertext is empty or no multiple of 32 bytes")]
    BadCiphertextLength,
    /// The last byte is outside 1..=32, or the padding bytes differ from it.
    #[error("padding is wrong: check encoding_aes_key")]
    BadPadding,
    /// The length field does not fit, or fewer than 20 bytes remain.
    #[error("length field does not fit: check encoding_aes_key")]
    BadLength,
    /// What follows the message is not the account's app id.
    #[error("app id of the message is not the account's: check app_id")]
    AppIdMismatch,
    /// The message is not UTF-8.
    #[error("decrypted message is not UTF-8")]
    BadUtf8,
}

impl Unreadable {
    /// Fixed short name: metric label, and outcome code of the test vectors.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadBase64 => "bad_base64",
            Self::BadCiphertextLength => "bad_ciphertext_length",
            Self::BadPadding => "bad_padding",
            Self::BadLength => "bad_length",
            Self::AppIdMismatch => "appid_mismatch",
            Self::BadUtf8 => "bad_utf8",
        }
    }

    /// Every reason, for the registration of counters.
    pub const ALL: [Self; 6] = [
        Self::BadBase64,
        Self::BadCiphertextLength,
        Self::BadPadding,
        Self::BadLength,
        Self::AppIdMismatch,
        Self::BadUtf8,
    ];

    /// Whether the signature was right and the key was not: somebody changed the key in the console,
    /// which must be paged (I-4).
    #[must_use]
    pub fn suggests_key_change(&self) -> bool {
        matches!(
            self,
            Self::BadPadding | Self::BadLength | Self::AppIdMismatch
        )
    }
}

/// What [`crate::Account::open`] says when it does not return the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OpenError {
    /// Cannot be authentic, or is not accepted: refuse, no record.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Authentic, not readable: record as unparsed, answer `success`.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl OpenError {
    /// Fixed short name of the inner reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason(),
            Self::Unreadable(unreadable) => unreadable.reason(),
        }
    }
}
