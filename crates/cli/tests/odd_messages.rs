//! Messages that no fan of a good client sends and that are messages all the same: forbidden characters, the longest
//! body, unknown types, no MsgId, two events in one second (I-4, D-2, D-3, D-4).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use support::Scene;
use support::fan::{OPEN, accounts, message, plain, text};
use support::watch::{is_well, judged, moves, node, records};

const BODY_BYTES_MAX: usize = 256 * 1024;

#[test]
fn odd_messages_are_messages() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let mi = plain();
    let deliver = |xml: &str| {
        let answer = scene.deliver(&mi, xml);
        assert_eq!(answer.status(), 200, "{xml}");
        answer
    };
    // NUL, and other characters that XML forbids, are filtered out: this is a GO.
    let nul = deliver(&text(&mi, "oNul", OPEN + 60, 1, "\0G\u{1}O\0"));
    assert!(nul.text().contains("报名收到"), "{nul:?}");
    // The longest body that is taken, of what JSON makes longest.
    let longest = text(&mi, "oLong", OPEN + 60, 2, "");
    let filler = "\u{1}\"".repeat(BODY_BYTES_MAX);
    let longest = text(
        &mi,
        "oLong",
        OPEN + 60,
        2,
        &filler[..BODY_BYTES_MAX - longest.len()],
    );
    assert_eq!(longest.len(), BODY_BYTES_MAX);
    deliver(&longest);
    // A type from the future.
    let hologram = message(
        &mi,
        "oNew",
        OPEN + 60,
        "<MsgType>hologram</MsgType><Depth>3</Depth><MsgId>3</MsgId>",
    );
    moves(
        &node,
        "spillway_ingress_callbacks_total",
        &[("account", "mi"), ("kind", "other")],
        1.0,
        || {
            deliver(&hologram);
        },
    );
    assert_eq!(judged(&node, "new"), 3.0);

    // Without MsgId: told apart by content, told the same by content.
    let bare = |said: &str| {
        message(
            &mi,
            "oBare",
            OPEN + 60,
            &format!("<MsgType>text</MsgType><Content>{said}</Content>"),
        )
    };
    deliver(&bare("A"));
    deliver(&bare("A"));
    deliver(&bare("B"));
    assert_eq!(
        (judged(&node, "new"), judged(&node, "duplicate")),
        (5.0, 1.0)
    );
    // Two events of a fan in one second are two; each of them twice is still two.
    let click = |key: &str| {
        message(
            &mi,
            "oClick",
            OPEN + 60,
            &format!("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>{key}</EventKey>"),
        )
    };
    for key in ["MENU_A", "MENU_B", "MENU_A", "MENU_B"] {
        deliver(&click(key));
    }
    assert_eq!(
        (judged(&node, "new"), judged(&node, "duplicate")),
        (7.0, 3.0)
    );
    // One MsgId with two contents: the first stands, the other can be looked at.
    deliver(&text(&mi, "oTwo", OPEN + 60, 7, "A"));
    deliver(&text(&mi, "oTwo", OPEN + 60, 7, "B"));
    assert_eq!(
        (judged(&node, "new"), judged(&node, "conflict")),
        (8.0, 1.0)
    );
    let list = scene.history("node", "dead-letters list inbound").well();
    assert!(
        list.lines().count() == 2 && list.contains("conflict"),
        "{list}"
    );
    // Another account's id in ToUserName: recorded, counted, nothing said.
    let wrong =
        text(&mi, "oWrong", OPEN + 60, 8, "GO").replace("gh_3f9c1e7ab204", "gh_000000000000");
    moves(
        &node,
        "spillway_ingress_wrong_recipient_total",
        &[("account", "mi")],
        1.0,
        || {
            assert_eq!(deliver(&wrong).text(), "success");
        },
    );

    // The log has them all as they came.
    node.wait_drained();
    let inbound = records(&scene, "inbound");
    let of = |fan: &str| -> Vec<&Value> {
        inbound
            .iter()
            .filter(|line| line["key"] == fan)
            .map(|line| &line["value"])
            .collect()
    };
    assert_eq!(of("oNul")[0]["content"]["text"], "GO");
    assert_eq!(of("oLong")[0]["body"], longest);
    assert_eq!(of("oNew")[0]["kind"], "hologram");
    assert_eq!(of("oClick").len(), 4);
    assert!(
        inbound
            .iter()
            .all(|line| line["topic"] == "inbound" && line["offset"].is_u64())
    );
    let accepted = records(&scene, "accepted");
    let messages = accepted
        .iter()
        .filter(|line| line["value"]["type"] == "message")
        .count();
    assert_eq!(messages as f64, judged(&node, "new"));
    is_well(&scene, node);
}
