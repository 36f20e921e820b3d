//! The command line as scripts rely on it: exit codes (0 yes, 1 no, 2 wrong, 3 away), and the shapes of what it prints.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::fan::{OPEN, accounts, plain, text};
use support::{Node, Scene, example_campaign, run};

const CAMPAIGN: &str = "fanfest-2013-04-09";

/// A file of this scene, as an argument.
fn file(scene: &Scene, name: &str, content: &str) -> String {
    let path = scene.path(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

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

#[test]
fn help_and_version_say_what_there_is() {
    let help = run("--help").well();
    for command in [
        "run",
        "config",
        "campaign",
        "log",
        "export",
        "dead-letters",
        "results",
        "explain",
        "status",
        "stage",
    ] {
        assert!(
            help.lines()
                .any(|line| line.trim_start().starts_with(command)),
            "{command}: {help}"
        );
        assert!(
            run(&format!("{command} --help"))
                .well()
                .contains("Usage: spillway"),
            "{command}"
        );
    }
    let version = run("--version").well();
    assert_eq!(version, format!("spillway {}\n", env!("CARGO_PKG_VERSION")));
    for wrong in [
        "",
        "fly",
        "run --clock sundial",
        "log cat",
        "campaign check",
        "explain",
    ] {
        let ended = run(wrong);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(2), ""),
            "{wrong}: {ended:?}"
        );
        assert!(
            ended.stderr.contains("Usage: spillway"),
            "{wrong}: {ended:?}"
        );
    }
}

#[test]
fn configuration_is_checked_and_shown_without_its_secrets() {
    let scene = Scene::bare(&accounts());
    let good = scene.with_suffix("spillway.toml").display().to_string();
    assert_eq!(
        run(&format!("config check {good}")).well(),
        format!("{good}: ok\n")
    );
    // What is printed as the default is valid, and warns that it takes no callbacks.
    let default = file(&scene, "default.toml", &run("config default").well());
    assert!(
        run(&format!("config check {default}"))
            .well()
            .contains("no [[account]]")
    );
    for (content, key, hint) in [
        (
            "[ingress]\nlistn = \"127.0.0.1:1\"\n",
            "ingress.listn",
            "did you mean `ingress.listen`?",
        ),
        (
            "[log]\ninbound_partitions = 257\n",
            "log.inbound_partitions",
            "1 to 256",
        ),
        ("clock = \"sun\"\n", "clock", "wall, rehearsal"),
        ("roles = [\"king\"]\n", "roles", "coordinator"),
        (
            "[[account]]\nname = \"mi\"\n",
            "account[0].token",
            "is missing",
        ),
        (
            "[[account]]\ntokn = \"s3cret\"\n",
            "account[0].tokn",
            "did you mean `token`?",
        ),
        ("this is no TOML\n", "", "wrong.toml"),
    ] {
        let wrong = file(&scene, "wrong.toml", content);
        let ended = run(&format!("config check {wrong}"));
        assert!(!ended.stderr.contains("s3cret"), "{ended:?}");
        ended.badly(2, &[key, hint, "wrong.toml"]);
    }
    run("config check /nowhere/at/all.toml").badly(2, &["/nowhere/at/all.toml"]);

    let secret = "a-token-that-nobody-may-see";
    let content = accounts()
        .replacen("token = \"demo\"", &format!("token = \"{secret}\""), 1)
        .replacen("token = \"demo\"", "token = \"env:HOME\"", 1);
    let shown = run(&format!(
        "config show --config {}",
        file(&scene, "secret.toml", &content)
    ))
    .well();
    assert!(
        !shown.contains(secret) && shown.contains("token = \"********\""),
        "{shown}"
    );
    assert!(!shown.contains(support::fan::KEYS[0]), "{shown}");
    assert!(
        shown.contains("token = \"env:HOME\""),
        "a reference is no secret: {shown}"
    );
    let mut command = std::process::Command::new(support::spillway());
    command
        .args(["config", "show"])
        .env("SPILLWAY_INGRESS__ACK_BUDGET_MS", "1234");
    let shown = support::finish(&mut command).well();
    let line = shown
        .lines()
        .find(|line| line.starts_with("ingress.ack_budget_ms = 1234"))
        .unwrap();
    assert!(
        line.contains("SPILLWAY_INGRESS__ACK_BUDGET_MS"),
        "where it came from: {line}"
    );
}

#[test]
fn campaigns_are_checked_and_tried_without_a_node() {
    let scene = Scene::bare("");
    let good = example_campaign().display().to_string();
    assert!(
        run(&format!("campaign check {good}"))
            .well()
            .contains(": ok, ")
    );
    let toml = std::fs::read_to_string(&good).unwrap();
    let broken = file(
        &scene,
        "broken.toml",
        &toml.replacen("policy = \"first\"", "policy = \"furst\"", 1),
    );
    let line = 1 + toml
        .lines()
        .position(|line| line.starts_with("policy"))
        .unwrap();
    let ended = run(&format!("campaign check {good} {broken}"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stdout.lines().any(|l| l.contains("broken.toml")
            && l.contains(&line.to_string())
            && l.contains("furst")),
        "line {line}: {ended:?}"
    );
    run("campaign check /nowhere.toml").badly(3, &["/nowhere.toml"]);
    run(&format!("campaign check {good} --at noon")).badly(2, &["noon"]);

    for (said, at, class, rule) in [
        ("ＧＯ", OPEN + 60, "join", "join"),
        ("选d", OPEN + 60, "answer", "answer"),
        ("雷軍", OPEN + 60, "answer", "answer"),
        ("第3题A", OPEN + 60, "early", "early"),
        ("AB", OPEN + 60, "wrong_format", "wrong_format"),
        ("hello", OPEN + 60, "keyword", "keyword:greeting"),
    ] {
        let tried = run(&format!("campaign try {good} {said} --at {at}")).well();
        let value = |name: &str| {
            let line = tried.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].trim().to_owned()
        };
        assert!(
            value("class").starts_with(&format!("{class} ")),
            "{said}: {tried}"
        );
        assert_eq!(value("rule"), rule, "{said}: {tried}");
        assert!(!value("reply").is_empty(), "{said}: {tried}");
    }
    run(&format!("campaign try {broken} GO")).badly(1, &["broken.toml", "campaign check"]);
}

#[test]
fn a_campaign_is_published_against_the_version_that_is_expected() {
    let scene = Scene::bare(&accounts());
    let _node = scene.start("node", &[]);
    let toml = scene.with_suffix("campaign.toml");
    let publish = |file: &str, expect: u32| {
        scene.ask(
            "node",
            &format!("campaign publish {file} --expect-version {expect}"),
        )
    };
    let good = toml.display().to_string();
    assert!(
        scene
            .ask("node", "campaign show")
            .well()
            .contains("no campaign is published")
    );
    scene
        .ask("node", &format!("campaign show {CAMPAIGN}"))
        .badly(1, &[CAMPAIGN]);
    publish(&good, 1).badly(1, &[CAMPAIGN]);
    assert!(
        publish(&good, 0)
            .well()
            .contains(&format!("published {CAMPAIGN} version 1"))
    );
    // Whoever did not see version 1 does not overwrite it.
    publish(&good, 0).badly(1, &[CAMPAIGN, "1"]);
    let changed =
        std::fs::read_to_string(&toml)
            .unwrap()
            .replacen("points = 1000", "points = 2000", 1);
    let changed = file(&scene, "changed.toml", &changed);
    assert!(publish(&changed, 1).well().contains("version 2"));
    publish(&changed, 1).badly(1, &[CAMPAIGN, "2"]);
    let broken = file(&scene, "broken.toml", "campaign = 1");
    assert_eq!(publish(&broken, 0).code, Some(1));
    publish("/nowhere.toml", 0).badly(3, &["/nowhere.toml"]);

    let shown = scene.ask("node", "campaign show").well();
    assert_eq!(
        shown.lines().count(),
        2,
        "the newest version of each: {shown}"
    );
    assert_eq!(
        scene
            .ask("node", &format!("campaign show {CAMPAIGN}"))
            .well()
            .lines()
            .count(),
        3
    );
    let newest = scene
        .ask("node", &format!("campaign show {CAMPAIGN} --file"))
        .well();
    assert_eq!(newest, std::fs::read_to_string(&changed).unwrap());
    // Only who knows the token; only where a node is.
    let wrong = file(&scene, "wrong.token", "not the token");
    scene
        .ask("node", &format!("campaign show --token-file {wrong}"))
        .badly(2, &["admin.token"]);
    scene
        .ask("nobody", "campaign show")
        .badly(3, &["admin.token", "--data"]);
    let away = scene.path("node").display().to_string();
    run(&format!("campaign show --node 127.0.0.1:9 --data {away}"))
        .badly(3, &["127.0.0.1:9", "--node"]);
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
        "joins",
        "answers",
        "wrong_format",
        "lines",
        "digest",
        "version",
        "tick",
        "partitions",
    ];
    assert_eq!(members(round), BTreeSet::from(expected));
    assert_eq!(round["round"], 1);
    // A valid answer joins as well; the first one counts.
    assert_eq!(
        (&round["joins"], &round["lines"], &round["wrong_format"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(round["answers"]["D"], 1, "{round}");
    let table = results(&format!("{CAMPAIGN} 1 --provisional")).well();
    assert!(
        table.contains("provisional, nothing is sealed") && table.contains("D 1"),
        "{table}"
    );
    results(&format!("{CAMPAIGN} 12 --provisional")).badly(1, &["round 12"]);
    results("nothing --provisional").badly(1, &["nothing", CAMPAIGN]);
    results(CAMPAIGN).badly(2, &["--provisional"]);

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
    assert_eq!(lines(&one), [anna.clone()]);
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
        json!({ "log": stats["log"], "without_bodies": true })
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
        !stripped.contains("<Content>") && !stripped.contains("\"text\""),
        "no word of a fan"
    );
    let nobody = format!(
        "export --out {} --campaign nobody",
        scene.path("x").display()
    );
    scene.history("node", &nobody).badly(1, &["nobody"]);
}
