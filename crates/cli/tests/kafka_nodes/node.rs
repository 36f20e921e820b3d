//! Whole processes on a real broker: topics, one node with all roles, roles in processes of their own, brokers that
//! are away. What brokers that die do to a surge is tested elsewhere.

use crate::support::kafka::{ALL, kafka_toml};
use crate::support::wire::get;
use crate::support::{Scene, finish, succeed, until};
use broker::Cluster;
use serde_json::Value;

const MESSAGES: u32 = 6_000;
const COMPRESS: u32 = 40;

fn one() -> Cluster {
    Cluster::start(1).expect("a broker starts")
}

#[test]
fn topics_are_made_once_and_shown_as_they_are() {
    let scene = Scene::bare_on(one());
    scene.topics("show").badly(1, &["spillway topics create"]);
    let seat = scene.seat("node", ALL);
    let refused = scene.spawn_at(&seat, &[]).ended();
    refused.badly(2, &["spillway topics create"]);
    let made = scene.create_topics();
    assert!(
        made.contains("spillway.inbound") && made.contains('6'),
        "{made}"
    );
    // Once more: nothing to do, and the same identity.
    let identity = |printed: &str| -> String {
        let shown: Value = serde_json::from_str(printed).unwrap();
        assert_eq!(shown["topics"].as_array().unwrap().len(), 7, "{shown}");
        shown["log"].as_str().unwrap().to_owned()
    };
    let first = identity(&scene.topics("show --json").well());
    assert_eq!(identity(&scene.topics("create --json").well()), first);
    // Another layout than the one at the brokers is refused, with the topic and both numbers.
    let wrong = std::fs::read_to_string(scene.with_suffix("spillway.toml")).unwrap();
    let wrong = wrong.replace("inbound_partitions = 6", "inbound_partitions = 7");
    std::fs::write(scene.with_suffix("spillway.toml"), wrong).unwrap();
    scene.topics("show").badly(1, &["inbound", "6", "7"]);
    let refused = scene.spawn_at(&seat, &[]).ended();
    refused.badly(2, &["inbound", "6", "7"]);
}

#[test]
fn a_node_on_a_broker_has_the_digest_of_the_oracle() {
    let scene = Scene::on(one(), MESSAGES, COMPRESS);
    scene.create_topics();
    let seat = scene.seat("node", ALL);
    let node = scene.start_at(&seat, &[]);
    scene.publish_at(&seat);
    succeed(&mut scene.replay_at(&seat, &seat, &["--speed", "max"]));
    node.wait_concluded();
    assert_eq!(node.metric("spillway_audit_mismatch_total"), 0.0);
    let status = node.status();
    assert_eq!(status["backend"], "kafka");
    assert_eq!(status["is_away"], false);
    assert_eq!(status["spool"]["records"], 0, "{status}");
    assert_eq!(status["coordinator"]["leads"], true);
    scene.judge("node");
    let (ended, _) = node.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Commands of history read the topics; the directory of the node has no log.
    let stats: Value =
        serde_json::from_str(&scene.history("node", "log stats --json").well()).unwrap();
    let records = |topic: &str| {
        let topics = stats["topics"].as_array().unwrap();
        topics.iter().find(|t| t["topic"] == topic).unwrap()["records"].as_u64()
    };
    assert!(records("accepted") >= Some(u64::from(MESSAGES)), "{stats}");
    let cat = scene
        .history("node", "log cat control --partition 0")
        .well();
    assert!(
        cat.contains("\"type\":\"campaign\"") && cat.contains("\"type\":\"bye\""),
        "{cat}"
    );
    let mut by_data = std::process::Command::new(crate::support::spillway());
    by_data
        .args(["log", "stats", "--data"])
        .arg(scene.path("node"));
    finish(&mut by_data).badly(2, &["Kafka", "--config FILE"]);
}

#[test]
fn every_role_in_a_process_of_its_own_has_the_same_digest() {
    let scene = Scene::on(one(), MESSAGES, COMPRESS);
    scene.create_topics();
    let seats = ["coordinator", "ingress", "dedup", "quiz"].map(|role| scene.seat(role, role));
    let nodes = seats.each_ref().map(|seat| scene.start_at(seat, &[]));
    scene.wait_leads(&nodes[0]);
    // An act may go to any node: the command line follows once to the one that coordinates.
    scene.publish_at(&seats[1]);
    succeed(&mut scene.replay_at(&seats[1], &seats[0], &["--speed", "max"]));
    let dedup = |name: &str| nodes[2].series("spillway_dedup_total", &[("result", name)]);
    until("every message in dedup", || {
        dedup("new") >= f64::from(MESSAGES)
    });
    nodes[2].wait_drained();
    nodes[3].wait_concluded();
    scene.judge("ingress");
    for (seat, node) in seats.iter().zip(nodes) {
        let ended = node.terminate().0;
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", seat.roles);
    }
}

#[test]
fn without_brokers_a_node_that_knows_its_topics_answers_and_one_that_does_not_says_so() {
    let mut scene = Scene::bare_on(one());
    scene.create_topics();
    let seat = scene.seat("node", ALL);
    let node = scene.start_at(&seat, &[]);
    scene.publish_at(&seat);
    until("the snapshot on disk", || {
        // The one with the campaign: a node that has followed nothing yet keeps an empty one.
        std::fs::read_to_string(scene.path("node/snapshot"))
            .is_ok_and(|kept| kept.contains(crate::support::told::CAMPAIGN))
    });
    assert_eq!(node.terminate().0.code, Some(0));
    scene.cluster().kill(0);
    // What it verified and followed in its earlier life is enough to answer in words.
    let node = scene.start_at(&seat, &[]);
    scene.listen = seat.listen;
    let answer = scene.deliver_text("oAway", 1, "GO");
    assert!(answer.text().contains("报名收到"), "{answer:?}");
    let status = node.status();
    assert_eq!(
        (&status["is_away"], &status["ready"]),
        (&Value::Bool(true), &Value::Bool(true))
    );
    assert_eq!(status["spool"]["records"], 1, "{status}");
    // A stranger knows nothing, and does not wait for ever.
    let stranger = scene.seat("stranger", ALL);
    let ended = scene.spawn_at(&stranger, &[]).ended();
    ended.badly(3, &["cannot be reached", "kafka-facts"]);
    // The brokers are back: the spool is drained, consumers and coordinator go on, nothing is lost.
    scene.cluster().restart(0).expect("the broker starts again");
    until("the end of the spool", || {
        node.try_status()
            .is_some_and(|status| status["spool"]["records"] == 0 && status["is_away"] == false)
    });
    node.wait_drained();
    until("the message in dedup", || {
        node.series("spillway_dedup_total", &[("result", "new")]) >= 1.0
    });
    assert_eq!(node.terminate().0.code, Some(0));
}

#[test]
fn a_broker_that_stands_still_holds_up_no_one_who_asks_whether_the_node_lives() {
    let scene = Scene::bare_on(one());
    scene.create_topics();
    let seat = scene.seat("node", ALL);
    let node = scene.start_at(&seat, &[]);
    node.wait_drained();
    let cluster = scene.cluster.as_ref().unwrap();
    cluster.stall(0);
    // The status asks the broker how far consumers are behind, and waits a while for the answer.
    let (admin, mut lived) = (seat.admin, 0);
    std::thread::scope(|scope| {
        let asked = scope.spawn(move || get(admin, "/status"));
        while !asked.is_finished() {
            let (code, _) = get(admin, "/health/live").unwrap();
            assert_eq!(code, 200);
            lived += 1;
        }
        let (code, status) = asked.join().unwrap().unwrap();
        assert_eq!(code, 200, "{status}");
    });
    assert!(lived > 1, "{lived} answers while the status was on its way");
    cluster.resume(0);
    assert_eq!(node.terminate().0.code, Some(0));
}

#[test]
fn a_configuration_that_would_lose_messages_is_refused_in_words() {
    let scene = Scene::bare("");
    let check = |text: &str, words: &[&str]| {
        let file = scene.path("kafka.toml");
        std::fs::write(&file, text).unwrap();
        crate::support::run(&format!("config check {}", file.display())).badly(2, words);
    };
    let sound = kafka_toml(&["127.0.0.1:9092".to_owned()]);
    let less = sound.replace("single_broker = true\n", "");
    check(&less, &["log.kafka.replication", "single_broker = true"]);
    check(
        &format!("{sound}options = {{ acks = 0 }}\n"),
        &["log.kafka.options.acks", "not yours"],
    );
    let file = scene.path("secret.toml");
    let secret = format!("{sound}options = {{ \"sasl.password\" = \"s3cret\" }}\n");
    std::fs::write(&file, secret).unwrap();
    let shown = crate::support::run(&format!("config show --config {}", file.display())).well();
    assert!(
        shown.contains("sasl.password") && !shown.contains("s3cret"),
        "{shown}"
    );
}
