//! Corrected results and what they do to units, by each policy.

use crate::cast::{in_order, phones, sealed, slot};
use crate::common::World;
use coordinator::prizes::Why;
use record::rounds::UnitState::{Claimed, Declined, Notified, Revoked};

/// Six phones, two of them in reserve, and this policy.
fn with(policy: &str, n: u32) -> World {
    let more = format!("correction = \"{policy}\"\n{}", phones(3 * n + 3, 2, n));
    let mut world = World::new(&more);
    world.concludes(Some(1), in_order(&[1, 2, 3, 4]));
    world.look(sealed(1));
    world
}

/// Worked example Q-e: one who was wrong by the first key precedes the winner; both get a phone.
#[test]
fn announced_winners_keep_and_the_rightful_get_units_of_the_reserve_q_22() {
    let mut world = with("keep_announced", 1);
    world.operator(slot(1, 1), Notified, sealed(1)).unwrap();
    world.corrects(1, in_order(&[7, 1, 2, 3]));
    world.look(sealed(1) + 180);
    let extra = world.holder(slot(1, 2)).unwrap();
    assert_eq!(
        (world.fan(slot(1, 1)), world.fan(slot(1, 2))),
        (Some(1), Some(7))
    );
    assert_eq!(
        (extra.given.unit, extra.given.place),
        (5, 1),
        "units 5 and 6 are the reserve"
    );
    assert_eq!(extra.given.reason, "by correction, of the reserve");
    // The kept winner declines: as many as have won hold units, so nobody follows.
    world
        .operator(slot(1, 1), Declined, sealed(1) + 200)
        .unwrap();
    let due = world.look(sealed(1) + 200);
    assert_eq!((world.fan(slot(1, 1)), due.open), (None, vec![]));
}

#[test]
fn a_key_that_was_wrong_twice_gives_as_long_as_the_reserve_lasts_q_22() {
    let mut world = with("keep_announced", 1);
    for (fan, times) in (7..=9).zip(1..) {
        world.corrects(1, in_order(&[fan, 1, 2]));
        let due = world.look(sealed(1) + 180 * times);
        assert_eq!(world.fan(slot(1, 1)), Some(1));
        let place = slot(1, u32::try_from(times).unwrap() + 1);
        if times == 3 {
            assert_eq!(world.fan(place), None);
            assert_eq!((due.open[0].place, due.open[0].why), (place, Why::Reserve));
        } else {
            assert_eq!(world.fan(place), Some(fan));
        }
    }
    // The same winners again: nothing is given twice.
    world.corrects(1, in_order(&[1, 7, 8]));
    let due = world.look(sealed(1) + 900);
    assert_eq!(due.open, []);
    assert_eq!(world.ledger().slots().count(), 3);
}

#[test]
fn a_correction_while_the_next_round_has_its_winner_gives_nobody_two_q_21() {
    let mut world = with("keep_announced", 1);
    world.concludes(Some(2), in_order(&[7, 8]));
    world.look(sealed(2));
    assert_eq!(world.fan(slot(2, 1)), Some(7));
    world.corrects(1, in_order(&[7, 1]));
    let due = world.look(sealed(2) + 10);
    assert_eq!(world.fan(slot(1, 2)), None, "fan 7 has a phone");
    assert_eq!(due.open, []);
}

#[test]
fn winners_who_were_not_told_are_replaced_q_22() {
    let mut world = with("replace", 1);
    world.corrects(1, in_order(&[7, 1, 2, 3]));
    world.look(sealed(1) + 30);
    let ledger = world.ledger();
    let attempts = ledger.attempts(&slot(1, 1));
    assert_eq!((attempts[0].state, attempts[0].by_hand), (Revoked, false));
    assert_eq!(world.fan(slot(1, 1)), Some(7));
    assert_eq!((attempts[1].given.unit, attempts[1].given.attempt), (1, 2));
    // And back again: the first key was right after all.
    world.corrects(1, in_order(&[1, 2, 3, 7]));
    world.look(sealed(1) + 40);
    assert_eq!(world.fan(slot(1, 1)), Some(1));
    assert_eq!(world.ledger().attempts(&slot(1, 1)).len(), 3);
}

#[test]
fn who_was_told_is_not_replaced_q_22() {
    let mut world = with("replace", 2);
    world.operator(slot(1, 1), Notified, sealed(1)).unwrap();
    world.operator(slot(1, 1), Claimed, sealed(1)).unwrap();
    world.corrects(1, in_order(&[7, 8, 1, 2]));
    world.look(sealed(1) + 30);
    assert_eq!(world.fan(slot(1, 1)), Some(1), "he has claimed");
    assert_eq!(world.fan(slot(1, 2)), Some(8), "fan 2 knew of nothing");
    assert_eq!(
        world.ledger().slots().count(),
        2,
        "fan 7's slot is kept by another"
    );
}

/// One of two winners falls away and the other one's slot becomes the first: units stay where they are.
#[test]
fn who_still_wins_keeps_his_unit_on_whatever_slot_q_22() {
    let mut world = with("replace", 2);
    world.corrects(1, in_order(&[2, 7, 1, 3]));
    world.look(sealed(1) + 30);
    assert_eq!(
        (world.fan(slot(1, 1)), world.fan(slot(1, 2))),
        (Some(7), Some(2))
    );
    let held = world.holder(slot(1, 1)).unwrap();
    assert_eq!(held.given.reason, "by correction");
    // An alternate goes by the corrected ranking: fan 1 stands third in it.
    world
        .operator(slot(1, 2), Declined, sealed(1) + 31)
        .unwrap();
    world.look(sealed(1) + 32);
    assert_eq!(world.fan(slot(1, 2)), Some(1));
}

#[test]
fn a_round_that_becomes_void_takes_back_what_nobody_was_told_of_q_22() {
    let mut world = with("void", 2);
    world.operator(slot(1, 1), Notified, sealed(1)).unwrap();
    world.corrects(1, in_order(&[7, 8, 1, 2]));
    world.look(sealed(1) + 30);
    assert_eq!(
        (world.fan(slot(1, 1)), world.fan(slot(1, 2))),
        (Some(1), None)
    );
    world
        .operator(slot(1, 1), Declined, sealed(1) + 40)
        .unwrap();
    let due = world.look(sealed(1) + 50);
    assert_eq!(
        (world.fan(slot(1, 1)), due.open),
        (None, vec![]),
        "nobody new wins"
    );
    // Who won nothing in the end may win the next round.
    world.concludes(Some(2), in_order(&[7, 8]));
    world.look(sealed(2));
    assert_eq!(
        (world.fan(slot(2, 1)), world.fan(slot(2, 2))),
        (Some(7), Some(8))
    );
}
