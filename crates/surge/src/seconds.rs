//! The seconds of the wall while a replay runs, one by one: how many acks each had, and its slowest. A stall of the
//! machine shows here as what it is, one second among many, and at which moment.

use crate::report::Second;

/// Seconds that are told apart: a day.
const MAX_SECONDS: usize = 86_400;
/// The slowest seconds that a report names.
const SLOWEST: usize = 3;

#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    acked: u32,
    slowest_us: u64,
    behind_us: u64,
}

/// What is counted of each second since the replay began.
#[derive(Debug, Default)]
pub(crate) struct Seconds(Vec<Counted>);

impl Seconds {
    /// A delivery was begun, this much behind its schedule.
    pub(crate) fn begun(&mut self, at_us: u64, behind_us: u64) {
        if let Some(second) = self.of(at_us) {
            second.behind_us = second.behind_us.max(behind_us);
        }
    }

    /// One was acked after so long.
    pub(crate) fn acked(&mut self, at_us: u64, latency_us: u64) {
        if let Some(second) = self.of(at_us) {
            second.acked = second.acked.saturating_add(1);
            second.slowest_us = second.slowest_us.max(latency_us);
        }
    }

    /// Most acks in one second.
    pub(crate) fn peak(&self) -> u64 {
        let most = self.0.iter().map(|second| second.acked).max();
        most.unwrap_or(0).into()
    }

    /// The seconds with the slowest acks, the slowest first.
    pub(crate) fn slowest(&self) -> Vec<Second> {
        let mut all: Vec<(usize, &Counted)> = self.0.iter().enumerate().collect();
        all.retain(|(_, second)| second.acked > 0);
        all.sort_by_key(|(at, second)| (std::cmp::Reverse(second.slowest_us), *at));
        let named = all.into_iter().take(SLOWEST);
        named
            .map(|(at, second)| Second {
                at_s: at as u64,
                acked: second.acked.into(),
                max_ms: second.slowest_us as f64 / 1_000.0,
                behind_ms: second.behind_us as f64 / 1_000.0,
            })
            .collect()
    }

    fn of(&mut self, at_us: u64) -> Option<&mut Counted> {
        let second = usize::try_from(at_us / 1_000_000).ok()?;
        if second >= MAX_SECONDS {
            return None;
        }
        if self.0.len() <= second {
            self.0.resize(second + 1, Counted::default());
        }
        self.0.get_mut(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_seconds_are_named_with_what_the_client_was_behind() {
        let mut seconds = Seconds::default();
        seconds.begun(1_999_999, 40_000);
        seconds.acked(2_000_000, 90_000);
        seconds.acked(1_500_000, 250_000);
        seconds.acked(1_600_000, 5_000);
        seconds.acked(4_000_000, 7_000);
        seconds.acked(5_000_000, 1_000);
        seconds.acked(u64::MAX, 900_000);
        assert_eq!(seconds.peak(), 2);
        let slowest = seconds.slowest();
        let at: Vec<u64> = slowest.iter().map(|second| second.at_s).collect();
        assert_eq!(at, [1, 2, 4]);
        assert_eq!((slowest[0].acked, slowest[0].max_ms), (2, 250.0));
        assert_eq!((slowest[0].behind_ms, slowest[1].behind_ms), (40.0, 0.0));
    }
}
