//! A whole evening with every kind of record that a coordinator appends: acts of all verbs with their copies, a node that is
//! given up, seals, draws, steps of awards by operators, public texts. A coordinator that dies between any two of its
//! appends leaves what one undisturbed coordinator leaves, and so do its successor's death and its own together.

use super::gate::Fate;
use super::seals::{fold, until_death};
use super::world::World;
use super::{Believes, CONTEST, ID, Owner, PARTITIONS, Plan, applied, log};
use crate::lead::{Around, Lead, LeadError};
use crate::prizes::AwardRequest;
use crate::rounds::{RoundError, RoundRequest};
use crate::ticks::TickError;
use control::ControlState;
use control::rounds::Life;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::rounds::{RoundVerb, UnitState, Window};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

const OPEN: i64 = 1_365_487_200;

/// Three rounds; a seal waits for the operator.
static EVENING: LazyLock<String> = LazyLock::new(|| {
    let (head, tail) = CONTEST.split_once("[slots]").unwrap();
    let (_, second) = head.rsplit_once("[[round]]\nnumber = 2").unwrap();
    let third = second
        .replace("T06:10", "T06:20")
        .replace("T06:15", "T06:25");
    let toml = format!("{head}[[round]]\nnumber = 3{third}[slots]{tail}");
    toml.replace("seal_without", "wait")
});

static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan {
    toml: EVENING.as_str(),
    ticks: &[OPEN - 100],
    to_the_result: false,
    corrects: false,
    stocks: false,
    then: Some(evening),
});

pub(crate) fn ticks(lead: &mut Lead, around: &Around, t: i64) -> Result<(), LeadError> {
    match lead.rehearse(around, &Believes, t) {
        // A predecessor was further already.
        Ok(()) | Err(TickError::Backwards { .. }) => Ok(()),
        Err(_) => Err(LeadError::Stopping),
    }
}

/// Goes on until control says so.
fn until(
    lead: &mut Lead,
    around: &Around,
    done: impl Fn(&ControlState) -> bool,
) -> Result<(), LeadError> {
    while !done(&around.control.state()) {
        around.control.wait_until(Duration::from_millis(1), &done);
        lead.go_on(around, &Believes)?;
    }
    Ok(())
}

fn life(state: &ControlState, round: u16) -> Life {
    let life = state.rounds().life(ID, Some(round));
    life.cloned().unwrap_or_default()
}

/// An operator repeats his command until it is done.
fn acts(
    lead: &mut Lead,
    around: &Around,
    (round, verb, seconds): (u16, RoundVerb, Option<i64>),
    done: fn(&Life) -> bool,
) -> Result<(), LeadError> {
    // What a predecessor wrote may still have to be copied.
    lead.go_on(around, &Believes)?;
    let is_done = || done(&life(&around.control.state(), round));
    while !is_done() {
        let request = RoundRequest {
            campaign: ID.to_owned(),
            round,
            verb,
            seconds,
            close: None,
            actor: "ann".to_owned(),
            reason: "live".to_owned(),
        };
        ended(lead.round(around, &Believes, &request).map(drop), &is_done)?;
    }
    Ok(())
}

/// The lead goes on after what another has done first.
fn ended(done: Result<(), RoundError>, is_done: &dyn Fn() -> bool) -> Result<(), LeadError> {
    match done {
        Ok(()) => Ok(()),
        Err(RoundError::Log(error)) => Err(LeadError::Log(error)),
        Err(RoundError::NotOwner | RoundError::Stopping) => Err(LeadError::Stopping),
        Err(refusal) => {
            assert!(is_done(), "{refusal}");
            Ok(())
        }
    }
}

fn state_of(state: &ControlState, round: Option<u16>) -> Option<UnitState> {
    let ledger = state.awards().of(ID)?;
    let (_, attempts) = ledger.of(round, u32::from(round.is_none()) + 1).next()?;
    attempts.first().map(|held| held.state)
}

/// The winner of a draw gets so far.
fn steps(
    lead: &mut Lead,
    around: &Around,
    (round, prize, to): (Option<u16>, &str, UnitState),
) -> Result<(), LeadError> {
    until(lead, around, |state| state_of(state, round).is_some())?;
    let is_done = || state_of(&around.control.state(), round).is_some_and(|at| at >= to);
    while !is_done() {
        let request = AwardRequest {
            campaign: ID.to_owned(),
            round,
            prize: prize.to_owned(),
            slot: 1,
            code: None,
            state: to,
            actor: "ann".to_owned(),
            reason: "he said so".to_owned(),
        };
        ended(lead.award(around, &Believes, &request).map(drop), &is_done)?;
    }
    lead.go_on(around, &Believes)
}

fn evening(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    let has_result = |round| move |state: &ControlState| state.rounds().result(ID, round).is_some();
    acts(lead, around, (2, RoundVerb::Shift, Some(60)), |life| {
        life.window.is_some()
    })?;
    acts(lead, around, (1, RoundVerb::Open, None), |life| {
        life.window.is_some()
    })?;
    ticks(lead, around, OPEN)?;
    let longer = |life: &Life| life.window.is_some_and(|window| window.close == OPEN + 265);
    acts(lead, around, (1, RoundVerb::Extend, Some(60)), longer)?;
    // The node is silent: nothing comes of the round before the operator goes on without it.
    ticks(lead, around, OPEN + 265 + 35)?;
    acts(lead, around, (1, RoundVerb::Skip, None), |life| {
        life.is_skipped
    })?;
    acts(lead, around, (1, RoundVerb::Seal, None), |life| {
        life.is_forced
    })?;
    until(lead, around, has_result(Some(1)))?;
    // Told, claimed, sent.
    for to in [
        UnitState::Notified,
        UnitState::Claimed,
        UnitState::Fulfilled,
    ] {
        steps(lead, around, (Some(1), "phone", to))?;
    }
    let close = OPEN + 660 + 300;
    ticks(lead, around, close + 35)?;
    until(lead, around, has_result(Some(2)))?;
    steps(lead, around, (Some(2), "phone", UnitState::Declined))?;
    ticks(lead, around, OPEN + 1_300)?;
    acts(lead, around, (3, RoundVerb::Void, None), |life| {
        life.is_void
    })?;
    until(lead, around, has_result(None))?;
    // Nobody confirms that the first of the board was told: the public text waits a minute for it.
    until(lead, around, |state| state_of(state, None).is_some())?;
    ticks(lead, around, OPEN + 1_400)?;
    lead.go_on(around, &Believes)
}

/// What an evening came to, but for offsets and for what the draws' random secrets make of records.
#[derive(Debug, PartialEq, Eq)]
struct Came {
    /// Window, void, forced, skipped, decision (version, window, members, missing), counts and winners, by draw.
    lives: BTreeMap<Option<u16>, String>,
    /// Units, holders and steps, by slot.
    slots: Vec<String>,
    /// Public texts that stand, without the hashes of records.
    texts: Vec<String>,
    /// Records that hold, by kind; without greetings of leaders and notes of copies.
    held: BTreeMap<&'static str, usize>,
    /// What was copied, by kind, and ticks; the same in every partition.
    copied: Vec<&'static str>,
    ticks: Vec<i64>,
}

fn kind(act: &Act) -> Option<&'static str> {
    Some(match act {
        Act::Campaign(_) => "campaign",
        Act::Retired { .. } => "retired",
        Act::Round(act) => match act.verb {
            RoundVerb::Shift => "shift",
            RoundVerb::Open => "open",
            RoundVerb::Extend => "extend",
            RoundVerb::Void => "void",
            RoundVerb::Seal => "seal",
            RoundVerb::Skip => "skip",
        },
        Act::Commitment(_) => "commitment",
        Act::SealReq(_) => "seal_req",
        Act::SealDecided(_) => "seal_decided",
        Act::List(_) => "list",
        Act::Result(_) => "result",
        Act::Award(act) => control::ledger::name(act.state),
        Act::Announcement(_) => "announcement",
        _ => return None,
    })
}

fn came(log: &MemoryLog, case: &dyn std::fmt::Debug) -> Came {
    let (state, valid) = fold(log);
    assert!(state.pending_copies().is_empty(), "{case:?}");
    let mut held = BTreeMap::new();
    for kind in valid.iter().filter_map(kind) {
        *held.entry(kind).or_default() += 1;
    }
    let lives = state.rounds().of(ID).map(|(round, life)| {
        let decided = life.decision.as_ref().map(|(_, decided)| {
            (
                decided.version,
                decided.open,
                decided.close,
                &decided.members,
                &decided.missing,
            )
        });
        let result = life.result.as_ref().map(|(_, result)| {
            let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
            let given = awards
                .into_iter()
                .map(|award| award.given)
                .collect::<Vec<_>>();
            (
                result.standings,
                result.list,
                result.entrants,
                result.correct,
                given,
            )
        });
        let window: Option<Window> = life.window;
        let marks = (
            life.is_void,
            life.is_forced,
            life.is_skipped,
            life.list.is_some(),
        );
        (
            round,
            format!("{window:?} {marks:?} {decided:?} {result:?}"),
        )
    });
    let ledger = state.awards().of(ID).cloned().unwrap_or_default();
    let slots = ledger.slots().map(|(place, attempts)| {
        let attempts = attempts.iter().map(|held| {
            let given = &held.given;
            (given.unit, given.code, held.state, held.told, held.by_hand)
        });
        format!("{place:?} {:?}", attempts.collect::<Vec<_>>())
    });
    let texts = [Some(1), Some(2), None].into_iter().filter_map(|round| {
        let (_, announcement) = ledger.announcement(round)?;
        let lines = announcement
            .text
            .lines()
            .filter(|line| !line.contains("sha256"));
        Some(lines.collect::<Vec<_>>().join("\n"))
    });
    let (copied, ticks) = applied_alike(log, case);
    Came {
        lives: lives.collect(),
        slots: slots.collect(),
        texts: texts.collect(),
        held,
        copied,
        ticks,
    }
}

/// What every partition applies, which is the same: copies by kind, and ticks.
pub(crate) fn applied_alike(
    log: &MemoryLog,
    case: &dyn std::fmt::Debug,
) -> (Vec<&'static str>, Vec<i64>) {
    let control = log.read_all(record::topics::CONTROL, 0).unwrap();
    let of = |partition| {
        let (copies, ticks) = applied(log, partition);
        let kinds = copies.iter().map(|ctl| {
            let stored = control.iter().find(|stored| stored.offset == *ctl).unwrap();
            kind(&serde_json::from_slice(&stored.value).unwrap()).unwrap()
        });
        (kinds.collect::<Vec<_>>(), ticks)
    };
    let first = of(0);
    for partition in 1..PARTITIONS {
        assert_eq!(of(partition), first, "{case:?}");
    }
    first
}

/// One undisturbed coordinator, and how many appends it makes.
fn undisturbed() -> (Came, usize) {
    let log = log();
    let world = World::start(&log, false);
    let owner = Owner::start(&log, 1, &PLAN);
    let mut appends = 0;
    while owner.gate.arrive() {
        owner.gate.let_one();
        appends += 1;
    }
    drop((owner, world));
    (came(&log, &"undisturbed"), appends)
}

#[test]
fn an_evening_comes_to_the_same_wherever_its_coordinator_dies() {
    let (expected, appends) = undisturbed();
    // Every kind is there, or the enumeration means little.
    for kind in [
        "campaign",
        "commitment",
        "shift",
        "open",
        "extend",
        "skip",
        "seal",
        "void",
        "retired",
        "seal_req",
        "seal_decided",
        "list",
        "result",
        "awarded",
        "notified",
        "claimed",
        "fulfilled",
        "declined",
        "announcement",
    ] {
        assert!(
            expected.held.contains_key(kind),
            "{kind} is missing: {expected:#?}"
        );
    }
    assert!(appends > 60, "{appends} appends");
    for fate in [Fate::DiesBefore, Fate::DiesUnheard] {
        for before in 0..appends {
            let log = log();
            let world = World::start(&log, false);
            let owner = Owner::start(&log, 1, &PLAN);
            assert!(
                until_death(&owner, before, fate),
                "it makes {appends} appends"
            );
            drop(owner);
            let heir = Owner::start(&log, 2, &PLAN);
            heir.run_out();
            drop((heir, world));
            let case = (before, fate);
            assert_eq!(came(&log, &case), expected, "{case:?}");
        }
    }
}

/// The heir dies too, so many appends after it took over, and the third one finishes.
#[test]
fn an_evening_comes_to_the_same_when_the_successor_dies_as_well() {
    let (expected, appends) = undisturbed();
    for (before, after) in (0..appends).flat_map(|before| [(before, 1), (before, 4)]) {
        let fate = if before % 2 == 0 {
            Fate::DiesBefore
        } else {
            Fate::DiesUnheard
        };
        let log = log();
        let world = World::start(&log, false);
        for (number, lives) in [(1, before), (2, after)] {
            let owner = Owner::start(&log, number, &PLAN);
            until_death(&owner, lives, fate);
        }
        let last = Owner::start(&log, 3, &PLAN);
        last.run_out();
        drop((last, world));
        let case = (before, after, fate);
        assert_eq!(came(&log, &case), expected, "{case:?}");
    }
}
