//! When a tick is due, what the newest one was, and the guard against a wall clock gone wrong.

use crate::lead::LeadError;
use control::ControlState;
use msglog::{Log, LogError};
use record::acts::Act;
use record::inband::{TICK, Tick};
use record::topics::{INBOUND, PROGRESS};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Why a tick was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// Time goes forward only.
    #[error("tick {asked} is smaller than the newest, {newest}")]
    Backwards {
        /// Asked for.
        asked: i64,
        /// Newest.
        newest: i64,
    },
    /// The node keeps time by its wall clock.
    #[error(
        "this node runs on the wall clock; start it with `--clock rehearsal` to drive its time"
    )]
    NotRehearsal,
    /// Another process coordinates.
    #[error("this process does not coordinate; ask the one that does")]
    NotOwner,
    /// The log did not take it.
    #[error("the tick is not durable in every partition: {0}")]
    Log(#[from] LogError),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping")]
    Stopping,
}

impl From<LeadError> for TickError {
    fn from(error: LeadError) -> Self {
        match error {
            LeadError::NotOwner => Self::NotOwner,
            LeadError::Stopping => Self::Stopping,
            LeadError::Log(error) => Self::Log(error),
        }
    }
}

/// How long after its close a round counts as sealing: the grace, the longest wait for a silent node, in seconds.
pub const SEALING_S: i64 = 155;
/// Seconds between ticks while no round is open or sealing.
const CALM_TICK_S: i64 = 60;
/// How far the wall clock may be from the fans' median CreateTime, in seconds.
const GUARD_S: i64 = 3_600;
/// How long a word of PROGRESS counts for the guard, by the monotonic clock.
const GUARD_WINDOW: Duration = Duration::from_secs(60);
/// Records read back first when looking for the newest tick of a partition.
const LOOK_BACK: u64 = 256;

/// Whether any campaign has a round that is open or sealing at `now` (seconds since 1970).
#[must_use]
pub fn round_is_live(state: &ControlState, now: i64) -> bool {
    state
        .newest()
        .flat_map(|published| &published.compiled.campaign.rounds)
        .any(|round| round.open <= now && now < round.close.saturating_add(SEALING_S))
}

/// Whether the wall clock owes a tick at `now`, when the newest stands at `last`.
#[must_use]
pub fn due(last: Option<i64>, now: i64, live: bool) -> bool {
    match last {
        None => true,
        Some(last) if live => now > last,
        Some(last) => now.div_euclid(CALM_TICK_S) > last.div_euclid(CALM_TICK_S),
    }
}

/// The greatest tick in any inbound partition; `None` when there is none.
///
/// # Errors
/// Failures of reading.
pub fn newest_tick(log: &dyn Log, partitions: u32) -> Result<Option<i64>, LogError> {
    let mut newest = None;
    for partition in 0..partitions {
        newest = newest.max(newest_in(log, partition)?);
    }
    Ok(newest)
}

fn newest_in(log: &dyn Log, partition: u32) -> Result<Option<i64>, LogError> {
    let start = log.start_offset(INBOUND, partition)?;
    let end = log.end_offset(INBOUND, partition)?;
    let mut reach = LOOK_BACK;
    loop {
        let from = end.saturating_sub(reach).max(start);
        let found = greatest_tick(log, partition, from, end)?;
        if found.is_some() || from == start {
            return Ok(found);
        }
        reach = reach.saturating_mul(4);
    }
}

fn greatest_tick(
    log: &dyn Log,
    partition: u32,
    from: u64,
    end: u64,
) -> Result<Option<i64>, LogError> {
    let mut reader = log.reader(INBOUND)?;
    reader.seek(partition, from)?;
    let mut greatest = None;
    while reader
        .position(partition)
        .is_some_and(|position| position < end)
    {
        for stored in reader.poll(4_096, 8 << 20, Duration::ZERO)? {
            if record::type_of(&stored.value).as_deref() == Some(TICK) {
                let tick = serde_json::from_slice::<Tick>(&stored.value)
                    .ok()
                    .map(|tick| tick.t);
                greatest = greatest.max(tick);
            }
        }
    }
    Ok(greatest)
}

/// Compares the wall clock with what nodes hear from the fans.
pub struct Guard {
    reader: Box<dyn msglog::Reader>,
    heard: VecDeque<(Instant, i64)>,
}

impl Guard {
    /// A guard that listens from now on.
    ///
    /// # Errors
    /// The log has no progress topic.
    pub fn new(log: &dyn Log) -> Result<Self, LogError> {
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
    pub fn listen(&mut self, at: Instant) -> Result<(), LogError> {
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
    pub fn objection(&self, now: i64) -> Option<i64> {
        let mut medians: Vec<i64> = self.heard.iter().map(|(_, median)| *median).collect();
        medians.sort_unstable();
        let median = *medians.get(medians.len() / 2)?;
        let off = now.saturating_sub(median);
        (off.abs() > GUARD_S).then_some(off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_every_second_in_a_round_and_every_minute_otherwise() {
        assert!(due(None, 0, false));
        assert!(due(Some(100), 101, true));
        assert!(!due(Some(100), 100, true));
        assert!(!due(Some(100), 90, true), "the wall went back: no tick");
        assert!(!due(Some(120), 179, false));
        assert!(due(Some(120), 180, false));
    }
}
