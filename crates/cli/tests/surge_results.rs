//! What must not change a result: speed, connections, re-deliveries, order, copies of every delivery, lost state,
//! stopped or stuck consumers (V-3, V-4, V-5). Each run is judged by the recording's oracle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::{Node, Running, Scene, alone, succeed, until};

const MESSAGES: u32 = 20_000;
const COMPRESS: u32 = 20;

fn finished(mut replay: Running) {
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(replay.wait().unwrap().success());
}

fn concluded(node: &Node) {
    node.wait_concluded();
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
        concluded(&node);
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
    concluded(&node);
    scene.judge("node");
    let manifest = scene.manifest();
    let sent = manifest["recording"]["rows"].as_u64().unwrap();
    let result = |name: &str| node.series("spillway_dedup_total", &[("result", name)]);
    assert_eq!(node.metric("spillway_dedup_total"), 3.0 * sent as f64);
    assert_eq!(result("new") + result("duplicate"), 3.0 * sent as f64);
    assert!(result("duplicate") >= 2.0 * sent as f64);
}

/// The directories of both consumers.
fn forget(scene: &Scene) {
    for stage in ["dedup", "quiz"] {
        std::fs::remove_dir_all(scene.path("node/state").join(stage)).unwrap();
    }
}

#[test]
fn deleting_the_state_of_the_consumers_in_mid_run_changes_nothing() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    let mut replay = Running::start(scene.replay("node", &["--speed", "20", "--until-acked"]));
    let passed = |node: &Node| {
        until("the next thousand messages", || {
            node.metric("spillway_dedup_total") > 1_000.0
        });
    };
    // Under a node that runs, of one that is dead, and once more under the one that has built it again.
    passed(&node);
    forget(&scene);
    node.kill();
    let node = scene.start("node", &[]);
    passed(&node);
    node.kill();
    forget(&scene);
    let node = scene.start("node", &[]);
    passed(&node);
    assert!(
        replay.try_wait().unwrap().is_none(),
        "the surge was over before the last deletion"
    );
    forget(&scene);
    finished(replay);
    concluded(&node);
    scene.judge("node");
    // Nothing of it is left in memory only.
    assert_eq!(node.terminate().0.code, Some(0));
    let node = scene.start("node", &[]);
    concluded(&node);
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
    concluded(&node);
    scene.judge("node");
}

#[test]
fn consumers_that_cannot_write_their_state_say_so_and_catch_up() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    std::fs::create_dir_all(scene.path("node/state")).unwrap();
    let obstacles = ["dedup", "quiz"].map(|stage| scene.path("node/state").join(stage));
    for obstacle in &obstacles {
        std::fs::write(obstacle, "in the way").unwrap();
    }
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    let status = node.status();
    assert_eq!(
        status["ready"], true,
        "nothing behind the log makes a node unready"
    );
    let stages = status["stages"].as_array().unwrap();
    for (name, obstacle) in ["dedup", "quiz"].iter().zip(&obstacles) {
        let stage = stages.iter().find(|stage| stage["name"] == *name).unwrap();
        assert_eq!(stage["state"], "waiting", "{stage}");
        let reason = stage["reason"].as_str().unwrap();
        assert!(reason.contains(obstacle.to_str().unwrap()), "{stage}");
    }
    let told = scene.ask_status().well();
    assert!(
        told.contains("waiting") && told.contains("state/quiz"),
        "{told}"
    );
    let unacked = scene.report()["all"]["unacked"].as_u64();
    assert_eq!(unacked, Some(0), "acks do not depend on consumers");
    for obstacle in &obstacles {
        std::fs::remove_file(obstacle).unwrap();
    }
    concluded(&node);
    scene.judge("node");
}

#[test]
fn sigterm_under_full_load_ends_in_order_and_loses_nothing() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES * 2, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    let replay = Running::start(scene.replay("node", &["--speed", "max", "--until-acked"]));
    until("two thousand callbacks", || {
        node.metric("spillway_ingress_callbacks_total") > 2_000.0
    });
    let (ended, took) = node.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(took.as_secs() < 15, "the drain took {took:?}");
    let node = scene.start("node", &[]);
    finished(replay);
    concluded(&node);
    scene.judge("node");
}

#[test]
fn forged_requests_beside_valid_ones_cost_no_message_its_ack() {
    let _turn = alone();
    let scene = Scene::new(MESSAGES, COMPRESS);
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max", "--forge", "0"]));
    concluded(&node);
    scene.judge("node");
    let report = scene.report();
    let forged = |member: &str| report["forged"][member].as_f64().unwrap();
    assert!(
        forged("refused") > 1_000.0 && forged("per_s") > 0.0,
        "{report}"
    );
    assert_eq!(forged("answered"), forged("refused"), "each is refused");
    assert_eq!(report["all"]["unacked"].as_u64(), Some(0));
    let refused = || {
        node.series(
            "spillway_ingress_reject_total",
            &[("reason", "signature_mismatch")],
        )
    };
    until("the counter of forgeries", || {
        refused() >= forged("refused")
    });
}
