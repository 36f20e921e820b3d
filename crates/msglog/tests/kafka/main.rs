//! The log on a real broker: the list of checks that every backend passes, and what only this one promises.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;

use harness::{AtBroker, one_broker};
use msglog::Tier;
use msglog::conformance::ALL;

#[test]
fn kafka_is_a_backend() {
    let cluster = one_broker();
    let only = std::env::var("CHECK").unwrap_or_default();
    for (name, check) in ALL {
        if !name.contains(&only) {
            continue;
        }
        let began = std::time::Instant::now();
        check(&|| Box::new(AtBroker::new(&cluster, Tier::Consumer)));
        eprintln!("{name}: {:?}", began.elapsed());
    }
}
