//! The format of a recording, its reader and its writer: what `generate` writes and `replay`, `oracle` and
//! `inspect` read.
//!
//! A recording is JSON lines in order of arrival, one line for each delivery the platform makes:
//!
//! ```json
//! {"at":1365487200004282,"part":"event","n":17,"attempt":1,"body":"<xml>…</xml>"}
//! ```
//!
//! What a body means is never judged here.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Longest line that a reader takes: a callback is at most 256 KiB, and JSON at most sextuples it.
pub const MAX_LINE: usize = 2 * 1024 * 1024;

/// What a row belongs to in the tables of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// One of the profile's N messages, inside the event's window.
    Event,
    /// A message before the window opens or after it closes, not counted in N.
    Edge,
    /// An event of following or unfollowing: it has no MsgId.
    Follow,
}

/// One delivery: a line of the recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row<'a> {
    /// The scheduled instant of arrival, in microseconds since 1970.
    #[serde(rename = "at")]
    pub at_us: i64,
    /// What it belongs to. A re-delivery keeps the part of its message; see [`Row::table`].
    pub part: Part,
    /// Number of the message in the recording; all deliveries of one message share it.
    pub n: u64,
    /// Which delivery of the message this is, from 1. From 2 on it is a re-delivery.
    pub attempt: u8,
    /// The body in plain mode, exactly as the platform sends it.
    #[serde(borrow)]
    pub body: Cow<'a, str>,
}

/// The rows of a result table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// First deliveries of the event's messages.
    Event,
    /// First deliveries of the edges.
    Edge,
    /// First deliveries of follows and unfollows.
    Follow,
    /// Every delivery with `attempt` ≥ 2.
    Redelivery,
}

impl Table {
    /// All of them, in the order of a table.
    pub const ALL: [Self; 4] = [Self::Event, Self::Edge, Self::Follow, Self::Redelivery];

    /// Its fixed name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Edge => "edge",
            Self::Follow => "follow",
            Self::Redelivery => "redelivery",
        }
    }
}

impl Row<'_> {
    /// The line of a table that this row counts in.
    #[must_use]
    pub fn table(&self) -> Table {
        match (self.attempt, self.part) {
            (2.., _) => Table::Redelivery,
            (_, Part::Event) => Table::Event,
            (_, Part::Edge) => Table::Edge,
            (_, Part::Follow) => Table::Follow,
        }
    }
}

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("cannot read the recording {}: {source}", path.display())]
    Io {
        /// The recording.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not a row.
    #[error("{}:{line}: not a row of a recording ({what}); generate the recording again", path.display())]
    Row {
        /// The recording.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads a recording row by row, with one line in memory.
#[derive(Debug)]
pub struct Reader<R = BufReader<File>> {
    input: R,
    path: PathBuf,
    line: Vec<u8>,
    number: u64,
    last_at_us: i64,
    hash: Option<Sha256>,
    bytes: u64,
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ReadError::Io`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Ok(Self::new(BufReader::with_capacity(1 << 20, file), path))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads from anything; `path` only names it in errors.
    #[must_use]
    pub fn new(input: R, path: &Path) -> Self {
        Self {
            input,
            path: path.to_path_buf(),
            line: Vec::new(),
            number: 0,
            last_at_us: i64::MIN,
            hash: None,
            bytes: 0,
        }
    }

    /// Has the reader compute the SHA-256 of all it reads.
    #[must_use]
    pub fn hashing(mut self) -> Self {
        self.hash = Some(Sha256::new());
        self
    }

    /// The next row; `None` at the end. Rows that go back in time are an error, because whoever
    /// replays a recording relies on its order.
    ///
    /// # Errors
    /// [`ReadError`] with the number of the line; the reader must then not be used further.
    // Not an iterator: a row borrows the reader's line.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        self.line.clear();
        let limit = MAX_LINE as u64;
        let read = io::Read::take(&mut self.input, limit)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| ReadError::Io {
                path: self.path.clone(),
                source,
            })?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(&self.line);
        }
        if self.line.pop() != Some(b'\n') {
            return Err(bad(
                &self.path,
                self.number,
                "the line is cut off or too long",
            ));
        }
        let row: Row<'_> = serde_json::from_slice(&self.line)
            .map_err(|error| bad(&self.path, self.number, &error.to_string()))?;
        if row.at_us < self.last_at_us {
            return Err(bad(
                &self.path,
                self.number,
                "it arrives before the row above it",
            ));
        }
        if row.attempt == 0 {
            return Err(bad(&self.path, self.number, "attempt counts from 1"));
        }
        self.last_at_us = row.at_us;
        Ok(Some(row))
    }

    /// How many rows have been read.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.number
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of what has been read, in hexadecimal; `None` unless asked for by [`Reader::hashing`].
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        self.hash.clone().map(|hash| hex(&hash.finalize()))
    }
}

/// The error about one line.
fn bad(path: &Path, line: u64, what: &str) -> ReadError {
    ReadError::Row {
        path: path.to_path_buf(),
        line,
        what: what.to_owned(),
    }
}

/// Writes rows and keeps their hash.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    hash: Sha256,
    rows: u64,
    bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Rows, re-deliveries included.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl<W: Write> Writer<W> {
    /// Writes to anything; it should group small writes no further than a line.
    pub fn new(output: W) -> Self {
        Self {
            output,
            hash: Sha256::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Appends lines that [`encode`] made.
    ///
    /// # Errors
    /// What the output says.
    pub fn append(&mut self, lines: &[u8], rows: u64) -> io::Result<()> {
        self.hash.update(lines);
        self.rows += rows;
        self.bytes += lines.len() as u64;
        self.output.write_all(lines)
    }

    /// Flushes and tells what was written.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> io::Result<Written> {
        self.output.flush()?;
        Ok(Written {
            rows: self.rows,
            bytes: self.bytes,
            sha256: hex(&self.hash.finalize()),
        })
    }
}

/// Appends a row's line to a buffer.
///
/// # Errors
/// Never for a row of ours; the error is that of the serialiser.
pub fn encode(row: &Row<'_>, lines: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *lines, row)?;
    lines.push(b'\n');
    Ok(())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes
        .iter()
        .flat_map(|&byte| [digit(byte >> 4), digit(byte)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at_us: i64, attempt: u8, body: &str) -> Row<'_> {
        Row {
            at_us,
            part: Part::Event,
            n: 3,
            attempt,
            body: Cow::Borrowed(body),
        }
    }

    fn written(rows: &[Row<'_>]) -> (Vec<u8>, Written) {
        let mut lines = Vec::new();
        for row in rows {
            encode(row, &mut lines).unwrap();
        }
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.append(&lines, rows.len() as u64).unwrap();
        let written = writer.finish().unwrap();
        (out, written)
    }

    #[test]
    fn what_is_written_is_read_again_with_the_same_hash() {
        let rows = [row(5, 1, "<xml>\n\"\u{200b}\\</xml>"), row(5, 2, "")];
        let (out, facts) = written(&rows);
        let mut reader = Reader::new(&out[..], Path::new("r")).hashing();
        assert_eq!(reader.next().unwrap().unwrap(), rows[0]);
        assert_eq!(reader.next().unwrap().unwrap(), rows[1]);
        assert!(reader.next().unwrap().is_none());
        assert_eq!(reader.rows(), 2);
        assert_eq!(reader.bytes(), facts.bytes);
        assert_eq!(reader.sha256().unwrap(), facts.sha256);
    }

    #[test]
    fn a_re_delivery_counts_in_a_line_of_its_own() {
        assert_eq!(row(1, 1, "").table(), Table::Event);
        assert_eq!(row(1, 2, "").table(), Table::Redelivery);
    }

    #[test]
    fn rows_out_of_order_cut_off_or_foreign_are_refused_with_their_line() {
        let (mut out, _) = written(&[row(5, 1, "a"), row(4, 1, "b")]);
        let mut reader = Reader::new(&out[..], Path::new("r"));
        reader.next().unwrap();
        assert!(reader.next().unwrap_err().to_string().starts_with("r:2: "));
        out.truncate(out.len() - 1);
        let first = out.iter().position(|&b| b == b'\n').unwrap();
        let mut reader = Reader::new(&out[first + 1..], Path::new("r"));
        assert!(reader.next().unwrap_err().to_string().contains("cut off"));
        let mut reader = Reader::new(&b"{\"at\":1}\n"[..], Path::new("r"));
        assert!(reader.next().is_err());
    }
}
