//! Several processes on one log, each with a state of its own: partitions change hands in mid-run, cleanly, by
//! death, and to the side of a zombie. What readers accept equals one undisturbed run; whoever holds a partition
//! at the end has the undisturbed state of it.

use super::sample::{FIRST, Order, Sample};
use super::seats::Seated;
use super::{Home, ManualClock, PARTITIONS, all_accepted, log, runner, to_the_end};
use crate::state::Entry;
use crate::{Runner, Space};
use msglog::memory::MemoryLog;
use msglog::{Log, LogError, Refusal};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const TOPICS: [&str; 3] = ["accepted", "results", "inbound.dead"];
const ACTS: [&str; 8] = ["", "", "dead", "reject", "tick", "expire", "delete", "scan"];

/// One process: its place in the group, its disk, and its stage while it runs.
struct Process {
    seated: Arc<Seated>,
    home: Home,
    stage: Option<(Runner<Sample>, Arc<ManualClock>)>,
    batch: usize,
}

impl Process {
    fn new(log: &Arc<MemoryLog>, batch: usize) -> Self {
        Self {
            seated: Seated::new(log),
            home: Home::memory(),
            stage: None,
            batch,
        }
    }

    fn turn(&mut self) {
        let as_log: Arc<dyn Log> = self.seated.clone();
        let (home, batch) = (&self.home, self.batch);
        let (stage, clock) = self
            .stage
            .get_or_insert_with(|| runner(FIRST, &as_log, &home.store, batch));
        // Whatever back-off was due has passed.
        clock.advance(Duration::from_secs(31));
        stage.turn();
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Turn(usize),
    /// Leaves in order.
    Close(usize),
    /// Gone without a word; its state stays.
    Kill(usize),
    /// Gone without a word, and its disk too.
    Lose(usize),
    /// Others take over while it goes on.
    Zombie(usize),
    /// It hears that it has lost its partitions.
    Wake(usize),
    /// The log goes away, or comes back.
    Away(bool),
    /// Another input arrives.
    Feed,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..3_usize;
    prop_oneof![
        12 => who.clone().prop_map(Step::Turn),
        1 => who.clone().prop_map(Step::Close),
        1 => who.clone().prop_map(Step::Kill),
        1 => who.clone().prop_map(Step::Lose),
        2 => who.clone().prop_map(Step::Zombie),
        2 => who.prop_map(Step::Wake),
        1 => any::<bool>().prop_map(Step::Away),
        4 => Just(Step::Feed),
    ]
}

fn order() -> impl Strategy<Value = (u32, Order)> {
    let outs = prop::collection::vec(0..4_u8, 0..3);
    (0..PARTITIONS, 0..6_u8, outs, 0..5_u32, 0..ACTS.len())
        .prop_map(|(partition, k, outs, b, act)| (partition, Order::new(k, &outs, b, ACTS[act])))
}

fn push(log: &MemoryLog, (partition, order): &(u32, Order)) {
    log.push("inbound", *partition, vec![order.k], order.json())
        .unwrap();
}

fn go(log: &Arc<MemoryLog>, processes: &mut [Process], step: Step, rest: &mut &[(u32, Order)]) {
    match step {
        Step::Turn(who) => processes[who].turn(),
        Step::Close(who) => {
            if let Some((mut stage, _)) = processes[who].stage.take() {
                stage.close();
            }
        }
        Step::Kill(who) => drop(processes[who].stage.take()),
        Step::Lose(who) => {
            drop(processes[who].stage.take());
            processes[who].home.lose();
        }
        Step::Zombie(who) => processes[who].seated.steal(),
        Step::Wake(who) => processes[who].seated.wake(FIRST.name, FIRST.input),
        Step::Away(true) => TOPICS.iter().for_each(|topic| {
            let detail = "a test ordered it".to_owned();
            let away = Refusal::Log(LogError::Away { detail });
            log.refuse(topic, away).unwrap();
        }),
        Step::Away(false) => TOPICS.iter().for_each(|topic| log.heal(topic).unwrap()),
        Step::Feed => {
            if let Some((first, others)) = rest.split_first() {
                push(log, first);
                *rest = others;
            }
        }
    }
}

/// Everything calms down: the log is there, nobody is a zombie, all inputs have come, everyone turns until idle.
fn calm(log: &Arc<MemoryLog>, processes: &mut [Process], rest: &[(u32, Order)]) {
    TOPICS.iter().for_each(|topic| log.heal(topic).unwrap());
    rest.iter().for_each(|order| push(log, order));
    for process in processes.iter_mut() {
        process.seated.wake(FIRST.name, FIRST.input);
    }
    for _ in 0..400 {
        processes.iter_mut().for_each(Process::turn);
    }
}

/// The entries of a partition, without those in buckets that it has expired: when their files go depends on who
/// shares the store.
fn of_partition(entries: &[Entry], partition: u32) -> Vec<Entry> {
    let own = |key: &[u8]| key.starts_with(&partition.to_be_bytes());
    let meta_key = [
        b"\xff\xff\xff\xffpartition/".as_slice(),
        &partition.to_be_bytes(),
    ]
    .concat();
    let meta = entries.iter().find(|(_, key, _)| *key == meta_key);
    let floor = meta.map_or(0, |(_, _, json)| {
        let meta: serde_json::Value = serde_json::from_slice(json).unwrap();
        meta["floor"].as_u64().unwrap()
    });
    let stands = |space: Space| !matches!(space, Space::Bucket(b) if u64::from(b) < floor);
    let of = entries
        .iter()
        .filter(|(space, key, _)| (own(key) && stands(*space)) || *key == meta_key);
    of.cloned().collect()
}

fn check(orders: &[(u32, Order)], at_first: usize, batches: [usize; 3], steps: &[Step]) {
    let log = log();
    let (first, mut rest) = orders.split_at(at_first.min(orders.len()));
    first.iter().for_each(|order| push(&log, order));
    let mut processes = batches.map(|batch| Process::new(&log, batch));
    for step in steps {
        go(&log, &mut processes, *step, &mut rest);
    }
    calm(&log, &mut processes, rest);
    let (plain, home) = (super::log(), Home::memory());
    orders.iter().for_each(|order| push(&plain, order));
    let as_log: Arc<dyn Log> = plain.clone();
    let (mut stage, _) = runner(FIRST, &as_log, &home.store, 10_000);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    assert_eq!(all_accepted(&log, &TOPICS), all_accepted(&plain, &TOPICS));
    let entries = home.entries(&FIRST, &*plain);
    let mut held = 0;
    for mut process in processes {
        let Some((stage, _)) = process.stage.take() else {
            continue;
        };
        let report = stage.status().report();
        drop(stage);
        let stored = process.home.entries(&FIRST, &*log);
        for (&partition, shown) in &report.partitions {
            assert_eq!(shown.halted, None);
            assert_eq!(
                of_partition(&stored, partition),
                of_partition(&entries, partition)
            );
            held += 1;
        }
    }
    assert_eq!(held, PARTITIONS, "each partition has one owner at the end");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_hand_overs_leave_what_one_process_would_have_left(
        orders in prop::collection::vec(order(), 0..90),
        at_first in 0..90_usize,
        batches in [1..12_usize, 1..12_usize, 1..12_usize],
        steps in prop::collection::vec(step(), 0..120),
    ) {
        check(&orders, at_first, batches, &steps);
    }
}

#[test]
fn a_log_that_is_away_is_waited_for_with_new_appenders() {
    let (log, home) = (log(), Home::memory());
    let seated = Seated::new(&log);
    let as_log: Arc<dyn Log> = seated;
    push(&log, &(0, Order::new(1, &[1], 0, "")));
    let (mut stage, clock) = runner(FIRST, &as_log, &home.store, 10);
    let detail = "the broker is down".to_owned();
    let away = Refusal::Log(LogError::Away { detail });
    log.refuse("accepted", away).unwrap();
    for _ in 0..5 {
        assert!(matches!(stage.turn(), crate::Turn::Waiting(_)));
        let (state, reason) = stage.status().state();
        assert_eq!(state, crate::StageState::Waiting);
        assert!(reason.contains("the log is away"), "{reason}");
        clock.advance(Duration::from_secs(31));
    }
    log.heal("accepted").unwrap();
    to_the_end(&mut stage).unwrap();
    assert_eq!(log.read_all("accepted", 0).unwrap().len(), 1);
}

#[test]
fn an_offset_that_went_out_of_range_is_judged_again_and_never_jumped() {
    let (log, home) = (log(), Home::memory());
    let as_log: Arc<dyn Log> = log.clone();
    for _ in 0..20 {
        push(&log, &(0, Order::new(1, &[1], 0, "")));
    }
    let (mut stage, clock) = runner(FIRST, &as_log, &home.store, 4);
    assert!(matches!(stage.turn(), crate::Turn::Worked(4)));
    // Retention passes the runner: outputs of 4 … 9 would be missing for ever.
    log.retain_from("inbound", 0, 10).unwrap();
    assert!(matches!(stage.turn(), crate::Turn::Waiting(_)));
    clock.advance(Duration::from_secs(31));
    assert!(matches!(stage.turn(), crate::Turn::Waiting(_)));
    let (state, reason) = stage.status().state();
    assert_eq!(state, crate::StageState::Failed, "{reason}");
    assert!(reason.contains("missing for ever"), "{reason}");
    assert_eq!(log.read_all("accepted", 0).unwrap().len(), 4);
}
