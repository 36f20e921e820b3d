//! Rounds that were corrected or made void after others were concluded, judged by `surge`: each result is held against
//! what stood at its place, and every unit against the result that gave it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::fan::{OPEN, accounts};
use support::node::Ended;
use support::written::Written;
use support::{Node, Scene, finish, surge, until, wire};

/// Two rounds, A is the key of both; a phone for the first who is right, a television for the first of the board.
const CAMPAIGN: &str = include_str!("../../coordinator/src/tests/contest.toml");

struct Play {
    scene: Scene,
    node: Node,
    written: Written,
    toml: String,
    version: u32,
}

impl Play {
    /// The campaign, its texts changed, is published on a node.
    fn new(changes: &[(&str, &str)]) -> Self {
        let scene = Scene::bare(&accounts());
        let mut toml = CAMPAIGN.to_owned();
        for (from, to) in changes {
            assert!(toml.contains(from), "{from:?} in the campaign");
            toml = toml.replacen(from, to, 1);
        }
        std::fs::write(scene.with_suffix("campaign.toml"), &toml).unwrap();
        let node = scene.start("node", &[]);
        scene.publish("node");
        scene.tick("node", OPEN);
        let written = Written::default();
        let version = 1;
        Self {
            scene,
            node,
            written,
            toml,
            version,
        }
    }

    /// Fans say something, so many seconds after the opening of the first round.
    fn say(&mut self, said: &[(&str, i64, &str)]) {
        for (fan, after, what) in said {
            self.scene.tick("node", OPEN + after);
            self.written.says(&self.scene, (*fan, OPEN + after, *what));
        }
    }

    /// Time passes from so many seconds after the opening on, until so many results are there.
    fn conclude(&self, after: i64, results: usize) {
        let mut now = OPEN + after;
        until("the results", || {
            self.scene.tick("node", now);
            now += 1;
            self.node.wait_drained();
            self.rounds().as_array().map(Vec::len) == Some(results)
        });
    }

    /// A minute passes, after which what was given becomes public.
    fn pass_a_minute(&self) {
        let tick = self.node.status()["coordinator"]["tick"].as_i64();
        self.scene.tick("node", tick.unwrap() + 61);
    }

    fn rounds(&self) -> Value {
        let found = self.scene.history("node", "results --json").stdout;
        let found: Value = serde_json::from_str(&found).unwrap_or_default();
        found["rounds"].clone()
    }

    /// Publishes the campaign with another key of its first round; its file.
    fn rekey(&mut self, key: &str) -> PathBuf {
        let file = self.edited(&[("key = [\"A\"]", &format!("key = [\"{key}\"]"))]);
        self.publish(&file).well();
        self.version += 1;
        file
    }

    /// A file of the campaign with other texts where they stand first.
    fn edited(&self, changes: &[(&str, &str)]) -> PathBuf {
        let name = format!("after-{}.toml", self.version);
        let file = self.scene.with_suffix(&name);
        let mut toml = self.toml.clone();
        for (from, to) in changes {
            assert!(toml.contains(from), "{from:?} in the campaign");
            toml = toml.replacen(from, to, 1);
        }
        std::fs::write(&file, toml).unwrap();
        file
    }

    fn publish(&self, file: &Path) -> Ended {
        let publish = format!(
            "campaign publish {} --expect-version {} --reason correction",
            file.display(),
            self.version
        );
        self.scene.ask("node", &publish)
    }

    fn rescore(&self, file: &Path, more: &str) -> String {
        let (file, node) = (file.display(), self.scene.admin);
        let rescore = format!("rescore small --file {file} --reason key {more}");
        match more.contains("publish") {
            true => self
                .scene
                .history("node", &format!("{rescore} --node {node}")),
            false => self.scene.history("node", &rescore),
        }
        .well()
    }

    /// Publishes a part of a correction; its status.
    fn post(&self, path: &str, body: &Value) -> u16 {
        let bearer = format!("Bearer {}", self.scene.token("node"));
        let headers = [("Authorization", bearer.as_str())];
        let body = body.to_string();
        let answer = wire::request(self.scene.admin, "POST", path, &headers, body.as_bytes());
        answer.unwrap().status()
    }

    /// Everything that is due at the newest tick is done, and `surge` finds nothing wrong.
    #[track_caller]
    fn holds(&self) -> String {
        self.settle();
        self.written.reconcile(&self.scene, "node").well()
    }

    /// What the oracle makes of the recording by a file, up to the cuts of the last export.
    fn score(&self, file: &Path) -> Value {
        let out = self.scene.path("scored.json");
        let mut oracle = Command::new(surge());
        oracle
            .arg("oracle")
            .arg(self.scene.recording())
            .arg("--campaign")
            .arg(file)
            .arg("--cuts")
            .arg(self.scene.path("export"))
            .arg("--out")
            .arg(&out);
        finish(&mut oracle).well();
        serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap()
    }

    /// The digest of a result that stands, which the node's metrics show too, alone of its draw.
    fn digest(&self, draw: usize) -> String {
        let result = &self.rounds()[draw];
        let digest = result["digest"].as_str().unwrap().to_owned();
        let draw = [("draw", result["draw"].as_str().unwrap())];
        let shown = [draw[0], ("digest", digest.as_str())];
        until("the digest among the metrics", || {
            let series = |labels: &[(&str, &str)]| self.node.series("spillway_result_info", labels);
            (series(&shown), series(&draw)) == (1.0, 1.0)
        });
        digest
    }

    fn settle(&self) {
        let tick = self.node.status()["coordinator"]["tick"].as_i64();
        self.scene.tick("node", tick.unwrap());
    }

    fn winner(&self, draw: usize) -> String {
        let winner = &self.rounds()[draw]["awards"][0]["winners"][0]["code"];
        winner.as_str().unwrap().to_owned()
    }
}

fn code(fan: &str) -> String {
    contest::Entrants::new(b"small").code(fan).to_string()
}

/// oAnna is the first in both rounds, and in the second only passed over because of the first.
const ANSWERS: [(&str, i64, &str); 6] = [
    ("oBo", 1, "B"),
    ("oAnna", 2, "A"),
    ("oCid", 9, "A"),
    ("oAnna", 602, "A"),
    ("oBo", 604, "A"),
    ("oCid", 650, "A"),
];

#[test]
fn a_round_was_concluded_with_what_stood_before_a_correction() {
    let mut play = Play::new(&[]);
    play.say(&ANSWERS);
    play.conclude(900 + 35, 3);
    play.pass_a_minute();
    let winners = [0, 1, 2].map(|draw| play.winner(draw));
    assert_eq!(winners, ["oAnna", "oBo", "oAnna"].map(code));
    play.holds();

    // Half of the correction: the round's result, and not that of the final draw.
    let file = play.rekey("B");
    let out = play.scene.path("out");
    let tried = play.rescore(&file, &format!("--json --out {}", out.display()));
    let tried: Value = serde_json::from_str(&tried).unwrap();
    let result = &tried["corrections"][0]["result"];
    let standings = std::fs::read_to_string(out.join("round-01.standings.jsonl")).unwrap();
    let part = json!({"campaign": "small", "round": 1, "digest": result["standings"], "chunk": 0, "of": 1,
        "standings": standings});
    assert_eq!(play.post("/v1/standings", &part), 200);
    let drawn = &play.rounds()[2]["result"];
    let half = json!({"results": [result], "final_draw": drawn, "reason": "key"});
    assert_eq!(play.post("/v1/rescore", &half), 200);
    play.settle();
    let found = play.written.reconcile(&play.scene, "node");
    assert_eq!(found.code, Some(1), "{found:?}");
    let problems: Vec<&str> = found
        .stdout
        .lines()
        .filter(|line| line.starts_with("PROBLEM"))
        .collect();
    assert!(
        problems.len() == 1
            && problems[0].contains("the final draw: a round was corrected after it"),
        "{problems:?}"
    );

    // The whole of it. What was concluded in between keeps its winner.
    play.rescore(&file, "--publish");
    let winners = [0, 1, 2].map(|draw| play.winner(draw));
    assert_eq!(winners, ["oBo", "oBo", "oBo"].map(code));
    let said = play.holds();
    assert!(
        said.contains("prize phone: 2 units given, 2 with their winners"),
        "{said}"
    );

    // The oracle on its own, up to the cuts and by the file that corrects, comes to the same standings and digest.
    let scored = play.score(&file);
    let rounds = play.rounds();
    for round in 0..2 {
        assert_eq!(
            scored["rounds"][round]["standings"],
            rounds[round]["digest"]
        );
        assert_eq!(scored["rounds"][round]["list"], rounds[round]["list"]);
    }
    let digest = std::fs::read(play.scene.path("export/digest.json")).unwrap();
    let digest: Value = serde_json::from_slice(&digest).unwrap();
    assert_eq!(scored["digest"]["sha256"], digest["digest"]);
}

#[test]
fn a_key_that_was_wrong_twice_is_judged_three_times() {
    let mut play = Play::new(&[]);
    play.say(&ANSWERS[..3]);
    play.conclude(300 + 35, 1);
    play.pass_a_minute();
    let file = play.rekey("B");
    play.rescore(&file, "--publish");
    play.say(&ANSWERS[3..4]);
    let file = play.rekey("A");
    play.rescore(&file, "--publish");
    play.say(&ANSWERS[4..]);
    play.conclude(900 + 35, 3);
    assert_eq!(play.rounds()[0]["state"], "corrected");
    let said = play.holds();
    // Hers, his of the reserve, and that of the second round.
    assert!(
        said.contains("prize phone: 3 units given, 3 with their winners"),
        "{said}"
    );
}

/// The first round was meant to open five seconds later, and to close when its grace began to run out. Corrected before
/// the second round, whose draw knows of it; then the final draw, the recount and `surge` come to the same.
#[test]
fn a_window_that_was_wrong_is_corrected_q_22() {
    let mut play = Play::new(&[]);
    play.say(&ANSWERS[..3]);
    play.say(&[("oDee", 310, "A")]);
    play.conclude(300 + 35, 1);
    play.pass_a_minute();
    assert_eq!(play.winner(0), code("oAnna"));
    let before = play.digest(0);
    let opens = ("open = 2013-04-09T06:00:00Z", "open = 2013-04-09T06:00:05Z");
    let closes = |at: &'static str| ("close = 2013-04-09T06:05:00Z", at);

    // What stands behind the cut cannot count, so the window does not reach there.
    let beyond = play.edited(&[opens, closes("close = 2013-04-09T06:06:00Z")]);
    let refused = play.publish(&beyond);
    assert!(refused.code != Some(0), "{refused:?}");
    assert!(
        refused.stderr.contains("closes by then, not at "),
        "{refused:?}"
    );

    let file = play.edited(&[opens, closes("close = 2013-04-09T06:05:20Z")]);
    let tried = play.rescore(&file, "");
    play.publish(&file).well();
    play.version += 1;
    assert_eq!(
        play.rescore(&file, "").lines().skip(1).collect::<Vec<_>>(),
        tried.lines().skip(1).collect::<Vec<_>>()
    );
    play.rescore(&file, "--publish");
    assert_eq!(play.winner(0), code("oCid"));
    assert_ne!(play.digest(0), before);
    let entrants = &play.rounds()[0]["answered"];
    assert_eq!(*entrants, 2, "oCid and oDee, and no longer oAnna and oBo");

    play.say(&ANSWERS[3..]);
    play.conclude(900 + 35, 3);
    // She kept what was announced, and is passed over; he has it now.
    assert_eq!(play.rounds()[0]["state"], "corrected");
    assert_eq!(play.winner(1), code("oAnna"));
    let said = play.holds();
    assert!(said.contains("with their winners"), "{said}");
    play.scene.history("node", "rescore small").well();
    // The oracle on its own, by the file that corrects and up to the cut.
    let scored = play.score(&file);
    assert_eq!(scored["rounds"][0]["standings"], play.rounds()[0]["digest"]);
}

#[test]
fn a_round_that_was_corrected_under_void_bars_nobody() {
    let mut play = Play::new(&[("terms = \"t\"", "terms = \"t\"\ncorrection = \"void\"")]);
    play.say(&ANSWERS[..3]);
    play.conclude(300 + 35, 1);
    let file = play.rekey("B");
    play.rescore(&file, "--publish");
    play.say(&ANSWERS[3..]);
    play.conclude(900 + 35, 3);
    play.pass_a_minute();
    assert_eq!(
        [0, 1].map(|draw| play.winner(draw)),
        ["oBo", "oAnna"].map(code)
    );
    let said = play.holds();
    assert!(
        said.contains("prize phone: 2 units given, 1 with their winners, 1 returned"),
        "{said}"
    );
}

#[test]
fn a_void_round_has_no_say() {
    let mut play = Play::new(&[]);
    play.say(&ANSWERS[..3]);
    play.scene
        .ask("node", "round void small 1 --reason leak")
        .well();
    play.say(&ANSWERS[3..]);
    play.conclude(900 + 35, 2);
    assert_eq!(
        [0, 1].map(|draw| play.winner(draw)),
        ["oAnna", "oAnna"].map(code)
    );
    let said = play.holds();
    assert!(said.contains("round 1 is void"), "{said}");
}
