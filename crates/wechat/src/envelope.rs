//! The XML around a ciphertext, coming in and going out. Never here: keys.

use crate::refusal::Refusal;
use crate::text;
use crate::xml::{self, ParseError};
use std::borrow::Cow;

/// The fields of an encrypted delivery or reply; the last three stand in replies only.
#[derive(Debug, Default)]
pub(crate) struct Envelope<'a> {
    pub(crate) encrypt: Option<Cow<'a, str>>,
    pub(crate) signature: Option<Cow<'a, str>>,
    pub(crate) timestamp: Option<Cow<'a, str>>,
    pub(crate) nonce: Option<Cow<'a, str>>,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope. Of a field given twice the first stands.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ParseError> {
        let mut read = Self::default();
        xml::walk(body, |leaf| {
            let field = match leaf.path {
                "Encrypt" => &mut read.encrypt,
                "MsgSignature" => &mut read.signature,
                "TimeStamp" => &mut read.timestamp,
                "Nonce" => &mut read.nonce,
                _ => return,
            };
            if field.is_none() {
                *field = Some(leaf.value);
            }
        })?;
        Ok(read)
    }

    /// The ciphertext of a delivery, which must be there; it may be empty.
    pub(crate) fn encrypt_of_delivery(body: &'a [u8]) -> Result<Cow<'a, str>, Refusal> {
        Self::parse(body)?.encrypt.ok_or(Refusal::NoEncryptElement)
    }
}

/// The envelope of an encrypted reply.
pub(crate) fn render(encrypt: &str, signature: &str, timestamp: &str, nonce: &str) -> String {
    let mut out = String::with_capacity(encrypt.len().saturating_add(256));
    text::open(&mut out, "xml");
    text::push_element(&mut out, "Encrypt", encrypt);
    text::push_element(&mut out, "MsgSignature", signature);
    match timestamp.parse::<i64>() {
        Ok(seconds) if timestamp == seconds.to_string() => {
            text::push_number(&mut out, "TimeStamp", seconds);
        }
        // The signature covers the text as it is, so it is not to be spelled anew.
        _ => text::push_element(&mut out, "TimeStamp", timestamp),
    }
    text::push_element(&mut out, "Nonce", nonce);
    text::close(&mut out, "xml");
    out
}
