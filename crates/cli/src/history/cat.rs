//! `log cat`: any topic, one JSON object a line.

use super::scan;
use crate::args::HistoryArgs;
use crate::failure::Failure;
use msglog::Stored;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write;

/// A record as `log cat` and `export` print it: `{"topic","partition","offset","key","value"}`.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    topic: &'a str,
    partition: u32,
    offset: u64,
    key: Cow<'a, str>,
    value: Value<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Json(&'a RawValue),
    /// A value that is no JSON, which no writer of ours makes: shown as text.
    Text(Cow<'a, str>),
}

impl<'a> Line<'a> {
    /// The line of a record, with `value` in place of the record's own.
    pub(crate) fn new(topic: &'a str, stored: &'a Stored, value: &'a [u8]) -> Self {
        let value = match serde_json::from_slice::<&RawValue>(value) {
            Ok(json) => Value::Json(json),
            Err(_) => Value::Text(String::from_utf8_lossy(value)),
        };
        Self {
            topic,
            partition: stored.partition,
            offset: stored.offset,
            key: String::from_utf8_lossy(&stored.key),
            value,
        }
    }

    /// Writes it with its newline.
    pub(crate) fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// Writes the line of a record with another key and a value that is `json`, known to be JSON.
pub(super) fn write_json(
    topic: &str,
    stored: &Stored,
    (key, json): (&[u8], &[u8]),
    out: &mut impl Write,
) -> std::io::Result<()> {
    let (partition, offset) = (stored.partition, stored.offset);
    write!(
        out,
        "{{\"topic\":\"{topic}\",\"partition\":{partition},\"offset\":{offset},\"key\":"
    )?;
    serde_json::to_writer(&mut *out, &String::from_utf8_lossy(key))?;
    out.write_all(b",\"value\":")?;
    out.write_all(json)?;
    out.write_all(b"}\n")
}

/// Prints a topic; repetitions of chained topics are shown too.
pub(crate) fn cat(
    topic: &str,
    partition: Option<u32>,
    from: Option<u64>,
    to: Option<u64>,
    history: &HistoryArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let log = scan::open(history)?;
    let mut spans = scan::spans(&*log, topic)?;
    if let Some(partition) = partition {
        if !spans.contains_key(&partition) {
            return Err(Failure::wrong(format!(
                "{topic} has partitions 0 to {}, not {partition}",
                spans.len().saturating_sub(1)
            )));
        }
        spans.retain(|candidate, _| *candidate == partition);
    }
    for (partition, span) in &mut spans {
        if let Some(from) = from.filter(|from| *from < span.start) {
            return Err(Failure::wrong(format!(
                "{topic}/{partition} is retained from offset {} on, not from {from}",
                span.start
            )));
        }
        span.start = from.unwrap_or(span.start).min(span.end);
        span.end = to.unwrap_or(span.end).min(span.end);
    }
    scan::each(&*log, topic, &spans, |stored| {
        scan::written(Line::new(topic, stored, &stored.value).write(out))
    })?;
    scan::written(out.flush()).map(|_| ())
}
