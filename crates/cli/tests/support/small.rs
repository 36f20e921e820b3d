//! A small campaign of two rounds and a final draw, played by three fans on a node in rehearsal.

use super::fan::{OPEN, plain, text};
use super::{Node, Scene, finish, spillway, until};
use record::rounds::ResultAct;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two rounds, A is the key of both; phones are codes; one prize for the first of the board.
pub(crate) const CAMPAIGN: &str = include_str!("../../../coordinator/src/tests/contest.toml");

/// The campaign is published on a node.
pub(crate) fn published(scene: &Scene) -> Node {
    std::fs::write(scene.with_suffix("campaign.toml"), CAMPAIGN).unwrap();
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN);
    node
}

/// A fan says something, so many seconds after the opening of the first round.
pub(crate) fn says(scene: &Scene, id: u64, (fan, after, what): (&str, i64, &str)) {
    let mi = plain();
    scene.tick("node", OPEN + after);
    let answer = scene.deliver(&mi, &text(&mi, fan, OPEN + after, id, what));
    assert_eq!(answer.status(), 200);
}

/// Time passes from so many seconds after the opening on, until so many results are there.
pub(crate) fn concluded(scene: &Scene, node: &Node, after: i64, count: usize) {
    let mut now = OPEN + after;
    until("the results", || {
        scene.tick("node", now);
        now += 1;
        node.wait_drained();
        let found = scene.history("node", "results --json");
        let found = serde_json::from_str::<Value>(&found.stdout);
        found.is_ok_and(|found| found["rounds"].as_array().map(Vec::len) == Some(count))
    });
}

/// Both rounds are played and sealed, and the final draw is made.
pub(crate) fn played(scene: &Scene) -> Node {
    let node = published(scene);
    let answers = [
        ("oBo", 1, "B"),
        ("oAnna", 2, "A"),
        ("oCid", 9, "A"),
        ("oAnna", 602, "B"),
        ("oBo", 604, "A"),
        ("oCid", 650, "A"),
    ];
    for (id, answer) in (1..).zip(answers) {
        says(scene, id, answer);
    }
    concluded(scene, &node, 900 + 35, 3);
    node
}

/// Publishes the campaign with another key of its first round, as the version after `version`; its file.
pub(crate) fn rekeyed(scene: &Scene, version: u32, key: &str) -> PathBuf {
    let file = scene.with_suffix(&format!("key-{version}.toml"));
    let key = format!("key = [\"{key}\"]");
    std::fs::write(&file, CAMPAIGN.replacen("key = [\"A\"]", &key, 1)).unwrap();
    let publish = format!(
        "campaign publish {} --expect-version {version} --reason key",
        file.display()
    );
    scene.ask("node", &publish).well();
    file
}

/// Code of the first winner of a draw, by its place among the results.
pub(crate) fn winner(found: &Value, draw: usize) -> &str {
    let winner = &found["rounds"][draw]["awards"][0]["winners"][0];
    winner["code"].as_str().unwrap()
}

pub(crate) fn results(scene: &Scene) -> Value {
    serde_json::from_str(&scene.history("node", "results --json").stdout).unwrap()
}

pub(crate) fn code(fan: &str) -> String {
    contest::Entrants::new(b"small").code(fan).to_string()
}

/// Posts to the node's admin API: status and body.
pub(crate) fn post(scene: &Scene, path: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {}", scene.token("node"));
    let headers = [("Authorization", bearer.as_str())];
    let body = body.to_string();
    let answer = super::wire::request(scene.admin, "POST", path, &headers, body.as_bytes());
    let answer = answer.unwrap();
    (
        answer.status(),
        serde_json::from_str(&answer.text()).unwrap_or_default(),
    )
}

/// Both implementations must find that the files of a draw hold.
pub(crate) fn holds(dir: &Path, draw: &str) {
    let file = |kind: &str| dir.join(format!("{draw}.{kind}"));
    let files = [
        file("record.json"),
        file("list.txt"),
        file("standings.jsonl"),
    ];
    let mut ours = Command::new(spillway());
    ours.arg("verify-draw").args(&files[..2]);
    finish(ours.arg("--standings").arg(&files[2])).well();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_draw.py");
    finish(Command::new("python3").arg(script).args(&files)).well();
}

/// A correction of the first round by another key, as `rescore` computes it: the result, and its standings.
pub(crate) fn honest(scene: &Scene, file: &Path) -> (ResultAct, String) {
    let out = scene.path("honest");
    let rescore = format!(
        "rescore small --with {} --reason key --json --out {}",
        file.display(),
        out.display()
    );
    let tried: Value = serde_json::from_str(&scene.history("node", &rescore).well()).unwrap();
    let result = serde_json::from_value(tried["corrections"][0]["result"].clone()).unwrap();
    let standings = std::fs::read_to_string(out.join("round-01.standings.jsonl")).unwrap();
    (result, standings)
}

/// The same with one fan's code in the place of another's, in standings and record alike.
pub(crate) fn with_a_friend(
    (result, standings): &(ResultAct, String),
    of: &str,
) -> (ResultAct, String) {
    let friend = code("oFriend");
    let mut lines: Vec<String> = standings
        .replace(of, &friend)
        .lines()
        .map(str::to_owned)
        .collect();
    let code_of = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["code"].as_str().unwrap().to_owned()
    };
    lines.sort_by_key(|line| code_of(line));
    let standings: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest = record::identity::sha256(standings.as_bytes());
    let record = result.record.replace(of, &friend);
    let record = record.replace(&result.standings.to_string(), &digest.to_string());
    let made_up = ResultAct {
        standings: digest,
        record_sha256: record::identity::sha256(record.as_bytes()),
        record,
        ..result.clone()
    };
    (made_up, standings)
}
