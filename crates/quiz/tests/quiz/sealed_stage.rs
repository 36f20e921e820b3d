//! Seals on the runner: killed between any two records, with its state kept, lost or older, quiz writes every share
//! once and always the same.

use crate::common::{Spec, event, open, said, tick};
use crate::retries::unreadable;
use crate::sealing::{decided, moved_act, window};
use crate::staged::{accepted, fill, linked, log, runner_on, to_the_end};
use msglog::memory::MemoryLog;
use quiz::{Metrics, Quiz};
use record::rounds::{SHARE, Share};
use stage::replay::Replay;
use stage::state::Budget;
use stage::{Input, MemoryStore, Store, Turn};
use std::sync::Arc;
use telemetry::Registry;

const TOPICS: [&str; 2] = ["results", "accepted.dead"];

/// Two rounds sealed one after the other; a window moves, a version comes between, messages are late.
fn records() -> Vec<Vec<u8>> {
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        tables: "[eligible]\nmust_follow = true\n",
        ..Spec::default()
    };
    let next = Spec {
        policy: "policy = \"last\"",
        ..spec.clone()
    };
    let mut records = vec![spec.copy(1, 0, None)];
    let texts = ["GO", "A", "B", "AB", "A"];
    for n in 0..30_u64 {
        let time = open(1) + i64::try_from(n * 7 % 330).unwrap();
        let text = texts[usize::try_from(n % 5).unwrap()];
        records.push(said(&format!("o{}", n % 7), time, n, text));
    }
    records.push(moved_act(1, (1, open(1), open(1) + 360)));
    records.push(event("o1", open(1) + 340, "unsubscribe"));
    records.push(said("o2", open(1) + 359, 40, "A"));
    records.push(tick(open(1) + 395));
    records.push(decided(&spec, 2, 1, (1, open(1), open(1) + 360)));
    records.push(said("o3", open(1) + 3, 41, "A"));
    records.push(said("o9", open(1) + 4, 42, "GO"));
    records.push(unreadable(&said("o4", open(2), 43, "A")));
    for n in 50..60_u64 {
        let time = open(2) + i64::try_from(n).unwrap();
        let text = texts[usize::try_from(n % 5).unwrap()];
        records.push(said(&format!("o{}", n % 11), time, n, text));
    }
    records.push(next.copy(2, 3, Some(2)));
    records.push(said("o9", open(2) + 200, 61, "A"));
    records.push(decided(&next, 4, 2, window(2)));
    // The same once more, as a coordinator that took over may copy it.
    records.push(decided(&next, 4, 2, window(2)));
    records.push(decided(&spec, 5, 1, window(3)));
    records.push(tick(open(3)));
    linked(records)
}

fn undisturbed(records: &[Vec<u8>]) -> Arc<MemoryLog> {
    let log = log();
    fill(&log, records);
    to_the_end(&mut runner_on(&log, Store::memory(), 1_000));
    log
}

fn check(log: &MemoryLog, want: &MemoryLog, how: &str) {
    for topic in TOPICS {
        assert_eq!(accepted(log, topic), accepted(want, topic), "{topic} {how}");
    }
}

fn shares(log: &MemoryLog) -> Vec<Share> {
    let values = accepted(log, "results");
    let shares = values
        .iter()
        .filter(|value| record::type_of(value).as_deref() == Some(SHARE));
    shares
        .map(|value| serde_json::from_slice(value).unwrap())
        .collect()
}

#[test]
fn q_5_every_round_has_one_share_and_its_cut_is_the_place_of_the_copy() {
    let records = records();
    let log = undisturbed(&records);
    let facts: Vec<_> = shares(&log)
        .iter()
        .map(|share| (share.round, share.ctl, share.cut, share.chunk, share.of))
        .collect();
    let last = u64::try_from(records.len()).unwrap() - 1;
    assert_eq!(
        facts,
        [
            (1, 2, 35, 0, 1),
            (2, 4, last - 3, 0, 1),
            (3, 5, last - 1, 0, 1)
        ]
    );
    let standings: Vec<_> = shares(&log).into_iter().map(|s| s.standings).collect();
    assert!(standings[0].contains("\"bar\":\"not_following\""));
    assert!(standings[1].lines().count() == 3 && standings[2].is_empty());
    assert_eq!(accepted(&log, "accepted.dead").len(), 1);
}

/// V-3, V-5: killed after its outputs and before its state, or with no state left, between any two records.
#[test]
fn v_3_v_5_killed_between_any_two_records_the_shares_are_the_same() {
    let records = records();
    let want = undisturbed(&records);
    for at in 1..records.len() {
        for is_lost in [false, true] {
            let (log, store) = (log(), MemoryStore::default());
            fill(&log, &records[..at]);
            let mut stage = runner_on(&log, Store::Memory(store.clone()), 3);
            stage.turn();
            store.set_unwritable(true);
            for _ in 0..3 {
                stage.turn();
            }
            drop(stage);
            store.set_unwritable(false);
            if is_lost {
                store.wipe();
            }
            let mut stage = runner_on(&log, Store::Memory(store.clone()), 5);
            to_the_end(&mut stage);
            drop(stage);
            fill(&log, &records[at..]);
            to_the_end(&mut runner_on(&log, Store::Memory(store), 1));
            check(&log, &want, &format!("killed at {at}, lost: {is_lost}"));
        }
    }
}

#[test]
fn v_3_the_size_of_batches_changes_nothing() {
    let records = records();
    let want = undisturbed(&records);
    for size in [1, 2, 3, 7, 36] {
        let log = log();
        fill(&log, &records);
        to_the_end(&mut runner_on(&log, Store::memory(), size));
        check(&log, &want, &format!("in batches of {size}"));
    }
}

/// Windows, seals and what they were judged by stand in a RocksDB that outlives the process, and are built again
/// when its directory is deleted.
#[test]
fn v_5_seals_outlive_the_process_and_a_deleted_state_in_rocksdb() {
    let records = records();
    let want = undisturbed(&records);
    let (dir, budget) = (tempfile::tempdir().unwrap(), Budget::new(8 << 20, 8 << 20));
    for is_deleted in [false, true] {
        let state = dir.path().join(format!("state-{is_deleted}"));
        let log = log();
        for chunk in records.chunks(9) {
            fill(&log, chunk);
            let mut stage = runner_on(&log, Store::rocks(&state, &budget), 4);
            to_the_end(&mut stage);
            stage.close();
            drop(stage);
            if is_deleted {
                std::fs::remove_dir_all(&state).unwrap();
            }
        }
        check(&log, &want, &format!("deleted: {is_deleted}"));
    }
}

/// The books that are saved are the books: brought back after each record, they go on the same.
#[test]
fn windows_and_seals_are_brought_back_from_what_is_saved() {
    let run = |reload: bool| {
        let metrics = Metrics::new(&Registry::new()).unwrap();
        let mut replay = Replay::new(Quiz::new(metrics)).unwrap();
        let mut outputs = Vec::new();
        for (offset, value) in (0_u64..).zip(&records()) {
            let input = Input {
                partition: 0,
                offset,
                key: b"F",
                value,
            };
            outputs.extend(replay.apply(&input).unwrap());
            if reload {
                replay.reload().unwrap();
            }
        }
        outputs
    };
    assert_eq!(run(true), run(false));
}

/// A stage that cannot keep its state goes on when it can, and nothing is written twice.
#[test]
fn a_share_is_not_written_again_when_the_state_could_not_be() {
    let records = records();
    let want = undisturbed(&records);
    let (log, store) = (log(), MemoryStore::default());
    fill(&log, &records);
    store.set_unwritable(true);
    let mut stage = runner_on(&log, Store::Memory(store.clone()), 1_000);
    for _ in 0..4 {
        assert!(!matches!(stage.turn(), Turn::Stopped));
    }
    store.set_unwritable(false);
    to_the_end(&mut stage);
    check(&log, &want, "after a while without state");
    let raw = log.read_all("results", 0).unwrap();
    assert_eq!(raw.len(), accepted(&want, "results").len());
}
