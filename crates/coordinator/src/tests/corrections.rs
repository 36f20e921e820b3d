//! Draws over corrected boards, alternates by corrected rankings, and corrections that are refused.

use super::correct::{
    correct, corrected, first_results, first_was_wrong, parts, request, sealed, without_the_first,
};
use super::counted::Change;
use super::operators::{CLOSE, Desk};
use super::world::World;
use super::{Believes, CONTEST, ID, log};
use crate::corrected::StandingsRequest;
use crate::rounds::RoundError;
use contest::{Barred, Board, EntrantCode, Field, Standing};
use control::ControlState;
use record::hexed::Hex;
use record::rounds::{ResultAct, SHARE_MAX_BYTES};
use std::sync::atomic::Ordering;

/// The round as another window judges it: the fan of partition 1 was the faster one.
fn turned_round(round: u16, field: &Field<'static>) -> Field<'static> {
    if round != 1 {
        return field.clone();
    }
    let mut standings = field.standings().to_vec();
    let times: Vec<_> = standings
        .iter()
        .map(|s| (s.first, s.at, s.elapsed, s.points))
        .collect();
    for (standing, other) in standings.iter_mut().zip(times.into_iter().rev()) {
        (
            standing.first,
            standing.at,
            standing.elapsed,
            standing.points,
        ) = other;
    }
    Field::new(standings).unwrap()
}

/// Two rounds, the first one corrected before the second is sealed.
fn corrected_before_the_end(desk: &mut Desk, change: Change) -> Field<'static> {
    desk.tick(CLOSE + 35);
    desk.until(|state| state.rounds().result(ID, Some(1)).is_some());
    let first = first_results(&*desk.around.log);
    let field = change(1, &sealed(&*desk.around.log, first[&Some(1)].1.ctl));
    let act = corrected(&desk.around, &first[&Some(1)], &field);
    for part in parts(&act, &field) {
        desk.lead.standings(&desk.around, &Believes, part).unwrap();
    }
    let asked = request(vec![act], None);
    *desk.counted.change.lock().unwrap() = change;
    correct(&mut desk.lead, &desk.around, asked.clone()).unwrap();
    let counted = desk.counted.asked.load(Ordering::Acquire);
    let again = correct(&mut desk.lead, &desk.around, asked).unwrap();
    assert_eq!(
        desk.counted.asked.load(Ordering::Acquire),
        counted,
        "what stands is not counted once more"
    );
    assert_eq!(again.len(), 1, "sent again: it stands already");
    field
}

#[test]
fn the_final_draw_is_made_of_what_was_corrected() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    let one = corrected_before_the_end(&mut desk, first_was_wrong);
    desk.tick(CLOSE + 600 + 35);
    desk.until(|state| state.rounds().result(ID, None).is_some());
    let state = desk.around.control.state();
    let (_, drawn) = state.rounds().result(ID, None).unwrap();
    let (_, second) = state.rounds().result(ID, Some(2)).unwrap();
    let campaign = &state.versions(ID).last().unwrap().compiled.campaign;
    let mut board = Board::new(campaign.score.streak);
    for (number, field) in [(1, &one), (2, &sealed(&*log, second.ctl))] {
        let kind = campaign.round(number).unwrap().question.kind;
        board.add(field, &Barred::default(), kind);
    }
    assert_eq!(drawn.standings.0, board.field().digest());
    let awards = contest::recorded_awards(drawn.record.as_bytes()).unwrap();
    assert_eq!(awards[0].given.winners[0].code.0[0], 1);
    drop((state, world));
}

#[test]
fn alternates_go_by_the_corrected_ranking() {
    let log = log();
    let world = World::start(&log, true);
    let toml = CONTEST.replace("[join]", "correction = \"replace\"\n[join]");
    let mut desk = Desk::new(&log, &toml);
    let holder = |state: &ControlState| {
        let ledger = state.awards().of(ID)?;
        let (_, attempts) = ledger.of(Some(1), 1).next()?;
        let held = attempts.last().filter(|held| held.is_held())?;
        Some(held.given.code.0[0])
    };
    desk.tick(CLOSE + 35);
    desk.until(|state| holder(state) == Some(0));
    corrected_before_the_end(&mut desk, turned_round);
    desk.until(|state| holder(state) == Some(1));
    desk.declines(1);
    desk.until(|state| holder(state) == Some(0));
    drop(world);
}

/// A round as wide as the festival's.
fn widened(_: u16, field: &Field<'static>) -> Field<'static> {
    let mut standings = field.standings().to_vec();
    for fan in 1..=70_000_u32 {
        let mut code = [7; 16];
        code[..4].copy_from_slice(&fan.to_be_bytes());
        standings.push(Standing {
            code: EntrantCode(code),
            ..standings[1].clone()
        });
    }
    Field::new(standings).unwrap()
}

/// By a grammar that reads more answers: about 13 MB.
#[test]
fn seventy_thousand_fans_are_corrected() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE + 35);
    desk.until(|state| state.rounds().result(ID, Some(1)).is_some());
    let first = first_results(&*desk.around.log);
    let sealed = sealed(&*log, first[&Some(1)].1.ctl);
    *desk.counted.change.lock().unwrap() = widened;
    let field = widened(1, &sealed);
    let act = corrected(&desk.around, &first[&Some(1)], &field);
    let lines = field.lines();
    let mut parts = vec![String::new()];
    for line in lines.split_inclusive('\n') {
        if parts.last().unwrap().len() + line.len() > SHARE_MAX_BYTES {
            parts.push(String::new());
        }
        parts.last_mut().unwrap().push_str(line);
    }
    let of = u32::try_from(parts.len()).unwrap();
    assert!(of > 40, "{of} parts");
    for (chunk, standings) in (0..).zip(parts) {
        let (campaign, digest) = (ID.to_owned(), act.standings);
        let part = StandingsRequest {
            campaign,
            round: Some(1),
            digest,
            chunk,
            of,
            standings,
        };
        desk.lead.standings(&desk.around, &Believes, part).unwrap();
    }
    correct(&mut desk.lead, &desk.around, request(vec![act], None)).unwrap();
    let state = desk.around.control.state();
    let (_, result) = state.rounds().result(ID, Some(1)).unwrap();
    assert_eq!(result.entrants, 70_002);
    assert_eq!(desk.lead.shelf.field(&state, result).unwrap(), &field);
    drop((state, world));
}

#[test]
fn a_correction_that_does_not_follow_is_refused_before_anything_is_published() {
    let log = log();
    let world = World::start(&log, true);
    let mut desk = Desk::new(&log, CONTEST);
    desk.tick(CLOSE + 35);
    desk.until(|state| state.rounds().result(ID, Some(1)).is_some());
    let first = first_results(&*desk.around.log);
    let field = without_the_first(&sealed(&*log, first[&Some(1)].1.ctl));
    let act = corrected(&desk.around, &first[&Some(1)], &field);
    let refused = |desk: &mut Desk, act: &ResultAct, final_draw| {
        let asked = request(vec![act.clone()], final_draw);
        let error = super::correct::correct(&mut desk.lead, &desk.around, asked).unwrap_err();
        let result = desk
            .around
            .control
            .state()
            .rounds()
            .result(ID, Some(1))
            .cloned();
        assert_eq!(result.unwrap().1.corrects, None, "nothing is published");
        error.to_string()
    };
    let lacks = refused(&mut desk, &act, None);
    assert!(lacks.contains("not in the log"), "{lacks}");
    let mut sent = parts(&act, &field);
    let junk = StandingsRequest {
        standings: "{}\n".to_owned(),
        ..sent[0].clone()
    };
    let no_part = desk.lead.standings(&desk.around, &Believes, junk);
    assert!(
        matches!(no_part, Err(RoundError::Invalid(_))),
        "{no_part:?}"
    );
    let none = StandingsRequest {
        chunk: 2,
        ..sent[0].clone()
    };
    let no_part = desk.lead.standings(&desk.around, &Believes, none);
    assert!(
        matches!(no_part, Err(RoundError::Conflict(_))),
        "{no_part:?}"
    );
    // Parts of something else under its name.
    let other = act.clone();
    let other = ResultAct {
        standings: Hex([5; 32]),
        ..other
    };
    for part in sent.clone() {
        let part = StandingsRequest {
            digest: other.standings,
            ..part
        };
        desk.lead.standings(&desk.around, &Believes, part).unwrap();
    }
    let wrong = refused(&mut desk, &other, None);
    assert!(wrong.contains("another SHA-256"), "{wrong}");
    let offsets: Vec<u64> = sent
        .drain(..)
        .map(|part| {
            let one = desk
                .lead
                .standings(&desk.around, &Believes, part.clone())
                .unwrap();
            let again = desk.lead.standings(&desk.around, &Believes, part).unwrap();
            assert_eq!(one, again, "brought again: it stands already");
            one
        })
        .collect();
    assert!(offsets[0] < offsets[1]);
    let edited = |from: &str, to: &str| {
        let record = act.record.replacen(from, to, 1);
        assert_ne!(record, act.record, "{from}");
        ResultAct {
            record_sha256: record::identity::sha256(record.as_bytes()),
            record,
            ..act.clone()
        }
    };
    let cases = [
        (
            ResultAct {
                correct: 2,
                ..act.clone()
            },
            "fans who were right",
        ),
        (
            ResultAct {
                list: Hex([3; 32]),
                ..act.clone()
            },
            "decision and list",
        ),
        (
            ResultAct {
                record_sha256: Hex([3; 32]),
                ..act.clone()
            },
            "SHA-256 of its record",
        ),
        (
            edited("\"sealed_at\":1", "\"sealed_at\":2"),
            "another sealed_at",
        ),
        (edited("\"code\":\"01", "\"code\":\"02"), "does not follow"),
    ];
    for (case, why) in cases {
        let said = refused(&mut desk, &case, None);
        assert!(said.contains(why), "{said}");
    }
    let stale = refused(&mut desk, &act, Some(3));
    assert!(stale.contains("final draw"), "{stale}");
    // None of that was worth a recount.
    assert_eq!(desk.counted.asked.load(Ordering::Acquire), 0);
    *desk.counted.change.lock().unwrap() = first_was_wrong;
    correct(&mut desk.lead, &desk.around, request(vec![act], None)).unwrap();
    drop(world);
}
