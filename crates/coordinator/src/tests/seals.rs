//! Seals and results: a coordinator that dies between any two of its appends, two that lead for a moment, a node
//! that stays silent. One request, one decision, one list, one result of each round, the same winners, and a unit for
//! each of them once (V-6).

use super::gate::Fate;
use super::world::{NODE, World};
use super::{CONTEST, Owner, Plan, log};
use control::{Applied, ControlState};
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::topics::CONTROL;
use std::collections::BTreeSet;
use std::sync::Arc;

const CLOSE: i64 = 1_365_487_500;

static PLAN: Plan = Plan {
    toml: CONTEST,
    ticks: &[CLOSE - 300, CLOSE + 35, CLOSE + 600 + 35],
    to_the_result: true,
    corrects: false,
    stocks: false,
    then: None,
};

/// What is enumerated.
pub(crate) const PLAYED: Played = Played {
    world: |log| World::start(log, true),
    owner: |log, number| Owner::start(log, number, &PLAN),
};

/// What control comes to, and how many of its records hold.
pub(crate) fn fold(log: &MemoryLog) -> (ControlState, Vec<Act>) {
    let (mut state, mut valid) = (ControlState::default(), Vec::new());
    for stored in log.read_all(CONTROL, 0).unwrap() {
        let Ok(act) = serde_json::from_slice::<Act>(&stored.value) else {
            continue;
        };
        if state.apply(stored.offset, &act) == Applied::Valid {
            valid.push(act);
        }
    }
    (state, valid)
}

fn check(log: &MemoryLog, case: &dyn std::fmt::Debug) {
    let (state, valid) = fold(log);
    let count = |of: fn(&Act) -> bool| valid.iter().filter(|act| of(act)).count();
    assert_eq!(
        count(|act| matches!(act, Act::Commitment(_))),
        1,
        "{case:?}"
    );
    assert_eq!(count(|act| matches!(act, Act::SealReq(_))), 2, "{case:?}");
    assert_eq!(
        count(|act| matches!(act, Act::SealDecided(_))),
        2,
        "{case:?}"
    );
    assert_eq!(count(|act| matches!(act, Act::List(_))), 3, "{case:?}");
    assert_eq!(count(|act| matches!(act, Act::Result(_))), 3, "{case:?}");
    assert!(state.pending_copies().is_empty(), "{case:?}");
    // V-6: no unit twice, no winner without one.
    let given = valid.iter().filter_map(|act| match act {
        Act::Award(award) => Some((award.prize.clone(), award.unit)),
        _ => None,
    });
    let units: BTreeSet<_> = given.clone().collect();
    assert_eq!((given.count(), units.len()), (3, 3), "{case:?}");
    let mut winners = Vec::new();
    for round in [Some(1), Some(2), None] {
        let (_, result) = state.rounds().result("small", round).unwrap();
        let (_, listed) = state
            .rounds()
            .life("small", round)
            .unwrap()
            .list
            .as_ref()
            .unwrap();
        assert_eq!(
            (listed.list, listed.count),
            (result.list, result.entrants),
            "{case:?}"
        );
        let list: String = [0_u8, 1]
            .map(|code| format!("{:02x}", code).repeat(16) + "\n")
            .concat();
        let verdict = contest::verify(result.record.as_bytes(), list.as_bytes(), None);
        let fails = verdict
            .findings
            .iter()
            .any(|finding| matches!(finding, contest::Finding::Fails(_)));
        assert!(!fails, "{case:?}: {verdict:?}");
        let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
        winners.extend(
            awards
                .iter()
                .flat_map(|award| award.given.winners.iter().map(|won| won.code.0[0])),
        );
    }
    // The faster one has the first phone, so the other one gets the second; the board is the faster one's.
    assert_eq!(winners, [0, 1, 0], "{case:?}");
}

/// Lets an owner make `appends`, then orders its fate. Whether it got that far.
pub(crate) fn until_death(owner: &Owner, appends: usize, fate: Fate) -> bool {
    for _ in 0..appends {
        if !owner.gate.arrive() {
            return false;
        }
        owner.gate.let_one();
    }
    let reached = owner.gate.arrive();
    owner.gate.grant(fate);
    while owner.gate.arrive() {
        owner.gate.grant(fate);
    }
    reached
}

/// What is enumerated: who stands around, and what a coordinator of this number does.
pub(crate) struct Played {
    pub(crate) world: fn(&Arc<MemoryLog>) -> World,
    pub(crate) owner: fn(&Arc<MemoryLog>, u8) -> Owner,
}

/// One undisturbed coordinator, and how many appends it makes.
pub(crate) fn undisturbed(played: &Played) -> (Arc<MemoryLog>, usize) {
    let log = log();
    let world = (played.world)(&log);
    let owner = (played.owner)(&log, 1);
    let mut appends = 0;
    while owner.gate.arrive() {
        owner.gate.let_one();
        appends += 1;
    }
    drop((owner, world));
    (log, appends)
}

/// Lets an owner die before each of its appends, heard and unheard, and an heir finish; `check` looks at what came of it. How
/// many deaths there were.
pub(crate) fn every_death(played: &Played, check: impl Fn(&MemoryLog, &(usize, Fate))) -> usize {
    let mut deaths = 0;
    for fate in [Fate::DiesBefore, Fate::DiesUnheard] {
        for appends in 0.. {
            let log = log();
            let world = (played.world)(&log);
            let dying = (played.owner)(&log, 1);
            let reached = until_death(&dying, appends, fate);
            drop(dying);
            let heir = (played.owner)(&log, 2);
            heir.run_out();
            drop((heir, world));
            check(&log, &(appends, fate));
            if !reached {
                break;
            }
            deaths += 1;
        }
    }
    deaths
}

#[test]
fn a_round_has_one_result_wherever_its_coordinator_dies() {
    let deaths = every_death(&PLAYED, |log, case| check(log, case));
    assert!(deaths > 50, "{deaths} deaths are too few to be all");
}

#[test]
fn two_that_seal_at_once_do_no_harm() {
    for seed in 0..24_u64 {
        let log = log();
        let world = World::start(&log, true);
        let owners = [Owner::start(&log, 1, &PLAN), Owner::start(&log, 2, &PLAN)];
        let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        loop {
            let stand = owners.each_ref().map(|owner| owner.gate.arrive());
            bits = bits.rotate_left(5).wrapping_mul(0x2545_f491_4f6c_dd1d);
            let second = match stand {
                [false, false] => break,
                [true, true] => bits >> 63 == 1,
                [_, second] => second,
            };
            owners[usize::from(second)].gate.let_one();
        }
        drop((owners, world));
        check(&log, &seed);
    }
}

#[test]
fn a_silent_node_is_retired_and_named() {
    let log = log();
    let world = World::start(&log, false);
    let owner = Owner::start(&log, 1, &PLAN);
    owner.run_out();
    drop((owner, world));
    check(&log, &"silent");
    let (state, valid) = fold(&log);
    let retired = valid
        .iter()
        .filter(|act| matches!(act, Act::Retired { node, .. } if *node == NODE));
    assert_eq!(retired.count(), 1, "a dead node delays one seal");
    for round in [1, 2] {
        let life = state.rounds().life("small", Some(round)).unwrap();
        let (_, decided) = life.decision.as_ref().unwrap();
        assert_eq!(
            (&decided.members, &decided.missing),
            (&vec![], &vec![NODE]),
            "round {round} was asked for while it was a member"
        );
    }
}
