//! The small files of a spool beside its journal: whose it is, how far it is drained, what was set aside.
//!
//! ```text
//! spool.of        the identity of the log to which the records belong
//! spool.drained   next offset of each partition that the log may not have yet
//! spool.dead      records that the log refuses for good: a JSON object a line
//! ```

use crate::contract::{Log, LogError, LogId};
use crate::journal::{Journal, Notes};

const OF: (&str, [u8; 8]) = ("spool.of", *b"SpwlSpo1");
const DRAINED: (&str, [u8; 8]) = ("spool.drained", *b"SpwlDrn1");
const DEAD: &str = "spool.dead";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The log to which a spool belongs; `None` when it has never been one's.
pub(super) fn owner(notes: &Notes) -> Result<Option<LogId>, LogError> {
    let fields = notes.read(OF.0, OF.1)?;
    Ok(fields.and_then(|fields| fields.try_into().ok().map(LogId)))
}

/// Gives a spool to a log.
pub(super) fn give(notes: &Notes, id: LogId) -> Result<(), LogError> {
    notes.write(OF.0, OF.1, &id.0)
}

/// A spool that belongs to another log.
pub(super) fn foreign(notes: &Notes, owner: LogId, log: LogId) -> LogError {
    let dir = notes.dir().display();
    LogError::Mismatch(format!(
        "the spool in {dir} belongs to log {owner}, and this is log {log}: bring its records into log \
         {owner} with `spillway spool drain --dir {dir}` and that log's configuration, or into this one \
         with `--other-log`"
    ))
}

/// How far a spool is drained, by partition: never before its retained start. Nothing readable counts
/// as nothing drained: the log then gets echoes.
pub(super) fn drained(spool: &Journal, topic: &str, partitions: u32) -> Result<Vec<u64>, LogError> {
    let read = match spool.notes().read(DRAINED.0, DRAINED.1) {
        Err(error @ LogError::Corrupt { .. }) => {
            tracing::warn!(%error, "the spool is sent again from its start");
            None
        }
        other => other?,
    };
    let kept: Vec<u64> = read
        .as_deref()
        .unwrap_or_default()
        .chunks_exact(8)
        .filter_map(|number| number.try_into().ok().map(u64::from_le_bytes))
        .collect();
    let mut position = Vec::with_capacity(partitions as usize);
    for partition in 0..partitions {
        let kept = kept.get(partition as usize).copied().unwrap_or(0);
        let start = spool.start_offset(topic, partition)?;
        let end = spool.end_offset(topic, partition)?;
        if kept > end {
            let path = spool.notes().dir().join(DRAINED.0);
            return Err(LogError::Mismatch(format!(
                "{} says that {topic}/{partition} is drained to {kept}, and it ends at {end}: files of \
                 different times are mixed here; remove that file, and everything is sent once more",
                path.display()
            )));
        }
        position.push(kept.max(start));
    }
    Ok(position)
}

/// Remembers how far a spool is drained.
pub(super) fn keep_drained(notes: &Notes, position: &[u64]) -> Result<(), LogError> {
    let fields: Vec<u8> = position
        .iter()
        .flat_map(|offset| offset.to_le_bytes())
        .collect();
    notes.write(DRAINED.0, DRAINED.1, &fields)
}

/// A record on its way out of the spool that the log refuses for good.
pub(super) struct Dead<'r> {
    pub(super) partition: u32,
    pub(super) offset: u64,
    pub(super) time_ms: i64,
    pub(super) key: &'r [u8],
    pub(super) value: &'r [u8],
    pub(super) reason: &'r str,
}

/// Sets a record aside, durably.
pub(super) fn bury(notes: &Notes, dead: &Dead<'_>) -> Result<(), LogError> {
    let Dead {
        partition,
        offset,
        time_ms,
        ..
    } = dead;
    let mut line = format!(r#"{{"partition":{partition},"offset":{offset},"time_ms":{time_ms}"#);
    line.reserve(2 * (dead.key.len() + dead.value.len()) + 128);
    line.push_str(r#","reason":""#);
    for char in dead.reason.chars() {
        match char {
            '"' | '\\' => line.extend(['\\', char]),
            other if other.is_control() => line.push(' '),
            other => line.push(other),
        }
    }
    for (name, bytes) in [("key_hex", dead.key), ("value_hex", dead.value)] {
        line.push_str(r#"",""#);
        line.push_str(name);
        line.push_str(r#"":""#);
        for byte in bytes {
            line.extend([byte >> 4, byte & 15].map(|four| char::from(HEX[usize::from(four)])));
        }
    }
    line.push_str("\"}\n");
    notes.append(DEAD, &line)
}
