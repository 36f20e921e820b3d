//! A round that was corrected after its units were given: another version excludes another fan, over the same cut and
//! with the same lots.

use crate::made::{Run, START};
use crate::problem;
use crate::sealed::{
    AWARDS, DECISION, RESULT, TOML, award, award_id, code, publication, record, record_of, result,
    run, sha256, standings,
};
use crate::texts::public;
use serde_json::{Value, json};

/// Offset of the correction.
const CORRECTION: usize = RESULT + 6;

fn other(policy: &str) -> String {
    let toml = TOML.replace("exclude = [\"oA\"]", "exclude = [\"oB\"]");
    format!("correction = \"{policy}\"\n{toml}")
}

/// The run, and behind it a version by which oB was excluded all the time, and what it makes of the round.
fn corrected(policy: &str) -> Run {
    let mut run = run();
    let toml = other(policy);
    let (file, _) = standings("oB");
    run.control.push(publication(2, &toml));
    run.control.push(
        json!({"type": "standings", "v": 1, "campaign": "c", "round": 1, "digest": sha256(&file),
        "chunk": 0, "of": 1, "standings": file}),
    );
    run.control.push(correction(&toml));
    assert_eq!(run.control.len(), CORRECTION + 1);
    run
}

fn correction(toml: &str) -> Value {
    let won = |slot: u32, place: u32, fan| json!({"slot": slot, "place": place, "code": code(fan)});
    let winners = json!([won(1, 1, "oA"), won(2, 3, "oC")]);
    let mut corrected = record_of((2, toml), "oB", winners, 2);
    let before = format!("{}\n", record());
    corrected["corrects"] = sha256(&before).into();
    let mut result = result(&corrected);
    result["corrects"] = RESULT.into();
    (result["actor"], result["reason"]) = ("ann".into(), "staff".into());
    result
}

/// A step of what the correction asks for.
fn given(slot: u64, fan: &str, place: u64, members: &[(&str, Value)]) -> Value {
    let mut step = award(slot, fan, place, "awarded");
    step["result"] = CORRECTION.into();
    for (key, value) in members {
        step[*key] = value.clone();
    }
    step
}

fn holds(run: &Run) {
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert!(verdict.results[0].standings.agrees());
}

#[test]
fn who_was_announced_keeps_and_the_rightful_one_gets_of_the_reserve() {
    let toml = TOML.replace("units = 5", "units = 5\nreserve = 1");
    let with_reserve = |run: &mut Run| {
        let toml = other("keep_announced").replace("units = 5", "units = 5\nreserve = 1");
        run.control[CORRECTION - 2] = publication(2, &toml);
        run.control[CORRECTION] = correction(&toml);
    };
    assert!(toml.contains("reserve"));
    let mut run = corrected("keep_announced");
    with_reserve(&mut run);
    let owed = format!(
        "{} must have unit 5 of phone of the reserve, and got none",
        code("oA")
    );
    problem(&run.reconcile(), &owed);
    run.control.push(given(3, "oA", 1, &[("unit", json!(5))]));
    holds(&run);
    // On a slot of its own, of the reserve, and for him alone.
    for (slot, fan, place, unit) in [(4, "oA", 1, 5), (3, "oB", 2, 5)] {
        run.control.pop();
        run.control
            .push(given(slot, fan, place, &[("unit", json!(unit))]));
        assert!(!run.reconcile().holds, "{slot} {fan}");
    }
    // Without a reserve nothing is owed.
    holds(&corrected("keep_announced"));
}

#[test]
fn who_was_not_told_is_replaced() {
    let mut run = corrected("replace");
    // oB was told: he keeps his unit, and oA has none.
    holds(&run);
    run.control.remove(AWARDS + 2);
    run.control
        .insert(AWARDS + 2, json!({"type": "copied", "v": 1, "through": 4}));
    problem(
        &run.reconcile(),
        "keeps a unit of phone that the correction takes back",
    );
    run.control.push(award(1, "oB", 2, "revoked"));
    let owed = format!(
        "{} at place 1 must have unit 1 of phone, and got none",
        code("oA")
    );
    problem(&run.reconcile(), &owed);
    run.control
        .push(given(1, "oA", 1, &[("attempt", json!(2))]));
    holds(&run);
    // From oC, who wins still, nobody takes anything.
    run.control.push(award(2, "oC", 3, "revoked"));
    problem(
        &run.reconcile(),
        "neither a correction nor an operator did it",
    );
}

#[test]
fn under_void_nothing_is_given_any_more() {
    let mut run = corrected("void");
    problem(
        &run.reconcile(),
        &format!("{} keeps a unit of phone", code("oC")),
    );
    run.control.push(award(2, "oC", 3, "revoked"));
    let text = public(&run, CORRECTION, "【更正】第1轮结果作废", &["oB"]);
    run.control.push(text);
    holds(&run);
    run.control
        .push(given(2, "oC", 3, &[("attempt", json!(2))]));
    problem(
        &run.reconcile(),
        "the draw was corrected and gives nothing any more",
    );
}

#[test]
fn a_correction_is_judged_by_its_own_file_with_the_first_lots() {
    let spoilt: [(&str, &str, Value); 5] = [
        ("/corrects", "corrects", json!(sha256("other"))),
        ("/version", "version", json!(1)),
        ("/awards/0/winners/0/code", "awards", json!(code("oB"))),
        ("/count", "count", json!(2)),
        ("/s", "s", json!(sha256("other"))),
    ];
    let toml = other("replace");
    for (path, field, wrong) in spoilt {
        let mut run = corrected("replace");
        let act = correction(&toml);
        let mut record: Value = serde_json::from_str(act["record"].as_str().unwrap()).unwrap();
        *record.pointer_mut(path).unwrap() = wrong;
        let mut other = result(&record);
        (other["corrects"], other["version"]) = (RESULT.into(), 2.into());
        run.control[CORRECTION] = other;
        problem(&run.reconcile(), &format!("round 1: {field} is "));
    }
}

#[test]
fn a_correction_needs_its_standings() {
    let mut run = corrected("replace");
    run.control[CORRECTION - 1]["standings"] = "{}\n".into();
    problem(
        &run.reconcile(),
        "the standings in control are not those that the correction names",
    );
    let mut run = corrected("replace");
    run.control[CORRECTION - 1]["of"] = 2.into();
    let verdict = run.reconcile();
    assert!(
        verdict.holds,
        "the first result stands: {:#?}",
        verdict.problems
    );
    assert!(
        verdict.notes[0].contains("its standings are not in the log"),
        "{:?}",
        verdict.notes
    );
    let mut run = corrected("replace");
    run.control[CORRECTION]["corrects"] = 2.into();
    assert!(run.reconcile().notes[0].contains("another result stands"));
    assert!(run.control[CORRECTION]["at"].as_i64() > Some(START));
}

/// What a fan can have is said by the version in force when he gets it: a later one takes nothing back, and no result
/// was made by it.
#[test]
fn a_version_that_lets_fans_have_less_changes_nothing_that_was_given() {
    let tv = "[[prize]]\nid = \"tv\"\ntitle = \"v\"\nvalue_yuan = 9\nunits = 1\n\
        [[award]]\nprize = \"tv\"\nafter = \"each_round\"\nmode = \"fastest\"\nn = 1\n[eligible]";
    let many = TOML.replace("[eligible]", &format!("{tv}\none_prize_per = \"nothing\""));
    let one = many.replace("\"nothing\"", "\"campaign\"");
    let mut record = record();
    record["config"] = sha256(&many).into();
    let barred = json!({"place": 1, "code": code("oA"), "reason": "excluded"});
    let tv = json!({"prize": "tv", "class": "tv", "mode": "fastest", "among": "correct", "n": 1,
        "winners": [{"slot": 1, "place": 2, "code": code("oB")}], "passed": [barred]});
    record["awards"].as_array_mut().unwrap().push(tv);
    let mut run = run();
    run.control[1] = publication(1, &many);
    run.control[DECISION]["sha256"] = sha256(&many).into();
    run.control[RESULT] = result(&record);
    let mut second = award(1, "oB", 2, "awarded");
    (second["prize"], second["award"]) = ("tv".into(), award_id(2, 1).into());
    run.control.push(second.clone());
    run.control.push(publication(2, &one));
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    assert_eq!(verdict.prizes["tv"].held, 1);
    // Behind it, the fan cannot get a second prize.
    run.control.remove(run.control.len() - 2);
    run.control.push(second);
    assert!(!run.reconcile().prizes.contains_key("tv"));
}
