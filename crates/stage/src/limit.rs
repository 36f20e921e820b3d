//! How many inputs may fail judging before the stage stops: a bad deploy must not bury an event.

use std::collections::VecDeque;

/// Failures of judging within a window of tick time.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    max: usize,
    window_s: i64,
    /// Ticks of the failures that count, oldest first.
    recent: VecDeque<i64>,
    /// Failures that a person has allowed above the limit.
    allowance: u64,
}

impl Limit {
    /// Over `max` failures within `window_s` seconds are too many.
    pub(crate) fn new(max: usize, window_s: i64) -> Self {
        Self {
            max,
            window_s,
            recent: VecDeque::new(),
            allowance: 0,
        }
    }

    /// Lets `count` more failures pass above the limit.
    pub(crate) fn allow(&mut self, count: u64) {
        self.allowance = self.allowance.saturating_add(count);
    }

    /// Whether one more failure at this tick may become a dead letter; counts it if so.
    pub(crate) fn admits(&mut self, tick: Option<i64>) -> bool {
        let tick = tick.unwrap_or_default();
        let newest = self.recent.iter().copied().fold(tick, i64::max);
        self.recent
            .retain(|&t| t > newest.saturating_sub(self.window_s));
        if self.recent.len() >= self.max {
            if self.allowance == 0 {
                return false;
            }
            self.allowance -= 1;
            self.recent.pop_front();
        }
        self.recent.push_back(tick);
        true
    }

    /// What the window is, for people.
    pub(crate) fn words(&self) -> String {
        format!(
            "more than {} within {} s of tick time",
            self.max, self.window_s
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundred_and_first_within_the_window_is_refused() {
        let mut limit = Limit::new(100, 60);
        assert!((0..100).all(|i| limit.admits(Some(1_000 + i % 60))));
        assert!(!limit.admits(Some(1_059)));
        assert!(limit.admits(Some(1_061)), "the oldest have left the window");
    }

    #[test]
    fn an_allowance_is_used_up_one_by_one() {
        let mut limit = Limit::new(2, 60);
        limit.allow(3);
        let admitted = (0..10).filter(|_| limit.admits(Some(5))).count();
        assert_eq!((admitted, limit.allowance), (5, 0));
    }
}
