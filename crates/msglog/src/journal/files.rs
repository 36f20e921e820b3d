//! The small files of a journal: names, identity, segment headers, the published end, the mark of a
//! failed flush. Each is one block of bytes with a magic and a checksum. No record is read here.
//!
//! ```text
//! sealed block   0 magic 8   8 bytes of all u32   12 crc32c of 16..   16 fields
//! ```

use super::batch::{u32_at, u64_at};
use super::disk::{Disk, DiskFile, read_small, read_up_to};
use crate::contract::{LogError, LogId, TopicConfig};
use std::io;
use std::path::{Path, PathBuf};

/// A block is never larger: a header of 1,024 partitions is 8 KiB.
const BLOCK_BYTES_MAX: usize = 64 << 10;
const SEALED: usize = 16;

const SEGMENT: [u8; 8] = *b"SpwlSeg1";
const END: [u8; 8] = *b"SpwlEnd1";
const POISON: [u8; 8] = *b"SpwlPoi1";
const IDENTITY: [u8; 8] = *b"SpwlLog1";

/// Builds a sealed block from its fields.
pub(super) fn seal(magic: [u8; 8], fields: &[u8]) -> Vec<u8> {
    let mut block = Vec::with_capacity(SEALED + fields.len());
    block.extend_from_slice(&magic);
    block.extend_from_slice(&((SEALED + fields.len()) as u32).to_le_bytes());
    block.extend_from_slice(&crc32c::crc32c(fields).to_le_bytes());
    block.extend_from_slice(fields);
    block
}

/// The fields of the sealed block at the beginning of `bytes`.
pub(super) fn unseal(magic: [u8; 8], bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.get(..SEALED)?;
    let fields = bytes.get(SEALED..u32_at(head, 8) as usize)?;
    (head[..8] == magic && crc32c::crc32c(fields) == u32_at(head, 12)).then_some(fields)
}

fn push_all(fields: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        fields.extend_from_slice(&number.to_le_bytes());
    }
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    bytes
        .chunks_exact(8)
        .map(|number| u64_at(number, 0))
        .collect()
}

/// What stands in the lock's directory.
pub(super) fn io_error(what: &str, path: &Path, error: &io::Error) -> LogError {
    let what = format!("{what} {}", path.display());
    LogError::Io {
        what,
        detail: error.to_string(),
        code: error.raw_os_error(),
    }
}

/// Names of a segment's files.
pub(super) fn log_name(base: u64) -> String {
    format!("{base:020}.log")
}

/// Name of a segment's index.
pub(super) fn idx_name(base: u64) -> String {
    format!("{base:020}.idx")
}

/// The base in the name of a segment or of its index.
pub(super) fn base_of(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// The head of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentHead {
    /// Position of its first batch.
    pub(super) base: u64,
    /// Offset of the next record of each partition at `base`.
    pub(super) first: Vec<u64>,
    /// When it was made.
    pub(super) created_ms: i64,
}

impl SegmentHead {
    /// Bytes before the first batch.
    pub(super) fn bytes(&self) -> u64 {
        (SEALED + 40 + 8 * self.first.len()) as u64
    }

    pub(super) fn encode(&self, id: LogId, topic: &str) -> Vec<u8> {
        let mut fields = id.0.to_vec();
        push_all(&mut fields, &[self.base, self.created_ms.cast_unsigned()]);
        fields.extend_from_slice(&(self.first.len() as u32).to_le_bytes());
        fields.extend_from_slice(&crc32c::crc32c(topic.as_bytes()).to_le_bytes());
        push_all(&mut fields, &self.first);
        seal(SEGMENT, &fields)
    }

    /// The number of partitions that a segment's head names, whatever else it says.
    pub(super) fn partitions(file: &dyn DiskFile) -> io::Result<Option<u32>> {
        let mut block = vec![0; BLOCK_BYTES_MAX];
        let read = read_up_to(file, &mut block, 0)?;
        let fields = unseal(SEGMENT, &block[..read]).filter(|fields| fields.len() >= 40);
        Ok(fields.map(|fields| u32_at(fields, 32)))
    }

    /// Reads and checks the head of the segment that should begin at `base`.
    pub(super) fn read(
        file: &dyn DiskFile,
        path: &Path,
        base: u64,
        id: LogId,
        topic: &TopicConfig,
    ) -> Result<Self, LogError> {
        let mut block = vec![0; BLOCK_BYTES_MAX];
        let read = read_up_to(file, &mut block, 0).map_err(|e| io_error("read", path, &e))?;
        let corrupt = |detail: &str| LogError::Corrupt {
            file: path.display().to_string(),
            at: 0,
            detail: detail.to_owned(),
        };
        let fields = unseal(SEGMENT, &block[..read])
            .filter(|fields| fields.len() >= 40)
            .ok_or_else(|| corrupt("the segment's header is damaged"))?;
        if fields[..16] != id.0 {
            let path = path.display();
            return Err(LogError::Mismatch(format!(
                "{path} belongs to another log than {id}; put it back where it came from"
            )));
        }
        let partitions = u32_at(fields, 32);
        if partitions != topic.partitions {
            return Err(LogError::Mismatch(format!(
                "topic {:?} has {partitions} partitions on disk and {} in the configuration; a topic keeps the number it was made with",
                topic.name, topic.partitions
            )));
        }
        if u32_at(fields, 36) != crc32c::crc32c(topic.name.as_bytes()) {
            return Err(corrupt("the segment belongs to another topic"));
        }
        let first = numbers(&fields[40..]);
        if u64_at(fields, 16) != base || first.len() != partitions as usize {
            return Err(corrupt("the segment's header disagrees with its name"));
        }
        Ok(Self {
            base,
            first,
            created_ms: u64_at(fields, 24).cast_signed(),
        })
    }
}

/// What the writer publishes after each flush, for readers in any process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    /// Grows by one each time.
    pub(super) sequence: u64,
    /// Durable end.
    pub(super) durable: u64,
    /// Base of the first segment that is kept.
    pub(super) first_base: u64,
    /// Base of the segment being written.
    pub(super) active_base: u64,
    /// Next offset of each partition at the durable end.
    pub(super) next: Vec<u64>,
}

impl Published {
    /// Two slots take turns, so that a reader always finds one whole.
    fn slot_bytes(partitions: usize) -> usize {
        (SEALED + 48 + 8 * partitions).next_multiple_of(512)
    }

    pub(super) fn write(&self, file: &dyn DiskFile, id: LogId) -> io::Result<()> {
        let mut fields = id.0.to_vec();
        push_all(
            &mut fields,
            &[
                self.sequence,
                self.durable,
                self.first_base,
                self.active_base,
            ],
        );
        push_all(&mut fields, &self.next);
        let slot = self.sequence % 2 * Self::slot_bytes(self.next.len()) as u64;
        file.write_all_at(&seal(END, &fields), slot)
    }

    /// The newer whole slot; `None` when neither is whole or they are of another log.
    pub(super) fn read(
        file: &dyn DiskFile,
        id: LogId,
        partitions: usize,
    ) -> io::Result<Option<Self>> {
        let slot = Self::slot_bytes(partitions);
        let mut both = vec![0; slot * 2];
        let read = read_up_to(file, &mut both, 0)?;
        both.truncate(read);
        let slots = both.chunks(slot).filter_map(|bytes| {
            let fields = unseal(END, bytes)?;
            (fields.len() == 48 + 8 * partitions && fields[..16] == id.0).then(|| Self {
                sequence: u64_at(fields, 16),
                durable: u64_at(fields, 24),
                first_base: u64_at(fields, 32),
                active_base: u64_at(fields, 40),
                next: numbers(&fields[48..]),
            })
        });
        Ok(slots.max_by_key(|published| published.sequence))
    }
}

/// Where a topic's mark of a failed flush stands.
pub(super) fn poison_path(dir: &Path) -> PathBuf {
    dir.join("POISON")
}

/// Marks that nothing beyond `durable` may be trusted.
pub(super) fn write_poison(disk: &dyn Disk, dir: &Path, id: LogId, durable: u64) -> io::Result<()> {
    let mut fields = id.0.to_vec();
    push_all(&mut fields, &[durable]);
    let file = disk.create(&poison_path(dir))?;
    file.write_all_at(&seal(POISON, &fields), 0)?;
    file.sync_data()?;
    disk.sync_dir(dir)
}

/// The durable end that a mark names; `None` without a whole mark of this log.
pub(super) fn read_poison(disk: &dyn Disk, dir: &Path, id: LogId) -> io::Result<Option<u64>> {
    let file = match disk.open_to_read(&poison_path(dir)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let block = read_small(file.as_ref(), BLOCK_BYTES_MAX)?;
    Ok(unseal(POISON, &block)
        .filter(|fields| fields.len() == 24 && fields[..16] == id.0)
        .map(|fields| u64_at(fields, 16)))
}

/// Writes a whole file under another name, syncs it and moves it to its place: it is there whole or
/// not at all.
pub(super) fn write_whole(
    disk: &dyn Disk,
    dir: &Path,
    name: &str,
    content: &[u8],
) -> io::Result<Box<dyn DiskFile>> {
    let new = dir.join(format!("{name}.new"));
    let file = disk.create(&new)?;
    file.write_all_at(content, 0)?;
    file.sync_data()?;
    disk.rename(&new, &dir.join(name))?;
    disk.sync_dir(dir)?;
    Ok(file)
}

/// The identity that stands in `log.id`; `None` when there is no such file.
pub(super) fn read_identity(disk: &dyn Disk, dir: &Path) -> Result<Option<LogId>, LogError> {
    let path = dir.join("log.id");
    let file = match disk.open_to_read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", &path, &error)),
    };
    let block = read_small(file.as_ref(), BLOCK_BYTES_MAX);
    let block = block.map_err(|error| io_error("read", &path, &error))?;
    let id = unseal(IDENTITY, &block).and_then(|fields| fields.try_into().ok());
    let detail = "the log's identity is damaged; restore this file from a copy".to_owned();
    let damaged = LogError::Corrupt {
        file: path.display().to_string(),
        at: 0,
        detail,
    };
    id.map(|id| Some(LogId(id))).ok_or(damaged)
}

/// Gives a new log its identity.
pub(super) fn write_identity(disk: &dyn Disk, dir: &Path, id: LogId) -> Result<(), LogError> {
    write_whole(disk, dir, "log.id", &seal(IDENTITY, &id.0))
        .map(drop)
        .map_err(|error| io_error("write", &dir.join("log.id"), &error))
}
