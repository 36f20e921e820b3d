//! A sync of `inbound` fails under a running node: no ack, unready with the reason, exit code 3, a mark of what may be
//! trusted; and the next start cuts there and has everything that was acked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use support::fan::{accounts, plain, text};
use support::preload::Syncs;
use support::watch::records;
use support::wire::{Answer, get};
use support::{LIMIT, Scene};

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
    let syncs = Syncs::of_inbound(&mut scene, 0);
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
