//! Corrected results and what they do to units, by each policy.

use crate::cast::{code, in_order, phones, sealed, slot};
use crate::common::World;
use campaign::Correction;
use contest::{Remedy, Won};
use coordinator::prizes::{After, Why, remedies_after};
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

/// Everybody can read who has won: the wrong key is found three minutes later.
fn announced(policy: &str) -> World {
    let mut world = with(policy, 1);
    world.look(sealed(1) + 60);
    let text = world.text(Some(1)).unwrap();
    assert!(text.contains(&code(1).tail()), "{text}");
    let held = world.holder(slot(1, 1)).unwrap();
    assert_eq!((held.is_fresh(), held.told), (true, Some(sealed(1) + 60)));
    world
}

#[test]
fn who_stands_in_a_public_text_is_not_replaced_q_22() {
    let mut world = announced("replace");
    world.corrects(1, in_order(&[7, 1, 2, 3]));
    let due = world.look(sealed(1) + 180);
    assert_eq!(world.fan(slot(1, 1)), Some(1), "he was named in public");
    assert_eq!(world.ledger().slots().count(), 1, "fan 7's slot is kept");
    assert_eq!(due.open, []);
    let text = world.text(Some(1)).unwrap();
    let kept = format!("{}（保留）", code(1).tail());
    assert!(text.contains("更正") && text.contains(&kept), "{text}");
    // Wrong twice, and the next round is open.
    world.corrects(1, in_order(&[8, 7, 1, 2]));
    world.look(sealed(1) + 400);
    assert_eq!(world.fan(slot(1, 1)), Some(1));
    // The next round knows who has one, and is given as ever.
    world.concludes(Some(2), in_order(&[1, 7, 8]));
    world.look(sealed(2));
    assert_eq!(world.fan(slot(2, 1)), Some(7));
}

#[test]
fn a_round_that_becomes_void_leaves_what_the_public_was_told_q_22() {
    let mut world = announced("void");
    world.corrects(1, in_order(&[7, 1, 2, 3]));
    world.look(sealed(1) + 180);
    assert_eq!(world.fan(slot(1, 1)), Some(1), "he was named in public");
    let text = world.text(Some(1)).unwrap();
    let kept = format!("{}（保留）", code(1).tail());
    assert!(text.contains("结果作废") && text.contains(&kept), "{text}");
    world.corrects(1, in_order(&[8, 7, 1, 2]));
    world.look(sealed(1) + 400);
    assert_eq!(world.fan(slot(1, 1)), Some(1));
    world.concludes(Some(2), in_order(&[1, 7, 8]));
    world.look(sealed(2));
    assert_eq!(world.fan(slot(2, 1)), Some(7), "fan 1 has a phone");
    // He did not want it after all: nobody new wins a void round.
    world.operator(slot(1, 1), Declined, sealed(2) + 1).unwrap();
    let due = world.look(sealed(2) + 2);
    assert_eq!((world.fan(slot(1, 1)), due.open), (None, vec![]));
}

/// One second before the text is public nobody can know.
#[test]
fn a_correction_before_the_public_text_replaces_q_22() {
    for policy in ["replace", "void"] {
        let mut world = with(policy, 1);
        world.look(sealed(1) + 59);
        assert_eq!(world.text(Some(1)), None);
        world.corrects(1, in_order(&[7, 1, 2, 3]));
        world.look(sealed(1) + 59);
        let has = (policy == "replace").then_some(7);
        assert_eq!(world.fan(slot(1, 1)), has, "{policy}");
        world.look(sealed(1) + 120);
        let text = world.text(Some(1)).unwrap();
        assert!(!text.contains(&code(1).tail()), "{text}");
    }
}

/// What `rescore` shows is what becomes of units then, with those who declined and those who wait for stock.
#[test]
fn the_preview_of_a_correction_knows_how_units_stand_q_22() {
    let mut world = announced("replace");
    let winners = |fans: &[u64]| -> Vec<Won> {
        let won = |(slot, fan): (u32, &u64)| Won {
            slot,
            place: slot,
            code: code(*fan),
        };
        (1..).zip(fans).map(won).collect()
    };
    let after = After {
        round: Some(1),
        award: 1,
        result: None,
    };
    let shown = |world: &World, policy, before: &[u64], now: &[u64]| {
        let (before, now) = (winners(before), winners(now));
        remedies_after(&world.ledger(), policy, &after, &before, &now)
    };
    let keeps = [Remedy::Keep(code(1))];
    assert_eq!(shown(&world, Correction::Replace, &[1], &[7]), keeps);
    assert_eq!(shown(&world, Correction::Void, &[1], &[7]), keeps);
    // He declines and fan 2 follows, who is not told yet: the record still names fan 1.
    world
        .operator(slot(1, 1), Declined, sealed(1) + 90)
        .unwrap();
    world.look(sealed(1) + 90);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
    assert_eq!(
        shown(&world, Correction::Replace, &[1], &[7]),
        [Remedy::Revoke(code(2)), Remedy::Give(code(7))]
    );
    assert_eq!(
        shown(&world, Correction::KeepAnnounced, &[1], &[7]),
        [Remedy::Keep(code(2)), Remedy::FromReserve(code(7))]
    );
    // A slot that never had a unit: its winner by the record waits for stock, and nobody told him.
    assert_eq!(
        shown(&world, Correction::Replace, &[1, 5], &[7, 5]),
        [
            Remedy::Revoke(code(2)),
            Remedy::Keep(code(5)),
            Remedy::Give(code(7))
        ]
    );
}
