//! The campaigns in force, kept in `DATA/snapshot`: with them ingress answers fans although it cannot reach the log
//! when it starts. Read only then; written whenever the log says something new.

use crate::config::{Backend, Config};
use crate::sealed;
use control::{Control, saved};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Name of the file.
const FILE: &str = "snapshot";
/// Nothing was written yet.
const NONE: u64 = u64::MAX;

/// The file and what it says.
pub(super) struct Kept {
    path: PathBuf,
    log: String,
    control: Arc<Control>,
    /// Number of the snapshot that was written last.
    number: AtomicU64,
    is_failing: AtomicBool,
}

impl Kept {
    /// For a log whose node may have to start without it; `None` for one that is always there.
    pub(super) fn new(config: &Config, log: String, control: Arc<Control>) -> Option<Self> {
        matches!(config.log.backend, Backend::Kafka(_)).then(|| Self {
            path: config.data.join(FILE),
            log,
            control,
            number: AtomicU64::new(NONE),
            is_failing: AtomicBool::new(false),
        })
    }

    /// Puts in force what an earlier life has written; whether there was something.
    pub(super) fn restore(&self) -> bool {
        let kept = sealed::read(&self.path)
            .and_then(|text| text.map(|text| saved::parse(&text, &self.log)).transpose());
        match kept {
            Ok(Some(kept)) => {
                tracing::warn!(
                    snapshot = kept.number,
                    "answering from the snapshot on disk until the log can be read"
                );
                self.control.restore(kept);
                true
            }
            Ok(None) => false,
            Err(error) => {
                let path = self.path.display();
                tracing::error!(%path, error, "the snapshot on disk cannot be used");
                false
            }
        }
    }

    /// Writes what is in force when it has changed. A disk that refuses is told of once and tried again.
    pub(super) fn write(&self) {
        if !self.control.caught_up() {
            return;
        }
        let (number, text) = {
            let state = self.control.state();
            let number = state.snapshot_number();
            if number == self.number.load(Ordering::Acquire) {
                return;
            }
            (number, saved::to_text(&state, &self.log))
        };
        match sealed::write(&self.path, &text) {
            Ok(()) => {
                self.number.store(number, Ordering::Release);
                self.is_failing.store(false, Ordering::Release);
            }
            Err(error) if !self.is_failing.swap(true, Ordering::AcqRel) => {
                let path = self.path.display();
                tracing::error!(%path, %error, "the snapshot cannot be kept on disk");
            }
            Err(_) => {}
        }
    }
}
