//! The command line as scripts rely on it: exit codes (0 yes, 1 no, 2 wrong, 3 away), one line
//! that says what and the way out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use support::fan::{OPEN, accounts};
use support::{Scene, example_campaign, run};

const CAMPAIGN: &str = "fanfest-2013-04-09";

/// A file of this scene, as an argument.
fn file(scene: &Scene, name: &str, content: &str) -> String {
    let path = scene.path(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
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
        assert!(ended.stderr.contains("--help"), "{wrong}: {ended:?}");
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
        .position(|line| line.starts_with("policy = \"first\""))
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
        ("你好", OPEN + 60, "keyword", "keyword:greeting"),
        ("我的", OPEN + 60, "mine", "mine"),
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
        // The code of the sample fan under the campaign's salt.
        let code = contest::Entrants::new(CAMPAIGN.as_bytes()).code("o_fan_0001");
        let tells = value("reply").contains(&code.to_string());
        assert_eq!(tells, said == "我的", "{said}: {tried}");
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
