//! No ack without a proof; no record lost because somebody hung up.

use crate::fixture::{Node, account, callback, eventually, text};
use msglog::{LogError, Refusal};
use record::topics::INBOUND;
use std::time::{Duration, Instant};

fn message(n: u64) -> Vec<u8> {
    callback(&account("plain"), &text(&format!("o{n}"), 100, n, "GO"))
}

#[test]
fn nothing_is_answered_until_the_record_is_durable() {
    let node = Node::start();
    node.log.hold(INBOUND).unwrap();
    let mut clients: Vec<_> = (0..5).map(|_| node.client()).collect();
    for (n, client) in (0..).zip(&mut clients) {
        client.send(&message(n));
    }
    node.held_becomes(5);
    eventually(
        || node.ingress.in_flight() == 5,
        || "five are in flight".to_owned(),
    );
    assert!(node.records().is_empty());
    assert_eq!(node.log.release(INBOUND).unwrap(), 5);
    for client in &mut clients {
        client.answer().unwrap().is_success();
    }
    assert_eq!(node.records().len(), 5);
    eventually(
        || node.ingress.in_flight() == 0,
        || "none is in flight".to_owned(),
    );
}

#[test]
fn answers_go_only_to_those_whose_record_is_durable() {
    let node = Node::start_with(|config| config.threads = 1);
    node.log.hold(INBOUND).unwrap();
    let (mut first, mut second) = (node.client(), node.client());
    first.send(&message(1));
    node.held_becomes(1);
    second.send(&message(2));
    node.held_becomes(2);
    node.log.release_some(INBOUND, 1).unwrap();
    first.answer().unwrap().is_success();
    assert_eq!(node.log.held(INBOUND).unwrap(), 1);
    node.log.release(INBOUND).unwrap();
    second.answer().unwrap().is_success();
}

#[test]
fn past_the_budget_the_connection_is_closed_without_a_byte_and_the_record_lands() {
    let node = Node::start_with(|config| config.ack_budget = Duration::from_millis(200));
    node.log.hold(INBOUND).unwrap();
    let mut client = node.client();
    let began = Instant::now();
    client.send(&message(1));
    assert!(client.answer().is_none());
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(began.elapsed() < Duration::from_secs(5));
    node.metric_becomes("spillway_ingress_unacked_total", 1.0);
    node.metric_becomes(
        "spillway_ingress_append_failures_total{reason=\"late\"}",
        1.0,
    );
    assert!(node.health.ready().unwrap_err()[0].contains("ack budget"));
    node.log.release(INBOUND).unwrap();
    assert_eq!(node.records().len(), 1);
    node.client().ask(&message(2)).is_success();
}

#[test]
fn the_record_survives_the_callers_hanging_up() {
    let node = Node::start();
    node.log.hold(INBOUND).unwrap();
    for n in 0..10 {
        let mut client = node.client();
        client.send(&message(n));
        node.held_becomes(n as usize + 1);
        drop(client);
    }
    node.log.release(INBOUND).unwrap();
    assert_eq!(node.records().len(), 10);
    node.client().ask(&message(10)).is_success();
}

#[test]
fn a_caller_that_goes_away_in_the_middle_of_its_request_leaves_nothing() {
    let node = Node::start();
    let whole = message(1);
    for cut in [10, whole.len() / 2, whole.len() - 1] {
        node.client().send(&whole[..cut]);
    }
    node.client().ask(&message(2)).is_success();
    assert_eq!(node.record().from, "o2");
    node.metric_becomes("spillway_ingress_connections", 0.0);
}

/// Refuses every append with this and looks at what a caller and readiness see.
fn refused(refusal: Refusal, reason: &str, words: &str) {
    let node = Node::start();
    assert!(node.health.ready().is_ok());
    node.log.refuse(INBOUND, refusal).unwrap();
    let mut client = node.client();
    client.send(&message(1));
    assert!(client.answer().is_none(), "closed without a byte");
    assert!(node.records().is_empty());
    let unready = node.health.ready().unwrap_err();
    assert!(
        unready[0].starts_with("inbound: ") && unready[0].contains(words),
        "{unready:?}"
    );
    let metric = format!("spillway_ingress_append_failures_total{{reason=\"{reason}\"}}");
    node.metric_becomes(&metric, 1.0);
    node.metric_becomes("spillway_ingress_unacked_total", 1.0);
    node.log.heal(INBOUND).unwrap();
    node.client().ask(&message(1)).is_success();
}

#[test]
fn a_log_that_takes_nothing_means_no_ack_and_unready() {
    refused(Refusal::QueueFull, "queue_full", "queue is full");
    let no_room = LogError::NoRoom {
        topic: INBOUND.to_owned(),
        detail: "1 GiB free".to_owned(),
    };
    refused(Refusal::Log(no_room), "no_room", "1 GiB free");
}

#[test]
fn a_failed_flush_means_no_ack_for_anybody_and_unready_for_good() {
    let node = Node::start();
    node.client().ask(&message(1)).is_success();
    node.log.fail_after(INBOUND, 1).unwrap();
    node.client().ask(&message(2)).is_success();
    for n in 3..6 {
        let mut client = node.client();
        client.send(&message(n));
        assert!(client.answer().is_none());
    }
    assert_eq!(node.records().len(), 2);
    let unready = node.health.ready().unwrap_err();
    assert!(unready[0].contains("poisoned"), "{unready:?}");
    node.metric_becomes(
        "spillway_ingress_append_failures_total{reason=\"poisoned\"}",
        3.0,
    );
}

#[test]
fn a_pipelined_request_after_an_unanswered_one_is_not_answered_in_its_place() {
    let node = Node::start_with(|config| config.ack_budget = Duration::from_millis(150));
    node.log.hold(INBOUND).unwrap();
    let mut client = node.client();
    let mut both = message(1);
    both.extend(message(2));
    client.send(&both);
    assert!(client.answer().is_none());
}
