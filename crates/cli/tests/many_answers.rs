//! A round in which every fan writes an answer of his own, as long as one may be, all in one partition: it is sealed
//! like any other, its tallies stay small, and the oracle agrees.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::io::Write as _;
use support::fan::{OPEN, accounts, plain, text};
use support::small::{CAMPAIGN, results};
use support::{Scene, alone, succeed, until};

const FANS: usize = 70_000;
/// Of these so many write what is right.
const RIGHT: usize = 20;
/// Bytes of a tally's line in `log cat`, whatever fans write.
const TALLY_MAX: usize = 1_024;

/// A recording of one minute in which a hundred characters come from each fan.
fn write_recording(scene: &Scene) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(scene.recording()).unwrap());
    let mi = plain();
    for n in 0..FANS {
        let said = match n % (FANS / RIGHT) {
            0 => "小米".to_owned(),
            _ => format!("{}{n:06}", "雷".repeat(94)),
        };
        let at_us = OPEN * 1_000_000 + i64::try_from(n).unwrap() * 850;
        let body = text(
            &mi,
            &format!("o{n}"),
            at_us / 1_000_000,
            1 + n as u64,
            &said,
        );
        let row = json!({"at": at_us, "part": "event", "n": n, "attempt": 1, "body": body});
        writeln!(file, "{row}").unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn a_round_of_seventy_thousand_different_answers_in_one_partition_is_sealed() {
    let _turn = alone();
    let configuration = format!("{}\n[log]\ninbound_partitions = 1\n", accounts());
    let scene = Scene::bare(&configuration);
    let single = "kind = \"single\"\noptions = { A = \"红米\", B = \"小米盒子\" }\nkey = [\"A\"]";
    let words = "kind = \"text\"\nkey = [\"小米\"]\nmax_chars = 100";
    assert!(CAMPAIGN.contains(single));
    let campaign = CAMPAIGN.replacen(single, words, 1);
    std::fs::write(scene.with_suffix("campaign.toml"), campaign).unwrap();
    write_recording(&scene);
    scene.ask_oracle();
    let node = scene.start("node", &[]);
    scene.publish("node");
    succeed(&mut scene.replay("node", &["--speed", "max"]));
    let mut now = OPEN + 300 + 35;
    until("the result", || {
        scene.tick("node", now);
        now += 1;
        node.status()["campaigns"][0]["results"] == 1
    });
    let round = results(&scene)["rounds"][0].clone();
    assert_eq!(
        [&round["entrants"], &round["answered"], &round["correct"]],
        [&json!(FANS), &json!(FANS), &json!(RIGHT)]
    );
    assert_eq!(round["verified"], true, "{round}");

    let found = scene.history("node", "results small --provisional --json");
    let found: Value = serde_json::from_str(&found.well()).unwrap();
    let tallied = &found["rounds"][0];
    assert_eq!(tallied["answers"], json!({ "小米": RIGHT }));
    assert_eq!(tallied["others"], json!(FANS - RIGHT));
    let table = scene.history("node", "results small --provisional").well();
    assert!(table.contains("小米 20  (others 69980)"), "{table}");
    let printed = scene.history("node", "log cat results").well();
    let is_tally = |line: &&str| line.contains("\"type\":\"tally\"");
    let tallies: Vec<usize> = printed.lines().filter(is_tally).map(str::len).collect();
    assert!(tallies.len() >= 6, "one for every ten seconds: {tallies:?}");
    assert!(
        tallies.iter().all(|bytes| *bytes <= TALLY_MAX),
        "{tallies:?}"
    );

    // What is given becomes public after a minute, and then nothing is owed.
    let tick = node.status()["coordinator"]["tick"].as_i64().unwrap();
    for tick in [tick + 61, tick + 61] {
        scene.tick("node", tick);
    }
    scene.export("node", "export");
    scene.reconcile("export");
    let verdict = scene.verdict();
    assert_eq!(verdict["holds"], true);
    let others = &verdict["rounds"][0]["others"];
    assert_eq!(
        others,
        &json!({"expected": FANS - RIGHT, "found": FANS - RIGHT})
    );
}
