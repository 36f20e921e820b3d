//! What was acked and is not in the log, listed by delivery: a node that never comes back may have it in its spool
//! (`spillway spool drain`).

use super::ReconcileError;
use super::lines::{self, Tail, excerpt};
use super::messages::Messages;
use crate::ledger::{Outcome, Row};
use crate::recording::{self, ReadError};
use crate::wire::field;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A delivery that was acked, and whose message is not in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Number of the row in the recording, from 0.
    pub delivery: u64,
    /// Number of the message in the recording.
    pub n: u64,
    /// Which copy of the delivery, from 1.
    pub copy: u16,
    /// Its MsgId; empty for what has none.
    pub msg_id: String,
    /// Its sender's OpenID.
    pub fan: String,
    /// Its CreateTime, as it stands in the message.
    pub create_time: String,
    /// When it was scheduled by the recording, in microseconds since 1970.
    pub scheduled_us: i64,
    /// When the attempt that was acked began, by the clock of who sent it.
    pub sent_us: i64,
    /// When its answer was there.
    pub acked_us: i64,
}

/// Every acked delivery of a message that is lost, in the order of the ledger.
///
/// # Errors
/// [`ReconcileError`] when ledger or recording cannot be read again.
pub fn list(
    ledger: &Path,
    recording: &Path,
    messages: &Messages,
) -> Result<Vec<Missing>, ReconcileError> {
    let lost = |n: u64| {
        let message = usize::try_from(n).ok().and_then(|n| messages.all.get(n));
        message.is_some_and(super::messages::Message::is_lost)
    };
    let mut missing = Vec::new();
    lines::fold(
        ledger,
        Tail::MayBeTorn,
        |lines| {
            let mut found = Vec::new();
            for line in lines {
                let row: Row = serde_json::from_slice(line)
                    .map_err(|e| format!("{} is no row of a ledger: {e}", excerpt(line)))?;
                if row.outcome == Outcome::Acked && lost(row.n) {
                    found.push(row);
                }
            }
            Ok(found)
        },
        |rows| missing.extend(rows.iter().map(of_row)),
    )?;
    name(recording, &mut missing)?;
    Ok(missing)
}

fn of_row(row: &Row) -> Missing {
    Missing {
        delivery: row.delivery,
        n: row.n,
        copy: row.copy,
        scheduled_us: row.scheduled_us,
        sent_us: row.sent_us,
        acked_us: row.done_us,
        ..Missing::default()
    }
}

/// Looks up in the recording who sent them, and when.
fn name(recording: &Path, missing: &mut [Missing]) -> Result<(), ReadError> {
    let mut of_message: BTreeMap<u64, Vec<&mut Missing>> = BTreeMap::new();
    for one in missing {
        of_message.entry(one.n).or_default().push(one);
    }
    let mut reader = recording::Reader::open(recording)?;
    while !of_message.is_empty() {
        let Some(row) = reader.next()? else { break };
        let of = |tag| field(&row.body, tag).unwrap_or_default().to_owned();
        for one in of_message.remove(&row.n).unwrap_or_default() {
            (one.msg_id, one.fan, one.create_time) =
                (of("MsgId"), of("FromUserName"), of("CreateTime"));
        }
    }
    Ok(())
}

/// Writes a list as JSON lines.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, missing: &[Missing]) -> io::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    for one in missing {
        serde_json::to_writer(&mut out, one)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
