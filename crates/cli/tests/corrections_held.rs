//! Corrections that are sent to a node: held against the messages before they are published, refused by name where they
//! change more than a correction may, and without what announced winners have. On a node in rehearsal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use record::rounds::ResultAct;
use serde_json::{Value, json};
use support::Scene;
use support::fan::{OPEN, accounts};
use support::small::{
    CAMPAIGN, code, concluded, honest, played, post, rekeyed, results, says, winner, with_a_friend,
};

/// Brings standings and result to the node, as whoever has its token can.
fn brings(scene: &Scene, (result, standings): &(ResultAct, String)) -> (u16, Value) {
    let part = json!({
        "campaign": "small", "round": 1, "digest": result.standings, "chunk": 0, "of": 1, "standings": standings,
    });
    let (status, said) = post(scene, "/v1/standings", &part);
    assert_eq!(status, 200, "{said}");
    let drawn = &results(scene)["rounds"][2]["result"];
    let body = json!({"results": [result], "final_draw": drawn, "reason": "key"});
    post(scene, "/v1/rescore", &body)
}

#[test]
fn who_has_the_token_publishes_nothing_that_the_messages_do_not_give_q_22() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let before = results(&scene);
    let file = rekeyed(&scene, 1, "B");
    let honest = honest(&scene, &file);
    // Winners and standings that agree with each other.
    let made_up = with_a_friend(&honest, &code("oBo"));
    let awards = contest::recorded_awards(made_up.0.record.as_bytes()).unwrap();
    assert_eq!(awards[0].given.winners[0].code.to_string(), code("oFriend"));
    let (status, said) = brings(&scene, &made_up);
    assert_eq!(status, 400, "{said}");
    let said = said["error"].as_str().unwrap();
    for word in ["not what the messages give", "standings", "awards"] {
        assert!(said.contains(word), "{said}");
    }
    // The standings of somebody who won nothing.
    let (status, said) = brings(&scene, &with_a_friend(&honest, &code("oCid")));
    assert_eq!(status, 400, "{said}");
    // The right standings, and a winner who is not theirs.
    let mut other = honest.clone();
    other.0.record = other.0.record.replace(&code("oBo"), &code("oFriend"));
    other.0.record_sha256 = record::identity::sha256(other.0.record.as_bytes());
    let (status, said) = brings(&scene, &other);
    assert_eq!(status, 400, "{said}");
    assert_eq!(results(&scene)["rounds"], before["rounds"]);
    // What the messages give is taken, and only then.
    let (status, said) = brings(&scene, &honest);
    assert_eq!(status, 200, "{said}");
    assert_eq!(winner(&results(&scene), 0), code("oBo"));
}

#[test]
fn a_file_that_changes_more_than_a_correction_may_is_refused_by_name_q_22() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let before = results(&scene);
    let cases = [
        (
            "level = \"L1\"",
            "level = \"L1\"\nranking = \"lot_only\"",
            "`draw.ranking`",
        ),
        ("level = \"L1\"", "level = \"L0\"", "`draw.level`"),
        (
            "mode = \"fastest\"\nn = 1",
            "mode = \"draw\"\nn = 1\namong = \"answered\"",
            "mode of award 1 (phone)",
        ),
        (
            "mode = \"fastest\"\nn = 1",
            "mode = \"fastest\"\nn = 3",
            "n, k or most",
        ),
        ("[join]", "[score]\nspeed = false\n[join]", "`score.speed`"),
        (
            "policy = \"first\"",
            "policy = \"last\"",
            "`policy` of round 1",
        ),
        ("implicit = true", "implicit = false", "`[join]`"),
    ];
    for (version, (from, to, name)) in (1..).zip(cases) {
        // More stock is no matter.
        let stocked = CAMPAIGN.replace("units = 4", "units = 9");
        let toml = stocked.replacen(from, to, 1);
        assert_ne!(toml, stocked, "{from}");
        let file = scene.with_suffix("other.toml");
        std::fs::write(&file, toml).unwrap();
        let publish = format!(
            "campaign publish {} --expect-version {version} --reason other",
            file.display()
        );
        scene.ask("node", &publish).well();
        let rescore = format!(
            "rescore small --with {} --publish --reason other --node {}",
            file.display(),
            scene.admin
        );
        scene
            .history("node", &rescore)
            .badly(2, &[name, "nothing else", "put it back"]);
    }
    assert_eq!(results(&scene)["rounds"], before["rounds"]);
    // An exclusion, another window, another key, an option that is spelt in one more way: that is what it is for.
    for (from, to) in [
        (
            "[join]",
            "[eligible]\nexclude = [\"oStaff1234567890123456789012\"]\n[join]",
        ),
        (
            "close = 2013-04-09T06:05:00Z",
            "close = 2013-04-09T06:04:59Z",
        ),
        ("B = \"小米盒子\"", "B = \"盒子\""),
    ] {
        let file = scene.with_suffix("fits.toml");
        std::fs::write(&file, CAMPAIGN.replacen(from, to, 1)).unwrap();
        let tried = scene.history("node", &format!("rescore small --file {}", file.display()));
        let tried = tried.well();
        assert!(tried.contains("nothing changes"), "{from}: {tried}");
    }
}

/// Announced three minutes ago: the winner can know of it, so that neither policy takes his prize.
#[test]
fn who_was_announced_keeps_his_prize_under_every_policy_q_22() {
    for policy in ["replace", "void"] {
        let toml = CAMPAIGN.replacen("[join]", &format!("correction = \"{policy}\"\n[join]"), 1);
        let scene = Scene::bare(&accounts());
        std::fs::write(scene.with_suffix("campaign.toml"), &toml).unwrap();
        let node = scene.start("node", &[]);
        scene.publish("node");
        for (id, answer) in (1..).zip([("oBo", 1, "B"), ("oAnna", 2, "A"), ("oCid", 9, "A")]) {
            says(&scene, id, answer);
        }
        concluded(&scene, &node, 300 + 35, 1);
        scene.tick("node", OPEN + 300 + 35 + 180);
        let acts = || scene.history("node", "log cat control").well();
        support::until("the public text", || {
            acts().contains("\"type\":\"announcement\"")
        });
        let file = scene.with_suffix("key.toml");
        std::fs::write(&file, toml.replacen("key = [\"A\"]", "key = [\"B\"]", 1)).unwrap();
        let publish = format!(
            "campaign publish {} --expect-version 1 --reason key",
            file.display()
        );
        scene.ask("node", &publish).well();
        let rescore = format!("rescore small --with {}", file.display());
        let tried = scene.history("node", &format!("{rescore} --json")).well();
        let tried: Value = serde_json::from_str(&tried).unwrap();
        let keeps = json!([{"prize": "phone", "remedy": "keep", "code": code("oAnna")}]);
        assert_eq!(
            tried["corrections"][0]["remedies"], keeps,
            "{policy}: {tried}"
        );
        let publish = format!("{rescore} --publish --reason key --node {}", scene.admin);
        scene.history("node", &publish).well();
        assert_eq!(
            winner(&results(&scene), 0),
            code("oBo"),
            "the record is right"
        );
        // And that is what becomes of it.
        support::until("the corrected text", || acts().contains("更正"));
        assert!(
            !acts().contains("\"state\":\"revoked\""),
            "{policy}: {}",
            acts()
        );
        let show = scene.ask("node", "award show small 1 phone 1").well();
        assert!(
            show.contains("awarded") && show.contains(&code("oAnna")),
            "{show}"
        );
    }
}
