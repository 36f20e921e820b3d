//! Runs whose round was sealed and has a result, written by hand, each with one defect planted.

use crate::made::{Run, START};
use crate::problem;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Entrant code under a salt that is shorter than a block.
pub(crate) fn code(fan: &str) -> String {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block
            .iter_mut()
            .zip(b"demo-salt")
            .for_each(|(pad, salt)| *pad ^= salt);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], fan.as_bytes()].concat());
    hex(&Sha256::digest([&pad(0x5c)[..], &inner[..]].concat())[..16])
}

pub(crate) const TOML: &str = r#"
id = "c"
title = "t"
account = "mi"
terms = "t"
start = 2013-04-09T13:50:00+08:00
end = 2013-04-09T16:10:00+08:00
[join]
policy = "none"
[score]
speed = false
[draw]
level = "L1"
salt = "demo-salt"
[[prize]]
id = "phone"
title = "t"
kind = "code"
value_yuan = 9
units = 5
[[award]]
prize = "phone"
after = "each_round"
mode = "fastest"
n = 2
[eligible]
exclude = ["oA"]
[[round]]
number = 1
open = 2013-04-09T14:00:00+08:00
close = 2013-04-09T14:05:00+08:00
[round.question]
text = "?"
kind = "single"
options = { A = "x", B = "y" }
key = ["A"]
[slots]
join = "t"
answer = "t"
wrong_format = "t"
late = "t"
early = "t"
neutral = "t"
not_started = "t"
between_rounds = "t"
after_end = "t"
subscribe = "t"
media = "t"
question = "t"
default = "t"
[templates]
t = "收到"
"#;

/// Offsets in control: the request, the decision, the list, the result and the first award.
pub(crate) const REQUEST: usize = 3;
pub(crate) const DECISION: usize = 4;
pub(crate) const LIST: usize = 5;
pub(crate) const RESULT: usize = 6;
pub(crate) const AWARDS: usize = 7;
/// Where the copy of the decision stands: behind everything.
const CUT: u64 = 10;

/// The standings file of the round where this fan is excluded, and its list.
pub(crate) fn standings(excluded: &str) -> (String, String) {
    let mut lines: Vec<(String, String)> = (0..)
        .zip(["oA", "oB", "oC"])
        .map(|(n, fan)| {
            let (code, at) = (code(fan), START + n);
            let bar = if fan == excluded { ",\"bar\":\"excluded\"" } else { "" };
            let line = format!(
                "{{\"answer\":\"A\",\"answered\":1,\"at\":{at}{bar},\"code\":\"{code}\",\"correct\":1,\"elapsed\":{n},\
                 \"first\":{at},\"joined\":{at},\"points\":1000}}\n"
            );
            (code, line)
        })
        .collect();
    lines.sort();
    let list: String = lines.iter().map(|(code, _)| format!("{code}\n")).collect();
    (lines.into_iter().map(|(_, line)| line).collect(), list)
}

pub(crate) fn record() -> Value {
    let won = |slot: u32, place: u32, fan| json!({"slot": slot, "place": place, "code": code(fan)});
    let winners = json!([won(1, 2, "oB"), won(2, 3, "oC")]);
    record_of((1, TOML), "oA", winners, 1)
}

/// The record of a version by which this fan is excluded at this place.
pub(crate) fn record_of(
    (version, toml): (u64, &str),
    excluded: &str,
    winners: Value,
    place: u32,
) -> Value {
    let (standings, list) = standings(excluded);
    let secret: Vec<u8> = (0..32).collect();
    let mut seed = Sha256::new();
    seed.update(b"spillway/seed/v1\0");
    seed.update(&secret);
    seed.update(Sha256::digest(&list));
    seed.update(4_u32.to_be_bytes());
    seed.update(b"none");
    let promised = Sha256::digest(&secret);
    json!({
        "type": "draw", "v": 1, "protocol": "draw_v1", "campaign": "c", "draw": "round-01",
        "config": sha256(toml), "version": version, "cut": [{"partition": 0, "offset": CUT}], "sealed_at": START + 336,
        "level": "L1", "ranking": "second_then_lot", "entrants": "answered",
        "listed_at": START + 337, "commitment": {"chain": hex(&promised), "index": 1, "links": 2}, "s": hex(&secret),
        "beacon": null, "fallback": null, "corrects": null,
        "list": sha256(&list), "count": 3, "seed": hex(&seed.finalize()), "standings": sha256(&standings),
        "awards": [{"prize": "phone", "class": "phone", "mode": "fastest", "among": "correct", "n": 2,
            "winners": winners, "passed": [{"place": place, "code": code(excluded), "reason": "excluded"}]}]
    })
}

pub(crate) fn result(record: &Value) -> Value {
    let bytes = format!("{record}\n");
    json!({
        "type": "result", "v": 1, "campaign": "c", "round": 1, "ctl": DECISION, "version": record["version"],
        "record_sha256": sha256(&bytes), "record": bytes, "standings": record["standings"], "list": record["list"],
        "entrants": 3, "answered": 3, "correct": 3, "at": START + 337
    })
}

/// A publication of a file.
pub(crate) fn publication(version: u64, toml: &str) -> Value {
    json!({"type": "campaign", "v": 1, "id": "c", "account": "mi", "version": version, "expect_version": version - 1,
        "toml": toml, "sha256": sha256(toml)})
}

/// The list of the draw, published before its secret.
fn list() -> Value {
    let (_, list) = standings("oA");
    json!({"type": "list", "v": 1, "campaign": "c", "round": 1, "ctl": DECISION, "list": sha256(&list), "count": 3,
        "at": START + 337})
}

/// Id of a slot of the award at a place in the file.
pub(crate) fn award_id(place: u64, slot: u64) -> String {
    sha256(&["c", "round-01", &place.to_string(), &slot.to_string()].join("\0"))
}

/// A step of the award of a slot, whose unit has its number.
pub(crate) fn award(slot: u64, fan: &str, place: u64, state: &str) -> Value {
    json!({
        "type": "award", "v": 1, "campaign": "c", "round": 1, "result": RESULT,
        "award": award_id(1, slot), "prize": "phone", "unit": slot, "slot": slot,
        "attempt": 1, "place": place, "code": code(fan), "state": state, "at": START + 337
    })
}

/// A run that was sealed: [`Run::new`] with a control log and a manifest of its own campaign.
pub(crate) fn run() -> Run {
    let mut run = Run::new();
    let secret: Vec<u8> = (0..32).collect();
    run.control = vec![
        json!({"type": "hello", "v": 1, "node": "n1", "boot": "b1", "roles": ["ingress"], "admin": ""}),
        publication(1, TOML),
        json!({"type": "commitment", "v": 1, "campaign": "c", "root": hex(&Sha256::digest(&secret)), "links": 2}),
        json!({"type": "seal_req", "v": 1, "campaign": "c", "round": 1, "members": ["n1"], "at": START + 335}),
        json!({"type": "seal_decided", "v": 1, "campaign": "c", "round": 1, "req": REQUEST, "version": 1,
            "sha256": sha256(TOML), "open": START, "close": START + 300, "members": ["n1"], "at": START + 336}),
        list(),
        result(&record()),
        award(1, "oB", 2, "awarded"),
        award(2, "oC", 3, "awarded"),
        award(1, "oB", 2, "notified"),
    ];
    run.progress =
        vec![json!({"type": "seal_ack", "v": 1, "node": "n1", "boot": "b1", "ctl": REQUEST})];
    run.accepted
        .push(json!({"type": "tick", "v": 1, "t": START + 336}));
    let copy = json!({"type": "copy", "v": 1, "ctl": DECISION, "act": run.control[DECISION]});
    assert_eq!(run.accepted.len() as u64, CUT);
    run.accepted.push(copy.clone());
    run.inbound =
        vec![json!({"topic": "inbound", "partition": 0, "offset": CUT, "key": "", "value": copy})];
    let (standings, list) = self::standings("oA");
    run.manifest["campaign"]["sha256"] = sha256(TOML).into();
    let round = &mut run.manifest["rounds"][0];
    round["entrants"] = 3.into();
    round["list"] = sha256(&list).into();
    round["standings"] = sha256(&standings).into();
    let outside = json!({"round": null, "messages": 0, "joins": 0, "answers": {}, "lines": 0, "correct": 0,
        "wrong_format": 0, "sum": format!("{:032x}", 0), "classes": {}});
    run.manifest["rounds"].as_array_mut().unwrap().push(outside);
    run
}

#[test]
fn a_sealed_round_whose_result_is_right_holds() {
    let verdict = run().reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert!(verdict.notes.is_empty(), "{:?}", verdict.notes);
    let drawn = &verdict.results[0];
    assert_eq!(
        (drawn.round, drawn.entrants.found, drawn.late_after_seal),
        (Some(1), 3, 0)
    );
    assert!(drawn.standings.agrees() && drawn.list.agrees());
    let text = surge::reconcile::text::describe(&verdict);
    assert!(text.contains("result of round 1: 3 entrants"), "{text}");
}

#[test]
fn a_log_without_results_says_so_and_a_sealed_round_without_one_is_found() {
    let verdict = Run::new().reconcile();
    assert!(verdict.holds && verdict.notes.contains(&"no results in this log".to_owned()));
    let mut run = run();
    run.control.truncate(RESULT);
    problem(&run.reconcile(), "round 1 is sealed and has no result");
}

#[test]
fn digests_and_counts_of_a_result_are_recomputed() {
    for (field, wrong) in [
        ("standings", json!(sha256("other"))),
        ("entrants", json!(4)),
        ("answered", json!(2)),
        ("correct", json!(0)),
    ] {
        let mut run = run();
        run.control[RESULT][field] = wrong;
        let verdict = run.reconcile();
        problem(&verdict, &format!("round 1: {field} "));
        problem(&verdict, "but the recording gives");
    }
}

#[test]
fn the_manifest_of_the_same_file_must_say_the_same() {
    let mut run = run();
    run.manifest["rounds"][0]["correct"] = 2.into();
    problem(
        &run.reconcile(),
        "round 1: correct 3 in the result, but the manifest says 2",
    );
    let mut other = self::run();
    other.manifest["campaign"]["sha256"] = "00".into();
    let verdict = other.reconcile();
    assert!(verdict.holds && verdict.notes[0].contains("published anew"));
}

#[test]
fn winners_and_every_field_of_the_record_are_recomputed() {
    let spoilt: [(&str, &str, Value); 11] = [
        ("/awards/0/winners/0/code", "awards", json!(code("oC"))),
        ("/awards/0/passed", "awards", json!([])),
        ("/seed", "seed", json!(sha256("other"))),
        ("/protocol", "protocol", json!("draw_v2")),
        ("/cut/0/offset", "cut", json!(CUT + 1)),
        ("/sealed_at", "sealed_at", json!(START)),
        ("/config", "config", json!(sha256("other"))),
        ("/count", "count", json!(2)),
        ("/level", "level", json!("L2")),
        ("/listed_at", "listed_at", json!(START + 336)),
        ("/s", "seed", json!(sha256("other"))),
    ];
    for (path, field, wrong) in spoilt {
        let (mut run, mut record) = (run(), record());
        *record.pointer_mut(path).unwrap() = wrong;
        run.control[RESULT] = result(&record);
        let verdict = run.reconcile();
        problem(&verdict, &format!("round 1: {field} is "));
        assert_eq!(
            path == "/s",
            verdict
                .problems
                .iter()
                .any(|p| p.contains("not the one committed to")),
            "{path}"
        );
    }
}

#[test]
fn a_copy_that_stands_elsewhere_or_nowhere_is_found() {
    let mut run = run();
    run.inbound[0]["offset"] = 4.into();
    problem(
        &run.reconcile(),
        "partition 0 was cut at 10, but the copy in inbound stands at 4",
    );
    let mut run = self::run();
    run.accepted
        .insert(0, json!({"type": "copy", "v": 1, "ctl": 1, "act": {}}));
    run.accepted.pop();
    problem(&run.reconcile(), "partition 0 has no copy of its seal");
}

#[test]
fn what_came_after_the_seal_is_not_in_it_and_is_what_the_tallies_say() {
    // The last answer of oC comes behind the copy: it changes no first answer.
    let mut run = run();
    for place in [5, 5] {
        let last = run.accepted.pop().unwrap();
        run.accepted.insert(place, last);
    }
    run.inbound[0]["offset"] = 6.into();
    let mut record = record();
    record["cut"][0]["offset"] = 6.into();
    run.control[RESULT] = result(&record);
    problem(
        &run.reconcile(),
        "count 0 messages after the seal, but 1 stand behind its cut",
    );
    for tally in &mut run.results {
        let last = tally["partition"] == 0 && tally["value"]["lines"] == 2;
        tally["value"]["late_after_seal"] = u64::from(last).into();
    }
    let verdict = run.reconcile();
    let of_the_seal = |line: &String| line.contains("round 1: ");
    assert!(
        !verdict.problems.iter().any(of_the_seal),
        "{:?}",
        verdict.problems
    );
    assert!(
        verdict
            .notes
            .iter()
            .any(|note| note.contains("1 messages came after the seal"))
    );
    assert_eq!(verdict.results[0].late_after_seal, 1);
}

#[test]
fn a_void_round_needs_no_result_and_can_have_none() {
    let void = json!({"type": "round", "v": 1, "campaign": "c", "round": 1, "verb": "void", "at": START + 337});
    let mut run = run();
    run.control[RESULT] = void.clone();
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert!(verdict.notes.contains(&"round 1 is void".to_owned()));
    // Before its result: what follows holds no more, and nobody gets anything. Behind it, the act is void.
    run.control = self::run().control;
    run.control.insert(RESULT, void.clone());
    let verdict = run.reconcile();
    assert!(verdict.holds && verdict.results.is_empty() && verdict.prizes.is_empty());
    run.control = self::run().control;
    run.control.push(void);
    let verdict = run.reconcile();
    assert!(verdict.holds && verdict.results.len() == 1);
    assert!(
        verdict.notes[0].contains("offset 10, round: the round is void, or has a result"),
        "{:?}",
        verdict.notes
    );
}
