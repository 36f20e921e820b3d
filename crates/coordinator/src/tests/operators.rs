//! What operators do to rounds: shift, open, extend, void, seal; what holds, what is refused, and what
//! a seal does in the same second.

use super::counted::Counted;
use super::world::{NODE, World};
use super::{Believes, CONTEST, PARTITIONS, log};
use crate::coordinator::{Clock, Config};
use crate::lead::{Around, Lead};
use crate::metrics::Metrics;
use crate::operate::{OperateRequest, Operation};
use crate::prizes::AwardRequest;
use crate::publish::PublishRequest;
use crate::rounds::{RoundError, RoundReceipt, RoundRequest};
use crate::seals;
use crate::secrets::Key;
use crate::status::Board;
use control::{ControlState, follow};
use msglog::Log;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::hexed::Hex;
use record::inband::{COPY, Copy};
use record::operate::Ladder;
use record::rounds::{RoundVerb, UnitState, Window};
use record::topics::{CONTROL, INBOUND};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const OPEN: i64 = 1_365_487_200;
pub(crate) const CLOSE: i64 = OPEN + 300;

/// A lead of its own, driven call by call.
pub(crate) struct Desk {
    log: Arc<MemoryLog>,
    pub(crate) around: Around,
    pub(crate) lead: Lead,
    /// What the messages give.
    pub(crate) counted: Arc<Counted>,
    follower: Option<JoinHandle<()>>,
}

impl Desk {
    pub(crate) fn new(log: &Arc<MemoryLog>, toml: &str) -> Self {
        let mut desk = Self::over(log);
        let request = PublishRequest {
            toml: toml.to_owned(),
            expect_version: 0,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        desk.lead
            .publish(&desk.around, &Believes, &request)
            .unwrap();
        desk
    }

    /// Takes over what stands in the log.
    pub(crate) fn over(log: &Arc<MemoryLog>) -> Self {
        let shared: Arc<dyn Log> = log.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = follow(&shared, &stop).unwrap();
        let counted = Arc::new(Counted::with(|_, field| field.clone()));
        let around = Around {
            config: Config {
                partitions: PARTITIONS,
                clock: Clock::Rehearsal,
                now: || 0,
                node: Hex([1; 8]),
                boot: Hex([1; 8]),
                key: Key([9; 32]),
            },
            control,
            log: shared,
            board: Board::new(Metrics::new(&telemetry::Registry::new()).unwrap()),
            recount: counted.clone(),
            stop,
        };
        let lead = Lead::take_over(&around, &Believes).unwrap();
        Self {
            log: Arc::clone(log),
            around,
            lead,
            counted,
            follower: Some(follower),
        }
    }

    pub(crate) fn tick(&mut self, t: i64) {
        self.lead.rehearse(&self.around, &Believes, t).unwrap();
    }

    pub(crate) fn act(
        &mut self,
        round: u16,
        verb: RoundVerb,
        seconds: Option<i64>,
    ) -> Result<RoundReceipt, RoundError> {
        let request = RoundRequest {
            campaign: "small".to_owned(),
            round,
            verb,
            seconds,
            close: None,
            actor: "ann".to_owned(),
            reason: "test".to_owned(),
        };
        self.lead.round(&self.around, &Believes, &request)
    }

    /// Goes on until control says so.
    pub(crate) fn until(&mut self, done: impl Fn(&ControlState) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(&self.around.control.state()) {
            assert!(Instant::now() < deadline, "it did not come");
            self.around
                .control
                .wait_until(Duration::from_millis(1), &done);
            self.lead.go_on(&self.around, &Believes).unwrap();
        }
    }

    /// The winner of the first slot after a round does not want his unit.
    pub(crate) fn declines(&mut self, round: u16) {
        let request = AwardRequest {
            campaign: "small".to_owned(),
            round: Some(round),
            prize: "phone".to_owned(),
            slot: 1,
            code: None,
            state: UnitState::Declined,
            actor: "ann".to_owned(),
            reason: "he said so".to_owned(),
        };
        self.lead.award(&self.around, &Believes, &request).unwrap();
    }

    /// Windows of the copies in a partition.
    fn copied(&self) -> Vec<Vec<Window>> {
        let records = self.log.read_all(INBOUND, 1).unwrap();
        let acts = records
            .iter()
            .filter(|stored| record::type_of(&stored.value).as_deref() == Some(COPY))
            .map(|stored| serde_json::from_slice::<Copy>(&stored.value).unwrap().act);
        acts.filter_map(|act| match act {
            Act::Round(act) => Some(act.windows),
            _ => None,
        })
        .collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.around.stop.store(true, Ordering::Release);
        self.log.push(CONTROL, 0, "", "wake").unwrap();
        self.follower.take().unwrap().join().unwrap();
    }
}

fn window(round: u16, open: i64, close: i64) -> Window {
    Window { round, open, close }
}

#[test]
fn a_shift_moves_what_is_not_open_and_stands_in_every_partition() {
    let log = log();
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(OPEN + 1);
    let receipt = desk.act(1, RoundVerb::Shift, Some(60)).unwrap();
    let moved = vec![window(2, OPEN + 660, CLOSE + 660)];
    assert_eq!((&receipt.windows, receipt.effective), (&moved, OPEN + 6));
    assert_eq!(desk.copied(), [moved]);
    for bad in [Some(-700), None] {
        assert!(desk.act(1, RoundVerb::Shift, bad).is_err(), "{bad:?}");
    }
    assert!(matches!(
        desk.act(3, RoundVerb::Void, None),
        Err(RoundError::Conflict(_))
    ));
    assert!(matches!(
        desk.act(2, RoundVerb::Void, Some(1)),
        Err(RoundError::Invalid(_))
    ));
}

#[test]
fn open_opens_now_and_extend_is_for_open_rounds_only() {
    let log = log();
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(OPEN - 100);
    assert!(
        desk.act(1, RoundVerb::Extend, Some(60)).is_err(),
        "not open yet"
    );
    let receipt = desk.act(1, RoundVerb::Open, None).unwrap();
    assert_eq!(receipt.windows, [window(1, OPEN - 95, OPEN + 205)]);
    assert!(
        desk.act(1, RoundVerb::Open, None).is_ok(),
        "it opens in five seconds only"
    );
    desk.tick(OPEN);
    assert!(desk.act(1, RoundVerb::Open, None).is_err(), "it is open");
    let close = desk.act(1, RoundVerb::Extend, Some(60)).unwrap().windows[0].close;
    assert_eq!(close, OPEN + 265);
    desk.tick(close - 14);
    assert!(
        desk.act(1, RoundVerb::Extend, Some(60)).is_err(),
        "too near to the close"
    );
    assert!(desk.act(1, RoundVerb::Extend, Some(-1)).is_err());
}

#[test]
fn an_extension_in_the_second_of_the_seal_is_refused_and_the_seal_stands() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE - 15);
    let close = desk.act(1, RoundVerb::Extend, Some(10)).unwrap().windows[0].close;
    desk.tick(CLOSE + 35);
    let is_asked = |state: &ControlState| {
        let life = state.rounds().life("small", Some(1));
        life.is_some_and(|life| life.request.is_some())
    };
    assert!(
        !is_asked(&desk.around.control.state()),
        "the round closes later now"
    );
    desk.tick(close + 35);
    assert!(is_asked(&desk.around.control.state()));
    assert!(matches!(
        desk.act(1, RoundVerb::Extend, Some(60)),
        Err(RoundError::Conflict(_))
    ));
    assert!(desk.act(2, RoundVerb::Shift, Some(60)).is_ok());
    desk.until(|state| state.rounds().result("small", Some(1)).is_some());
    let state = desk.around.control.state();
    let (_, decided) = state
        .rounds()
        .life("small", Some(1))
        .unwrap()
        .decision
        .clone()
        .unwrap();
    assert_eq!(
        (decided.open, decided.close, decided.members),
        (OPEN, close, vec![NODE])
    );
    drop(state);
    assert!(matches!(
        desk.act(1, RoundVerb::Void, None),
        Err(RoundError::Conflict(_))
    ));
    drop(world);
}

#[test]
fn a_silent_node_is_waited_for_until_the_operator_goes_on_without_it() {
    let log = log();
    let world = World::start(&log, false);
    let toml = CONTEST.replace("seal_without", "wait");
    let mut desk = Desk::new(&log, &toml);
    assert!(
        desk.act(1, RoundVerb::Seal, None).is_err(),
        "nothing is being sealed"
    );
    desk.tick(CLOSE + 35);
    let sealing = desk.around.board.lock().sealing.clone();
    assert_eq!(sealing.len(), 1);
    assert_eq!((sealing[0].round, &sealing[0].waits_for), (1, &vec![NODE]));
    let due = {
        let state = desk.around.control.state();
        let much_later = Instant::now() + Duration::from_secs(3_600);
        seals::due(&state, CLOSE + 35, &mut desk.lead.ear, much_later)
    };
    assert_eq!(due, None, "max_wait is over, and it waits");
    let decision = |state: &ControlState| {
        let life = state.rounds().life("small", Some(1)).unwrap();
        life.decision
            .as_ref()
            .map(|(_, decided)| decided.missing.clone())
    };
    assert_eq!(
        decision(&desk.around.control.state()),
        None,
        "max_wait is over, and it waits"
    );
    desk.act(1, RoundVerb::Seal, None).unwrap();
    desk.until(|state| decision(state) == Some(vec![NODE]));
    drop(world);
}

#[test]
fn a_void_round_is_passed_over_and_keeps_nothing_waiting() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(OPEN);
    desk.act(1, RoundVerb::Void, None).unwrap();
    assert!(desk.act(1, RoundVerb::Void, None).is_err());
    desk.tick(CLOSE + 600 + 35);
    desk.until(|state| state.rounds().result("small", None).is_some());
    let state = desk.around.control.state();
    assert!(state.rounds().result("small", Some(1)).is_none());
    let (_, second) = state.rounds().result("small", Some(2)).unwrap();
    let awards = contest::recorded_awards(second.record.as_bytes()).unwrap();
    assert_eq!(
        awards[0].given.winners[0].code.0[0], 0,
        "nobody has won before"
    );
    drop((state, world));
}

#[test]
fn an_act_that_holds_is_not_refused_for_what_else_is_void() {
    let log = log();
    let mut desk = Desk::new(&log, CONTEST);
    let request = || OperateRequest {
        operation: Operation::Step(Ladder::Short),
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    log.hold(CONTROL).unwrap();
    let (other, void) = (Arc::clone(&log), desk.around.control.state().void_records());
    // A record that is void comes just before it.
    let between = std::thread::spawn(move || {
        let deadline = Instant::now() + Duration::from_secs(20);
        while other.held(CONTROL).unwrap() == 0 {
            assert!(Instant::now() < deadline, "the act did not come");
            std::thread::park_timeout(Duration::from_millis(1));
        }
        other.push(CONTROL, 0, "", "void").unwrap();
        other.release(CONTROL).unwrap();
    });
    let done = desk.lead.operate(&desk.around, &Believes, request());
    between.join().unwrap();
    assert!(
        matches!(&done, Ok(done) if matches!(done.act, Act::Ladder(_))),
        "{done:?}"
    );
    assert_eq!(desk.around.control.state().ladder(), Ladder::Short);
    assert_eq!(desk.around.control.state().void_records(), void + 1);
    assert!(matches!(
        desk.lead.operate(&desk.around, &Believes, request()),
        Err(RoundError::Conflict(_))
    ));
}
