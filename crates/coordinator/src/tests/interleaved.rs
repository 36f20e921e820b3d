//! Two that lead at once while a round is sealed, and while it is extended: every schedule of their appends with a bounded
//! number of turns from one to the other. Whoever comes first, there is one request, one decision by the window in force
//! there, one result, and the same copies everywhere.

use super::came::applied_alike;
use super::deeds::ticks;
use super::seals::fold;
use super::world::World;
use super::{Believes, CONTEST, Deed, ID, Owner, Plan, log};
use crate::lead::{Around, Lead, LeadError};
use crate::rounds::{RoundError, RoundRequest};
use control::ControlState;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::rounds::RoundVerb;
use std::sync::Arc;
use std::time::Duration;

const OPEN: i64 = 1_365_487_200;
const CLOSE: i64 = OPEN + 300;
/// Turns from one to the other in a schedule.
const TURNS: usize = 3;

const fn plan(ticks: &'static [i64], then: Deed) -> Plan {
    Plan {
        toml: CONTEST,
        ticks,
        to_the_result: false,
        corrects: false,
        stocks: false,
        then: Some(then),
    }
}

/// Publishes, and stops in the round's last minute.
static BEFORE: Plan = plan(&[OPEN, CLOSE - 15], |_, _| Ok(()));
/// Seals the round and gives its prize.
static SEALS: Plan = plan(&[CLOSE - 15, CLOSE + 35], |lead, around| {
    concludes(lead, around)
});
/// Seals it when its time has come, whenever that is.
static SEALS_IN_THE_END: Plan = plan(&[CLOSE - 15, CLOSE + 35], |lead, around| {
    ticks(lead, around, CLOSE + 60 + 35)?;
    concludes(lead, around)
});
/// Lets it close later, in the last second that allows it, and believes to lead.
static EXTENDS: Plan = plan(&[], |lead, around| {
    let request = RoundRequest {
        campaign: ID.to_owned(),
        round: 1,
        verb: RoundVerb::Extend,
        seconds: Some(60),
        close: None,
        actor: "ann".to_owned(),
        reason: "more time".to_owned(),
    };
    match lead.round(around, &Believes, &request) {
        Ok(_) | Err(RoundError::Conflict(_)) => Ok(()),
        Err(_) => Err(LeadError::Stopping),
    }
});

fn concludes(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    let is_given = |state: &ControlState| {
        let ledger = state.awards().of(ID);
        ledger.is_some_and(|ledger| ledger.slots().count() > 0)
    };
    while !is_given(&around.control.state()) {
        around
            .control
            .wait_until(Duration::from_millis(1), is_given);
        lead.go_on(around, &Believes)?;
    }
    Ok(())
}

/// At which appends a schedule turns to the other, ascending; after the last turn everyone runs to his end.
pub(crate) struct Schedules {
    pub(crate) turns: Vec<usize>,
    /// Most turns.
    pub(crate) most: usize,
}

impl Schedules {
    /// The next schedule, when the last one had so many appends; `false` after the last.
    pub(crate) fn advance(&mut self, appends: usize) -> bool {
        if self.turns.len() < self.most {
            let next = self.turns.last().map_or(0, |last| last + 1);
            if next < appends {
                self.turns.push(next);
                return true;
            }
        }
        while let Some(last) = self.turns.pop() {
            if last + 1 < appends {
                self.turns.push(last + 1);
                return true;
            }
        }
        false
    }
}

/// A log with a round that is about to close, and two who lead.
pub(crate) fn begun(log: &Arc<MemoryLog>) -> World {
    let world = World::start(log, true);
    let owner = Owner::start(log, 1, &BEFORE);
    owner.run_out();
    world
}

/// Runs one schedule; how many appends both made.
fn run(log: &Arc<MemoryLog>, turns: &[usize], plans: [&'static Plan; 2]) -> usize {
    let owners =
        [(2, plans[0]), (3, plans[1])].map(|(number, plan)| Owner::start(log, number, plan));
    alternate(&owners, turns)
}

/// Lets two go on by a schedule until both are done; how many appends they made.
pub(crate) fn alternate(owners: &[Owner; 2], turns: &[usize]) -> usize {
    let (mut appends, mut now) = (0, 0);
    loop {
        let stand = [owners[0].gate.arrive(), owners[1].gate.arrive()];
        if turns.contains(&appends) {
            now = 1 - now;
        }
        let goes = match stand {
            [false, false] => break,
            [true, true] => now,
            [_, second] => usize::from(second),
        };
        owners[goes].gate.let_one();
        appends += 1;
        owners.iter().for_each(Owner::settle);
    }
    appends
}

/// Every schedule; how many there were.
fn enumerate(plans: [&'static Plan; 2], check: impl Fn(&MemoryLog, &[usize])) -> usize {
    let mut schedules = Schedules {
        turns: Vec::new(),
        most: TURNS,
    };
    let mut runs = 0;
    loop {
        let log = log();
        let world = begun(&log);
        let appends = run(&log, &schedules.turns, plans);
        drop(world);
        check(&log, &schedules.turns);
        runs += 1;
        if !schedules.advance(appends) {
            return runs;
        }
    }
}

/// One of each; the window that judged is the one in force; the faster fan has the phone.
fn sealed_once(log: &MemoryLog, turns: &[usize]) -> ControlState {
    let (state, valid) = fold(log);
    let count = |of: fn(&Act) -> bool| valid.iter().filter(|act| of(act)).count();
    let one_of = [
        count(|act| matches!(act, Act::Commitment(_))),
        count(|act| matches!(act, Act::SealReq(_))),
        count(|act| matches!(act, Act::SealDecided(_))),
        count(|act| matches!(act, Act::List(_))),
        count(|act| matches!(act, Act::Result(_))),
        count(|act| matches!(act, Act::Award(_))),
    ];
    assert_eq!(one_of, [1; 6], "{turns:?}");
    assert!(state.pending_copies().is_empty(), "{turns:?}");
    applied_alike(log, &turns);
    let life = state.rounds().life(ID, Some(1)).unwrap();
    let (_, decided) = life.decision.as_ref().unwrap();
    let newest = state.versions(ID).last().unwrap();
    let round = newest.compiled.campaign.round(1).unwrap();
    assert_eq!(
        (decided.open, decided.close),
        (round.open, round.close),
        "{turns:?}"
    );
    let ledger = state.awards().of(ID).unwrap();
    let (_, attempts) = ledger.slots().next().unwrap();
    assert_eq!(
        (attempts.len(), attempts[0].given.code.0[0]),
        (1, 0),
        "{turns:?}"
    );
    state
}

#[test]
fn two_that_seal_in_any_schedule_seal_once() {
    let runs = enumerate([&SEALS, &SEALS], |log, turns| drop(sealed_once(log, turns)));
    assert!(runs > 500, "{runs} schedules are too few to be all");
}

#[test]
fn an_extension_that_races_a_seal_holds_before_it_or_not_at_all() {
    let outcomes = std::cell::RefCell::new([0_usize; 2]);
    let runs = enumerate([&SEALS_IN_THE_END, &EXTENDS], |log, turns| {
        let state = sealed_once(log, turns);
        let life = state.rounds().life(ID, Some(1)).unwrap();
        let (request, decided) = (
            life.request.as_ref().unwrap(),
            life.decision.as_ref().unwrap(),
        );
        let is_longer = life.window.is_some();
        let close = if is_longer { CLOSE + 60 } else { CLOSE };
        assert_eq!(decided.1.close, close, "{turns:?}");
        assert!(request.1.at >= close + 35, "{turns:?}: asked for too early");
        outcomes.borrow_mut()[usize::from(is_longer)] += 1;
    });
    let [void, held] = outcomes.into_inner();
    assert!(void > 0 && held > 0, "{void} were too late, {held} held");
    assert!(runs > 300, "{runs} schedules are too few to be all");
}
