//! A clean stop answers what it has taken.

use crate::fixture::{Node, account, callback, eventually, text};
use record::topics::INBOUND;
use std::time::{Duration, Instant};

fn message(n: u64) -> Vec<u8> {
    callback(&account("plain"), &text("o1", 100, n, "GO"))
}

#[test]
fn what_is_in_flight_is_answered_before_the_end() {
    let node = Node::start();
    node.log.hold(INBOUND).unwrap();
    let (mut busy, mut idle) = (node.client(), node.client());
    busy.send(&message(1));
    node.held_becomes(1);
    let log = std::sync::Arc::clone(&node.log);
    let health = node.health.clone();
    let began = Instant::now();
    let stopping = std::thread::spawn(move || node.ingress.stop());
    eventually(
        || health.ready().is_err(),
        || "readiness is off first".to_owned(),
    );
    assert_eq!(health.ready().unwrap_err(), ["ingress: stopping"]);
    assert!(idle.is_closed());
    assert!(!stopping.is_finished(), "it waits for the proof");
    log.release(INBOUND).unwrap();
    busy.answer().unwrap().is_success();
    let stopped = stopping.join().unwrap();
    assert_eq!((stopped.unproved, stopped.failures), (0, Vec::new()));
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn while_it_leaves_it_still_answers_and_asks_to_go_elsewhere() {
    let node = Node::start_with(|config| {
        config.quiet = Duration::from_secs(2);
        config.quiet_max = Duration::from_secs(2);
    });
    let addr = node.ingress.addr();
    let mut client = node.client();
    client.ask(&message(1)).is_success();
    let health = node.health.clone();
    let stopping = std::thread::spawn(move || node.ingress.stop());
    eventually(|| health.ready().is_err(), || "readiness is off".to_owned());
    let answer = client.ask(&message(2));
    answer.is_success();
    assert_eq!(answer.header("connection"), Some("close"));
    crate::client::Client::new(addr)
        .ask(&message(3))
        .is_success();
    assert_eq!(stopping.join().unwrap().unproved, 0);
    assert!(
        std::net::TcpStream::connect(addr).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn a_log_that_never_answers_does_not_hold_up_the_stop() {
    let node = Node::start_with(|config| config.ack_budget = Duration::from_millis(300));
    node.log.hold(INBOUND).unwrap();
    let mut client = node.client();
    client.send(&message(1));
    node.held_becomes(1);
    let began = Instant::now();
    let stopped = node.ingress.stop();
    assert_eq!(stopped.unproved, 1);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(client.answer().is_none());
}
