//! How far this node's wall clock is from the platform's, as far as the CreateTimes of messages can tell. It is
//! shown to people and decides nothing.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a message counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Lags that come closer to each other than this are one entry.
const STEP: Duration = Duration::from_secs(1);
/// CreateTime is in whole seconds: by right clocks the quickest delivery lags by so much at most.
const WHOLE_S: f64 = 1.0;

/// The least lags of the last minute, wall clock minus CreateTime, by when they were heard.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset(Mutex<VecDeque<(Instant, f64)>>);

impl ClockOffset {
    /// Takes in the least lag of some messages, in seconds.
    pub(crate) fn hear(&self, now: Instant, lag_s: f64) {
        let mut lags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lags.back_mut() {
            Some((at, least)) if now.saturating_duration_since(*at) < STEP => {
                *least = least.min(lag_s);
            }
            _ => lags.push_back((now, lag_s)),
        }
    }

    /// Seconds by which the clock is wrong: below 0 when it is behind, above when it is ahead, or everything late; 0
    /// while the last minute's messages agree with it, or there were none.
    pub(crate) fn seconds(&self, now: Instant) -> f64 {
        let mut lags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: Instant| now.saturating_duration_since(at) > WINDOW;
        while lags.front().is_some_and(|(at, _)| is_old(*at)) {
            lags.pop_front();
        }
        let least = lags.iter().map(|(_, lag_s)| *lag_s).reduce(f64::min);
        least.map_or(0.0, |least| least - least.clamp(0.0, WHOLE_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lags: &[f64], want: f64) {
        let (offset, now) = (ClockOffset::default(), Instant::now());
        for (second, lag_s) in (0..).zip(lags) {
            offset.hear(now + Duration::from_secs(second), *lag_s);
        }
        let shown = offset.seconds(now + Duration::from_secs(30));
        assert!((shown - want).abs() < 1e-9, "{lags:?}: {shown}");
        assert!(offset.seconds(now + Duration::from_secs(3_600)).abs() < 1e-9);
    }

    #[test]
    fn the_quickest_message_of_a_minute_tells_how_wrong_the_clock_is() {
        check(&[], 0.0);
        // Deliveries are late and come again: nothing of the clock's.
        check(&[0.3, 7.0, 5.2, 0.9], 0.0);
        check(&[1.0, 14.0], 0.0);
        // It is seven seconds ahead, or a second and a half behind.
        check(&[7.06, 7.4, 12.0], 6.06);
        check(&[-0.9, -1.44, 3.0], -1.44);
    }

    #[test]
    fn what_is_heard_at_once_is_kept_once() {
        let (offset, now) = (ClockOffset::default(), Instant::now());
        for n in 0..10_000 {
            offset.hear(now + Duration::from_millis(n), 2.0);
        }
        assert!(offset.0.lock().unwrap().len() <= 11);
        assert!((offset.seconds(now + STEP) - 1.0).abs() < 1e-9);
    }
}
