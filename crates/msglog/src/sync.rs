//! Locks that go on after a panic of another holder: what they guard is changed in one step each
//! time, so it is whole. No policy lives here.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification until `deadline`; `None` stands for a time too far away to name.
/// Returns the guard and whether the time is up.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    let Some(deadline) = deadline else {
        return (
            condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
            false,
        );
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left == Duration::ZERO {
        return (guard, true);
    }
    let (guard, _) = condvar
        .wait_timeout(guard, left)
        .unwrap_or_else(PoisonError::into_inner);
    (guard, false)
}

/// The instant after `wait`, or `None` when it lies beyond what the clock can name.
pub(crate) fn deadline(wait: Duration) -> Option<Instant> {
    Instant::now().checked_add(wait)
}
