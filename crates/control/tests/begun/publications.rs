//! At every moment of a round: which publications hold, and which version judges.

use crate::common::{CLOSE, Control, FESTIVAL, ID, OPEN};
use record::acts::{Act, CAMPAIGN_VERSION, CORRECTS_WINDOWS, KEEPS_WINDOWS};
use record::hexed::Hex;
use record::rounds::{ListAct, ResultAct, RoundVerb};

/// The file with something of round 3 changed.
fn edited(from: &str, to: &str) -> String {
    let (head, third) = FESTIVAL.split_once("number = 3\n").unwrap();
    let edited = format!("{head}number = 3\n{}", third.replacen(from, to, 1));
    assert_ne!(edited, FESTIVAL, "{from}");
    edited
}

fn closing_later() -> String {
    edited(
        "close = 2013-04-09T14:25:00+08:00",
        "close = 2013-04-09T14:26:00+08:00",
    )
}

fn opening_later() -> String {
    edited(
        "open = 2013-04-09T14:20:00+08:00",
        "open = 2013-04-09T14:20:30+08:00",
    )
}

fn rekeyed() -> String {
    edited("key = [\"C\"]", "key = [\"A\"]")
}

/// The file without round 3.
fn without() -> String {
    let (head, rest) = FESTIVAL.split_once("[[round]]\nnumber = 3\n").unwrap();
    let (_, fourth) = rest.split_once("[[round]]\n").unwrap();
    format!("{head}[[round]]\n{fourth}")
}

/// Moments of round 3: what has been said of it, and the coordinator's time.
type Moment = (&'static str, i64, fn(&mut Control));

const MOMENTS: [Moment; 9] = [
    ("planned", OPEN - 1, |_| {}),
    ("opens", OPEN, |_| {}),
    ("is open", OPEN + 200, |_| {}),
    ("is near its close", CLOSE - 1, |_| {}),
    ("closes", CLOSE, |_| {}),
    ("is closed", CLOSE + 34, |_| {}),
    ("is being sealed", CLOSE + 36, |control| {
        control.requests(3, CLOSE + 35);
    }),
    ("is sealed", CLOSE + 40, |control| {
        control.seals(3);
    }),
    ("has a result", CLOSE + 60, |control| {
        let ctl = control.seals(3);
        assert!(control.concludes(3, ctl, None));
    }),
];

#[test]
fn a_publication_moves_no_window_of_a_round_that_has_begun_q_4() {
    for (moment, at, comes) in MOMENTS {
        for (what, toml) in [
            ("closes later", closing_later()),
            ("opens later", opening_later()),
            ("is gone", without()),
        ] {
            let mut control = Control::published();
            comes(&mut control);
            let held = control.publishes(&toml, at);
            // By such a file a correction may judge; what goes on keeps the window.
            let corrects = moment == "has a result" && what == "opens later";
            let moves = moment == "planned";
            assert_eq!(held, moves || corrects, "{what} when it {moment}");
            let expected = (OPEN, CLOSE);
            if !moves {
                assert_eq!(control.window(3), expected, "{what} when it {moment}");
            }
        }
        // Everything else may change, its key too, until the decision names a version.
        let mut control = Control::published();
        comes(&mut control);
        assert!(
            control.publishes(&rekeyed(), at),
            "another key when it {moment}"
        );
        assert_eq!(control.window(3), (OPEN, CLOSE));
    }
}

/// A coordinator that was overtaken says an old time: what control says of the round counts all the same.
#[test]
fn a_late_publication_by_an_old_clock_moves_nothing_that_is_being_sealed_q_4() {
    let mut control = Control::published();
    control.requests(3, CLOSE + 35);
    assert!(!control.publishes(&closing_later(), OPEN - 1));
    assert!(control.publishes(&rekeyed(), OPEN - 1));
}

#[test]
fn what_operators_have_moved_is_held_against_where_it_stands_q_4() {
    let mut control = Control::published();
    assert!(control.acts(RoundVerb::Extend, 3, OPEN + 10, &[(OPEN, CLOSE + 60)]));
    // The file as it was, and any other window of a round that operators have moved: theirs stands.
    assert!(control.publishes(FESTIVAL, OPEN + 20));
    assert!(control.publishes(&closing_later(), OPEN + 30));
    assert_eq!(control.window(3), (OPEN, CLOSE + 60));
    // A round that counts no more has no window to keep, and can go.
    let mut control = Control::published();
    assert!(control.acts(RoundVerb::Void, 3, OPEN + 10, &[]));
    assert!(control.publishes(&without(), OPEN + 20));
}

#[test]
fn no_publication_opens_a_round_in_the_past_q_4() {
    let sooner = || {
        edited(
            "open = 2013-04-09T14:20:00+08:00",
            "open = 2013-04-09T14:18:00+08:00",
        )
    };
    for (at, holds) in [(OPEN - 121, true), (OPEN - 120, false), (OPEN - 60, false)] {
        let mut control = Control::published();
        assert_eq!(control.publishes(&sooner(), at), holds, "{at}");
    }
    // A round that was not there before: as long as it is still to come.
    for (at, holds) in [(OPEN - 1, true), (OPEN, false), (CLOSE + 100, false)] {
        let mut control = Control::default();
        assert!(control.publishes(&without(), OPEN - 3_600));
        assert_eq!(control.publishes(FESTIVAL, at), holds, "{at}");
    }
    // A first publication may come at any time.
    assert!(Control::default().publishes(FESTIVAL, CLOSE + 100));
}

/// The key that judges is that of the newest version before the decision.
#[test]
fn the_decision_names_the_version_that_stands_before_it() {
    let mut control = Control::published();
    let req = control.requests(3, CLOSE + 35);
    let by_the_first = control.decision(3, req);
    assert!(control.publishes(&rekeyed(), CLOSE + 36));
    // Prepared before the publication, written after it: void, and the next one names the new version.
    assert!(!control.says(&Act::SealDecided(by_the_first)));
    let by_the_second = control.decision(3, req);
    assert_eq!((by_the_second.version, by_the_second.close), (2, CLOSE));
    assert!(control.says(&Act::SealDecided(by_the_second)));
    // From here on another key is a correction.
    assert!(control.publishes(FESTIVAL, CLOSE + 40));
    let life = control.state.rounds().life(ID, Some(3)).unwrap();
    assert_eq!(life.decision.as_ref().unwrap().1.version, 2);
}

#[test]
fn entrant_codes_stay_once_a_round_is_sealed_q_21() {
    let salted = FESTIVAL.replace("[draw]\n", "[draw]\nsalt = \"another\"\n");
    assert_ne!(salted, FESTIVAL);
    let mut control = Control::published();
    assert!(control.publishes(&salted, OPEN));
    control.seals(1);
    assert!(!control.publishes(FESTIVAL, OPEN));
    assert!(control.publishes(&salted, OPEN));
}

/// A log from before the rule is read as it was read then.
#[test]
fn an_older_publication_stays_what_it_was_q_4() {
    let mut control = Control::published();
    control.schema = KEEPS_WINDOWS - 1;
    assert!(control.publishes(&closing_later(), OPEN + 10));
    assert_eq!(control.window(3), (OPEN, CLOSE + 60));
    control.schema = CAMPAIGN_VERSION;
    assert!(!control.publishes(FESTIVAL, OPEN + 20));
}

/// Round 3 has a result, decided 36 s after its close.
fn concluded() -> Control {
    let mut control = Control::published();
    let ctl = control.seals(3);
    assert!(control.concludes(3, ctl, None));
    control
}

#[test]
fn a_window_is_corrected_up_to_the_seal_and_no_further_q_22() {
    let close = |at: &str| {
        edited(
            "close = 2013-04-09T14:25:00+08:00",
            &format!("close = 2013-04-09T{at}+08:00"),
        )
    };
    for (at, holds) in [
        ("14:24:00", true),
        ("14:25:36", true),
        ("14:25:37", false),
        ("14:29:00", false),
    ] {
        let mut control = concluded();
        assert_eq!(control.publishes(&close(at), CLOSE + 60), holds, "{at}");
        assert_eq!(control.window(3), (OPEN, CLOSE), "{at}");
        // It can be put back, and a later file keeps it as it is or changes something else.
        assert!(control.publishes(FESTIVAL, CLOSE + 70));
        if holds {
            assert!(control.publishes(&close(at), CLOSE + 80));
            assert!(control.publishes(&close(at), CLOSE + 90));
        }
        assert_eq!(control.window(3), (OPEN, CLOSE), "{at}");
    }
    // A log from before it was allowed is read as it was read then.
    let mut control = concluded();
    control.schema = CORRECTS_WINDOWS - 1;
    assert!(!control.publishes(&close("14:24:00"), CLOSE + 60));
}

/// Round 2 was extended into what the file leaves free before round 3: the correction would have them overlap.
#[test]
fn a_corrected_window_leaves_the_other_rounds_where_they_stand_q_22() {
    let opens = edited(
        "open = 2013-04-09T14:20:00+08:00",
        "open = 2013-04-09T14:16:00+08:00",
    );
    assert!(concluded().publishes(&opens, CLOSE + 60));
    let mut control = Control::published();
    let second = (OPEN - 600, OPEN - 200);
    assert!(control.acts(RoundVerb::Extend, 2, OPEN - 400, &[second]));
    let ctl = control.seals(3);
    assert!(control.concludes(3, ctl, None));
    assert!(!control.publishes(&opens, CLOSE + 60));
    assert!(control.publishes(FESTIVAL, CLOSE + 60));
}

/// An operator had round 3 open sooner than in the file, and sealed: the file's window, still to come, is no correction.
#[test]
fn the_window_of_a_round_that_operators_moved_is_no_correction_q_22() {
    let mut control = Control::published();
    let sooner = (OPEN - 100, CLOSE - 200);
    assert!(control.acts(RoundVerb::Open, 3, OPEN - 100, &[sooner]));
    let ctl = control.seals(3);
    assert!(control.concludes(3, ctl, None));
    assert!(control.publishes(&rekeyed(), CLOSE - 100));
    assert_eq!(control.window(3), sooner);
    // Another one than the file that judged it has is one, and closes behind the cut.
    assert!(!control.publishes(&closing_later(), CLOSE - 90));
}

/// Two that lead for a moment: once one has published who takes part in the final draw, the other changes it no more.
#[test]
fn while_the_final_draw_is_under_way_no_round_is_added_or_corrected_q_22() {
    for draws in [false, true] {
        let mut control = Control::default();
        assert!(control.publishes(&without(), OPEN - 3_600));
        let ctl = control.seals(1);
        assert!(control.concludes(1, ctl, None));
        if draws {
            let list = ListAct {
                v: 1,
                campaign: ID.to_owned(),
                round: None,
                ctl,
                list: Hex([2; 32]),
                count: 1,
                at: OPEN,
            };
            assert!(control.says(&Act::List(list)));
        }
        let (stands, first) = control.state.rounds().result(ID, Some(1)).unwrap();
        let correction = ResultAct {
            corrects: Some(*stands),
            ..first.clone()
        };
        let mut rounds = control.state.rounds().clone();
        assert_eq!(rounds.conclude(99, &correction).is_err(), draws);
        assert_eq!(control.publishes(FESTIVAL, OPEN - 1), !draws);
    }
}
