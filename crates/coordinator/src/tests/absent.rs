//! The final draw is about everybody on the board, also about who left before the last cut.

use super::operators::{CLOSE, Desk};
use super::world::World;
use super::{Believes, CONTEST, log};
use crate::publish::{PublishError, PublishRequest, Receipt};
use contest::Bar;
use control::ControlState;

const AWARD: &str = "[[award]]\nprize = \"tv\"\nafter = \"last_round\"\nmode = \"top\"\nn = 1\n";
const TICKS: [i64; 2] = [CLOSE + 35, CLOSE + 600 + 35];

fn has_result(round: Option<u16>) -> impl Fn(&ControlState) -> bool {
    move |state| state.rounds().result("small", round).is_some()
}

#[test]
fn q_29_who_left_before_the_last_cut_is_passed_over_in_the_final_draw() {
    let log = log();
    let world = World::whose_best_leaves(&log);
    let mut desk = Desk::new(&log, CONTEST);
    for tick in TICKS {
        desk.tick(tick);
    }
    desk.until(has_result(None));
    let check = |desk: &mut Desk| {
        let state = desk.around.control.state();
        let (_, result) = state.rounds().result("small", None).unwrap();
        let awards = contest::recorded_awards(result.record.as_bytes()).unwrap();
        let given = &awards[0].given;
        let passed: Vec<_> = given
            .passed
            .iter()
            .map(|p| (p.place, p.code.0[0], p.bar))
            .collect();
        assert_eq!(passed, [(1, 0, Bar::NotFollowing)]);
        assert_eq!(given.winners[0].code.0[0], 1);
        drop(state);
        // What alternates go by says the same.
        let field = desk.lead.results.final_field("small").unwrap();
        assert_eq!(field.standings()[0].bar, Some(Bar::NotFollowing));
    };
    check(&mut desk);
    // Whoever takes over reads it in the log.
    drop(desk);
    let mut heir = Desk::over(&log);
    heir.tick(TICKS[1] + 1);
    heir.until(|_| true);
    let read = |heir: &mut Desk| heir.lead.results.final_field("small").is_some();
    while !read(&mut heir) {
        heir.lead.go_on(&heir.around, &Believes).unwrap();
    }
    check(&mut heir);
    drop((heir, world));
}

fn publish(desk: &mut Desk, toml: &str) -> Result<Receipt, PublishError> {
    let request = PublishRequest {
        toml: toml.to_owned(),
        expect_version: 1,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    };
    desk.lead.publish(&desk.around, &Believes, &request)
}

/// Nobody wrote down who of the board followed at the last cut, so that such a prize cannot be given any more.
#[test]
fn an_award_over_the_board_does_not_come_after_the_last_seal() {
    let log = log();
    let world = World::start(&log, true);
    let without = CONTEST.replacen(AWARD, "", 1);
    assert_ne!(without, CONTEST);
    let mut desk = Desk::new(&log, &without);
    desk.tick(TICKS[0]);
    desk.tick(TICKS[1]);
    desk.until(has_result(Some(2)));
    let refused = publish(&mut desk, CONTEST);
    let Err(PublishError::Conflict(why)) = &refused else {
        panic!("{refused:?}");
    };
    assert!(
        why.contains("version 1 sealed the last round") && why.contains("further round"),
        "{why}"
    );
    // With a further round somebody will.
    let made = publish(&mut desk, &longer());
    assert_eq!(made.map(|receipt| receipt.version).ok(), Some(2));
    drop((desk, world));
}

/// The contest with a third round.
fn longer() -> String {
    let (head, rest) = CONTEST.split_once("[[round]]\nnumber = 2").unwrap();
    let round = rest.split_once("[slots]").unwrap().0;
    let third = round
        .replace("T06:10", "T07:10")
        .replace("T06:15", "T07:15");
    let longer = format!("{head}[[round]]\nnumber = 2{rest}");
    let third = format!("[[round]]\nnumber = 3{third}\n[slots]");
    longer.replacen("[slots]", &third, 1)
}

/// A final draw that is asked for late is about the rounds before as well, whoever leads then.
#[test]
fn an_award_over_the_board_that_comes_late_counts_every_round() {
    let mut drawn = Vec::new();
    for same_lead in [true, false] {
        let log = log();
        let world = World::start(&log, true);
        let mut desk = Desk::new(&log, &CONTEST.replacen(AWARD, "", 1));
        desk.tick(TICKS[0]);
        desk.tick(TICKS[1]);
        desk.until(has_result(Some(2)));
        desk.lead.go_on(&desk.around, &Believes).unwrap();
        publish(&mut desk, &longer()).unwrap();
        if !same_lead {
            drop(desk);
            desk = Desk::over(&log);
        }
        desk.tick(CLOSE + 4_200 + 35);
        desk.until(has_result(None));
        let state = desk.around.control.state();
        let (_, result) = state.rounds().result("small", None).unwrap();
        drawn.push(result.standings);
        drop(state);
        let field = desk.lead.results.final_field("small").unwrap();
        let rounds: Vec<_> = field.standings().iter().map(|s| s.answered).collect();
        assert_eq!(rounds, [3, 3], "{same_lead}");
        drop((desk, world));
    }
    assert_eq!(drawn[0], drawn[1]);
}
