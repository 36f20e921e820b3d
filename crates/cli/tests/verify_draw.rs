//! `spillway verify-draw` as a process: what it prints, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use contest::{
    Attempt, AttemptId, Commitment, Compiled, Entrants, Facts, FanInRound, Field, Follow, Holders,
    RoundJudge, Secret, commit, conclude,
};
use std::path::Path;
use std::process::{Command, Output};

const FESTIVAL: &str = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");

/// Record, list and standings of the Fan Festival's first round, with twenty fans.
fn published() -> contest::Conclusion {
    let (compiled, _) = Compiled::from_toml(FESTIVAL).unwrap();
    let campaign = &compiled.campaign;
    let round = campaign.round(1).unwrap();
    let judge = RoundJudge::new(&compiled, 1, (round.open, round.close)).unwrap();
    let entrants = Entrants::new(campaign.draw.salt.as_bytes());
    let names: Vec<String> = (0..20).map(|n| format!("o_fan_{n:04}")).collect();
    let standing = |(place, name): (i64, &String)| {
        let mut follow = Follow::default();
        follow.seen(round.open);
        let fan = FanInRound {
            code: entrants.code(name),
            joined: None,
            follow,
        };
        let answer = Attempt {
            create_time: round.open + place % 3,
            id: AttemptId::Number(1),
            value: if place % 4 == 0 { "A" } else { "D" },
        };
        judge.judge(&fan, std::iter::once(answer)).unwrap()
    };
    let field = Field::new((0..).zip(&names).map(standing).collect()).unwrap();
    let secret = Secret([5; 32]);
    let facts = Facts {
        round: Some(1),
        config: contest::hash(FESTIVAL.as_bytes()),
        version: 1,
        cut: vec![(0, 20)],
        sealed_at: round.close + 35,
        listed_at: Some(round.close + 37),
        commitment: Some(Commitment::Single(commit(
            &campaign.id,
            "round-01",
            &secret,
        ))),
        secret,
        beacon: None,
        fallback: None,
        correcting: None,
    };
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    conclude(campaign, &facts, &field, &mut holders)
}

fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_spillway"))
        .current_dir(dir)
        .arg("verify-draw")
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_published_draw_is_recomputed_offline_q_19_v_14() {
    let dir = tempfile::tempdir().unwrap();
    let result = published();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    put("record.json", &result.record);
    put("list.txt", &result.list_file);
    put("standings.jsonl", &result.standings_file);
    let full = ["record.json", "list.txt", "--standings", "standings.jsonl"];
    let (code, out, err) = run(dir.path(), &full);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(
        out.contains("award phone (fastest): 1 winner(s) by the ranks of 15 contender(s)"),
        "{out}"
    );
    assert!(out.contains("the draw holds"));
    // What only somebody who was there can compare.
    assert!(
        out.contains("claim    C ") && out.contains("claim    R "),
        "{out}"
    );
    assert_eq!(
        run(dir.path(), &["record.json", "standings.jsonl"]).0,
        Some(0)
    );
    let (code, out, _) = run(dir.path(), &["record.json", "list.txt"]);
    assert_eq!(code, Some(1), "the ranking could not be checked: {out}");
    assert!(out.contains("give the standings file"));
    put(
        "record.json",
        &result.record.replacen("\"place\":1", "\"place\":2", 1),
    );
    let (code, out, _) = run(dir.path(), &full);
    assert_eq!(code, Some(1));
    assert!(out.contains("WRONG    award phone"), "{out}");
    let (code, _, err) = run(dir.path(), &["nothing.json", "list.txt"]);
    assert_eq!(code, Some(3));
    assert!(err.contains("nothing.json"), "{err}");
}
