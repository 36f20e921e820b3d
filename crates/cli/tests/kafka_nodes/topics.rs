//! Topics that change under running nodes: deleted and made again, and smaller than what they must take, under ingress and
//! under stages. And those of a journal, by the same commands.

use crate::support::fleet::{Fleet, PAIR, during, whole};
use crate::support::kafka::ALL;
use crate::support::{Scene, finish, spillway, until};
use broker::Cluster;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

fn scene() -> Scene {
    let scene = Scene::bare_on(Cluster::start(1).expect("a broker starts"));
    scene.create_topics();
    scene
}

#[test]
fn a_topic_that_was_deleted_and_made_again_ends_the_node_in_words() {
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
    scene.tool(class, &["--delete", "--topic", "spillway.inbound"]);
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

/// The largest record that topics are made for.
const AS_MADE: u64 = 17_825_792;

/// Sets how large a batch of this topic may be.
fn limit(scene: &mut Scene, topic: &str, bytes: u64) {
    scene.set_topic(topic, &format!("max.message.bytes={bytes}"));
}

#[test]
fn a_record_that_the_topic_does_not_take_any_more_waits_in_the_spool_and_holds_up_no_ack() {
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
    limit(&mut scene, "inbound", 20_000);
    scene.deliver_text("oLong", 2, &"长".repeat(40_000));
    scene.deliver_text("oShort", 3, "GO");
    counted(2.0);
    assert!(node.status()["spool"]["records"].as_u64() > Some(0));
    scene.deliver_text("oShort", 4, "A");
    counted(3.0);
    limit(&mut scene, "inbound", AS_MADE);
    counted(4.0);
    until("an empty spool", || node.status()["spool"]["records"] == 0);
    assert_eq!(node.metric("spillway_ingress_unacked_total"), 0.0);
    assert_eq!(node.metric("spillway_spool_dead_total"), 0.0);
    assert_eq!(node.terminate().0.code, Some(0));
}

/// What goes through and what does not is the size of a batch, so that records fail whose successors go through.
#[test]
fn a_stage_whose_topic_refuses_some_of_its_output_begins_again_and_leaves_no_hole() {
    let cluster = Cluster::start(1).expect("a broker starts");
    let mut fleet = Fleet::start(Scene::on(cluster, 6_000, 60), &PAIR);
    let mut replay = fleet.replay(&["--speed", "3"]);
    let restarts = |fleet: &Fleet, stage: &str| {
        fleet.sum("spillway_stage_restarts_total", &[("group", stage)])
    };
    // Quiz first: while dedup is held up it has nothing to write.
    for (topic, bytes, stage, times) in [
        ("results", 300, "quiz", 1.0),
        ("accepted", 4_000, "dedup", 2.0),
    ] {
        limit(&mut fleet.scene, topic, bytes);
        until(&format!("a {stage} that has begun again"), || {
            restarts(&fleet, stage) >= times
        });
    }
    assert!(
        during(&mut replay, Duration::ZERO),
        "the surge was over too soon"
    );
    for topic in ["results", "accepted"] {
        limit(&mut fleet.scene, topic, AS_MADE);
    }
    whole(replay);
    // Chains are followed by the reader's rule, and every round comes to what the oracle says.
    fleet.judge();
    fleet.all_answered_at_once();
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
