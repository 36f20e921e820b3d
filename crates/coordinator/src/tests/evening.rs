//! A whole evening with every kind of record that a coordinator appends: acts of all verbs with their copies, a node that is
//! given up, seals, draws, steps of awards by operators, public texts. A coordinator that dies between any two of its
//! appends leaves what one undisturbed coordinator leaves, and so do its successor's death and its own together.

use super::came::came;
use super::deeds::{acts, state_of, steps, ticks, until};
use super::gate::Fate;
use super::seals::{Played, every_death, undisturbed, until_death};
use super::world::World;
use super::{Believes, CONTEST, ID, Owner, Plan, log};
use crate::lead::{Around, Lead, LeadError};
use control::ControlState;
use control::rounds::Life;
use record::rounds::{RoundVerb, UnitState};
use std::sync::LazyLock;

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

/// The node is silent.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, false),
    owner: |log, number| Owner::start(log, number, &PLAN),
};

#[test]
fn an_evening_comes_to_the_same_wherever_its_coordinator_dies() {
    let (whole, appends) = undisturbed(&PLAYED);
    let expected = came(&whole, &"undisturbed");
    assert!(appends > 60, "{appends} appends");
    let deaths = every_death(&PLAYED, |log, case| {
        assert_eq!(came(log, case), expected, "{case:?}");
    });
    assert_eq!(deaths, 2 * appends, "every append, heard and unheard");
}

/// The heir dies too, so many appends after it took over, and the third one finishes.
#[test]
fn an_evening_comes_to_the_same_when_the_successor_dies_as_well() {
    let (whole, appends) = undisturbed(&PLAYED);
    let expected = came(&whole, &"undisturbed");
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
