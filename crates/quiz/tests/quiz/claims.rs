//! Claims of prizes: what quiz tells of them, never in whose words, and how much of one fan whatever he sends.

use crate::common::{Spec, T, counted, envelope, lines, open, said, tick};
use crate::retries::{put_back, unreadable};
use crate::staged::{accepted, fill, linked, log, runner_on, to_the_end};
use contest::Entrants;
use msglog::memory::MemoryLog;
use quiz::{Book, MemoryShelf, Versions};
use record::chain::link_of;
use record::claim::{CLAIM, CLAIMS_MAX, Claim, PASSED, Passed};
use record::hexed::Hex;
use record::identity::{MsgId, message_key};
use stage::{MemoryStore, Store, Turn};
use std::sync::Arc;

const PRIZE: &str = "[[prize]]\nid = \"p\"\ntitle = \"p\"\nvalue_yuan = 1\nunits = 5\n\
                     [[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"fastest\"\nn = 1\n";
const WORDS: &str = "领奖 张三 138-0000-0000 北京市某路1号";

fn with_prizes() -> Spec {
    Spec {
        tables: PRIZE,
        ..Spec::default()
    }
}

/// Another campaign of the same account, after the first.
fn later() -> Spec {
    let at = T + 9_000;
    Spec {
        id: "later",
        start: at,
        tables: PRIZE,
        rounds: (1..=3)
            .map(|n| (n, at + 600 * i64::from(n), at + 600 * i64::from(n) + 300))
            .collect(),
        ..Spec::default()
    }
}

/// What quiz writes of these records of `accepted`: offsets of the messages, and what is told of them.
fn told(records: Vec<Vec<u8>>) -> Vec<(u64, Claim)> {
    of(&run(records))
}

fn run(records: Vec<Vec<u8>>) -> Arc<MemoryLog> {
    let log = log();
    fill(&log, &linked(records));
    to_the_end(&mut runner_on(
        &log,
        Store::Memory(MemoryStore::default()),
        1_000,
    ));
    log
}

fn of(log: &MemoryLog) -> Vec<(u64, Claim)> {
    let claims = accepted(log, "results").into_iter();
    let claims = claims.filter(|value| record::type_of(value).as_deref() == Some(CLAIM));
    claims
        .map(|value| {
            let offset = link_of(&value).unwrap().pos.offset();
            (offset, serde_json::from_slice(&value).unwrap())
        })
        .collect()
}

fn claim(spec: &Spec, fan: &str, create_time: i64, id: u64, tick: i64) -> Claim {
    Claim {
        r#type: CLAIM.to_owned(),
        v: 1,
        campaign: spec.id.to_owned(),
        code: Hex(Entrants::new(spec.id.as_bytes()).code(fan).0),
        key: message_key("mi", fan, MsgId::Number(id)),
        create_time,
        tick,
    }
}

#[test]
fn a_claim_is_told_without_what_the_fan_wrote_q_20() {
    let spec = with_prizes();
    let log = run(vec![
        spec.copy(1, 0, None),
        said("o1", open(1) - 5, 1, WORDS),
        tick(open(1)),
        said("o2", open(1) + 1, 2, "A"),
        said("o2", open(1) + 2, 3, "领奖"),
        said("o2", open(1) + 3, 4, "领奖啊怎么弄"),
        said("o1", open(1) + 40, 5, "【領獎】１３８００００００００"),
        tick(open(1) + 60),
    ]);
    let expected = [
        (1, claim(&spec, "o1", open(1) - 5, 1, 0)),
        (6, claim(&spec, "o1", open(1) + 40, 5, open(1))),
    ];
    assert_eq!(of(&log), expected);
    for value in accepted(&log, "results") {
        let text = String::from_utf8(value).unwrap();
        assert!(!text.contains("张三") && !text.contains("138"), "{text}");
        assert!(!text.contains("o1"), "the fan by his code alone: {text}");
    }
}

#[test]
fn where_any_word_is_an_answer_a_claim_is_none() {
    let spec = Spec {
        kind: "text",
        options: "",
        key: "[\"小米\"]",
        tables: PRIZE,
        ..Spec::default()
    };
    let said = [
        said("o1", open(1), 1, "领奖 13800000000"),
        said("o2", open(1), 2, "大米"),
    ];
    let mut recount = counted(&spec, said);
    let lines = lines(&mut recount);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("o2 大米"), "{lines:?}");
}

#[test]
fn without_prizes_and_without_a_key_nothing_is_told() {
    let keyless = |id: &str| {
        let mut envelope = envelope("o1", open(1), id, WORDS);
        envelope.key = None;
        crate::common::bytes(&envelope)
    };
    let none = told(vec![
        Spec::default().copy(1, 0, None),
        said("o1", open(1), 1, WORDS),
        tick(open(1) + 4_000),
    ]);
    assert_eq!(none, []);
    let none = told(vec![with_prizes().copy(1, 0, None), keyless("1")]);
    assert_eq!(none, []);
}

#[test]
fn a_message_may_claim_in_every_campaign_that_had_begun_and_long_after_all() {
    let (first, second) = (with_prizes(), later());
    let end = second.start + 7_800;
    let days = 3 * 86_400;
    let found = told(vec![
        first.copy(1, 0, None),
        second.copy(1, 1, Some(0)),
        said("o1", T, 1, WORDS),
        said("o1", second.start + 5, 2, WORDS),
        said("o1", end + days, 3, WORDS),
        said("o1", end + days, 4, "今天天气好"),
        said("o1", first.start - 90_000, 5, WORDS),
    ]);
    let expected = [
        (2, claim(&first, "o1", T, 1, 0)),
        (3, claim(&first, "o1", second.start + 5, 2, 0)),
        (3, claim(&second, "o1", second.start + 5, 2, 0)),
        (4, claim(&first, "o1", end + days, 3, 0)),
        (4, claim(&second, "o1", end + days, 3, 0)),
    ];
    assert_eq!(found, expected);
    assert_ne!(found[1].1.code, found[2].1.code);
}

/// The words are those of the campaign that answers the message.
#[test]
fn the_word_for_claims_is_the_files() {
    let own = Spec {
        tables: "[claim]\nkeywords = [\"我中了\"]\n[[prize]]\nid = \"p\"\ntitle = \"p\"\nvalue_yuan = 1\nunits = 5\n\
                 [[award]]\nprize = \"p\"\nafter = \"each_round\"\nmode = \"fastest\"\nn = 1\n",
        ..Spec::default()
    };
    let found = told(vec![
        own.copy(1, 0, None),
        said("o1", open(1), 1, WORDS),
        said("o1", open(1), 2, "我中了 13800000000"),
    ]);
    assert_eq!(found, [(2, claim(&own, "o1", open(1), 2, 0))]);
}

/// Records with more claims of one fan than are told, an hour and another.
fn many() -> Vec<Vec<u8>> {
    let mut records = vec![with_prizes().copy(1, 0, None), tick(open(1))];
    for n in 0..60_u64 {
        let at = open(1) + i64::try_from(n).unwrap();
        records.push(said("o1", at, n, WORDS));
        records.push(said(&format!("o{}", n + 2), at, 100 + n, "A"));
        if n % 7 == 0 {
            records.push(tick(at));
        }
        if n == 10 {
            records.push(said("o2", at, 500, WORDS));
        }
    }
    records.push(tick(open(1) + 3_600));
    records.push(tick(open(1) + 3_601));
    records.push(tick(open(1) + 9_000));
    linked(records)
}

fn undisturbed() -> Arc<MemoryLog> {
    let log = log();
    fill(&log, &many());
    let mut stage = runner_on(&log, Store::Memory(MemoryStore::default()), 1_000);
    to_the_end(&mut stage);
    log
}

#[test]
fn of_one_fan_so_many_claims_are_told_whatever_he_sends() {
    let found = of(&undisturbed());
    let of_fan = |fan: &str| {
        let code = Hex(Entrants::new(b"fest").code(fan).0);
        found.iter().filter(|(_, claim)| claim.code == code).count()
    };
    assert_eq!((of_fan("o1"), of_fan("o2")), (usize::from(CLAIMS_MAX), 1));
    assert_eq!(found.len(), usize::from(CLAIMS_MAX) + 1);
    let mut book = Book::default();
    let (mut shelf, versions) = (MemoryShelf::default(), Versions::default());
    for value in many() {
        book.step(&value, &mut shelf, &versions, &mut Vec::new())
            .unwrap();
    }
    let counts = book.counts();
    assert_eq!((counts.claims, counts.claims_ignored), (21, 40));
}

#[test]
fn every_hour_it_is_told_that_no_earlier_claim_is_to_come() {
    let log = undisturbed();
    let passed = accepted(&log, "results").into_iter();
    let passed = passed.filter(|value| record::type_of(value).as_deref() == Some(PASSED));
    let ticks = passed.map(|value| serde_json::from_slice::<Passed>(&value).unwrap().tick);
    let ticks: Vec<i64> = ticks.collect();
    assert_eq!(ticks, [open(1), open(1) + 3_600, open(1) + 9_000]);
    // Without prizes nobody waits for it.
    let none = run(vec![Spec::default().copy(1, 0, None), tick(open(1))]);
    assert_eq!(accepted(&none, "results"), Vec::<Vec<u8>>::new());
}

#[test]
fn crashes_and_lost_states_tell_the_same_claims_once_v_5() {
    let whole = accepted(&undisturbed(), "results");
    let (crashed, store) = (log(), MemoryStore::default());
    // Fewer at a time than the last chunk has: each crash finds one batch done and another read.
    let stage = || runner_on(&crashed, Store::Memory(store.clone()), 8);
    for (turn, chunk) in many().chunks(25).enumerate() {
        fill(&crashed, chunk);
        let mut before = stage();
        before.turn();
        store.set_unwritable(true);
        assert!(matches!(before.turn(), Turn::Waiting(_)));
        store.set_unwritable(false);
        drop(before);
        if turn == 2 {
            store.wipe();
        }
        to_the_end(&mut stage());
    }
    assert_eq!(accepted(&crashed, "results"), whole);
}

#[test]
fn a_claim_that_could_not_be_read_is_told_when_it_is_put_back() {
    let spec = with_prizes();
    let message = said("o1", open(1), 1, WORDS);
    let found = told(vec![
        spec.copy(1, 0, None),
        unreadable(&message),
        put_back(&message),
        put_back(&message),
    ]);
    assert_eq!(found, [(2, claim(&spec, "o1", open(1), 1, 0))]);
}
