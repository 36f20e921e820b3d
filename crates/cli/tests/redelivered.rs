//! The scenarios of re-delivery among the platform's vectors, posted to a node: what ingress takes for the same message
//! and what dedup makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use support::Scene;
use support::fan::{accounts, plain};
use support::watch::judged;

/// How often the scenarios say how many records there are.
const WORDS: [&str; 3] = ["one record", "two records", "three records"];

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../wechat/tests/vectors.json")).unwrap()
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap()
}

/// The sample of a delivery, with the text of some elements replaced.
fn body(vectors: &Value, delivery: &Value) -> String {
    let samples = vectors["inbound_xml"].as_array().unwrap();
    let sample = samples
        .iter()
        .find(|sample| sample["id"] == delivery["sample"]);
    let mut xml = text(sample.unwrap(), "xml").to_owned();
    for (name, value) in delivery["override"].as_object().into_iter().flatten() {
        let (before, rest) = xml.split_once(&format!("<{name}>")).unwrap();
        let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
        let value = value.as_str().unwrap();
        xml = format!("{before}<{name}>{value}</{name}>{after}");
    }
    xml
}

#[test]
fn every_scenario_of_redelivery_is_as_many_messages_as_it_says() {
    let vectors = vectors();
    // Words for what no campaign answers, so that the answers can be compared.
    let configuration = accounts().replacen(
        "mode = \"plain\"\n",
        "mode = \"plain\"\ndefault_reply = \"收到\"\n",
        1,
    );
    let scene = Scene::bare(&configuration);
    let scenarios = vectors["redelivery_scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 7);
    for scenario in scenarios {
        let id = text(scenario, "id");
        let expect = text(scenario, "expect");
        let records = WORDS.iter().position(|word| expect.contains(word)).unwrap() + 1;
        // Each begins with an empty log. Deliveries of two nodes come to one here: what a message is does not
        // depend on who took it.
        let node = scene.start(id, &[]);
        let mut heard: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let deliveries = scenario["deliveries"].as_array().unwrap();
        for delivery in deliveries {
            let xml = body(&vectors, delivery);
            let answer = scene.deliver(&plain(), &xml);
            assert_eq!(answer.status(), 200, "{id}");
            heard.entry(xml).or_default().insert(answer.text());
        }
        assert_eq!(heard.len(), records, "{id}: {expect}");
        let same = heard.values().all(|answers| answers.len() == 1);
        assert!(same, "{id}: a re-delivery hears the same (R-4): {heard:?}");

        let outcomes = ["new", "duplicate", "conflict"].map(|result| judged(&node, result));
        let again = deliveries.len() - records;
        assert_eq!(outcomes, [records as f64, again as f64, 0.0], "{id}");
        let accepted = scene.history(id, "log cat accepted").well();
        let keys: BTreeSet<String> = accepted
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["value"]["type"] == "message")
            .map(|line| text(&line["value"], "key").to_owned())
            .collect();
        assert_eq!(keys.len(), records, "{id}");
        assert_eq!(node.terminate().0.code, Some(0));
    }
}
