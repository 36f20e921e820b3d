//! Operators act on rounds of a running rehearsal, over the admin API: shift, extend, open, void. The results are
//! those of the windows that were in force, on this node and on the one that takes over.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use support::fan::{OPEN, accounts, plain, text};
use support::told::{CAMPAIGN, Told};
use support::{Node, Scene, until};

struct Show {
    scene: Scene,
    said: u64,
}

impl Show {
    fn tick(&self, after: i64) {
        self.scene.tick("node", OPEN + after);
    }

    fn says(&mut self, fan: &str, after: i64, what: &str) {
        self.said += 1;
        let (mi, at) = (plain(), OPEN + after);
        let answer = self
            .scene
            .deliver(&mi, &text(&mi, fan, at, self.said, what));
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    fn acts(&self, what: &str) {
        let command = format!("round {what} --reason live");
        self.scene.ask("node", &command).well();
    }

    fn told(&self) -> Told {
        Told::of(&self.scene, "node")
    }

    fn result_of(&self, round: u16) -> [u64; 2] {
        let result = |told: &Told| {
            let result = told.result(round)?;
            Some([result.answered, result.correct])
        };
        until(&format!("the result of round {round}"), || {
            result(&self.told()).is_some()
        });
        result(&self.told()).unwrap()
    }

    /// Window that judged a round, in seconds after the campaign's first opening.
    fn window_of(&self, round: u16) -> [i64; 2] {
        let told = self.told();
        let decided = told.decision(round).unwrap();
        [decided.open - OPEN, decided.close - OPEN]
    }

    /// What `explain` says that each message of a fan was taken for: seconds after the first opening, class, marks.
    fn explained(&self, fan: &str) -> Vec<(i64, String, [bool; 2])> {
        let printed = self
            .scene
            .history("node", &format!("explain --fan {fan} --json"))
            .well();
        let rows = printed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let messages = rows.filter(|row| row["what"] == "message");
        let taken = messages.map(|row| {
            let judged = &row["judged"][0];
            let mark = |name: &str| judged[name].as_bool().unwrap();
            (
                row["create_time"].as_i64().unwrap() - OPEN,
                judged["class"].as_str().unwrap().to_owned(),
                [mark("void"), mark("late_after_seal")],
            )
        });
        taken.collect()
    }

    fn results(&self) -> Value {
        serde_json::from_str(&self.scene.history("node", "results --json").well()).unwrap()
    }
}

fn show() -> (Show, Node) {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    scene.publish("node");
    let show = Show { scene, said: 0 };
    show.tick(-60);
    (show, node)
}

#[test]
fn results_follow_what_operators_did_to_rounds() {
    let (mut show, node) = show();
    // The host is late: everything moves by two minutes. D is right.
    show.acts(&format!("shift {CAMPAIGN} 1 --by 2m"));
    show.says("oEarly", 10, "D");
    show.tick(120);
    show.says("oAnna", 120, "D");
    show.says("oBo", 121, "B");
    // And he talks on: another minute.
    show.tick(300);
    show.acts(&format!("extend {CAMPAIGN} 1 --by 1m"));
    show.says("oCid", 450, "D");
    show.says("oDora", 479, "D");
    show.says("oLate", 480, "D");
    show.tick(420 + 35);
    show.tick(514);
    assert!(
        show.told().request(1).is_none(),
        "asked for before its close"
    );
    show.tick(515);
    assert_eq!(show.result_of(1), [4, 3]);
    assert_eq!(show.window_of(1), [120, 480]);

    // The second question was on the screen already: it counts no more, and nobody is asked to seal it.
    show.tick(720);
    show.says("oAnna", 725, "A");
    show.acts(&format!("void {CAMPAIGN} 2"));
    show.says("oBo", 730, "A");
    show.tick(1_020 + 40);
    assert!(
        show.told().request(2).is_none(),
        "a void round is not sealed"
    );

    // The third one is brought forward. C is right.
    show.acts(&format!("open {CAMPAIGN} 3"));
    let told = show.told();
    let life = told.state.rounds().life(CAMPAIGN, Some(3)).unwrap();
    let open = life.window.unwrap().open - OPEN;
    assert!((1_060..=1_070).contains(&open), "it opens at {open}");
    show.says("oBo", open - 1, "C");
    show.says("oAnna", open, "C");
    show.says("oCid", open + 299, "C");
    show.says("oDora", open + 300, "C");
    show.tick(open + 335);
    assert_eq!(show.result_of(3), [2, 2]);
    assert_eq!(show.window_of(3), [open, open + 300]);

    // Each message is taken for what its windows made of it where it stood, as the reply and the count did (V-13).
    let taken = |at: i64, class: &str, marks: [bool; 2]| (at, class.to_owned(), marks);
    assert_eq!(show.explained("oEarly"), [taken(10, "early", [false; 2])]);
    assert_eq!(
        show.explained("oDora"),
        [
            taken(479, "answer", [false; 2]),
            taken(open + 300, "late", [false; 2])
        ]
    );
    assert_eq!(show.explained("oLate"), [taken(480, "late", [false; 2])]);
    assert_eq!(
        show.explained("oBo"),
        [
            taken(121, "answer", [false; 2]),
            taken(730, "answer", [true, false]),
            taken(open - 1, "late", [false; 2]),
        ]
    );
    let said = show.scene.history("node", "explain --fan oBo").well();
    assert!(said.contains("of a round that is void"), "{said}");

    let found = show.results();
    let rounds: Vec<&Value> = found["rounds"].as_array().unwrap().iter().collect();
    assert_eq!(rounds.len(), 2, "{found}");
    assert!(rounds.iter().all(|round| round["verified"] == true));
    assert_eq!(
        found["without_result"][0],
        json!({"round": 2, "state": "void"})
    );
    assert!(show.told().void().is_empty());
    show.scene.all_verified("node", 2);
    // A result is there: the round cannot be void any more. Whoever takes over says the same.
    let too_late = format!("round void {CAMPAIGN} 1 --reason late");
    show.scene
        .ask("node", &too_late)
        .badly(1, &["rescore --publish"]);
    node.kill();
    let _node = show.scene.start("node", &[]);
    show.scene
        .ask("node", &too_late)
        .badly(1, &["rescore --publish"]);
    assert_eq!(show.results(), found);
}

/// A publication is no way around the acts, and a round that nobody waits for any more is said to be skipped.
#[test]
fn publications_leave_begun_rounds_where_they_are_and_a_skip_is_recorded() {
    let (mut show, _node) = show();
    show.tick(10);
    show.says("oAnna", 5, "D");
    let file = show.scene.with_suffix("campaign.toml");
    let festival = std::fs::read_to_string(&file).unwrap();
    let publish = |version: u32| {
        let command = format!(
            "campaign publish {} --expect-version {version} --reason live",
            file.display()
        );
        show.scene.ask("node", &command)
    };
    let close = "close = 2013-04-09T14:05:00+08:00";
    show.scene
        .edit_campaign(&[(close, "close = 2013-04-09T14:06:00+08:00")]);
    publish(1).badly(
        1,
        &[
            "round 1 is open",
            "does not move its window",
            "round extend",
        ],
    );
    std::fs::write(&file, &festival).unwrap();
    // Another key, and other words, may come until the round is sealed.
    show.scene.edit_campaign(&[(
        "key = [\"D\"]                         # 四位",
        "key = [\"B\"] # 四位",
    )]);
    publish(1).well();

    let skip = format!("round skip {CAMPAIGN} 1 --reason stuck");
    show.scene
        .ask("node", &skip)
        .badly(1, &["round 1 is not over"]);
    show.tick(300);
    show.scene.ask("node", &skip).well();
    show.scene.ask("node", &skip).badly(1, &["skipped"]);
    let shown = show.scene.history("node", "results --round 1");
    shown.badly(1, &["it is skipped"]);
    show.tick(335);
    assert_eq!(
        show.result_of(1),
        [1, 0],
        "judged by the key that stood at its seal"
    );
    show.scene.ask("node", &skip).badly(1, &["has a result"]);
    show.scene.all_verified("node", 1);
    let again = show
        .scene
        .history("node", &format!("rescore {CAMPAIGN}"))
        .well();
    assert!(again.contains("equal to what was published"), "{again}");
}
