//! `log stats`: what the log holds.

use super::scan;
use crate::args::HistoryArgs;
use crate::failure::{Failure, io};
use crate::log::Reading;
use serde_json::json;
use std::io::Write;

/// Prints records, offsets and bytes on disk of every topic.
pub(crate) fn stats(
    json: bool,
    history: &HistoryArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let Reading { log, files } = Reading::open(history)?;
    let mut rows = Vec::new();
    for topic in log.topics() {
        let spans = scan::spans(&*log, &topic.name)?;
        let records: u64 = spans.values().map(|span| span.end - span.start).sum();
        let ends: u64 = spans.values().map(|span| span.end).sum();
        // What brokers take on their disks is theirs to tell.
        let bytes = files
            .as_ref()
            .map(|files| disk_usage(&files.join(&topic.name)));
        rows.push((topic.name, topic.partitions, records, ends - records, bytes));
    }
    let print = |out: &mut dyn Write| -> std::io::Result<()> {
        if json {
            let topics: Vec<_> = rows
                .iter()
                .map(|(name, partitions, records, retired, bytes)| {
                    json!({ "topic": name, "partitions": partitions, "records": records,
                            "retired": retired, "bytes": bytes })
                })
                .collect();
            return writeln!(
                out,
                "{}",
                json!({ "log": log.id().to_string(), "topics": topics })
            );
        }
        writeln!(out, "log {}", log.id())?;
        writeln!(
            out,
            "{:<16} {:>10} {:>12} {:>12} {:>14}",
            "topic", "partitions", "records", "retired", "bytes"
        )?;
        for (name, partitions, records, retired, bytes) in &rows {
            let bytes = bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
            writeln!(
                out,
                "{name:<16} {partitions:>10} {records:>12} {retired:>12} {bytes:>14}"
            )?;
        }
        Ok(())
    };
    print(out).map_err(io("write"))
}

/// Bytes of all files below a directory; what cannot be read counts nothing.
fn disk_usage(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => disk_usage(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
