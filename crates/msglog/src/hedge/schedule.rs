//! When which record goes to the spool. Pure: the time is given.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A record that found the spool's queue full tries again after this.
const RETRY: Duration = Duration::from_millis(20);

/// Why a record goes to the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The log's proof did not come in time.
    Slow,
    /// The log answered with an error.
    Failed,
    /// Another try, or the end is near: counted already, or nobody's fault.
    Again,
}

/// Numbers of records by the time at which they are due. Those that need the spool no longer stand here
/// until their time comes.
#[derive(Default)]
pub(super) struct Schedule {
    due: VecDeque<(Instant, u64)>,
    retries: VecDeque<(Instant, u64)>,
    urgent: VecDeque<(u64, Why)>,
}

impl Schedule {
    /// The hedge of these fires at `at`, which never goes back from call to call.
    pub(super) fn watch(&mut self, numbers: impl IntoIterator<Item = u64>, at: Instant) {
        let timed = numbers.into_iter().map(|number| (at, number));
        self.due.extend(timed);
    }

    pub(super) fn at_once(&mut self, number: u64) {
        self.urgent.push_back((number, Why::Failed));
    }

    pub(super) fn again(&mut self, number: u64, now: Instant) {
        self.retries.push_back((now + RETRY, number));
    }

    /// Everything is due at once.
    pub(super) fn hurry(&mut self) {
        let all = self.retries.drain(..).chain(self.due.drain(..));
        self.urgent
            .extend(all.map(|(_, number)| (number, Why::Again)));
    }

    pub(super) fn next(&mut self, now: Instant) -> Option<(u64, Why)> {
        if let Some(urgent) = self.urgent.pop_front() {
            return Some(urgent);
        }
        for (queue, why) in [(&mut self.retries, Why::Again), (&mut self.due, Why::Slow)] {
            if queue.front().is_some_and(|(at, _)| *at <= now) {
                return queue.pop_front().map(|(_, number)| (number, why));
            }
        }
        None
    }

    pub(super) fn is_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    /// When something is due next.
    pub(super) fn next_at(&self, now: Instant) -> Option<Instant> {
        if !self.urgent.is_empty() {
            return Some(now);
        }
        let fronts = [self.due.front(), self.retries.front()];
        fronts.into_iter().flatten().map(|(at, _)| *at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_urgent_comes_first_and_nothing_comes_early() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        schedule.watch([1, 2], now + RETRY * 2);
        schedule.again(3, now);
        assert_eq!(schedule.next_at(now), Some(now + RETRY));
        assert_eq!(schedule.next(now), None);
        schedule.at_once(4);
        assert_eq!(schedule.next_at(now), Some(now));
        let later = now + RETRY * 2;
        let order: Vec<_> = std::iter::from_fn(|| schedule.next(later)).collect();
        let expected = [
            (4, Why::Failed),
            (3, Why::Again),
            (1, Why::Slow),
            (2, Why::Slow),
        ];
        assert_eq!(order, expected);
        schedule.watch([5], later);
        schedule.hurry();
        assert_eq!(schedule.next(now), Some((5, Why::Again)));
    }
}
