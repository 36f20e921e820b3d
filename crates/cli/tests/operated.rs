//! Acts of operators that act at once and change no result: the ladder, and rules that are killed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::fan::{OPEN, accounts, plain, text};
use support::watch::{node, records};
use support::{Node, Scene, until};

const CAMPAIGN: &str = "fanfest-2013-04-09";

/// What is answered to a text; each has a fan of its own, so that nothing is coalesced.
fn hears(scene: &Scene, n: u64, said: &str) -> String {
    let mi = plain();
    let fan = format!("oFan{n}");
    let answer = scene.deliver(&mi, &text(&mi, &fan, OPEN + 60, n, said));
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.text()
}

fn notices(node: &Node) -> String {
    node.status()["notices"].to_string()
}

#[test]
fn the_ladder_and_the_kill_switch_act_at_once_outlast_a_restart_and_count_nothing() {
    let scene = Scene::bare(&accounts());
    let running = node(&scene);
    scene.tick("node", OPEN + 30);
    let orders = hears(&scene, 1, "订单");
    assert!(orders.contains("<xml>"), "{orders}");
    let says = |heard: &str| {
        let content = |xml: &str| xml.split_once("<Content>").map(|(_, c)| c.to_owned());
        content(heard) == content(&orders)
    };
    assert!(says(&hears(&scene, 2, "订单")));

    let rule = |verb: &str| {
        let act = format!("rule {verb} {CAMPAIGN} order --reason wrong");
        scene.ask("node", &act)
    };
    assert!(rule("kill").well().contains("answers nobody"));
    let killed = hears(&scene, 3, "订单");
    assert!(killed.contains("<xml>") && !says(&killed), "{killed}");
    assert!(notices(&running).contains("order"));
    rule("kill").badly(1, &["killed already"]);
    let nobody = format!("rule kill {CAMPAIGN} nobody --reason wrong");
    scene.ask("node", &nobody).badly(1, &["nobody"]);

    let ladder = |step: &str| scene.ask("node", &format!("ladder set {step} --reason full"));
    ladder("2").well();
    assert_eq!(hears(&scene, 4, "GO"), "success");
    assert_eq!(hears(&scene, 5, "D"), "success");
    assert!(notices(&running).contains("ladder stands at 2 (silent)"));
    until("the metric", || {
        running.metric("spillway_ladder_step") == 2.0
    });
    ladder("2").badly(1, &["stands at 2"]);
    ladder("3").badly(2, &["3"]);

    assert_eq!(running.terminate().0.code, Some(0));
    let running = scene.start("node", &[]);
    assert_eq!(
        hears(&scene, 6, "GO"),
        "success",
        "it stands where the log says"
    );
    ladder("0").well();
    let killed = hears(&scene, 7, "订单");
    assert!(killed.contains("<xml>") && !says(&killed), "{killed}");
    rule("restore").well();
    assert!(says(&hears(&scene, 8, "订单")), "as before");
    assert_eq!(running.status()["killed"], serde_json::json!({}));

    // What was said in silence counts, and no partition has seen any of this.
    scene.tick("node", OPEN + 120);
    running.wait_drained();
    let results = scene.results("node");
    let round = &results["rounds"][0];
    assert_eq!((&round["joins"], &round["lines"]), (&3.into(), &1.into()));
    let copied = records(&scene, "inbound");
    let copied = copied.iter().filter(|line| line["value"]["type"] == "copy");
    assert!(
        copied
            .clone()
            .all(|line| line["value"]["act"]["type"] == "campaign")
    );
    let acts = records(&scene, "control");
    let acts: Vec<_> = acts
        .iter()
        .map(|line| &line["value"])
        .filter(|act| act["type"] == "ladder" || act["type"] == "rule")
        .collect();
    assert_eq!(acts.len(), 4, "R-21: each is a record");
    assert!(
        acts.iter()
            .all(|act| act["actor"] == "operator" && act["reason"] != "")
    );
    assert_eq!(running.terminate().0.code, Some(0));
}
