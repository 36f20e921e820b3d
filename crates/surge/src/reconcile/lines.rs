//! Reads large files of JSON lines in order, with the parsing spread over threads and bounded memory.

use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// Bytes that are read and parsed at once.
const CHUNK: usize = 2 << 20;
/// Longest line that is taken: a record holds at most a callback of 256 KiB, escaped.
const MAX_LINE: usize = 16 << 20;
/// Parsed chunks that may wait to be applied.
const WAITING: usize = 4;
/// Smallest file whose reading is shown, in bytes: others take no time.
const SHOWN_FROM: u64 = 16 << 20;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// It is not there, or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{} near byte {byte}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Where the chunk with the line begins.
        byte: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// A line of an exported topic, as far as it is the same for all of them.
#[derive(serde::Deserialize)]
pub(super) struct Exported<V> {
    pub(super) partition: u32,
    pub(super) value: V,
}

/// Whether a last line without its newline is an error, or the end of a file whose writer was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// It must be whole.
    Whole,
    /// It is left out.
    MayBeTorn,
}

struct Chunk {
    number: u64,
    begins: u64,
    bytes: Vec<u8>,
}

struct Chunker {
    file: File,
    carry: Vec<u8>,
    number: u64,
    position: u64,
    tail: Tail,
    ended: bool,
    bar: ProgressBar,
}

impl Chunker {
    /// The next run of whole lines; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Chunk>> {
        if self.ended {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.carry);
        let begins = self.position;
        loop {
            let wanted = bytes.len().saturating_add(CHUNK);
            bytes.reserve(CHUNK);
            let limit = u64::try_from(wanted - bytes.len()).unwrap_or(u64::MAX);
            let read = (&mut self.file).take(limit).read_to_end(&mut bytes)?;
            if read == 0 {
                self.ended = true;
                if bytes.last().is_some_and(|&last| last != b'\n') {
                    if self.tail == Tail::Whole {
                        return Err(io::Error::other("its last line is cut off"));
                    }
                    let whole = bytes
                        .iter()
                        .rposition(|&b| b == b'\n')
                        .map_or(0, |at| at + 1);
                    bytes.truncate(whole);
                }
                break;
            }
            if let Some(end) = bytes.iter().rposition(|&b| b == b'\n') {
                self.carry = bytes.split_off(end + 1);
                break;
            }
            if bytes.len() > MAX_LINE {
                return Err(io::Error::other("a line is longer than 16 MiB"));
            }
        }
        let number = self.number;
        self.number += 1;
        self.position += bytes.len() as u64;
        self.bar.set_position(self.position);
        Ok((!bytes.is_empty()).then_some(Chunk {
            number,
            begins,
            bytes,
        }))
    }
}

type Parsed<T> = Result<(u64, T), LinesError>;

/// Parses a file chunk by chunk on two threads and applies what came out, in the order of the file.
/// `parse` gets the lines of a chunk without their newlines.
///
/// # Errors
/// [`LinesError`] of the first chunk that cannot be read or parsed; what came before it was applied.
pub fn fold<T: Send>(
    path: &Path,
    tail: Tail,
    parse: impl Fn(&mut dyn Iterator<Item = &[u8]>) -> Result<T, String> + Sync,
    mut apply: impl FnMut(T),
) -> Result<(), LinesError> {
    let file = File::open(path).map_err(|source| LinesError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    let bytes = file.metadata().map_or(0, |meta| meta.len());
    let bar = progress(path, bytes);
    let chunker = Mutex::new(Chunker {
        bar: bar.clone(),
        file,
        carry: Vec::new(),
        number: 0,
        position: 0,
        tail,
        ended: false,
    });
    let done = std::thread::scope(|scope| {
        let (sender, parsed) = sync_channel(WAITING);
        for _ in 0..2 {
            let (chunker, parse, sender) = (&chunker, &parse, sender.clone());
            scope.spawn(move || parse_chunks(path, chunker, parse, &sender));
        }
        drop(sender);
        apply_in_order(&parsed, &mut apply)
    });
    bar.finish_and_clear();
    done
}

/// How far a large file has been read, on a terminal.
fn progress(path: &Path, bytes: u64) -> ProgressBar {
    if bytes < SHOWN_FROM || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bar = ProgressBar::new(bytes).with_message(name.into_owned());
    let style = ProgressStyle::with_template(
        "reading {msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}",
    );
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn parse_chunks<T>(
    path: &Path,
    chunker: &Mutex<Chunker>,
    parse: &impl Fn(&mut dyn Iterator<Item = &[u8]>) -> Result<T, String>,
    sender: &SyncSender<Parsed<T>>,
) {
    loop {
        let chunk = chunker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next();
        let parsed = match chunk {
            Ok(None) => return,
            Ok(Some(chunk)) => {
                let mut lines = chunk
                    .bytes
                    .split(|&b| b == b'\n')
                    .filter(|line| !line.is_empty());
                parse(&mut lines)
                    .map(|done| (chunk.number, done))
                    .map_err(|what| LinesError::Line {
                        path: path.to_path_buf(),
                        byte: chunk.begins,
                        what,
                    })
            }
            Err(source) => Err(LinesError::Io {
                path: path.to_path_buf(),
                source,
            }),
        };
        let failed = parsed.is_err();
        if sender.send(parsed).is_err() || failed {
            return;
        }
    }
}

fn apply_in_order<T>(
    parsed: &Receiver<Parsed<T>>,
    apply: &mut impl FnMut(T),
) -> Result<(), LinesError> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for result in parsed {
        let (number, done) = result?;
        early.insert(number, done);
        while let Some(done) = early.remove(&next) {
            apply(done);
            next += 1;
        }
    }
    Ok(())
}

/// The beginning of a line, for an error message.
#[must_use]
pub fn excerpt(line: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(line).chars().take(80).collect();
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(lines: &mut dyn Iterator<Item = &[u8]>) -> Result<Vec<u64>, String> {
        lines
            .map(|line| {
                let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
                text.trim()
                    .parse()
                    .map_err(|_| format!("{} is no number", excerpt(line)))
            })
            .collect()
    }

    fn read(text: &str, tail: Tail) -> Result<Vec<u64>, LinesError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines");
        std::fs::write(&path, text).unwrap();
        let mut all = Vec::new();
        fold(&path, tail, numbers, |mut some| all.append(&mut some))?;
        Ok(all)
    }

    #[test]
    fn many_chunks_are_applied_in_order() {
        let text: String = (0..900_000).map(|n| format!("{n:>9}\n")).collect();
        assert!(text.len() > 4 * CHUNK);
        assert_eq!(
            read(&text, Tail::Whole).unwrap(),
            (0..900_000).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_empty_file_has_no_lines() {
        assert!(read("", Tail::Whole).unwrap().is_empty());
    }

    #[test]
    fn a_torn_tail_is_left_out_only_where_it_may_be() {
        assert_eq!(read("1\n2\n3", Tail::MayBeTorn).unwrap(), [1, 2]);
        assert!(
            read("1\n2\n3", Tail::Whole)
                .unwrap_err()
                .to_string()
                .contains("cut off")
        );
        assert!(read("1", Tail::MayBeTorn).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let error = read("1\nx\n", Tail::Whole).unwrap_err();
        assert!(error.to_string().contains("\"x\" is no number"), "{error}");
        let missing = fold(Path::new("/nowhere"), Tail::Whole, numbers, |_| {});
        assert!(matches!(missing, Err(LinesError::Io { .. })));
    }
}
