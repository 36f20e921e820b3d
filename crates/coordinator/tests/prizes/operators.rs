//! Operators' steps of awards: what is said to them when a step does not hold.

use crate::cast::{ID, code, in_order, phones, sealed, slot};
use crate::common::World;
use coordinator::prizes::{AwardError, AwardRequest, award_act};
use record::rounds::UnitState::{self, Awarded, Claimed, Declined, Fulfilled, Notified, Revoked};

fn request(state: UnitState) -> AwardRequest {
    AwardRequest {
        campaign: ID.to_owned(),
        round: Some(1),
        prize: "phone".to_owned(),
        slot: 1,
        code: None,
        state,
        actor: "ann".to_owned(),
        reason: "by phone".to_owned(),
    }
}

fn given() -> World {
    let mut world = World::new(&phones(6, 0, 1));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    world
}

#[test]
fn a_step_names_who_and_why_and_follows_the_one_before_q_20() {
    let mut world = given();
    let early = world.operator(slot(1, 1), Claimed, sealed(1)).unwrap_err();
    assert_eq!(
        early.to_string(),
        "slot 1 of \"phone\" after round-01 of \"show\" is awarded: the unit is awarded: it cannot become claimed"
    );
    for state in [Notified, Claimed, Fulfilled] {
        let act = world.operator(slot(1, 1), state, sealed(1) + 1).unwrap();
        assert_eq!(
            (act.actor.as_str(), act.state, act.at),
            ("ann", state, sealed(1) + 1)
        );
    }
    let late = world.operator(slot(1, 1), Declined, sealed(1) + 2);
    assert!(matches!(late, Err(AwardError::Conflict(_))));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_way_out() {
    let world = given();
    let tail = Some(code(2).tail());
    let (other, prize) = ("other".to_owned(), "box".to_owned());
    type Change = Box<dyn Fn(&mut AwardRequest)>;
    let cases: Vec<(Change, &str)> = vec![
        (Box::new(|r| r.state = Awarded), "by results alone"),
        (
            Box::new(|r| r.reason = " ".to_owned()),
            "a reason is needed",
        ),
        (Box::new(|r| r.actor = String::new()), "an actor is needed"),
        (Box::new(|r| r.code = Some("12345".to_owned())), "six"),
        (
            Box::new(|r| r.code = Some("xyzxyz".to_owned())),
            "hexadecimal",
        ),
        (Box::new(move |r| r.code = tail.clone()), "not to that code"),
        (Box::new(move |r| r.campaign = other.clone()), "never given"),
        (Box::new(move |r| r.prize = prize.clone()), "never given"),
        (Box::new(|r| r.slot = 2), "never given"),
        (Box::new(|r| r.round = None), "after final"),
    ];
    for (change, said) in cases {
        let mut wrong = request(Revoked);
        change(&mut wrong);
        let error = award_act(&world.state, &wrong, 0).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let mut right = request(Revoked);
    right.code = Some(code(1).tail().to_uppercase());
    assert!(award_act(&world.state, &right, 0).is_ok());
}

/// Two awards after one round give the same prize: the slot alone names two winners.
#[test]
fn a_slot_of_two_awards_is_told_apart_by_the_code() {
    let second = "[[award]]\nprize = \"phone\"\nafter = \"each_round\"\nmode = \"draw\"\namong = \"answered\"\nn = 1\n";
    let mut world = World::new(&format!("{}{second}", phones(6, 0, 1)));
    world.concludes(Some(1), in_order(&[1, 2]));
    world.look(sealed(1));
    let twice = award_act(&world.state, &request(Notified), 0).unwrap_err();
    assert!(
        twice.to_string().contains("name the winner's code"),
        "{twice}"
    );
    for fan in [1, 2] {
        let mut named = request(Notified);
        named.code = Some(code(fan).to_string());
        let act = award_act(&world.state, &named, 0).unwrap();
        assert_eq!(act.code.0, code(fan).0);
    }
}
