//! Awards and announcements in the fold of control (Q-20, Q-31, V-6). Every void record changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use control::ControlState;
use control::ledger::{Ledger, Place};
use control::state::Applied;
use record::acts::{Act, CampaignAct};
use record::hexed::Hex;
use record::rounds::{
    Announcement, AwardAct, ResultAct, RoundAct, RoundVerb, SealDecided, SealReq, StandingsAct,
    UnitState,
};

/// One phone after each of twelve rounds: 14 units, 2 of them in reserve; one phone per fan.
const FESTIVAL: &str = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");
const ID: &str = "fanfest-2013-04-09";
const START: i64 = 1_365_487_200;
const STATES: [UnitState; 7] = [
    UnitState::Awarded,
    UnitState::Notified,
    UnitState::Claimed,
    UnitState::Fulfilled,
    UnitState::Declined,
    UnitState::Expired,
    UnitState::Revoked,
];

/// A log of control, record by record.
#[derive(Default)]
struct Control {
    state: ControlState,
    next: u64,
}

impl Control {
    /// The festival with results of these rounds.
    fn after(rounds: &[u16]) -> Self {
        let mut control = Self::default();
        assert!(control.says(&Act::Campaign(CampaignAct {
            v: 1,
            id: ID.to_owned(),
            account: "mi".to_owned(),
            version: 1,
            expect_version: 0,
            toml: FESTIVAL.to_owned(),
            sha256: record::identity::sha256(FESTIVAL.as_bytes()),
            effective: 0,
            actor: "ann".to_owned(),
            reason: String::new(),
        })));
        for round in rounds {
            assert!(control.concludes(*round, None));
        }
        control
    }

    /// Whether the record holds; a void one leaves the awards as they were.
    fn says(&mut self, act: &Act) -> bool {
        let before = self.state.awards().of(ID).cloned().unwrap_or_default();
        let applied = self.state.apply(self.next, act);
        self.next += 1;
        let held = applied == Applied::Valid;
        assert!(held || self.ledger() == before, "{applied:?} changed it");
        held
    }

    fn ledger(&self) -> Ledger {
        self.state.awards().of(ID).cloned().unwrap_or_default()
    }

    /// Seals a round that is not sealed, and says its result.
    fn concludes(&mut self, round: u16, corrects: Option<u64>) -> bool {
        let open = START + 600 * i64::from(round - 1);
        if corrects.is_none() {
            assert!(self.says(&Act::SealReq(SealReq {
                v: 1,
                campaign: ID.to_owned(),
                round,
                members: Vec::new(),
                at: open + 335,
            })));
            assert!(self.says(&Act::SealDecided(SealDecided {
                v: 1,
                campaign: ID.to_owned(),
                round,
                req: self.next - 1,
                version: 1,
                sha256: record::identity::sha256(FESTIVAL.as_bytes()),
                open,
                close: open + 300,
                members: Vec::new(),
                missing: Vec::new(),
                at: open + 336,
            })));
        }
        if corrects.is_some() {
            // The same standings may stand already.
            self.says(&Act::Standings(StandingsAct {
                v: 1,
                campaign: ID.to_owned(),
                round: Some(round),
                digest: Hex([1; 32]),
                chunk: 0,
                of: 1,
                standings: String::new(),
            }));
        }
        let life = self.state.rounds().life(ID, Some(round)).unwrap();
        let ctl = life.decision.as_ref().unwrap().0;
        self.says(&Act::Result(ResultAct {
            v: 1,
            campaign: ID.to_owned(),
            round: Some(round),
            ctl,
            version: 1,
            record: "{}\n".to_owned(),
            record_sha256: Hex([0; 32]),
            standings: Hex([1; 32]),
            list: Hex([2; 32]),
            entrants: 0,
            answered: 0,
            correct: 0,
            made_after: None,
            corrects,
            actor: String::new(),
            reason: String::new(),
            at: 0,
        }))
    }

    fn result(&self, round: u16) -> u64 {
        let life = self.state.rounds().life(ID, Some(round)).unwrap();
        life.result.as_ref().unwrap().0
    }

    /// The unit of a round to a fan, as its first attempt.
    fn award(&self, round: u16, fan: u8, unit: u32) -> AwardAct {
        AwardAct {
            v: 1,
            campaign: ID.to_owned(),
            round: Some(round),
            result: self.result(round),
            award: place(round).id(ID),
            prize: "phone".to_owned(),
            unit,
            slot: 1,
            attempt: 1,
            place: 1,
            code: Hex([fan; 16]),
            state: UnitState::Awarded,
            claim: None,
            actor: String::new(),
            reason: String::new(),
            at: 1000,
        }
    }

    fn steps(&mut self, act: &AwardAct, state: UnitState, at: i64) -> bool {
        let mut act = act.clone();
        (act.state, act.at, act.actor) = (state, at, "ann".to_owned());
        self.says(&Act::Award(act))
    }
}

fn place(round: u16) -> Place {
    Place {
        round: Some(round),
        award: 1,
        slot: 1,
    }
}

/// `printf 'fanfest-2013-04-09\0round-03\0001\0001' | sha256sum`, and `…\0final\0002\00010`.
#[test]
fn an_award_id_is_the_hash_of_its_written_form_q_20() {
    let expected = "8e9337e37b43f6231bb5094112ad29d352877f76fdb865f5651d9cf16f423a87";
    assert_eq!(place(3).id(ID).to_string(), expected);
    let of_final = Place {
        round: None,
        award: 2,
        slot: 10,
    };
    let expected = "c8ea4f7c1131573f21b3fa1b83551b33542c09e3a1828771556929a7fa303628";
    assert_eq!(of_final.id(ID).to_string(), expected);
}

/// Every step from every state that can be reached.
#[test]
fn steps_follow_each_other_as_specified_and_never_repeat_q_20() {
    use UnitState::*;
    let ways: [&[UnitState]; 7] = [
        &[],
        &[Notified],
        &[Notified, Claimed],
        &[Notified, Claimed, Fulfilled],
        &[Declined],
        &[Expired],
        &[Notified, Revoked],
    ];
    let allowed = |before| match before {
        Awarded => vec![Notified, Declined, Expired, Revoked],
        Notified => vec![Claimed, Declined, Expired, Revoked],
        Claimed => vec![Fulfilled],
        _ => vec![],
    };
    for way in ways {
        for next in STATES {
            let mut control = Control::after(&[1]);
            let act = control.award(1, 7, 1);
            assert!(control.says(&Act::Award(act.clone())));
            assert!(way.iter().all(|state| control.steps(&act, *state, 2000)));
            let before = way.last().copied().unwrap_or(Awarded);
            let held = control.steps(&act, next, 3000);
            assert_eq!(
                held,
                allowed(before).contains(&next),
                "{before:?} -> {next:?}"
            );
        }
    }
}

#[test]
fn a_unit_is_never_with_two_and_a_slot_is_given_once_v_6() {
    let mut control = Control::after(&[1, 2]);
    let first = control.award(1, 7, 1);
    assert!(control.says(&Act::Award(first.clone())));
    assert!(!control.says(&Act::Award(first.clone())), "once");
    let mut again = control.award(1, 9, 2);
    assert!(
        !control.says(&Act::Award(again.clone())),
        "the slot is given"
    );
    again.attempt = 2;
    assert!(!control.says(&Act::Award(again.clone())), "and stays so");
    let other = control.award(2, 8, 1);
    assert!(
        !control.says(&Act::Award(other.clone())),
        "the unit is given"
    );
    assert!(control.steps(&first, UnitState::Declined, 2000));
    assert!(
        control.says(&Act::Award(other)),
        "a unit that came back is free"
    );
    assert!(control.says(&Act::Award(again)), "an alternate, unit 2");
    let ledger = control.ledger();
    assert_eq!(ledger.free_unit("phone", 1..=12), Some(3));
    assert_eq!(ledger.free_unit("phone", 1..=2), None);
    assert_eq!(ledger.attempts(&place(1)).len(), 2);
}

#[test]
fn a_fan_has_one_unit_of_a_class_and_numbers_are_those_of_the_stock_q_21() {
    let mut control = Control::after(&[1, 2]);
    for unit in [0, 15] {
        let act = control.award(1, 7, unit);
        assert!(!control.says(&Act::Award(act)), "unit {unit} of 14");
    }
    let first = control.award(1, 7, 14);
    assert!(control.says(&Act::Award(first.clone())));
    let second = control.award(2, 7, 1);
    assert!(!control.says(&Act::Award(second.clone())), "he has a phone");
    assert!(control.steps(&first, UnitState::Revoked, 2000));
    assert!(control.says(&Act::Award(second)), "not any more");
}

#[test]
fn nothing_is_given_without_a_result_that_stands() {
    let mut control = Control::after(&[1]);
    let mut early = control.award(1, 7, 1);
    (early.round, early.award) = (Some(2), place(2).id(ID));
    assert!(!control.says(&Act::Award(early)), "round 2 has no result");
    let void = Act::Round(RoundAct {
        v: 1,
        campaign: ID.to_owned(),
        round: 3,
        verb: RoundVerb::Void,
        windows: Vec::new(),
        at: START,
        effective: START,
        actor: "ann".to_owned(),
        reason: String::new(),
    });
    assert!(control.says(&void));
    let mut of_void = control.award(1, 7, 1);
    (of_void.round, of_void.award) = (Some(3), place(3).id(ID));
    assert!(!control.says(&Act::Award(of_void)), "a void round has none");
    let stale = control.award(1, 7, 1);
    let before = control.result(1);
    assert!(control.concludes(1, Some(before)));
    assert!(
        !control.says(&Act::Award(stale)),
        "the result was corrected"
    );
    let wrong = [
        |act: &mut AwardAct| act.campaign = "other".to_owned(),
        |act: &mut AwardAct| act.award = Hex([1; 32]),
        |act: &mut AwardAct| act.slot = 2,
        |act: &mut AwardAct| act.place = 0,
        |act: &mut AwardAct| act.attempt = 2,
        |act: &mut AwardAct| act.prize = "box".to_owned(),
        |act: &mut AwardAct| act.round = None,
    ];
    for change in wrong {
        let mut act = control.award(1, 7, 1);
        change(&mut act);
        assert!(!control.says(&Act::Award(act.clone())), "{act:?}");
    }
    let act = control.award(1, 7, 1);
    assert!(control.says(&Act::Award(act)));
}

#[test]
fn a_step_is_about_the_attempt_in_force() {
    let mut control = Control::after(&[1]);
    let first = control.award(1, 7, 1);
    assert!(!control.steps(&first, UnitState::Notified, 1000), "not yet");
    assert!(control.says(&Act::Award(first.clone())));
    assert!(control.steps(&first, UnitState::Declined, 2000));
    let mut second = control.award(1, 8, 1);
    second.attempt = 2;
    assert!(control.says(&Act::Award(second.clone())));
    assert!(
        !control.steps(&first, UnitState::Notified, 3000),
        "the first attempt is over"
    );
    let mut other_fan = second.clone();
    other_fan.code = first.code;
    assert!(!control.steps(&other_fan, UnitState::Notified, 3000));
    assert!(control.steps(&second, UnitState::Notified, 3000));
    let ledger = control.ledger();
    let held = ledger.holder(&place(1)).unwrap();
    assert_eq!((held.told, held.state), (Some(3000), UnitState::Notified));
}

#[test]
fn a_public_text_follows_the_result_and_a_correction_replaces_it_q_31() {
    let mut control = Control::after(&[1]);
    let text = |control: &Control, text: &str, at| {
        Act::Announcement(Announcement {
            v: 1,
            campaign: ID.to_owned(),
            round: Some(1),
            result: control.result(1),
            text: text.to_owned(),
            at,
        })
    };
    let act = control.award(1, 7, 1);
    assert!(control.says(&Act::Award(act)));
    let first = text(&control, "…0a0b0c", 1500);
    assert!(control.says(&first));
    assert!(!control.says(&first), "nothing new");
    assert!(!control.says(&text(&control, "", 1500)));
    let told = |control: &Control| control.ledger().holder(&place(1)).unwrap().told;
    assert_eq!(told(&control), Some(1500), "the public text told him");
    let before = control.result(1);
    assert!(control.concludes(1, Some(before)));
    assert!(!control.says(&first), "it is of the old result");
    assert!(control.says(&text(&control, "更正", 1600)));
    assert_eq!(told(&control), Some(1500));
    let ledger = control.ledger();
    let (offset, stands) = ledger.announcement(Some(1)).unwrap();
    assert_eq!((*offset, &*stands.text), (control.next - 1, "更正"));
}
