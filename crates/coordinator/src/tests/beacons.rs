//! Draws at L2: a draw waits for its beacon, takes the one that its seal fixed and no other, and only behind its
//! list; what was said of it is a record, with who said it.

use super::correct::correct;
use super::operators::Desk;
use super::seals::fold;
use super::world::World;
use super::{Believes, CONTEST, log};
use crate::publish::{PublishError, PublishRequest};
use crate::rounds::{BeaconRequest, CorrectRequest, RoundError};
use contest::{Beacon, Finding};
use control::ControlState;
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{BeaconAct, ListAct, ResultAct};
use record::topics::CONTROL;
use serde_json::{Value, json};
use std::sync::Arc;

/// Close of the first round, thirteen years later, when there is a beacon; the second closes ten minutes after it.
pub(crate) const CLOSE: i64 = 1_775_714_700;
const SEAL: i64 = CLOSE + 35;

/// The contest at L2.
pub(crate) fn dear() -> String {
    let dear = CONTEST.replacen("level = \"L1\"", "level = \"L2\"", 1);
    dear.replace("2013-04-09T", "2026-04-09T")
}

fn value(digit: &str) -> String {
    digit.repeat(64)
}

impl Desk {
    fn beacon(&mut self, round: Option<u16>, said: Option<(u64, &str)>) -> Result<u64, RoundError> {
        let beacon = |(round, digit)| Beacon {
            round,
            value: value(digit),
        };
        let request = BeaconRequest {
            campaign: "small".to_owned(),
            round,
            value: said.map(beacon),
            actor: "ann".to_owned(),
            reason: if said.is_none() { "drand is down" } else { "" }.to_owned(),
        };
        self.lead.beacon(&self.around, &Believes, &request)
    }

    fn list(&self, round: Option<u16>) -> Option<(u64, ListAct)> {
        let state = self.around.control.state();
        state.rounds().life("small", round)?.list.clone()
    }

    /// Until the list of a draw stands; when it did.
    pub(crate) fn until_listed(&mut self, round: Option<u16>) -> i64 {
        self.until(|state| {
            let life = state.rounds().life("small", round);
            life.is_some_and(|life| life.list.is_some())
        });
        self.list(round).unwrap().1.at
    }

    fn record(&mut self, round: Option<u16>) -> Value {
        self.until(|state| state.rounds().result("small", round).is_some());
        let state = self.around.control.state();
        let (_, result) = state.rounds().result("small", round).unwrap();
        let list: String = [0_u8, 1]
            .map(|code| format!("{code:02x}").repeat(16) + "\n")
            .concat();
        let verdict = contest::verify(result.record.as_bytes(), list.as_bytes(), None);
        let fails = |found: &Finding| matches!(found, Finding::Fails(_));
        assert!(!verdict.findings.iter().any(fails), "{verdict:#?}");
        serde_json::from_str(&result.record).unwrap()
    }

    fn awaits(&self) -> String {
        self.around.board.lock().awaits.clone().unwrap_or_default()
    }

    /// Whether a draw has no result although time goes on.
    fn waits_still(&mut self, round: Option<u16>, until: i64) -> bool {
        self.tick(until);
        let state = self.around.control.state();
        state.rounds().result("small", round).is_none()
    }
}

fn refused<T: std::fmt::Debug>(done: Result<T, RoundError>, with: &str) {
    match done {
        Err(RoundError::Conflict(why)) => assert!(why.contains(with), "{with}: {why}"),
        other => panic!("{with}: {other:?}"),
    }
}

/// A sealed first round whose list stands.
fn sealed(log: &Arc<MemoryLog>) -> (World, Desk, u64) {
    let world = World::start(log, true);
    let mut desk = Desk::new(log, &dear());
    desk.tick(SEAL);
    desk.until_listed(Some(1));
    let due = contest::beacon_round(SEAL).unwrap();
    (world, desk, due)
}

#[test]
fn a_draw_waits_for_its_beacon_and_takes_no_other() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, &dear());
    let due = contest::beacon_round(SEAL).unwrap();
    desk.tick(CLOSE - 300);
    refused(desk.beacon(Some(1), Some((due, "a"))), "not sealed");
    refused(desk.beacon(None, Some((due, "a"))), "has no list yet");
    desk.tick(SEAL);
    assert_eq!(desk.until_listed(Some(1)), SEAL);
    assert!(desk.waits_still(Some(1), SEAL + 60));
    let awaits = desk.awaits();
    assert!(
        awaits.contains(&format!("waits for the beacon's round {due}, out at ")),
        "{awaits}"
    );
    for other in [due - 1, due + 1, 0, u64::MAX] {
        let wrong = format!("takes the beacon's round {due}, not {other}");
        refused(desk.beacon(Some(1), Some((other, "a"))), &wrong);
    }
    let ctl = desk.beacon(Some(1), Some((due, "a"))).unwrap();
    // The same again is the same; another value is too late.
    assert_eq!(desk.beacon(Some(1), Some((due, "a"))).unwrap(), ctl);
    refused(
        desk.beacon(Some(1), Some((due, "b"))),
        "has its beacon already",
    );
    let record = desk.record(Some(1));
    assert_eq!(
        (&record["level"], &record["fallback"]),
        (&json!("L2"), &Value::Null)
    );
    assert_eq!(record["beacon"], json!({"round": due, "value": value("a")}));
    assert_eq!(
        (&record["sealed_at"], &record["listed_at"]),
        (&json!(SEAL), &json!(SEAL))
    );
    refused(
        desk.beacon(Some(1), Some((due, "b"))),
        "drawn, or has its beacon",
    );
    drop((desk, world));
    let (_, valid) = fold(&log);
    let said: Vec<_> = valid
        .iter()
        .filter_map(|act| match act {
            Act::Beacon(said) => Some((said.round, said.number, said.value, said.actor.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(
        said,
        [(Some(1), Some(due), Some(Hex([0xaa; 32])), "ann")],
        "an act is a record (R-21)"
    );
}

#[test]
fn a_draw_does_without_when_the_beacon_is_ten_minutes_late_and_says_who_and_why() {
    let log = log();
    let (world, mut desk, _) = sealed(&log);
    assert!(desk.waits_still(Some(1), SEAL + 659));
    let late = format!(
        "can do without its beacon from {} on, not before",
        SEAL + 660
    );
    refused(desk.beacon(Some(1), None), &late);
    desk.tick(SEAL + 660);
    desk.beacon(Some(1), None).unwrap();
    let record = desk.record(Some(1));
    assert_eq!(
        (&record["level"], &record["beacon"]),
        (&json!("L1"), &Value::Null)
    );
    assert_eq!(
        record["fallback"],
        json!({"actor": "ann", "reason": "drand is down"})
    );
    drop((desk, world));
}

/// What was said of a beacon does not die with who was told.
#[test]
fn a_successor_knows_the_beacon() {
    for says in [true, false] {
        let log = log();
        let (world, mut desk, due) = sealed(&log);
        assert!(desk.waits_still(Some(1), SEAL + 660));
        let said = says.then_some((due, "c"));
        desk.beacon(Some(1), said).unwrap();
        drop(desk);
        let mut heir = Desk::over(&log);
        heir.tick(SEAL + 661);
        let record = heir.record(Some(1));
        let want = if says { "L2" } else { "L1" };
        assert_eq!(record["level"], want);
        assert_eq!(record["beacon"]["value"].as_str().is_some(), says);
        assert_eq!(record["fallback"]["actor"] == "ann", !says);
        drop((heir, world));
    }
}

/// Whoever could know the beacon when he made the list could try lists: such a draw is not called L2.
#[test]
fn a_list_that_came_after_the_beacon_makes_no_l2() {
    let log = log();
    let mut desk = Desk::new(&log, &dear());
    // No node has greeted, so nobody is waited for; no partition writes its share.
    desk.tick(SEAL);
    assert_eq!(desk.list(Some(1)), None);
    desk.tick(SEAL + 62);
    let world = World::start(&log, true);
    assert_eq!(desk.until_listed(Some(1)), SEAL + 62);
    let due = contest::beacon_round(SEAL).unwrap();
    assert!(desk.waits_still(Some(1), SEAL + 63));
    let awaits = desk.awaits();
    assert!(
        awaits.contains("cannot be L2: the list stood at") && awaits.contains("--without"),
        "{awaits}"
    );
    for round in [due, due + 1] {
        refused(
            desk.beacon(Some(1), Some((round, "a"))),
            "can take no beacon: the list stood at",
        );
    }
    // There is nothing to wait for.
    desk.beacon(Some(1), None).unwrap();
    let record = desk.record(Some(1));
    assert_eq!(
        (&record["level"], &record["fallback"]["actor"]),
        (&json!("L1"), &json!("ann"))
    );
    drop((desk, world));
}

/// A list must stand before its own beacon, whatever draws before it wait for; the final draw's beacon is fixed by its
/// list, because everything else of it is known by then.
#[test]
fn lists_wait_for_nobody_and_the_final_draw_has_a_beacon_of_its_own() {
    let log = log();
    let (world, mut desk, first) = sealed(&log);
    let second = SEAL + 600;
    desk.tick(second);
    assert_eq!(desk.until_listed(Some(2)), second);
    assert!(desk.waits_still(Some(1), second + 100) && desk.waits_still(Some(2), second + 100));
    let due = contest::beacon_round(second).unwrap();
    desk.beacon(Some(2), Some((due, "b"))).unwrap();
    assert!(
        desk.waits_still(Some(2), second + 101),
        "results come in the order of rounds"
    );
    desk.beacon(Some(1), Some((first, "a"))).unwrap();
    assert_eq!(desk.record(Some(2))["level"], "L2");
    let listed_at = desk.until_listed(None);
    assert_eq!(listed_at, second + 101);
    refused(
        desk.beacon(None, Some((due, "b"))),
        "takes the beacon's round",
    );
    let last = contest::beacon_round(listed_at).unwrap();
    desk.beacon(None, Some((last, "e"))).unwrap();
    let record = desk.record(None);
    assert_eq!(
        (&record["level"], &record["beacon"]["round"]),
        (&json!("L2"), &json!(last))
    );
    drop((desk, world));
}

/// While the final draw waits for its beacon, who takes part in it is fixed: nothing may change that.
#[test]
fn nothing_changes_the_board_while_the_final_draw_is_under_way() {
    let log = log();
    let (world, mut desk, first) = sealed(&log);
    desk.beacon(Some(1), Some((first, "a"))).unwrap();
    desk.tick(SEAL + 600);
    desk.until_listed(Some(2));
    let due = contest::beacon_round(SEAL + 600).unwrap();
    desk.beacon(Some(2), Some((due, "b"))).unwrap();
    let listed_at = desk.until_listed(None);
    let one = {
        let state = desk.around.control.state();
        let (ctl, result) = state.rounds().result("small", Some(1)).unwrap();
        ResultAct {
            corrects: Some(*ctl),
            ..result.clone()
        }
    };
    let request = CorrectRequest {
        results: vec![one],
        final_draw: None,
        as_new: false,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    let under_way = "the final draw of \"small\" is under way";
    refused(
        correct(&mut desk.lead, &desk.around, request.clone()),
        under_way,
    );
    let (head, rest) = dear()
        .split_once("[slots]")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let (_, second) = head.split_once("[[round]]\nnumber = 2").unwrap();
    let third = second.replace("T06:1", "T07:1");
    let longer = PublishRequest {
        toml: format!("{head}[[round]]\nnumber = 3{third}[slots]{rest}"),
        expect_version: 1,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    let published = desk.lead.publish(&desk.around, &Believes, &longer);
    assert!(
        matches!(&published, Err(PublishError::Conflict(why)) if why.contains(under_way)),
        "{published:?}"
    );
    let last = contest::beacon_round(listed_at).unwrap();
    desk.beacon(None, Some((last, "e"))).unwrap();
    assert_eq!(desk.record(None)["level"], "L2");
    // Then it is refused for what it is.
    refused(correct(&mut desk.lead, &desk.around, request), "final draw");
    drop((desk, world));
}

#[test]
fn a_draw_below_l2_takes_no_beacon() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, &dear().replacen("\"L2\"", "\"L1\"", 1));
    desk.tick(SEAL);
    assert_eq!(desk.record(Some(1))["level"], "L1");
    refused(
        desk.beacon(Some(1), Some((1, "a"))),
        "drawn at L1 and takes no beacon",
    );
    drop((desk, world));
}

/// What does not hold at its place is void for everybody, whoever wrote it.
#[test]
fn only_the_first_word_behind_the_list_holds() {
    let log = log();
    let (world, desk, due) = sealed(&log);
    let (ctl, _) = desk.list(Some(1)).unwrap();
    let act = |number: Option<u64>, at: i64, list: u64| BeaconAct {
        v: 1,
        campaign: "small".to_owned(),
        round: Some(1),
        list,
        number,
        value: number.map(|_| Hex([7; 32])),
        actor: "eve".to_owned(),
        reason: "test".to_owned(),
        at,
    };
    drop((desk, world));
    let says = |act: BeaconAct| {
        let record = serde_json::to_vec(&Act::Beacon(act)).unwrap();
        log.push(CONTROL, 0, "", record).unwrap();
        let (state, _) = fold(&log);
        let said = |state: &ControlState| {
            let life = state.rounds().life("small", Some(1));
            life.and_then(|life| Some(life.beacon.as_ref()?.1.clone()))
        };
        said(&state)
    };
    for void in [
        act(Some(due), SEAL + 70, ctl + 1),
        act(Some(due + 1), SEAL + 70, ctl),
        act(None, SEAL + 659, ctl),
        BeaconAct {
            value: None,
            ..act(Some(due), SEAL + 70, ctl)
        },
        BeaconAct {
            round: Some(2),
            ..act(Some(due), SEAL + 70, ctl)
        },
    ] {
        assert_eq!(says(void.clone()), None, "{void:?}");
    }
    let holds = act(Some(due), SEAL + 70, ctl);
    assert_eq!(says(holds.clone()), Some(holds.clone()));
    assert_eq!(says(act(None, SEAL + 900, ctl)), Some(holds));
}
