//! Inputs that are durable and do not come. A reader's client may lose its way among brokers that die and come back, and
//! say nothing of it: a stage that waits for it waits for ever. Pure; the session begins again with a new reader.

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a reader may give nothing of a partition that has more: longer than a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What counts at most between two looks: while the session does other things nobody reads.
const LOOK: Duration = Duration::from_secs(1);

/// How the reader of a partition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) partition: u32,
    /// Offset of the next record.
    pub(crate) position: u64,
    /// Where the partition ends; `None` while the log does not say.
    pub(crate) end: Option<u64>,
}

/// Where readers have stood, and for how long nothing has come.
#[derive(Debug, Default)]
pub(crate) struct Starved {
    waited: BTreeMap<u32, (u64, Duration)>,
    looked: Option<Duration>,
}

impl Starved {
    /// Looks at all partitions that are read. Returns one that has given nothing for too long.
    pub(crate) fn look(
        &mut self,
        now: Duration,
        stands: impl Iterator<Item = Stand>,
    ) -> Option<u32> {
        let before = self.looked.replace(now).unwrap_or(now);
        let passed = now.saturating_sub(before).min(LOOK);
        let known = std::mem::take(&mut self.waited);
        let mut starved = None;
        for stand in stands {
            if stand.end.is_none_or(|end| stand.position >= end) {
                continue;
            }
            let waited = match known.get(&stand.partition) {
                Some((position, waited)) if *position == stand.position => *waited + passed,
                _ => Duration::ZERO,
            };
            if waited >= PATIENCE {
                starved = Some(stand.partition);
            }
            self.waited
                .insert(stand.partition, (stand.position, waited));
        }
        starved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks so often, a second apart each time, at partition 0.
    fn looks(starved: &mut Starved, from: u64, times: u64, stand: Stand) -> Option<u32> {
        let mut seen = None;
        for second in from..from + times {
            seen = starved.look(Duration::from_secs(second), [stand].into_iter());
        }
        seen
    }

    const WAITS: Stand = Stand {
        partition: 0,
        position: 5,
        end: Some(6),
    };

    #[test]
    fn half_a_minute_without_what_is_durable_is_too_long() {
        let mut starved = Starved::default();
        assert_eq!(looks(&mut starved, 100, 30, WAITS), None);
        assert_eq!(looks(&mut starved, 130, 1, WAITS), Some(0));
    }

    #[test]
    fn who_gets_something_or_has_it_all_or_does_not_know_has_not_waited() {
        let all = Stand {
            position: 6,
            ..WAITS
        };
        let more = Stand {
            position: 6,
            end: Some(9),
            ..WAITS
        };
        let unknown = Stand { end: None, ..WAITS };
        for other in [all, more, unknown] {
            let mut starved = Starved::default();
            assert_eq!(looks(&mut starved, 0, 30, WAITS), None);
            assert_eq!(looks(&mut starved, 30, 1, other), None);
            assert_eq!(looks(&mut starved, 31, 30, WAITS), None, "{other:?}");
        }
    }

    #[test]
    fn time_in_which_nobody_looked_hardly_counts() {
        let mut starved = Starved::default();
        for minute in 0..30 {
            let now = Duration::from_secs(60 * minute);
            assert_eq!(starved.look(now, [WAITS].into_iter()), None);
        }
    }
}
