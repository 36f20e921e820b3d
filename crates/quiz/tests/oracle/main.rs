//! The shares of quiz against the standings of surge's oracle, which shares no code with them: every kind of
//! question, every policy, hostile texts, any order of arrival, re-deliveries, seals in the middle.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod awards;
mod keywords;
mod many;
mod world;

use campaign::Campaign;
use contest::{Barred, Board, Field};
use proptest::prelude::*;
use quiz::Recount;
use std::collections::BTreeMap;
use surge::oracle::{Cuts, Delivery, Judge, Place, draws, standings};
use surge::recording::{Part, Row, Written};
use world::{
    EVERY, FANS, PARTITIONS, PIECES, QUESTIONS, Rules, Sent, T, TEXTS, What, accepted, body,
    published, rules, sealed, sent, toml,
};

/// Each message once, in an order of its own: dedup has done its work, of two with one id the first stands.
fn arrival(sent: &[Sent], keys: &[u32]) -> Vec<Sent> {
    let mut keyed: Vec<_> = sent.iter().zip(keys).collect();
    keyed.sort_by_key(|(_, key)| **key);
    let mut seen = std::collections::BTreeSet::new();
    let is_event = |s: &Sent| matches!(s.what, What::Subscribe | What::Unsubscribe);
    let new = |s: &&Sent| match s.what {
        What::Click(key) => seen.insert((s.fan, s.at.unsigned_abs(), key)),
        _ => is_event(s) || seen.insert((s.fan, s.id, "")),
    };
    let each = keyed.into_iter().map(|(sent, _)| sent).cloned();
    each.collect::<Vec<_>>()
        .iter()
        .filter(new)
        .cloned()
        .collect()
}

/// What counts of each text alone, sent by a fan of its own into every round, by quiz and by the oracle.
fn alone(texts: &[String]) -> [String; 2] {
    let rules = Rules {
        join: "policy = \"none\"",
        policy: "policy = \"first\"",
        eligible: "must_follow = false",
        among: "answered",
        speed: false,
    };
    let toml = toml(&rules);
    let campaign = Campaign::parse(&toml)
        .unwrap_or_else(|found| panic!("{found:#?}"))
        .0;
    let (mut recount, mut judge) = (Recount::new(), Judge::new(&campaign).unwrap());
    recount.take(0, &published(&toml)).unwrap();
    let rounds = 1..=u16::try_from(QUESTIONS.len()).unwrap();
    let mut of_code: BTreeMap<String, &str> = BTreeMap::new();
    for (text, id) in texts.iter().zip(1_u64..) {
        let openid = format!("o{id}");
        of_code.insert(standings::entrant_code("demo-salt", &openid), text);
        for round in rounds.clone() {
            let at = T + EVERY * i64::from(round - 1);
            let (fan, what) = (0, What::Text(text.clone()));
            let sent = Sent {
                fan,
                at,
                id: id * 10 + u64::from(round),
                what,
            };
            let body = body(&sent).replace(FANS[0], &openid);
            recount.take(0, &accepted(&body)).unwrap();
            let row = Row {
                at_us: 1,
                part: Part::Event,
                n: id,
                attempt: 1,
                body: body.into(),
            };
            judge.delivery(&Delivery::read(&row));
        }
    }
    for round in rounds.clone() {
        recount.take(0, &sealed(&toml, round, 1)).unwrap();
    }
    let named = |round: u16, lines: &str| -> String {
        let named = lines.lines().map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = of_code[value["code"].as_str().unwrap()];
            format!(
                "round {round}: {text:?} is {} {}\n",
                value["answer"], value["correct"]
            )
        });
        named.collect()
    };
    let (mut ours, mut theirs) = (String::new(), String::new());
    for round in rounds {
        let shares = recount
            .shares()
            .iter()
            .filter(|(_, share)| share.round == round);
        let lines: String = shares.map(|(_, share)| share.standings.as_str()).collect();
        ours.push_str(&named(round, &lines));
        theirs.push_str(&named(round, &standings::file(&judge.standings(round))));
    }
    [ours, theirs]
}

/// Every text, and pieces glued in twos and threes, is read alike by two grammars that have nothing in common.
#[test]
fn every_text_is_read_alike() {
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    for (one, first) in PIECES.iter().enumerate() {
        for (two, second) in PIECES.iter().enumerate() {
            texts.push(format!("{first}{second}"));
            let third = PIECES[(7 * one + 11 * two) % PIECES.len()];
            texts.push(format!("{first}{second}{third}"));
            texts.push(format!("{third}{first}{second}{first}"));
        }
    }
    let [ours, theirs] = alone(&texts);
    let lines = |text: &str| -> std::collections::BTreeSet<String> {
        text.lines().map(str::to_owned).collect()
    };
    let (ours, theirs) = (lines(&ours), lines(&theirs));
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "only by quiz: {only_ours:#?}\nonly by the oracle: {only_theirs:#?}"
    );
    assert!(ours.len() > 1000, "{}", ours.len());
}

fn partition_of(fan: usize) -> u32 {
    u32::try_from(fan).unwrap() % PARTITIONS
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    /// V-3, V-4 and every rule of the standings, by two computations that have nothing in common.
    #[test]
    fn shares_are_the_standings_of_the_oracle(
        rules in rules(),
        sent in sent(),
        keys in prop::collection::vec(any::<u32>(), 120),
        early in prop::collection::vec(prop::option::weighted(0.2, 0..120_usize), QUESTIONS.len()),
    ) {
        let toml = toml(&rules);
        let campaign = Campaign::parse(&toml).unwrap_or_else(|found| panic!("{found:#?}")).0;
        let arrived = arrival(&sent, &keys);
        let mut recount = Recount::new();
        let mut cuts = Cuts::default();
        let mut judge = Judge::new(&campaign).unwrap();
        let mut due: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        // Seals stand in the order of rounds; some before all has come.
        let mut at = 0;
        for (round, early) in (1..).zip(&early) {
            at = early.map_or(arrived.len(), |early| early.min(arrived.len())).max(at);
            due.entry(at).or_default().push(round);
        }
        for partition in 0..PARTITIONS {
            recount.take(partition, &published(&toml)).unwrap();
        }
        for (place, offset) in (0..=arrived.len()).zip(1_u64..) {
            for round in due.get(&place).into_iter().flatten() {
                for partition in 0..PARTITIONS {
                    recount.take(partition, &sealed(&toml, *round, offset)).unwrap();
                    cuts.rounds.entry(*round).or_default().insert(partition, offset);
                }
            }
            let Some(sent) = arrived.get(place) else { break };
            let (body, partition) = (body(sent), partition_of(sent.fan));
            recount.take(partition, &accepted(&body)).unwrap();
            // Delivered twice: the oracle reads what the platform sends.
            for attempt in 1..=2 {
                let row = Row { at_us: 1, part: Part::Event, n: offset, attempt, body: body.as_str().into() };
                judge.delivery_at(&Delivery::read(&row), Place { partition, offset });
            }
        }
        let judge = judge.with_cuts(cuts);
        // The totals, in whatever order and partitions they came (V-3).
        let (totals, nothing) = (recount.totals(), Written { rows: 0, bytes: 0, sha256: String::new() });
        for expected in judge.manifest("", &nothing, "").rounds {
            let found = totals.get(&("fest".to_owned(), expected.round)).cloned().unwrap_or_default();
            prop_assert_eq!(&found.answers, &expected.answers, "{:?}", expected.round);
            prop_assert_eq!((found.others, found.lines), (expected.others, expected.lines), "{:?}", expected.round);
            prop_assert_eq!(format!("{:032x}", found.digest), expected.sum);
        }
        let mut board = Board::new(campaign.score.streak);
        let mut rounds = Vec::new();
        for round in &campaign.rounds {
            let shares = recount.shares().iter().map(|(_, share)| share);
            let shares = shares.filter(|share| share.round == round.number);
            let lines: String = shares.clone().map(|share| share.standings.as_str()).collect();
            let field = Field::parse(&lines).unwrap();
            let standings = judge.standings(round.number);
            prop_assert_eq!(standings::file(&standings), field.lines(), "round {}", round.number);
            prop_assert_eq!(standings::list(&standings), field.list());
            let barred: String = shares.map(|share| share.barred.as_str()).collect();
            board.add(&field, &Barred::parse(&barred).unwrap(), round.question.kind);
            rounds.push((round, standings));
            // After every round, as if it were the last: points, and who could not win.
            let theirs = draws::board(&campaign, &rounds, &judge.bars(round.number));
            prop_assert_eq!(standings::file(&theirs), board.field().lines(), "up to {}", round.number);
        }
    }
}
