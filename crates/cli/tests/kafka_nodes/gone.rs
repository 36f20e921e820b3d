//! What stands in a spool only: acks without any broker from the first message on, and a node that never comes back, whose
//! deliveries are missed one by one until its spool is brought into the log from elsewhere.

use crate::support::event::{Memory, attempts};
use crate::support::fleet::{Fleet, PAIR, during, whole};
use crate::support::{Ended, Scene, finish, spillway, until};
use broker::Cluster;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

fn scene(messages: u32) -> Scene {
    Scene::on(Cluster::start(1).expect("a broker starts"), messages, 60)
}

/// What may wait in memory for the brokers of the ingress that has none, in bytes.
const QUEUE_BYTES: u64 = 1 << 20;
/// How much more memory a process may need for a surge that goes to its disk, in KiB: it remembers fans, and the allocator
/// keeps pages. What is sent is more.
const MORE_KIB: u64 = 64 << 10;

#[test]
fn an_ingress_started_without_brokers_answers_a_whole_surge_from_its_disk() {
    let mut fleet = Fleet::start(scene(240_000), &PAIR);
    // Written anew with every change: the first one may know of no campaign.
    until("the campaign in the snapshot on disk", || {
        let kept = std::fs::read_to_string(fleet.scene.path("ingress-1/snapshot"));
        kept.is_ok_and(|kept| kept.contains("fanfest-2013-04-09"))
    });
    fleet.terminate("ingress-1");
    fleet.scene.cluster().kill(0);
    let queue = ("SPILLWAY_LOG__KAFKA__QUEUE_BYTES", QUEUE_BYTES.to_string());
    fleet.scene.env.push(queue);
    fleet.launch(&["ingress-1"]);
    let memory = Memory::of(&fleet);
    // No clock: nobody is there to write a tick. Few connections, whose buffers are no part of what is bounded here.
    whole(fleet.replay_without_clock(&["--speed", "max", "--concurrency", "64"]));
    memory.is_flat(&fleet, MORE_KIB);
    let sent = std::fs::metadata(fleet.scene.recording()).unwrap().len();
    assert!(sent > MORE_KIB << 10, "{sent} bytes would fit into memory");
    let report = fleet.scene.report();
    let all = &report["all"];
    assert_eq!(all["attempts"], all["acked"], "{report}");
    assert!(
        all["words"].as_u64() > Some(0),
        "fans were answered: {report}"
    );
    assert_eq!(fleet.spooled(), all["acked"].as_u64());
    // The spool survives the node.
    fleet.kill("ingress-1");
    fleet.launch(&["ingress-1"]);
    assert_eq!(fleet.spooled(), all["acked"].as_u64());
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

/// A delivery as nodes number them.
type DeliveryId = (String, String, u64);

fn id(of: &Value) -> DeliveryId {
    let text = |member: &str| of[member].as_str().unwrap().to_owned();
    (text("node"), text("boot"), of["seq"].as_u64().unwrap())
}

/// Every delivery in the log with its body, however often it stands there.
fn in_log(fleet: &Fleet) -> Vec<(DeliveryId, String)> {
    let printed = fleet.scene.history("", "log cat inbound").well();
    let rows = printed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["value"]["type"] == "delivery")
        .map(|row| {
            let body = row["value"]["body"].as_str().unwrap();
            (id(&row["value"]), body.to_owned())
        })
        .collect()
}

/// Bodies of the recording's messages, by their numbers.
fn bodies(fleet: &Fleet) -> BTreeMap<u64, String> {
    let recording = std::fs::read_to_string(fleet.scene.recording()).unwrap();
    let rows = recording
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let numbered = |row: Value| {
        let body = row["body"].as_str().unwrap().to_owned();
        (row["n"].as_u64().unwrap(), body)
    };
    rows.map(numbered).collect()
}

/// Bodies of the messages that were acked, by the ledger and the recording alone.
fn acked(fleet: &Fleet) -> BTreeSet<String> {
    let bodies = bodies(fleet);
    let acked = attempts(&fleet.scene)
        .into_iter()
        .filter(|attempt| attempt.outcome == "acked");
    acked.map(|attempt| bodies[&attempt.n].clone()).collect()
}

/// Bodies of what `surge reconcile` has listed as missing.
fn listed_as_missing(fleet: &Fleet) -> BTreeSet<String> {
    let bodies = bodies(fleet);
    let listed = std::fs::read_to_string(fleet.scene.path("missing.jsonl")).unwrap();
    let rows = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| bodies[&row["n"].as_u64().unwrap()].clone())
        .collect()
}

#[test]
fn what_an_unplugged_node_has_is_missed_one_by_one_and_brought_in_from_elsewhere() {
    let scene = scene(8_000);
    // The seals go on without it; the other one, which drains its spool meanwhile, is in time on a slow machine too.
    scene.edit_campaign(&[("max_wait_s = 120", "max_wait_s = 40")]);
    let seats = [PAIR[0], PAIR[1], ("ingress-2", "ingress")];
    let mut fleet = Fleet::start(scene, &seats);
    // Time stands still: a surge that drives the clock runs half a minute ahead of it at most, and then waits for a tick that
    // no broker takes. It may be as far ahead when the broker dies, and nothing more would come.
    let mut replay = fleet.replay_without_clock(&["--speed", "3", "--until-acked"]);
    assert!(during(&mut replay, Duration::from_secs(6)));
    fleet.scene.cluster().kill(0);
    until("enough in the spool that will be unplugged", || {
        let status = fleet.node("ingress-1").try_status();
        status.is_some_and(|status| status["spool"]["records"].as_u64() > Some(200))
    });
    let refused = drain(&fleet, "ingress-1/spool");
    assert_ne!(refused.code, Some(0), "a living node has it: {refused:?}");
    fleet.kill("ingress-1");
    fleet.scene.cluster().restart(0).expect("the broker starts");
    whole(replay);
    fleet.tick_to_the_end();
    fleet.wait_drained();

    let before = in_log(&fleet);
    let (known, bodies): (BTreeSet<_>, BTreeSet<_>) = before.into_iter().unzip();
    let missing: BTreeSet<String> = acked(&fleet).difference(&bodies).cloned().collect();
    let (ended, missed) = fleet.verdict();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(
        missed["all"]["lost"].as_u64(),
        Some(missing.len() as u64),
        "{missed}"
    );
    assert_eq!(missed["all"]["doubled"], 0, "{missed}");
    assert!(!missing.is_empty(), "it had what nobody else had");
    assert_eq!(listed_as_missing(&fleet), missing, "delivery by delivery");

    // Its disk is brought to another machine.
    let away = fleet.scene.path("brought");
    std::fs::rename(fleet.scene.path("ingress-1/spool"), &away).unwrap();
    let printed = drain(&fleet, "brought").well();
    let brought: Vec<DeliveryId> = printed
        .lines()
        .map(|line| id(&serde_json::from_str::<Value>(line).unwrap()["delivery"]))
        .collect();
    let listed: BTreeSet<&DeliveryId> = brought.iter().collect();
    assert_eq!(listed.len(), brought.len(), "each delivery is listed once");
    let after = in_log(&fleet);
    // What came is what was listed, and what was missing is what came: neither more nor less.
    let new: Vec<_> = after.iter().filter(|(id, _)| !known.contains(id)).collect();
    let came: BTreeSet<&DeliveryId> = new.iter().map(|(id, _)| id).collect();
    assert_eq!(came.len(), new.len(), "each of them once");
    assert!(came.is_subset(&listed));
    assert!(
        listed.difference(&came).all(|id| known.contains(*id)),
        "an echo of what stood there"
    );
    let told: BTreeSet<String> = new.iter().map(|(_, body)| body.clone()).collect();
    let told: BTreeSet<String> = told.difference(&bodies).cloned().collect();
    assert_eq!(told, missing);
    // Tallies come with ticks, and the replay's had ended.
    fleet.wait_drained();
    fleet.tick_behind_the_end(80);
    fleet.judge();
    let (_, verdict) = fleet.verdict();
    assert_eq!(verdict["all"]["lost"], 0, "{verdict}");
    assert_eq!(listed_as_missing(&fleet), BTreeSet::new());
    // Once more brings nothing, and changes nothing.
    assert_eq!(drain(&fleet, "brought").well(), "");
    assert_eq!(in_log(&fleet).len(), after.len());
}
