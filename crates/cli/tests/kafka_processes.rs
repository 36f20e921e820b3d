//! Roles in processes of their own on one broker, split as for two machines: the results are those of one process
//! that nobody disturbs, also when a consumer or the coordinator is frozen, replaced, and comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod support;

use broker::Cluster;
use serde_json::Value;
use std::time::{Duration, Instant};
use support::fleet::{Fleet, SPLIT, asked, during, whole};
use support::kafka::ALL;
use support::{Scene, alone, until};

const MESSAGES: u32 = 10_000;
const COMPRESS: u32 = 60;

fn fleet(seats: &[(&'static str, &'static str)]) -> Fleet {
    let cluster = Cluster::start(1).expect("a broker starts");
    Fleet::start(Scene::on(cluster, MESSAGES, COMPRESS), seats)
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn a_split_into_seven_processes_counts_as_one_process_does() {
    let _turn = alone();
    let run = |seats: &[(&'static str, &'static str)]| -> (Value, Value) {
        let fleet = fleet(seats);
        whole(fleet.replay(&["--speed", "max"]));
        fleet.judge();
        fleet.all_answered_at_once();
        let (_, verdict) = fleet.verdict();
        let counted = [
            "holds",
            "all",
            "parts",
            "redeliveries_dropped",
            "rules",
            "rounds",
            "digests",
            "dead_letters",
        ];
        let counted = counted.map(|name| (name.to_owned(), verdict[name].clone()));
        (Value::from_iter(counted), fleet.scene.results(""))
    };
    let (counted, results) = run(&[("node", ALL)]);
    assert_eq!(counted["holds"], true, "{counted}");
    assert!(counted["redeliveries_dropped"].as_u64() > Some(0));
    let (split_counted, split_results) = run(&SPLIT);
    assert_eq!(split_counted, counted);
    assert_eq!(split_results, results);
}

/// How long a process stays frozen: longer than its session at the brokers lasts.
fn frozen_for() -> Duration {
    Duration::from_secs(asked("SOAK_FREEZE_S", 12))
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn a_consumer_that_comes_back_as_a_zombie_changes_nothing() {
    let _turn = alone();
    let mut fleet = fleet(&SPLIT);
    let mut replay = fleet.replay(&["--speed", "1", "--until-acked"]);
    assert!(during(&mut replay, Duration::from_secs(5)));
    for name in ["dedup-1", "quiz-2"] {
        fleet.freeze(name);
    }
    let others = [("dedup-2", "dedup"), ("quiz-1", "quiz")];
    for (name, stage) in others {
        until(&format!("all partitions at {name}"), || {
            owned(&fleet, name, stage) == 6
        });
    }
    assert!(
        during(&mut replay, frozen_for()),
        "the surge was over too soon"
    );
    for name in ["dedup-1", "quiz-2"] {
        fleet.thaw(name);
    }
    assert!(during(&mut replay, Duration::from_secs(5)));
    // One more leaves in order, and one comes.
    fleet.terminate("dedup-2");
    fleet.launch(&["dedup-2"]);
    whole(replay);
    fleet.judge();
}

fn owned(fleet: &Fleet, name: &str, stage: &str) -> usize {
    let status = fleet.node(name).status();
    let stages = status["stages"].as_array().unwrap();
    let found = stages.iter().find(|found| found["name"] == stage).unwrap();
    found["partitions"].as_array().unwrap().len()
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn a_coordinator_that_is_frozen_or_killed_is_replaced_and_does_not_speak_again() {
    let _turn = alone();
    let seats = [
        ("coordinator-1", "coordinator"),
        ("coordinator-2", "coordinator"),
        ("ingress-1", "ingress"),
        ("workers", "dedup,quiz"),
    ];
    let mut fleet = fleet(&seats);
    let mut replay = fleet.replay(&["--speed", "1", "--until-acked"]);
    assert!(during(&mut replay, Duration::from_secs(5)));
    let first = fleet.leader();
    let second = ["coordinator-1", "coordinator-2"]
        .into_iter()
        .find(|name| *name != first)
        .unwrap();
    not_the_leader(&fleet, second, first);

    fleet.freeze(first);
    let frozen = Instant::now();
    fleet.acts.set(vec![fleet.seat(second).admin]);
    until("the second coordinator's lead", || {
        support::front::leads(fleet.seat(second).admin)
    });
    eprintln!(
        "a frozen coordinator was replaced after {:?}",
        frozen.elapsed()
    );
    assert!(during(&mut replay, Duration::from_secs(5)));
    fleet.thaw(first);
    until("the first coordinator's insight", || {
        !support::front::leads(fleet.seat(first).admin)
    });
    not_the_leader(&fleet, first, second);

    let both = ["coordinator-1", "coordinator-2"].map(|name| fleet.seat(name).admin);
    fleet.acts.set(both.to_vec());
    fleet.kill(second);
    let killed = Instant::now();
    assert_eq!(fleet.leader(), first);
    eprintln!(
        "a killed coordinator was replaced after {:?}",
        killed.elapsed()
    );
    fleet.launch(&[second]);
    whole(replay);
    fleet.judge();
}

/// An act that reaches `name` is sent on to the one that leads.
#[track_caller]
fn not_the_leader(fleet: &Fleet, name: &str, leader: &str) {
    let bearer = format!("Bearer {}", fleet.scene.token(name));
    let headers = [("Authorization", bearer.as_str())];
    let admin = fleet.seat(name).admin;
    let wanted = fleet.seat(leader).admin.to_string();
    // It may be about to learn who leads.
    until(&format!("{name} to know that {leader} leads"), || {
        let answer =
            support::wire::request(admin, "POST", "/v1/clock", &headers, b"{\"tick\":1}").unwrap();
        assert_eq!(answer.status() / 100, 4, "{answer:?}");
        answer.status() == 421 && answer.text().contains(&wanted)
    });
}
