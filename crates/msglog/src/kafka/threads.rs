//! Threads that end clients. A client may take its time to end, or hang with its broker: that must never
//! hold up whoever lets go of it, and must be seen.

use crate::sync::lock;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A client that takes longer than this to end is reported.
const SLOW: Duration = Duration::from_secs(10);

struct Ending {
    name: &'static str,
    thread: JoinHandle<()>,
    since: Instant,
    is_reported: bool,
}

/// The threads of one log that are ending.
#[derive(Default)]
pub(super) struct Threads(Mutex<Vec<Ending>>);

impl Threads {
    /// Takes over a thread that has been told to end.
    pub(super) fn ends(&self, name: &'static str, thread: JoinHandle<()>) {
        let ending = Ending {
            name,
            thread,
            since: Instant::now(),
            is_reported: false,
        };
        lock(&self.0).push(ending);
    }

    /// Joins what has ended, reports once what does not. Returns how many are left.
    pub(super) fn look(&self) -> usize {
        let mut endings = lock(&self.0);
        let mut index = 0;
        while let Some(ending) = endings.get_mut(index) {
            if ending.thread.is_finished() {
                let ending = endings.swap_remove(index);
                if ending.thread.join().is_err() {
                    tracing::error!(
                        thread = ending.name,
                        "a thread of the kafka log has panicked"
                    );
                }
                continue;
            }
            if !ending.is_reported && ending.since.elapsed() > SLOW {
                ending.is_reported = true;
                tracing::warn!(thread = ending.name, "a kafka client does not end");
            }
            index += 1;
        }
        endings.len()
    }

    /// Waits for all of them, at most until `deadline`.
    pub(super) fn wait(&self, deadline: Instant) {
        while self.look() > 0 && Instant::now() < deadline {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
