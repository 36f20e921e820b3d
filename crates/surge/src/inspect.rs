//! The command `inspect`: what a recording holds, as a table and a sparkline. It counts rows and looks at
//! bodies no further than their MsgType.

use crate::recording::{ReadError, Reader, Table};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Columns of the sparkline.
const COLUMNS: usize = 72;
/// Longest recording that is drawn: 31 days.
const MAX_SECONDS: usize = 31 * 86_400;
/// Heights of the sparkline, lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What `inspect` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The recording.
    pub file: PathBuf,
}

/// What a recording holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Rows per line of a table.
    pub rows: BTreeMap<Table, u64>,
    /// First deliveries per MsgType.
    pub kinds: BTreeMap<String, u64>,
    /// Bytes of all bodies.
    pub body_bytes: u64,
    /// Length of the longest body, in bytes.
    pub longest: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Second since 1970 of the first row.
    pub first_s: i64,
    /// Deliveries in each second from the first on.
    pub per_second: Vec<u32>,
}

/// Looks through a recording.
///
/// # Errors
/// [`ReadError`] with the file and line.
pub fn run(args: &Args) -> Result<Inspection, ReadError> {
    read(Reader::open(&args.file)?.hashing(), &args.file)
}

fn read<R: std::io::BufRead>(mut reader: Reader<R>, path: &Path) -> Result<Inspection, ReadError> {
    let mut found = Inspection::default();
    while let Some(row) = reader.next()? {
        let second = row.at_us.div_euclid(1_000_000);
        if found.rows.is_empty() {
            found.first_s = second;
        }
        *found.rows.entry(row.table()).or_default() += 1;
        let length = row.body.len() as u64;
        found.body_bytes += length;
        found.longest = found.longest.max(length);
        let kind = if row.attempt > 1 {
            None
        } else {
            Some(kind_of(&row.body))
        };
        if let Some(kind) = kind {
            match found.kinds.get_mut(kind) {
                Some(count) => *count += 1,
                None => {
                    found.kinds.insert(kind.to_owned(), 1);
                }
            }
        }
        let place = usize::try_from(second - found.first_s).unwrap_or(usize::MAX);
        if place > MAX_SECONDS {
            let what = format!("it lies more than {MAX_SECONDS} s after the first");
            return Err(ReadError::Row {
                path: path.to_path_buf(),
                line: reader.rows(),
                what,
            });
        }
        if found.per_second.len() <= place {
            found.per_second.resize(place + 1, 0);
        }
        found.per_second[place] += 1;
    }
    found.bytes = reader.bytes();
    found.sha256 = reader.sha256().unwrap_or_default();
    Ok(found)
}

/// The MsgType of a body, read no further.
fn kind_of(body: &str) -> &str {
    let value = body
        .split_once("<MsgType>")
        .and_then(|(_, rest)| rest.split_once("</MsgType>"));
    let value = value.map_or("", |(value, _)| value.trim());
    let plain = value
        .strip_prefix("<![CDATA[")
        .and_then(|value| value.strip_suffix("]]>"));
    plain.unwrap_or(value)
}

impl Inspection {
    /// The table and the sparkline, for people.
    #[must_use]
    pub fn table(&self) -> String {
        let rows: u64 = self.rows.values().sum();
        let peak = self.per_second.iter().max().copied().unwrap_or(0);
        let busiest = self
            .per_second
            .iter()
            .position(|count| *count == peak)
            .unwrap_or(0) as i64;
        let seconds = self.per_second.len().max(1) as u64;
        let last = self
            .first_s
            .saturating_add(self.per_second.len().saturating_sub(1) as i64);
        let mut lines = vec![
            format!("file      {} bytes, SHA-256 {}", self.bytes, self.sha256),
            format!("span      {} – {}", clock(self.first_s), clock(last)),
            format!("rows      {rows}"),
        ];
        for table in Table::ALL {
            let count = self.rows.get(&table).copied().unwrap_or(0);
            lines.push(format!("  {:<12}{count:>10}", table.name()));
        }
        lines.push("first deliveries by MsgType".to_owned());
        lines.extend(
            self.kinds
                .iter()
                .map(|(kind, count)| format!("  {kind:<12}{count:>10}")),
        );
        let mean = self.body_bytes / rows.max(1);
        lines.push(format!(
            "bodies    mean {mean} bytes, longest {} bytes",
            self.longest
        ));
        let at = clock(self.first_s.saturating_add(busiest));
        lines.push(format!(
            "arrivals  peak {peak}/s at {at}, mean {}/s",
            rows / seconds
        ));
        lines.push(self.sparkline());
        lines.join("\n") + "\n"
    }

    /// Deliveries over time, each column the busiest second of its share.
    #[must_use]
    pub fn sparkline(&self) -> String {
        let share = self.per_second.len().div_ceil(COLUMNS).max(1);
        let columns: Vec<u32> = self
            .per_second
            .chunks(share)
            .map(|seconds| seconds.iter().max().copied().unwrap_or(0))
            .collect();
        let peak = u64::from(columns.iter().max().copied().unwrap_or(0)).max(1);
        let height = |count: &u32| {
            // The peak has the highest column, nothing the lowest.
            let step = u64::from(*count) * (HEIGHTS.len() as u64 - 1) / peak;
            HEIGHTS[step as usize]
        };
        columns.iter().map(height).collect()
    }
}

/// An instant as people in China read it.
fn clock(second: i64) -> String {
    let zone = Offset::from_seconds(8 * 3600).map_or(TimeZone::UTC, TimeZone::fixed);
    match Timestamp::from_second(second) {
        Ok(instant) => instant
            .to_zoned(zone)
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string(),
        Err(_) => second.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_and_drawn() {
        let row = |at: i64, attempt: u8, body: &str| {
            format!(
                "{{\"at\":{at},\"part\":\"event\",\"n\":1,\"attempt\":{attempt},\"body\":\"{body}\"}}\n"
            )
        };
        let text = "<xml><MsgType><![CDATA[text]]></MsgType></xml>";
        let file = [
            row(1_365_487_200_000_000, 1, text),
            row(1_365_487_202_000_000, 1, text),
            row(1_365_487_202_000_001, 2, text),
        ]
        .concat();
        let path = Path::new("r");
        let found = read(Reader::new(file.as_bytes(), path).hashing(), path).unwrap();
        assert_eq!(found.per_second, [1, 0, 2]);
        assert_eq!(found.rows[&Table::Redelivery], 1);
        assert_eq!(found.kinds["text"], 2);
        assert_eq!(found.sparkline(), "▄▁█");
        let table = found.table();
        assert!(table.contains("2013-04-09 14:00:00 +08:00"), "{table}");
        assert!(table.contains("peak 2/s at 2013-04-09 14:00:02"), "{table}");
    }

    #[test]
    fn a_kind_is_found_in_cdata_and_bare() {
        assert_eq!(kind_of("<xml><MsgType>event</MsgType></xml>"), "event");
        assert_eq!(kind_of("<xml></xml>"), "");
    }
}
