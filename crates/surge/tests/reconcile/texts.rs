//! Public texts of a sealed round, each with one defect planted.

use crate::made::{Run, START};
use crate::problem;
use crate::sealed::{RESULT, award, code, run};
use serde_json::{Value, json};

/// When the text of the run may come: a minute after the award of the winner who was not told.
const FROM: i64 = START + 337 + 60;

fn tail(fan: &str) -> String {
    code(fan)[26..].to_owned()
}

/// The public text of a result of the run that names these fans.
pub(crate) fn public(run: &Run, result: usize, head: &str, fans: &[&str]) -> Value {
    let record = run.control[result]["record_sha256"].as_str().unwrap();
    let names = match fans {
        [] => "暂无".to_owned(),
        _ => fans
            .iter()
            .map(|fan| tail(fan))
            .collect::<Vec<_>>()
            .join("、"),
    };
    let text = format!("{head}\n记录 round-01 sha256 {record}\nt：{names}；无人递补1份");
    json!({"type": "announcement", "v": 1, "campaign": "c", "round": 1, "result": result, "text": text, "at": FROM})
}

fn announcement(run: &Run, at: i64, change: impl FnOnce(String) -> String) -> Value {
    let mut text = public(run, RESULT, "第1轮中奖名单", &["oB", "oC"]);
    text["text"] = change(text["text"].as_str().unwrap().to_owned()).into();
    text["at"] = at.into();
    text
}

fn told(at: i64, change: impl FnOnce(String) -> String) -> Run {
    let mut run = run();
    let text = announcement(&run, at, change);
    run.control.push(text);
    run.accepted
        .push(json!({"type": "tick", "v": 1, "t": at.max(FROM)}));
    run
}

type Change = fn(String) -> String;

#[test]
fn a_text_names_those_who_have_units() {
    let verdict = told(FROM, |text| text).reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    let named = "names";
    let spoilt: [(&str, Change); 6] = [
        (named, |text| text.replace(&tail("oC"), &tail("oA"))),
        (named, |text| text.replace(&tail("oC"), &code("oC"))),
        ("who somebody is", |text| text.replace(&tail("oC"), "oC")),
        ("does not name the record", |text| {
            let (head, rest) = text.split_once("sha256 ").unwrap();
            format!("{head}{}", &rest[64..])
        }),
        ("tell a correction", |text| format!("【更正】{text}")),
        ("says nothing of phone", |text| {
            text.lines().take(2).collect::<Vec<_>>().join("\n")
        }),
    ];
    for (said, change) in spoilt {
        problem(&told(FROM, change).reconcile(), said);
    }
}

#[test]
fn a_text_waits_for_those_who_were_not_told() {
    problem(
        &told(FROM - 1, |text| text).reconcile(),
        "before the winner was told",
    );
    // Both were told by private notice.
    let mut early = told(FROM - 1, |text| text);
    let text = early.control.pop().unwrap();
    early.control.extend([award(2, "oC", 3, "notified"), text]);
    let verdict = early.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
}

#[test]
fn a_text_that_is_missing_or_old_is_found() {
    let mut none = told(FROM, |text| text);
    none.control.pop();
    problem(&none.reconcile(), "no public text tells of the result");
    let mut old = told(FROM, |text| text);
    old.control.push(award(2, "oC", 3, "declined"));
    problem(&old.reconcile(), "the last public text is not up to date");
    let mut void = told(FROM, |text| text);
    void.control.last_mut().unwrap()["result"] = 1.into();
    problem(&void.reconcile(), "no public text tells of the result");
}

#[test]
fn a_unit_comes_back_when_its_time_is_over_and_not_before() {
    let day = 24 * 3600;
    let expired = |at: i64| {
        let mut run = told(FROM, |text| text);
        let mut step = award(1, "oB", 2, "expired");
        step["at"] = at.into();
        run.control.push(step);
        let text = announcement(&run, at, |text| {
            text.replace(&format!("{}、", tail("oB")), "")
        });
        run.control.push(text);
        run.accepted.push(json!({"type": "tick", "v": 1, "t": at}));
        run.reconcile()
    };
    // He was told by the notice, at 337; the other one by the text.
    let over = START + 337 + 2 * day;
    let verdict = expired(over);
    assert!(verdict.holds, "{:#?}", verdict.problems);
    problem(
        &expired(over - 1),
        &format!("but its winner had until {over}"),
    );
    // Nobody forgets it either, an hour and two minutes after.
    let mut forgotten = told(FROM, |text| text);
    forgotten
        .accepted
        .push(json!({"type": "tick", "v": 1, "t": FROM + 2 * day + 3_720}));
    let verdict = forgotten.reconcile();
    problem(
        &verdict,
        &format!(
            "slot 2 of phone was not claimed by {}, and its unit did not come back",
            FROM + 2 * day
        ),
    );
}

/// What a winner wrote claims his unit only in its time; a step that says so all the same is void, and the unit comes
/// back as if nobody had claimed it.
#[test]
fn a_claim_out_of_its_time_is_void() {
    // He was told by the notice, at 337.
    let given = START + 337;
    let over = given + 2 * 24 * 3600;
    for (sent, tick, actor, holds) in [
        (over - 1, over + 34, "", true),
        (given, given, "", true),
        (over, over, "", false),
        (over - 1, over + 35, "", false),
        (given - 1, given, "", false),
        (given, given, "ann", false),
    ] {
        let mut run = told(FROM, |text| text);
        let mut claimed = award(1, "oB", 2, "claimed");
        claimed["claim"] = json!({"partition": 0, "offset": 9, "create_time": sent, "tick": tick});
        claimed["actor"] = actor.into();
        let mut expired = award(1, "oB", 2, "expired");
        expired["at"] = (over + 40).into();
        run.control.extend([claimed, expired]);
        let units = run.reconcile().prizes["phone"];
        let returned = if holds { 0 } else { 1 };
        assert_eq!(
            (units.given, units.returned),
            (2, returned),
            "{sent} {tick} {actor}"
        );
    }
}
