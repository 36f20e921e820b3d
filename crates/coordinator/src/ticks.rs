//! When a tick is due, and what the newest one was.

use crate::lead::LeadError;
use control::ControlState;
use msglog::{Log, LogError, Reader};
use record::inband::{TICK, Tick};
use record::topics::INBOUND;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// Seconds between ticks while no round is open or sealing.
const CALM_TICK_S: i64 = 60;
/// Records read back first when looking for the newest tick of a partition.
const LOOK_BACK: u64 = 256;
/// How long one poll of the search waits; bounds how late a stop is noticed.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Polls in a row without a record after which durable records count as away.
const EMPTY_MAX: u32 = 100;

/// Whether any campaign has a round that is open or sealing at `now` (seconds since 1970): it is from its opening until
/// its seal is decided, however long its campaign or an operator waits for a silent node.
#[must_use]
pub fn round_is_live(state: &ControlState, now: i64) -> bool {
    let mut campaigns = state.newest().map(|published| &published.compiled.campaign);
    campaigns.any(|campaign| {
        let begun = campaign.rounds.iter().filter(|round| round.open <= now);
        let mut lives = begun.map(|round| state.rounds().life(&campaign.id, Some(round.number)));
        lives.any(|life| !life.is_some_and(|life| life.is_void || life.decision.is_some()))
    })
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

/// The greatest tick in any inbound partition; `None` when there is none. Ends early when `stop` is set.
///
/// # Errors
/// Failures of reading; durable records that do not come; [`LeadError::Stopping`].
pub(crate) fn newest_tick(
    log: &dyn Log,
    partitions: u32,
    stop: &AtomicBool,
) -> Result<Option<i64>, LeadError> {
    let mut newest = None;
    for partition in 0..partitions {
        newest = newest.max(newest_in(log, partition, stop)?);
    }
    Ok(newest)
}

fn newest_in(log: &dyn Log, partition: u32, stop: &AtomicBool) -> Result<Option<i64>, LeadError> {
    let start = log.start_offset(INBOUND, partition)?;
    let end = log.end_offset(INBOUND, partition)?;
    let mut reach = LOOK_BACK;
    loop {
        let from = end.saturating_sub(reach).max(start);
        let mut reader = log.reader(INBOUND)?;
        reader.seek(partition, from)?;
        let found = greatest_tick(&mut *reader, partition, end, stop)?;
        if found.is_some() || from == start {
            return Ok(found);
        }
        reach = reach.saturating_mul(4);
    }
}

/// The greatest tick between the reader's position and `end`.
fn greatest_tick(
    reader: &mut dyn Reader,
    partition: u32,
    end: u64,
    stop: &AtomicBool,
) -> Result<Option<i64>, LeadError> {
    let (mut greatest, mut empty) = (None, 0);
    while reader
        .position(partition)
        .is_some_and(|position| position < end)
    {
        if stop.load(Ordering::Acquire) {
            return Err(LeadError::Stopping);
        }
        let records = reader.poll(4_096, 8 << 20, POLL_WAIT)?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        if empty > EMPTY_MAX {
            let detail =
                format!("durable records of {INBOUND}/{partition} before {end} do not come");
            return Err(LogError::Away { detail }.into());
        }
        for stored in records {
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

#[cfg(test)]
mod tests {
    use super::*;
    use control::state::Applied;
    use msglog::memory::MemoryLog;
    use msglog::{Stored, Tier, TopicConfig};
    use record::SCHEMA_VERSION;
    use record::acts::{Act, CampaignAct};
    use record::hexed::Hex;
    use record::rounds::{RoundAct, RoundVerb, SealDecided, SealReq};

    /// Never gives a record, as a log that says that there are some and cannot show them.
    struct Silent;

    impl Reader for Silent {
        fn poll(&mut self, _: usize, _: usize, _: Duration) -> Result<Vec<Stored>, LogError> {
            Ok(Vec::new())
        }
        fn seek(&mut self, _: u32, _: u64) -> Result<(), LogError> {
            Ok(())
        }
        fn remove(&mut self, _: u32) {}
        fn position(&self, _: u32) -> Option<u64> {
            Some(0)
        }
    }

    const CONTEST: &str = include_str!("tests/contest.toml");
    /// The window of its first round.
    const OPEN: i64 = 1_365_487_200;
    const CLOSE: i64 = OPEN + 300;

    /// The contest with a grace of ten minutes, in which a silent node is waited for without end.
    fn published() -> ControlState {
        let toml = CONTEST
            .replace("grace_s = 35", "grace_s = 600")
            .replace("\"seal_without\"", "\"wait\"");
        let mut state = ControlState::default();
        let applied = state.apply(
            0,
            &Act::Campaign(CampaignAct {
                v: SCHEMA_VERSION,
                id: "small".to_owned(),
                account: "mi".to_owned(),
                version: 1,
                expect_version: 0,
                sha256: record::identity::sha256(toml.as_bytes()),
                toml,
                effective: 0,
                actor: String::new(),
                reason: String::new(),
            }),
        );
        assert_eq!(applied, Applied::Valid);
        state
    }

    fn apply(state: &mut ControlState, act: &Act) {
        let offset = state.next_offset();
        assert_eq!(state.apply(offset, act), Applied::Valid);
    }

    #[test]
    fn a_round_is_live_from_its_opening_until_its_seal_is_decided() {
        let mut state = published();
        assert!(!round_is_live(&state, OPEN - 1));
        // Open, and then for the whole of its own grace.
        for at in [OPEN, CLOSE, CLOSE + 599, CLOSE + 600] {
            assert!(round_is_live(&state, at), "{at}");
        }
        let request = SealReq {
            v: SCHEMA_VERSION,
            campaign: "small".to_owned(),
            round: 1,
            members: vec![Hex([7; 8])],
            at: CLOSE + 600,
        };
        apply(&mut state, &Act::SealReq(request));
        // A node is silent, and the operator sleeps.
        assert!(round_is_live(&state, CLOSE + 86_400));
        // The other round counts no more.
        apply(
            &mut state,
            &Act::Round(RoundAct {
                v: SCHEMA_VERSION,
                campaign: "small".to_owned(),
                round: 2,
                verb: RoundVerb::Void,
                windows: Vec::new(),
                at: OPEN,
                effective: OPEN,
                actor: "ann".to_owned(),
                reason: "t".to_owned(),
            }),
        );
        let published = state.newest().next().unwrap().clone();
        apply(
            &mut state,
            &Act::SealDecided(SealDecided {
                v: SCHEMA_VERSION,
                campaign: "small".to_owned(),
                round: 1,
                req: 1,
                version: 1,
                sha256: published.sha256,
                open: OPEN,
                close: CLOSE,
                members: Vec::new(),
                missing: vec![Hex([7; 8])],
                at: CLOSE + 700,
            }),
        );
        assert!(!round_is_live(&state, CLOSE + 700), "decided, or void");
    }

    #[test]
    fn the_search_for_the_newest_tick_ends_whatever_the_log_does() {
        let found = greatest_tick(&mut Silent, 0, 1, &AtomicBool::new(false));
        let Err(LeadError::Log(error)) = found else {
            panic!("{found:?}")
        };
        assert!(error.retryable(), "{error}");
        let found = greatest_tick(&mut Silent, 0, 1, &AtomicBool::new(true));
        assert!(matches!(found, Err(LeadError::Stopping)), "{found:?}");
    }

    #[test]
    fn the_newest_tick_is_found_before_records_that_were_lost() {
        let log = MemoryLog::new(vec![TopicConfig {
            name: INBOUND.to_owned(),
            partitions: 2,
            retention: None,
            tier: Tier::Ingress,
        }]);
        let stop = AtomicBool::new(false);
        let newest = || newest_tick(&*log, 2, &stop).unwrap();
        assert_eq!(newest(), None);
        for t in [10, 20, 30] {
            let tick = serde_json::to_vec(&Tick::new(t)).unwrap();
            log.push(INBOUND, 1, "", tick).unwrap();
        }
        assert_eq!(newest(), Some(30));
        log.lose_from(INBOUND, 1, 2).unwrap();
        assert_eq!(newest(), Some(20));
        log.lose_from(INBOUND, 1, 0).unwrap();
        assert_eq!(newest(), None);
    }

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
