//! Readers that fall silent.

use super::faulty::Faulty;
use super::sample::{FIRST_OF_TWO, Order};
use super::{Home, accepted, log, runner, to_the_end};
use crate::{StageState, Turn};
use msglog::Log;
use std::sync::Arc;
use std::time::Duration;

fn order() -> Vec<u8> {
    Order::new(1, &[1], 0, "").json()
}

#[test]
fn a_reader_that_gives_nothing_while_there_is_more_is_replaced() {
    let (log, home) = (log(), Home::memory());
    log.push("inbound", 0, "k", order()).unwrap();
    let faulty = Faulty::new(&log, "");
    let as_log: Arc<dyn Log> = faulty.clone();
    let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    to_the_end(&mut stage).unwrap();
    // With nothing to come it may be silent for as long as it likes.
    faulty.deafen();
    for _ in 0..60 {
        assert_eq!(stage.turn(), Turn::Idle);
        clock.advance(Duration::from_secs(1));
    }
    log.push("inbound", 0, "k", order()).unwrap();
    let mut turns = 0;
    while stage.turn() == Turn::Idle {
        clock.advance(Duration::from_secs(1));
        turns += 1;
        assert!(turns < 100, "it waits for ever");
    }
    assert_eq!(turns, 30);
    let (state, reason) = stage.status().state();
    assert_eq!(state, StageState::Waiting);
    let words = ["inbound/0", "durable records do not come"];
    assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
    clock.advance(Duration::from_millis(100));
    to_the_end(&mut stage).unwrap();
    assert_eq!(accepted(&log, "accepted", 0).len(), 2);
}
