//! A sync fails under a running node. Of `inbound`: no ack, unready with the reason, exit code 3, a mark of what may be
//! trusted; and the next start cuts there and has everything that was acked. Of another topic: acks go on, and `status`
//! says what to do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use support::fan::{accounts, plain, text};
use support::preload::Syncs;
use support::watch::records;
use support::wire::{Answer, get};
use support::{LIMIT, Scene, until};

/// The fans of whom records of this type stand in a topic.
fn fans(scene: &Scene, topic: &str, kind: &str) -> BTreeSet<String> {
    let records = records(scene, topic);
    let of_kind = records.iter().filter(|line| line["value"]["type"] == kind);
    of_kind
        .map(|line| line["value"]["from"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_failed_sync_acks_nothing_ends_the_node_and_costs_nothing_that_was_acked() {
    let mut scene = Scene::bare(&accounts());
    let syncs = Syncs::of(&mut scene, "inbound", 0);
    let node = scene.start("node", &[]);
    let acked: BTreeSet<String> = (0..40).map(|n| format!("oFan{n}")).collect();
    for (n, fan) in (0..).zip(&acked) {
        scene.deliver_text(fan, n, "hello");
    }

    // Readiness is asked from before the failure until nobody answers any more.
    let admin = scene.admin;
    let asking = std::thread::spawn(move || {
        let until = std::time::Instant::now() + LIMIT;
        let mut reasons = Vec::new();
        while let Some((code, why)) = get(admin, "/health/ready") {
            assert!(std::time::Instant::now() < until, "the node goes on");
            if code == 503 {
                reasons.push(why);
            }
        }
        reasons
    });
    syncs.fail(true);
    let mi = plain();
    let late = text(&mi, "oLate", 1_365_487_260, 1_000, "hello");
    assert_eq!(
        scene.deliver(&mi, &late),
        Answer::Nothing,
        "no proof, not a byte"
    );
    let ended = node.ended();
    let reasons = asking.join().unwrap();
    let says = |why: &String| why.contains("inbound") && why.contains("poisoned");
    assert!(reasons.iter().any(says), "{reasons:?}");
    let words = ["ERROR", "inbound", "Input/output error"];
    ended.badly(3, &words);
    let poison = scene.path("node/log/inbound/POISON");
    assert!(poison.exists(), "it says up to where inbound was durable");

    // The disk is mended, and the start needs no flag.
    syncs.fail(false);
    let node = scene.start("node", &[]);
    assert!(!poison.exists());
    let stands = fans(&scene, "inbound", "delivery");
    assert_eq!(stands, acked, "all that was acked, and nothing else");
    // The platform delivers again what it got no answer for.
    assert_eq!(scene.deliver(&mi, &late).status(), 200);
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    let mut all = acked;
    all.insert("oLate".to_owned());
    assert_eq!(fans(&scene, "inbound", "delivery"), all);
    assert_eq!(fans(&scene, "accepted", "message"), all);
    assert_eq!(node.terminate().0.code, Some(0));
}

#[test]
fn a_failed_sync_of_another_topic_stops_no_ack_and_is_mended_by_a_start() {
    let mut scene = Scene::bare(&accounts());
    let syncs = Syncs::of(&mut scene, "accepted", 0);
    let node = scene.start("node", &[]);
    let all: BTreeSet<String> = (0..40).map(|n| format!("oFan{n}")).collect();
    let mut fans_in_turn = (0..).zip(&all);
    for (n, fan) in fans_in_turn.by_ref().take(20) {
        scene.deliver_text(fan, n, "hello");
    }
    node.wait_drained();

    syncs.fail(true);
    for (n, fan) in fans_in_turn {
        // Acked as ever: it asserts that.
        scene.deliver_text(fan, n, "hello");
    }
    until("the stage to say why it stands", || {
        let status = node.status();
        let mut stages = status["stages"].as_array().unwrap().iter();
        let dedup = stages.find(|stage| stage["name"] == "dedup").unwrap();
        let reason = dedup["reason"].as_str().unwrap();
        let words = ["\"accepted\"", "poisoned", "start the node again"];
        dedup["state"] == "failed" && words.iter().all(|word| reason.contains(word))
    });
    assert_eq!(get(scene.admin, "/health/ready").unwrap().0, 200);
    scene.deliver_text("oLate", 1_000, "hello");

    syncs.fail(false);
    assert_eq!(node.terminate().0.code, Some(0));
    let node = scene.start("node", &[]);
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    let mut all = all;
    all.insert("oLate".to_owned());
    assert_eq!(fans(&scene, "inbound", "delivery"), all);
    assert_eq!(fans(&scene, "accepted", "message"), all);
    let accepted = records(&scene, "accepted");
    let messages = accepted
        .iter()
        .filter(|line| line["value"]["type"] == "message");
    assert_eq!(messages.count(), all.len(), "each stands there once");
    assert_eq!(node.terminate().0.code, Some(0));
}
