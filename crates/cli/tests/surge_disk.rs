//! What a disk does to a node: it fills, tears a tail, rots, is somebody else's. Refusal, no ack, readiness says why,
//! recovery as documented.
//!
//! What a failing sync does is held by the journal's conformance suite (`fail_flush`) and its model test (`FailSyncs`) on
//! a disk that forgets what was not synced, and by `sync_failure` under a whole node.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::path::PathBuf;
use support::fan::{accounts, plain, text};
use support::wire::{Answer, get};
use support::{Node, Running, Scene, alone, until};

/// Bound of the log in which the disk fills: ingress has three quarters of it, consumers seven eighths.
const SMALL: &str = "16000000";
const LARGE: &str = "400000000";

/// Segments of `inbound`, oldest first.
fn segments(scene: &Scene, data: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(scene.path(data).join("log/inbound")).unwrap();
    let mut files: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|name| name == "log"))
        .collect();
    files.sort();
    files
}

/// The newest segment of `inbound` is changed behind the node's back.
fn edit(scene: &Scene, data: &str, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let path = segments(scene, data).pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn concluded(node: &Node) {
    node.wait_concluded();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
}

fn drained(node: &Node) {
    node.wait_drained();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
}

#[test]
fn a_full_disk_refuses_without_a_byte_says_why_and_loses_nothing() {
    let _turn = alone();
    let mut scene = Scene::new(16_000, 20);
    scene.env = vec![("SPILLWAY_LOG__JOURNAL__MAX_BYTES", SMALL.into())];
    let node = scene.start("node", &[]);
    scene.publish("node");
    let mut replay = Running::start(scene.replay(
        "node",
        &["--speed", "40", "--until-acked", "--patience", "120"],
    ));
    until("the disk to be full", || {
        node.series(
            "spillway_ingress_append_failures_total",
            &[("reason", "no_room")],
        ) > 0.0
    });
    // A callback now: not a byte. Its record takes more than a megabyte: a few small ones may still find room.
    let fan = plain();
    let said = "\u{1}".repeat(200_000);
    let answer = scene.deliver(&fan, &text(&fan, "oLate", 1_365_487_900, 1, &said));
    assert_eq!(answer, Answer::Nothing);
    assert!(node.metric("spillway_ingress_unacked_total") > 0.0);
    // Unready, for a reason that a person understands; alive all the same.
    let (code, why) = get(scene.admin, "/health/ready").unwrap();
    assert_eq!(code, 503, "{why}");
    assert!(why.contains("room") && why.contains("inbound"), "{why}");
    assert_eq!(get(scene.admin, "/health/live").unwrap().0, 200);
    let told = scene.ask_status();
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stdout.contains("NOT READY") && told.stdout.contains("room"),
        "{told:?}"
    );
    // What drains can still write.
    drained(&node);
    assert!(
        replay.try_wait().unwrap().is_none(),
        "the surge was over before the disk was full"
    );
    assert_eq!(node.terminate().0.code, Some(0));

    scene.env = vec![("SPILLWAY_LOG__JOURNAL__MAX_BYTES", LARGE.into())];
    let node = scene.start("node", &[]);
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(
        replay.wait().unwrap().success(),
        "every message was acked in the end"
    );
    concluded(&node);
    assert_eq!(node.status()["ready"], true);
    scene.judge("node");
}

#[test]
fn a_torn_tail_is_cut_and_what_was_acked_stays() {
    let _turn = alone();
    let scene = Scene::new(8_000, 20);
    let mut node = scene.start("node", &[]);
    scene.publish("node");
    let mut replay = Running::start(scene.replay("node", &["--speed", "30", "--until-acked"]));
    let tears: [fn(&mut Vec<u8>); 4] = [
        // Rubbish, zeroes, the beginning of a batch that never was, and one that looks whole but stands elsewhere.
        |bytes| bytes.extend((0..777_u32).map(|n| n.wrapping_mul(2_654_435_761) as u8)),
        |bytes| bytes.extend([0; 8_192]),
        |bytes| bytes.extend(b"SpB1\x01\x02"),
        |bytes| {
            let first = bytes.windows(4).position(|four| four == b"SpB1").unwrap();
            bytes.extend_from_within(first..first + 600);
        },
    ];
    for (round, tear) in tears.into_iter().enumerate() {
        let enough = 500.0;
        until("five hundred callbacks", || {
            node.metric("spillway_ingress_callbacks_total") > enough
        });
        node.kill();
        assert!(
            replay.try_wait().unwrap().is_none(),
            "tear {round} came after the surge"
        );
        edit(&scene, "node", tear);
        node = scene.start("node", &[]);
    }
    until("the end of the replay", || {
        replay.try_wait().unwrap().is_some()
    });
    assert!(replay.wait().unwrap().success());
    concluded(&node);
    scene.judge("node");
}

/// A node that has acked 60 texts, one batch each, and was killed. (One that ends in order leaves an index point
/// behind its last batch, and the next start trusts what stands before it.)
fn small_log(scene: &Scene) -> Vec<String> {
    let node = scene.start("node", &[]);
    for n in 0..60 {
        scene.deliver_text(&format!("oFan{n}"), n, "hello");
    }
    drained(&node);
    node.kill();
    let lines = records(scene);
    assert_eq!(lines.len(), 60);
    lines
}

fn records(scene: &Scene) -> Vec<String> {
    let printed = scene.history("node", "log cat inbound").well();
    printed.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn durable_bytes_that_are_gone_are_no_torn_tail() {
    let scene = Scene::bare(&accounts());
    let before = small_log(&scene);
    let path = edit(&scene, "node", |bytes| bytes.truncate(bytes.len() - 10));
    let name = path.file_name().unwrap().to_str().unwrap();
    // The published end proves that they were durable.
    let ended = scene.start_in_vain("node", &[]);
    ended.badly(3, &[name, "inbound", "accept_corruption"]);
    // After a power failure the published end may be lost as well: then it is cut, and everything before it stays.
    std::fs::remove_file(scene.path("node/log/inbound/end")).unwrap();
    let node = scene.start("node", &[]);
    let after = records(&scene);
    assert!(
        after.len() < before.len() && after.len() >= before.len() - 2,
        "{}",
        after.len()
    );
    assert!(after.iter().all(|line| before.contains(line)));
    scene.deliver_text("oNew", 1_000, "hello");
    assert_eq!(node.terminate().0.code, Some(0));
}

/// Sixteen bytes in the middle of the newest segment rot: its path, and what stands there now.
fn rot(scene: &Scene) -> (PathBuf, String, Vec<u8>) {
    let path = edit(scene, "node", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 16]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5a);
    });
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let damaged = std::fs::read(&path).unwrap();
    (path, name, damaged)
}

#[test]
fn damage_before_the_last_index_point_stops_only_who_reads_it_and_is_shown() {
    let scene = Scene::bare(&accounts());
    let before = small_log(&scene);
    assert_eq!(scene.start("node", &[]).terminate().0.code, Some(0));
    let (_, name, damaged) = rot(&scene);
    let node = scene.start("node", &[]);
    until("a notice that names the file", || {
        let status = node.status();
        assert_eq!(status["ready"], true, "acks go on");
        let notices = status["notices"].to_string();
        notices.contains(&name) && notices.contains("corrupt at byte")
    });
    scene.deliver_text("oNew", 1_000, "hello");
    let told = scene.history("node", "log cat inbound");
    told.badly(3, &[&name, "corrupt at byte"]);
    let ended = node.terminate().0;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let node = scene.start("node", &["--accept-corruption"]);
    let aside = scene.path("node/log/quarantine/inbound").join(&name);
    assert!(std::fs::read(aside).unwrap().starts_with(&damaged));
    let after = records(&scene);
    let kept = after.iter().filter(|line| before.contains(line)).count();
    assert!((57..60).contains(&kept), "{kept} of 60 are left");
    assert!(
        after.iter().any(|line| line.contains("oNew")),
        "what came since is there"
    );
    drained(&node);
}

#[test]
fn a_corrupted_segment_refuses_the_start_until_an_operator_accepts_the_loss() {
    let scene = Scene::bare(&accounts());
    let before = small_log(&scene);
    let path = edit(&scene, "node", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 16]
            .iter_mut()
            .for_each(|byte| *byte ^= 0x5a);
    });
    let damaged = std::fs::read(&path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    for _ in 0..2 {
        let ended = scene.start_in_vain("node", &[]);
        assert_eq!(ended.stdout, "", "nothing was served");
        ended.badly(
            3,
            &[&name, "inbound", "corrupt at byte", "accept_corruption"],
        );
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "nothing is changed");
    }

    let node = scene.start("node", &["--accept-corruption"]);
    let aside = scene.path("node/log/quarantine/inbound").join(&name);
    assert_eq!(
        std::fs::read(aside).unwrap(),
        damaged,
        "the damaged segment is kept"
    );
    let after = records(&scene);
    assert!(
        after.len() < before.len() && after.len() >= before.len() - 3,
        "{}",
        after.len()
    );
    assert!(
        after.iter().all(|line| before.contains(line)),
        "what stays is as it was"
    );
    // Goes on, and gives no offset to another record.
    for n in 0..60 {
        scene.deliver_text(&format!("oFan{n}"), 1_000 + n, "again");
    }
    drained(&node);
    let places = |lines: &[String]| -> Vec<(u64, u64)> {
        lines
            .iter()
            .map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                (
                    line["partition"].as_u64().unwrap(),
                    line["offset"].as_u64().unwrap(),
                )
            })
            .collect()
    };
    let new: Vec<String> = records(&scene)
        .into_iter()
        .filter(|line| !after.contains(line))
        .collect();
    assert_eq!(new.len(), 60);
    let old = places(&before);
    assert!(places(&new).iter().all(|place| !old.contains(place)));
    let said = node.terminate().0;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stderr.lines().any(|line| line.contains("ERROR")
            && line.contains("inbound")
            && line.contains(&name)
            && line.contains("from=")
            && line.contains("quarantine")),
        "what is lost is said: {said:?}"
    );
    // The next start needs no flag.
    assert_eq!(scene.start("node", &[]).terminate().0.code, Some(0));
}

#[test]
fn a_second_node_on_the_same_directory_names_the_first() {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    let other = Scene::bare(&accounts());
    let data = scene.path("node");
    let mut command = std::process::Command::new(support::spillway());
    command.args([
        "run",
        "--listen",
        &other.listen.to_string(),
        "--admin",
        &other.admin.to_string(),
    ]);
    command.arg("--data").arg(&data);
    let ended = Node::spawn(command, other.admin).ended();
    let pid = format!("process {}", node.pid());
    ended.badly(3, &[data.to_str().unwrap(), &pid]);
    scene.deliver_text("oFan", 1, "still here");
    // A lock dies with its owner, kill -9 or not.
    node.kill();
    scene.start("node", &[]);
}

#[test]
fn a_taken_port_ends_the_start_and_names_the_address() {
    let mut scene = Scene::bare(&accounts());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (free, taken) = (scene.listen, taken.local_addr().unwrap());
    scene.listen = taken;
    scene
        .start_in_vain("node", &[])
        .badly(3, &[&taken.to_string(), "in use"]);
    (scene.listen, scene.admin) = (free, taken);
    scene
        .start_in_vain("node", &[])
        .badly(3, &[&taken.to_string(), "in use", "--admin"]);
}

#[test]
fn a_wrong_configuration_ends_the_start_and_names_the_key() {
    let mut scene = Scene::bare("[ingress]\nack_budget_ms = 99\nlisten_to = \"x\"\n");
    let ended = scene.start_in_vain("node", &[]);
    assert!(
        ended.stderr.contains("ingress.listen_to"),
        "every mistake is said: {ended:?}"
    );
    ended.badly(2, &["ingress.ack_budget_ms", "100", "4500", "99"]);
    assert!(!scene.path("node").exists(), "nothing was made");
    scene.env = vec![("SPILLWAY_INGRESS__ACK_BUDGET", "1000".into())];
    scene
        .start_in_vain("node", &[])
        .badly(2, &["ingress.ack_budget", "SPILLWAY_INGRESS__ACK_BUDGET"]);
}
