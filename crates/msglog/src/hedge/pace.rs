//! How fast the forwarder sends. Pure: the time is given.
//!
//! Nobody can ask a broker how much room it has beside the live records. What tells is whether live
//! records come back in time: one that had to go to the spool halves the rate, at most once in a
//! while; a while without any doubles it. The rate moves between a floor, so that the spool ends some
//! day even when the log is always slow, and a ceiling, so that it never takes a whole link.

use std::time::{Duration, Instant};

/// The rate changes at most once in so long.
const STEP: Duration = Duration::from_millis(250);
/// How long no live record must have been hurt before the rate grows.
const CALM: Duration = Duration::from_millis(500);
/// What may be sent at once: this part of a second's bytes.
const BURST_PARTS: u64 = 10;

/// See the module.
pub(super) struct Pace {
    min: u64,
    max: u64,
    rate: u64,
    /// Bytes that may be sent; below zero after a large record.
    credit: i64,
    credited: Instant,
    changed: Instant,
    hurt: Instant,
}

impl Pace {
    /// Begins at the floor.
    pub(super) fn new(min: u64, max: u64, now: Instant) -> Self {
        let min = min.max(1);
        Self {
            min,
            max: max.max(min),
            rate: min,
            credit: 0,
            credited: now,
            changed: now,
            hurt: now,
        }
    }

    /// Live records were hurt.
    pub(super) fn hurt(&mut self, now: Instant) {
        self.hurt = now;
        if now.saturating_duration_since(self.changed) >= STEP {
            self.rate = (self.rate / 2).max(self.min);
            self.changed = now;
        }
    }

    /// Bytes that may be sent now.
    pub(super) fn credit(&mut self, now: Instant) -> usize {
        let calm = now.saturating_duration_since(self.hurt) >= CALM;
        if calm && now.saturating_duration_since(self.changed) >= STEP {
            self.rate = self.rate.saturating_mul(2).min(self.max);
            self.changed = now;
        }
        let since = now.saturating_duration_since(self.credited).as_micros();
        self.credited = now;
        let earned = u128::from(self.rate).saturating_mul(since) / 1_000_000;
        let burst = i64::try_from(self.rate / BURST_PARTS).unwrap_or(i64::MAX);
        let earned = i64::try_from(earned).unwrap_or(i64::MAX);
        self.credit = self.credit.saturating_add(earned).min(burst.max(1));
        usize::try_from(self.credit).unwrap_or(0)
    }

    /// So much was sent.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.credit = self
            .credit
            .saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Bytes a second now.
    pub(super) fn rate(&self) -> u64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_halves_when_live_records_are_hurt_and_doubles_when_calm() {
        let mut now = Instant::now();
        let mut pace = Pace::new(1_000, 64_000, now);
        let mut sent = 0;
        for _ in 0..400 {
            now += Duration::from_millis(10);
            let credit = pace.credit(now);
            pace.spend(credit);
            sent += credit;
        }
        assert_eq!(pace.rate(), 64_000);
        assert!((40_000..256_000).contains(&sent), "{sent} bytes in 4 s");
        for _ in 0..100 {
            now += Duration::from_millis(10);
            pace.hurt(now);
        }
        assert_eq!(pace.rate(), 64_000 / 16, "four halvings in a second");
        for _ in 0..1_000 {
            now += Duration::from_millis(10);
            pace.hurt(now);
        }
        assert_eq!(pace.rate(), 1_000, "never below the floor");
    }

    #[test]
    fn a_large_record_is_paid_for_afterwards() {
        let mut now = Instant::now();
        let mut pace = Pace::new(1_000, 1_000, now);
        now += Duration::from_secs(1);
        assert_eq!(pace.credit(now), 100, "a tenth of a second's bytes at once");
        pace.spend(1_100);
        now += Duration::from_millis(900);
        assert_eq!(pace.credit(now), 0);
        now += Duration::from_millis(101);
        assert_eq!(pace.credit(now), 1);
    }
}
