//! Durable records at the end of a topic are gone, and an operator accepts it: everybody who reads to the end gets
//! there, and the node takes, ticks, drains, exports and stops as ever.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::PathBuf;
use support::Scene;
use support::fan::{OPEN, accounts};

/// Cuts a part of the last batch off a topic of the node on `data`.
fn lose_tail(scene: &Scene, data: &str, topic: &str) {
    let files = std::fs::read_dir(scene.path(data).join("log").join(topic)).unwrap();
    let is_log = |path: &PathBuf| path.extension().is_some_and(|name| name == "log");
    let paths = files.map(|file| file.unwrap().path()).filter(is_log);
    let newest = paths.max().unwrap();
    let bytes = std::fs::read(&newest).unwrap();
    std::fs::write(&newest, &bytes[..bytes.len() - 10]).unwrap();
}

/// How many records of this type an export holds of a topic.
fn exported(scene: &Scene, topic: &str, kind: &str) -> usize {
    let lines = std::fs::read_to_string(scene.path("export").join(topic)).unwrap();
    let kind = format!("\"type\":\"{kind}\"");
    lines.lines().filter(|line| line.contains(&kind)).count()
}

/// A node has acked 60 texts and is killed; the tail of a topic is lost; it goes on and acks ten more.
fn goes_on_without_the_tail_of(topic: &str) -> Scene {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN);
    for n in 0..60 {
        scene.deliver_text(&format!("oFan{n}"), n, "GO");
    }
    node.wait_drained();
    node.kill();
    lose_tail(&scene, "node", topic);
    let ended = scene.start_in_vain("node", &[]);
    ended.badly(3, &[topic, "accept_corruption"]);

    let node = scene.start("node", &["--accept-corruption"]);
    scene.tick("node", OPEN + 61);
    node.wait_drained();
    for n in 60..70 {
        scene.deliver_text(&format!("oFan{n}"), n, "GO");
    }
    scene.tick("node", OPEN + 62);
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    assert_eq!(node.status()["ready"], true);
    scene.export("node", "export");
    let ended = node.terminate().0;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Without the flag, and without anything to do: a gap at the end is none of the next start's affairs.
    let node = scene.start("node", &[]);
    node.wait_drained();
    assert_eq!(node.terminate().0.code, Some(0));
    scene
}

#[test]
fn a_node_goes_on_behind_a_lost_tail_of_inbound() {
    let scene = goes_on_without_the_tail_of("inbound");
    let deliveries = exported(&scene, "inbound.jsonl", "delivery");
    assert_eq!(deliveries, 69, "one batch of one record is lost");
    assert_eq!(exported(&scene, "accepted.jsonl", "message"), 70);
}

#[test]
fn a_node_goes_on_behind_a_lost_tail_of_accepted() {
    let scene = goes_on_without_the_tail_of("accepted");
    assert_eq!(exported(&scene, "inbound.jsonl", "delivery"), 70);
    let messages = exported(&scene, "accepted.jsonl", "message");
    assert_eq!(messages, 70, "what was lost is made again");
}
