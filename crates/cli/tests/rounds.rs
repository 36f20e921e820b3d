//! A sealed round as operators and auditors meet it: results, pages, explanations, a correction, acts on rounds; on a
//! node in rehearsal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::fan::{OPEN, accounts, plain, text};
use support::{Node, Scene, finish};

const CAMPAIGN: &str = "fanfest-2013-04-09";
/// Close of the first round, and of the second.
const CLOSE: [i64; 2] = [OPEN + 300, OPEN + 900];

/// Two rounds are played by five fans and sealed. D is the key of the first, A that of the second.
fn played(scene: &Scene) -> Node {
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN);
    let mi = plain();
    let mut id = 0;
    let mut say = |fan: &str, at: i64, said: &str| {
        id += 1;
        let answer = scene.deliver(&mi, &text(&mi, fan, at, id, said));
        assert_eq!(answer.status(), 200);
    };
    for (fan, after, said) in [
        ("oAnna", 4, "D"),
        ("oBo", 3, "B"),
        ("oCid", 9, "D"),
        ("oDora", 9, "D"),
        ("oEve", 8, "b"),
    ] {
        say(fan, OPEN + after, said);
    }
    scene.tick("node", OPEN + 600);
    for (fan, after, said) in [("oAnna", 2, "A"), ("oBo", 3, "A"), ("oCid", 5, "C")] {
        say(fan, OPEN + 600 + after, said);
    }
    sealed(scene, &node, 2);
    node
}

/// Ticks on until so many rounds have a result.
fn sealed(scene: &Scene, node: &Node, rounds: usize) {
    let mut now = CLOSE[1] + 35;
    support::until("the results", || {
        scene.tick("node", now);
        now += 1;
        node.wait_drained();
        let found = scene.history("node", "results --json");
        let count = serde_json::from_str::<Value>(&found.stdout)
            .ok()
            .and_then(|found| Some(found["rounds"].as_array()?.len()));
        count == Some(rounds)
    });
}

fn results(scene: &Scene) -> Value {
    serde_json::from_str(&scene.history("node", "results --json").well()).unwrap()
}

fn code(fan: &str) -> String {
    contest::Entrants::new(CAMPAIGN.as_bytes())
        .code(fan)
        .to_string()
}

fn winners(round: &Value) -> Vec<&str> {
    let winners = round["awards"][0]["winners"].as_array().unwrap();
    winners
        .iter()
        .map(|won| won["code"].as_str().unwrap())
        .collect()
}

/// Both implementations must find that the files of a draw hold.
fn holds(dir: &Path, draw: &str) {
    let file = |kind: &str| dir.join(format!("{draw}.{kind}"));
    let (record, list, standings) = (
        file("record.json"),
        file("list.txt"),
        file("standings.jsonl"),
    );
    let mut ours = Command::new(support::spillway());
    ours.arg("verify-draw")
        .arg(&record)
        .arg(&list)
        .arg("--standings")
        .arg(&standings);
    finish(&mut ours).well();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_draw.py");
    let mut theirs = Command::new("python3");
    theirs.arg(script).args([&record, &list, &standings]);
    finish(&mut theirs).well();
}

#[test]
fn results_are_shown_verified_and_explained() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    let found = results(&scene);
    assert_eq!(
        (&found["campaign"], &found["provisional"]),
        (&json!(CAMPAIGN), &json!(false))
    );
    let rounds = found["rounds"].as_array().unwrap();
    assert!(
        rounds
            .iter()
            .all(|round| round["verified"] == true && round["state"] == "published"),
        "{found}"
    );
    let counts = |round: &Value| {
        [&round["entrants"], &round["answered"], &round["correct"]].map(|n| n.as_u64().unwrap())
    };
    assert_eq!(
        (counts(&rounds[0]), counts(&rounds[1])),
        ([5, 5, 3], [3, 3, 2])
    );
    assert_eq!(winners(&rounds[0]), [code("oAnna")]);
    // She was the first again, and holds a phone already.
    assert_eq!(winners(&rounds[1]), [code("oBo")]);
    assert_eq!(
        rounds[1]["awards"][0]["passed"][0]["reason"],
        "already_holds"
    );
    assert_eq!(
        found["without_result"][0],
        json!({"round": 3, "state": "not sealed"})
    );
    // The tallies of sealed rounds are no longer called provisional.
    let tallies = scene.history("node", "results --provisional").well();
    let heading = tallies.lines().next().unwrap();
    assert!(
        !heading.contains("nothing is sealed") && heading.contains("not sealed are provisional"),
        "{tallies}"
    );
    let row = tallies.lines().find(|line| line.trim().starts_with("1 "));
    assert!(row.unwrap().contains("published"), "{tallies}");
    let words = scene
        .history("node", &format!("results {CAMPAIGN} --round 2"))
        .well();
    assert!(
        words.contains(&code("oBo")[26..]) && !words.contains(&code("oBo")),
        "{words}"
    );
    scene
        .history("node", "results --round 3")
        .badly(1, &["round 3", "not sealed", "--provisional"]);
    scene
        .history("node", "results --round 13")
        .badly(1, &["no round 13"]);

    let anna = scene.history("node", "explain --fan oAnna").well();
    assert!(
        anna.contains("round-01")
            && anna.contains("wins, slot 1")
            && anna.contains("passed over: already_holds"),
        "{anna}"
    );
    let eve = scene
        .history("node", &format!("explain --code {} --json", code("oEve")))
        .well();
    let rows: Vec<Value> = eve
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&rows[0]["right"], &rows[0]["answer"], &rows[0]["points"]),
        (&json!(0), &json!("B"), &json!(0))
    );
    assert_eq!(
        (&rows[1]["listed"], &rows[1]["standing"]),
        (&json!(false), &Value::Null)
    );
    scene
        .history("node", "explain --code 0")
        .badly(2, &["entrant code"]);
    scene
        .history("node", &format!("explain --code {}", "0".repeat(32)))
        .badly(1, &["no list"]);

    let dir = scene.path("pages");
    scene
        .history("node", &format!("results --html {}", dir.display()))
        .well();
    for draw in ["round-01", "round-02"] {
        holds(&dir, draw);
    }
    let page = std::fs::read_to_string(dir.join("round-01.html")).unwrap();
    for part in [
        "承诺",
        "The list",
        "揭示秘密",
        "The seed",
        "排名",
        "Winners",
        &code("oAnna")[26..],
    ] {
        assert!(page.contains(part), "{part}");
    }
    for absent in ["oAnna", "<script", "http:", "https:"] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert!(
        std::fs::read_to_string(dir.join("index.html"))
            .unwrap()
            .contains("round-02.html")
    );
    let export = scene.path("export");
    scene
        .history("node", &format!("export --out {}", export.display()))
        .well();
    assert!(
        std::fs::read_to_string(export.join("results.jsonl"))
            .unwrap()
            .contains("\"share\"")
    );
    assert_eq!(node.terminate().0.code, Some(0));
    assert_eq!(results(&scene), found);
}

#[test]
fn a_corrected_key_is_tried_published_and_verified() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let before = results(&scene);
    let again = scene.history("node", &format!("rescore {CAMPAIGN}")).well();
    assert_eq!(
        again.matches("equal to what was sealed").count(),
        2,
        "{again}"
    );
    let file = scene.with_suffix("corrected.toml");
    let toml = std::fs::read_to_string(scene.with_suffix("campaign.toml")).unwrap();
    std::fs::write(
        &file,
        toml.replacen("key = [\"D\"]", "key = [\"D\", \"B\"]", 1),
    )
    .unwrap();
    let rescore = format!("rescore {CAMPAIGN} --file {}", file.display());
    let tried: Value =
        serde_json::from_str(&scene.history("node", &format!("{rescore} --json")).well()).unwrap();
    let corrections = tried["corrections"].as_array().unwrap();
    assert_eq!(corrections.len(), 1, "{tried}");
    let mut right = [code("oBo"), code("oEve")];
    right.sort();
    assert_eq!(
        (&corrections[0]["round"], &corrections[0]["newly_right"]),
        (&json!(1), &json!(right))
    );
    // He was a second earlier; she keeps what was announced.
    assert_eq!(corrections[0]["newly_winning"], json!([code("oBo")]));
    let remedies = json!([
        {"prize": "phone", "remedy": "keep", "code": code("oAnna")},
        {"prize": "phone", "remedy": "from_reserve", "code": code("oBo")},
    ]);
    assert_eq!(corrections[0]["remedies"], remedies);
    assert_eq!(results(&scene), before, "a trial publishes nothing");

    let told = format!("award {CAMPAIGN} 1 phone 1 notified");
    scene.ask("node", &told).well();
    scene
        .ask("node", &format!("award {CAMPAIGN} 1 phone 2 notified"))
        .badly(1, &["slot 2"]);
    scene
        .ask("node", &format!("award {CAMPAIGN} last phone 1 notified"))
        .badly(2, &["last"]);
    let publish = format!("{rescore} --publish --reason key --node {}", scene.admin);
    scene
        .history("node", &publish)
        .badly(1, &["campaign publish"]);
    let version = format!(
        "campaign publish {} --expect-version 1 --reason key",
        file.display()
    );
    scene.ask("node", &version).well();
    scene.history("node", &publish).well();
    let after = results(&scene);
    let round = &after["rounds"][0];
    assert_eq!(
        (&round["state"], &round["verified"], &round["correct"]),
        (&json!("corrected"), &json!(true), &json!(5))
    );
    assert_eq!(
        (&round["seed"], &round["list"]),
        (&before["rounds"][0]["seed"], &before["rounds"][0]["list"])
    );
    assert_eq!(
        (&round["corrects"], &round["reason"]),
        (&before["rounds"][0]["result"], &json!("key"))
    );
    assert_eq!(winners(round), [code("oBo")]);
    let dir = scene.path("pages");
    scene
        .history("node", &format!("results --html {}", dir.display()))
        .well();
    holds(&dir, "round-01");
    let page = std::fs::read_to_string(dir.join("round-01.html")).unwrap();
    assert!(
        page.contains("更正") && page.contains("round-01.record-"),
        "the record before stays readable (Q-31)"
    );
    let nothing = scene.history("node", &rescore).well();
    assert!(nothing.contains("nothing changes"), "{nothing}");
    // The log alone shows it: its standings stand in control, and the messages give them.
    let acts = scene.history("node", "log cat control").well();
    assert_eq!(acts.matches("\"type\":\"standings\"").count(), 1, "{acts}");
    let again = scene.history("node", &format!("rescore {CAMPAIGN}")).well();
    assert!(
        again.matches("equal to what was sealed").count() == 2
            && again.matches("equal to what was corrected").count() == 1,
        "{again}"
    );
    let export = scene.path("export");
    scene
        .history("node", &format!("export --out {}", export.display()))
        .well();
    let control = std::fs::read_to_string(export.join("control.jsonl")).unwrap();
    let standings = std::fs::read_to_string(dir.join("round-01.standings.jsonl")).unwrap();
    let line = control
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["value"]["type"] == "standings");
    assert_eq!(line.unwrap()["value"]["standings"], json!(standings));
}

#[test]
fn a_file_that_cannot_judge_what_is_sealed_is_refused_before_anything_is_published() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let toml = std::fs::read_to_string(scene.with_suffix("campaign.toml")).unwrap();
    let (head, rest) = toml.split_once("[[round]]").unwrap();
    let (_, without_first) = rest.split_once("[[round]]").unwrap();
    let file = scene.with_suffix("short.toml");
    std::fs::write(&file, format!("{head}[[round]]{without_first}")).unwrap();
    let version = format!(
        "campaign publish {} --expect-version 1 --reason short",
        file.display()
    );
    scene
        .ask("node", &version)
        .badly(1, &["round 1 has a result", "takes no such round away"]);
    let before = results(&scene);
    let publish = format!(
        "rescore {CAMPAIGN} --file {} --publish --reason short --node {}",
        file.display(),
        scene.admin
    );
    scene
        .history("node", &publish)
        .badly(2, &["no round 1", "takes none away"]);
    assert_eq!(results(&scene)["rounds"], before["rounds"]);
}

#[test]
fn operators_act_on_rounds() {
    let scene = Scene::bare(&accounts());
    let _node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN - 60);
    let round = |arguments: &str| scene.ask("node", &format!("round {arguments} --reason late"));
    let moved = round(&format!("shift {CAMPAIGN} 1 --by 2m")).well();
    assert!(
        moved.contains("2013-04-09 14:02:00") && moved.contains("round 12"),
        "{moved}"
    );
    scene.tick("node", OPEN + 130);
    round(&format!("extend {CAMPAIGN} 1 --until 14:09:00")).well();
    round(&format!("extend {CAMPAIGN} 1 --until 14:08:00")).badly(1, &["close later"]);
    round(&format!("shift {CAMPAIGN} 1 --by soon")).badly(2, &["soon"]);
    round(&format!("seal {CAMPAIGN} 1")).badly(1, &["not being sealed"]);
    round(&format!("void {CAMPAIGN} 2")).well();
    round(&format!("void {CAMPAIGN} 2")).badly(1, &["void already"]);
    round("open nothing 1").badly(1, &["nothing"]);
    let acts = scene.history("node", "log cat control").well();
    assert_eq!(acts.matches("\"type\":\"round\"").count(), 3, "{acts}");
    let beacon = format!(
        "round beacon {CAMPAIGN} 1 --number 5 --value {}",
        "ab".repeat(32)
    );
    scene.ask("node", &beacon).badly(1, &["not sealed"]);
}
