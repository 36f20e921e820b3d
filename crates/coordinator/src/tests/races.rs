//! An operator acts while another coordinator seals the round: at every place of the sealing, and with every append of the
//! sealing between the operator's look and his record. What each coordinator believes in the end is what a stranger's fold of
//! the log says, what the operator was told is what holds, and no unit is given twice.

use super::came::applied_alike;
use super::correct::{
    correct, corrected, first_results, parts, request, sealed, without_the_first,
};
use super::interleaved::{Schedules, alternate, begun};
use super::operators::CLOSE;
use super::seals::fold;
use super::{Believes, CONTEST, ID, Owner, log, script, ticking};
use crate::lead::{Around, Lead, LeadError};
use crate::publish::{PublishError, PublishRequest};
use crate::rounds::{RoundError, RoundRequest};
use control::rounds::Life;
use control::{Applied, ControlState};
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::rounds::RoundVerb;
use record::topics::CONTROL;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// To the operator and back.
const TURNS: usize = 2;

/// What the operator was told: where his act stands, or why it does not hold.
type Told = Result<u64, String>;
type Command = fn(&mut Lead, &Around) -> Result<Told, LeadError>;

/// What came of one schedule.
struct Ended {
    state: ControlState,
    told: Told,
    results: usize,
}

/// Seals the round and gives its prize, unless it is void.
fn seals(around: &Around) -> Result<(), LeadError> {
    let mut lead = script(around, const { &ticking(&[CLOSE - 15, CLOSE + 35]) })?;
    let is_over = |state: &ControlState| {
        let ledger = state.awards().of(ID);
        let is_given = ledger.is_some_and(|ledger| ledger.slots().count() > 0);
        let life = state.rounds().life(ID, Some(1));
        is_given || life.is_some_and(|life| life.is_void)
    };
    while !is_over(&around.control.state()) {
        around.control.wait_until(Duration::from_millis(1), is_over);
        lead.go_on(around, &Believes)?;
    }
    Ok(())
}

/// What a coordinator, or a stranger, holds for true.
fn believed(state: &ControlState) -> String {
    let lives: Vec<_> = state.rounds().of(ID).collect();
    let ledger = state.awards().of(ID).cloned().unwrap_or_default();
    let slots: Vec<_> = ledger.slots().collect();
    format!("{} {lives:?} {slots:?}", state.version_of(ID))
}

/// Whether the record of control at an offset holds.
fn holds_at(log: &MemoryLog, offset: u64) -> bool {
    let mut state = ControlState::default();
    let records = log.read_all(CONTROL, 0).unwrap();
    let applied = records.iter().filter_map(|stored| {
        let act: Act = serde_json::from_slice(&stored.value).ok()?;
        Some((stored.offset, state.apply(stored.offset, &act)))
    });
    let found: Vec<_> = applied.filter(|(at, _)| *at == offset).collect();
    matches!(found[..], [(_, Applied::Valid)])
}

fn ended(log: &MemoryLog, told: Told, case: &dyn std::fmt::Debug) -> Ended {
    let (state, valid) = fold(log);
    assert!(state.pending_copies().is_empty(), "{case:?}");
    applied_alike(log, case);
    if let Ok(ctl) = &told {
        assert!(holds_at(log, *ctl), "{case:?}: he was told that it holds");
    }
    let ledger = state.awards().of(ID).cloned().unwrap_or_default();
    let held = ledger.slots().filter_map(|(_, attempts)| attempts.last());
    let held = held.filter(|held| held.is_held()).map(|held| &held.given);
    let units: Vec<_> = held
        .map(|given| (given.prize.clone(), given.unit))
        .collect();
    let distinct: BTreeSet<_> = units.iter().collect();
    assert_eq!(units.len(), distinct.len(), "{case:?}");
    let count = |of: fn(&Act) -> bool| valid.iter().filter(|act| of(act)).count();
    let asked = count(|act| matches!(act, Act::SealReq(_)));
    let decided = count(|act| matches!(act, Act::SealDecided(_)));
    let results = count(|act| matches!(act, Act::Result(_)));
    assert!(asked <= 1 && decided <= asked, "{case:?}");
    let life = state.rounds().life(ID, Some(1)).unwrap();
    let is_void = life.is_void;
    assert_eq!(life.result.is_some(), !is_void, "{case:?}: one of the two");
    assert_eq!(units.len(), usize::from(!is_void), "{case:?}");
    Ended {
        state,
        told,
        results,
    }
}

/// Every schedule of sealing and the operator's command; how often it was refused, and how often it held.
fn race(command: Command, check: impl Fn(&Ended, &[usize])) -> [usize; 2] {
    let mut schedules = Schedules {
        turns: Vec::new(),
        most: TURNS,
    };
    let mut outcomes = [0; 2];
    loop {
        let log = log();
        let world = begun(&log);
        let told = Arc::new(Mutex::new(None));
        let tells = Arc::clone(&told);
        let owners = [
            Owner::doing(&log, 2, seals),
            Owner::doing(&log, 3, move |around| {
                let mut lead = Lead::take_over(around, &Believes)?;
                let answer = command(&mut lead, around)?;
                *tells.lock().unwrap() = Some(answer);
                Ok(())
            }),
        ];
        let appends = alternate(&owners, &schedules.turns);
        let case = &schedules.turns;
        let stranger = believed(&fold(&log).0);
        for owner in &owners {
            owner.settle();
            assert_eq!(
                believed(&owner.around.control.state()),
                stranger,
                "{case:?}"
            );
        }
        drop((owners, world));
        let told = told.lock().unwrap().take();
        let told = told.unwrap_or_else(|| panic!("{case:?}: he was told nothing"));
        let ended = ended(&log, told, case);
        check(&ended, case);
        outcomes[usize::from(ended.told.is_ok())] += 1;
        if !schedules.advance(appends) {
            return outcomes;
        }
    }
}

fn both([refused, held]: [usize; 2]) {
    assert!(refused > 0 && held > 0, "{refused} refused, {held} held");
    assert!(
        refused + held > 60,
        "{refused} and {held} are too few to be all"
    );
}

fn told<T>(done: Result<T, RoundError>, ctl: fn(T) -> u64) -> Result<Told, LeadError> {
    match done {
        Ok(done) => Ok(Ok(ctl(done))),
        Err(RoundError::Conflict(why)) => Ok(Err(why)),
        Err(RoundError::Log(error)) => Err(LeadError::Log(error)),
        Err(_) => Err(LeadError::Stopping),
    }
}

fn acts(lead: &mut Lead, around: &Around, verb: RoundVerb) -> Result<Told, LeadError> {
    let request = RoundRequest {
        campaign: ID.to_owned(),
        round: 1,
        verb,
        seconds: None,
        close: None,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    told(lead.round(around, &Believes, &request), |done| done.ctl)
}

/// The round shows an operator's act exactly when he was told that it holds, and has its result unless it is void.
fn shows_what_was_told(command: Command, shows: fn(&Life) -> bool) {
    both(race(command, |ended, case| {
        let life = ended.state.rounds().life(ID, Some(1)).unwrap();
        let told = &ended.told;
        assert_eq!(shows(life), told.is_ok(), "{case:?}: {told:?}");
        assert_eq!(ended.results, usize::from(!life.is_void), "{case:?}");
    }));
}

#[test]
fn a_void_that_races_a_seal_holds_before_the_result_or_not_at_all() {
    shows_what_was_told(
        |lead, around| acts(lead, around, RoundVerb::Void),
        |life| life.is_void,
    );
}

#[test]
fn an_operators_seal_that_races_the_decision_holds_before_it_or_not_at_all() {
    shows_what_was_told(
        |lead, around| acts(lead, around, RoundVerb::Seal),
        |life| life.is_forced,
    );
}

#[test]
fn a_skip_that_races_a_seal_holds_before_the_result_or_not_at_all() {
    shows_what_was_told(
        |lead, around| acts(lead, around, RoundVerb::Skip),
        |life| life.is_skipped,
    );
}

/// Another key: the newest version before the decision judges.
#[test]
fn a_publication_that_races_a_seal_judges_if_it_stands_before_the_decision() {
    let judged = Mutex::new(BTreeSet::new());
    let [refused, held] = race(
        |lead, around| {
            let request = PublishRequest {
                toml: CONTEST.replacen("key = [\"A\"]", "key = [\"B\"]", 1),
                expect_version: 1,
                actor: "ann".to_owned(),
                reason: "wrong key".to_owned(),
            };
            match lead.publish(around, &Believes, &request) {
                Ok(receipt) => Ok(Ok(receipt.ctl)),
                Err(PublishError::Conflict(why)) => Ok(Err(why)),
                Err(_) => Err(LeadError::Stopping),
            }
        },
        |ended, case| {
            let life = ended.state.rounds().life(ID, Some(1)).unwrap();
            let (decided_at, decided) = life.decision.as_ref().unwrap();
            let ctl = *ended.told.as_ref().unwrap();
            let due = if ctl < *decided_at { 2 } else { 1 };
            let (_, result) = ended.state.rounds().result(ID, Some(1)).unwrap();
            assert_eq!((decided.version, result.version), (due, due), "{case:?}");
            judged.lock().unwrap().insert(due);
        },
    );
    assert_eq!(
        refused, 0,
        "its windows stay, so it holds wherever it stands"
    );
    assert!(held > 100, "{held} are too few to be all");
    assert_eq!(judged.into_inner().unwrap(), BTreeSet::from([1, 2]));
}

/// The correction of a result that has just come, while its prize is given.
#[test]
fn a_correction_that_races_the_prize_stands_once_behind_the_result() {
    both(race(
        |lead, around| {
            let first = first_results(&*around.log);
            let Some(result) = first.get(&Some(1)) else {
                return Ok(Err("it has no result".to_owned()));
            };
            let field = without_the_first(&sealed(&*around.log, result.1.ctl));
            let act = corrected(around, result, &field);
            for part in parts(&act, &field) {
                if let Err(refused) = told(lead.standings(around, &Believes, part), |ctl| ctl)? {
                    return Ok(Err(refused));
                }
            }
            let done = correct(lead, around, request(vec![act], None));
            told(done, |offsets| offsets[0])
        },
        |ended, case| {
            let (_, result) = ended.state.rounds().result(ID, Some(1)).unwrap();
            assert_eq!(result.corrects.is_some(), ended.told.is_ok(), "{case:?}");
            assert_eq!(
                ended.results,
                1 + usize::from(ended.told.is_ok()),
                "{case:?}"
            );
        },
    ));
}
