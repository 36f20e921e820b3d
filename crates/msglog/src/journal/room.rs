//! Whether there is room for more: the free bytes of the disk, less each tier's reserve, and the
//! configured bound. Asked before a record is accepted; it recovers by itself when room is back.

use super::config::{JournalConfig, Reserve};
use super::disk::Disk;
use crate::contract::Tier;
use crate::sync::lock;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a look at the disk counts.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// After so many bytes the disk is looked at again in any case.
const LOOK_BYTES: u64 = 16 << 20;

/// The room of one journal, shared by its topics.
pub(super) struct Room {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    max_bytes: Option<u64>,
    reserve: Reserve,
    /// Bytes of all segment files.
    used: AtomicU64,
    /// Accepted and not written yet.
    pending: AtomicU64,
    look: Mutex<Look>,
}

struct Look {
    at: Option<Instant>,
    free: u64,
    /// `used` and `pending` together at that time.
    known: u64,
}

impl Room {
    pub(super) fn new(disk: Arc<dyn Disk>, dir: PathBuf, config: &JournalConfig) -> Self {
        let look = Mutex::new(Look {
            at: None,
            free: u64::MAX,
            known: 0,
        });
        let (used, pending) = (AtomicU64::new(0), AtomicU64::new(0));
        let (max_bytes, reserve) = (config.max_bytes, config.reserve);
        Self {
            disk,
            dir,
            max_bytes,
            reserve,
            used,
            pending,
            look,
        }
    }

    /// Counts bytes as accepted, or says why there is no room for them.
    pub(super) fn admit(&self, tier: Tier, bytes: u64) -> Result<(), String> {
        self.check(tier, bytes)?;
        self.pending.fetch_add(bytes, Relaxed);
        Ok(())
    }

    /// Says why there is no room for so many bytes, if there is none.
    pub(super) fn check(&self, tier: Tier, bytes: u64) -> Result<(), String> {
        let taken = self
            .used
            .load(Relaxed)
            .saturating_add(self.pending.load(Relaxed));
        if let Some(max) = self.max_bytes {
            let bound = match tier {
                Tier::Ingress => max - max / 4,
                Tier::Consumer => max - max / 8,
                Tier::Control => max,
            };
            if taken.saturating_add(bytes) > bound {
                return Err(format!(
                    "{taken} bytes are used of {bound} that this tier may fill"
                ));
            }
        }
        let free = self.free(taken);
        let reserve = self.reserve.of(tier);
        if free < reserve.saturating_add(bytes) {
            return Err(format!(
                "{free} bytes are free on the disk, this tier leaves {reserve}"
            ));
        }
        Ok(())
    }

    /// Accepted bytes have been written as `written`, or given up.
    pub(super) fn settle(&self, accepted: u64, written: u64) {
        self.used.fetch_add(written, Relaxed);
        subtract(&self.pending, accepted);
    }

    /// Bytes that stood on disk when the journal was opened.
    pub(super) fn found(&self, bytes: u64) {
        self.used.fetch_add(bytes, Relaxed);
    }

    /// Files went.
    pub(super) fn freed(&self, bytes: u64) {
        subtract(&self.used, bytes);
        // What the disk says about it counts at once.
        lock(&self.look).at = None;
    }

    /// Bytes of all segment files.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Relaxed)
    }

    fn free(&self, taken: u64) -> u64 {
        let mut look = lock(&self.look);
        let since = taken.saturating_sub(look.known);
        if look.at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) || since >= LOOK_BYTES {
            match self.disk.free_bytes(&self.dir) {
                Ok(free) => look.free = free,
                // The last known number goes on to count: a look that fails is no reason to refuse.
                Err(error) => {
                    tracing::warn!(dir = %self.dir.display(), %error, "could not ask for free space");
                    look.free = look.free.saturating_sub(since);
                }
            }
            (look.at, look.known) = (Some(Instant::now()), taken);
        }
        look.free.saturating_sub(taken.saturating_sub(look.known))
    }
}

fn subtract(number: &AtomicU64, less: u64) {
    number.update(Relaxed, Relaxed, |old| old.saturating_sub(less));
}
