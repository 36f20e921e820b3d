//! Random inputs, batch sizes and deaths: the outcome is always the undisturbed one.

use super::faulty::{Death, Faulty};
use super::sample::{FIRST, Order};
use super::{Home, PARTITIONS, all_accepted, log, runner, to_the_end};
use msglog::Log;
use proptest::prelude::*;
use std::sync::Arc;

const TOPICS: [&str; 3] = ["accepted", "results", "inbound.dead"];
const ACTS: [&str; 9] = [
    "", "", "", "dead", "reject", "tick", "expire", "delete", "scan",
];

#[derive(Clone, Debug)]
struct Life {
    batch: usize,
    outputs: u64,
    death: Death,
    state: u8,
}

fn order() -> impl Strategy<Value = (u32, Order)> {
    (
        0..PARTITIONS,
        0..6_u8,
        prop::collection::vec(0..4_u8, 0..3),
        0..5_u32,
        0..ACTS.len(),
    )
        .prop_map(|(partition, k, outs, b, act)| (partition, Order::new(k, &outs, b, ACTS[act])))
}

fn life() -> impl Strategy<Value = Life> {
    (1..20_usize, 0..40_u64, any::<bool>(), 0..4_u8).prop_map(|(batch, outputs, heard, state)| {
        Life {
            batch,
            outputs,
            death: if heard { Death::Before } else { Death::Unheard },
            state,
        }
    })
}

fn check(mut home: Home, orders: &[(u32, Order)], lives: &[Life]) {
    let (inner, plain) = (log(), log());
    for (partition, order) in orders {
        for log in [&inner, &plain] {
            log.push("inbound", *partition, vec![order.k], order.json())
                .unwrap();
        }
    }
    let faulty = Faulty::new(&inner, "");
    let as_log: Arc<dyn Log> = faulty.clone();
    let mut saved = false;
    for life in lives {
        faulty.die_after(life.outputs, life.death);
        let (mut stage, _) = runner(FIRST, &as_log, &home.store, life.batch);
        let _ended = to_the_end(&mut stage);
        drop(stage);
        faulty.heal();
        match life.state {
            0 => home.lose(),
            1 => {
                home.save();
                saved = true;
            }
            2 if saved => {
                home.restore();
                saved = false;
            }
            _ => {}
        }
    }
    let (mut heir, _) = runner(FIRST, &as_log, &home.store, 5);
    to_the_end(&mut heir).unwrap();
    drop(heir);
    let plain_home = Home::memory();
    let plain_log: Arc<dyn Log> = plain.clone();
    let (mut stage, _) = runner(FIRST, &plain_log, &plain_home.store, 10_000);
    to_the_end(&mut stage).unwrap();
    drop(stage);
    assert_eq!(all_accepted(&inner, &TOPICS), all_accepted(&plain, &TOPICS));
    assert_eq!(
        home.entries(&FIRST, &*inner),
        plain_home.entries(&FIRST, &*plain)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lives_on_a_store_in_memory(
        orders in prop::collection::vec(order(), 0..120),
        lives in prop::collection::vec(life(), 0..5),
    ) {
        check(Home::memory(), &orders, &lives);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_lives_on_rocksdb(
        orders in prop::collection::vec(order(), 0..120),
        lives in prop::collection::vec(life(), 0..4),
    ) {
        check(Home::rocks(), &orders, &lives);
    }
}
