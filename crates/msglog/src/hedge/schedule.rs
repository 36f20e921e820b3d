//! When which record goes to the spool, and how long a log that was away is not trusted. Pure: the time is given.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A record that found the spool's queue full tries again after this.
const RETRY: Duration = Duration::from_millis(20);
/// A log that answers again counts as away for so long yet: what is known of it comes from another connection than the
/// one that carries records, and a broker that has just started may fall silent once more.
const CALM: Duration = Duration::from_secs(1);

/// Why a record goes to the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The log's proof did not come in time.
    Slow,
    /// The log is known to be away.
    Away,
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

    pub(super) fn at_once(&mut self, number: u64, why: Why) {
        self.urgent.push_back((number, why));
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

    /// What waits for the log is due at once: the log is away.
    pub(super) fn give_up_waiting(&mut self) {
        let waiting = self.due.drain(..);
        self.urgent
            .extend(waiting.map(|(_, number)| (number, Why::Away)));
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

/// Whether the log counts as away: from the moment that it says so, until it has not said so for [`CALM`].
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// When it said so last.
    seen: Option<Instant>,
}

impl Absence {
    /// Takes in what the log says now.
    pub(super) fn look(&mut self, says_away: bool, now: Instant) -> bool {
        if says_away {
            self.seen = Some(now);
        }
        let recent = |seen: Instant| now.saturating_duration_since(seen) < CALM;
        if !self.seen.is_some_and(recent) {
            self.seen = None;
        }
        self.seen.is_some()
    }

    /// What the last look found.
    pub(super) fn lasts(&self) -> bool {
        self.seen.is_some()
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
        schedule.at_once(4, Why::Failed);
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
        schedule.watch([6], later);
        schedule.again(7, later);
        schedule.give_up_waiting();
        assert_eq!(schedule.next(now), Some((6, Why::Away)));
        assert_eq!(schedule.next(now), None, "a full spool is not asked sooner");
    }

    #[test]
    fn a_log_that_comes_and_goes_counts_as_away_until_it_has_stayed() {
        let began = Instant::now();
        let at = |parts: u32| began + CALM / 10 * parts;
        let mut absence = Absence::default();
        assert!(!absence.look(false, at(0)) && !absence.lasts());
        assert!(absence.look(true, at(1)) && absence.lasts(), "at once");
        assert!(absence.look(false, at(10)));
        assert!(absence.look(true, at(11)), "it was gone again");
        assert!(absence.look(false, at(20)) && absence.lasts());
        assert!(!absence.look(false, at(21)) && !absence.lasts());
        assert!(!absence.look(false, at(22)));
    }
}
