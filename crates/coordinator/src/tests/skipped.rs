//! A round whose result does not come: an operator lets the later ones go on, and its own prizes are given when it comes,
//! without anybody else's being touched.

use super::beacons::{CLOSE, dear};
use super::operators::{self, Desk};
use super::world::World;
use super::{Believes, CONTEST, ID, log};
use crate::rounds::BeaconRequest;
use control::ControlState;
use msglog::memory::MemoryLog;
use record::rounds::{ResultAct, RoundVerb};
use std::sync::Arc;

/// Two rounds at L2 are sealed, and wait for their beacons.
fn sealed(log: &Arc<MemoryLog>) -> (World, Desk) {
    let world = World::start(log, true);
    let mut desk = Desk::new(log, &dear());
    desk.tick(CLOSE + 35);
    desk.tick(CLOSE + 600 + 35);
    let is_sealed = |state: &ControlState, round| {
        let life = state.rounds().life(ID, Some(round));
        life.is_some_and(|life| life.decision.is_some())
    };
    desk.until(|state| is_sealed(state, 1) && is_sealed(state, 2));
    desk.tick(CLOSE + 2_000);
    (world, desk)
}

impl Desk {
    /// A draw does without its beacon, which never came.
    fn without_beacon(&mut self, round: Option<u16>) {
        self.until_listed(round);
        let request = BeaconRequest {
            campaign: ID.to_owned(),
            round,
            value: None,
            actor: "ann".to_owned(),
            reason: "late".to_owned(),
        };
        self.lead.beacon(&self.around, &Believes, &request).unwrap();
    }

    /// Goes on until the board names what a result waits for.
    fn waits_for(&mut self, draw: &str) {
        let board = self.around.board.clone();
        let names = |what: &String| what.contains(draw);
        self.until(move |_| board.lock().awaits.as_ref().is_some_and(names));
    }

    fn result(&self, round: Option<u16>) -> Option<ResultAct> {
        let state = self.around.control.state();
        let result = state.rounds().result(ID, round);
        result.map(|(_, result)| result.clone())
    }
}

/// Who has the phone after a round.
fn holder(state: &ControlState, round: u16) -> Option<(u8, u32)> {
    let ledger = state.awards().of(ID)?;
    let (_, attempts) = ledger.of(Some(round), 1).next()?;
    let held = attempts.last().filter(|held| held.is_held())?;
    Some((held.given.code.0[0], held.given.unit))
}

fn winner(result: &ResultAct) -> (u8, Vec<&'static str>) {
    let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
    let given = &awards[0].given;
    let passed = given.passed.iter().map(|passed| passed.bar.name());
    (given.winners[0].code.0[0], passed.collect())
}

#[test]
fn later_rounds_go_on_without_a_skipped_one_and_it_comes_later_q_21() {
    let log = log();
    let (world, mut desk) = sealed(&log);
    desk.without_beacon(Some(2));
    // The second round is ready, and waits for the first one's beacon.
    desk.waits_for("round-01");
    assert_eq!(desk.result(Some(2)), None);
    desk.act(1, RoundVerb::Skip, None).unwrap();
    desk.until(|state| holder(state, 2) == Some((0, 1)));
    let second = desk.result(Some(2)).unwrap();
    assert_eq!((winner(&second), second.made_after), ((0, vec![]), Some(0)));
    // The final draw needs every round.
    desk.tick(CLOSE + 2_002);
    desk.waits_for("round-01");
    assert_eq!((desk.result(Some(1)), desk.result(None)), (None, None));

    // The first one's beacon is given up: who has won meanwhile has his phone already.
    desk.without_beacon(Some(1));
    desk.until(|state| holder(state, 1) == Some((1, 2)));
    let first = desk.result(Some(1)).unwrap();
    assert_eq!(winner(&first), (1, vec!["already_holds"]));
    assert_eq!(first.made_after, Some(1));
    assert_eq!(desk.result(Some(2)), Some(second), "nobody else's changes");
    assert_eq!(holder(&desk.around.control.state(), 2), Some((0, 1)));
    let listed_at = desk.until_listed(None);
    desk.tick(listed_at + 660);
    desk.without_beacon(None);
    desk.until(|state| state.rounds().result(ID, None).is_some());
    drop(world);
}

/// Without the operator's word the first round is drawn first, and its winner is another.
#[test]
fn without_a_skip_the_rounds_are_drawn_in_their_order_q_21() {
    let log = log();
    let (world, mut desk) = sealed(&log);
    desk.without_beacon(Some(2));
    desk.without_beacon(Some(1));
    desk.until(|state| holder(state, 2).is_some());
    let state = desk.around.control.state();
    assert_eq!(
        (holder(&state, 1), holder(&state, 2)),
        (Some((0, 1)), Some((1, 2)))
    );
    let results = [1, 2].map(|round| state.rounds().result(ID, Some(round)).unwrap().1.made_after);
    assert_eq!(results, [None, None], "it follows from their order");
    drop((state, world));
}

#[test]
fn only_what_is_over_and_waited_for_is_skipped() {
    let log = log();
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(operators::CLOSE - 1);
    let refused = desk.act(1, RoundVerb::Skip, None).unwrap_err().to_string();
    assert!(refused.contains("not over"), "{refused}");
    assert!(desk.act(1, RoundVerb::Skip, Some(5)).is_err(), "no time");
    desk.tick(operators::CLOSE);
    desk.act(1, RoundVerb::Skip, None).unwrap();
    let refused = desk.act(1, RoundVerb::Skip, None).unwrap_err().to_string();
    assert!(refused.contains("is skipped"), "{refused}");
}
