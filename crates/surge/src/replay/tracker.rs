//! What of the schedule is still unanswered, second by second: the ground on which a tick may be posted.
//! Pure; waiting is done elsewhere.

use std::collections::VecDeque;

/// Counts the deliveries under way per scheduled second of event time.
///
/// Deliveries are taken in the order of their schedule and settled in any order.
#[derive(Debug)]
pub struct Tracker {
    /// Deliveries under way that were scheduled in second `base + index`.
    under_way: VecDeque<u32>,
    base: i64,
    /// Scheduled second of the next delivery that nobody has taken.
    head: i64,
}

impl Tracker {
    /// Nothing taken yet; the first delivery is scheduled in second `head`.
    #[must_use]
    pub fn new(head: i64) -> Self {
        Self {
            under_way: VecDeque::new(),
            base: head,
            head,
        }
    }

    /// The next delivery that nobody has taken is scheduled in `second`. It never goes back.
    pub fn next_is(&mut self, second: i64) {
        self.head = self.head.max(second);
        self.forget_settled();
    }

    /// A delivery scheduled in `second` is taken.
    pub fn take(&mut self, second: i64) {
        let index = usize::try_from(second.saturating_sub(self.base)).unwrap_or(0);
        if self.under_way.len() <= index {
            self.under_way.resize(index + 1, 0);
        }
        self.under_way[index] = self.under_way[index].saturating_add(1);
    }

    /// A delivery scheduled in `second` was answered, or given up.
    pub fn settle(&mut self, second: i64) {
        let index = usize::try_from(second.saturating_sub(self.base)).unwrap_or(0);
        if let Some(count) = self.under_way.get_mut(index) {
            *count = count.saturating_sub(1);
        }
        if index == 0 {
            self.forget_settled();
        }
    }

    fn forget_settled(&mut self) {
        while self.base < self.head && self.under_way.front().is_none_or(|&count| count == 0) {
            if self.under_way.pop_front().is_none() {
                self.base = self.head;
            } else {
                self.base += 1;
            }
        }
    }

    /// Everything scheduled before this second has been answered or given up.
    #[must_use]
    pub fn low_water(&self) -> i64 {
        self.base.min(self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_low_water_waits_for_the_slowest() {
        let mut tracker = Tracker::new(100);
        tracker.take(100);
        tracker.take(100);
        tracker.next_is(103);
        tracker.take(103);
        assert_eq!(tracker.low_water(), 100);
        tracker.settle(100);
        tracker.settle(103);
        assert_eq!(tracker.low_water(), 100);
        tracker.settle(100);
        assert_eq!(tracker.low_water(), 103);
        tracker.next_is(200);
        assert_eq!(tracker.low_water(), 200);
    }

    #[test]
    fn what_nobody_has_taken_holds_it_too() {
        let mut tracker = Tracker::new(5);
        assert_eq!(tracker.low_water(), 5);
        tracker.next_is(9);
        assert_eq!(tracker.low_water(), 9);
        tracker.next_is(3);
        assert_eq!(tracker.low_water(), 9);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_list(steps in proptest::collection::vec((0_i64..4, any::<bool>(), any::<u16>()), 1..200)) {
            let mut tracker = Tracker::new(0);
            let (mut head, mut open) = (0_i64, Vec::new());
            for (gap, take, pick) in steps {
                if take {
                    head += gap;
                    tracker.next_is(head);
                    tracker.take(head);
                    open.push(head);
                } else if !open.is_empty() {
                    let second = open.swap_remove(usize::from(pick) % open.len());
                    tracker.settle(second);
                }
                let expected = open.iter().copied().min().unwrap_or(head).min(head);
                prop_assert_eq!(tracker.low_water(), expected);
            }
        }
    }
}
