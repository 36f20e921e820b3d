//! What must not change a result: speed, connections, re-deliveries, order, copies of every delivery, lost state,
//! stopped or stuck consumers (V-3, V-4, V-5). Each run is judged by the recording's oracle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::process::{Child, Stdio};
use support::{Node, Scene, alone, succeed, until};

const MESSAGES: u32 = 20_000;
const COMPRESS: u32 = 20;

fn in_background(mut command: std::process::Command) -> Child {
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn finished(mut replay: Child) {
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(replay.wait().unwrap().success());
}

fn drained(node: &Node) {
    node.wait_drained();
    assert_eq!(
        node.metric("spillway_audit_mismatch_total"),
        0.0,
        "the sum of D-8 holds"
    );
}

#[test]
fn every_speed_and_kind_of_connection_has_the_digest_of_the_oracle() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    for (data, how) in [
        (
            "close",
            &["--speed", "max", "--connections", "close", "--sources", "4"][..],
        ),
        ("keep", &["--speed", "max", "--connections", "keep"][..]),
        (
            "paced",
            &["--speed", "40", "--connections", "close", "--sources", "4"][..],
        ),
    ] {
        let node = scene.start(data, &[]);
        scene.publish(data);
        succeed(&mut scene.replay(data, how));
        drained(&node);
        scene.judge(data);
        assert_eq!(node.terminate().0.code, Some(0));
    }
    assert_eq!(scene.results("close"), scene.results("keep"));
    assert_eq!(scene.results("close"), scene.results("paced"));
}

#[test]
fn every_delivery_three_times_in_shuffled_order_changes_only_counters() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay(
        "node",
        &["--speed", "max", "--copies", "3", "--shuffle", "7"],
    ));
    drained(&node);
    scene.judge("node");
    let sent = scene.manifest()["recording"]["rows"].as_u64().unwrap();
    assert_eq!(node.metric("spillway_dedup_total"), 3.0 * sent as f64);
}

#[test]
fn deleting_the_state_of_the_consumers_in_mid_run_changes_nothing() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    let replay = in_background(scene.replay("node", &["--speed", "20"]));
    until("the first thousand messages", || {
        node.metric("spillway_dedup_total") > 1_000.0
    });
    for stage in ["dedup", "quiz"] {
        std::fs::remove_dir_all(scene.path("node/state").join(stage)).unwrap();
    }
    finished(replay);
    drained(&node);
    scene.judge("node");
    for stage in ["dedup", "quiz"] {
        assert!(
            scene.path("node/state").join(stage).exists(),
            "{stage} was built again"
        );
    }
}

#[test]
fn consumers_that_were_stopped_for_the_whole_surge_catch_up_with_the_same_result() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &["--roles", "ingress,coordinator"]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    assert_eq!(node.terminate().0.code, Some(0));
    let node = scene.start("node", &[]);
    drained(&node);
    scene.judge("node");
}

#[test]
fn a_consumer_that_cannot_write_its_state_says_so_and_catches_up() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    std::fs::create_dir_all(scene.path("node/state")).unwrap();
    let obstacle = scene.path("node/state/quiz");
    std::fs::write(&obstacle, "in the way").unwrap();
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    let status = node.status();
    assert_eq!(
        status["ready"], true,
        "nothing behind the log makes a node unready"
    );
    let stages = status["stages"].as_array().unwrap();
    let quiz = stages.iter().find(|stage| stage["name"] == "quiz").unwrap();
    assert_ne!(quiz["state"], "running");
    assert!(quiz["reason"].as_str().unwrap().contains("quiz"), "{quiz}");
    let unacked = scene.report()["all"]["unacked"].as_u64();
    assert_eq!(unacked, Some(0), "acks do not depend on consumers");
    std::fs::remove_file(&obstacle).unwrap();
    drained(&node);
    scene.judge("node");
}

#[test]
fn sigterm_under_full_load_ends_in_order_and_loses_nothing() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES * 2, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    let replay = in_background(scene.replay("node", &["--speed", "max", "--until-acked"]));
    until("two thousand callbacks", || {
        node.metric("spillway_ingress_callbacks_total") > 2_000.0
    });
    let (ended, took) = node.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(took.as_secs() < 15, "the drain took {took:?}");
    let node = scene.start("node", &[]);
    finished(replay);
    drained(&node);
    scene.judge("node");
}

#[test]
fn forged_requests_beside_valid_ones_cost_no_message_its_ack() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max", "--forge", "0"]));
    drained(&node);
    scene.judge("node");
    let report = scene.report();
    assert!(
        report["forged"]["refused"].as_u64().unwrap() > 0,
        "{report}"
    );
    assert_eq!(report["all"]["unacked"].as_u64(), Some(0));
    assert!(node.metric("spillway_ingress_reject_total") > 0.0);
}
