//! Winners who claim by a message: which message claims which unit, when it is too early or too late, and what of it
//! is void for everyone.

use crate::cast::{ID, in_order, phones, sealed, slot};
use crate::common::World;
use control::Applied;
use control::ledger::Held;
use coordinator::prizes::{Due, without_effect};
use record::acts::Act;
use record::claim::CLAIM_GRACE_S;
use record::rounds::AwardAct;
use record::rounds::UnitState::{
    self, Awarded, Claimed, Declined, Expired, Fulfilled, Notified, Revoked,
};

const HOUR: i64 = 3600;
const WINDOW: i64 = 48 * HOUR;

/// Round 1 is won by fan 1; 2 and 3 come after him.
fn given() -> World {
    let mut world = World::new(&phones(4, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2, 3]));
    world.look(sealed(1));
    world
}

/// The same, and he was told at this second.
fn told(at: i64) -> World {
    let mut world = given();
    world.operator(slot(1, 1), Notified, at).unwrap();
    world.look(at);
    world
}

/// How many steps of awards are due.
fn steps(due: &Due) -> usize {
    let acts = due.acts.iter();
    acts.filter(|act| matches!(act, Act::Award(_))).count()
}

fn attempts(world: &World) -> Vec<(UnitState, Option<u64>)> {
    let ledger = world.ledger();
    let attempts = ledger.attempts(&slot(1, 1)).iter();
    let by = |held: &Held| held.claim.as_ref().map(|claim| claim.offset);
    attempts.map(|held| (held.state, by(held))).collect()
}

#[test]
fn a_winner_claims_once_and_nobody_else_does_q_20() {
    let mut world = given();
    let now = sealed(1) + 10;
    // Of one who has won nothing, before the winner's.
    world.sends(2, now, now);
    assert_eq!(steps(&world.look(now)), 0);
    let message = world.sends(1, now + 1, now);
    assert_eq!(steps(&world.look(now + 2)), 1);
    assert_eq!(attempts(&world), [(Claimed, Some(message))]);
    let held = world.holder(slot(1, 1)).unwrap();
    let claim = held.claim.unwrap();
    assert_eq!(
        (claim.partition, claim.create_time, claim.tick),
        (0, now + 1, now)
    );
    assert_eq!((held.since, held.by_hand), (now + 2, false));
    // Further ones change nothing, nor does time, nor the end of the window.
    world.sends(1, now + 3, now + 3);
    world.sends(3, now + 3, now + 3);
    assert_eq!(steps(&world.look(now + 4)), 0);
    world.look(now + 1000 * HOUR);
    assert_eq!(attempts(&world), [(Claimed, Some(message))]);
    assert_eq!(without_effect(&world.state, ID, &world.claims), 3);
    assert!(world.operator(slot(1, 1), Declined, now + 5).is_err());
    world.operator(slot(1, 1), Fulfilled, now + 6).unwrap();
    let held = world.holder(slot(1, 1)).unwrap();
    assert_eq!(
        held.claim.map(|claim| claim.offset),
        Some(message),
        "it stays to be seen"
    );
}

#[test]
fn what_was_sent_before_the_unit_was_given_claims_nothing() {
    let mut world = World::new(&phones(4, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.sends(1, sealed(1) - 1, sealed(1) - 1);
    world.look(sealed(1));
    assert_eq!(attempts(&world), [(Awarded, None)]);
    let same_second = world.sends(1, sealed(1), sealed(1));
    world.look(sealed(1) + 1);
    assert_eq!(attempts(&world), [(Claimed, Some(same_second))]);
}

#[test]
fn who_claims_in_the_second_of_the_award_has_it_in_the_same_look_and_alternates_too() {
    let mut world = World::new(&phones(4, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    let own = world.sends(1, sealed(1), sealed(1));
    assert_eq!(steps(&world.look(sealed(1))), 2);
    assert_eq!(attempts(&world), [(Claimed, Some(own))]);

    let mut world = given();
    // The platform's clock is ahead of the coordinator's.
    let ahead = world.sends(2, sealed(1) + 20, sealed(1));
    world
        .operator(slot(1, 1), Declined, sealed(1) + 10)
        .unwrap();
    assert_eq!(steps(&world.look(sealed(1) + 10)), 2);
    assert_eq!(attempts(&world), [(Declined, None), (Claimed, Some(ahead))]);
}

#[test]
fn the_deadline_is_a_second_of_the_message_and_its_partitions_ticks_bound_how_late_it_comes() {
    let at = sealed(1) + 30;
    let end = at + WINDOW;
    let last = end + CLAIM_GRACE_S - 1;
    for (create_time, tick, counts) in [
        (end - 1, end - 1, true),
        // Sent in time, in the log four attempts of the platform later.
        (end - 1, last, true),
        (end - 1, last + 1, false),
        (end, end, false),
        (end, 0, false),
    ] {
        let mut world = told(at);
        // Whoever coordinates sees it long after the deadline, and before he knows how far quiz is.
        world.quiz_is_away = true;
        assert_eq!(
            steps(&world.look(end + 500)),
            0,
            "nobody's time is over yet"
        );
        world.sends(1, create_time, tick);
        world.look(end + 501);
        world.quiz_is_away = false;
        world.look(end + 502);
        let first = attempts(&world)[0].0;
        let expected = if counts { Claimed } else { Expired };
        assert_eq!(
            first,
            expected,
            "sent {} at tick {}",
            create_time - end,
            tick - end
        );
    }
}

#[test]
fn a_unit_expires_once_no_claim_of_it_can_be_on_its_way_v_5() {
    let at = sealed(1) + 30;
    let end = at + WINDOW;
    let mut world = told(at);
    world.quiz_is_away = true;
    let passed = |tick| record::claim::Passed::new(tick);
    world.claims.pass(0, &passed(end + CLAIM_GRACE_S - 1));
    assert_eq!(steps(&world.look(end + 9000)), 0);
    assert_eq!(attempts(&world), [(Notified, None)]);
    world.claims.pass(0, &passed(end + CLAIM_GRACE_S));
    world.look(end + 9000);
    assert_eq!(attempts(&world), [(Expired, None), (Awarded, None)]);
    // He is too late now, whatever his message says of its time: the alternate has the unit.
    world.sends(1, end - 1, end);
    world.sends(2, end + 8999, end + 9000);
    assert_eq!(
        steps(&world.look(end + 9001)),
        0,
        "nor was it the alternate's then"
    );
    let own = world.sends(2, end + 9002, end + 9002);
    world.look(end + 9003);
    assert_eq!(attempts(&world), [(Expired, None), (Claimed, Some(own))]);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
}

#[test]
fn one_message_claims_every_unit_that_he_has_then_and_none_that_comes_later() {
    let more = format!(
        "[eligible]\none_prize_per = \"nothing\"\n{}",
        phones(6, 0, 1)
    );
    let mut world = World::new(&more);
    for round in 1..=2 {
        world.concludes(Some(round), in_order(&[1, 2]));
        world.look(sealed(round));
    }
    let both = world.sends(1, sealed(2) + 5, sealed(2) + 5);
    world.look(sealed(2) + 6);
    world.concludes(Some(3), in_order(&[1, 2]));
    world.look(sealed(3));
    let by = |world: &World, round| {
        let held = world.holder(slot(round, 1)).unwrap();
        (held.state, held.claim.map(|claim| claim.offset))
    };
    for (round, expected) in [
        (1, (Claimed, Some(both))),
        (2, (Claimed, Some(both))),
        (3, (Awarded, None)),
    ] {
        assert_eq!(by(&world, round), expected, "round {round}");
    }
    let again = world.sends(1, sealed(3) + 1, sealed(3) + 1);
    world.look(sealed(3) + 2);
    assert_eq!(by(&world, 3), (Claimed, Some(again)));
    assert_eq!(without_effect(&world.state, ID, &world.claims), 0);
}

#[test]
fn who_has_claimed_keeps_his_unit_when_the_result_is_corrected_q_22() {
    for claims in [false, true] {
        let mut world = World::new(&format!("correction = \"replace\"\n{}", phones(4, 1, 1)));
        world.concludes(Some(1), in_order(&[1, 2]));
        world.look(sealed(1));
        if claims {
            world.sends(1, sealed(1) + 1, sealed(1) + 1);
            world.look(sealed(1) + 2);
        }
        world.corrects(1, in_order(&[2, 1]));
        world.look(sealed(1) + 3);
        let first = attempts(&world)[0].0;
        assert_eq!(first, if claims { Claimed } else { Revoked });
    }
}

/// The step by which fan 1 claims, as control may find it.
fn step(world: &World, change: impl Fn(&mut AwardAct)) -> Act {
    let mut ahead = World::new(&phones(4, 0, 1));
    ahead.concludes(Some(1), in_order(&[1, 2, 3]));
    ahead.look(sealed(1));
    ahead.sends(1, sealed(1) + 5, sealed(1) + 5);
    let due = ahead.look(sealed(1) + 6);
    let Some(Act::Award(act)) = due.acts.first() else {
        panic!("{due:?}");
    };
    let mut act = act.clone();
    assert_eq!(act.award, world.holder(slot(1, 1)).unwrap().given.award);
    change(&mut act);
    Act::Award(act)
}

#[test]
fn a_claim_that_is_not_of_its_time_or_says_more_than_that_is_void_for_everyone() {
    let at = sealed(1) + 3;
    let end = at + WINDOW;
    type Change = fn(&mut AwardAct, i64);
    let void: [(Change, &str); 7] = [
        (|act, _| act.state = Notified, "it notifies"),
        (|act, _| act.state = Declined, "it declines"),
        (|act, _| act.actor = "ann".to_owned(), "an operator's"),
        (|act, _| act.attempt = 2, "of another attempt"),
        (
            |act, _| act.claim.as_mut().unwrap().create_time = sealed(1) - 1,
            "too early",
        ),
        (
            |act, end| act.claim.as_mut().unwrap().create_time = end,
            "too late",
        ),
        (
            |act, end| act.claim.as_mut().unwrap().tick = end + CLAIM_GRACE_S,
            "too long on its way",
        ),
    ];
    for (change, what) in void {
        let mut world = told(at);
        let before = world.ledger();
        let applied = world.apply(&step(&world, |act| change(act, end)));
        assert!(matches!(applied, Applied::Void(_)), "{what}");
        assert_eq!(world.ledger(), before, "{what}");
    }
    let mut world = told(at);
    let act = step(&world, |_| {});
    assert_eq!(world.apply(&act), Applied::Valid);
    let before = world.ledger();
    assert!(matches!(world.apply(&act), Applied::Void(_)), "twice");
    assert_eq!(world.ledger(), before);
}
