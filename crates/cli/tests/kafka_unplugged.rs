//! What stands in a spool only: acks without any broker from the first message on, and a node that never comes
//! back, whose deliveries are missed by name until its spool is brought into the log from elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;
use support::fleet::{Fleet, PAIR, during, whole};
use support::{Ended, Scene, alone, finish, spillway, until};

const MESSAGES: u32 = 8_000;

fn fleet(compress: u32, seats: &[(&'static str, &'static str)]) -> Fleet {
    let cluster = Cluster::start(1).expect("a broker starts");
    Fleet::start(Scene::on(cluster, MESSAGES, compress), seats)
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn an_ingress_started_without_brokers_answers_a_whole_surge_from_its_disk() {
    let _turn = alone();
    let mut fleet = fleet(60, &PAIR);
    // Written anew with every change: the first one may know of no campaign.
    until("the campaign in the snapshot on disk", || {
        let kept = std::fs::read_to_string(fleet.scene.path("ingress-1/snapshot"));
        kept.is_ok_and(|kept| kept.contains("fanfest-2013-04-09"))
    });
    fleet.terminate("ingress-1");
    fleet.scene.cluster().kill(0);
    fleet.launch(&["ingress-1"]);
    // No clock: nobody is there to write a tick.
    whole(fleet.replay_without_clock(&["--speed", "max"]));
    let report = fleet.scene.report();
    let all = &report["all"];
    assert_eq!(all["attempts"], all["acked"], "{report}");
    assert!(
        all["words"].as_u64() > Some(0),
        "fans were answered: {report}"
    );
    assert_eq!(fleet.spooled(), all["acked"].as_u64().unwrap());
    // The spool survives the node.
    fleet.kill("ingress-1");
    fleet.launch(&["ingress-1"]);
    assert_eq!(fleet.spooled(), all["acked"].as_u64().unwrap());
    fleet.scene.cluster().restart(0).expect("the broker starts");
    fleet.wait_drained();
    fleet.tick_to_the_end();
    fleet.judge();
}

/// `spillway spool drain` on this directory of the scene.
fn drain(fleet: &Fleet, dir: &str) -> Ended {
    let mut command = Command::new(spillway());
    command
        .args(["spool", "drain", "--dir"])
        .arg(fleet.scene.path(dir))
        .arg("--config")
        .arg(fleet.scene.with_suffix("spillway.toml"));
    finish(&mut command)
}

#[test]
#[ignore = "minutes on real brokers: make soak"]
fn what_an_unplugged_node_has_is_missed_by_name_and_brought_in_from_elsewhere() {
    let _turn = alone();
    let seats = [PAIR[0], PAIR[1], ("ingress-2", "ingress")];
    let mut fleet = fleet(60, &seats);
    let mut replay = fleet.replay(&["--speed", "2", "--until-acked"]);
    assert!(during(&mut replay, Duration::from_secs(8)));
    fleet.scene.cluster().kill(0);
    until("enough in the spool that will be unplugged", || {
        let status = fleet.node("ingress-1").status();
        status["spool"]["records"].as_u64() > Some(200)
    });
    let refused = drain(&fleet, "ingress-1/spool");
    assert_ne!(refused.code, Some(0), "a living node has it: {refused:?}");
    fleet.kill("ingress-1");
    fleet.scene.cluster().restart(0).expect("the broker starts");
    whole(replay);
    fleet.wait_drained();

    let (ended, missed) = fleet.verdict();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lost = missed["all"]["lost"].as_u64().unwrap();
    assert!(lost > 100, "{missed}");
    assert_eq!(missed["all"]["doubled"], 0, "{missed}");

    // Its disk is brought to another machine.
    let away = fleet.scene.path("brought");
    std::fs::rename(fleet.scene.path("ingress-1/spool"), &away).unwrap();
    let printed = drain(&fleet, "brought").well();
    let brought: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ids: BTreeSet<String> = brought
        .iter()
        .map(|row| row["msg_id"].to_string())
        .collect();
    // Events have no id, and stand among them all the same.
    let brought = brought.len() as u64;
    assert!(brought >= lost, "{brought} brought, {lost} lost");
    for example in missed["examples"]["lost"].as_array().unwrap() {
        let told = example.as_str().unwrap();
        let named = ids.iter().any(|id| told.contains(id.trim_matches('"')));
        assert!(named, "{told} is not among what was brought");
    }
    // Tallies come with ticks, and the replay's had ended.
    fleet.wait_drained();
    fleet.tick_behind_the_end(80);
    fleet.judge();
    // Once more brings nothing, and changes nothing.
    assert_eq!(drain(&fleet, "brought").well(), "");
    fleet.judge();
}
