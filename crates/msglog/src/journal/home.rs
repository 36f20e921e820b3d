//! One topic's directory: finds, opens and makes its segments. Decides nothing about recovery.

use super::disk::{Disk, DiskFile, read_small};
use super::files::{
    Published, SegmentHead, base_of, idx_name, io_error, log_name, read_poison, write_whole,
};
use super::index::{Point, SegmentIndex};
use crate::contract::{LogError, LogId, TopicConfig};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An index file is never larger: one point a MiB of a 1 GiB segment, 8 KiB each.
const IDX_BYTES_MAX: usize = 64 << 20;
/// Bytes copied at once.
const COPY_BYTES: usize = 1 << 20;

/// A topic's directory.
#[derive(Clone)]
pub(super) struct Home {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) id: LogId,
    pub(super) topic: TopicConfig,
    /// Position distance of index points.
    pub(super) point_bytes: u64,
}

/// A segment as it was found.
pub(super) struct FoundSegment {
    pub(super) index: SegmentIndex,
    /// Position after the file's last byte.
    pub(super) end: u64,
    /// Bytes of whole points in its index file.
    pub(super) idx_bytes: u64,
    /// Whether anything else stands behind them.
    pub(super) idx_torn: bool,
}

impl Home {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Bases of the segments on disk, ascending.
    pub(super) fn bases(&self) -> Result<Vec<u64>, LogError> {
        let names = self
            .disk
            .list(&self.dir)
            .map_err(|error| io_error("list", &self.dir, &error))?;
        let mut bases: Vec<u64> = names
            .iter()
            .filter_map(|name| base_of(name, ".log"))
            .collect();
        bases.sort_unstable();
        Ok(bases)
    }

    /// Removes what an interrupted creation or retention has left.
    pub(super) fn sweep(&self, bases: &[u64]) -> Result<(), LogError> {
        let names = self
            .disk
            .list(&self.dir)
            .map_err(|error| io_error("list", &self.dir, &error))?;
        for name in names {
            let orphan = base_of(&name, ".idx").is_some_and(|base| !bases.contains(&base));
            if orphan || name.ends_with(".new") {
                let path = self.path(&name);
                self.disk
                    .unlink(&path)
                    .map_err(|error| io_error("remove", &path, &error))?;
            }
        }
        Ok(())
    }

    /// Head and index of a segment, with points up to `limit`.
    pub(super) fn load(&self, base: u64, limit: u64) -> Result<FoundSegment, LogError> {
        let path = self.path(&log_name(base));
        let file = self
            .disk
            .open_to_read(&path)
            .map_err(|error| io_error("open", &path, &error))?;
        let head = SegmentHead::read(file.as_ref(), &path, base, self.id, &self.topic)?;
        let len = file
            .len()
            .map_err(|error| io_error("measure", &path, &error))?;
        let end = base.saturating_add(len.saturating_sub(head.bytes()));
        let mut index = SegmentIndex::new(head);
        let idx_path = self.path(&idx_name(base));
        // An index is only a help: without it the segment is scanned.
        let points = match self.disk.open_to_read(&idx_path) {
            Ok(file) => read_small(file.as_ref(), IDX_BYTES_MAX)
                .map_err(|error| io_error("read", &idx_path, &error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io_error("open", &idx_path, &error)),
        };
        let idx_bytes = index.load(&points, end.min(limit));
        let idx_torn = idx_bytes != points.len() as u64;
        Ok(FoundSegment {
            index,
            end,
            idx_bytes,
            idx_torn,
        })
    }

    /// What the last writer published.
    pub(super) fn published(&self) -> Result<Option<Published>, LogError> {
        let path = self.path("end");
        let found = match self.disk.open_to_read(&path) {
            Ok(file) => Published::read(file.as_ref(), self.id, self.topic.partitions as usize),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        found.map_err(|error| io_error("read", &path, &error))
    }

    /// The durable end that the mark of a failed flush names.
    pub(super) fn poison(&self) -> Result<Option<u64>, LogError> {
        read_poison(self.disk.as_ref(), &self.dir, self.id)
            .map_err(|error| io_error("read the mark of a failed flush in", &self.dir, &error))
    }

    /// Makes an empty segment, durable under its name.
    pub(super) fn create_segment(&self, head: &SegmentHead) -> Result<Box<dyn DiskFile>, LogError> {
        let name = log_name(head.base);
        let content = head.encode(self.id, &self.topic.name);
        write_whole(self.disk.as_ref(), &self.dir, &name, &content)
            .map_err(|error| io_error("create", &self.path(&name), &error))
    }

    /// Writes an index file anew, whole and durable; returns its length.
    pub(super) fn write_points(&self, base: u64, points: &[Point]) -> Result<u64, LogError> {
        let content: Vec<u8> = points.iter().flat_map(Point::encode).collect();
        let name = idx_name(base);
        write_whole(self.disk.as_ref(), &self.dir, &name, &content)
            .map_err(|error| io_error("write", &self.path(&name), &error))?;
        Ok(content.len() as u64)
    }

    /// Makes a segment that begins with the bytes `from..to` of another one; durable under its name
    /// before this returns.
    pub(super) fn rewrite(
        &self,
        old: &SegmentHead,
        head: &SegmentHead,
        to: u64,
    ) -> Result<Box<dyn DiskFile>, LogError> {
        let name = log_name(head.base);
        let new = self.path(&format!("{name}.new"));
        let write = || -> io::Result<Box<dyn DiskFile>> {
            let source = self.disk.open_to_read(&self.path(&log_name(old.base)))?;
            let target = self.disk.create(&new)?;
            target.write_all_at(&head.encode(self.id, &self.topic.name), 0)?;
            let from = old.bytes() + (head.base - old.base);
            copy(
                source.as_ref(),
                from,
                target.as_ref(),
                head.bytes(),
                to - head.base,
            )?;
            target.sync_data()?;
            self.disk.rename(&new, &self.path(&name))?;
            self.disk.sync_dir(&self.dir)?;
            Ok(target)
        };
        write().map_err(|error| io_error("rewrite the tail into", &new, &error))
    }
}

/// Copies `len` bytes between files.
pub(super) fn copy(
    source: &dyn DiskFile,
    from: u64,
    target: &dyn DiskFile,
    to: u64,
    len: u64,
) -> io::Result<()> {
    let mut buffer = vec![0; COPY_BYTES.min(usize::try_from(len).unwrap_or(COPY_BYTES))];
    let mut done = 0;
    while done < len {
        let piece = buffer
            .len()
            .min(usize::try_from(len - done).unwrap_or(usize::MAX));
        let read = super::disk::read_up_to(source, &mut buffer[..piece], from + done)?;
        if read < piece {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        target.write_all_at(&buffer[..piece], to + done)?;
        done += piece as u64;
    }
    Ok(())
}

/// Removes a file that may be gone already.
pub(super) fn unlink_if_there(disk: &dyn Disk, path: &Path) -> Result<(), LogError> {
    match disk.unlink(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error("remove", path, &error)),
    }
}
