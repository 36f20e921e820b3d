//! Every kind of record that a coordinator appends is met by an enumeration of its deaths: the kinds are asked of the schemas
//! themselves, so that a new one has to be enumerated too.

use super::seals::{Played, undisturbed};
use super::{PARTITIONS, at_once, claims, correct, dear, evening, seals, stock};
use msglog::memory::MemoryLog;
use record::acts::Act;
use record::inband::{COPY, RETRY, TICK};
use record::operate::RuleVerb;
use record::rounds::{RoundVerb, UnitState};
use record::topics::{CONTROL, INBOUND};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is enumerated, each with its own test.
const ENUMERATED: [Played; 7] = [
    seals::PLAYED,
    evening::PLAYED,
    dear::PLAYED,
    correct::PLAYED,
    stock::PLAYED,
    claims::PLAYED,
    at_once::PLAYED,
];

/// Said by nodes and by consumers, never by a coordinator.
const OF_OTHERS: [&str; 5] = ["hello", "bye", "progress", "seal_ack", "continued"];
/// What of these a coordinator appends is told apart further.
const DIVIDED: [&str; 5] = ["round", "award", "rule", "beacon", "result"];

/// The names that a schema knows: it lists them where it meets another.
fn names<T>(of_another: serde_json::Result<T>) -> Vec<String> {
    let refused = of_another.err().map(|error| error.to_string());
    let refused = refused.expect("no schema knows it");
    let (_, known) = refused.split_once("expected one of ").unwrap_or_else(|| {
        let expected = refused.split_once("expected ");
        expected.unwrap_or_else(|| panic!("{refused}"))
    });
    known
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Every kind that a coordinator may append.
fn all() -> BTreeSet<String> {
    let acts = names(serde_json::from_str::<Act>(r#"{"type":"?"}"#));
    for name in OF_OTHERS.iter().chain(&DIVIDED) {
        assert!(acts.iter().any(|act| act == name), "no act {name}");
    }
    let whole = |name: &String| !OF_OTHERS.contains(&&**name) && !DIVIDED.contains(&&**name);
    let mut all: BTreeSet<String> = acts.into_iter().filter(whole).collect();
    for (act, parts) in [
        ("round", names(serde_json::from_str::<RoundVerb>("\"?\""))),
        ("award", names(serde_json::from_str::<UnitState>("\"?\""))),
        ("rule", names(serde_json::from_str::<RuleVerb>("\"?\""))),
    ] {
        assert!(parts.len() > 1, "{act}: {parts:?}");
        all.extend(parts.iter().map(|part| format!("{act} {part}")));
    }
    let more = [
        "result first",
        "result corrects",
        "beacon value",
        "beacon without",
    ];
    let inbound = [TICK, COPY, RETRY];
    all.extend(more.iter().chain(&inbound).map(|&kind| kind.to_owned()));
    all
}

fn kind(record: &Value) -> String {
    let name = |field: &str| record[field].as_str().unwrap_or("").to_owned();
    let is = |field: &str, then: &str, otherwise: &str| {
        let given = record.get(field).is_some();
        (if given { then } else { otherwise }).to_owned()
    };
    let part = match name("type").as_str() {
        "round" | "rule" => name("verb"),
        "award" => name("state"),
        "result" => is("corrects", "corrects", "first"),
        "beacon" => is("value", "value", "without"),
        _ => return name("type"),
    };
    format!("{} {part}", name("type"))
}

fn appended(log: &MemoryLog) -> BTreeSet<String> {
    let places = (0..PARTITIONS).map(|partition| (INBOUND, partition));
    let places = places.chain([(CONTROL, 0)]);
    let records = places.flat_map(|(topic, partition)| log.read_all(topic, partition).unwrap());
    let kinds = records.filter_map(|stored| {
        // What woke a follower is no record.
        let record: Value = serde_json::from_slice(&stored.value).ok()?;
        Some(kind(&record))
    });
    kinds.filter(|kind| !OF_OTHERS.contains(&&**kind)).collect()
}

#[test]
fn every_kind_of_record_is_met_by_an_enumeration() {
    let mut met = BTreeSet::new();
    for played in &ENUMERATED {
        met.extend(appended(&undisturbed(played).0));
    }
    assert_eq!(met, all());
}
