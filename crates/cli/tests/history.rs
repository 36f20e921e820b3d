//! What the log says, as scripts and auditors read it: results, explanations, records, counts, exports; beside a running
//! node or without one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::fan::{OPEN, accounts, plain, text};
use support::{Node, Scene};

const CAMPAIGN: &str = "fanfest-2013-04-09";

fn lines(printed: &str) -> Vec<Value> {
    printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The members of an object.
fn members(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// A node on which three fans have spoken in the first round: two join, one answers twice, one cannot be read.
fn told(scene: &Scene) -> Node {
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN + 59);
    let mi = plain();
    for (n, (fan, said)) in (1..).zip([
        ("oAnna", "GO"),
        ("oAnna", "D"),
        ("oAnna", "A"),
        ("oBo", "go"),
        ("oCid", "AB"),
    ]) {
        let xml = text(&mi, fan, OPEN + 60 + i64::try_from(n).unwrap(), n, said);
        assert_eq!(scene.deliver(&mi, &xml).status(), 200);
        if n == 2 {
            // The platform delivers it again.
            assert_eq!(scene.deliver(&mi, &xml).status(), 200);
        }
    }
    scene.tick("node", OPEN + 120);
    node.wait_drained();
    node
}

#[test]
fn results_and_explanations_come_from_the_log_alone() {
    let scene = Scene::bare(&accounts());
    let node = told(&scene);
    let results = |arguments: &str| scene.history("node", &format!("results {arguments}"));
    let found: Value =
        serde_json::from_str(&results(&format!("{CAMPAIGN} --provisional --json")).well()).unwrap();
    assert_eq!(
        (&found["campaign"], &found["provisional"]),
        (&json!(CAMPAIGN), &json!(true))
    );
    let round = &found["rounds"][0];
    let expected = [
        "round",
        "state",
        "joins",
        "answers",
        "others",
        "wrong_format",
        "lines",
        "digest",
        "late_after_seal",
        "version",
        "tick",
        "partitions",
    ];
    assert_eq!(members(round), BTreeSet::from(expected));
    assert_eq!(
        (&round["round"], &round["state"]),
        (&json!(1), &json!("not sealed"))
    );
    // A valid answer joins as well; the first one counts.
    assert_eq!(
        (&round["joins"], &round["lines"], &round["wrong_format"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(round["answers"]["D"], 1, "{round}");
    assert_eq!(round["late_after_seal"], 0, "{round}");
    let table = results(&format!("{CAMPAIGN} 1 --provisional")).well();
    assert!(
        table.contains("provisional, nothing is sealed") && table.contains("D 1"),
        "{table}"
    );
    results(&format!("{CAMPAIGN} 12 --provisional")).badly(1, &["round 12"]);
    results("nothing --provisional").badly(1, &["nothing", CAMPAIGN]);
    results(CAMPAIGN).badly(1, &["--provisional"]);

    let rows = lines(&scene.history("node", "explain --fan oAnna --json").well());
    let what = |name: &str| {
        rows.iter()
            .filter(|row| row["what"] == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (
            what("delivery").len(),
            what("message").len(),
            what("redelivery").len()
        ),
        (4, 3, 1)
    );
    let classes: Vec<&Value> = what("message")
        .iter()
        .map(|row| &row["judged"][0]["class"])
        .collect();
    assert_eq!(classes, ["join", "answer", "answer"]);
    let counts = what("counts");
    assert_eq!(counts.len(), 1);
    assert_eq!(
        (
            &counts[0]["round"],
            &counts[0]["answer"],
            &counts[0]["msg_id"]
        ),
        (&json!("1"), &json!("D"), &json!("2"))
    );
    let words = scene.history("node", "explain --fan oAnna").well();
    assert!(
        words.contains("the answer that counts is D") && words.contains("re-delivery"),
        "{words}"
    );
    let unread = scene.history("node", "explain --fan oCid --json").well();
    assert!(
        unread.contains("wrong_format") && !unread.contains("\"counts\""),
        "{unread}"
    );
    scene
        .history("node", "explain --fan oNobody")
        .badly(1, &["oNobody"]);

    // The node need not run.
    assert_eq!(node.terminate().0.code, Some(0));
    let again = results(&format!("{CAMPAIGN} --provisional --json")).well();
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), found);
    scene
        .history("nowhere", &format!("results {CAMPAIGN} --provisional"))
        .badly(3, &["nowhere"]);
}

#[test]
fn the_log_is_printed_counted_and_exported_as_documented() {
    let scene = Scene::bare(&accounts());
    let _node = told(&scene);
    let cat = |arguments: &str| scene.history("node", &format!("log cat {arguments}"));
    let inbound = lines(&cat("inbound").well());
    let shape = BTreeSet::from(["topic", "partition", "offset", "key", "value"]);
    assert!(
        inbound
            .iter()
            .all(|line| members(line) == shape && line["topic"] == "inbound")
    );
    assert!(
        inbound
            .iter()
            .all(|line| line["value"]["type"].is_string() && line["value"]["v"].is_u64())
    );
    assert_eq!(
        inbound
            .iter()
            .filter(|line| line["value"]["type"] == "delivery")
            .count(),
        6
    );
    let anna = inbound.iter().find(|line| line["key"] == "oAnna").unwrap();
    let (partition, offset) = (&anna["partition"], &anna["offset"]);
    let next = offset.as_u64().unwrap() + 1;
    let one = cat(&format!(
        "inbound --partition {partition} --from {offset} --to {next}"
    ))
    .well();
    assert_eq!(lines(&one), std::slice::from_ref(anna));
    cat("inbound --partition 24").badly(2, &["0 to 23", "24"]);
    let strange = cat("outbound");
    assert!(
        matches!(strange.code, Some(1..=3)) && strange.stderr.contains("outbound"),
        "{strange:?}"
    );
    let control = cat("control").well();
    for kind in ["hello", "campaign", "copied"] {
        assert!(
            lines(&control)
                .iter()
                .any(|line| line["value"]["type"] == kind),
            "{kind}: {control}"
        );
    }

    let stats: Value =
        serde_json::from_str(&scene.history("node", "log stats --json").well()).unwrap();
    let topics = stats["topics"].as_array().unwrap();
    let shape = BTreeSet::from(["topic", "partitions", "records", "retired", "bytes"]);
    assert!(
        topics.iter().all(|topic| members(topic) == shape),
        "{stats}"
    );
    let count = topics
        .iter()
        .find(|topic| topic["topic"] == "inbound")
        .unwrap();
    assert_eq!(
        (&count["records"], &count["partitions"]),
        (&json!(inbound.len()), &json!(24))
    );
    assert!(
        scene
            .history("node", "log stats")
            .well()
            .contains("inbound")
    );

    let printed = scene
        .history(
            "node",
            &format!("export --out {}", scene.path("whole").display()),
        )
        .well();
    assert!(printed.contains("1 counting answers"), "{printed}");
    scene.export("node", "bare");
    let read = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    let value = |name: &str| serde_json::from_str::<Value>(&read(name)).unwrap();
    assert_eq!(lines(&read("whole/inbound.jsonl")), inbound);
    assert_eq!(
        value("bare/log.json"),
        json!({ "log": stats["log"], "without_bodies": true, "pseudonymised": false })
    );
    for topic in topics {
        let name = topic["topic"].as_str().unwrap();
        let cuts = &value("bare/cuts.json")[name];
        let records: u64 = cuts
            .as_object()
            .unwrap()
            .values()
            .map(|c| c["end"].as_u64().unwrap() - c["start"].as_u64().unwrap())
            .sum();
        assert_eq!(
            read(&format!("bare/{name}.jsonl")).lines().count() as u64,
            records,
            "{name}"
        );
    }
    let digest = value("bare/digest.json");
    assert_eq!(
        members(&digest),
        BTreeSet::from(["campaign", "digest", "lines", "sum", "refused"])
    );
    assert_eq!(
        (&digest["campaign"], &digest["lines"]),
        (&json!(CAMPAIGN), &json!(1))
    );
    assert_eq!(digest, value("whole/digest.json"));
    assert!(read("whole/inbound.jsonl").contains("<Content>"));
    let stripped = read("bare/inbound.jsonl") + &read("bare/accepted.jsonl");
    assert!(
        !stripped.contains("<Content>") && !stripped.contains("\"text\":"),
        "no word of a fan"
    );
    let nobody = format!(
        "export --out {} --campaign nobody",
        scene.path("x").display()
    );
    scene.history("node", &nobody).badly(1, &["nobody"]);
}

#[test]
fn an_export_with_pseudonyms_names_no_fan_and_is_the_same_under_the_same_key() {
    let scene = Scene::bare(&accounts());
    let eligible = "must_follow = true";
    let excluding = format!("{eligible}\nexclude = [\"oBo\", \"oStaff\"]");
    scene.edit_campaign(&[(eligible, &excluding)]);
    let node = told(&scene);
    assert_eq!(node.terminate().0.code, Some(0));
    let export = |to: &str, key: &str, more: &str| {
        std::fs::write(scene.path("key"), key).unwrap();
        let (out, key) = (scene.path(to), scene.path("key"));
        let arguments = format!(
            "export --out {} --pseudonymise {} {more}",
            out.display(),
            key.display()
        );
        scene.history("node", &arguments)
    };
    let bare = "--without-bodies";
    let key = "sixteen bytes, and more";
    let printed = export("one", key, bare).well();
    assert!(printed.contains("of the fans' own ids"), "{printed}");
    export("two", key, bare).well();
    export("other", "another key, long enough", bare).well();
    export("short", "too short", bare).badly(2, &["9 bytes", "16"]);
    export("words", key, "").badly(2, &["--without-bodies"]);

    let read = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    let mut names = 0;
    for file in std::fs::read_dir(scene.path("one")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let one = read(&format!("one/{name}"));
        assert_eq!(one, read(&format!("two/{name}")), "{name}");
        for fan in ["oAnna", "oBo", "oCid", "oStaff"] {
            assert!(!one.contains(fan), "{fan} stands in {name}");
        }
        names += 1;
    }
    assert!(names > 7, "topics and what is said of them");
    let about = serde_json::from_str::<Value>(&read("one/log.json")).unwrap();
    assert_eq!(about["pseudonymised"], true);
    scene.export("node", "bare");
    assert_eq!(read("one/digest.json"), read("bare/digest.json"));
    let (one, other) = (read("one/accepted.jsonl"), read("other/accepted.jsonl"));
    assert_ne!(one, other);
    // One fan is one pseudonym, as key and in the record, and everything else stays as it is.
    let (bare, one) = (lines(&read("bare/accepted.jsonl")), lines(&one));
    assert_eq!(bare.len(), one.len());
    let mut known = std::collections::BTreeMap::new();
    for (mut bare, one) in bare.into_iter().zip(one) {
        if let Some(fan) = bare["value"]["from"].as_str().map(str::to_owned) {
            let pseudonym = known.entry(fan).or_insert_with(|| one["key"].clone());
            bare["value"]["from"] = pseudonym.clone();
            bare["key"] = pseudonym.clone();
        }
        if bare["value"]["type"] != "copy" {
            assert_eq!(bare, one);
        }
    }
    assert_eq!(known.len(), 3);
}
