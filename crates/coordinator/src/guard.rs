//! The guard against a wall clock gone wrong: it is held against what nodes hear from the fans.

use msglog::{Log, LogError, Reader};
use record::acts::Act;
use record::topics::PROGRESS;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far the wall clock may be from the fans' median CreateTime, in seconds.
const GUARD_S: i64 = 3_600;
/// How long a word of PROGRESS counts for the guard, by the monotonic clock.
const GUARD_WINDOW: Duration = Duration::from_secs(60);

/// Compares the wall clock with what nodes hear from the fans.
pub(crate) struct Guard {
    reader: Box<dyn Reader>,
    heard: VecDeque<(Instant, i64)>,
}

impl Guard {
    /// A guard that listens from now on.
    ///
    /// # Errors
    /// The log has no progress topic.
    pub(crate) fn new(log: &dyn Log) -> Result<Self, LogError> {
        let mut reader = log.reader(PROGRESS)?;
        reader.seek(0, log.end_offset(PROGRESS, 0)?)?;
        Ok(Self {
            reader,
            heard: VecDeque::new(),
        })
    }

    /// Takes in what was said since the last call.
    ///
    /// # Errors
    /// Failures of reading.
    pub(crate) fn listen(&mut self, at: Instant) -> Result<(), LogError> {
        for stored in self.reader.poll(1_024, 1 << 20, Duration::ZERO)? {
            if let Ok(Act::Progress(progress)) = serde_json::from_slice(&stored.value) {
                self.heard
                    .extend(progress.median_create_time.map(|median| (at, median)));
            }
        }
        while self
            .heard
            .front()
            .is_some_and(|(when, _)| at.duration_since(*when) > GUARD_WINDOW)
        {
            self.heard.pop_front();
        }
        Ok(())
    }

    /// Seconds between `now` and the median of what was heard in the last minute, when that is more than an hour;
    /// `None` when all is well or nothing was heard.
    #[must_use]
    pub(crate) fn objection(&self, now: i64) -> Option<i64> {
        let mut medians: Vec<i64> = self.heard.iter().map(|(_, median)| *median).collect();
        medians.sort_unstable();
        let median = *medians.get(medians.len() / 2)?;
        let off = now.saturating_sub(median);
        (off.abs() > GUARD_S).then_some(off)
    }
}
