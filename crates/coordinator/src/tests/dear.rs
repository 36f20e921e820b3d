//! An evening at L2 whose winners do not come: draws wait for their beacons or do without, a unit is taken back, the others
//! expire, and the alternates' too. A coordinator that dies between any two of its appends leaves what one undisturbed
//! coordinator leaves.

use super::beacons::{CLOSE, dear};
use super::came::came;
use super::deeds::{steps, ticks, until};
use super::seals::{Played, every_death, undisturbed};
use super::world::World;
use super::{Believes, ID, Owner, Plan};
use crate::lead::{Around, Lead, LeadError};
use crate::rounds::{BeaconRequest, RoundError};
use contest::Beacon;
use control::ControlState;
use control::ledger::Held;
use record::rounds::UnitState;
use std::sync::LazyLock;

const SEAL: i64 = CLOSE + 35;
/// An hour to claim, and the public text a minute after the last draw.
const HOUR: i64 = 3_600;

/// Who does not claim within an hour has nothing.
static TOML: LazyLock<String> =
    LazyLock::new(|| dear().replace("value_yuan = 1\n", "value_yuan = 1\nclaim_hours = 1\n"));

static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan {
    toml: TOML.as_str(),
    ticks: &[CLOSE - 300, SEAL],
    to_the_result: false,
    corrects: false,
    stocks: false,
    then: Some(nobody_comes),
});

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, true),
    owner: |log, number| Owner::start(log, number, &PLAN),
};

/// An operator brings the beacon of a draw whose list stands, or says that it does without.
fn beacon(
    lead: &mut Lead,
    around: &Around,
    round: Option<u16>,
    brings: bool,
) -> Result<(), LeadError> {
    let listed = |state: &ControlState| {
        let life = state.rounds().life(ID, round);
        life.and_then(|life| Some(life.list.as_ref()?.1.at))
    };
    until(lead, around, |state| listed(state).is_some())?;
    let said = |state: &ControlState| {
        let life = state.rounds().life(ID, round);
        life.is_some_and(|life| life.beacon.is_some())
    };
    if said(&around.control.state()) {
        return Ok(());
    }
    let known_at = match round {
        Some(1) => SEAL,
        Some(_) => SEAL + 600,
        None => listed(&around.control.state()).unwrap(),
    };
    let value = brings.then(|| Beacon {
        round: contest::beacon_round(known_at).unwrap(),
        value: "a".repeat(64),
    });
    let request = BeaconRequest {
        campaign: ID.to_owned(),
        round,
        value,
        actor: "ann".to_owned(),
        reason: "drand is down".to_owned(),
    };
    match lead.beacon(around, &Believes, &request) {
        Ok(_) => Ok(()),
        Err(RoundError::Log(error)) => Err(LeadError::Log(error)),
        Err(RoundError::NotOwner | RoundError::Stopping) => Err(LeadError::Stopping),
        Err(refusal) => panic!("{refusal}"),
    }
}

/// Whoever was given the unit of a draw's first slot, and what became of it.
fn attempts(state: &ControlState, round: Option<u16>) -> &[Held] {
    let ledger = state.awards().of(ID);
    let award = u32::from(round.is_none()) + 1;
    let slot = ledger.and_then(|ledger| ledger.of(round, award).next());
    slot.map_or(&[], |(_, attempts)| attempts)
}

/// It never becomes less, whoever looks again.
fn tries(state: &ControlState, round: Option<u16>) -> usize {
    attempts(state, round).len()
}

fn expired(state: &ControlState, round: Option<u16>) -> usize {
    let ended = |held: &&Held| held.state == UnitState::Expired;
    attempts(state, round).iter().filter(ended).count()
}

fn is_public(state: &ControlState, round: Option<u16>) -> bool {
    let ledger = state.awards().of(ID);
    ledger.is_some_and(|ledger| ledger.announcement(round).is_some())
}

fn nobody_comes(lead: &mut Lead, around: &Around) -> Result<(), LeadError> {
    beacon(lead, around, Some(1), true)?;
    steps(lead, around, (Some(1), "phone", UnitState::Notified))?;
    steps(lead, around, (Some(1), "phone", UnitState::Revoked))?;
    // The alternate has it.
    until(lead, around, |state| tries(state, Some(1)) >= 2)?;
    ticks(lead, around, SEAL + 600)?;
    until(lead, around, |state| {
        let life = state.rounds().life(ID, Some(2));
        life.is_some_and(|life| life.list.is_some())
    })?;
    ticks(lead, around, SEAL + 600 + 660)?;
    beacon(lead, around, Some(2), false)?;
    beacon(lead, around, None, true)?;
    until(lead, around, |state| tries(state, None) >= 1)?;
    // Nobody confirms that winners were told: the public texts wait a minute for it.
    ticks(lead, around, SEAL + 600 + 800)?;
    let draws = [Some(1), Some(2), None];
    until(lead, around, |state| {
        draws.iter().all(|draw| is_public(state, *draw))
    })?;
    // The hour is over: the television goes to the next, and the phone that nobody has any more.
    ticks(lead, around, SEAL + 600 + 800 + HOUR + 35)?;
    until(lead, around, |state| {
        let gone = [Some(1), None].map(|draw| expired(state, draw));
        gone == [1, 1] && tries(state, Some(2)) >= 1 && tries(state, None) >= 2
    })?;
    lead.go_on(around, &Believes)
}

#[test]
fn an_evening_whose_winners_do_not_come_ends_the_same_wherever_its_coordinator_dies() {
    let (whole, appends) = undisturbed(&PLAYED);
    let expected = came(&whole, &"undisturbed");
    let held = |kind| expected.held.get(kind).copied();
    let counts = ["beacon", "without_beacon", "revoked", "expired"].map(held);
    assert_eq!(
        counts,
        [Some(2), Some(1), Some(1), Some(2)],
        "{expected:#?}"
    );
    let deaths = every_death(&PLAYED, |log, case| {
        assert_eq!(came(log, case), expected, "{case:?}");
    });
    assert_eq!(deaths, 2 * appends, "every append, heard and unheard");
}
