//! Draws that somebody could doubt: a winner who left before the last cut; on a node in rehearsal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::fan::{OPEN, accounts, message, plain, text};
use support::{Node, Scene, finish};

/// Two rounds, A is the key of both; one prize for the first of the board.
const CAMPAIGN: &str = include_str!("../../coordinator/src/tests/contest.toml");

/// A campaign is published on a node, so many seconds before its first round.
fn published(scene: &Scene, toml: &str, at: i64) -> Node {
    std::fs::write(scene.with_suffix("campaign.toml"), toml).unwrap();
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", at);
    node
}

/// Delivers what a fan sent, which must be acked.
fn sends(scene: &Scene, fan: &str, at: i64, inner: &str) {
    let mi = plain();
    let answer = scene.deliver(&mi, &message(&mi, fan, at, inner));
    assert_eq!(answer.status(), 200);
}

fn says(scene: &Scene, fan: &str, at: i64, id: u64, what: &str) {
    let mi = plain();
    let answer = scene.deliver(&mi, &text(&mi, fan, at, id, what));
    assert_eq!(answer.status(), 200);
}

/// Time passes from a second on, until the log says so.
fn until_control(scene: &Scene, node: &Node, from: i64, done: impl Fn(&Value) -> bool) {
    let mut now = from;
    support::until("the results", || {
        scene.tick("node", now);
        now += 1;
        node.wait_drained();
        let found = scene.history("node", "results --json");
        serde_json::from_str(&found.stdout).is_ok_and(|found| done(&found))
    });
}

fn has_draws(count: usize) -> impl Fn(&Value) -> bool {
    move |found| found["rounds"].as_array().map(Vec::len) == Some(count)
}

fn results(scene: &Scene) -> Value {
    serde_json::from_str(&scene.history("node", "results --json").well()).unwrap()
}

fn code(fan: &str) -> String {
    contest::Entrants::new(b"small").code(fan).to_string()
}

/// What both implementations say of the files of a draw, which they must find to hold.
fn holds(dir: &Path, draw: &str) -> [String; 2] {
    let file = |kind: &str| dir.join(format!("{draw}.{kind}"));
    let files = [
        file("record.json"),
        file("list.txt"),
        file("standings.jsonl"),
    ];
    let mut ours = Command::new(support::spillway());
    ours.arg("verify-draw")
        .args(&files[..2])
        .arg("--standings")
        .arg(&files[2]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_draw.py");
    let mut theirs = Command::new("python3");
    theirs.arg(script).args(&files);
    [finish(&mut ours).well(), finish(&mut theirs).well()]
}

/// he led the board after the first round, left, and never wrote again.
#[test]
fn who_left_before_the_last_cut_does_not_win_the_final_draw() {
    let scene = Scene::bare(&accounts());
    let node = published(&scene, CAMPAIGN, OPEN);
    for (id, (fan, after, what)) in (1..).zip([
        ("oBo", 1, "A"),
        ("oAnna", 60, "A"),
        ("oCid", 70, "A"),
        ("oDora", 2, "A"),
    ]) {
        says(&scene, fan, OPEN + after, id, what);
    }
    scene.tick("node", OPEN + 600);
    let event =
        |name: &str| format!("<MsgType>event</MsgType><Event>{name}</Event><EventKey></EventKey>");
    sends(&scene, "oBo", OPEN + 610, &event("unsubscribe"));
    // She left as well, and came back without a word.
    sends(&scene, "oDora", OPEN + 610, &event("unsubscribe"));
    sends(&scene, "oDora", OPEN + 620, &event("subscribe"));
    says(&scene, "oCid", OPEN + 650, 9, "B");
    until_control(&scene, &node, OPEN + 900 + 35, has_draws(3));
    let found = results(&scene);
    let last = &found["rounds"][2];
    assert_eq!(
        (&last["draw"], &last["verified"]),
        (&json!("final"), &json!(true)),
        "{last}"
    );
    let award = &last["awards"][0];
    assert_eq!(award["winners"][0]["code"], json!(code("oDora")));
    let passed = json!([{"place": 1, "code": code("oBo"), "reason": "not_following"}]);
    assert_eq!(award["passed"], passed);
    // The messages give the same once more, and so does whoever reads the files.
    let again = scene.history("node", "rescore small").well();
    assert_eq!(
        again.matches("equal to what was sealed").count(),
        2,
        "{again}"
    );
    let dir = scene.path("pages");
    scene
        .history("node", &format!("results --html {}", dir.display()))
        .well();
    let [ours, _] = holds(&dir, "final");
    assert!(ours.contains("was passed over: not_following"), "{ours}");
}
