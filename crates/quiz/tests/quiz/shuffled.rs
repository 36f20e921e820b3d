//! V-3: results do not depend on the order of arrival, on repetition, or on how fans are spread over
//! partitions; and they are what an obvious computation over all messages says.

use crate::common::{Spec, line, lines, open, said, tick};
use proptest::prelude::*;
use quiz::{Recount, Totals};
use std::collections::{BTreeMap, BTreeSet};

const FANS: [&str; 4] = ["F", "G", "H", "J"];
const TEXTS: [&str; 6] = ["A", "B", "D", "GO", "AB", "怎么没反应"];

/// Fan, seconds after a minute before round 1 opens, text.
type Act = (usize, i64, usize);

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // Dense around the edges of rounds 1 and 2, a few seconds apart, so that seconds collide.
    let second = prop_oneof![40..80_i64, 340..440_i64, 630..700_i64];
    proptest::collection::vec((0..FANS.len(), second, 0..TEXTS.len()), 1..60)
}

/// Per round: fans who joined, fans with a wrong format only.
type Counts = BTreeMap<Option<u16>, (u64, u64)>;

struct Sent {
    fan: &'static str,
    time: i64,
    id: u64,
    text: &'static str,
}

fn sent(acts: &[Act]) -> Vec<Sent> {
    let number = |(n, (fan, second, text)): (usize, &Act)| Sent {
        fan: FANS[*fan],
        time: open(1) - 60 + second,
        // Unrelated to the order in which they were sent, and unique.
        id: (u64::try_from(n).unwrap() * 37) % 101,
        text: TEXTS[*text],
    };
    acts.iter().enumerate().map(number).collect()
}

fn fed(spec: &Spec, order: &[&Sent], partitions: u32) -> Recount {
    let mut recount = Recount::new();
    for partition in 0..partitions {
        recount.take(partition, &spec.copy(1, 0, None)).unwrap();
    }
    for sent in order {
        let place = u32::try_from(FANS.iter().position(|fan| *fan == sent.fan).unwrap()).unwrap();
        recount
            .take(
                place % partitions,
                &said(sent.fan, sent.time, sent.id, sent.text),
            )
            .unwrap();
        recount.take(0, &tick(sent.time)).unwrap();
    }
    recount
}

/// The tallies of an obvious computation: all messages at once, no state.
fn obvious(spec: &Spec, all: &[Sent], needs_join: bool) -> (Vec<String>, Counts) {
    let mut lines = Vec::new();
    let mut rounds: Counts = BTreeMap::new();
    let within = |time: i64| {
        spec.rounds
            .iter()
            .find(|(_, from, to)| (*from..*to).contains(&time))
            .map(|r| r.0)
    };
    let outside: BTreeSet<_> = all
        .iter()
        .filter(|s| s.text == "GO" && within(s.time).is_none())
        .map(|s| s.fan)
        .collect();
    rounds.insert(None, (outside.len() as u64, 0));
    for (number, ..) in &spec.rounds {
        let mut counts = (0, 0);
        for fan in FANS {
            let mine: Vec<_> = all.iter().filter(|s| s.fan == fan).collect();
            let mut inside: Vec<_> = mine
                .iter()
                .filter(|s| within(s.time) == Some(*number))
                .collect();
            inside.sort_by_key(|s| (s.time, s.id));
            let is_answer = |s: &&&&Sent| ["A", "B", "D"].contains(&s.text);
            let joined = |s: &&&&Sent| {
                !needs_join
                    || mine
                        .iter()
                        .any(|join| join.text == "GO" && join.time <= s.time)
            };
            let counting = inside.iter().filter(is_answer).find(joined);
            if let Some(s) = counting {
                lines.push(line(*number, fan, s.text, s.time, s.id));
            }
            counts.0 += u64::from(inside.iter().any(|s| s.text == "GO" || is_answer(&s)));
            counts.1 += u64::from(counting.is_none() && inside.iter().any(|s| s.text == "AB"));
        }
        rounds.insert(Some(*number), counts);
    }
    lines.sort();
    (lines, rounds)
}

fn check(spec: &Spec, acts: &[Act], keys: &[u32], needs_join: bool) -> Result<(), TestCaseError> {
    let all = sent(acts);
    let in_order: Vec<&Sent> = all.iter().collect();
    // Each delivered three times, in an order of its own.
    let mut shuffled: Vec<_> = all.iter().chain(&all).chain(&all).zip(keys).collect();
    shuffled.sort_by_key(|(_, key)| **key);
    let shuffled: Vec<&Sent> = shuffled.into_iter().map(|(sent, _)| sent).collect();
    let mut plain = fed(spec, &in_order, 1);
    let mut other = fed(spec, &shuffled, 3);
    let (want, rounds) = obvious(spec, &all, needs_join);
    prop_assert_eq!(lines(&mut plain), want.clone());
    prop_assert_eq!(lines(&mut other), want);
    prop_assert_eq!(nonzero(&plain), nonzero(&other));
    for (round, (joins, wrong)) in rounds {
        let totals = crate::common::totals(&plain, round);
        prop_assert_eq!(
            (totals.joins, totals.wrong_format),
            (joins, wrong),
            "{:?}",
            round
        );
    }
    Ok(())
}

fn nonzero(recount: &Recount) -> BTreeMap<(String, Option<u16>), Totals> {
    recount
        .totals()
        .into_iter()
        .filter(|(_, totals)| *totals != Totals::default())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn v_3_an_implicit_join(acts in acts(), keys in proptest::collection::vec(any::<u32>(), 180)) {
        check(&Spec::default(), &acts, &keys, false)?;
    }

    #[test]
    fn v_3_an_explicit_join(acts in acts(), keys in proptest::collection::vec(any::<u32>(), 180)) {
        let spec = Spec { join: "policy = \"campaign\"\nimplicit = false", ..Spec::default() };
        check(&spec, &acts, &keys, true)?;
    }
}
