//! The platform's side of the wire: signed requests, and replies read back. For load generators and
//! tests. Never here: what ingress does with a request.

use crate::SUCCESS;
use crate::account::{Account, Mode};
use crate::crypt;
use crate::envelope::Envelope;
use crate::leaves::Leaves;
use crate::query::push_pair;
use crate::reply::TEXT_BYTES_MAX;
use crate::signature;
use crate::text::push_element;
use crate::xml::{self, ParseError};

/// What an answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Zero bytes.
    Empty,
    /// [`SUCCESS`].
    Success,
    /// A passive reply.
    Reply(ReadReply),
}

/// A passive reply read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReply {
    /// The plaintext XML: what hashes of a reply mean.
    pub xml: String,
    /// Whether it came encrypted.
    pub encrypted: bool,
    leaves: Leaves,
}

impl ReadReply {
    /// The fan's openid.
    #[must_use]
    pub fn to(&self) -> &str {
        self.leaf("ToUserName").unwrap_or_default()
    }

    /// The account's original id.
    #[must_use]
    pub fn from(&self) -> &str {
        self.leaf("FromUserName").unwrap_or_default()
    }

    /// Kind of the reply.
    #[must_use]
    pub fn msg_type(&self) -> &str {
        self.leaf("MsgType").unwrap_or_default()
    }

    /// CreateTime, in seconds since 1970.
    #[must_use]
    pub fn create_time(&self) -> Option<i64> {
        self.leaf("CreateTime")
            .and_then(|seconds| seconds.parse().ok())
    }

    /// Text of a text reply.
    #[must_use]
    pub fn content(&self) -> Option<&str> {
        self.leaf("Content").filter(|_| self.msg_type() == "text")
    }

    /// First value at this path, names joined by `/`.
    #[must_use]
    pub fn leaf(&self, path: &str) -> Option<&str> {
        self.leaves.first(path)
    }

    /// Every path and value, in the order of the document.
    pub fn leaves(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.leaves.pairs()
    }
}

/// Why the platform would show the fan the outage notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AnswerError {
    /// Neither empty, nor `success`, nor XML.
    #[error("answer is neither empty, success nor XML: {0}")]
    Xml(#[from] ParseError),
    /// A clear reply in safe mode.
    #[error("reply of an account in safe mode is not encrypted")]
    NotEncrypted,
    /// The envelope lacks a field, or its signature is wrong.
    #[error("envelope of the reply is not signed with the account's token")]
    Signature,
    /// The ciphertext cannot be opened with the account's keys.
    #[error("reply cannot be decrypted with the account's keys")]
    Undecryptable,
    /// The reply lacks ToUserName, FromUserName, CreateTime or MsgType.
    #[error("reply lacks {0}")]
    Missing(&'static str),
    /// The text is empty, or longer than [`TEXT_BYTES_MAX`].
    #[error("text of the reply is empty or longer than 2048 bytes")]
    Content,
}

/// Reads the body of an answer as strictly as the platform does, plain or encrypted.
///
/// # Errors
/// Why the platform would not show it.
pub fn parse_reply(account: &Account, body: &[u8]) -> Result<Answer, AnswerError> {
    if body.is_empty() {
        return Ok(Answer::Empty);
    }
    if body == SUCCESS.as_bytes() {
        return Ok(Answer::Success);
    }
    let envelope = Envelope::parse(body)?;
    let (xml, encrypted) = match envelope.encrypt {
        None if account.mode == Mode::Safe => return Err(AnswerError::NotEncrypted),
        None => (body.to_vec(), false),
        Some(_) => (open_reply(account, &envelope)?, true),
    };
    let mut leaves = Leaves::of_body(xml.len());
    xml::walk(&xml, |leaf| {
        leaves.push(leaf.path, leaf.parent, &leaf.value)
    })?;
    let xml = String::from_utf8(xml).map_err(|_| ParseError::BadUtf8)?;
    let reply = ReadReply {
        xml,
        encrypted,
        leaves,
    };
    check(&reply)?;
    Ok(Answer::Reply(reply))
}

fn open_reply(account: &Account, envelope: &Envelope<'_>) -> Result<Vec<u8>, AnswerError> {
    let (Some(encrypt), Some(given), Some(timestamp), Some(nonce)) = (
        &envelope.encrypt,
        &envelope.signature,
        &envelope.timestamp,
        &envelope.nonce,
    ) else {
        return Err(AnswerError::Signature);
    };
    if !signature::matches([&account.token, timestamp, nonce, encrypt], given) {
        return Err(AnswerError::Signature);
    }
    let opened = account
        .decrypt(encrypt)
        .map_err(|_| AnswerError::Undecryptable)?;
    Ok(opened.0)
}

fn check(reply: &ReadReply) -> Result<(), AnswerError> {
    for name in ["ToUserName", "FromUserName", "MsgType"] {
        if reply.leaf(name).is_none_or(str::is_empty) {
            return Err(AnswerError::Missing(name));
        }
    }
    if reply.create_time().is_none() {
        return Err(AnswerError::Missing("CreateTime"));
    }
    match reply.leaf("Content") {
        None if reply.msg_type() == "text" => Err(AnswerError::Content),
        Some(text) if text.is_empty() || text.len() > TEXT_BYTES_MAX => Err(AnswerError::Content),
        _ => Ok(()),
    }
}

impl Account {
    /// The query string and the body of a POST that delivers this plaintext message in the account's
    /// mode, as the platform builds them: compatible mode has the clear fields and the ciphertext in
    /// one body. `openid` is taken from FromUserName where that is a CDATA section.
    ///
    /// An account in compatible or safe mode without a key yields a request that is refused.
    #[must_use]
    pub fn seal_request(
        &self,
        xml: &str,
        timestamp: &str,
        nonce: &str,
        random: [u8; 16],
    ) -> (String, String) {
        let mut query = self.query(timestamp, nonce);
        if let Some(openid) = openid(xml) {
            push_pair(&mut query, "openid", openid);
        }
        let encrypt = match (self.mode, &self.key) {
            (Mode::Plain, _) => return (query, xml.to_owned()),
            (_, Some(key)) => crypt::encrypt(key, &self.app_id, xml.as_bytes(), random),
            (_, None) => String::new(),
        };
        let signature = signature::sign_encrypted(&self.token, timestamp, nonce, &encrypt);
        push_pair(&mut query, "encrypt_type", "aes");
        push_pair(&mut query, "msg_signature", &signature);
        (query, self.encrypted_body(xml, &encrypt))
    }

    /// The query string of a GET that verifies the URL.
    #[must_use]
    pub fn verification_query(&self, echostr: &str, timestamp: &str, nonce: &str) -> String {
        let mut query = self.query(timestamp, nonce);
        push_pair(&mut query, "echostr", echostr);
        query
    }

    fn query(&self, timestamp: &str, nonce: &str) -> String {
        let mut query = String::with_capacity(256);
        push_pair(
            &mut query,
            "signature",
            &signature::sign(&self.token, timestamp, nonce),
        );
        push_pair(&mut query, "timestamp", timestamp);
        push_pair(&mut query, "nonce", nonce);
        query
    }

    fn encrypted_body(&self, xml: &str, encrypt: &str) -> String {
        let mut body =
            String::with_capacity(xml.len().saturating_add(encrypt.len()).saturating_add(256));
        match xml.strip_suffix("</xml>") {
            Some(clear) if self.mode == Mode::Compatible => {
                body.push_str(clear);
                push_element(&mut body, "Encrypt", encrypt);
                body.push_str("\n</xml>");
            }
            _ => {
                body.push_str("<xml>\n    ");
                push_element(&mut body, "ToUserName", &self.original_id);
                body.push_str("\n    ");
                push_element(&mut body, "Encrypt", encrypt);
                body.push_str("\n</xml>\n");
            }
        }
        body
    }
}

/// The fan of a message that spells FromUserName as the platform does.
fn openid(xml: &str) -> Option<&str> {
    let (_, rest) = xml.split_once("<FromUserName><![CDATA[")?;
    rest.split_once("]]>").map(|(openid, _)| openid)
}
