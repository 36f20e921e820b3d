//! The admin API as `docs/admin.md` has it: who may act, what is answered, and the status document.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::fan::{OPEN, accounts};
use support::wire::{get, request};
use support::{Scene, finish, run};

/// An act by whoever has this token: status and body.
fn act(scene: &Scene, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> (u16, Value) {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer
        .iter()
        .map(|bearer| ("Authorization", bearer.as_str()))
        .collect();
    let answer = request(scene.admin, method, path, &headers, body).unwrap();
    let value = serde_json::from_str(&answer.text()).unwrap_or(Value::Null);
    (answer.status(), value)
}

fn error(answer: &(u16, Value)) -> &str {
    answer.1["error"].as_str().expect("a refusal says why")
}

#[test]
fn acts_need_a_token_and_a_body_that_makes_sense() {
    let scene = Scene::bare(&accounts());
    let _node = scene.start("node", &[]);
    let token = scene.token("node");
    let tick = json!({ "tick": OPEN }).to_string();
    for wrong in [None, Some(""), Some("wrong"), Some(&token[1..])] {
        for path in ["/v1/clock", "/v1/campaigns", "/v1/anything"] {
            let answer = act(&scene, "POST", path, wrong, tick.as_bytes());
            assert_eq!(answer.0, 401, "{path}");
            assert!(error(&answer).contains("admin.token"));
        }
    }
    let act = |method: &str, path: &str, body: &[u8]| act(&scene, method, path, Some(&token), body);
    assert_eq!(act("GET", "/v1/clock", b"").0, 405);
    assert_eq!(act("POST", "/v1/nothing", b"{}").0, 404);
    for body in [
        "",
        "tick",
        "{}",
        "{\"tick\": \"noon\"}",
        "{\"tick\": 1, \"tock\": 2}",
    ] {
        let answer = act("POST", "/v1/clock", body.as_bytes());
        assert_eq!(answer.0, 400, "{body}");
        assert!(!error(&answer).is_empty());
    }
    let broken = json!({ "toml": "campaign = 1", "expect_version": 0 }).to_string();
    let answer = act("POST", "/v1/campaigns", broken.as_bytes());
    assert_eq!(answer.0, 422);
    assert!(!answer.1["problems"].as_array().unwrap().is_empty());
    assert_eq!(
        act("POST", "/v1/campaigns", &vec![b' '; (1 << 20) + 1]).0,
        413
    );
    assert_eq!(
        act(
            "POST",
            "/v1/stages/nobody/continue",
            b"{\"allow\":1,\"reason\":\"x\"}"
        )
        .0,
        404
    );
    assert_eq!(
        act(
            "POST",
            "/v1/stages/quiz/continue",
            b"{\"allow\":1,\"reason\":\" \"}"
        )
        .0,
        400
    );
    let answer = act(
        "POST",
        "/v1/stages/quiz/continue",
        b"{\"allow\":3,\"reason\":\"a test\"}",
    );
    assert_eq!((answer.0, &answer.1["allow"]), (200, &json!(3)));
    let control = scene.history("node", "log cat control").well();
    let stands = control
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["offset"] == answer.1["ctl"])
        .expect("R-21: the act is a record");
    let act_of = |member: &str| stands["value"][member].clone();
    assert_eq!(
        ["type", "stage", "allow", "actor", "reason"].map(act_of),
        [
            "continued".into(),
            "quiz".into(),
            json!(3),
            "operator".into(),
            "a test".into()
        ]
    );
    assert_eq!(act("GET", "/v1/campaigns", b"").0, 200);
    assert_eq!(act("GET", "/v1/campaigns/nobody", b"").0, 404);
}

#[test]
fn every_act_bears_the_name_of_its_actor() {
    let scene = Scene::bare(&accounts());
    let _node = scene.start("node", &[]);
    let own = scene.path("node/admin.token");
    let mode = std::os::unix::fs::PermissionsExt::mode(&own.metadata().unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "only the owner reads the token");
    std::fs::create_dir_all(scene.path("node/actors")).unwrap();
    std::fs::write(scene.path("node/actors/mia.token"), "mias-token\n").unwrap();
    let toml = std::fs::read_to_string(scene.with_suffix("campaign.toml")).unwrap();
    for (version, (token, actor)) in [
        (scene.token("node"), "operator"),
        ("mias-token".into(), "mia"),
    ]
    .into_iter()
    .enumerate()
    {
        let body =
            json!({ "toml": toml, "expect_version": version, "reason": "a test" }).to_string();
        let answer = act(
            &scene,
            "POST",
            "/v1/campaigns",
            Some(&token),
            body.as_bytes(),
        );
        assert_eq!(answer.0, 200, "{answer:?}");
        assert_eq!(answer.1["version"], version + 1);
        assert!(answer.1["warnings"].is_array(), "{answer:?}");
        let control = scene.history("node", "log cat control").well();
        let mut records = control
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let last = records
            .rfind(|line| line["value"]["type"] == "campaign")
            .unwrap();
        assert_eq!(
            (&last["value"]["actor"], &last["value"]["reason"]),
            (&json!(actor), &json!("a test"))
        );
    }
    // Who is removed cannot act any more.
    std::fs::remove_file(scene.path("node/actors/mia.token")).unwrap();
    assert_eq!(
        act(&scene, "GET", "/v1/campaigns", Some("mias-token"), b"").0,
        401
    );
}

#[test]
fn a_rehearsals_clock_goes_forward_only() {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    let token = scene.token("node");
    let tick = |t: i64| {
        act(
            &scene,
            "POST",
            "/v1/clock",
            Some(&token),
            json!({ "tick": t }).to_string().as_bytes(),
        )
    };
    let partitions = 24;
    assert_eq!(tick(OPEN), (200, json!({ "tick": OPEN })));
    let ticks = |t: i64| {
        let printed = scene.history("node", "log cat inbound").well();
        printed
            .lines()
            .filter(|line| line.contains(&format!("\"t\":{t}")))
            .count()
    };
    assert_eq!(
        ticks(OPEN),
        partitions,
        "durable in every partition when it is answered"
    );
    assert_eq!(tick(OPEN).0, 200, "the same again is appended again");
    assert_eq!(ticks(OPEN), 2 * partitions);
    let answer = tick(OPEN - 1);
    assert_eq!(answer.0, 409);
    assert!(error(&answer).contains(&OPEN.to_string()));
    assert_eq!(node.status()["coordinator"]["tick"], OPEN);
    // A new boot knows how late it was.
    node.kill();
    let _node = scene.start("node", &[]);
    assert_eq!(tick(OPEN - 1).0, 409);
    assert_eq!(tick(OPEN + 1).0, 200);
}

#[test]
fn a_wall_clock_takes_no_ticks() {
    let mut scene = Scene::bare(&accounts());
    scene.clock = "wall";
    let node = scene.start("node", &[]);
    let token = scene.token("node");
    let answer = act(
        &scene,
        "POST",
        "/v1/clock",
        Some(&token),
        b"{\"tick\": 9999999999}",
    );
    assert_eq!(answer.0, 409);
    assert!(error(&answer).contains("rehearsal"));
    assert_eq!(node.status()["clock"], "wall");
}

#[test]
fn acts_go_to_the_coordinator() {
    let scene = Scene::bare(&accounts());
    let _node = scene.start("node", &["--roles", "ingress,dedup,quiz"]);
    let token = scene.token("node");
    let toml = std::fs::read_to_string(scene.with_suffix("campaign.toml")).unwrap();
    let publish = json!({ "toml": toml, "expect_version": 0 }).to_string();
    for (path, body) in [
        ("/v1/clock", "{\"tick\": 1}"),
        ("/v1/campaigns", publish.as_str()),
    ] {
        let answer = act(&scene, "POST", path, Some(&token), body.as_bytes());
        assert_eq!(answer.0, 421, "{answer:?}");
        assert!(error(&answer).contains("not the coordinator"));
        assert!(answer.1["coordinator"].is_null(), "none has greeted");
    }
    let file = scene.with_suffix("campaign.toml").display().to_string();
    let ended = scene.ask(
        "node",
        &format!("campaign publish {file} --expect-version 0"),
    );
    ended.badly(3, &["not the coordinator"]);
}

#[test]
fn the_status_document_has_its_documented_members() {
    let scene = Scene::bare(&accounts());
    let node = scene.start("node", &[]);
    scene.publish("node");
    scene.tick("node", OPEN);
    node.wait_drained();
    let mut command = std::process::Command::new(support::spillway());
    command.args(["status", "--json", "--node", &scene.admin.to_string()]);
    let status: Value = serde_json::from_str(&finish(&mut command).well()).unwrap();
    let members = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let set =
        |names: &str| -> BTreeSet<String> { names.split_whitespace().map(str::to_owned).collect() };
    assert_eq!(
        members(&status),
        set(
            "version node boot log backend partitions is_away spool ready reasons notices roles clock ladder killed snapshot \
             campaigns coordinator stages leader nodes"
        )
    );
    assert_eq!(
        (&status["ready"], &status["reasons"], &status["notices"]),
        (&json!(true), &json!([]), &json!([]))
    );
    assert_eq!(
        status["roles"],
        json!(["ingress", "dedup", "quiz", "coordinator"])
    );
    assert_eq!(status["clock"], "rehearsal");
    assert_eq!(
        members(&status["campaigns"][0]),
        set("id version ctl effective rounds void sealed results")
    );
    assert_eq!(
        status["snapshot"],
        status["campaigns"][0]["ctl"].as_u64().unwrap() + 1
    );
    assert_eq!(
        members(&status["coordinator"]),
        set("tick ticks copies trouble allowed leads retries take_overs awaits sealing")
    );
    assert_eq!(status["coordinator"]["tick"], OPEN);
    for (stage, name) in status["stages"]
        .as_array()
        .unwrap()
        .iter()
        .zip(["dedup", "quiz"])
    {
        let expected = "name state reason partitions for_seconds lag_records lag_seconds records_per_second alarms totals";
        assert_eq!(members(stage), set(expected));
        assert_eq!(
            (&stage["name"], &stage["state"]),
            (&json!(name), &json!("running"))
        );
    }
    assert_eq!(status["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(
        members(&status["nodes"][0]),
        set("node boot roles admin present")
    );
    assert_eq!(status["nodes"][0]["node"], status["node"]);
    assert_eq!(status["nodes"][0]["admin"], scene.admin.to_string());

    for (path, code, words) in [
        ("/health/live", 200, "live"),
        ("/health/ready", 200, "ready"),
        ("/", 200, "<html"),
        ("/metrics", 200, "spillway_ingress_connections"),
        ("/nothing", 404, "docs/admin.md"),
    ] {
        let (found, body) = get(scene.admin, path).unwrap();
        assert_eq!(found, code, "{path}");
        assert!(body.contains(words), "{path}: {body}");
    }
    let posted = request(scene.admin, "POST", "/metrics", &[], b"").unwrap();
    assert_eq!(posted.status(), 405);
    assert!(scene.ask_status().well().contains("ready"));
    // A new boot of the same node on the same log.
    assert_eq!(node.terminate().0.code, Some(0));
    run(&format!("status --node {}", scene.admin)).badly(3, &[&scene.admin.to_string()]);
    let again = scene.start("node", &[]).status();
    assert_eq!(
        (&again["node"], &again["log"]),
        (&status["node"], &status["log"])
    );
    assert_ne!(again["boot"], status["boot"]);
}

#[test]
fn a_node_without_accounts_starts_answers_404_and_says_so() {
    let scene = Scene::bare("");
    let node = scene.start("node", &[]);
    let answer = scene.post("mi", "signature=0&timestamp=1&nonce=1", b"<xml/>");
    assert_eq!(answer.status(), 404);
    let notices = node.status()["notices"].to_string();
    assert!(notices.contains("no [[account]]"), "{notices}");
}
