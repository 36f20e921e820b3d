//! Whether the disk leaves room for state. It is asked for before RocksDB fails in the middle of a write, and it
//! recovers by itself: a stage that waits asks again.

use crate::error::StateError;
use std::path::Path;
use std::sync::Arc;

/// Says how many bytes are free where a directory stands.
type FreeBytes = dyn Fn(&Path) -> std::io::Result<u64> + Send + Sync;

/// What a store leaves free on its disk. Cheap to clone.
#[derive(Clone)]
pub struct Reserve {
    bytes: u64,
    free: Arc<FreeBytes>,
}

impl Reserve {
    /// Leaves at least so many bytes free, by what `free` says.
    #[must_use]
    pub fn new(
        bytes: u64,
        free: impl Fn(&Path) -> std::io::Result<u64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            bytes,
            free: Arc::new(free),
        }
    }

    /// Refuses when less is free. A disk that cannot be asked is no reason to refuse.
    pub(super) fn check(&self, dir: &Path) -> Result<(), StateError> {
        match (self.free)(dir) {
            Ok(free) if free < self.bytes => Err(StateError::NoRoom {
                place: dir.display().to_string(),
                free,
                reserve: self.bytes,
            }),
            _ => Ok(()),
        }
    }
}
