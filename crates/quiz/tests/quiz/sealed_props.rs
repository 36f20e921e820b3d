//! V-3, V-4 at the level of published files: order of arrival, repetition and partitions change no byte of the
//! standings, and they are what an obvious computation over all messages says.

use crate::common::{Spec, event, feed, open, said, tick};
use crate::sealing::{field_of, moved, of, sealed};
use proptest::prelude::*;
use quiz::Recount;
use record::identity::partition_of;

const FANS: [&str; 7] = ["o1", "o2", "o3", "o4", "o5", "o6", "o7"];
const TEXTS: [&str; 7] = ["A", "选B", "Ｄ", "GO", "AB", "怎么没反应", "unsubscribe"];
const JOINED: &str = "[eligible]\nmust_follow = true\n[[prize]]\nid = \"p\"\ntitle = \"p\"\nkind = \"goods\"\n\
    units = 3\nvalue_yuan = 1\n[[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"draw\"\nn = 1\namong = \"joined\"\n";

/// Windows of the rounds by their decisions; the first was extended by a minute.
const WINDOWS: [(u16, i64, i64); 2] = [(1, 0, 360), (2, 600, 900)];

#[derive(Debug, Clone, Copy)]
struct Sent {
    fan: usize,
    time: i64,
    id: u64,
    text: usize,
}

impl Sent {
    fn record(&self) -> Vec<u8> {
        let (fan, text) = (FANS[self.fan], TEXTS[self.text]);
        if text == "unsubscribe" {
            return event(fan, self.time, text);
        }
        said(fan, self.time, self.id, text)
    }

    fn value(&self) -> Option<&'static str> {
        ["A", "B", "D"].get(self.text).copied()
    }

    fn within(&self, (_, from, to): (u16, i64, i64)) -> bool {
        (open(1) + from..open(1) + to).contains(&self.time)
    }
}

fn all_sent() -> impl Strategy<Value = Vec<Sent>> {
    let second = prop_oneof![-70..10_i64, 290..370_i64, 590..610_i64, 890..905_i64];
    let acts = proptest::collection::vec((0..FANS.len(), second, 0..TEXTS.len()), 1..70);
    acts.prop_map(|acts| {
        let number = |(n, (fan, second, text)): (usize, (usize, i64, usize))| Sent {
            fan,
            time: open(1) + second,
            id: (u64::try_from(n).unwrap() * 37) % 101,
            text,
        };
        acts.into_iter().enumerate().map(number).collect()
    })
}

/// How a run deals with the same messages.
#[derive(Debug, Clone, Copy)]
struct How {
    partitions: u32,
    times: usize,
    is_shuffled: bool,
}

fn run(spec: &Spec, sent: &[Sent], keys: &[u32], how: How) -> Recount {
    let mut recount = Recount::new();
    let mut order: Vec<_> = (0..how.times).flat_map(|_| sent).zip(keys).collect();
    if how.is_shuffled {
        order.sort_by_key(|(_, key)| **key);
    }
    let begin = [spec.copy(1, 0, None), moved(1, absolute(WINDOWS[0]))];
    let end = [2, 3].map(|ctl| sealed(spec, ctl, 1, absolute(WINDOWS[ctl as usize - 2])));
    let everywhere = |recount: &mut Recount, records: &[Vec<u8>]| {
        for partition in 0..how.partitions {
            for record in records {
                recount.take(partition, record).unwrap();
            }
        }
    };
    everywhere(&mut recount, &begin);
    for (sent, _) in order {
        let partition = partition_of(FANS[sent.fan].as_bytes(), how.partitions);
        recount.take(partition, &sent.record()).unwrap();
        recount.take(partition, &tick(sent.time)).unwrap();
    }
    everywhere(&mut recount, &end);
    recount
}

fn absolute((round, from, to): (u16, i64, i64)) -> (u16, i64, i64) {
    (round, open(1) + from, open(1) + to)
}

/// What a fan is in a round, by the plain words of the rules: value, t*, first answer, join, whether barred.
type Plain = (String, i64, i64, Option<i64>, bool);

fn plain(join: &str, policy: &str, sent: &[Sent], fan: usize, place: usize) -> Option<Plain> {
    let window = WINDOWS[place];
    let close = open(1) + window.2;
    let mine = || sent.iter().filter(|s| s.fan == fan);
    let (implicit, per_round) = (join.contains("true"), join.contains("round"));
    let in_any_round = |s: &&Sent| WINDOWS.iter().any(|w| s.within(*w));
    let joins = mine().filter(|s| TEXTS[s.text] == "GO" && (!per_round || s.within(window)));
    let answers = mine().filter(|s| implicit && !per_round && s.value().is_some());
    let joined = joins
        .chain(answers.filter(in_any_round))
        .map(|s| s.time)
        .filter(|at| *at < close)
        .min();
    let needs = !implicit && !join.contains("none");
    let mut tried: Vec<_> = mine()
        .filter(|s| s.within(window) && s.value().is_some())
        .filter(|s| !needs || joined.is_some_and(|at| at <= s.time))
        .collect();
    tried.sort_by_key(|s| (s.time, s.id));
    let chosen = match policy {
        "policy = \"last\"" => tried.last(),
        "policy = \"first\"" => tried.first(),
        _ => {
            let right = tried.iter().take(3).find(|s| s.value() == Some("A"));
            right.or(tried.first())
        }
    };
    let first = tried.first().map(|s| s.time);
    let joined = joined.into_iter().chain(first).min();
    if chosen.is_none() && joined.is_none() {
        return None;
    }
    let left = mine()
        .filter(|s| TEXTS[s.text] == "unsubscribe")
        .map(|s| s.time)
        .max();
    let seen = mine()
        .filter(|s| TEXTS[s.text] != "unsubscribe")
        .map(|s| s.time)
        .max();
    Some((
        chosen
            .and_then(|s| s.value())
            .unwrap_or_default()
            .to_owned(),
        chosen.map_or(0, |s| s.time),
        first.unwrap_or(0),
        joined,
        left.is_some() && left >= seen,
    ))
}

fn check(spec: &Spec, sent: &[Sent], keys: &[u32]) -> Result<(), TestCaseError> {
    let how = |partitions, times, is_shuffled| How {
        partitions,
        times,
        is_shuffled,
    };
    let whole = run(spec, sent, keys, how(1, 1, false));
    for (place, window) in WINDOWS.iter().enumerate() {
        let field = field_of(&whole, window.0);
        for (fan, name) in FANS.iter().enumerate() {
            let is = of(spec, &field, name).map(|s| {
                let bar = s.bar.is_some();
                (s.value.into_owned(), s.at, s.first, s.joined, bar)
            });
            prop_assert_eq!(
                is,
                plain(spec.join, spec.policy, sent, fan, place),
                "{}",
                name
            );
        }
    }
    for how in [
        how(1, 3, true),
        how(5, 1, true),
        how(24, 3, true),
        how(24, 1, false),
    ] {
        let other = run(spec, sent, keys, how);
        prop_assert_eq!(other.shares().len(), 2 * how.partitions as usize);
        for (round, ..) in WINDOWS {
            let files = (field_of(&whole, round), field_of(&other, round));
            prop_assert_eq!(files.0.lines(), files.1.lines(), "{:?}", how);
            prop_assert_eq!(files.0.list(), files.1.list());
        }
    }
    Ok(())
}

const JOINS: [&str; 4] = [
    "policy = \"campaign\"\nimplicit = true",
    "policy = \"campaign\"\nimplicit = false",
    "policy = \"round\"\nimplicit = false",
    "policy = \"none\"\nimplicit = true",
];
const POLICIES: [&str; 3] = [
    "policy = \"first\"",
    "policy = \"last\"",
    "policy = \"best_of\"\ntries = 3",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn v_3_v_4_one_standings_file_whatever_the_order_the_repetition_and_the_partitions(
        sent in all_sent(),
        keys in proptest::collection::vec(any::<u32>(), 210),
        join in 0..JOINS.len(),
        policy in 0..POLICIES.len(),
    ) {
        let spec = Spec {
            join: JOINS[join],
            policy: POLICIES[policy],
            tables: JOINED,
            ..Spec::default()
        };
        check(&spec, &sent, &keys)?;
    }

    /// The seal reads what is stored by the version that it names: another one that came and went between the
    /// messages leaves no trace.
    #[test]
    fn q_8_a_version_that_came_and_went_leaves_no_trace(sent in all_sent(), at in 0..70_usize) {
        let spec = Spec { tables: JOINED, ..Spec::default() };
        let other = Spec { policy: "policy = \"last\"", key: "[\"B\"]", ..spec.clone() };
        let (before, after) = sent.split_at(at.min(sent.len()));
        let run = |between: Vec<Vec<u8>>, ctl: u64| {
            let mut recount = Recount::new();
            feed(&mut recount, [spec.copy(1, 0, None), moved(1, absolute(WINDOWS[0]))]);
            feed(&mut recount, before.iter().map(Sent::record));
            feed(&mut recount, between);
            feed(&mut recount, after.iter().map(Sent::record));
            for (ctl, window) in (ctl..).zip(WINDOWS) {
                feed(&mut recount, [sealed(&spec, ctl, 1, absolute(window))]);
            }
            WINDOWS.map(|(round, ..)| field_of(&recount, round).lines())
        };
        let alone = run(vec![], 2);
        prop_assert_eq!(&alone, &run(vec![other.copy(2, 2, Some(1))], 3));
    }
}
