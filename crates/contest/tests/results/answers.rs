//! Which answer counts and what it is worth (Q-1, Q-2, Q-8…Q-11, Q-15), with the worked examples.

use crate::common::{START, attempt, award, campaign, fan};
use contest::{AttemptId, Compiled, Key, RoundJudge, Standing, points};

fn judge(compiled: &Compiled) -> RoundJudge {
    RoundJudge::new(compiled, 3, (START + 1200, START + 1500)).unwrap()
}

fn with_policy(policy: &str) -> Compiled {
    let shown = campaign("").campaign;
    assert_eq!(shown.rounds.len(), 3);
    let toml = format!(
        r#"
id = "x"
title = "t"
account = "mi"
start = 2013-04-09T13:50:00+08:00
end = 2013-04-09T16:10:00+08:00
[[round]]
number = 3
open = 2013-04-09T14:20:00+08:00
close = 2013-04-09T14:25:00+08:00
[round.question]
text = "q"
kind = "single"
options = {{ A = "雷军", B = "林斌", C = "黎万强" }}
key = ["A"]
{policy}
{slots}"#,
        slots = crate::common::SLOTS
    );
    crate::common::compiled(&toml)
}

fn standing<'a>(compiled: &Compiled, said: &[(i64, u64, &'a str)]) -> Option<Standing<'a>> {
    let attempts = said.iter().map(|(at, id, value)| attempt(*at, *id, value));
    judge(compiled).judge(&fan(1), attempts)
}

#[test]
fn windows_of_worked_example_q_a() {
    let compiled = with_policy("");
    let at = |after: i64| standing(&compiled, &[(after, 1, "A")]).map(|s| s.at - START);
    assert_eq!(at(1200), Some(1200), "14:20:00 counts");
    assert_eq!(
        at(1499),
        Some(1499),
        "14:24:59 counts, whenever it was delivered"
    );
    assert_eq!(at(1500), None, "14:25:00 is late");
    assert_eq!(at(1199), None, "14:19:59 is early");
}

#[test]
fn an_extended_window_is_the_seals_q_4() {
    let compiled = with_policy("");
    let judge = RoundJudge::new(&compiled, 3, (START + 1200, START + 1560)).unwrap();
    let late = judge
        .judge(&fan(1), [attempt(1530, 1, "A")].into_iter())
        .unwrap();
    assert_eq!(late.elapsed, 330);
    assert!(RoundJudge::new(&compiled, 4, (0, 1)).is_none());
}

#[test]
fn first_and_last_of_worked_example_q_b() {
    let said = [(1203, 7, "B"), (1203, 9, "A")];
    let first = standing(&with_policy("policy = \"first\""), &said).unwrap();
    assert_eq!((first.correct, &*first.value), (0, "B"));
    let last = standing(&with_policy("policy = \"last\""), &said).unwrap();
    assert_eq!((last.correct, &*last.value), (1, "A"));
    assert_eq!(last.at, START + 1203, "t* is 14:20:03");
}

#[test]
fn wrong_formats_are_no_tries_worked_example_q_c() {
    let compiled = with_policy("");
    let message = |text| contest::Message {
        kind: "text",
        text,
        create_time: START + 1202,
        ..Default::default()
    };
    assert!(!matches!(
        compiled.read(3, &message("A或B")),
        contest::Reading::Answer(_)
    ));
    let counts = standing(&compiled, &[(1209, 2, "A")]).unwrap();
    assert_eq!((counts.at, counts.correct), (START + 1209, 1));
}

#[test]
fn a_join_counts_in_any_order_worked_example_q_d() {
    let needy = |policy: &str| {
        let join = format!("[join]\npolicy = \"{policy}\"\nimplicit = false\n");
        campaign(&join)
    };
    let judged = |compiled: &Compiled, joined: Option<i64>| {
        let judge = judge(compiled);
        let fan = contest::FanInRound { joined, ..fan(1) };
        judge.judge(&fan, [attempt(1210, 1, "A")].into_iter())
    };
    let in_campaign = needy("campaign");
    assert!(
        judged(&in_campaign, Some(START + 1209)).is_some(),
        "GO one second earlier"
    );
    assert!(judged(&in_campaign, Some(START + 1210)).is_some());
    assert!(judged(&in_campaign, Some(START + 1211)).is_none());
    assert!(judged(&in_campaign, Some(START - 500)).is_some());
    assert!(judged(&in_campaign, None).is_none());
    let in_round = needy("round");
    assert!(judged(&in_round, Some(START + 1205)).is_some());
    assert!(
        judged(&in_round, Some(START - 500)).is_none(),
        "a join of another round"
    );
    let implicit = campaign("[join]\npolicy = \"campaign\"\nimplicit = true\n");
    assert_eq!(
        judged(&implicit, None).unwrap().joined,
        Some(START + 1210),
        "an answer joins"
    );
    assert!(
        judged(
            &campaign("[join]\npolicy = \"none\"\nimplicit = false\n"),
            None
        )
        .is_some()
    );
}

#[test]
fn an_answer_before_the_join_does_not_use_up_the_try_q_10() {
    let compiled = campaign("[join]\npolicy = \"campaign\"\nimplicit = false\n");
    let fan = contest::FanInRound {
        joined: Some(START + 1205),
        ..fan(1)
    };
    let said = [attempt(1203, 1, "B"), attempt(1206, 2, "A")];
    let counts = judge(&compiled).judge(&fan, said.into_iter()).unwrap();
    assert_eq!((counts.correct, counts.at), (1, START + 1206));
}

#[test]
fn best_of_tries_q_8() {
    let three = with_policy("policy = \"best_of\"\ntries = 3");
    let right = [(1210, 1, "B"), (1220, 2, "C"), (1230, 3, "A")];
    let found = standing(&three, &right).unwrap();
    assert_eq!(
        (found.correct, found.at, found.first),
        (1, START + 1230, START + 1210)
    );
    let fourth = [
        (1210, 1, "B"),
        (1220, 2, "C"),
        (1230, 3, "B"),
        (1240, 4, "A"),
    ];
    let missed = standing(&three, &fourth).unwrap();
    assert_eq!((missed.correct, missed.at), (0, START + 1210));
    let again = [
        (1210, 1, "B"),
        (1210, 1, "B"),
        (1220, 2, "C"),
        (1230, 3, "A"),
    ];
    assert_eq!(
        standing(&three, &again),
        Some(found),
        "a re-delivery is no try (V-4)"
    );
}

#[test]
fn messages_without_numeric_ids_come_after_those_with_q_9() {
    let compiled = with_policy("");
    let keyed = contest::Attempt {
        id: AttemptId::Key([0; 16]),
        ..attempt(1203, 0, "A")
    };
    let both = [keyed, attempt(1203, u64::MAX, "B")];
    let counts = judge(&compiled).judge(&fan(1), both.into_iter()).unwrap();
    assert_eq!(&*counts.value, "B");
}

#[test]
fn points_of_q_15() {
    let worth = |e| points(1000, START, START + 300, START + e, true);
    for (e, want) in [
        (0, 1000),
        (1, 998),
        (5, 992),
        (37, 938),
        (150, 750),
        (299, 502),
    ] {
        assert_eq!(worth(e), want, "e = {e}");
    }
    assert_eq!(worth(-5), 1000);
    assert_eq!(worth(10_000), 500);
    assert_eq!(points(1000, START, START + 300, START + 299, false), 1000);
    assert_eq!(
        points(7, START, START, START, true),
        7,
        "no window, no division"
    );
    assert_eq!(
        points(u32::MAX, i64::MIN, i64::MAX, i64::MAX, true),
        1 << 31
    );
}

#[test]
fn scores_are_for_right_answers_only() {
    let compiled = with_policy("points = 500");
    assert_eq!(standing(&compiled, &[(1350, 1, "A")]).unwrap().points, 375);
    let wrong = standing(&compiled, &[(1350, 1, "B")]).unwrap();
    assert_eq!((wrong.points, wrong.elapsed, wrong.answered), (0, 0, 1));
    let flat = campaign("[score]\nspeed = false\n");
    assert_eq!(standing(&flat, &[(1350, 1, "A")]).unwrap().points, 1000);
}

#[test]
fn who_joined_without_answering_stands_only_where_it_matters_q_17() {
    let joined = campaign(&award(
        "after = [3]\nmode = \"draw\"\nn = 1\namong = \"joined\"",
    ));
    let standing = judge(&joined).judge(&fan(1), std::iter::empty()).unwrap();
    assert_eq!((standing.answered, standing.joined), (0, Some(START - 100)));
    assert_eq!(
        judge(&campaign("")).judge(&fan(1), std::iter::empty()),
        None
    );
    let stranger = contest::FanInRound {
        joined: None,
        ..fan(1)
    };
    assert_eq!(judge(&joined).judge(&stranger, std::iter::empty()), None);
}

#[test]
fn keys_of_every_kind() {
    let key = |kind: &str, options: &str, key: &str| {
        let question = format!("text = \"q\"\nkind = \"{kind}\"\n{options}\n{key}");
        let toml = format!(
            "id = \"x\"\ntitle = \"t\"\naccount = \"mi\"\nstart = 2013-04-09T13:50:00+08:00\nend = 2013-04-09T16:10:00+08:00\n\
             [[round]]\nnumber = 1\nopen = 2013-04-09T14:00:00+08:00\nclose = 2013-04-09T14:05:00+08:00\n[round.question]\n{question}\n{}",
            crate::common::SLOTS
        );
        Key::new(&crate::common::compiled(&toml).campaign.rounds[0].question)
    };
    let options = "options = { A = \"甲一\", B = \"乙二\", C = \"丙三\" }";
    let single = key("single", options, "key = [\"A\", \"C\"]");
    assert!(single.accepts("A") && single.accepts("C") && !single.accepts("B"));
    let multi = key("multi", options, "key = [\"C\", \"A\"]");
    assert!(multi.accepts("AC") && !multi.accepts("A") && !multi.accepts("ABC"));
    let numeric = key("numeric", "tolerance = \"0.5\"", "key = [1999]");
    assert!(
        numeric.accepts("1999.5") && numeric.accepts("1998.5") && !numeric.accepts("1999.5001")
    );
    let text = key("text", "", "key = [\"米兔\", \"小米兔\"]");
    assert!(
        text.accepts("米兔") && !text.accepts("小米兔"),
        "the first spelling is the value"
    );
    let ordering = key("ordering", options, "key = [\"B\", \"C\", \"A\"]");
    assert!(ordering.accepts("BCA") && !ordering.accepts("ABC"));
    assert!(!key("poll", options, "").accepts("A"));
}
