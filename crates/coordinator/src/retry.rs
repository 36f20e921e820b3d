//! A dead letter put back: the record that goes into `inbound`. Which letters there are, and whether one may be
//! put back twice, is not decided here: dedup and quiz judge it where it stands.

use crate::coordinator::Config;
use crate::lead::LeadError;
use bytes::Bytes;
use msglog::{LogError, NewRecord};
use record::envelope::{DELIVERY, DeliveryId, Envelope, MESSAGE};
use record::inband::{RETRY, Retry};

/// How deep a retry of a retry of a retry is looked into.
const NESTING: usize = 8;

/// A dead letter that somebody wants judged again.
#[derive(Debug, Clone)]
pub struct RetryRequest {
    /// Topic of the dead letter: `inbound.dead` or `accepted.dead`.
    pub topic: String,
    /// Its partition; the retry goes into the same one of `inbound`.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// The record that failed, as JSON text.
    pub raw: String,
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Where a retry stands in `inbound`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
}

/// Why a dead letter was not put back.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// Judging it again can come to nothing else.
    #[error("{0}")]
    Useless(String),
    /// Another process coordinates.
    #[error("this process does not coordinate; ask the one that does")]
    NotOwner,
    /// The log did not take it.
    #[error("the retry is not durable: {0}")]
    Log(#[from] LogError),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<LeadError> for RetryError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::NotOwner => Self::NotOwner,
            LeadError::Stopping => Self::Stopping,
            LeadError::Log(error) => Self::Log(error),
        }
    }
}

impl RetryRequest {
    /// The record for `inbound`, keyed by the fan, under a delivery id of its own.
    pub(crate) fn record(
        &self,
        config: &Config,
        delivery: DeliveryId,
    ) -> Result<NewRecord, RetryError> {
        if self.partition >= config.partitions {
            let (asked, all) = (self.partition, config.partitions);
            return Err(RetryError::Useless(format!(
                "there is no partition {asked} of inbound, which has {all}"
            )));
        }
        let raw = innermost(&self.raw)?;
        let key = Bytes::from(judgeable(&raw)?);
        let retry = Retry {
            r#type: RETRY.into(),
            v: record::SCHEMA_VERSION,
            topic: self.topic.as_str().into(),
            partition: self.partition,
            offset: self.offset,
            actor: self.actor.as_str().into(),
            reason: self.reason.as_str().into(),
            recv_us: (config.now)().saturating_mul(1_000_000),
            delivery: Some(delivery),
            raw: raw.into(),
        };
        let value = serde_json::to_vec(&retry).map_err(|error| {
            RetryError::Useless(format!("the retry cannot be written as JSON: {error}"))
        })?;
        Ok(NewRecord {
            partition: self.partition,
            key,
            value: Bytes::from(value),
        })
    }
}

/// A retry that failed holds the record that failed before it.
fn innermost(raw: &str) -> Result<String, RetryError> {
    let mut raw = raw.to_owned();
    for _ in 0..NESTING {
        if record::type_of(raw.as_bytes()).as_deref() != Some(RETRY) {
            return Ok(raw);
        }
        match serde_json::from_str::<Retry<'_>>(&raw) {
            Ok(retry) => raw = retry.raw.into_owned(),
            // In `accepted` a retry is the message itself.
            Err(_) => return Ok(raw),
        }
    }
    Err(RetryError::Useless(format!(
        "the dead letter is a retry of a retry, more than {NESTING} deep"
    )))
}

/// The fan of a record that dedup can judge by its key.
fn judgeable(raw: &str) -> Result<String, RetryError> {
    let useless = |why: &str| Err(RetryError::Useless(why.to_owned()));
    if !matches!(
        record::type_of(raw.as_bytes()).as_deref(),
        Some(DELIVERY | MESSAGE | RETRY)
    ) {
        return useless(
            "only a delivery or a message can be put back; this dead letter is neither (ticks and copies come \
             from the coordinator, which repeats them by itself)",
        );
    }
    match serde_json::from_str::<Envelope<'_>>(raw) {
        Ok(envelope) if envelope.kind == record::envelope::UNPARSED => useless(
            "the body could not be parsed by ingress; put back, it would be set aside again for the same reason",
        ),
        Ok(envelope) => Ok(envelope.from.into_owned()),
        Err(error) => Err(RetryError::Useless(format!(
            "the dead letter's record is not readable, by this version either: {error}"
        ))),
    }
}
