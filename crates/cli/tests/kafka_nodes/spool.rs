//! The spool of a node on a broker: brought in from elsewhere when its node never comes back; full, or on a disk that
//! fails, while the broker is away and while it is well.

use crate::support::fan::{OPEN, plain, text};
use crate::support::kafka::Seat;
use crate::support::watch::moves;
use crate::support::wire::{Answer, get};
use crate::support::{Ended, Node, Scene, finish, spillway, until};
use broker::{Cluster, Fault};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

fn drain(scene: &Scene, dir: &str) -> Ended {
    finish(
        Command::new(spillway())
            .args(["spool", "drain", "--dir"])
            .arg(scene.path(dir))
            .arg("--config")
            .arg(scene.with_suffix("spillway.toml")),
    )
}

/// Partition, place and id of every message in `accepted`: what a restarted dedup says again carries the place that it
/// has said before.
fn accepted(scene: &Scene) -> BTreeSet<(u64, String, u64)> {
    let printed = scene.history("", "log cat accepted").well();
    let rows = printed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let messages = rows.filter(|row| row["value"]["type"] == "message");
    let place = |row: Value| {
        let partition = row["partition"].as_u64().unwrap();
        let id = row["value"]["msg_id"].as_str().unwrap().parse().unwrap();
        (partition, row["value"]["pos"].to_string(), id)
    };
    messages.map(place).collect()
}

/// The messages 1 to `last` come to stand in `accepted`, each at one place. Not by counters: those of a process count
/// again what a restarted stage reads again.
#[track_caller]
fn counted_each_once(scene: &Scene, inner: &Node, last: u64) {
    until("every message in accepted", || {
        accepted(scene).len() as u64 >= last
    });
    inner.wait_drained();
    let messages = accepted(scene);
    let ids: BTreeSet<u64> = messages.iter().map(|(_, _, id)| *id).collect();
    assert_eq!(messages.len() as u64, last, "{messages:?}");
    assert_eq!(ids, (1..=last).collect());
}

#[test]
fn the_spool_of_a_node_that_is_gone_is_brought_in_once() {
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
    until("the edge to know that nobody is there", || {
        edge_node.status()["is_away"] == true
    });
    scene.listen = edge.listen;
    // Nobody waits for a log that is known to be away.
    let at_once = ("spillway_hedge_fired_total", [("reason", "away")]);
    moves(&edge_node, at_once.0, &at_once.1, 3.0, || {
        for id in 1..=3 {
            scene.deliver_text(&format!("oFan{id}"), id, "GO");
        }
    });
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
    // The consumers have lived through it.
    counted_each_once(&scene, &inner_node, 3);
    // A directory without a spool is refused and left as it is.
    drain(&scene, "inner").badly(2, &["inner", "--dir"]);
    assert_eq!(inner_node.terminate().0.code, Some(0));
}

/// Characters of a text of which a dozen fill a spool of a megabyte, and two a segment of it.
const LONG: usize = 8_000;

/// An ingress whose spool holds a megabyte, and the rest in another process.
fn small_spool(cluster: Cluster) -> (Scene, [Seat; 2], [Node; 2]) {
    let mut scene = Scene::bare_on(cluster);
    scene.env = vec![("SPILLWAY_LOG__KAFKA__SPOOL_MAX_BYTES", "1000000".into())];
    scene.create_topics();
    let seats = [
        scene.seat("edge", "ingress"),
        scene.seat("inner", "dedup,quiz,coordinator"),
    ];
    let nodes = seats.each_ref().map(|seat| scene.start_at(seat, &[]));
    scene.wait_leads(&nodes[1]);
    scene.listen = seats[0].listen;
    (scene, seats, nodes)
}

/// A long text under this id, delivered once.
fn deliver(scene: &Scene, id: u64) -> Answer {
    let (mi, said) = (plain(), "长".repeat(LONG));
    scene.deliver(&mi, &text(&mi, "oLong", OPEN + 60, id, &said))
}

/// The same, until it is answered: the way to a broker that was away may not be there yet.
fn deliver_again(scene: &Scene, id: u64) {
    until("an ack", || deliver(scene, id).status() == 200);
}

/// The node is not ready, and says why in these words.
fn unready(seat: &Seat, words: &[&str]) {
    let mut why = String::new();
    until(&format!("{words:?} as a reason not to be ready"), || {
        let (code, said) = get(seat.admin, "/health/ready").unwrap();
        why = said;
        code == 503 && words.iter().all(|word| why.contains(word))
    });
}

fn ready(seat: &Seat) {
    until("a node that is ready", || {
        get(seat.admin, "/health/ready").is_some_and(|(code, _)| code == 200)
    });
}

/// What is wrong with the spool, by the node's own word.
fn unusable(node: &Node, word: &str) {
    until(&format!("a spool that is {word}"), || {
        let status = node.status();
        let why = status["spool"]["unusable"].as_str();
        why.is_some_and(|why| why.contains(word)) && node.metric("spillway_spool_usable") == 0.0
    });
}

/// Every message up to this id was counted once, and the spool is empty.
fn counted_once(scene: &Scene, edge: &Node, inner: &Node, last: u64) {
    until("an empty spool", || edge.status()["spool"]["records"] == 0);
    counted_each_once(scene, inner, last);
    assert_eq!(inner.metric("spillway_audit_mismatch_total"), 0.0);
}

#[test]
fn a_full_spool_gives_no_ack_that_nothing_stands_behind_and_empties_when_the_broker_is_back() {
    let (mut scene, [edge, _], [edge_node, inner_node]) =
        small_spool(Cluster::start(1).expect("a broker starts"));
    scene.cluster().kill(0);
    let mut acked = 0;
    while deliver(&scene, acked + 1) != Answer::Nothing {
        acked += 1;
        assert!(acked < 100, "a spool of a megabyte took {acked} long texts");
    }
    assert!(acked > 3, "{acked} were taken");
    unusable(&edge_node, "no room");
    // Ready again once nothing has failed for a while; not ready, and for this reason, while somebody needs what it does
    // not have: WeChat tries the unanswered one again, in vain.
    ready(&edge);
    std::thread::scope(|scope| {
        let again = scope.spawn(|| deliver(&scene, acked + 1));
        unready(&edge, &["spool", "no room"]);
        assert_eq!(again.join().unwrap(), Answer::Nothing);
    });
    assert_eq!(edge_node.metric("spillway_ingress_unacked_total"), 2.0);
    assert_eq!(edge_node.status()["spool"]["records"], acked);
    scene.cluster().restart(0).expect("the broker starts again");
    ready(&edge);
    // WeChat's last try. What became of the ones before is found out by dedup.
    deliver_again(&scene, acked + 1);
    deliver_again(&scene, acked + 2);
    counted_once(&scene, &edge_node, &inner_node, acked + 2);
    until("a spool that takes again", || {
        edge_node.metric("spillway_spool_usable") == 1.0
    });
    assert_eq!(edge_node.terminate().0.code, Some(0));
}

#[test]
fn a_spool_whose_disk_fails_costs_no_ack_while_the_broker_is_well_and_a_broken_start_says_so() {
    let cluster = Cluster::start_behind_proxies(1).expect("a broker starts");
    let (mut scene, [edge, _], [edge_node, inner_node]) = small_spool(cluster);
    let (spool, aside) = (scene.path("edge/spool"), scene.path("edge/aside"));
    // From here on no file can be made where the spool stands: its next segment is the first that fails.
    std::fs::rename(&spool, &aside).unwrap();
    std::fs::write(&spool, "not a directory").unwrap();
    // A slow wire, so that each delivery also goes to the spool; the broker proves it all the same.
    let slow = Fault::Delay(Duration::from_millis(300));
    scene.cluster().proxy(0).set(slow);
    for id in 1..=8 {
        assert_eq!(deliver(&scene, id).status(), 200);
    }
    unusable(&edge_node, "poisoned");
    assert_eq!(edge_node.metric("spillway_ingress_unacked_total"), 0.0);
    // As soon as the broker proves in time nobody misses the spool.
    scene.cluster().proxy(0).set(Fault::None);
    ready(&edge);
    assert_eq!(deliver(&scene, 9).status(), 200);
    ready(&edge);
    // Now the broker is away as well: no side proves anything.
    scene.cluster().proxy(0).set(Fault::Refuse);
    std::thread::scope(|scope| {
        let needed = scope.spawn(|| deliver(&scene, 10));
        unready(&edge, &["spool", "poisoned"]);
        assert_eq!(needed.join().unwrap(), Answer::Nothing);
    });
    scene.cluster().proxy(0).set(Fault::None);
    ready(&edge);
    deliver_again(&scene, 10);
    assert_eq!(edge_node.terminate().0.code, Some(0));
    let ended = scene.spawn_at(&edge, &[]).ended();
    ended.badly(3, &["edge/spool"]);
    // The disk is mended: what stood there is brought in, once.
    std::fs::remove_file(&spool).unwrap();
    std::fs::rename(&aside, &spool).unwrap();
    let edge_node = scene.start_at(&edge, &[]);
    assert_eq!(edge_node.metric("spillway_spool_usable"), 1.0);
    deliver_again(&scene, 11);
    counted_once(&scene, &edge_node, &inner_node, 11);
}
