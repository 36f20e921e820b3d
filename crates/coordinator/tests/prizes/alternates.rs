//! Winners who do not take their unit, and who comes after them; schedules and stock.

use crate::cast::{START, barred, in_order, phones, right, sealed, slot};
use crate::common::World;
use contest::Bar;
use control::ledger::Place;
use coordinator::prizes::{Open, Why};
use record::rounds::UnitState::{
    Awarded, Claimed, Declined, Expired, Fulfilled, Notified, Revoked,
};

const HOUR: i64 = 3600;

/// Worked: rank 1 won before, rank 2 unfollowed, rank 3 gets the unit.
#[test]
fn who_won_before_or_has_unfollowed_is_passed_over_q_18() {
    let mut world = World::new(&phones(4, 1, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    let mut standings = in_order(&[1, 9, 3]);
    standings[1] = barred(2, 2, Bar::NotFollowing);
    world.concludes(Some(2), standings);
    world.look(sealed(2));
    assert_eq!(world.fan(slot(1, 1)), Some(1));
    let held = world.holder(slot(2, 1)).unwrap();
    assert_eq!(world.fan(slot(2, 1)), Some(3));
    assert_eq!(
        (held.given.place, held.given.attempt, held.given.unit),
        (3, 1, 2)
    );
    assert_eq!(
        world.kept.asked, 0,
        "the record names him; no standings are needed"
    );
}

#[test]
fn units_go_to_winners_in_the_order_of_slots_q_20() {
    let mut world = World::new(&phones(9, 0, 3));
    world.concludes(Some(1), in_order(&[5, 4, 3, 2]));
    let due = world.look(sealed(1));
    assert_eq!(due.open, []);
    for (number, fan) in (1..).zip([5, 4, 3]) {
        let held = world.holder(slot(1, number)).unwrap();
        assert_eq!(world.fan(slot(1, number)), Some(fan));
        assert_eq!((held.given.unit, held.state), (number, Awarded));
    }
}

#[test]
fn who_declines_is_followed_by_the_next_rank_and_his_unit_goes_on_q_18() {
    let mut world = World::new(&phones(6, 0, 2));
    let mut standings = in_order(&[1, 2, 3, 4, 5]);
    standings[2] = barred(3, 3, Bar::Excluded);
    world.concludes(Some(1), standings);
    world.look(sealed(1));
    world
        .operator(slot(1, 1), Declined, sealed(1) + 10)
        .unwrap();
    world.look(sealed(1) + 20);
    let held = world.holder(slot(1, 1)).unwrap();
    assert_eq!(world.fan(slot(1, 1)), Some(4));
    assert_eq!(
        (held.given.unit, held.given.attempt, held.given.place),
        (1, 2, 4)
    );
    assert_eq!(
        held.given.reason,
        "alternate; passed over: place 3 excluded"
    );
    // He declines too: the walk goes on below him, and never back to who declined.
    world
        .operator(slot(1, 1), Declined, sealed(1) + 30)
        .unwrap();
    world.look(sealed(1) + 40);
    assert_eq!(world.fan(slot(1, 1)), Some(5));
    world
        .operator(slot(1, 1), Declined, sealed(1) + 50)
        .unwrap();
    let due = world.look(sealed(1) + 60);
    let nobody = Open {
        place: slot(1, 1),
        prize: "phone".to_owned(),
        why: Why::Nobody,
    };
    assert_eq!(due.open, [nobody]);
    assert_eq!(world.fan(slot(1, 2)), Some(2));
}

#[test]
fn what_is_not_claimed_in_time_goes_to_the_next_q_20() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    let told = sealed(1) + 30;
    world.operator(slot(1, 1), Notified, told).unwrap();
    let due = world.look(told + 1);
    assert_eq!(due.again_at, Some(told + 48 * HOUR));
    assert_eq!(world.look(told + 48 * HOUR - 1).acts, []);
    world.look(told + 48 * HOUR);
    let ledger = world.ledger();
    let attempts = ledger.attempts(&slot(1, 1));
    assert_eq!(attempts[0].state, Expired);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
    // Who has claimed keeps it for ever.
    let told = told + 50 * HOUR;
    world.operator(slot(1, 1), Notified, told).unwrap();
    world.operator(slot(1, 1), Claimed, told + 1).unwrap();
    world.look(told + 500 * HOUR);
    world
        .operator(slot(1, 1), Fulfilled, told + 501 * HOUR)
        .unwrap();
    world.look(told + 1000 * HOUR);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
}

#[test]
fn nobody_loses_a_unit_that_he_could_not_know_of() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    // No notice was confirmed: the time runs from the public text on.
    let public = sealed(1) + 1000 * HOUR;
    world.look(public);
    assert_eq!(world.fan(slot(1, 1)), Some(1));
    assert_eq!(world.holder(slot(1, 1)).unwrap().told, Some(public));
    let due = world.look(public + HOUR);
    assert_eq!(due.again_at, Some(public + 48 * HOUR));
    world.look(public + 48 * HOUR);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
}

#[test]
fn who_unfollows_after_the_cut_is_revoked_by_an_operator_with_a_reason_q_18() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    world.operator(slot(1, 1), Revoked, sealed(1) + 5).unwrap();
    world.look(sealed(1) + 6);
    assert_eq!(world.ledger().attempts(&slot(1, 1))[0].state, Revoked);
    assert_eq!(world.fan(slot(1, 1)), Some(2), "never back to him");
}

/// An alternate has the prize of an earlier round by now, and one who is to get another one is no alternate.
#[test]
fn one_prize_for_each_fan_whenever_it_comes_q_21() {
    let mut world = World::new(&phones(6, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2, 3, 4]));
    world.look(sealed(1));
    world.operator(slot(1, 1), Declined, sealed(1) + 1).unwrap();
    world.look(sealed(1) + 2);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
    // Fan 2 is first in round 2: by the records of rounds he has nothing, but he has the alternate's unit.
    world.concludes(Some(2), in_order(&[2, 3, 5]));
    world.look(sealed(2));
    let held = world.holder(slot(2, 1)).unwrap();
    assert_eq!(world.fan(slot(2, 1)), Some(3));
    assert_eq!(
        held.given.reason,
        "alternate; passed over: place 1 already_holds"
    );
    assert_eq!(held.given.attempt, 1);
    // Round 3 is won by fan 4, whose unit is not given yet: he is no alternate of round 1.
    world.concludes(Some(3), in_order(&[4, 5]));
    world.operator(slot(1, 1), Declined, sealed(3)).unwrap();
    let due = world.look(sealed(3));
    assert_eq!(
        due.open.len(),
        1,
        "fans 3 and 4 have one each: nobody is left for round 1"
    );
    assert_eq!(world.fan(slot(3, 1)), Some(4));
}

#[test]
fn later_rounds_wait_for_the_earlier_ones_q_21() {
    let mut world = World::new(&phones(6, 0, 1));
    world.concludes(Some(2), in_order(&[1]));
    assert_eq!(world.look(sealed(2)).acts, []);
    world.concludes(Some(1), in_order(&[2]));
    world.look(sealed(2) + 1);
    assert_eq!(
        (world.fan(slot(1, 1)), world.fan(slot(2, 1))),
        (Some(2), Some(1))
    );
}

#[test]
fn without_standings_an_alternate_waits_and_nothing_else_does() {
    let mut world = World::new(&phones(6, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.concludes(Some(2), in_order(&[3, 4]));
    world.look(sealed(2));
    world.operator(slot(1, 1), Declined, sealed(2)).unwrap();
    let fields = std::mem::take(&mut world.kept.fields);
    let due = world.look(sealed(2) + 1);
    assert_eq!(due.open[0].why, Why::Standings);
    // Standings of another result are not taken for these.
    let result = world.result(Some(1)).unwrap().1;
    let other = world.result(Some(2)).unwrap().1;
    world
        .kept
        .fields
        .insert(result.standings, fields[&other.standings].clone());
    assert_eq!(world.look(sealed(2) + 2).open[0].why, Why::Standings);
    world.kept.fields = fields;
    world.look(sealed(2) + 3);
    assert_eq!(world.fan(slot(1, 1)), Some(2));
}

#[test]
fn a_schedule_releases_units_step_by_step_q_20() {
    let more = "[[prize]]\nid = \"box\"\ntitle = \"盒子\"\nunits = 5\nreserve = 1\nvalue_yuan = 299\n\
                release = [{ at = 2013-04-09T14:30:00+08:00, per_mille = 250 }, \
                { at = 2013-04-10T08:00:00+08:00, per_mille = 749 }, \
                { at = 2013-04-11T08:00:00+08:00, per_mille = 1000 }]\n\
                [[award]]\nprize = \"box\"\nafter = \"last_round\"\nmode = \"top\"\nn = 4\n";
    let mut world = World::new(more);
    for round in 1..=3 {
        world.concludes(Some(round), in_order(&[1]));
    }
    world.concludes(None, in_order(&[1, 2, 3, 4]));
    let day = 24 * HOUR;
    let (first, second, third) = (
        START + 1800,
        START - 6 * HOUR + day,
        START - 6 * HOUR + 2 * day,
    );
    let given = |world: &World| {
        let place = |slot| Place {
            round: None,
            award: 1,
            slot,
        };
        (1..=4)
            .filter(|slot| world.fan(place(*slot)).is_some())
            .count()
    };
    let due = world.look(first - 1);
    assert_eq!((given(&world), due.again_at), (0, Some(first)));
    let due = world.look(first);
    assert_eq!(given(&world), 1, "floor(4 · 250/1000)");
    assert!(due.open.iter().all(|open| open.why == Why::Release(second)));
    world.look(second);
    assert_eq!(given(&world), 2, "floor(4 · 749/1000)");
    world.look(third - 1);
    assert_eq!(given(&world), 2);
    let due = world.look(third);
    assert_eq!((given(&world), due.open), (4, vec![]));
}

/// A later version of the campaign has fewer units than slots are left.
#[test]
fn when_the_stock_runs_out_the_slot_stays_open_v_6() {
    let mut world = World::new(&phones(3, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.concludes(Some(2), in_order(&[3, 4]));
    world.look(sealed(2));
    world.publish(&phones(2, 0, 1).replace("\"each_round\"", "[3]"));
    world.concludes(Some(3), vec![right(5, 1)]);
    let due = world.look(sealed(3));
    assert_eq!(
        (due.open[0].place, due.open[0].why),
        (slot(3, 1), Why::Stock)
    );
    // A unit that comes back goes to the first slot that lacks one.
    world.operator(slot(2, 1), Declined, sealed(3) + 1).unwrap();
    let due = world.look(sealed(3) + 2);
    assert_eq!(world.fan(slot(2, 1)), Some(4));
    assert_eq!(due.open[0].place, slot(3, 1));
    // More units, and the winner gets his.
    world.publish(&phones(4, 0, 1).replace("\"each_round\"", "[3]"));
    let due = world.look(sealed(3) + 3);
    assert_eq!((world.fan(slot(3, 1)), due.open), (Some(5), vec![]));
}

#[test]
fn alternates_of_every_stand_before_the_next_slot_q_18() {
    let more = phones(6, 0, 1).replace(
        "mode = \"fastest\"\nn = 1",
        "mode = \"every\"\nk = 3\nmost = 2",
    );
    let mut world = World::new(&more);
    world.concludes(Some(1), in_order(&[1, 2, 3, 4, 5, 6, 7]));
    world.look(sealed(1));
    assert_eq!(
        (world.fan(slot(1, 1)), world.fan(slot(1, 2))),
        (Some(3), Some(6))
    );
    for expected in [Some(4), Some(5), None] {
        world.operator(slot(1, 1), Declined, sealed(1)).unwrap();
        world.look(sealed(1));
        assert_eq!(world.fan(slot(1, 1)), expected);
    }
    world.operator(slot(1, 2), Declined, sealed(1)).unwrap();
    world.look(sealed(1));
    assert_eq!(world.fan(slot(1, 2)), Some(7));
}
