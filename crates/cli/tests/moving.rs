//! docs/kafka.md, "From the journal to Kafka, in a quiet hour", followed step by step with nginx in front and messages
//! that never stop: none is lost, none counts twice, what was judged before and what comes after holds.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use broker::Cluster;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use support::fan::{OPEN, accounts, plain, text};
use support::kafka::{Seat, kafka_toml};
use support::nginx::Nginx;
use support::told::{CAMPAIGN, ROUNDS, answers, seal_of};
use support::{Ended, Node, Scene, alone, finish, spillway, succeed, until, wire};

/// The campaign that comes after the move, a day later.
const NEXT: &str = "fanfest-2013-04-10";
const DAY: i64 = 86_400;
/// Between the two campaigns.
const QUIET: i64 = OPEN + 5 * 3_600;
/// Ids of messages: of the quiet hour, and of the campaign that comes.
const HOUR: u64 = 1_000_000;
const LATER: u64 = 2_000_000;

/// A journal node with a campaign that is over, every round judged.
fn old_node(scene: &Scene) -> Node {
    let node = scene.start("old", &[]);
    scene.publish("old");
    for round in [1, 2] {
        scene.tick("old", support::told::opening(round));
        answers(scene, round, 0..40);
    }
    let mut now = seal_of(12);
    until("the results of the campaign", || {
        scene.tick("old", now);
        now += 1;
        node.wait_drained();
        node.has_all_results()
    });
    scene.tick("old", QUIET);
    node
}

/// The file of the campaign that comes.
fn next_campaign(scene: &Scene) -> PathBuf {
    let shipped = std::fs::read_to_string(support::example_campaign()).unwrap();
    let file = scene.path("next.toml");
    std::fs::write(&file, shipped.replace("2013-04-09", "2013-04-10")).unwrap();
    file
}

/// `spillway …` of an operator who acts on the node at this seat.
fn act(scene: &Scene, seat: &Seat, arguments: &[&str]) -> Ended {
    finish(
        Command::new(spillway())
            .args(arguments)
            .args(["--node", &seat.admin.to_string(), "--data"])
            .arg(scene.path(&seat.data)),
    )
}

fn tick(scene: &Scene, seat: &Seat, tick: i64) {
    let bearer = format!("Bearer {}", scene.token(&seat.data));
    let body = format!("{{\"tick\":{tick}}}");
    let headers = [("Authorization", bearer.as_str())];
    let answer = wire::request(seat.admin, "POST", "/v1/clock", &headers, body.as_bytes());
    assert_eq!(answer.map(|answer| answer.status()), Some(200));
}

/// How often each message stands in `accepted`, by its MsgId.
fn accepted(scene: &Scene, data: &str) -> BTreeMap<u64, usize> {
    let printed = scene.history(data, "log cat accepted").well();
    let mut found = BTreeMap::new();
    for line in printed.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["value"]["type"] == "message" {
            let id = line["value"]["msg_id"].as_str().unwrap().parse().unwrap();
            *found.entry(id).or_default() += 1;
        }
    }
    found
}

/// Fans who write all the time; how many of them there were, each acked.
fn writing(scene: &Scene, written: &AtomicU64, ended: &AtomicBool) {
    while !ended.load(Ordering::Acquire) {
        let n = written.load(Ordering::Acquire);
        let xml = text(&plain(), &format!("oQuiet{n}"), QUIET, HOUR + n, "在吗");
        let answer = scene.deliver(&plain(), &xml);
        assert_eq!(answer.status(), 200, "message {n}: {answer:?}");
        written.store(n + 1, Ordering::Release);
    }
}

#[test]
fn from_the_journal_to_kafka_nothing_is_lost_and_nothing_counts_twice() {
    let _turn = alone();
    let mut old = Scene::bare(&accounts());
    let old_listen = old.listen;
    // nginx stands before the old node from the beginning.
    let nginx = Nginx::start("compose.conf", &[old_listen]);
    let old_at = Seat {
        data: "old".to_owned(),
        roles: String::new(),
        listen: old_listen,
        admin: old.admin,
    };
    let before = old_node(&old);
    old.listen = nginx.listen;
    let next = next_campaign(&old);
    let next = next.to_str().unwrap();
    let publish = ["campaign", "publish", next, "--expect-version", "0"];
    act(&old, &old_at, &publish).well();

    // 1. The cluster and its topics; the key of the draws goes along.
    let cluster = Cluster::start(1).expect("a broker starts");
    let key = format!("file:{}", old.path("old/contest.key").display());
    let kafka = kafka_toml(&cluster.bootstrap()).replace(&"5a".repeat(32), &key);
    assert!(kafka.contains(&key));
    let mut new = Scene::bare(&format!("{kafka}compression = \"lz4\"\n\n{}", accounts()));
    new.cluster = Some(cluster);
    new.create_topics();
    new.topics("show").well();

    // 2. The new processes, with fresh directories, where nobody calls yet.
    let [edge, inner] = [("edge", "ingress"), ("inner", "dedup,quiz,coordinator")]
        .map(|(data, roles)| new.seat(data, roles));
    let workers = new.start_at(&inner, &[]);
    let ingress = new.start_at(&edge, &[]);
    new.wait_leads(&workers);
    for seat in [&edge, &inner] {
        succeed(Command::new(spillway()).args(["status", "--node", &seat.admin.to_string()]));
    }
    tick(&new, &inner, QUIET);

    // 3. The campaign that comes, and only that.
    act(&new, &inner, &publish).well();
    let file =
        |scene: &Scene, seat: &Seat| act(scene, seat, &["campaign", "show", NEXT, "--file"]).well();
    assert_eq!(file(&new, &edge), file(&old, &old_at));

    // 4. One message through a new ingress.
    new.listen = edge.listen;
    let own = text(&plain(), "oMyself", QUIET, HOUR - 1, "试一下");
    assert_eq!(new.deliver(&plain(), &own).status(), 200);
    until("the message in the new log", || {
        let found = new.history("", "explain --fan oMyself");
        found.code == Some(0) && found.stdout.contains("试一下")
    });

    // 5. nginx is switched while fans write, and the platform delivers again what it has delivered to the old node.
    let (written, ended) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let taken = |node: &Node| node.metric("spillway_ingress_callbacks_total");
    let scene = &old;
    let total = std::thread::scope(|threads| {
        let fans = threads.spawn(|| writing(scene, &written, &ended));
        until("messages at the old node", || {
            written.load(Ordering::Acquire) > 50
        });
        nginx.reload(&[edge.listen]);
        let arrived = taken(&ingress);
        until("messages at the new node", || {
            taken(&ingress) > arrived + 50.0
        });
        ended.store(true, Ordering::Release);
        fans.join().unwrap();
        written.load(Ordering::Acquire)
    });
    answers(&old, 2, 0..40);

    // 6. The old node stands still and has nothing left to do: it may go.
    let still = taken(&before);
    before.wait_drained();
    assert_eq!(taken(&before), still);
    assert_eq!(before.terminate().0.code, Some(0));

    // 7. The archive: everything that was judged is still there.
    old.export("old", "archive");
    let judged = old
        .history("old", &format!("results {CAMPAIGN} --json"))
        .well();
    let judged: Value = serde_json::from_str(&judged).unwrap();
    let judged = judged["rounds"].as_array().unwrap();
    assert_eq!(judged.len(), ROUNDS);
    assert!(judged.iter().all(|round| round["verified"] == true));
    assert_eq!(
        (&judged[0]["entrants"], &judged[0]["correct"]),
        (&40.into(), &10.into())
    );
    let told = old.history("old", "explain --fan oFan01x000").well();
    assert!(told.contains(CAMPAIGN), "{told}");
    let there = accepted(&old, "old");

    // What comes is judged on the new log, and nothing else is.
    tick(&new, &inner, OPEN + DAY);
    for fan in 0..40 {
        let said = ["A", "B", "C", "D"][fan as usize % 4];
        let at = OPEN + DAY + 1 + i64::try_from(fan).unwrap() / 8;
        let xml = text(&plain(), &format!("oLater{fan:03}"), at, LATER + fan, said);
        assert_eq!(old.deliver(&plain(), &xml).status(), 200);
    }
    let mut now = OPEN + DAY + 335;
    until("the result of the first round", || {
        tick(&new, &inner, now);
        now += 1;
        workers.wait_drained();
        workers.status()["campaigns"][0]["results"] == 1
    });
    let found = new.history("", &format!("results {NEXT} --json")).well();
    let found: Value = serde_json::from_str(&found).unwrap();
    let rounds = found["rounds"].as_array().unwrap();
    assert_eq!(rounds.len(), 1, "{found}");
    assert_eq!(rounds[0]["verified"], true, "{found}");
    assert_eq!(
        (&rounds[0]["entrants"], &rounds[0]["correct"]),
        (&40.into(), &10.into())
    );
    new.history("", &format!("results {CAMPAIGN}"))
        .badly(1, &[CAMPAIGN]);

    // Every message that was acked stands in one of the logs, once; what was delivered again after the switch, in both.
    let here = accepted(&new, "");
    let both: Vec<u64> = there
        .keys()
        .filter(|id| here.contains_key(id))
        .copied()
        .collect();
    assert_eq!(both, (2_000..2_040).collect::<Vec<u64>>());
    let all: BTreeSet<u64> = there.keys().chain(here.keys()).copied().collect();
    let sent = [
        1_000..1_040,
        2_000..2_040,
        HOUR - 1..HOUR + total,
        LATER..LATER + 40,
    ];
    assert_eq!(all, sent.into_iter().flatten().collect());
    assert!(there.values().chain(here.values()).all(|times| *times == 1));
    assert!(there.range(HOUR..).count() > 50 && here.range(HOUR..LATER).count() > 50);
    for node in [ingress, workers] {
        assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
        assert_eq!(node.terminate().0.code, Some(0));
    }
}
