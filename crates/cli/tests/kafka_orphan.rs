//! A node on Kafka that never comes back: what it acked from its spool is brought into the log elsewhere, listed by
//! delivery, once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use support::{Ended, Scene, alone, finish, spillway, until};

fn drain(scene: &Scene, dir: &str) -> Ended {
    finish(
        Command::new(spillway())
            .args(["spool", "drain", "--dir"])
            .arg(scene.path(dir))
            .arg("--config")
            .arg(scene.with_suffix("spillway.toml")),
    )
}

#[test]
fn the_spool_of_a_node_that_is_gone_is_brought_in_once() {
    let _turn = alone();
    let mut scene = Scene::bare_on(Cluster::start(1).expect("a broker starts"));
    scene.create_topics();
    let (edge, inner) = (
        scene.seat("edge", "ingress"),
        scene.seat("inner", "dedup,quiz,coordinator"),
    );
    let inner_node = scene.start_at(&inner, &[]);
    scene.wait_leads(&inner_node);
    let edge_node = scene.start_at(&edge, &[]);
    scene.cluster().kill(0);
    scene.listen = edge.listen;
    for id in 1..=3 {
        scene.deliver_text(&format!("oFan{id}"), id, "GO");
    }
    until("three deliveries in the spool", || {
        edge_node
            .try_status()
            .is_some_and(|status| status["spool"]["records"] == 3)
    });
    edge_node.kill();
    scene.cluster().restart(0).expect("the broker starts again");
    let listed = drain(&scene, "edge").well();
    let lines: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "{listed}");
    for line in &lines {
        let delivery = &line["delivery"];
        assert!(
            delivery["node"].is_string() && delivery["seq"].is_u64(),
            "{line}"
        );
        assert!(line["offset"].is_u64(), "{line}");
    }
    // What was brought is remembered.
    let again = drain(&scene, "edge");
    assert!(again.stderr.contains("0 records"), "{again:?}");
    assert_eq!(again.well(), "");
    // The consumers have lived through it. What a restarted one says again carries the place that it has said before.
    let dedup = |name: &str| inner_node.series("spillway_dedup_total", &[("result", name)]);
    until("the three messages in dedup", || dedup("new") >= 3.0);
    inner_node.wait_drained();
    let accepted = scene.history("inner", "log cat accepted").well();
    let messages: BTreeSet<(u64, String, String)> = accepted
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["value"]["type"] == "message")
        .map(|line| {
            let partition = line["partition"].as_u64().unwrap();
            (
                partition,
                line["value"]["pos"].to_string(),
                line["value"]["msg_id"].to_string(),
            )
        })
        .collect();
    let ids: BTreeSet<&str> = messages.iter().map(|(_, _, id)| id.as_str()).collect();
    assert_eq!(messages.len(), 3, "{accepted}");
    assert_eq!(ids, BTreeSet::from(["\"1\"", "\"2\"", "\"3\""]));
    // A directory without a spool is refused and left as it is.
    drain(&scene, "inner").badly(2, &["inner", "--dir"]);
    assert_eq!(inner_node.terminate().0.code, Some(0));
}

#[test]
fn topics_of_a_journal_are_made_and_shown_too() {
    let scene = Scene::bare("");
    let topics = |what: &str| {
        finish(
            Command::new(spillway())
                .args(["topics", what, "--json", "--data"])
                .arg(scene.path("node")),
        )
    };
    topics("show").badly(1, &["inbound", "spillway topics create"]);
    let made: Value = serde_json::from_str(&topics("create").well()).unwrap();
    assert_eq!(made["backend"], "journal");
    let shown: Value = serde_json::from_str(&topics("show").well()).unwrap();
    assert_eq!(shown["log"], made["log"]);
    assert_eq!(shown["topics"][0]["partitions"], 24, "{shown}");
}
