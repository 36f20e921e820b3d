//! The thread that reads `control` to its end and stays there.

use crate::snapshot::Snapshot;
use crate::state::{Applied, ControlState};
use arc_swap::ArcSwap;
use msglog::{Log, LogError};
use record::acts::Act;
use record::topics::CONTROL;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll waits for a record; bounds how late a stop is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Records per poll: control holds few.
const POLL_RECORDS: usize = 256;
/// Bytes per poll.
const POLL_BYTES: usize = 4 << 20;

/// What this process knows of `control`.
pub struct Control {
    state: Mutex<ControlState>,
    changed: Condvar,
    snapshot: Arc<ArcSwap<Snapshot>>,
    caught_up: AtomicBool,
    failure: Mutex<Option<String>>,
}

impl Control {
    fn empty() -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            snapshot: Arc::new(ArcSwap::from_pointee(Snapshot::default())),
            caught_up: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// What is in force, as ingress reads it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.snapshot)
    }

    /// The state, locked; hold it briefly.
    pub fn state(&self) -> MutexGuard<'_, ControlState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `control` was read to its end once since the start.
    #[must_use]
    pub fn caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }

    /// Why following stopped, when it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits, at most `limit`, until `done` holds of the state; returns whether it does.
    pub fn wait_until(&self, limit: Duration, done: impl Fn(&ControlState) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state();
        loop {
            if done(&state) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Puts in force what this node has kept on its disk, until the log can be read; does nothing once it says
    /// as much itself.
    pub fn restore(&self, kept: Snapshot) {
        let state = self.state();
        if !self.caught_up() && kept.number > self.snapshot.load().number {
            self.snapshot.store(Arc::new(kept));
        }
        drop(state);
    }

    /// The log was read to its end once: it alone says what is in force.
    fn catch_up(&self) {
        let state = self.state();
        let (kept, number) = (self.snapshot.load().number, state.snapshot_number());
        if kept != number {
            tracing::error!(kept, number, "the log has less than this node had kept of it");
            self.snapshot.store(Arc::new(state.snapshot()));
        }
        self.caught_up.store(true, Ordering::Release);
        drop(state);
        self.changed.notify_all();
    }

    fn apply(&self, offset: u64, value: &[u8]) {
        let mut state = self.state();
        match serde_json::from_slice::<Act>(value) {
            Ok(act) => {
                if let Applied::Void(reason) = state.apply(offset, &act) {
                    tracing::warn!(offset, reason, "control record is void");
                }
            }
            Err(error) => {
                tracing::error!(offset, %error, "control record cannot be read");
                state.skip(offset);
            }
        }
        // What a node has kept on its disk stays in force until the log has come as far.
        if state.snapshot_number() > self.snapshot.load().number {
            self.snapshot.store(Arc::new(state.snapshot()));
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// Starts following; the thread ends when `stop` is set or reading fails, which [`Control::failure`] tells.
///
/// # Errors
/// The log has no control topic, or the thread could not be started.
pub fn follow(
    log: &Arc<dyn Log>,
    stop: &Arc<AtomicBool>,
) -> Result<(Arc<Control>, JoinHandle<()>), LogError> {
    let control = Arc::new(Control::empty());
    let mut reader = log.reader(CONTROL)?;
    reader.seek(0, log.start_offset(CONTROL, 0)?)?;
    let (shared, log, stop) = (Arc::clone(&control), Arc::clone(log), Arc::clone(stop));
    let thread = std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            while !stop.load(Ordering::Acquire) {
                if let Err(error) = step(&shared, &*log, &mut *reader) {
                    tracing::error!(%error, "following control stopped");
                    *shared
                        .failure
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    return;
                }
            }
        })
        .map_err(|error| LogError::Io {
            what: "start the control thread".to_owned(),
            detail: error.to_string(),
            code: error.raw_os_error(),
        })?;
    Ok((control, thread))
}

fn step(control: &Control, log: &dyn Log, reader: &mut dyn msglog::Reader) -> Result<(), LogError> {
    for stored in reader.poll(POLL_RECORDS, POLL_BYTES, POLL_WAIT)? {
        control.apply(stored.offset, &stored.value);
    }
    if !control.caught_up() && reader.position(0) >= Some(log.end_offset(CONTROL, 0)?) {
        control.catch_up();
    }
    Ok(())
}
