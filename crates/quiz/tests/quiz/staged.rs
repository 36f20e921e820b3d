//! quiz on the runner: crashes, lost state and restarts change nothing that a reader of the chain can see.

use crate::common::{Spec, open, said, tick};
use crate::retries::{put_back, unreadable};
use msglog::memory::MemoryLog;
use msglog::{Log, Tier, TopicConfig};
use quiz::{Metrics, Quiz, Recount, sum_tallies};
use record::chain::{ChainReader, Link, Position, Verdict, link_of, splice};
use record::tally::Tally;
use stage::replay::Replay;
use stage::{Config, Input, MemoryStore, Runner, Store, Turn};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;

/// Records of `accepted` without their links: two versions, a few hundred messages, ticks, nonsense.
fn records() -> Vec<Vec<u8>> {
    let mut records = vec![Spec::default().copy(1, 0, None)];
    for n in 0..400_u64 {
        let time = open(1) - 50 + i64::try_from(n).unwrap();
        let fan = format!("o{}", n % 199);
        let text = ["A", "GO", "AB", "B", "怎么没反应"][usize::try_from(n % 5).unwrap()];
        records.push(said(&fan, time, n, text));
        if n % 6 == 5 {
            records.push(tick(time));
        }
        if n == 150 {
            records.push(b"{\"type\":\"nonsense\",\"v\":1}".to_vec());
        }
        // One that cannot be judged, and its retry after a repair.
        let lost = said("o500", open(1) + 7, 5_000, "A");
        if n == 100 {
            records.push(unreadable(&lost));
        }
        if matches!(n, 300 | 310) {
            records.push(put_back(&lost));
        }
        if n == 250 {
            let mut longer = Spec::default();
            longer.rounds[0].2 += 30;
            records.push(longer.copy(2, 1, Some(0)));
        }
    }
    records.push(tick(open(1) + 1_000));
    records
}

fn chained() -> Vec<Vec<u8>> {
    linked(records())
}

/// Records as they stand in the chained topic.
pub(crate) fn linked(records: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut prev = None;
    let link = |(offset, object): (u64, Vec<u8>)| {
        let pos = Position(offset, 0);
        let mut value = Vec::new();
        splice(
            &Link {
                pos,
                prev: prev.replace(pos),
                step: 1,
            },
            &object,
            &mut value,
        );
        value
    };
    (0_u64..).zip(records).map(link).collect()
}

pub(crate) fn log() -> Arc<MemoryLog> {
    let topic = |name: &str| TopicConfig {
        name: name.into(),
        partitions: 1,
        retention: None,
        tier: Tier::Consumer,
    };
    MemoryLog::new(vec![
        topic("accepted"),
        topic("results"),
        topic("accepted.dead"),
    ])
}

fn runner(log: &Arc<MemoryLog>, store: &MemoryStore, poll_records: usize) -> Runner<Quiz> {
    runner_on(log, Store::Memory(store.clone()), poll_records)
}

pub(crate) fn runner_on(log: &Arc<MemoryLog>, store: Store, poll_records: usize) -> Runner<Quiz> {
    let as_log: Arc<dyn Log> = log.clone();
    let config = Config {
        poll_records,
        gather: Duration::ZERO,
        poll_wait: Duration::ZERO,
        backoff_min: Duration::ZERO,
        backoff_max: Duration::ZERO,
        ..Config::default()
    };
    let metrics = Metrics::new(&Registry::new()).unwrap();
    Runner::new(Quiz::new(metrics), as_log, store, config)
}

pub(crate) fn to_the_end(stage: &mut Runner<Quiz>) {
    for _ in 0..10_000 {
        match stage.turn() {
            Turn::Idle => return,
            Turn::Worked(_) | Turn::Waiting(_) => {}
            Turn::Stopped => panic!("stopped: {:?}", stage.status().state()),
        }
    }
    panic!("never idle: {:?}", stage.status().state());
}

pub(crate) fn fill(log: &MemoryLog, records: &[Vec<u8>]) {
    for value in records {
        log.push("accepted", 0, "k", value.clone()).unwrap();
    }
}

/// What a reader of the chain takes from a topic.
pub(crate) fn accepted(log: &MemoryLog, topic: &str) -> Vec<Vec<u8>> {
    let mut reader = ChainReader::after(None);
    let mut taken = Vec::new();
    for stored in log.read_all(topic, 0).unwrap() {
        match reader.judge(&link_of(&stored.value).unwrap()) {
            Verdict::Accept => taken.push(stored.value.to_vec()),
            Verdict::Repetition => {}
            other => panic!("{other:?} at {}", stored.offset),
        }
    }
    taken
}

fn undisturbed() -> Arc<MemoryLog> {
    let log = log();
    fill(&log, &chained());
    to_the_end(&mut runner(&log, &MemoryStore::default(), 1_000));
    log
}

#[test]
fn the_tallies_in_the_log_are_what_a_recount_says() {
    let log = undisturbed();
    let mut recount = Recount::new();
    let refused = records()
        .iter()
        .filter(|value| recount.take(0, value).is_err())
        .count();
    assert_eq!(refused, accepted(&log, "accepted.dead").len());
    let tallies = accepted(&log, "results");
    let tallies = tallies
        .iter()
        .filter(|value| record::type_of(value).as_deref() == Some("tally"));
    let sums = sum_tallies(tallies.map(|v| (0, serde_json::from_slice::<Tally>(v).unwrap())));
    let told: Vec<_> = sums
        .into_iter()
        .map(|(round, sum)| (round, sum.totals))
        .collect();
    assert_eq!(told, recount.totals().into_iter().collect::<Vec<_>>());
    let digests = recount.digests().unwrap();
    let round_1 = digests[&("fest".to_owned(), 1)];
    assert!(round_1.lines > 10);
    assert_eq!(told[1].1.digest, round_1.digest);
}

#[test]
fn crashes_between_outputs_and_state_change_nothing() {
    let (crashed, store) = (log(), MemoryStore::default());
    let mut stage = runner(&crashed, &store, 20);
    for chunk in chained().chunks(40) {
        fill(&crashed, chunk);
        stage.turn();
        store.set_unwritable(true);
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        store.set_unwritable(false);
        stage = runner(&crashed, &store, 20);
    }
    to_the_end(&mut stage);
    for topic in ["results", "accepted.dead"] {
        assert_eq!(
            accepted(&crashed, topic),
            accepted(&undisturbed(), topic),
            "{topic}"
        );
    }
}

#[test]
fn v_5_a_state_that_is_deleted_in_the_middle_is_built_again_from_the_log() {
    let (deleted, store) = (log(), MemoryStore::default());
    for chunk in chained().chunks(100) {
        fill(&deleted, chunk);
        to_the_end(&mut runner(&deleted, &store, 64));
        store.wipe();
    }
    for topic in ["results", "accepted.dead"] {
        assert_eq!(
            accepted(&deleted, topic),
            accepted(&undisturbed(), topic),
            "{topic}"
        );
    }
}

#[test]
fn a_restart_from_saved_state_goes_on_as_if_there_had_been_none() {
    let chained = chained();
    let run = |reload_every: usize| {
        let registry = Registry::new();
        let mut replay = Replay::new(Quiz::new(Metrics::new(&registry).unwrap())).unwrap();
        let mut outputs = Vec::new();
        for (offset, value) in (0_u64..).zip(&chained) {
            let input = Input {
                partition: 0,
                offset,
                key: b"F",
                value,
            };
            outputs.extend(replay.apply(&input).unwrap());
            if usize::try_from(offset).unwrap() % reload_every == 0 {
                replay.reload().unwrap();
            }
        }
        replay.reload().unwrap();
        (outputs, registry.render())
    };
    let (undisturbed, shown) = run(usize::MAX);
    let (restarted, same) = run(7);
    assert_eq!(undisturbed, restarted);
    assert_eq!(shown, same);
    assert!(undisturbed.len() > 20);
    let line = "spillway_quiz_messages_total{campaign=\"fest\",class=\"wrong_format\",round=\"1\"}";
    assert!(shown.contains(line), "{shown}");
    assert!(
        shown.contains("spillway_quiz_participants{campaign=\"fest\",round=\"1\"} 1"),
        "{shown}"
    );
}
