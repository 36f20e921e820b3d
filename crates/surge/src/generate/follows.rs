//! Follows and unfollows inside the recording: who, and when. Their bodies are made elsewhere.

use super::timeline::{ROUND_S, Timeline};
use crate::fans::scaled;
use crate::mix::{Purpose, Stream};

/// Participants who are new that day, in the full event.
const NEW: u64 = 65_000;
/// Follows inside the window by fans who never write, in the full event.
const SILENT: u64 = 19_000;
/// Unfollows inside the window, in the full event.
const GONE: u64 = 900;
/// Seconds of a round's window: it closes so long after it opens.
const OPEN_S: u64 = 300;

/// A follow or unfollow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Follow {
    /// When, in microseconds of the window; a little before it for those who write at once.
    pub(super) event_us: i64,
    /// The fan. Participants come first, then those who follow and never write, then those who leave.
    pub(super) fan: u32,
    /// Whether the fan leaves.
    pub(super) leaves: bool,
}

/// Which participants are new that day: exactly the scaled number of them.
pub(super) fn new_fans(seed: u64, messages: u64, participants: usize) -> Vec<bool> {
    let stream = Stream::new(seed, Purpose::Follows);
    let mut ranked: Vec<(u64, usize)> = (0..participants)
        .map(|fan| (stream.draw(fan as u64), fan))
        .collect();
    ranked.sort_unstable();
    let mut new = vec![false; participants];
    for &(_, fan) in ranked.iter().take(scaled(NEW, messages) as usize) {
        new[fan] = true;
    }
    new
}

/// All follows and unfollows in order of time. `first_us` has each participant's first message in the window.
pub(super) fn all(seed: u64, timeline: &Timeline, new: &[bool], first_us: &[i64]) -> Vec<Follow> {
    let stream = Stream::new(seed, Purpose::Follows);
    let participants = new.len() as u64;
    // Each sort of fan draws from its own piece of the stream, behind the ranks of the participants.
    let before_first = |fan: u64| 3_000_000 + stream.below((1 << 40) + fan, 42_000_001) as i64;
    let mut follows: Vec<Follow> = Vec::new();
    for (fan, _) in new.iter().enumerate().filter(|(_, new)| **new) {
        let event_us = first_us[fan] - before_first(fan as u64);
        follows.push(Follow {
            event_us,
            fan: fan as u32,
            leaves: false,
        });
    }
    let span_us = u64::from(timeline.seconds) * 1_000_000;
    let silent = scaled(SILENT, timeline.window);
    for k in 0..silent {
        let event_us = busy_us(timeline, &stream, (2 << 40) + 2 * k);
        let fan = (participants + k) as u32;
        follows.push(Follow {
            event_us,
            fan,
            leaves: false,
        });
    }
    let closes = u64::from(timeline.seconds / ROUND_S).max(1);
    for k in 0..scaled(GONE, timeline.window) {
        let draw = (3 << 40) + 2 * k;
        let event_us = if k % 2 == 0 {
            // Within ten minutes after a close, as far as the window reaches.
            let close = stream.below(draw, closes) * u64::from(ROUND_S) + OPEN_S;
            let reach = (u64::from(ROUND_S) * 1_000_000).min(span_us - close * 1_000_000);
            close * 1_000_000 + stream.below(draw + 1, reach)
        } else {
            stream.below(draw, span_us)
        };
        let fan = (participants + silent + k) as u32;
        follows.push(Follow {
            event_us: event_us as i64,
            fan,
            leaves: true,
        });
    }
    follows.sort_unstable();
    follows
}

/// An instant of the window, the more likely the more messages its second has.
fn busy_us(timeline: &Timeline, stream: &Stream, draw: u64) -> i64 {
    let mut left = stream.below(draw, timeline.window.max(1));
    for (second, &count) in timeline.window_counts().iter().enumerate() {
        if left < u64::from(count) {
            return second as i64 * 1_000_000 + stream.below(draw + 1, 1_000_000) as i64;
        }
        left -= u64::from(count);
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn numbers_are_exact_and_every_new_fan_follows_before_writing() {
        let timeline = Timeline::new(Profile::Fanfest0409, 280_000);
        let new = new_fans(1, 280_000, 21_500);
        assert_eq!(new.iter().filter(|new| **new).count(), 6_500);
        let first_us: Vec<i64> = (0..21_500).map(|fan| fan * 1_000).collect();
        let follows = all(1, &timeline, &new, &first_us);
        assert_eq!(follows.len(), 6_500 + 1_900 + 90);
        assert!(follows.is_sorted());
        for follow in &follows {
            if let Some(first) = first_us.get(follow.fan as usize) {
                assert!((3_000_000..=45_000_000).contains(&(first - follow.event_us)));
            } else {
                assert!((0..7_200_000_000).contains(&follow.event_us));
            }
        }
        assert_eq!(follows.iter().filter(|follow| follow.leaves).count(), 90);
    }
}
