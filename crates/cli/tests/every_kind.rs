//! Every kind of question, policy and winner mode through a real node, judged by the recording's oracle, recomputed from
//! the log, and verified from the published files alone (V-14).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use campaign::Campaign;
use std::collections::BTreeSet;
use support::{Scene, run, succeed};

const MESSAGES: u32 = 20_000;

#[test]
fn every_kind_of_question_is_judged_as_the_oracle_judges_it() {
    let scene = Scene::of_profile("kinds", MESSAGES, &["--compress", "20"]);
    let toml = std::fs::read_to_string(scene.with_suffix("campaign.toml")).unwrap();
    let (campaign, _) = Campaign::parse(&toml).unwrap();
    let kinds = campaign
        .rounds
        .iter()
        .map(|round| round.question.kind.name());
    let kinds: BTreeSet<&str> = kinds.collect();
    assert_eq!(kinds.len(), 6, "the recording has every kind of question");

    let node = scene.start("node", &[]);
    scene.publish("node");
    let how = ["--speed", "max", "--copies", "2", "--shuffle", "7"];
    succeed(&mut scene.replay("node", &how));
    node.wait_concluded();
    scene.judge("node");
    assert_eq!(node.terminate().0.code, Some(0));

    let id = &campaign.id;
    scene.history("node", &format!("rescore {id}")).well();
    let results = scene.path("results");
    let html = format!("results {id} --html {}", results.display());
    scene.history("node", &html).well();
    let records = std::fs::read_dir(&results)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let records: Vec<_> = records
        .filter_map(|path| Some(path.to_str()?.strip_suffix(".record.json")?.to_owned()))
        .collect();
    // Those of the rounds, and of the final draw.
    assert_eq!(records.len(), campaign.rounds.len() + 1);
    for draw in records {
        run(&format!(
            "verify-draw {draw}.record.json {draw}.list.txt --standings {draw}.standings.jsonl"
        ))
        .well();
    }
}
