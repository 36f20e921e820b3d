//! Rounds in the fold of control: moved windows, seals, results (Q-3 … Q-6). Every void record changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use control::ControlState;
use control::state::Applied;
use record::acts::{Act, CampaignAct};
use record::hexed::Hex;
use record::rounds::{ResultAct, RoundAct, RoundVerb, SealDecided, SealReq, StandingsAct, Window};

const FESTIVAL: &str = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");
const ID: &str = "fanfest-2013-04-09";
/// 14:00:00 on the day; round k opens 600·(k−1) s later and lasts 300 s.
const START: i64 = 1_365_487_200;

fn open(round: u16) -> i64 {
    START + 600 * i64::from(round - 1)
}

fn publication(expect_version: u32) -> Act {
    Act::Campaign(CampaignAct {
        v: 1,
        id: ID.to_owned(),
        account: "mi".to_owned(),
        version: expect_version + 1,
        expect_version,
        toml: FESTIVAL.to_owned(),
        sha256: record::identity::sha256(FESTIVAL.as_bytes()),
        effective: 0,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    })
}

fn act(verb: RoundVerb, round: u16, at: i64, windows: &[(u16, i64, i64)]) -> RoundAct {
    let window = |&(round, open, close): &(u16, i64, i64)| Window { round, open, close };
    RoundAct {
        v: 1,
        campaign: ID.to_owned(),
        round,
        verb,
        windows: windows.iter().map(window).collect(),
        at,
        effective: at + 5,
        actor: "ann".to_owned(),
        reason: "the host speaks".to_owned(),
    }
}

fn request(round: u16, at: i64) -> Act {
    Act::SealReq(SealReq {
        v: 1,
        campaign: ID.to_owned(),
        round,
        members: vec![Hex([7; 8])],
        at,
    })
}

fn decision(round: u16, req: u64, window: (i64, i64)) -> Act {
    Act::SealDecided(SealDecided {
        v: 1,
        campaign: ID.to_owned(),
        round,
        req,
        version: 1,
        sha256: record::identity::sha256(FESTIVAL.as_bytes()),
        open: window.0,
        close: window.1,
        members: vec![Hex([7; 8])],
        missing: Vec::new(),
        at: window.1 + 36,
    })
}

fn result(round: u16, ctl: u64, corrects: Option<u64>) -> Act {
    Act::Result(ResultAct {
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
    })
}

/// A part of the standings behind [`result`].
fn standings(chunk: u32, of: u32) -> Act {
    Act::Standings(StandingsAct {
        v: 1,
        campaign: ID.to_owned(),
        round: Some(1),
        digest: Hex([1; 32]),
        chunk,
        of,
        standings: String::new(),
    })
}

/// A log of control, record by record.
#[derive(Default)]
struct Control {
    state: ControlState,
    next: u64,
}

impl Control {
    fn published() -> Self {
        let mut control = Self::default();
        assert!(control.says(&publication(0)));
        control
    }

    /// Whether the record holds.
    fn says(&mut self, act: &Act) -> bool {
        let applied = self.state.apply(self.next, act);
        self.next += 1;
        applied == Applied::Valid
    }

    fn does(&mut self, act: RoundAct) -> bool {
        let expected = self.state.would_act(&act).is_ok();
        let held = self.says(&Act::Round(act));
        assert_eq!(held, expected, "what would hold holds");
        held
    }

    fn window(&self, round: u16) -> (i64, i64) {
        let newest = self.state.newest().next().unwrap();
        let round = newest.compiled.campaign.round(round).unwrap();
        (round.open, round.close)
    }
}

#[test]
fn an_open_round_is_extended_until_fifteen_seconds_before_its_close_q_4() {
    let close = open(3) + 300;
    let longer = [(3, open(3), close + 120)];
    for (at, holds) in [
        (open(3) - 1, false),
        (open(3), true),
        (close - 15, true),
        (close - 14, false),
        (close + 40, false),
    ] {
        let mut control = Control::published();
        assert_eq!(
            control.does(act(RoundVerb::Extend, 3, at, &longer)),
            holds,
            "{at}"
        );
        let expected = if holds { close + 120 } else { close };
        assert_eq!(control.window(3), (open(3), expected));
    }
    let mut control = Control::published();
    for wrong in [
        (3, open(3), close),
        (3, open(3), close - 60),
        (3, open(3) - 1, close + 60),
        (3, open(3), open(4) + 1),
        (4, open(4), open(4) + 310),
    ] {
        assert!(
            !control.does(act(RoundVerb::Extend, 3, open(3) + 10, &[wrong])),
            "{wrong:?}"
        );
    }
}

#[test]
fn rounds_that_are_not_open_move_and_stay_moved_in_the_next_version_q_4() {
    let mut control = Control::published();
    let moved: Vec<_> = (11..=12)
        .map(|round| (round, open(round) + 60, open(round) + 360))
        .collect();
    assert!(
        !control.does(act(RoundVerb::Shift, 11, open(11), &moved)),
        "11 is open"
    );
    assert!(control.does(act(RoundVerb::Shift, 11, open(11) - 1, &moved)));
    assert_eq!(control.state.version_of(ID), 1, "no new version");
    assert!(control.says(&publication(1)));
    assert_eq!(control.window(11), (open(11) + 60, open(11) + 360));
    let now = open(12) - 100;
    assert!(control.does(act(RoundVerb::Open, 12, now, &[(12, now, now + 300)])));
    assert_eq!(control.window(12), (now, now + 300));
    let copied = control.state.pending_copies().len();
    assert_eq!(copied, 4, "folds see versions and acts");
}

#[test]
fn replies_learn_of_a_moved_round_from_its_effect_on() {
    let mut control = Control::published();
    let at = open(3) + 100;
    let number = control.state.snapshot_number();
    assert!(control.does(act(
        RoundVerb::Extend,
        3,
        at,
        &[(3, open(3), open(3) + 420)]
    )));
    assert!(control.state.snapshot_number() > number);
    let snapshot = control.state.snapshot();
    let closes = |create_time| {
        let published = snapshot.in_force("mi", create_time).unwrap();
        published.compiled.campaign.round(3).unwrap().close
    };
    assert_eq!(closes(at + 4), open(3) + 300);
    assert_eq!(closes(at + 5), open(3) + 420);
}

#[test]
fn the_first_request_and_the_first_decision_of_a_round_hold_q_5() {
    let window = (open(1), open(1) + 300);
    let mut control = Control::published();
    assert!(
        !control.says(&request(1, window.1 + 34)),
        "the grace is 35 s"
    );
    assert!(control.says(&request(1, window.1 + 35)));
    let req = control.next - 1;
    assert!(!control.says(&request(1, window.1 + 36)));
    assert_eq!(control.state.open_requests().len(), 1);
    assert!(
        !control.says(&decision(1, req + 1, window)),
        "of another request"
    );
    assert!(!control.says(&decision(1, req, (window.0, window.1 + 1))));
    assert!(!control.says(&decision(2, req, (open(2), open(2) + 300))));
    assert!(control.says(&decision(1, req, window)));
    assert!(!control.says(&decision(1, req, window)));
    assert!(control.state.open_requests().is_empty());
}

#[test]
fn a_round_that_is_being_sealed_does_not_move_and_a_published_one_is_not_void_q_4() {
    let window = (open(1), open(1) + 300);
    let mut control = Control::published();
    control.says(&request(1, window.1 + 35));
    let req = control.next - 1;
    let late = act(
        RoundVerb::Extend,
        1,
        window.1 - 15,
        &[(1, window.0, window.1 + 60)],
    );
    assert!(
        !control.does(late),
        "written by a coordinator that was overtaken"
    );
    assert!(control.does(act(RoundVerb::Seal, 1, window.1 + 40, &[])));
    assert!(control.says(&decision(1, req, window)));
    assert!(!control.does(act(RoundVerb::Seal, 1, window.1 + 41, &[])));
    let decided = control.next - 2;
    assert!(
        !control.says(&result(1, decided + 9, None)),
        "of another decision"
    );
    assert!(control.says(&result(1, decided, None)));
    assert!(!control.does(act(RoundVerb::Void, 1, window.1 + 60, &[])));
}

#[test]
fn a_void_round_is_neither_sealed_nor_published_q_4() {
    let window = (open(1), open(1) + 300);
    let mut control = Control::published();
    assert!(control.does(act(RoundVerb::Void, 1, window.0 + 10, &[])));
    assert!(!control.does(act(RoundVerb::Void, 1, window.0 + 11, &[])));
    assert!(!control.says(&request(1, window.1 + 35)));
    assert!(control.says(&request(2, open(2) + 335)));
    let req = control.next - 1;
    assert!(control.says(&decision(2, req, (open(2), open(2) + 300))));
    assert!(
        control.does(act(RoundVerb::Void, 2, open(2) + 340, &[])),
        "until it is published"
    );
    assert!(!control.says(&result(2, req + 1, None)));
}

#[test]
fn a_result_is_corrected_by_one_that_names_it_q_22() {
    let mut control = Control::published();
    control.says(&request(1, open(1) + 335));
    control.says(&decision(1, control.next - 1, (open(1), open(1) + 300)));
    let decided = control.next - 1;
    assert!(
        !control.says(&standings(0, 2)),
        "there is nothing to correct"
    );
    assert!(control.says(&result(1, decided, None)));
    let first = control.next - 1;
    assert!(
        !control.says(&result(1, decided, None)),
        "the first one holds"
    );
    assert!(!control.says(&result(1, decided, Some(first))), "by what?");
    let part = control.next;
    assert!(control.says(&standings(1, 2)));
    let none = [(1, 2), (0, 3), (2, 2), (0, 0), (0, 4_097)];
    for (chunk, of) in none {
        assert!(!control.says(&standings(chunk, of)), "{chunk} of {of}");
    }
    assert!(
        !control.says(&result(1, decided, Some(first))),
        "a part of its standings is missing"
    );
    assert!(control.says(&standings(0, 2)));
    let stands = control.next - 1;
    let parts = control.state.standings(ID, Hex([1; 32])).unwrap();
    assert_eq!(parts.whole(), Some(vec![stands, part]));
    assert!(control.says(&result(1, decided, Some(first))));
    let second = control.next - 1;
    assert!(
        !control.says(&result(1, decided, Some(first))),
        "it is corrected already"
    );
    assert!(control.says(&result(1, decided, Some(second))));
}
