//! dedup on the runner and the memory log: crashes, lost state and restarts change nothing that a reader of
//! the chain can see.

use crate::common::{Callback, T, rehearsal_tick, tick};
use dedup::{Dedup, Metrics};
use msglog::memory::MemoryLog;
use msglog::{Log, Tier, TopicConfig};
use record::chain::{ChainReader, Verdict, link_of};
use stage::replay::Replay;
use stage::{Config, Input, MemoryStore, Runner, Store, Turn};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;

fn log() -> Arc<MemoryLog> {
    let topic = |name: &str| TopicConfig {
        name: name.into(),
        partitions: 1,
        retention: None,
        tier: Tier::Consumer,
    };
    MemoryLog::new(vec![
        topic("inbound"),
        topic("accepted"),
        topic("inbound.dead"),
    ])
}

fn fold() -> Dedup {
    Dedup::new(Metrics::new(&Registry::new()).unwrap())
}

fn runner(log: &Arc<MemoryLog>, store: &MemoryStore, poll_records: usize) -> Runner<Dedup> {
    let as_log: Arc<dyn Log> = log.clone();
    let config = Config {
        poll_records,
        gather: Duration::ZERO,
        poll_wait: Duration::ZERO,
        backoff_min: Duration::ZERO,
        backoff_max: Duration::ZERO,
        ..Config::default()
    };
    Runner::new(fold(), as_log, Store::Memory(store.clone()), config)
}

fn to_the_end(stage: &mut Runner<Dedup>) {
    for _ in 0..10_000 {
        match stage.turn() {
            Turn::Idle => return,
            Turn::Worked(_) | Turn::Waiting(_) => {}
            Turn::Stopped => panic!("stopped: {:?}", stage.status().state()),
        }
    }
    panic!("never idle: {:?}", stage.status().state());
}

/// What a reader of the chain takes from a topic.
fn accepted(log: &MemoryLog, topic: &str) -> Vec<Vec<u8>> {
    let mut reader = ChainReader::after(None);
    let mut taken = Vec::new();
    for stored in log.read_all(topic, 0).unwrap() {
        let link = link_of(&stored.value).unwrap();
        match reader.judge(&link) {
            Verdict::Accept => taken.push(stored.value.to_vec()),
            Verdict::Repetition => {}
            other => panic!("{other:?} at {}", stored.offset),
        }
    }
    taken
}

/// A few hundred deliveries with re-deliveries, echoes, conflicts, strangers and ticks.
fn inputs() -> Vec<Vec<u8>> {
    let mut inputs = vec![rehearsal_tick(T)];
    for n in 0..300_u64 {
        let second = T + i64::try_from(n / 10).unwrap();
        let callback = Callback::message("F", n, second, n);
        inputs.push(callback.bytes());
        if n % 3 == 0 {
            inputs.push(
                Callback {
                    node: 2,
                    ..callback.clone()
                }
                .bytes(),
            );
        }
        if n % 7 == 0 {
            inputs.push(callback.bytes());
        }
        if n % 11 == 0 {
            inputs.push(
                Callback {
                    text: "other".into(),
                    node: 3,
                    ..callback.clone()
                }
                .bytes(),
            );
        }
        if n % 50 == 0 {
            inputs.push(
                Callback {
                    create_time: T + 10_000,
                    ..callback
                }
                .bytes(),
            );
            inputs.push(b"{\"type\":\"nonsense\"}".to_vec());
        }
        if n % 10 == 9 {
            inputs.push(rehearsal_tick(second + 1));
        }
    }
    inputs
}

fn fill(log: &MemoryLog, inputs: &[Vec<u8>]) {
    for value in inputs {
        log.push("inbound", 0, "F", value.clone()).unwrap();
    }
}

#[test]
fn d_b_outputs_that_are_durable_before_the_state_are_made_again_and_dropped() {
    let undisturbed = log();
    fill(&undisturbed, &inputs());
    to_the_end(&mut runner(&undisturbed, &MemoryStore::default(), 1_000));

    let (crashed, store) = (log(), MemoryStore::default());
    let inputs = inputs();
    let mut stage = runner(&crashed, &store, 20);
    for chunk in inputs.chunks(40) {
        fill(&crashed, chunk);
        stage.turn();
        store.set_unwritable(true);
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        store.set_unwritable(false);
        drop(stage);
        stage = runner(&crashed, &store, 20);
    }
    to_the_end(&mut stage);
    for topic in ["accepted", "inbound.dead"] {
        assert_eq!(
            accepted(&crashed, topic),
            accepted(&undisturbed, topic),
            "{topic}"
        );
    }
}

#[test]
fn v_5_a_state_that_is_deleted_in_the_middle_is_built_again_from_the_log() {
    let undisturbed = log();
    fill(&undisturbed, &inputs());
    to_the_end(&mut runner(&undisturbed, &MemoryStore::default(), 17));

    let (deleted, store) = (log(), MemoryStore::default());
    for chunk in inputs().chunks(100) {
        fill(&deleted, chunk);
        to_the_end(&mut runner(&deleted, &store, 64));
        store.wipe();
    }
    for topic in ["accepted", "inbound.dead"] {
        assert_eq!(
            accepted(&deleted, topic),
            accepted(&undisturbed, topic),
            "{topic}"
        );
        let written = deleted.read_all(topic, 0).unwrap().len();
        assert_eq!(
            written,
            accepted(&deleted, topic).len(),
            "nothing was written twice"
        );
    }
}

#[test]
fn a_restart_from_saved_state_goes_on_as_if_there_had_been_none() {
    let inputs = inputs();
    let run = |reload_every: usize| {
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let mut replay = Replay::new(Dedup::new(metrics.clone())).unwrap();
        let mut outputs = Vec::new();
        for (offset, value) in (0_u64..).zip(&inputs) {
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
        (outputs, metrics.counters()[&0].clone(), registry.render())
    };
    let (undisturbed, counters, _) = run(usize::MAX);
    let (restarted, same, shown) = run(7);
    assert_eq!(undisturbed, restarted);
    assert_eq!(counters, same);
    assert_eq!(counters.mismatches, 0);
    assert_eq!(
        (counters.messages, counters.redeliveries, counters.echoes),
        (300, 100, 43)
    );
    assert_eq!(
        (counters.conflicts, counters.quarantined, counters.malformed),
        (28, 6, 6)
    );
    for line in [
        "spillway_dedup_total{result=\"new\"} 300",
        "spillway_dedup_total{result=\"duplicate\"} 100",
        "spillway_dedup_total{result=\"conflict\"} 28",
        "spillway_audit_mismatch_total{check=\"V-2\"} 0",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
}

#[test]
fn what_cannot_be_judged_goes_to_the_dead_letters_with_its_bytes() {
    let (log, store) = (log(), MemoryStore::default());
    fill(
        &log,
        &[
            b"{\"type\":\"nonsense\"}".to_vec(),
            Callback::message("F", 1, T, 1).bytes(),
            tick(T),
        ],
    );
    let mut stage = runner(&log, &store, 10);
    to_the_end(&mut stage);
    let dead = accepted(&log, "inbound.dead");
    assert_eq!(dead.len(), 1);
    let letter: record::dead::DeadLetter<'_> = serde_json::from_slice(&dead[0]).unwrap();
    assert_eq!(
        (letter.reason.as_ref(), letter.raw.as_ref()),
        ("unknown_type", "{\"type\":\"nonsense\"}")
    );
    assert_eq!(accepted(&log, "accepted").len(), 2);
}
