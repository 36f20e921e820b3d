//! The thread that reads `control` to its end and stays there.

use crate::snapshot::Snapshot;
use crate::state::{Applied, ControlState};
use arc_swap::ArcSwap;
use msglog::{Log, LogError, Reader};
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
/// How long a log that is away is left alone before it is tried again.
const AWAY_REST: Duration = Duration::from_millis(500);
/// How often a log that gives no record is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// What this process knows of `control`.
pub struct Control {
    state: Mutex<ControlState>,
    changed: Condvar,
    snapshot: Arc<ArcSwap<Snapshot>>,
    caught_up: AtomicBool,
    /// When control gave records last, or was known to have no more: a poll without records alone says nothing.
    read_at: Mutex<Instant>,
    failure: Mutex<Option<String>>,
    away: Mutex<Option<String>>,
}

impl Control {
    fn empty() -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            snapshot: Arc::new(ArcSwap::from_pointee(Snapshot::default())),
            caught_up: AtomicBool::new(false),
            read_at: Mutex::new(Instant::now()),
            failure: Mutex::new(None),
            away: Mutex::new(None),
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

    /// How long ago control was read last: what is in force may be older than the log's word by so much. While nothing
    /// new comes the log is asked every two seconds.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        let read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        now.saturating_duration_since(*read_at)
    }

    fn is_read(&self) {
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Why following stopped, when it did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Why `control` cannot be read at the moment, although following goes on.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        self.away
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_away(&self, why: Option<String>) {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*away, &why) {
            (None, Some(why)) => tracing::warn!(why, "control cannot be read; waiting for the log"),
            (Some(_), None) => tracing::info!("control can be read again"),
            _ => {}
        }
        *away = why;
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
            tracing::error!(
                kept,
                number,
                "the log has less than this node had kept of it"
            );
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

    /// Everything before this offset was applied, or is lost.
    fn pass(&self, offset: u64) {
        let mut state = self.state();
        if state.pass(offset) {
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// Starts following; the thread ends when `stop` is set or reading fails for good, which [`Control::failure`]
/// tells. A log that is away is waited for, at the start too.
///
/// # Errors
/// The log has no control topic, or the thread could not be started.
pub fn follow(
    log: &Arc<dyn Log>,
    stop: &Arc<AtomicBool>,
) -> Result<(Arc<Control>, JoinHandle<()>), LogError> {
    let control = Arc::new(Control::empty());
    let reader = match open(&**log, None) {
        Ok(reader) => Some(reader),
        Err(error) if error.retryable() => None,
        Err(error) => return Err(error),
    };
    let (shared, log, stop) = (Arc::clone(&control), Arc::clone(log), Arc::clone(stop));
    let thread = std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            if let Err(error) = run(&shared, &*log, &stop, reader) {
                tracing::error!(%error, "following control stopped");
                *shared
                    .failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                shared.changed.notify_all();
            }
        })
        .map_err(|error| LogError::Io {
            what: "start the control thread".to_owned(),
            detail: error.to_string(),
            code: error.raw_os_error(),
        })?;
    Ok((control, thread))
}

/// A reader at this offset of `control`, or at its retained start.
fn open(log: &dyn Log, from: Option<u64>) -> Result<Box<dyn Reader>, LogError> {
    let mut reader = log.reader(CONTROL)?;
    let from = match from {
        Some(from) => from,
        None => log.start_offset(CONTROL, 0)?,
    };
    reader.seek(0, from)?;
    Ok(reader)
}

/// Reads until it is stopped. After a failure that may pass, a new reader begins where the old one stood.
fn run(
    control: &Control,
    log: &dyn Log,
    stop: &AtomicBool,
    mut reader: Option<Box<dyn Reader>>,
) -> Result<(), LogError> {
    // Nothing was read before the first poll: then the retained start is asked for.
    let mut next = None;
    let mut heard = None;
    while !stop.load(Ordering::Acquire) {
        let stepped = match &mut reader {
            Some(reader) => step(control, &mut **reader, &mut next),
            None => match open(log, next) {
                Ok(opened) => {
                    reader = Some(opened);
                    continue;
                }
                Err(error) => Err(error),
            },
        };
        let stepped = stepped.inspect_err(|_| reader = None).and_then(|came| {
            if came {
                control.is_read();
            }
            let is_quiet = !came && heard.is_none_or(|at: Instant| at.elapsed() >= ASK_EVERY);
            if is_quiet || !control.caught_up() {
                ask(control, log, next)?;
            }
            Ok(came || is_quiet)
        });
        match stepped {
            Ok(true) => {
                heard = Some(Instant::now());
                control.set_away(None);
            }
            Ok(false) => {}
            Err(error) if error.retryable() => {
                control.set_away(Some(error.to_string()));
                heard = None;
                rest(stop);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn rest(stop: &AtomicBool) {
    let until = Instant::now() + AWAY_REST;
    while Instant::now() < until && !stop.load(Ordering::Acquire) {
        std::thread::park_timeout(AWAY_REST / 10);
    }
}

/// Applies what has come; whether anything has.
fn step(
    control: &Control,
    reader: &mut dyn Reader,
    next: &mut Option<u64>,
) -> Result<bool, LogError> {
    let came = reader.poll(POLL_RECORDS, POLL_BYTES, POLL_WAIT)?;
    for stored in &came {
        control.apply(stored.offset, &stored.value);
    }
    if let Some(position) = reader.position(0) {
        control.pass(position);
        *next = Some(position);
    }
    Ok(!came.is_empty())
}

/// Asks the log where control ends, and whether it was read as far.
fn ask(control: &Control, log: &dyn Log, position: Option<u64>) -> Result<(), LogError> {
    let end = log.end_offset(CONTROL, 0)?;
    if position >= Some(end) {
        control.is_read();
        if !control.caught_up() {
            control.catch_up();
        }
    }
    Ok(())
}
