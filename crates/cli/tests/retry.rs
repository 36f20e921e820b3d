//! `dead-letters retry` on a whole node: what was set aside is judged again where it stands, once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use support::Scene;
use support::fan::{OPEN, accounts, plain, text};
use support::watch::{judged, node};

/// The place of the dead letter with this reason, as `list` prints it.
fn place(list: &str, reason: &str) -> (String, String) {
    let line = list.lines().find(|line| line.contains(reason)).unwrap();
    let place = line.split_whitespace().nth(1).unwrap();
    let (partition, offset) = place.split_once('/').unwrap();
    (partition.to_owned(), offset.to_owned())
}

#[test]
fn a_dead_letter_is_put_back_and_counts_once() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let mi = plain();
    scene.tick("node", OPEN);
    // One from two hours ahead of the rehearsal's time, and one MsgId with two contents.
    scene.deliver(&mi, &text(&mi, "oEarly", OPEN + 7_200, 1, "GO"));
    scene.deliver(&mi, &text(&mi, "oTwo", OPEN + 60, 2, "A"));
    scene.deliver(&mi, &text(&mi, "oTwo", OPEN + 60, 2, "B"));
    assert_eq!(
        (
            judged(&node, "quarantined"),
            judged(&node, "conflict"),
            judged(&node, "new")
        ),
        (1.0, 1.0, 1.0)
    );
    let list = scene.history("node", "dead-letters list inbound").well();
    let (partition, offset) = place(&list, "quarantined");
    let retry = |what: &str| {
        scene.ask(
            "node",
            &format!("dead-letters retry inbound {what} --reason repaired"),
        )
    };
    // Too early still: it is set aside again, and nothing else happens.
    let one = format!("--partition {partition} --offset {offset}");
    assert!(retry(&one).well().contains("put back 1, left 0"));
    assert_eq!(judged(&node, "quarantined"), 2.0);
    // Its time has come.
    scene.tick("node", OPEN + 7_200);
    assert!(retry(&one).well().contains("put back 1, left 0"));
    assert_eq!(
        judged(&node, "new"),
        2.0,
        "D-5: it lies inside the bounds now"
    );
    // All of them: both letters of it are notes of one message now, the conflict stays where it is.
    let all = retry("--all").well();
    assert!(
        all.contains("put back 2, left 1") && all.contains("conflict"),
        "{all}"
    );
    assert_eq!(
        (judged(&node, "new"), judged(&node, "duplicate")),
        (2.0, 2.0)
    );

    retry("--partition 0 --offset 999999").badly(1, &["no dead letter"]);
    let cat = scene.history("node", "log cat inbound").well();
    let retries: Vec<Value> = cat
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &Value| record["value"]["type"] == "retry")
        .collect();
    assert_eq!(retries.len(), 4);
    for retry in &retries {
        let value = &retry["value"];
        assert_eq!(retry["partition"], value["partition"], "the same partition");
        assert_eq!(
            (&value["actor"], &value["reason"]),
            (&"operator".into(), &"repaired".into())
        );
    }
}

#[test]
fn an_export_without_bodies_holds_no_word_of_a_fan() {
    /// What fans write, and nobody else.
    const WORDS: [&str; 3] = ["悄悄话", "秘密", "別人不能看"];
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let mi = plain();
    scene.tick("node", OPEN);
    // A message, a conflict with it, one that comes too early, and a body that nobody can parse.
    scene.deliver(&mi, &text(&mi, "oTwo", OPEN + 60, 2, WORDS[0]));
    scene.deliver(&mi, &text(&mi, "oTwo", OPEN + 60, 2, WORDS[1]));
    scene.deliver(&mi, &text(&mi, "oEarly", OPEN + 7_200, 1, WORDS[2]));
    scene.deliver(&mi, &format!("<xml><Content>{}</xml>", WORDS[1]));
    assert_eq!(judged(&node, "unparsed"), 1.0);
    let retry = "dead-letters retry inbound --all --reason repaired";
    let said = scene.ask("node", retry).well();
    assert!(said.contains("put back 1, left 2"), "{said}");
    assert_eq!(judged(&node, "quarantined"), 2.0);

    let whole = scene.path("whole");
    let exported = format!("export --out {}", whole.display());
    scene.history("node", &exported).well();
    scene.export("node", "bare");
    let read = |dir: &str, name: &str| {
        let file = scene.path(dir).join(name);
        std::fs::read_to_string(&file).unwrap()
    };
    for word in &WORDS[1..] {
        let dead = read("whole", "inbound.dead.jsonl");
        assert!(dead.contains(word), "{word}: {dead}");
    }
    for word in WORDS {
        assert!(read("whole", "inbound.jsonl").contains(word), "{word}");
        for file in std::fs::read_dir(scene.path("bare")).unwrap() {
            let file = file.unwrap().path();
            let said = std::fs::read_to_string(&file).unwrap();
            assert!(!said.contains(word), "{word} stands in {}", file.display());
        }
    }
    // The same records at the same places, with what tells them apart.
    let records = |dir: &str, name: &str| -> Vec<Value> {
        let lines = read(dir, name);
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    for name in ["inbound.jsonl", "accepted.jsonl", "inbound.dead.jsonl"] {
        let (whole, bare) = (records("whole", name), records("bare", name));
        assert_eq!(whole.len(), bare.len());
        for (whole, bare) in whole.iter().zip(&bare) {
            for member in ["partition", "offset", "key"] {
                assert_eq!(whole[member], bare[member]);
            }
            for member in ["type", "pos", "prev", "key", "digest", "reason", "offset"] {
                assert_eq!(whole["value"][member], bare["value"][member], "{member}");
            }
            if let Some(raw) = whole["value"]["raw"].as_str() {
                assert_eq!(bare["value"]["raw_bytes"], raw.len());
            }
        }
    }
    let early = records("bare", "inbound.dead.jsonl");
    let early = early
        .iter()
        .find(|line| line["value"]["reason"] == "quarantined");
    let raw = early.unwrap()["value"]["raw"].as_str().unwrap();
    let raw: Value = serde_json::from_str(raw).unwrap();
    assert_eq!(
        (&raw["from"], &raw["msg_id"]),
        (&"oEarly".into(), &"1".into())
    );
}
