//! What stands in the topics: schemas, kinds, identities, chain positions.
//!
//! Every value in a topic is one JSON object with `"type"` and `"v"`. This crate knows each of them, how
//! a record is keyed and how a message is told apart from every other one. It has no I/O, no clock and
//! no randomness; whoever needs those brings them along.
//!
//! * [`envelope`]: a delivery as ingress recorded it, and the message that dedup made of it
//! * [`identity`]: message keys, content digests, partitions
//! * [`chain`]: the position that every output of a stage carries
//! * [`inband`]: ticks, copies of control records, marks, retries, delivery notes
//! * [`acts`]: the records of `control` and `progress`
//! * [`rounds`]: a round's life: acts on its window, seal, shares, result, awards
//! * [`operate`]: operators' acts that act at once and change no result
//! * [`tally`]: the provisional counts of a round
//! * [`claim`]: claims of prizes
//! * [`dead`]: what could not be processed
//! * [`topics`]: the names of the topics
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod acts;
pub mod chain;
pub mod claim;
pub mod dead;
pub mod envelope;
pub mod hexed;
pub mod identity;
pub mod inband;
pub mod operate;
pub mod rounds;
pub mod stock;
pub mod tally;
pub mod topics;
mod written;

/// The version that every schema of this crate has today, the `"v"` of a record.
pub const SCHEMA_VERSION: u16 = 1;

/// Why a value of a topic could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The value is no JSON object of the type that it claims, or of the type that was asked for.
    #[error("record is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// The value names a type that stands in no schema.
    #[error("record has no known type (found {0:?}); is it written by a newer version?")]
    UnknownType(String),
}

/// Reads a value of a topic, or a part of one. That it is UTF-8 is seen to once, not text by text.
///
/// # Errors
/// Those of serde_json for the same bytes.
pub fn parse<'a, T: serde::Deserialize<'a>>(value: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(value) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(value),
    }
}

/// The `"type"` of a value, read without parsing the rest when the value was written by this crate, and
/// by parsing otherwise. `None` when there is none.
#[must_use]
pub fn type_of(value: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let (_, rest) = chain::split_fast(value).unwrap_or((None, value));
    let quick = rest
        .strip_prefix(b"{\"type\":\"")
        .or_else(|| rest.strip_prefix(b"\"type\":\""))
        .and_then(|tail| tail.iter().position(|&b| b == b'"').map(|end| &tail[..end]))
        .filter(|name| name.iter().all(|b| b.is_ascii_lowercase() || *b == b'_'));
    if let Some(name) = quick {
        return std::str::from_utf8(name)
            .ok()
            .map(std::borrow::Cow::Borrowed);
    }
    #[derive(serde::Deserialize)]
    struct Typed {
        r#type: String,
    }
    serde_json::from_slice::<Typed>(value)
        .ok()
        .map(|t| std::borrow::Cow::Owned(t.r#type))
}
