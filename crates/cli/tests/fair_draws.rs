//! Draws that somebody could doubt: a winner who left before the last cut, and draws that wait for a public beacon; on a
//! node in rehearsal.
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

/// Close of the first round thirteen years later, when there is a beacon.
const CLOSE: i64 = 1_775_714_700;

/// What drand would answer for a round.
fn answer(round: u64) -> String {
    let signature = [u8::try_from(round % 251).unwrap(); 48];
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    let randomness = hex(&contest::hash(&signature));
    json!({"round": round, "randomness": randomness, "signature": hex(&signature)}).to_string()
}

/// Time passes from a second on, until the coordinator waits for the beacon of a draw; when that draw was sealed.
fn await_beacon(scene: &Scene, node: &Node, from: i64, round: u16) -> i64 {
    let mut now = from;
    let waits = format!("round-{round:02} of small waits for the beacon's round");
    support::until("the wait for a beacon", || {
        scene.tick("node", now);
        now += 1;
        node.wait_drained();
        let status = node.status();
        let awaits = status["coordinator"]["awaits"].as_str();
        awaits.is_some_and(|awaits| awaits.contains(&waits))
    });
    let decided = acts(scene, "seal_decided");
    let decided = decided.iter().find(|act| act["round"] == round);
    decided.unwrap()["at"].as_i64().unwrap()
}

/// The records of control of a type.
fn acts(scene: &Scene, kind: &str) -> Vec<Value> {
    let control = scene.history("node", "log cat control").well();
    let value = |line: &str| serde_json::from_str::<Value>(line).unwrap()["value"].clone();
    let acts = control.lines().map(value);
    acts.filter(|act| act["type"] == kind).collect()
}

/// at L2 a draw waits for the beacon that its seal fixed; and if an operator goes on without it, everybody sees.
#[test]
fn a_draw_at_l2_waits_for_its_beacon_and_shows_it() {
    let scene = Scene::bare(&accounts());
    let dear = CAMPAIGN.replacen("level = \"L1\"", "level = \"L2\"", 1);
    let past = scene.with_suffix("past.toml");
    std::fs::write(&past, &dear).unwrap();
    let checked = support::run(&format!("campaign check {}", past.display()));
    assert!(
        checked.code == Some(1) && checked.stdout.contains("August 2023"),
        "{checked:?}"
    );
    let dear = dear.replace("2013-04-09T", "2026-04-09T");
    let node = published(&scene, &dear, CLOSE - 300);
    for (id, (fan, at)) in (1..).zip([("oAnna", -299), ("oBo", -200), ("oBo", 305), ("oAnna", 310)])
    {
        says(&scene, fan, CLOSE + at, id, "A");
    }
    let seal = await_beacon(&scene, &node, CLOSE + 35, 1);
    let due = contest::beacon_round(seal).unwrap();
    let file = scene.path("beacon.json");
    let bring = |round: u16, number: u64| {
        std::fs::write(&file, answer(number)).unwrap();
        let words = format!("round beacon small {round} --file {}", file.display());
        scene.ask("node", &words)
    };
    bring(1, due + 1).badly(1, &[&format!("takes the beacon's round {due}")]);
    std::fs::write(
        &file,
        answer(due).replace("\"signature\":\"", "\"signature\":\"ff"),
    )
    .unwrap();
    let damaged = format!("round beacon small 1 --file {}", file.display());
    scene.ask("node", &damaged).badly(2, &["is damaged"]);
    scene
        .ask("node", "round beacon small 1")
        .badly(2, &["--file"]);
    scene
        .ask("node", "round beacon small 1 --without soon")
        .badly(1, &["not before"]);
    let told = bring(1, due).well();
    assert!(told.contains("round-01: control offset "), "{told}");
    let second = await_beacon(&scene, &node, CLOSE + 635, 2);
    scene.tick("node", second + 660);
    scene
        .ask("node", "round beacon small 2 --without <drand>")
        .well();
    until_control(&scene, &node, second + 661, has_draws(2));
    let found = results(&scene);
    let level = |place: usize| found["rounds"][place]["level"].as_str().unwrap().to_owned();
    assert_eq!(
        (level(0), level(1)),
        ("L2".to_owned(), "L1".to_owned()),
        "{found}"
    );
    let dir = scene.path("pages");
    scene
        .history("node", &format!("results --html {}", dir.display()))
        .well();
    let page = |draw: &str| std::fs::read_to_string(dir.join(format!("{draw}.html"))).unwrap();
    let out_at = contest::beacon_out_at(due).unwrap();
    assert!(out_at >= seal + 60 && out_at < seal + 63);
    let drawn = page("round-01");
    for part in [
        "drand quicknet",
        &due.to_string(),
        "2026-04-09 14:06:",
        "The list was fixed at",
    ] {
        assert!(drawn.contains(part), "{part}: {drawn}");
    }
    let without = page("round-02");
    for part in [
        "降为 L1 级",
        "Drawn without the public beacon, level L1",
        "operator: &lt;drand&gt;",
    ] {
        assert!(without.contains(part), "{part}: {without}");
    }
    assert!(!without.contains("quicknet"));
    for said in holds(&dir, "round-01") {
        assert!(said.contains("the list stood before it was out"), "{said}");
        assert!(
            said.contains(&format!("the beacon's value of round {due}; compare it")),
            "{said}"
        );
        assert!(
            said.contains("links were published before the first round: compare"),
            "{said}"
        );
    }
    for said in holds(&dir, "round-02") {
        assert!(
            said.contains("operator went on without the beacon: <drand>"),
            "{said}"
        );
    }
    // Each word is a record, with who said it.
    let said = acts(&scene, "beacon");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|act| act["actor"] == "operator"));
    assert_eq!(
        (&said[0]["number"], &said[1]["reason"]),
        (&json!(due), &json!("<drand>"))
    );
}
