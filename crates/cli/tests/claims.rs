//! Winners who claim by messages, on a node in rehearsal: the unit is claimed once, in time, by its winner alone; what
//! he wrote appears where an operator asks for it, and nowhere else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::fan::{OPEN, accounts, plain, text};
use support::{Node, Scene};

/// Two rounds, A is the key of both; a phone after each, a television for the first of the board.
const CAMPAIGN: &str = include_str!("../../coordinator/src/tests/contest.toml");
const HOUR: i64 = 3_600;
/// What the winner of the first round writes, and what of it must stand nowhere in clear.
const CLAIM: &str = "领奖 张三 13800000001 北京市某路1号";
const PRIVATE: [&str; 3] = ["张三", "13800000001", "某路1号"];

/// A fan says something, so many seconds after the opening of the first round; what he is answered.
fn says(scene: &Scene, id: u64, (fan, after, what): (&str, i64, &str)) -> String {
    let mi = plain();
    scene.tick("node", OPEN + after);
    let answer = scene.deliver(&mi, &text(&mi, fan, OPEN + after, id, what));
    assert_eq!(answer.status(), 200);
    answer.text()
}

/// Both rounds are played; oAnna wins the first, oBo the second, and the winners' names are public.
fn played(scene: &Scene) -> Node {
    std::fs::write(scene.with_suffix("campaign.toml"), CAMPAIGN).unwrap();
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN);
    let answers = [
        ("oAnna", 2, "A"),
        ("oBo", 9, "A"),
        ("oBo", 604, "A"),
        ("oCid", 650, "A"),
        ("oDora", 660, "B"),
    ];
    for (id, answer) in (1..).zip(answers) {
        says(scene, id, answer);
    }
    let mut now = 900 + 35;
    support::until("the announcements", || {
        scene.tick("node", OPEN + now);
        now += 1;
        node.wait_drained();
        ["1", "2"]
            .iter()
            .all(|round| slot(scene, round)["told"].is_i64())
    });
    node
}

/// The slot of a round's phone, as an operator sees it; null before it is given.
fn slot(scene: &Scene, round: &str) -> Value {
    let show = format!("award show small {round} phone 1 --json");
    let shown = scene.ask("node", &show);
    serde_json::from_str(&shown.stdout).unwrap_or_default()
}

fn code(fan: &str) -> Value {
    json!(contest::Entrants::new(b"small").code(fan).to_string())
}

/// Time passes from so many seconds after the opening on, until this attempt of a slot is in this state.
fn becomes(
    scene: &Scene,
    node: &Node,
    (round, attempt, state): (&str, u32, &str),
    after: i64,
) -> Value {
    let (mut now, mut found) = (OPEN + after, Value::Null);
    support::until(state, || {
        scene.tick("node", now);
        now += 1;
        node.wait_drained();
        found = slot(scene, round);
        found["state"] == state && found["attempt"] == attempt
    });
    found
}

/// Ticks on until quiz and the coordinator have seen everything.
fn settled(scene: &Scene, node: &Node, after: i64) {
    for more in 0..3 {
        node.wait_drained();
        scene.tick("node", OPEN + after + more);
    }
}

fn is_private(text: &str) -> bool {
    PRIVATE.iter().any(|part| text.contains(part))
}

#[test]
fn a_winner_claims_once_by_his_message_and_nobody_else_does() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    let claims = [
        (10, ("oDora", 1_500, "领奖 李四 13900000000 上海")),
        (11, ("oAnna", 1_501, "领奖怎么弄")),
        (12, ("oAnna", 1_502, CLAIM)),
    ];
    let heard = claims.map(|(id, said)| says(&scene, id, said));
    // Receipt, the same words for who has won and who has not.
    assert!(heard[0].contains("已收到您的领奖信息"), "{}", heard[0]);
    assert!(heard[1].contains("写在同一条消息里"), "{}", heard[1]);
    assert!(heard[2].contains("已收到您的领奖信息"), "{}", heard[2]);
    let claimed = becomes(&scene, &node, ("1", 1, "claimed"), 1_503);
    assert_eq!(
        (&claimed["code"], &claimed["claimed_by"]["create_time"]),
        (&code("oAnna"), &json!(OPEN + 1_502))
    );
    assert_eq!(
        slot(&scene, "2")["state"],
        "awarded",
        "oBo has said nothing"
    );

    // Another claim changes nothing, and who asks for his code is told it.
    says(&scene, 13, ("oAnna", 1_600, "领奖 王五 13700000000 广州"));
    let mine = says(&scene, 14, ("oAnna", 1_601, "我的"));
    assert!(mine.contains(code("oAnna").as_str().unwrap()), "{mine}");
    settled(&scene, &node, 1_602);
    assert_eq!(slot(&scene, "1"), claimed);

    // What he wrote, for who asks, with a record of that.
    let show = "award show small 1 phone 1";
    let shown = scene.ask("node", show).well();
    assert!(shown.contains("claimed") && !is_private(&shown), "{shown}");
    let secret = format!("{show} --secret --reason send");
    let told = scene.ask("node", &format!("{secret} --json")).well();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["claim"], &told["secret"]),
        (&json!(CLAIM), &Value::Null)
    );
    assert!(scene.ask("node", &secret).well().contains(CLAIM));
    let control = scene.history("node", "log cat control").well();
    assert_eq!(
        control.matches("\"type\":\"shown\"").count(),
        2,
        "{control}"
    );
    hidden(&scene, node, control);
}

/// It stands in the messages, as every fan's words do, and nowhere else.
fn hidden(scene: &Scene, node: Node, control: String) {
    let accepted = scene.history("node", "log cat accepted").well();
    assert!(PRIVATE.iter().all(|part| accepted.contains(part)));
    let mut places = vec![control];
    for reads in [
        "log cat results",
        "results --json",
        "results --provisional --json",
        "explain --fan oAnna",
        "explain --fan oAnna --json",
        "rescore small",
    ] {
        places.push(scene.history("node", reads).well());
    }
    let explained = &places[4];
    assert!(
        explained.contains("taken for small v1: claim"),
        "{explained}"
    );
    let export = scene.path("export");
    scene.export("node", "export");
    for entry in std::fs::read_dir(&export).unwrap() {
        places.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let (ended, _) = node.terminate();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    places.extend([ended.stdout, ended.stderr]);
    for place in &places {
        assert!(!is_private(place), "{place}");
    }
    states_hold_none(&scene.path("node"));
}

/// Nothing of it in what consumers keep beside the log.
fn states_hold_none(data: &Path) {
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let is_log = path.file_name().is_some_and(|name| name == "log");
        if path.is_dir() && !is_log {
            states_hold_none(&path);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!is_private(&text), "{}", path.display());
        }
    }
}

#[test]
fn a_claim_that_was_sent_too_late_changes_nothing() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    says(&scene, 19, ("oAnna", 1_500, CLAIM));
    becomes(&scene, &node, ("1", 1, "claimed"), 1_501);
    let told = slot(&scene, "2")["told"].as_i64().unwrap();
    let end = told + 48 * HOUR - OPEN;
    // Days after the campaign its words still answer who claims, and nobody else.
    let heard = says(&scene, 20, ("oBo", end, "领奖 赵六 13600000000 深圳"));
    assert!(heard.contains("已收到您的领奖信息"), "{heard}");
    assert_eq!(says(&scene, 21, ("oBo", end + 1, "你们好")), "success");
    settled(&scene, &node, end + 2);
    assert_eq!(
        slot(&scene, "2")["code"],
        code("oBo"),
        "nobody has it while claims may be on their way"
    );
    let given = becomes(&scene, &node, ("2", 2, "awarded"), end + 2 * HOUR);
    assert_eq!(
        (&given["code"], &given["attempt"]),
        (&code("oCid"), &json!(2))
    );
    // Whoever let it expire claims in vain, and so does his alternate for the time before.
    says(
        &scene,
        22,
        ("oBo", end + 3 * HOUR, "领奖 赵六 13600000000 深圳"),
    );
    settled(&scene, &node, end + 3 * HOUR + 1);
    // The public text that names him may have come between; nothing else has.
    let [mut before, mut now] = [given, slot(&scene, "2")];
    for shown in [&mut before, &mut now] {
        shown["told"].take();
    }
    assert_eq!(now, before);
    says(
        &scene,
        23,
        ("oCid", end + 4 * HOUR, "领奖 孙七 13500000000 成都"),
    );
    let claimed = becomes(&scene, &node, ("2", 2, "claimed"), end + 4 * HOUR + 1);
    assert_eq!(claimed["code"], code("oCid"));
}
