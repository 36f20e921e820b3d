//! Small files that the owner of a journal keeps beside its topics: blocks that are there whole or not
//! at all, and lines that are added. What stands in them is the affair of whoever keeps them.

use super::disk::{Disk, read_small};
use super::files::{io_error, seal, unseal, write_whole};
use super::open::{Clock, Surroundings};
use crate::contract::LogError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A block is never larger: 1,024 numbers are 8 KiB.
const BLOCK_BYTES_MAX: usize = 64 << 10;

/// The directory of a journal, for such files.
pub(crate) struct Notes {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    pub(super) clock: Clock,
}

impl Notes {
    pub(super) fn new(dir: &Path, on: &Surroundings) -> Self {
        Self {
            disk: Arc::clone(&on.disk),
            dir: dir.to_owned(),
            clock: Arc::clone(&on.clock),
        }
    }

    /// The journal's directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Replaces the block of this name, durably.
    pub(crate) fn write(&self, name: &str, magic: [u8; 8], fields: &[u8]) -> Result<(), LogError> {
        write_whole(self.disk.as_ref(), &self.dir, name, &seal(magic, fields))
            .map(drop)
            .map_err(|error| io_error("write", &self.dir.join(name), &error))
    }

    /// The fields of the block of this name; `None` when there is none.
    pub(crate) fn read(&self, name: &str, magic: [u8; 8]) -> Result<Option<Vec<u8>>, LogError> {
        let path = self.dir.join(name);
        let file = match self.disk.open_to_read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("open", &path, &error)),
        };
        let block = read_small(file.as_ref(), BLOCK_BYTES_MAX)
            .map_err(|error| io_error("read", &path, &error))?;
        match unseal(magic, &block) {
            Some(fields) => Ok(Some(fields.to_vec())),
            None => Err(LogError::Corrupt {
                file: path.display().to_string(),
                at: 0,
                detail: "the block is damaged".to_owned(),
            }),
        }
    }

    /// Adds whole lines to the file of this name, durably.
    pub(crate) fn append(&self, name: &str, text: &str) -> Result<(), LogError> {
        let path = self.dir.join(name);
        let write = || -> io::Result<()> {
            let file = match self.disk.open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let file = self.disk.create(&path)?;
                    self.disk.sync_dir(&self.dir)?;
                    file
                }
                Err(error) => return Err(error),
            };
            let len = file.len()?;
            let mut last = [0];
            // A line that a crash has cut off stays alone.
            let torn = len > 0 && file.read_at(&mut last, len - 1)? == 1 && last != *b"\n";
            let text = if torn {
                format!("\n{text}")
            } else {
                text.to_owned()
            };
            file.write_all_at(text.as_bytes(), len)?;
            file.sync_data()
        };
        write().map_err(|error| io_error("append to", &path, &error))
    }
}
