//! A node watched from outside: counters before and after, what dedup made of it, what the log holds.

use super::{Node, Scene, until};
use serde_json::Value;

/// A node with both accounts and the campaign in force.
pub(crate) fn node(scene: &Scene) -> Node {
    let node = scene.start("node", &[]);
    scene.publish("node");
    node
}

/// A counter, read before and after.
#[track_caller]
pub(crate) fn moves(node: &Node, name: &str, labels: &[(&str, &str)], by: f64, act: impl FnOnce()) {
    let before = node.series(name, labels);
    act();
    // Threads hand their counts over a few times a second.
    until(&format!("{name}{labels:?} to move by {by}"), || {
        node.series(name, labels) >= before + by
    });
    assert_eq!(node.series(name, labels), before + by, "{name}{labels:?}");
}

/// What dedup made of everything so far.
pub(crate) fn judged(node: &Node, result: &str) -> f64 {
    node.wait_drained();
    node.series("spillway_dedup_total", &[("result", result)])
}

pub(crate) fn records(scene: &Scene, topic: &str) -> Vec<Value> {
    let printed = scene.history("node", &format!("log cat {topic}")).well();
    printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The node acks a valid message in words, ends in order, and never panicked.
pub(crate) fn is_well(scene: &Scene, node: Node) {
    let answer = scene.deliver_text("oWell", 999_999, "GO");
    assert!(answer.text().contains("报名收到"), "{answer:?}");
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    assert_eq!(node.metric("spillway_ingress_unacked_total"), 0.0);
    let ended = node.terminate().0;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}
