//! `rescore`: everything that was published is computed again from the messages, written, and compared; what somebody wrote
//! behind everybody's back is found out (Q-23, V-14). On a node in rehearsal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use control::presence::say;
use msglog::journal::JournalConfig;
use msglog::{Journal, Log, Tier, TopicConfig};
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{ResultAct, StandingsAct};
use record::topics;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use support::Scene;
use support::fan::accounts;
use support::small::{
    CAMPAIGN, code, concluded, holds, honest, played, rekeyed, results, says, winner, with_a_friend,
};

/// Partitions of a node of its own.
const PARTITIONS: u32 = 24;

#[test]
fn everything_that_was_published_is_computed_again_and_written_q_23() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    let again = |name: &str| {
        let dir = scene.path(name);
        let said = scene.history("node", &format!("rescore small --out {}", dir.display()));
        (dir, said.well())
    };
    let (dir, said) = again("first");
    assert_eq!(
        said.matches("equal to what was sealed").count(),
        2,
        "{said}"
    );
    assert_eq!(
        said.matches("equal to what was published").count(),
        3,
        "{said}"
    );
    assert!(said.contains("final: computed again"), "{said}");
    let found = results(&scene);
    for (place, draw) in ["round-01", "round-02", "final"].into_iter().enumerate() {
        holds(&dir, draw);
        let record = std::fs::read_to_string(dir.join(format!("{draw}.record.json"))).unwrap();
        assert_eq!(found["rounds"][place]["record"], json!(record));
        let standings =
            std::fs::read_to_string(dir.join(format!("{draw}.standings.jsonl"))).unwrap();
        let codes: Vec<Value> = standings
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["code"].clone())
            .collect();
        assert!(
            codes.is_sorted_by_key(|code| code.as_str().unwrap().to_owned()),
            "{standings}"
        );
    }
    // The board by rank: oCid was right twice, the others once, oAnna after two seconds and oBo after four.
    let board = std::fs::read_to_string(dir.join("board.jsonl")).unwrap();
    let rows: Vec<Value> = board
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |row: &Value| {
        (
            row["rank"].as_u64().unwrap(),
            row["code"].as_str().unwrap().to_owned(),
        )
    };
    let ranks: Vec<_> = rows.iter().map(of).collect();
    let expected = [(1, "oCid"), (2, "oAnna"), (3, "oBo")].map(|(rank, fan)| (rank, code(fan)));
    assert_eq!(ranks, expected, "{board}");
    assert_eq!(
        (
            &rows[0]["correct"],
            &rows[0]["answered"],
            &rows[0]["bonus"],
            &rows[0]["elapsed"]
        ),
        (&json!(2), &json!(2), &json!(100), &json!(9 + 50))
    );
    // The same bytes once more, of a node that does not run.
    assert_eq!(node.terminate().0.code, Some(0));
    let (second, _) = again("second");
    let names = |dir: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    assert_eq!((names(&dir).len(), names(&dir)), (10, names(&second)));
    for name in names(&dir) {
        let [one, two] = [&dir, &second].map(|dir| std::fs::read(dir.join(&name)).unwrap());
        assert_eq!(one, two, "{}", name.display());
    }
    // One round alone: no board of a part.
    let part = scene.path("part");
    let one = format!("rescore small --round 2 --out {}", part.display());
    let said = scene.history("node", &one).well();
    assert!(!said.contains("final"), "{said}");
    assert_eq!(names(&part).len(), 3);
}

#[test]
fn corrections_are_computed_again_too_and_their_files_are_those_of_another_file() {
    let scene = Scene::bare(&accounts());
    let _node = played(&scene);
    let file = rekeyed(&scene, 1, "B");
    let would = scene.path("would");
    let publish = format!(
        "rescore small --with {} --publish --reason key --node {} --out {}",
        file.display(),
        scene.admin,
        would.display()
    );
    scene.history("node", &publish).well();
    let dir = scene.path("again");
    let said = scene
        .history("node", &format!("rescore small --out {}", dir.display()))
        .well();
    assert_eq!(
        said.matches("equal to what was corrected").count(),
        1,
        "{said}"
    );
    assert_eq!(
        said.matches("equal to what was published").count(),
        5,
        "{said}"
    );
    for name in [
        "round-01.standings.jsonl",
        "round-02.record.json",
        "final.record.json",
        "board.jsonl",
    ] {
        let [one, two] = [&would, &dir].map(|dir| std::fs::read_to_string(dir.join(name)).unwrap());
        assert_eq!(one, two, "{name}");
    }
    for draw in ["round-01", "round-02", "final"] {
        holds(&dir, draw);
    }
}

/// A round that came only after the final draw has no say in it, and does not stand on its board, whoever computes it
/// who led when the draw was made leads on it.
#[test]
fn a_round_after_the_final_draw_is_not_on_its_board() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    let third = "[[round]]\nnumber = 3\nopen = 2013-04-09T06:20:00Z\nclose = 2013-04-09T06:25:00Z\n\n\
                 [round.question]\ntext = \"?\"\nkind = \"single\"\n\
                 options = { A = \"红米\", B = \"小米盒子\" }\nkey = [\"A\"]\npolicy = \"first\"\n\n[slots]";
    let longer = scene.with_suffix("longer.toml");
    std::fs::write(&longer, CAMPAIGN.replacen("[slots]", third, 1)).unwrap();
    let longer = longer.display();
    let publish = format!("campaign publish {longer} --expect-version 1 --reason more");
    scene.ask("node", &publish).well();
    says(&scene, 7, ("oBo", 1_202, "A"));
    concluded(&scene, &node, 1_500 + 35, 4);
    let found = results(&scene);
    let third = &found["rounds"][2];
    assert_eq!((&third["round"], &third["correct"]), (&json!(3), &json!(1)));
    let board = |name: &str, by: &str| {
        let dir = scene.path(name);
        let rescore = format!("rescore small {by} --out {}", dir.display());
        scene.history("node", &rescore).well();
        assert!(dir.join("round-03.standings.jsonl").exists());
        std::fs::read_to_string(dir.join("board.jsonl")).unwrap()
    };
    let as_published = board("as-published", "");
    assert_eq!(
        board("by-file", &format!("--with {longer} --reason key")),
        as_published
    );
    let fans: Vec<Value> = as_published
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_bo = fans.iter().find(|fan| fan["code"] == code("oBo"));
    let of_bo = of_bo.unwrap();
    assert_eq!(
        (&of_bo["rank"], &of_bo["answered"], &of_bo["correct"]),
        (&json!(3), &json!(2), &json!(1)),
        "two rounds of three"
    );
}

/// Somebody writes into the log behind the coordinator's back.
fn forged(scene: &Scene, (result, standings): (ResultAct, String)) {
    let topic = |name: &&str| TopicConfig {
        name: (*name).to_owned(),
        partitions: topics::partitions(name, PARTITIONS),
        retention: None,
        tier: Tier::Control,
    };
    let config = JournalConfig::new(topics::ALL.iter().map(topic).collect());
    let journal = Journal::open(&scene.path("node").join("log"), config).unwrap();
    let log: Arc<dyn Log> = journal.clone();
    let control = log.appender(topics::CONTROL).unwrap();
    let part = Act::Standings(StandingsAct {
        v: record::SCHEMA_VERSION,
        campaign: "small".to_owned(),
        round: Some(1),
        digest: result.standings,
        chunk: 0,
        of: 1,
        standings,
    });
    say(&*control, &part).unwrap();
    say(&*control, &Act::Result(result)).unwrap();
    drop((control, log));
    journal.close();
}

#[test]
fn a_correction_that_was_written_behind_everybodys_back_is_found_out_v_14() {
    let scene = Scene::bare(&accounts());
    let node = played(&scene);
    let file = rekeyed(&scene, 1, "B");
    let honest = honest(&scene, &file);
    assert_eq!(node.terminate().0.code, Some(0));
    forged(&scene, with_a_friend(&honest, &code("oBo")));
    // It follows from its standings, so that the pages show nothing.
    let found = results(&scene);
    assert_eq!(
        (&found["rounds"][0]["state"], winner(&found, 0)),
        (&json!("corrected"), &*code("oFriend"))
    );
    assert_eq!(found["rounds"][0]["verified"], true);
    // The messages do not give it.
    let dir = scene.path("out");
    let again = scene.history("node", &format!("rescore small --out {}", dir.display()));
    assert!(again.stdout.contains("NOT what was corrected"), "{again:?}");
    again.badly(
        1,
        &[
            "the correction of round-01 is not what the messages give",
            "awards",
        ],
    );
    // What they give is written, not what stands.
    let record = std::fs::read_to_string(dir.join("round-01.record.json")).unwrap();
    assert!(
        record.contains(&code("oBo")) && !record.contains(&code("oFriend")),
        "{record}"
    );
    let digest = Hex(contest::hash(record.as_bytes()));
    assert_eq!(digest, honest.0.record_sha256);
}
