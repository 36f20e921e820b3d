//! Records into every inbound partition, in order: ticks, and copies of control.

use bytes::Bytes;
use control::durable;
use control::state::PendingCopy;
use msglog::{Appender, LogError, NewRecord};
use record::inband::{Copy, Tick};
use serde_json::to_vec;
use std::time::Duration;

/// How long one round of appends may take to become durable.
pub const APPEND_LIMIT: Duration = Duration::from_secs(10);

/// Appends a tick to every inbound partition and waits until it is durable in all.
///
/// # Errors
/// An append failed; some partitions may have the tick all the same, which harms nothing: the same tick
/// may come again.
pub fn tick(inbound: &dyn Appender, partitions: u32, tick: &Tick) -> Result<(), LogError> {
    everywhere(inbound, partitions, to_vec(tick))
}

/// Appends a copy to every inbound partition and waits until it is durable in all; only then may the next
/// copy be appended.
///
/// # Errors
/// An append failed; the copy is repeated, and folds ignore what they have applied.
pub fn copy(inbound: &dyn Appender, partitions: u32, copy: &PendingCopy) -> Result<(), LogError> {
    everywhere(
        inbound,
        partitions,
        to_vec(&Copy::new(copy.ctl, copy.prev_ctl, copy.act.clone())),
    )
}

/// Appends one record and waits until it is durable; its offset.
///
/// # Errors
/// The append failed; the record may stand there all the same.
pub fn one(inbound: &dyn Appender, record: NewRecord) -> Result<u64, LogError> {
    let proofs = durable::append(inbound, vec![record], APPEND_LIMIT)?;
    let offset = proofs.first().and_then(|proof| proof.offset());
    offset.ok_or_else(|| LogError::Away {
        detail: "a record was not proved to stand in the log itself".to_owned(),
    })
}

fn everywhere(
    inbound: &dyn Appender,
    partitions: u32,
    value: serde_json::Result<Vec<u8>>,
) -> Result<(), LogError> {
    let value = Bytes::from(value.map_err(|error| LogError::Io {
        what: "write an in-band record".to_owned(),
        detail: error.to_string(),
        code: None,
    })?);
    let records = (0..partitions)
        .map(|partition| NewRecord {
            partition,
            key: Bytes::new(),
            value: value.clone(),
        })
        .collect();
    durable::append(inbound, records, APPEND_LIMIT).map(|_| ())
}
