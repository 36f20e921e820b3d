//! A round that is corrected after the final draw was made, a correction that breaks off half-way, and units that are
//! secrets; on a node in rehearsal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::path::Path;
use support::Scene;
use support::fan::{OPEN, accounts, plain, text};
use support::small::{
    code, concluded, holds, played, post, published, rekeyed, results, says, winner,
};

const SECRETS: &str = "F-CODE-0001\nF-CODE-0002\r\n\n  F-CODE-0003\n";

#[test]
fn a_final_draw_is_corrected_with_its_round_even_when_the_correction_breaks_off() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let before = results(&scene);
    assert_eq!(
        [0, 2].map(|draw| winner(&before, draw)),
        [code("oAnna"), code("oCid")]
    );
    let file = rekeyed(&scene, 1, "B");
    let out = scene.path("out");
    let rescore = format!("rescore small --file {} --reason key", file.display());
    let tried = format!("{rescore} --json --out {}", out.display());
    let tried: Value = serde_json::from_str(&scene.history("node", &tried).well()).unwrap();
    let corrections = tried["corrections"].as_array().unwrap();
    let draws: Vec<&Value> = corrections.iter().map(|one| &one["draw"]).collect();
    assert_eq!(draws, ["round-01", "final"]);

    // Only the round's result comes to the coordinator; its standings have to be there before it.
    let result = &corrections[0]["result"];
    let part = |standings: &str| {
        json!({
            "campaign": "small", "round": 1, "digest": result["standings"], "chunk": 0, "of": 1,
            "standings": standings,
        })
    };
    let drawn = &before["rounds"][2]["result"];
    let half = |drawn: &Value| json!({"results": [result], "final_draw": drawn, "reason": "key"});
    let (status, said) = post(&scene, "/v1/rescore", &half(drawn));
    assert_eq!(status, 409, "{said}");
    assert_eq!(post(&scene, "/v1/standings", &part("no standing\n")).0, 400);
    let standings = std::fs::read_to_string(out.join("round-01.standings.jsonl")).unwrap();
    let (status, sent) = post(&scene, "/v1/standings", &part(&standings));
    assert_eq!(status, 200, "{sent}");
    assert_eq!(post(&scene, "/v1/standings", &part(&standings)).1, sent);
    let (status, said) = post(&scene, "/v1/rescore", &half(&Value::Null));
    assert_eq!(
        status, 409,
        "computed before the final draw was made: {said}"
    );
    assert_eq!(results(&scene)["rounds"], before["rounds"]);
    let (status, said) = post(&scene, "/v1/rescore", &half(drawn));
    assert_eq!(status, 200, "{said}");
    assert_eq!(post(&scene, "/v1/rescore", &half(drawn)).1, said);

    // So the final draw is behind its board, and everybody sees it.
    let seen = scene.history("node", "results");
    assert_eq!(seen.code, Some(1));
    assert!(seen.stdout.contains("changes its board"), "{seen:?}");
    let found = results(&scene);
    assert_eq!(
        (
            &found["rounds"][0]["verified"],
            &found["rounds"][2]["verified"]
        ),
        (&json!(true), &json!(false))
    );
    let publish = format!("{rescore} --publish --node {}", scene.admin);
    let said = scene.history("node", &publish).well();
    assert!(
        said.contains("correction of final") && !said.contains("correction of round"),
        "{said}"
    );
    let after = results(&scene);
    for draw in [0, 2] {
        let round = &after["rounds"][draw];
        assert_eq!(
            (&round["state"], &round["verified"]),
            (&json!("corrected"), &json!(true)),
            "{round}"
        );
        let was = &before["rounds"][draw];
        assert_eq!(
            (&round["seed"], &round["list"]),
            (&was["seed"], &was["list"])
        );
        assert_eq!(winner(&after, draw), code("oBo"));
    }
    let dir = scene.path("pages");
    scene
        .history("node", &format!("results --html {}", dir.display()))
        .well();
    for draw in ["round-01", "round-02", "final"] {
        holds(&dir, draw);
    }
    let nothing = scene.history("node", &rescore).well();
    assert!(nothing.contains("nothing changes"), "{nothing}");
}

#[test]
fn a_key_that_is_wrong_twice_is_corrected_twice_while_the_next_round_is_open() {
    let scene = Scene::bare(&accounts());
    let node = published(&scene);
    for (id, answer) in (1..).zip([("oBo", 1, "B"), ("oAnna", 2, "A"), ("oCid", 9, "A")]) {
        says(&scene, id, answer);
    }
    concluded(&scene, &node, 300 + 35, 1);
    let first = results(&scene);
    assert_eq!(winner(&first, 0), code("oAnna"));
    let corrected = |file: &Path| {
        let rescore = format!(
            "rescore small --file {} --reason key --publish --node {}",
            file.display(),
            scene.admin
        );
        let said = scene.history("node", &rescore).well();
        assert!(
            said.contains("published the correction of round-01"),
            "{said}"
        );
        results(&scene)
    };

    // Three minutes after the result, and again while the second round is open.
    scene.tick("node", OPEN + 300 + 35 + 180);
    let second = corrected(&rekeyed(&scene, 1, "B"));
    assert_eq!(winner(&second, 0), code("oBo"));
    says(&scene, 4, ("oCid", 602, "A"));
    let third = corrected(&rekeyed(&scene, 2, "A"));
    assert_eq!(winner(&third, 0), code("oAnna"));
    says(&scene, 5, ("oBo", 640, "A"));
    concluded(&scene, &node, 900 + 35, 3);

    // The same list and the same lots as at first; the open round lost nothing, and the final draw knows of all of it.
    let found = results(&scene);
    for (place, state) in [(0, "corrected"), (1, "published"), (2, "published")] {
        let round = &found["rounds"][place];
        assert_eq!(
            (&round["state"], &round["verified"]),
            (&json!(state), &json!(true)),
            "{round}"
        );
    }
    let round = &found["rounds"][0];
    for fixed in ["seed", "list"] {
        assert_eq!(round[fixed], first["rounds"][0][fixed]);
    }
    let winners = [0, 1, 2].map(|draw| winner(&found, draw));
    let expected = ["oAnna", "oCid", "oCid"].map(code);
    assert_eq!(winners.map(str::to_owned), expected, "{found}");
    let dir = scene.path("pages");
    let pages = format!("results --html {}", dir.display());
    scene.history("node", &pages).well();
    for draw in ["round-01", "round-02", "final"] {
        holds(&dir, draw);
    }
    // What was announced is kept: oAnna has her phone still, oBo one of the reserve, oCid that of the second round.
    let stock = scene.ask("node", "stock show small").well();
    let held = |prize: &str| {
        let row = stock.lines().find(|row| row.starts_with(prize)).unwrap();
        let row: Vec<_> = row.split_whitespace().collect();
        row[5].parse::<u32>().unwrap()
    };
    assert_eq!((held("phone"), held("tv")), (3, 1), "{stock}");
}

#[test]
fn secrets_of_units_come_in_and_go_to_whoever_may_tell_the_winner() {
    let scene = Scene::bare(&accounts());
    let node = published(&scene);
    let file = scene.with_suffix("codes.txt");
    std::fs::write(&file, SECRETS).unwrap();
    let add = format!(
        "stock add small phone --secrets {} --reason maker",
        file.display()
    );
    let said = scene.ask("node", &add).well();
    assert!(said.contains("3 units have a secret now"), "{said}");
    let said = scene.ask("node", &add).well();
    assert!(
        said.contains("0 units")
            && said.contains("3 secrets were known")
            && said.contains("1 units"),
        "{said}"
    );
    scene
        .ask("node", &add.replace("phone", "tv"))
        .badly(1, &["tv", "kind"]);
    std::fs::write(&file, "A\nB\nA\n").unwrap();
    scene.ask("node", &add).badly(2, &["lines 1 and 3"]);
    std::fs::write(&file, "\n").unwrap();
    scene.ask("node", &add).badly(2, &["no secret"]);
    std::fs::write(&file, "F-CODE-0004\nF-CODE-0005\n").unwrap();
    scene.ask("node", &add).badly(1, &["units"]);

    let mi = plain();
    let answer = scene.deliver(&mi, &text(&mi, "oAnna", OPEN + 2, 1, "A"));
    assert_eq!(answer.status(), 200);
    let show = "award show small 1 phone 1";
    let mut now = OPEN + 300 + 35;
    support::until("the award", || {
        scene.tick("node", now);
        now += 1;
        scene.ask("node", show).code == Some(0)
    });
    let shown = scene.ask("node", show).well();
    assert!(
        shown.contains("awarded") && shown.contains("unit 1") && shown.contains(&code("oAnna")),
        "{shown}"
    );
    assert!(!shown.contains("F-CODE"), "{shown}");
    scene
        .ask("node", &format!("{show} --secret"))
        .badly(2, &["--reason"]);
    let told = scene
        .ask("node", &format!("{show} --secret --reason asked --json"))
        .well();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["secret"], "F-CODE-0001");
    scene
        .ask("node", "award show small 2 phone 1")
        .badly(1, &["never given"]);
    let stock = scene.ask("node", "stock show small").well();
    let row = stock
        .lines()
        .find(|line| line.starts_with("phone"))
        .unwrap();
    let row: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(row, ["phone", "code", "4", "1", "3", "1", "1"]);

    // Who was shown it stands in the log, and what it says stands nowhere.
    let acts = scene.history("node", "log cat control").well();
    assert!(
        acts.contains("\"type\":\"shown\"") && acts.contains("\"reason\":\"asked\""),
        "{acts}"
    );
    let export = scene.path("export");
    let export_to = format!("export --out {}", export.display());
    scene.history("node", &export_to).well();
    let status = scene.ask("node", "campaign show").well();
    let (ended, _) = node.terminate();
    assert_eq!(ended.code, Some(0));
    let mut places = vec![acts, status, ended.stdout, ended.stderr];
    for entry in std::fs::read_dir(&export).unwrap() {
        places.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert!(places.iter().all(|place| !place.contains("CODE-00")));
    for file in files_of(&scene.path("node")) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(7).any(|window| window == b"CODE-00");
        assert!(!found, "{}", file.display());
    }
}

fn files_of(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.push(path);
        }
    }
    files
}
