//! The Fan Festival's file, as shipped. Its normal forms are checked where the normaliser lives.

use crate::common::FILE;
use campaign::{AnswerPolicy, Campaign, JoinPolicy, QuestionKind, Standing};
use std::collections::BTreeMap;

/// 2013-04-09 14:00:00 +08:00.
const START: i64 = 1_365_487_200;

fn fanfest() -> Campaign {
    let (campaign, warnings) = Campaign::parse(FILE).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    });
    assert_eq!(warnings, [], "the example is free of warnings");
    campaign
}

#[test]
fn rounds_stand_on_the_clock_q_1() {
    let campaign = fanfest();
    assert_eq!(campaign.rounds.len(), 12);
    for (place, round) in (0_i64..).zip(&campaign.rounds) {
        assert_eq!(i64::from(round.number), place + 1);
        assert_eq!(round.open, START + 600 * place);
        assert_eq!(round.close, round.open + 300);
        assert_eq!(round.question.kind, QuestionKind::Single);
        assert_eq!(round.question.policy, AnswerPolicy::First);
        assert_eq!(round.question.options.len(), 4);
        assert_eq!(round.question.key.len(), 1);
    }
    assert_eq!((campaign.start, campaign.end), (START - 600, START + 7800));
    assert_eq!(campaign.coalesce_window_s, 10);
    assert_eq!(
        (campaign.join.policy, campaign.join.implicit),
        (JoinPolicy::Campaign, true)
    );
    assert_eq!(campaign.seal.grace_s, 35);
}

#[test]
fn keys_are_spread_evenly() {
    let mut keys: BTreeMap<String, u32> = BTreeMap::new();
    for round in fanfest().rounds {
        *keys.entry(round.question.key[0].clone()).or_default() += 1;
    }
    let spread: Vec<(String, u32)> = keys.into_iter().collect();
    let even = ["A", "B", "C", "D"].map(|letter| (letter.to_owned(), 3));
    assert_eq!(spread, even);
}

#[test]
fn windows_are_half_open_q_1() {
    let campaign = fanfest();
    let number = |at: i64| campaign.round_at(START + at).map(|round| round.number);
    // Worked example Q-a: round 3 opens 14:20:00 and closes 14:25:00.
    assert_eq!(number(1200), Some(3));
    assert_eq!(number(1499), Some(3));
    assert_eq!(number(1500), None);
    assert_eq!(number(1199), None);
    assert!(matches!(campaign.standing(START - 1), Standing::Before { next } if next.number == 1));
    assert!(matches!(campaign.standing(START), Standing::Open { round, .. } if round.number == 1));
    assert!(matches!(campaign.standing(START + 1500),
        Standing::Between { last, next } if (last.number, next.number) == (3, 4)));
    assert!(matches!(campaign.standing(START + 6900),
        Standing::After { last: Some(last) } if last.number == 12));
}

#[test]
fn edges_are_near_for_ten_seconds_on_both_sides() {
    let campaign = fanfest();
    for edge in campaign
        .rounds
        .iter()
        .flat_map(|round| [round.open, round.close])
    {
        for (offset, near) in [(-11, false), (-10, true), (0, true), (9, true), (10, false)] {
            assert_eq!(campaign.near_edge(edge + offset), near, "{edge} {offset}");
        }
    }
    assert!(!campaign.near_edge(i64::MIN) && !campaign.near_edge(i64::MAX));
}

#[test]
fn what_depends_on_now_is_a_warning_at_a_given_time() {
    let campaign = fanfest();
    assert_eq!(campaign.problems_at(START), []);
    let over = campaign.problems_at(START + 86_400);
    assert_eq!(over.len(), 1);
    assert_eq!(over[0].key, "end");
}
