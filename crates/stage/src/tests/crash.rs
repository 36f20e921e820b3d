//! Kill it between any two steps, with its state kept, lost, or older; what readers accept and the final
//! state are those of an undisturbed run.

use super::faulty::{Death, Faulty};
use super::sample::{FIRST, FIRST_OF_TWO, Order, SECOND, Sample};
use super::{Home, PARTITIONS, all_accepted, log, runner, to_the_end};
use crate::Fold;
use msglog::Log;
use msglog::memory::MemoryLog;
use std::sync::Arc;
use std::time::Duration;

const TOPICS: [&str; 3] = ["accepted", "results", "inbound.dead"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Kept,
    Lost,
    Older,
}

fn orders() -> Vec<Order> {
    let acts = [
        "", "scan", "dead", "", "reject", "tick", "delete", "expire", "",
    ];
    (0..36_u32)
        .map(|i| {
            let outs = [(i % 4) as u8, u8::from(i % 5 == 0)];
            Order::new((i % 7) as u8, &outs, i / 8, acts[i as usize % acts.len()])
        })
        .collect()
}

fn fill(log: &MemoryLog, orders: &[Order]) {
    for (i, order) in orders.iter().enumerate() {
        log.push(
            "inbound",
            i as u32 % PARTITIONS,
            format!("key{i}"),
            order.json(),
        )
        .unwrap();
    }
    log.push("inbound", 1, "key", "no json").unwrap();
}

type Entries = Vec<crate::state::Entry>;

fn undisturbed(
    fold: &Sample,
    orders: &[Order],
) -> (Vec<Vec<(record::chain::Link, String)>>, Entries, u64) {
    let (log, home) = (log(), Home::memory());
    fill(&log, orders);
    let as_log: Arc<dyn Log> = log.clone();
    let (mut runner, _) = runner(fold.clone(), &as_log, &home.store, 1_000);
    to_the_end(&mut runner).unwrap();
    let totals = runner.status().report().totals;
    assert_eq!((totals.suppressed, totals.restarts), (0, 0));
    drop(runner);
    (
        all_accepted(&log, &TOPICS),
        home.entries(fold, &*log),
        totals.outputs,
    )
}

/// One case: dies once, comes back, goes to the end.
fn case(
    mut home: Home,
    orders: &[Order],
    (after, death, state): (u64, Death, After),
    batch: usize,
) {
    let inner = log();
    fill(&inner, &orders[..10]);
    let faulty = Faulty::new(&inner, "");
    let as_log: Arc<dyn Log> = faulty.clone();
    if state == After::Older {
        let (mut early, _) = runner(FIRST, &as_log, &home.store, batch);
        early.turn();
        drop(early);
        home.save();
    }
    let already = ends(&inner);
    fill(&inner, &orders[10..]);
    faulty.die_after(after.saturating_sub(already), death);
    let (mut dying, _) = runner(FIRST, &as_log, &home.store, batch);
    let died = to_the_end(&mut dying).is_err();
    drop(dying);
    faulty.heal();
    match state {
        After::Kept => {}
        After::Lost => home.lose(),
        After::Older => home.restore(),
    }
    let (mut heir, _) = runner(FIRST, &as_log, &home.store, batch + 3);
    to_the_end(&mut heir).unwrap();
    let totals = heir.status().report().totals;
    drop(heir);
    let mut expected_log = Vec::new();
    expected_log.extend_from_slice(orders);
    let label = format!("{after} {death:?} {state:?} {batch}, died: {died}, {totals:?}");
    let (chains, entries) = reference(orders);
    assert_eq!(all_accepted(&inner, &TOPICS), chains, "{label}");
    assert_eq!(home.entries(&FIRST, &*inner), entries, "{label}");
}

/// What an undisturbed run makes of the same two pushes.
fn reference(orders: &[Order]) -> (Vec<Vec<(record::chain::Link, String)>>, Entries) {
    let (log, home) = (log(), Home::memory());
    fill(&log, &orders[..10]);
    fill(&log, &orders[10..]);
    let as_log: Arc<dyn Log> = log.clone();
    let (mut runner, _) = runner(FIRST, &as_log, &home.store, 1_000);
    to_the_end(&mut runner).unwrap();
    drop(runner);
    (all_accepted(&log, &TOPICS), home.entries(&FIRST, &*log))
}

#[test]
fn killed_at_every_output_with_state_in_memory() {
    let orders = orders();
    let (_, _, outputs) = undisturbed(&FIRST, &orders);
    assert!(outputs > 40, "the sample emits enough to be killed at");
    for after in 0..=outputs + 1 {
        for death in [Death::Before, Death::Unheard, Death::Alone] {
            for state in [After::Kept, After::Lost, After::Older] {
                for batch in [1, 7, 64] {
                    case(Home::memory(), &orders, (after, death, state), batch);
                }
            }
        }
    }
}

#[test]
fn killed_at_many_outputs_with_state_in_rocksdb() {
    let orders = orders();
    let (_, _, outputs) = undisturbed(&FIRST, &orders);
    for after in (0..=outputs + 1).step_by(9) {
        for (death, state) in [
            (Death::Before, After::Kept),
            (Death::Unheard, After::Lost),
            (Death::Unheard, After::Older),
            (Death::Alone, After::Kept),
        ] {
            case(Home::rocks(), &orders, (after, death, state), 7);
        }
    }
}

/// A record that times out while its successors go through leaves a hole that readers wait at. The stage must not
/// commit past it, however much of the batch became durable behind it.
#[test]
fn behind_an_output_that_fails_alone_readers_wait_until_the_stage_has_said_all_of_it_again() {
    let orders = orders();
    let (chains, _, outputs) = undisturbed(&FIRST, &orders);
    let mut holes = 0;
    for after in 0..outputs {
        let (inner, home) = (log(), Home::memory());
        fill(&inner, &orders);
        let faulty = Faulty::new(&inner, "");
        faulty.die_after(after, Death::Alone);
        let as_log: Arc<dyn Log> = faulty.clone();
        let (mut stage, clock) = runner(FIRST, &as_log, &home.store, 64);
        assert!(to_the_end(&mut stage).is_err(), "output {after} has failed");
        assert_eq!(stage.status().report().totals.restarts, 1);
        let stored: u64 = ends(&inner);
        let seen: usize = all_accepted(&inner, &TOPICS).iter().map(Vec::len).sum();
        holes += u64::from((seen as u64) < stored);
        // The fault was the only one: the same stage begins where the chain ends and goes on.
        clock.advance(Duration::from_secs(1));
        to_the_end(&mut stage).unwrap();
        assert_eq!(all_accepted(&inner, &TOPICS), chains, "output {after}");
    }
    assert!(holes > 10, "{holes} of {outputs} failures left a hole");
}

fn ends(log: &MemoryLog) -> u64 {
    let of = |topic: &&str| {
        (0..PARTITIONS)
            .map(|p| log.end_offset(topic, p).unwrap())
            .sum::<u64>()
    };
    TOPICS.iter().map(of).sum()
}

#[test]
fn both_stores_end_with_the_same_entries() {
    let orders = orders();
    let (chains, entries, _) = undisturbed(&FIRST, &orders);
    let (log, home) = (log(), Home::rocks());
    fill(&log, &orders);
    let as_log: Arc<dyn Log> = log.clone();
    let (mut runner, _) = runner(FIRST, &as_log, &home.store, 5);
    to_the_end(&mut runner).unwrap();
    drop(runner);
    assert_eq!(all_accepted(&log, &TOPICS), chains);
    assert_eq!(home.entries(&FIRST, &*log), entries);
}

#[test]
fn killed_after_all_is_durable_and_before_the_commit() {
    let orders = orders();
    let (chains, entries, _) = undisturbed(&FIRST, &orders);
    for lose in [false, true] {
        let (log, mut home) = (log(), Home::memory());
        fill(&log, &orders);
        let as_log: Arc<dyn Log> = log.clone();
        let (mut dying, _) = runner(FIRST, &as_log, &home.store, 5);
        assert!(matches!(dying.turn(), crate::Turn::Worked(5)));
        let crate::Store::Memory(memory) = home.store.clone() else {
            unreachable!()
        };
        memory.set_unwritable(true);
        assert!(matches!(dying.turn(), crate::Turn::Waiting(_)));
        assert!(dying.status().state().1.contains("unwritable"));
        drop(dying);
        memory.set_unwritable(false);
        if lose {
            home.lose();
        }
        let (mut heir, _) = runner(FIRST, &as_log, &home.store, 4);
        to_the_end(&mut heir).unwrap();
        assert!(heir.status().report().totals.suppressed > 0);
        drop(heir);
        assert_eq!(all_accepted(&log, &TOPICS), chains);
        assert_eq!(home.entries(&FIRST, &*log), entries);
    }
}

#[test]
fn two_owners_at_once_write_equal_outputs() {
    let orders = orders();
    let (chains, entries, _) = undisturbed(&FIRST, &orders);
    for (batch_a, batch_b) in [(1, 1), (3, 5), (8, 2)] {
        let inner = log();
        fill(&inner, &orders);
        let (home_a, home_b) = (Home::memory(), Home::memory());
        let log_a: Arc<dyn Log> = Faulty::new(&inner, "a-");
        let log_b: Arc<dyn Log> = Faulty::new(&inner, "b-");
        let (mut a, _) = runner(FIRST, &log_a, &home_a.store, batch_a);
        let (mut b, _) = runner(FIRST, &log_b, &home_b.store, batch_b);
        for _ in 0..200 {
            a.turn();
            b.turn();
        }
        to_the_end(&mut a).unwrap();
        to_the_end(&mut b).unwrap();
        drop((a, b));
        assert_eq!(all_accepted(&inner, &TOPICS), chains);
        assert_eq!(home_a.entries(&FIRST, &*inner), entries);
        assert_eq!(home_b.entries(&FIRST, &*inner), entries);
    }
}

#[test]
fn a_second_stage_sees_through_what_the_first_repeats() {
    let orders = orders();
    let topics = ["accepted", "inbound.dead", "results", "accepted.dead"];
    let outcome = |deaths: &[u64]| {
        let inner = log();
        fill(&inner, &orders);
        let faulty = Faulty::new(&inner, "");
        let as_log: Arc<dyn Log> = faulty.clone();
        let (mut home, second_home) = (Home::memory(), Home::memory());
        for &after in deaths {
            faulty.die_after(after, Death::Unheard);
            let (mut first, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 6);
            assert!(to_the_end(&mut first).is_err());
            drop(first);
            faulty.heal();
            home.lose();
            let (mut second, _) = runner(SECOND, &as_log, &second_home.store, 3);
            to_the_end(&mut second).unwrap();
        }
        let (mut first, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 11);
        to_the_end(&mut first).unwrap();
        let (mut second, _) = runner(SECOND, &as_log, &second_home.store, 2);
        to_the_end(&mut second).unwrap();
        let repetitions = second.status().report().totals.repetitions;
        drop(second);
        let mut entries = second_home.entries(&SECOND, &*inner);
        // How many records were dropped shows in the next offset only.
        entries.retain(|(_, key, _)| !key.starts_with(&[0xff; 4]));
        (all_accepted(&inner, &topics), entries, repetitions)
    };
    let plain = outcome(&[]);
    assert_eq!(plain.2, 0);
    assert!(plain.0.iter().map(Vec::len).sum::<usize>() > 60);
    for deaths in [&[3][..], &[5, 2], &[1, 9, 4]] {
        let disturbed = outcome(deaths);
        assert_eq!(outputs_of(&disturbed.0), outputs_of(&plain.0));
        assert_eq!(disturbed.1, plain.1);
    }
    assert_eq!(SECOND.input(), "accepted");
}

/// Without the links, because offsets of the first stage's outputs differ where it repeated some.
fn outputs_of(chains: &[Vec<(record::chain::Link, String)>]) -> Vec<Vec<String>> {
    let bare = |value: &String| value.split_once("\"type\"").unwrap().1.to_owned();
    chains
        .iter()
        .map(|chain| chain.iter().map(|(_, value)| bare(value)).collect())
        .collect()
}
