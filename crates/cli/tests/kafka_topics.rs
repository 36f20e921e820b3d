//! Topics that change under running nodes: deleted and made again, and smaller than what they must take.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use support::kafka::ALL;
use support::{Scene, alone, until};

fn scene() -> Scene {
    let scene = Scene::bare_on(Cluster::start(1).expect("a broker starts"));
    scene.create_topics();
    scene
}

#[track_caller]
fn tool(scene: &mut Scene, class: &str, args: &[&str]) {
    let said = scene.cluster().tool(class, args).unwrap();
    assert!(said.status.success(), "{class} {args:?}: {said:?}");
}

#[test]
fn a_topic_that_was_deleted_and_made_again_ends_the_node_in_words() {
    let _turn = alone();
    let mut scene = scene();
    let seat = scene.seat("node", ALL);
    let node = scene.start_at(&seat, &[]);
    scene.publish_at(&seat);
    scene.listen = seat.listen;
    scene.deliver_text("oBefore", 1, "GO");
    until("the message in dedup", || {
        node.series("spillway_dedup_total", &[("result", "new")]) >= 1.0
    });
    let class = "org.apache.kafka.tools.TopicCommand";
    tool(
        &mut scene,
        class,
        &["--delete", "--topic", "spillway.inbound"],
    );
    until("the topic made again", || {
        scene.topics("create").code == Some(0)
    });
    // It does not go on as if the topic had always been empty, and neither does its next start.
    let ended = node.ended();
    ended.badly(3, &["inbound", "deleted and made again"]);
    let again = scene.spawn_at(&seat, &[]).ended();
    assert_ne!(again.code, Some(0), "{again:?}");
    again.badly(2, &["inbound", "deleted and made again"]);
}

/// Sets how large a record of `inbound` may be.
fn limit(scene: &mut Scene, bytes: u64) {
    tool(
        scene,
        "kafka.admin.ConfigCommand",
        &[
            "--alter",
            "--entity-type",
            "topics",
            "--entity-name",
            "spillway.inbound",
            "--add-config",
            &format!("max.message.bytes={bytes}"),
        ],
    );
}

#[test]
fn a_record_that_the_topic_does_not_take_any_more_waits_in_the_spool_and_holds_up_no_ack() {
    let _turn = alone();
    let mut scene = scene();
    let seat = scene.seat("node", ALL);
    let node = scene.start_at(&seat, &[]);
    scene.publish_at(&seat);
    scene.listen = seat.listen;
    let counted = |new: f64| {
        until("the message in dedup", || {
            node.series("spillway_dedup_total", &[("result", "new")]) >= new
        });
    };
    scene.deliver_text("oBefore", 1, "GO");
    counted(1.0);
    // Nodes see to it at their start that their topics take what they may write; this happens behind their backs.
    limit(&mut scene, 20_000);
    scene.deliver_text("oLong", 2, &"长".repeat(40_000));
    scene.deliver_text("oShort", 3, "GO");
    counted(2.0);
    assert!(node.status()["spool"]["records"].as_u64() > Some(0));
    scene.deliver_text("oShort", 4, "A");
    counted(3.0);
    limit(&mut scene, 17_825_792);
    counted(4.0);
    until("an empty spool", || node.status()["spool"]["records"] == 0);
    assert_eq!(node.metric("spillway_ingress_unacked_total"), 0.0);
    assert_eq!(node.metric("spillway_spool_dead_total"), 0.0);
    assert_eq!(node.terminate().0.code, Some(0));
}
