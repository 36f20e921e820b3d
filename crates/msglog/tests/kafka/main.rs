//! The log on a real broker: the list of checks that every backend passes, and what only this one promises.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod appending;
mod away;
mod groups;
mod harness;
mod identity;

use broker::Cluster;
use harness::AtBroker;
use msglog::Tier;
use msglog::conformance::ALL;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

#[test]
fn kafka_is_a_backend_for_stages() {
    passes_all(Tier::Consumer);
}

#[test]
fn kafka_is_a_backend_for_ingress_whose_appender_lives_differently() {
    passes_all(Tier::Ingress);
}

/// Each tier at a broker of its own, which the checks kill.
#[track_caller]
fn passes_all(tier: Tier) {
    let cluster = Arc::new(Mutex::new(Cluster::start(1).unwrap()));
    let failed: Vec<&str> = ALL
        .iter()
        .filter(|(_, check)| {
            let run = || check(&|| Box::new(AtBroker::new(&cluster, tier)));
            catch_unwind(AssertUnwindSafe(run)).is_err()
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "{tier:?}: {failed:?}");
}
