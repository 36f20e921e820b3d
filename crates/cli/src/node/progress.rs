//! Says PROGRESS every second while the node takes callbacks.

use control::presence::Presence;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// Starts the thread; it ends within a second after `stop` is set.
///
/// # Errors
/// The system has no thread.
pub(crate) fn start(
    presence: Arc<Presence>,
    median: impl Fn() -> Option<i64> + Send + 'static,
    stop: Arc<AtomicBool>,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("progress".to_owned())
        .spawn(move || {
            let mut failing = false;
            while !stop.load(Ordering::Acquire) {
                let said = presence.progress(0, median());
                if let (Err(error), false) = (&said, failing) {
                    tracing::warn!(%error, "progress cannot be said");
                }
                failing = said.is_err();
                std::thread::park_timeout(EVERY);
            }
        })
}
