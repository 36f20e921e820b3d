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

const TOML: &str = r#"
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

/// Offset of the result in control.
const RESULT: usize = 5;
/// Where the copy of the decision stands: behind everything.
const CUT: u64 = 9;

fn standings() -> (String, String) {
    let mut lines: Vec<(String, String)> = (0..)
        .zip(["oA", "oB", "oC"])
        .map(|(n, fan)| {
            let (code, at) = (code(fan), START + n);
            let bar = if fan == "oA" { ",\"bar\":\"excluded\"" } else { "" };
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

fn record() -> Value {
    let (standings, list) = standings();
    let secret: Vec<u8> = (0..32).collect();
    let root = Sha256::digest(Sha256::digest(&list));
    assert_eq!(root.len(), 32);
    let mut seed = Sha256::new();
    seed.update(b"spillway/seed/v1\0");
    seed.update(&secret);
    seed.update(Sha256::digest(&list));
    seed.update(4_u32.to_be_bytes());
    seed.update(b"none");
    let promised = Sha256::digest(&secret);
    let won = |slot: u32, place: u32, fan| json!({"slot": slot, "place": place, "code": code(fan)});
    json!({
        "type": "draw", "v": 1, "protocol": "draw_v1", "campaign": "c", "draw": "round-01",
        "config": sha256(TOML), "version": 1, "cut": [{"partition": 0, "offset": CUT}], "sealed_at": START + 336,
        "level": "L1", "ranking": "second_then_lot", "entrants": "answered",
        "commitment": {"chain": hex(&promised), "index": 1, "links": 2}, "s": hex(&secret),
        "beacon": null, "fallback": null, "corrects": null,
        "list": sha256(&list), "count": 3, "seed": hex(&seed.finalize()), "standings": sha256(&standings),
        "awards": [{"prize": "phone", "class": "phone", "mode": "fastest", "among": "correct", "n": 2,
            "winners": [won(1, 2, "oB"), won(2, 3, "oC")],
            "passed": [{"place": 1, "code": code("oA"), "reason": "excluded"}]}]
    })
}

fn result(record: &Value) -> Value {
    let bytes = format!("{record}\n");
    json!({
        "type": "result", "v": 1, "campaign": "c", "round": 1, "ctl": 3, "version": 1, "record_sha256": sha256(&bytes),
        "record": bytes, "standings": record["standings"], "list": record["list"],
        "entrants": 3, "answered": 3, "correct": 3, "at": START + 337
    })
}

/// The list of the draw, published before its secret.
fn list() -> Value {
    let (_, list) = standings();
    json!({"type": "list", "v": 1, "campaign": "c", "round": 1, "ctl": 3, "list": sha256(&list), "count": 3})
}

/// A step of the award of a slot, whose unit has its number.
pub(crate) fn award(slot: u64, fan: &str, place: u64, state: &str) -> Value {
    json!({
        "type": "award", "v": 1, "campaign": "c", "round": 1, "result": RESULT,
        "award": sha256(&format!("c\0round-01\01\0{slot}")), "prize": "phone", "unit": slot, "slot": slot,
        "attempt": 1, "place": place, "code": code(fan), "state": state, "at": START + 337
    })
}

/// A run that was sealed: [`Run::new`] with a control log and a manifest of its own campaign.
pub(crate) fn run() -> Run {
    let mut run = Run::new();
    let secret: Vec<u8> = (0..32).collect();
    run.control = vec![
        json!({"type": "campaign", "v": 1, "id": "c", "account": "mi", "version": 1, "toml": TOML, "sha256": sha256(TOML)}),
        json!({"type": "commitment", "v": 1, "campaign": "c", "root": hex(&Sha256::digest(&secret)), "links": 2}),
        json!({"type": "seal_req", "v": 1, "campaign": "c", "round": 1}),
        json!({"type": "seal_decided", "v": 1, "campaign": "c", "round": 1, "req": 2, "version": 1,
            "open": START, "close": START + 300, "at": START + 336}),
        list(),
        result(&record()),
        award(1, "oB", 2, "awarded"),
        award(2, "oC", 3, "awarded"),
        award(1, "oB", 2, "notified"),
    ];
    let copy = json!({"type": "copy", "v": 1, "ctl": 3, "act": run.control[3]});
    assert_eq!(run.accepted.len() as u64, CUT);
    run.accepted.push(copy.clone());
    run.inbound =
        vec![json!({"topic": "inbound", "partition": 0, "offset": CUT, "key": "", "value": copy})];
    let (standings, list) = self::standings();
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
        ("list", json!(sha256("other"))),
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
    let spoilt: [(&str, &str, Value); 9] = [
        ("/awards/0/winners/0/code", "awards", json!(code("oC"))),
        ("/awards/0/passed", "awards", json!([])),
        ("/seed", "seed", json!(sha256("other"))),
        ("/cut/0/offset", "cut", json!(CUT + 1)),
        ("/sealed_at", "sealed_at", json!(START)),
        ("/config", "config", json!(sha256("other"))),
        ("/count", "count", json!(2)),
        ("/level", "level", json!("L2")),
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

/// Q-17: each draw has one place in the chain, and nobody may choose another, or forget it.
#[test]
fn a_draw_takes_its_own_link_of_the_chain() {
    let of_draw = "round 1: the commitment is ";
    for (path, wrong) in [
        ("/commitment/index", json!(2)),
        ("/commitment/index", json!(0)),
        ("/commitment/links", json!(3)),
        ("/commitment/chain", json!(sha256("other"))),
        ("/commitment", Value::Null),
    ] {
        let (mut run, mut record) = (run(), record());
        *record.pointer_mut(path).unwrap() = wrong;
        run.control[RESULT] = result(&record);
        problem(&run.reconcile(), of_draw);
    }
    // The link of another draw: the operator knows them all.
    let mut run = self::run();
    let secret: Vec<u8> = (0..32).collect();
    run.control[1]["root"] = hex(&Sha256::digest(Sha256::digest(&secret))).into();
    let mut record = record();
    record["commitment"] = json!({"chain": run.control[1]["root"], "index": 2, "links": 2});
    run.control[RESULT] = result(&record);
    problem(&run.reconcile(), of_draw);
    problem(
        &run.reconcile(),
        "round 1: the secret is not the one committed to",
    );
}

/// A round that came when the chain was made already: nothing was committed to, and the record says L0.
#[test]
fn a_round_that_has_no_link_is_honest_about_it() {
    let mut run = run();
    run.control[1]["links"] = 1.into();
    problem(&run.reconcile(), "round 1: the commitment is ");
    let mut record = record();
    record["commitment"] = Value::Null;
    run.control[RESULT] = result(&record);
    problem(
        &run.reconcile(),
        "round 1: level is \"L1\" in the record, but must be \"L0\"",
    );
    record["level"] = "L0".into();
    run.control[RESULT] = result(&record);
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
}

#[test]
fn a_copy_that_stands_elsewhere_or_nowhere_is_found() {
    let mut run = run();
    run.inbound[0]["offset"] = 4.into();
    problem(
        &run.reconcile(),
        "partition 0 was cut at 9, but the copy in inbound stands at 4",
    );
    let mut run = self::run();
    run.accepted
        .insert(0, json!({"type": "copy", "v": 1, "ctl": 0, "act": {}}));
    run.accepted.pop();
    problem(&run.reconcile(), "partition 0 has no copy of its seal");
}

#[test]
fn what_came_after_the_seal_is_not_in_it_and_is_what_the_tallies_say() {
    // The last answer of oC comes behind the copy: it changes no first answer.
    let mut run = run();
    let copy = run.accepted.pop().unwrap();
    run.accepted.insert(5, copy);
    run.inbound[0]["offset"] = 5.into();
    let mut record = record();
    record["cut"][0]["offset"] = 5.into();
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
fn a_void_round_needs_no_result() {
    let mut run = run();
    run.control[RESULT] =
        json!({"type": "round", "v": 1, "campaign": "c", "round": 1, "verb": "void"});
    let verdict = run.reconcile();
    assert!(verdict.notes.contains(&"round 1 is void".to_owned()));
    assert!(
        !verdict
            .problems
            .iter()
            .any(|problem| problem.contains("no result"))
    );
}
