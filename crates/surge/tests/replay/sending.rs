//! What is sent, repeated, counted and written down.

use crate::runs::{START, go, ledger, options, plain};
use crate::server::{Say, Server, success};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use surge::ledger::{Kind, Outcome};
use surge::replay::options::{Forging, Options};
use surge::replay::source::{Choice, Shuffle};
use surge::replay::timetable::Speed;
use surge::replay::{Failure, ReplayError, run};

#[test]
fn every_delivery_is_made_once_and_written_down() {
    let server = Server::start(|seen, _| {
        if seen.body.contains("<MsgId>3<") {
            Say::Answer(
                200,
                wechat::Reply::Text("收到".into())
                    .render("o3", "gh_1", START)
                    .unwrap(),
            )
        } else if seen.body.contains("<MsgId>4<") {
            Say::Answer(200, String::new())
        } else {
            success()
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let mut rows = plain(200);
    rows.push((3, 2, 5.0));
    let replayed = go(options(dir.path(), &rows, &server));
    assert!(replayed.is_whole(), "{replayed:?}");
    let all = &replayed.report.all;
    assert_eq!((all.sent, all.acked, all.attempts), (201, 201, 201));
    assert_eq!((all.words, all.empty, all.success), (2, 1, 198));
    assert_eq!(replayed.report.parts["redelivery"].acked, 1);
    assert_eq!(replayed.report.parts["event"].acked, 200);
    assert_eq!(replayed.report.latency_from, "first byte written");
    assert!(all.ack_ms.p50 > 0.0 && all.ack_ms.max >= all.ack_ms.p99);
    let rows = ledger(dir.path());
    let numbers: BTreeSet<u64> = rows.iter().map(|row| row.delivery).collect();
    assert_eq!((rows.len(), numbers.len()), (201, 201));
    let again = rows.iter().find(|row| row.delivery == 200).unwrap();
    assert_eq!((again.n, again.nth, again.reply), (3, 2, Some(Kind::Words)));
    let first = rows.iter().find(|row| row.delivery == 3).unwrap();
    assert_eq!(first.hash, again.hash);
    assert!(first.hash.is_some());
    let queries: BTreeSet<String> = server.seen().into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries.len(), 201, "no two attempts have equal parameters");
}

#[test]
fn an_unanswered_delivery_comes_three_times_and_no_more() {
    let server = Server::start(|seen, before| {
        let earlier = before
            .iter()
            .filter(|other| other.body == seen.body)
            .count();
        match seen.body.contains("<MsgId>5<") {
            true if earlier < 2 => Say::HangUp,
            _ if seen.body.contains("<MsgId>6<") => Say::HangUp,
            _ => success(),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let replayed = go(options(dir.path(), &plain(10), &server));
    assert!(!replayed.is_whole());
    assert!(replayed.report.complete && replayed.failure.is_none());
    assert_eq!(
        (replayed.report.all.acked, replayed.report.all.unacked),
        (9, 1)
    );
    assert_eq!(replayed.report.errors["broken"], 5);
    let mut attempts: BTreeMap<u64, Vec<(u32, Outcome)>> = BTreeMap::new();
    for row in ledger(dir.path()) {
        attempts
            .entry(row.n)
            .or_default()
            .push((row.attempt, row.outcome));
    }
    let (lost, acked) = (Outcome::Unanswered, Outcome::Acked);
    assert_eq!(attempts[&5], [(1, lost), (2, lost), (3, acked)]);
    assert_eq!(attempts[&6], [(1, lost), (2, lost), (3, lost)]);
    assert_eq!(attempts[&7], [(1, acked)]);
}

#[test]
fn so_many_attempts_are_made_as_were_asked_for() {
    let server = Server::start(|seen, _| match seen.body.contains("<MsgId>6<") {
        true => Say::HangUp,
        false => success(),
    });
    let dir = tempfile::tempdir().unwrap();
    let once = Options {
        attempts: 1,
        ..options(dir.path(), &plain(10), &server)
    };
    let replayed = go(once);
    let all = &replayed.report.all;
    assert_eq!(
        (all.acked, all.unacked, replayed.report.errors["broken"]),
        (9, 1, 1)
    );
    assert_eq!(ledger(dir.path()).len(), 10);
}

#[test]
fn a_silent_server_is_left_at_the_platforms_window_and_asked_again() {
    let server = Server::start(|seen, before| {
        let earlier = before.iter().any(|other| other.body == seen.body);
        match seen.body.contains("<MsgId>2<") && !earlier {
            true => Say::Silence,
            false => success(),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let replayed = go(options(dir.path(), &plain(5), &server));
    assert!(replayed.is_whole(), "{replayed:?}");
    assert_eq!(replayed.report.errors["cut"], 1);
    let rows = ledger(dir.path());
    let tried: Vec<_> = rows.iter().filter(|row| row.n == 2).collect();
    assert_eq!(
        tried.iter().map(|row| row.outcome).collect::<Vec<_>>(),
        [Outcome::Unanswered, Outcome::Acked]
    );
    // By the caller's own clock: never sooner than the window, however slow the machine.
    let text = std::fs::read_to_string(dir.path().join("ledger.jsonl")).unwrap();
    let times = text.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let at = |name: &str| row[name].as_i64().unwrap();
        (row["outcome"] == "unanswered").then(|| at("done_us") - at("sent_us"))
    });
    let waited_us: Vec<i64> = times.flatten().collect();
    assert_eq!(waited_us.len(), 1);
    assert!(waited_us[0] >= 5_000_000, "left after {waited_us:?} µs");
}

#[test]
fn an_invalid_answer_is_counted_and_not_repeated() {
    let server = Server::start(|seen, _| match seen.body.contains("<MsgId>1<") {
        true => Say::Answer(200, "{\"errcode\":0}".into()),
        false => Say::Answer(403, String::new()),
    });
    let dir = tempfile::tempdir().unwrap();
    let replayed = go(options(dir.path(), &plain(4), &server));
    assert!(!replayed.is_whole());
    assert_eq!(
        (replayed.report.all.invalid, replayed.report.all.acked),
        (4, 0)
    );
    assert_eq!(replayed.report.errors["bad_reply"], 1);
    assert_eq!(replayed.report.errors["status_403"], 3);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn until_acked_outlasts_a_server_that_dies_and_comes_back() {
    let mut server = Server::start(|_, before| {
        if before.len() < 40 {
            success()
        } else {
            Say::HangUp
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        until_acked: true,
        ..options(dir.path(), &plain(200), &server)
    };
    let replay = std::thread::spawn(move || go(options));
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut seen = Vec::new();
    for life in 0..3 {
        // Dies in the middle, with every connection; three times.
        let enough = 60;
        while server.seen().len() < enough && !replay.is_finished() {
            assert!(
                Instant::now() < deadline,
                "life {life} saw {}",
                server.seen().len()
            );
            std::thread::yield_now();
        }
        let addr = server.addr;
        seen.extend(server.seen());
        drop(server);
        let last = life == 2;
        server = Server::start_at(addr, move |_, before| {
            if last || before.len() < 40 {
                success()
            } else {
                Say::HangUp
            }
        });
    }
    let replayed = replay.join().unwrap();
    assert!(replayed.is_whole(), "{:?}", replayed.failure);
    assert_eq!(replayed.report.all.acked, 200);
    assert!(replayed.report.all.attempts > 200);
    let acked = ledger(dir.path())
        .iter()
        .filter(|row| row.outcome == Outcome::Acked)
        .count();
    assert_eq!(acked, 200);
}

#[test]
fn a_target_that_stays_away_ends_the_replay() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        patience: Duration::from_millis(100),
        ..options(dir.path(), &plain(5), &server)
    };
    drop(server);
    let replayed = go(options);
    assert!(matches!(replayed.failure, Some(Failure::TargetGone)));
    assert!(
        ledger(dir.path()).is_empty(),
        "a refused connection uses up no attempt"
    );
}

#[test]
fn a_timetable_is_kept_and_latency_counts_from_it() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<(u64, u8, f64)> = (0..50).map(|n| (n, 1, n as f64 * 0.2)).collect();
    let options = Options {
        speed: Speed::Times(20.0),
        ..options(dir.path(), &rows, &server)
    };
    let begun = Instant::now();
    let replayed = go(options);
    assert!(begun.elapsed() >= Duration::from_millis(490));
    assert!(replayed.is_whole());
    assert_eq!(replayed.report.latency_from, "scheduled instant");
    assert_eq!(replayed.report.speed, "20");
    let lines = std::fs::read_to_string(dir.path().join("ledger.jsonl")).unwrap();
    let mut begun_us = None;
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let due_us = (row["scheduled_us"].as_i64().unwrap() - START * 1_000_000) / 20;
        let sent_us = row["sent_us"].as_i64().unwrap();
        let begun_us = *begun_us.get_or_insert(sent_us - due_us);
        assert!(
            sent_us - begun_us >= due_us - 2_000,
            "sent before it was due"
        );
        assert!(row["done_us"].as_i64().unwrap() >= sent_us);
    }
}

#[test]
fn what_is_late_queues_up_and_its_latency_says_so() {
    // One connection, and each answer takes a third of a second: the last of ten waits for all others.
    let server = Server::start(|_, _| {
        let until = Instant::now() + Duration::from_millis(30);
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        success()
    });
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<(u64, u8, f64)> = (0..10).map(|n| (n, 1, 0.001 * n as f64)).collect();
    let options = Options {
        speed: Speed::Times(1.0),
        concurrency: 1,
        ..options(dir.path(), &rows, &server)
    };
    let replayed = go(options);
    let all = &replayed.report.all;
    assert!(all.ack_ms.max >= 280.0, "{all:?}");
    assert!(
        replayed.report.behind_ms >= 240.0,
        "{}",
        replayed.report.behind_ms
    );
}

#[test]
fn a_connection_for_each_message_from_several_addresses() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        close: true,
        sources: 3,
        ..options(dir.path(), &plain(100), &server)
    };
    let replayed = go(options);
    assert!(replayed.is_whole(), "{replayed:?}");
    assert_eq!(replayed.report.connects, 100);
    let seen = server.seen();
    let peers: BTreeSet<String> = seen.iter().map(|seen| seen.peer.clone()).collect();
    assert_eq!(
        peers,
        ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
            .map(String::from)
            .into()
    );
    assert!(
        seen.iter()
            .any(|seen| seen.version == hyper::Version::HTTP_10)
    );
    assert!(
        seen.iter()
            .any(|seen| seen.version == hyper::Version::HTTP_11)
    );
}

#[test]
fn copies_are_all_made_and_told_apart() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let shuffle = Some(Shuffle { seed: 3, copies: 3 });
    let base = options(dir.path(), &plain(50), &server);
    let replayed = go(Options {
        choice: Choice {
            shuffle,
            ..Choice::default()
        },
        ..base
    });
    assert!(replayed.is_whole());
    assert_eq!(replayed.report.all.acked, 150);
    assert_eq!(replayed.report.parts["redelivery"].acked, 100);
    let copies: BTreeSet<(u64, u16)> = ledger(dir.path())
        .iter()
        .map(|row| (row.delivery, row.copy))
        .collect();
    assert_eq!(copies.len(), 150);
}

#[test]
fn forged_requests_run_beside_the_valid_ones() {
    let server = Server::start(|seen, _| {
        let right = wechat::Query::parse(&seen.query);
        let ours = wechat::sign(
            "demo",
            right.timestamp.as_deref().unwrap_or_default(),
            right.nonce.as_deref().unwrap_or_default(),
        );
        match right.signature.as_deref() == Some(ours.as_str()) {
            true => success(),
            false => Say::Answer(403, String::new()),
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<(u64, u8, f64)> = (0..200).map(|n| (n, 1, n as f64 * 0.002)).collect();
    let options = Options {
        forging: Some(Forging {
            per_second: 0,
            connections: 2,
        }),
        speed: Speed::Times(1.0),
        ..options(dir.path(), &rows, &server)
    };
    let replayed = go(options);
    assert!(replayed.is_whole(), "{replayed:?}");
    let forged = replayed.report.forged.unwrap();
    assert!(forged.answered > 0 && forged.per_s > 0.0);
    assert_eq!(forged.refused, forged.answered);
}

#[test]
fn closed_mode_leaves_re_deliveries_to_the_rule() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let rows = [(1, 1, 0.0), (1, 2, 5.0), (2, 1, 6.0)];
    let base = options(dir.path(), &rows, &server);
    let choice = Choice {
        first_deliveries_only: true,
        ..Choice::default()
    };
    let replayed = go(Options { choice, ..base });
    assert_eq!(replayed.report.all.sent, 2);
    assert_eq!(replayed.report.mode, "closed");
}

#[test]
fn nothing_to_send_is_said() {
    let server = Server::start(|_, _| success());
    let dir = tempfile::tempdir().unwrap();
    let base = options(dir.path(), &plain(3), &server);
    let choice = Choice {
        from_us: Some(i64::MAX),
        ..Choice::default()
    };
    let result = run(Options { choice, ..base }, None);
    assert!(matches!(result, Err(ReplayError::Nothing(_))));
}
