//! The timeline of the event: how many messages each second has, from ten minutes before the window to ten
//! minutes after it, and how its seconds map to the clock when time is moved and compressed.

use crate::curve;
use crate::fans::scaled;
use crate::profile::Profile;
use crate::recording::Part;

/// Seconds before and after the window that the recording covers.
pub(super) const EDGE_S: i64 = 600;
/// Messages before the window of the full event.
const EARLY: u64 = 60_000;
/// Messages after the window of the full event.
const TAIL: u64 = 40_000;
/// Seconds between the openings of two rounds.
pub(super) const ROUND_S: u32 = 600;

/// How an instant of the event stands on the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// First second of the window, in seconds since 1970.
    pub start: i64,
    /// By what time is divided, from 1.
    pub compress: u32,
}

impl Clock {
    /// Microseconds since 1970 of an instant given in microseconds from the start of the window.
    #[must_use]
    pub fn at_us(self, event_us: i64) -> i64 {
        let compressed = event_us.div_euclid(i64::from(self.compress.max(1)));
        self.start
            .saturating_mul(1_000_000)
            .saturating_add(compressed)
    }

    /// The second since 1970 of such an instant: its CreateTime.
    #[must_use]
    pub fn second(self, event_us: i64) -> i64 {
        self.at_us(event_us).div_euclid(1_000_000)
    }
}

/// Messages per second of the whole recording.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    /// Messages per second; the first is [`EDGE_S`] before the window.
    pub(super) counts: Vec<u32>,
    /// Messages before the window.
    pub(super) early: u64,
    /// Messages in the window, N.
    pub(super) window: u64,
    /// Seconds of the window.
    pub(super) seconds: u32,
}

impl Timeline {
    pub(super) fn new(profile: Profile, messages: u64) -> Self {
        let edge = EDGE_S as usize;
        let early = scaled(EARLY, messages);
        let mut counts = curve::early(early, edge);
        counts.extend(curve::counts(profile, messages));
        counts.extend(curve::tail(scaled(TAIL, messages), edge));
        Self {
            counts,
            early,
            window: messages,
            seconds: profile.seconds() as u32,
        }
    }

    /// Messages of the window per second.
    pub(super) fn window_counts(&self) -> &[u32] {
        let edge = EDGE_S as usize;
        &self.counts[edge..edge + self.seconds as usize]
    }

    /// All messages, edges included.
    pub(super) fn messages(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// What a second belongs to, counted from the start of the window.
    pub(super) fn part(&self, second: i64) -> Part {
        let inside = (0..i64::from(self.seconds)).contains(&second);
        if inside { Part::Event } else { Part::Edge }
    }

    /// The openings of the rounds, in seconds of the window.
    pub(super) fn openings(&self) -> Vec<u32> {
        (0..self.seconds).step_by(ROUND_S as usize).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_event_has_a_hundred_thousand_messages_at_its_edges() {
        let timeline = Timeline::new(Profile::Fanfest0409, 2_800_000);
        assert_eq!(timeline.messages(), 2_900_000);
        assert_eq!(timeline.early, 60_000);
        assert_eq!(timeline.counts.len(), 8_400);
        assert_eq!(timeline.window_counts()[2], 9_946);
        assert_eq!(timeline.openings().len(), 12);
        assert_eq!(timeline.part(-1), Part::Edge);
        assert_eq!(timeline.part(0), Part::Event);
        assert_eq!(timeline.part(7_200), Part::Edge);
    }

    #[test]
    fn time_moves_and_compresses_without_rounding_up() {
        let clock = Clock {
            start: 1_000,
            compress: 7,
        };
        assert_eq!(clock.second(0), 1_000);
        assert_eq!(clock.second(-1), 999);
        assert_eq!(clock.second(6_999_999), 1_000);
        assert_eq!(clock.second(7_000_000), 1_001);
        assert_eq!(
            Clock {
                start: 5,
                compress: 1
            }
            .at_us(-600_000_000),
            -595_000_000
        );
    }
}
