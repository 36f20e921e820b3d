//! Rehearsals: the order of ticks and deliveries, and what becomes of ticks without an answer.

use crate::runs::{START, body, go, options, plain};
use crate::server::{Say, Seen, Server, success};
use std::collections::{BTreeMap, BTreeSet};
use surge::client::Target;
use surge::replay::options::{ClockAddress, Options};
use surge::replay::{Failure, ReplayError, run};

fn with_clock(options: Options, server: &Server) -> Options {
    let target = Target::parse(&server.url("/")).unwrap();
    Options {
        clock: Some(ClockAddress {
            target,
            token: "secret".into(),
        }),
        ..options
    }
}

/// Checks the order of everything a server saw in a rehearsal of deliveries scheduled at these seconds.
fn check_clock_order(seen: &[Seen], second_of: &BTreeMap<String, i64>) {
    let mut tick = None;
    let mut answered = BTreeSet::new();
    for request in seen {
        if let Some(posted) = request.tick() {
            assert_eq!(request.authorization, "Bearer secret");
            let expected = tick.map_or(START - 1, |tick| tick + 1);
            assert_eq!(posted, expected, "one tick per second, in order");
            let unanswered = second_of
                .iter()
                .filter(|(body, second)| **second < posted && !answered.contains(*body));
            assert_eq!(unanswered.count(), 0, "tick {posted} came too early");
            tick = Some(posted);
        } else {
            let second = second_of[&request.body];
            assert!(
                second <= tick.expect("a tick comes first") + 30,
                "sent too far ahead"
            );
            answered.insert(request.body.clone());
        }
    }
    let last = second_of.values().max().unwrap();
    assert_eq!(tick, Some(last + 60));
}

#[test]
fn a_rehearsal_ticks_in_order_and_to_the_end() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<(u64, u8, f64)> = (0..300).map(|n| (n, 1, n as f64 * 0.7)).collect();
    let options = with_clock(options(dir.path(), &rows, &server), &server);
    let replayed = go(options);
    assert!(replayed.is_whole(), "{:?}", replayed.failure);
    let second_of = rows
        .iter()
        .map(|&(n, _, s)| (body(n), START + s as i64))
        .collect();
    check_clock_order(&server.seen(), &second_of);
    let ticks = replayed.report.ticks.unwrap();
    assert_eq!((ticks.first, ticks.last), (START - 1, START + 209 + 60));
    assert_eq!(ticks.answered, 271);
}

#[test]
fn an_unacked_message_holds_the_tick_only_until_it_is_given_up() {
    let server = Server::start(|seen, _| match seen.body.contains("<MsgId>2<") {
        true => Say::HangUp,
        false => success(),
    });
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<(u64, u8, f64)> = (0..6).map(|n| (n, 1, n as f64)).collect();
    let replayed = go(with_clock(options(dir.path(), &rows, &server), &server));
    assert!(replayed.report.complete);
    assert_eq!(replayed.report.all.unacked, 1);
    let seen = server.seen();
    let last_try = seen
        .iter()
        .rposition(|seen| seen.body.contains("<MsgId>2<"))
        .unwrap();
    let tick_3 = seen
        .iter()
        .position(|seen| seen.tick() == Some(START + 3))
        .unwrap();
    assert!(last_try < tick_3);
    assert_eq!(replayed.report.ticks.unwrap().last, START + 65);
}

#[test]
fn a_tick_without_an_answer_is_posted_again_and_a_smaller_one_ends_it() {
    let server = Server::start(|seen, before| {
        let earlier = before
            .iter()
            .filter(|other| other.body == seen.body)
            .count();
        match seen.tick() {
            Some(tick) if tick == START + 1 && earlier == 0 => Say::Answer(503, String::new()),
            Some(tick) if tick == START + 2 && earlier == 0 => Say::HangUp,
            Some(tick) if tick == START + 4 => Say::Answer(409, String::new()),
            Some(_) => Say::Answer(200, String::new()),
            None => success(),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let replayed = go(with_clock(
        options(dir.path(), &plain(10), &server),
        &server,
    ));
    let Some(Failure::Clock(error)) = replayed.failure else {
        panic!("{:?}", replayed.failure)
    };
    assert!(
        error.to_string().contains(&(START + 4).to_string()),
        "{error}"
    );
    assert_eq!(replayed.report.ticks.unwrap().repeated, 2);

    let rows = plain(1);
    let refused = Server::start(|_, _| Say::Answer(401, "no such token".into()));
    let result = run(
        with_clock(options(dir.path(), &rows, &refused), &refused),
        None,
    );
    let Err(ReplayError::Clock(error)) = result else {
        panic!("{result:?}")
    };
    assert!(error.to_string().contains("401 (no such token)"), "{error}");
    assert!(
        refused.seen().iter().all(|seen| seen.tick().is_some()),
        "nothing is sent before"
    );
}

#[test]
fn ticks_follow_the_coordinator_wherever_a_node_says_it_is() {
    let to = |server: &Server| {
        let there = server.url("/");
        let there = there.trim_start_matches("http://").trim_end_matches('/');
        format!("{{\"coordinator\":\"{there}\"}}")
    };
    let second = Server::start(|_, _| Say::Answer(200, String::new()));
    // The first coordinator gives up after two ticks, and knows nobody then.
    let first = Server::start(|seen, _| match seen.tick() {
        Some(tick) if tick <= START => Say::Answer(200, String::new()),
        _ => Say::Answer(421, "{\"coordinator\":null}".into()),
    });
    let (to_first, to_second) = (to(&first), to(&second));
    let node = Server::start(move |seen, before| match seen.tick() {
        None => success(),
        Some(_) => match before.iter().filter(|other| other.tick().is_some()).count() {
            0 => Say::Answer(421, "{\"coordinator\":null}".into()),
            1 => Say::Answer(421, to_first.clone()),
            _ => Say::Answer(421, to_second.clone()),
        },
    });
    let dir = tempfile::tempdir().unwrap();
    let replayed = go(with_clock(options(dir.path(), &plain(5), &node), &node));
    assert!(replayed.is_whole(), "{:?}", replayed.failure);
    let ticks = replayed.report.ticks.unwrap();
    assert_eq!(
        (ticks.first, ticks.answered),
        (START - 1, second_ticks(&second) + 2)
    );
    assert_eq!(first.seen().len(), 3);
    assert!(
        first
            .seen()
            .iter()
            .all(|seen| seen.authorization == "Bearer secret")
    );
    let asked = node
        .seen()
        .iter()
        .filter(|seen| seen.tick().is_some())
        .count();
    assert_eq!(asked, 3, "once it is known, nobody is asked");
}

/// Distinct ticks that a server was asked for, in order.
fn second_ticks(server: &Server) -> u64 {
    let ticks: Vec<i64> = server.seen().iter().filter_map(Seen::tick).collect();
    assert!(ticks.is_sorted_by(|a, b| a < b), "{ticks:?}");
    ticks.len() as u64
}
