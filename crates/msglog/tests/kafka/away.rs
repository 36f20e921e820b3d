//! Brokers that are away: a start without them, appends that wait, readers and questions that come back.

use crate::harness::{config, fresh, shared_broker, topic, until};
use broker::{Cluster, Fault};
use bytes::Bytes;
use msglog::conformance::Collected;
use msglog::{Kafka, Log, LogError, NewRecord, Refusal, Tier};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

fn records(from: u64, count: u64, bytes: usize) -> Vec<(NewRecord, u64)> {
    let value = Bytes::from(vec![b'v'; bytes]);
    (from..from + count)
        .map(|slot| {
            let record = NewRecord {
                partition: (slot % 4) as u32,
                key: Bytes::new(),
                value: value.clone(),
            };
            (record, slot)
        })
        .collect()
}

/// Resident memory of this process, in MiB.
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[test]
fn ten_seconds_without_brokers_lose_nothing_and_fill_nothing() {
    let cluster = Cluster::start_behind_proxies(1).unwrap();
    let mut config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    config.queue_bytes = 8 << 20;
    config.patience = Duration::from_secs(2);
    let log = fresh(&config);
    let appender = log.appender("a").unwrap();
    let collected = Collected::new();
    appender
        .append(records(0, 400, 1_000), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(400, SOON).len(), 400);
    let mut reader = log.reader("a").unwrap();
    for partition in 0..4 {
        reader.seek(partition, 0).unwrap();
    }
    let mut read = 0;
    while read < 400 {
        read += reader.poll(1_000, 1 << 20, SOON).unwrap().len();
    }
    cluster.proxy(0).set(Fault::Refuse);
    until("away", SOON, || log.is_away());
    let before = resident_mib();
    let (mut accepted, mut refused) = (400_u64, 0_u64);
    let away = std::time::Instant::now();
    // Ten seconds, and until the queue is full: a busy machine may take longer to fill it.
    let limit = Duration::from_secs(120);
    while away.elapsed() < Duration::from_secs(10) || refused == 0 && away.elapsed() < limit {
        match appender.append(records(accepted, 1, 1_000), &collected.mailbox()) {
            Ok(()) => accepted += 1,
            Err(full) => {
                assert!(
                    matches!(full.reason, Refusal::QueueFull),
                    "{:?}",
                    full.reason
                );
                refused += 1;
            }
        }
        assert!(
            reader
                .poll(10, 1 << 20, Duration::from_millis(1))
                .unwrap()
                .is_empty()
        );
    }
    assert!(
        accepted > 1_000 && refused > 0,
        "{accepted} taken, {refused} refused"
    );
    let grown = resident_mib().saturating_sub(before);
    assert!(grown < 64, "{grown} MiB more for a queue of 8");
    assert!(matches!(log.end_offset("a", 0), Err(LogError::Away { .. })));
    cluster.proxy(0).set(Fault::None);
    let answers = collected.wait(accepted as usize, SOON);
    assert_eq!(answers.len() as u64, accepted);
    assert!(answers.iter().all(|answer| answer.result.is_ok()));
    until("back", SOON, || !log.is_away());
    let ends: u64 = (0..4).map(|p| log.end_offset("a", p).unwrap()).sum();
    assert_eq!(ends, accepted, "each of them once");
    while (read as u64) < accepted {
        let more = reader.poll(10_000, 1 << 24, SOON).unwrap();
        assert!(!more.is_empty(), "{read} of {accepted} were read");
        read += more.len();
    }
    assert_eq!(log.refusal(), None);
}

#[test]
fn a_start_without_brokers_begins_with_what_was_verified_and_appends_once_it_is_confirmed() {
    let cluster = Cluster::start_behind_proxies(1).unwrap();
    let mut config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    config.patience = Duration::from_secs(2);
    let facts = fresh(&config).facts();
    cluster.proxy(0).set(Fault::Refuse);
    assert!(matches!(Kafka::open(config.clone()), Err(error) if error.retryable()));
    let log = Kafka::open_known(config.clone(), facts.clone()).unwrap();
    assert!(log.is_away());
    assert_eq!((log.id(), log.facts()), (facts.log, facts.clone()));
    let appender = log.appender("a").unwrap();
    let collected = Collected::new();
    let refused = appender
        .append(records(0, 1, 10), &collected.mailbox())
        .unwrap_err();
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::Away { .. })
    ));
    cluster.proxy(0).set(Fault::None);
    until("an append", SOON, || {
        appender
            .append(records(0, 1, 10), &collected.mailbox())
            .is_ok()
    });
    assert!(collected.wait(1, SOON)[0].result.is_ok());
    assert!(!log.is_away());
    let mut other = config;
    other.topics[0].partitions = 8;
    assert!(
        Kafka::open_known(other, facts).is_err(),
        "not what was verified"
    );
}

#[test]
fn records_wait_for_enough_replicas_and_are_not_visible_before() {
    let mut cluster = Cluster::start(3).unwrap();
    let mut config = config(cluster.bootstrap(), vec![topic("a", Tier::Consumer)]);
    (
        config.replication,
        config.min_insync_replicas,
        config.single_broker,
    ) = (3, 2, false);
    let log = fresh(&config);
    let appender = log.appender("a").unwrap();
    let collected = Collected::new();
    appender
        .append(records(0, 40, 10), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(40, SOON).len(), 40);
    let before: u64 = (0..4).map(|p| log.end_offset("a", p).unwrap()).sum();
    assert_eq!(before, 40);
    // Two of three are gone: what is left is one replica.
    cluster.kill(1);
    cluster.kill(2);
    appender
        .append(records(40, 40, 10), &collected.mailbox())
        .unwrap();
    assert_eq!(
        collected.wait(41, Duration::from_secs(8)).len(),
        40,
        "nothing is durable"
    );
    cluster.restart_without_waiting(1).unwrap();
    cluster.restart_without_waiting(2).unwrap();
    let answers = collected.wait(80, Duration::from_secs(90));
    assert_eq!(answers.len(), 80);
    assert!(
        answers.iter().all(|answer| answer.result.is_ok()),
        "they waited"
    );
    let after: u64 = (0..4).map(|p| log.end_offset("a", p).unwrap()).sum();
    assert_eq!(after, 80, "each of them once");
}

#[test]
fn one_broker_serves_many_logs_at_once() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    drop(fresh(&config));
    let logs: Vec<_> = (0..4)
        .map(|_| Kafka::open(config.clone()).unwrap())
        .collect();
    let collected = Collected::new();
    for (number, log) in logs.iter().enumerate() {
        let appender = log.appender("a").unwrap();
        let call = records(number as u64 * 100, 100, 10);
        appender.append(call, &collected.mailbox()).unwrap();
    }
    assert_eq!(collected.wait(400, SOON).len(), 400);
    for log in &logs {
        let ends: u64 = (0..4).map(|p| log.end_offset("a", p).unwrap()).sum();
        assert_eq!(ends, 400, "everybody sees what anybody has written");
    }
}

/// Offsets of a topic's partitions, added up, once the broker answers: what asks it may have been cut off as well.
fn stored(log: &Kafka, topic: &str) -> u64 {
    let mut found = None;
    until("an answer about the ends", SOON, || {
        let ends: Result<Vec<u64>, _> = (0..4).map(|p| log.end_offset(topic, p)).collect();
        found = ends.ok();
        found.is_some()
    });
    found.unwrap().into_iter().sum()
}

/// The brokers have the records and their word does not come back: nobody knows. What goes through behind them must not
/// make anybody believe that they went through, or did not.
#[test]
fn behind_records_that_have_timed_out_ingress_goes_on_and_no_record_of_a_stage_ever_times_out() {
    let cluster = Cluster::start_behind_proxies(1).unwrap();
    let topics = vec![topic("in", Tier::Ingress), topic("out", Tier::Consumer)];
    let mut config = config(cluster.bootstrap(), topics);
    // Long enough for them to reach the broker on a busy machine.
    config.ingress_timeout = Duration::from_secs(5);
    config.patience = Duration::from_secs(2);
    let log = fresh(&config);
    let sides = ["in", "out"].map(|name| (log.appender(name).unwrap(), Collected::new()));
    for (appender, told) in &sides {
        appender.append(records(0, 8, 10), &told.mailbox()).unwrap();
        assert!(
            told.wait(8, SOON)
                .iter()
                .all(|answer| answer.result.is_ok())
        );
    }
    cluster.proxy(0).set(Fault::HalfOpen);
    for (appender, told) in &sides {
        appender.append(records(8, 4, 10), &told.mailbox()).unwrap();
    }
    let [(ingress, told_ingress), (stage, told_stage)] = &sides;
    for answer in &told_ingress.wait(12, SOON)[8..] {
        assert!(
            matches!(answer.result, Err(LogError::Away { .. })),
            "{answer:?}"
        );
    }
    cluster.proxy(0).set(Fault::None);
    let mut tries = 0;
    until("an append that succeeds", SOON, || {
        let told = Collected::new();
        tries += 1;
        ingress.append(records(12, 1, 10), &told.mailbox()).unwrap();
        told.wait(1, SOON)[0].result.is_ok()
    });
    stage
        .append(records(12, 4, 10), &told_stage.mailbox())
        .unwrap();
    let answers = told_stage.wait(16, SOON);
    assert!(
        answers.iter().all(|answer| answer.result.is_ok()),
        "{answers:?}"
    );
    assert_eq!(stored(&log, "out"), 16, "each of them once");
    // The four that timed out are there, unknown to their caller, who brings them again by way of the spool.
    let found = stored(&log, "in");
    assert!(
        (13..=12 + tries).contains(&found),
        "{found} after {tries} tries"
    );
}
