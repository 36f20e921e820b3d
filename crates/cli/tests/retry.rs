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
