//! A limit for log lines that repeat: one in a while, with the number that were left out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Lets one event through per interval and counts those that it held back. Shared between threads.
///
/// ```
/// use std::time::{Duration, Instant};
/// let limit = telemetry::RateLimit::new(Duration::from_secs(10));
/// let now = Instant::now();
/// assert_eq!(limit.allow(now), Some(0));
/// assert_eq!(limit.allow(now), None);
/// assert_eq!(limit.allow(now + Duration::from_secs(10)), Some(1));
/// ```
#[derive(Debug)]
pub struct RateLimit {
    began: Instant,
    every_ns: u64,
    /// Nanoseconds after `began` from which on the next event is let through.
    next_ns: AtomicU64,
    held: AtomicU64,
}

impl RateLimit {
    /// A limit of one event per `every`.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self {
            began: Instant::now(),
            every_ns: nanoseconds(every).max(1),
            next_ns: AtomicU64::new(0),
            held: AtomicU64::new(0),
        }
    }

    /// Whether an event at `now` is let through: `Some` with the number held back since the last one.
    pub fn allow(&self, now: Instant) -> Option<u64> {
        let at = nanoseconds(now.saturating_duration_since(self.began));
        let next = self.next_ns.load(Ordering::Relaxed);
        let mine = at >= next
            && self
                .next_ns
                .compare_exchange(
                    next,
                    at.saturating_add(self.every_ns),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok();
        if mine {
            return Some(self.held.swap(0, Ordering::Relaxed));
        }
        self.held.fetch_add(1, Ordering::Relaxed);
        None
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_per_interval_and_the_rest_is_counted() {
        let limit = RateLimit::new(Duration::from_secs(1));
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(limit.allow(at(0)), Some(0));
        assert_eq!((limit.allow(at(1)), limit.allow(at(900))), (None, None));
        assert_eq!(limit.allow(at(1_100)), Some(2));
        assert_eq!(limit.allow(at(1_200)), None);
    }
}
