//! `spool drain`: brings the spool of a node that never comes back into the log, and lists what it brings.

use crate::args::DrainArgs;
use crate::failure::{Failure, io};
use crate::log;
use msglog::hedge::{Brought, DrainOptions, drain};
use msglog::{LogError, Place};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// Prints one JSON object for each record, as it arrives in the log, and the sum on standard error.
///
/// # Errors
/// The directory holds no spool, or one of another log, or a living process has it; the log is away.
pub(crate) fn run(args: &DrainArgs, out: &mut impl Write) -> Result<(), Failure> {
    let dir = directory(args);
    let target = log::Writing::open(args.config.as_deref(), args.data.as_deref())?;
    let options = DrainOptions {
        other_log: args.other_log,
        ..DrainOptions::default()
    };
    let mut printed = Ok(());
    let drained = drain(&dir, &*target.log, &options, &mut |brought| {
        // What was brought is remembered in the spool: a reader that has gone away must not undo it.
        if printed.is_ok() {
            printed = writeln!(out, "{}", line(brought));
        }
    });
    target.close();
    printed.and_then(|()| out.flush()).map_err(io("write"))?;
    let drained = drained.map_err(|error| match error {
        LogError::Mismatch(detail) => Failure::wrong(format!(
            "{detail}; --dir names a spool, or the directory of a node that had one"
        )),
        other => other.into(),
    })?;
    eprintln!(
        "spillway: {} records ({} bytes) were brought from {}, {} were set aside in spool.dead",
        drained.records,
        drained.bytes,
        dir.display(),
        drained.dead
    );
    if drained.dead == 0 {
        return Ok(());
    }
    Err(Failure::no(format!(
        "{} records are refused by the log for good; they stand in {}",
        drained.dead,
        dir.join("spool.dead").display()
    )))
}

/// The spool itself, or the directory of the node that had it.
fn directory(args: &DrainArgs) -> PathBuf {
    let inner = log::spool_dir(&args.dir);
    if inner.is_dir() {
        inner
    } else {
        args.dir.clone()
    }
}

/// A record by its delivery, as `export` names it; without its text.
fn line(brought: &Brought<'_>) -> Value {
    let value: Value = serde_json::from_slice(&brought.record.value).unwrap_or_default();
    let offset = match brought.place {
        Some(Place::Log { offset, .. }) => Some(offset),
        _ => None,
    };
    json!({
        "delivery": { "node": value["node"], "boot": value["boot"], "seq": value["seq"] },
        "key": value["key"], "msg_id": value["msg_id"],
        "partition": brought.record.partition, "position": brought.position,
        "time_ms": brought.time_ms, "offset": offset,
        "done": brought.done, "of": brought.total,
    })
}
