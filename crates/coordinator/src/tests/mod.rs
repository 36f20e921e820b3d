//! Two that lead for a moment, and crashes between any two appends: what the folds see in each partition is
//! always what one undisturbed coordinator would have written.

mod absent;
mod at_once;
mod beacons;
mod came;
mod claims;
mod correct;
mod corrections;
mod counted;
mod crash;
mod dear;
mod deeds;
mod evening;
mod gate;
mod interleaved;
mod kinds;
mod operators;
mod races;
mod recounted;
mod seals;
mod skipped;
mod stock;
mod two;
mod world;

use crate::coordinator::{Clock, Config};
use crate::lead::{Around, Lead, LeadError, Seat};
use crate::metrics::Metrics;
use crate::publish::{PublishError, PublishRequest};
use crate::secrets::Key;
use crate::status::Board;
use crate::ticks::TickError;
use control::{ControlState, follow};
use counted::Counted;
use gate::{Gate, Gated};
use msglog::memory::MemoryLog;
use msglog::{Log, Tier, TopicConfig};
use record::acts::Act;
use record::hexed::Hex;
use record::inband::{COPY, Copy, RETRY, TICK, Tick};
use record::topics::{ACCEPTED, CONTROL, INBOUND, PROGRESS, RESULTS};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) const PARTITIONS: u32 = 2;
const ID: &str = "small";
const CAMPAIGN: &str = include_str!("small.toml");
/// Two rounds at L1, a winner after each, and a final draw.
pub(crate) const CONTEST: &str = include_str!("contest.toml");

pub(crate) fn log() -> Arc<MemoryLog> {
    let topic = |name: &str, partitions| TopicConfig {
        name: name.to_owned(),
        partitions,
        retention: None,
        tier: Tier::Control,
    };
    MemoryLog::new(vec![
        topic(INBOUND, PARTITIONS),
        topic(ACCEPTED, PARTITIONS),
        topic(CONTROL, 1),
        topic(PROGRESS, 1),
        topic(RESULTS, PARTITIONS),
    ])
}

/// What an owner does with its lead.
pub(crate) type Deed = fn(&mut Lead, &Around) -> Result<(), LeadError>;

/// What an owner does.
pub(crate) struct Plan {
    /// Published unless it stands.
    pub(crate) toml: &'static str,
    pub(crate) ticks: &'static [i64],
    /// Whether it goes on until the winners of two rounds and of the final draw have their units.
    pub(crate) to_the_result: bool,
    /// Whether it brings secrets for units before the first round, and is shown those of the winners in the end.
    pub(crate) stocks: bool,
    /// Whether it then corrects the first round, and the final draw with it.
    pub(crate) corrects: bool,
    /// What it does in the end.
    pub(crate) then: Option<Deed>,
}

/// Publishes the campaign without draws, and ticks.
pub(crate) const fn ticking(ticks: &'static [i64]) -> Plan {
    Plan {
        toml: CAMPAIGN,
        ticks,
        to_the_result: false,
        corrects: false,
        stocks: false,
        then: None,
    }
}

/// Owns as far as it knows.
struct Believes;

impl Seat for Believes {
    fn is_owner(&self) -> bool {
        true
    }
}

/// A coordinator that does its work on a thread of its own and stops before each append until it is let.
pub(crate) struct Owner {
    pub(crate) gate: Arc<Gate>,
    log: Arc<MemoryLog>,
    around: Arc<Around>,
    threads: Vec<JoinHandle<()>>,
}

impl Owner {
    /// Takes over and does as planned.
    pub(crate) fn start(log: &Arc<MemoryLog>, number: u8, plan: &'static Plan) -> Self {
        Self::doing(log, number, move |around| script(around, plan).map(drop))
    }

    /// Does this work.
    pub(crate) fn doing(
        log: &Arc<MemoryLog>,
        number: u8,
        work: impl FnOnce(&Around) -> Result<(), LeadError> + Send + 'static,
    ) -> Self {
        Self::under(log, number, (Clock::Rehearsal, || 0), work)
    }

    /// Does it under this clock.
    pub(crate) fn under(
        log: &Arc<MemoryLog>,
        number: u8,
        (clock, now): (Clock, fn() -> i64),
        work: impl FnOnce(&Around) -> Result<(), LeadError> + Send + 'static,
    ) -> Self {
        let gate = Arc::new(Gate::default());
        let gated: Arc<dyn Log> = Gated::new(log, &gate);
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = follow(&gated, &stop).unwrap();
        let config = Config {
            partitions: PARTITIONS,
            clock,
            now,
            node: Hex([number; 8]),
            boot: Hex([number; 8]),
            key: Key([9; 32]),
        };
        let around = Arc::new(Around {
            config,
            control,
            log: gated,
            board: Board::new(Metrics::new(&telemetry::Registry::new()).unwrap()),
            recount: Arc::new(Counted::with(correct::first_was_wrong)),
            stop,
        });
        let (shared, closing) = (Arc::clone(&around), Arc::clone(&gate));
        let work = std::thread::spawn(move || {
            let _crashed = work(&shared);
            closing.finish();
        });
        Self {
            gate,
            log: Arc::clone(log),
            around,
            threads: vec![follower, work],
        }
    }

    /// Whether this one has read all of control, so that what it does next is a function of the log.
    pub(crate) fn settle(&self) {
        let end = self.log.end_offset(CONTROL, 0).unwrap();
        let read = |state: &ControlState| state.next_offset() >= end;
        assert!(
            self.around
                .control
                .wait_until(Duration::from_secs(20), read)
        );
    }

    /// Lets it go on to the end.
    pub(crate) fn run_out(&self) {
        while self.gate.arrive() {
            self.gate.let_one();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.around.stop.store(true, Ordering::Release);
        self.gate.open();
        // The follower waits for a record; any will wake it.
        self.log.push(CONTROL, 0, "", "wake").unwrap();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// Does as planned; the lead as it is then.
pub(crate) fn script(around: &Around, plan: &Plan) -> Result<Lead, LeadError> {
    let mut lead = Lead::take_over(around, &Believes)?;
    if around.control.state().version_of(ID) == 0 {
        let request = PublishRequest {
            toml: plan.toml.to_owned(),
            expect_version: 0,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        match lead.publish(around, &Believes, &request) {
            // Another's publication may come first: then this one is void for everyone.
            Ok(_) | Err(PublishError::Conflict(_)) => {}
            Err(_) => return Err(LeadError::Stopping),
        }
    }
    if plan.stocks {
        stock::brings(&mut lead, around)?;
    }
    for t in plan.ticks {
        match lead.rehearse(around, &Believes, *t) {
            Ok(()) | Err(TickError::Backwards { .. }) => {}
            Err(_) => return Err(LeadError::Stopping),
        }
    }
    lead.go_on(around, &Believes)?;
    let made = |state: &ControlState| {
        state
            .awards()
            .of(ID)
            .is_some_and(|ledger| ledger.slots().count() >= 3)
    };
    while plan.to_the_result && !made(&around.control.state()) {
        around.control.wait_until(Duration::from_millis(1), made);
        lead.go_on(around, &Believes)?;
    }
    if plan.stocks {
        stock::tells_the_winners(&mut lead, around)?;
    }
    if plan.corrects {
        correct::first_round(&mut lead, around)?;
        lead.go_on(around, &Believes)?;
    }
    if let Some(then) = plan.then {
        then(&mut lead, around)?;
    }
    Ok(lead)
}

/// What a fold applies of a partition: copies by the rule of the one before, ticks that are newer.
pub(crate) fn applied(log: &MemoryLog, partition: u32) -> (Vec<u64>, Vec<i64>) {
    let (mut copies, mut ticks) = (Vec::new(), Vec::new());
    for stored in log.read_all(INBOUND, partition).unwrap() {
        match record::type_of(&stored.value).as_deref() {
            Some(COPY) => {
                let copy: Copy = serde_json::from_slice(&stored.value).unwrap();
                if copies.is_empty() || copy.prev_ctl == copies.last().copied() {
                    copies.push(copy.ctl);
                }
            }
            Some(TICK) => {
                let tick: Tick = serde_json::from_slice(&stored.value).unwrap();
                if ticks.last().is_none_or(|last| tick.t > *last) {
                    ticks.push(tick.t);
                }
            }
            // A dead letter that was put back is no copy.
            Some(RETRY) => {}
            other => panic!("{other:?} in inbound"),
        }
    }
    (copies, ticks)
}

/// Holds the log against one undisturbed coordinator: one version, copied once, everywhere, in order.
pub(crate) fn check(log: &MemoryLog, expected: &[i64], case: &dyn std::fmt::Debug) {
    let mut state = ControlState::default();
    let mut valid = Vec::new();
    for stored in log.read_all(CONTROL, 0).unwrap() {
        let Ok(act) = serde_json::from_slice::<Act>(&stored.value) else {
            continue;
        };
        let applied = state.apply(stored.offset, &act);
        if applied == control::Applied::Valid && act.is_copied() {
            valid.push(stored.offset);
        }
    }
    assert_eq!(state.version_of(ID), 1, "{case:?}");
    assert!(state.pending_copies().is_empty(), "{case:?}");
    for partition in 0..PARTITIONS {
        let (copies, ticks) = applied(log, partition);
        assert_eq!(copies, valid, "{case:?}, partition {partition}");
        assert_eq!(ticks, expected, "{case:?}, partition {partition}");
    }
}
