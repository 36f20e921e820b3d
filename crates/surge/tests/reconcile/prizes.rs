//! Lists and awards of a sealed round, each with one defect planted.

use crate::made::START;
use crate::problem;
use crate::sealed::{
    AWARDS, DECISION, LIST, RESULT, TOML, award, code, publication, record, result, run, sha256,
};
use crate::texts::public;
use serde_json::{Value, json};

/// A later step with other members.
fn step(of: &Value, changes: &[(&str, Value)]) -> Value {
    let mut step = of.clone();
    for (key, value) in changes {
        step[*key] = value.clone();
    }
    step
}

#[test]
fn units_are_counted() {
    let mut run = run();
    run.control.push(award(2, "oC", 3, "declined"));
    let text = public(&run, RESULT, "第1轮中奖名单", &["oB"]);
    run.control.push(text);
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    let units = verdict.prizes["phone"];
    assert_eq!((units.given, units.held, units.returned), (2, 1, 1));
    let text = surge::reconcile::text::describe(&verdict);
    assert!(
        text.contains("prize phone: 2 units given, 1 with their winners, 1 returned"),
        "{text}"
    );
}

#[test]
fn the_list_stands_before_the_result_and_is_its_own() {
    let mut other = run();
    other.control[LIST]["count"] = json!(2);
    problem(&other.reconcile(), "round 1: count is ");
    // With another list the result is void, and a list of another decision is.
    let spoilt = [
        ("list", json!(sha256("other")), "sealed and has no result"),
        ("ctl", json!(2), "no list was published before the result"),
    ];
    for (key, wrong, said) in spoilt {
        let mut run = run();
        run.control[LIST][key] = wrong;
        problem(&run.reconcile(), said);
    }
    let mut late = run();
    let list = late.control[LIST].clone();
    late.control[LIST] = json!({"type": "copied", "v": 1, "through": 3});
    late.control.push(list);
    problem(&late.reconcile(), "no list was published before the result");
}

/// What is void for everyone changes nothing: a rival that repeats, a unit that is taken, a slot that is given, an award
/// that is none, another result, a step that does not follow.
#[test]
fn void_awards_are_void_here_too() {
    let first = award(1, "oB", 2, "awarded");
    let second = award(2, "oC", 3, "awarded");
    let void = [
        first.clone(),
        step(&first, &[("unit", json!(3)), ("attempt", json!(2))]),
        step(&second, &[("unit", json!(1)), ("attempt", json!(2))]),
        step(
            &first,
            &[("award", json!(sha256("other"))), ("unit", json!(3))],
        ),
        step(&first, &[("result", json!(4)), ("attempt", json!(2))]),
        award(2, "oC", 3, "claimed"),
        award(2, "oC", 3, "nothing"),
        step(&award(2, "oC", 3, "declined"), &[("unit", json!(1))]),
    ];
    for act in void {
        let mut run = run();
        run.control.push(act.clone());
        let verdict = run.reconcile();
        assert!(verdict.holds, "{act}: {:#?}", verdict.problems);
        let units = verdict.prizes["phone"];
        assert_eq!((units.given, units.held), (2, 2), "{act}");
    }
}

#[test]
fn units_go_to_whom_the_results_name() {
    let turn = format!("it is the turn of {} at place 2", code("oB"));
    let spoilt: [(&str, &[(&str, Value)]); 5] = [
        (&turn, &[("place", json!(1))]),
        ("while unit 1 was free", &[("unit", json!(2))]),
        (&turn, &[("code", json!(code("oA"))), ("place", json!(1))]),
        (&turn, &[("code", json!(code("oZ")))]),
        ("before the result was made", &[("at", json!(0))]),
    ];
    for (said, changes) in spoilt {
        let mut run = run();
        run.control[AWARDS] = step(&run.control[AWARDS], changes);
        problem(&run.reconcile(), said);
    }
}

#[test]
fn an_alternate_has_his_turn_only() {
    // The one of slot 1 declines; whoever follows stands below all three, and nobody does.
    let mut run = run();
    run.control.truncate(AWARDS + 1);
    run.control.push(award(1, "oB", 2, "declined"));
    let again = step(&award(1, "oC", 3, "awarded"), &[("attempt", json!(2))]);
    run.control.push(again);
    let verdict = run.reconcile();
    problem(&verdict, "for slot 1, but nobody is left who could have it");
}

#[test]
fn a_unit_waits_for_its_share_of_the_stock_to_be_released() {
    let at = "{ at = 2013-04-09T14:05:00+08:00, per_mille = 1000 }";
    let toml = TOML.replace("units = 5", &format!("units = 5\nrelease = [{at}]"));
    let mut run = run();
    run.control[1] = publication(1, &toml);
    run.control[DECISION]["sha256"] = sha256(&toml).into();
    let mut record = record();
    record["config"] = sha256(&toml).into();
    run.control[RESULT] = result(&record);
    let verdict = run.reconcile();
    assert!(verdict.holds, "{:#?}", verdict.problems);
    run.control[AWARDS]["at"] = (START + 299).into();
    problem(
        &run.reconcile(),
        "unit 1 of phone was given before its share was released",
    );
}

#[test]
fn a_log_in_which_nothing_was_given_is_found() {
    let mut run = run();
    run.control.truncate(AWARDS);
    let verdict = run.reconcile();
    for (fan, place, unit) in [("oB", 2, 1), ("oC", 3, 1)] {
        let fan = code(fan);
        problem(
            &verdict,
            &format!(
                "round 1: {fan} at place {place} must have unit {unit} of phone, and got none"
            ),
        );
    }
}

#[test]
fn a_unit_whose_secret_was_shown_goes_to_nobody_else() {
    let shown = step(&award(1, "oB", 2, "awarded"), &[("type", json!("shown"))]);
    let declined = [
        shown.clone(),
        award(1, "oB", 2, "declined"),
        award(2, "oC", 3, "declined"),
        step(
            &award(2, "oC", 3, "awarded"),
            &[("unit", json!(1)), ("attempt", json!(2))],
        ),
    ];
    // Without a secret there is nothing to be shown, and the unit is free again.
    let mut free = run();
    free.control.extend(declined);
    assert_eq!(free.reconcile().prizes["phone"].given, 3);
    let mut run = run();
    run.control.push(
        json!({"type": "stock", "v": 1, "campaign": "c", "prize": "phone", "units": [{"unit": 1}]}),
    );
    run.control.push(shown);
    run.control.push(award(1, "oB", 2, "declined"));
    let again = step(&award(1, "oB", 2, "awarded"), &[("attempt", json!(2))]);
    run.control.push(again);
    let verdict = run.reconcile();
    let units = verdict.prizes["phone"];
    assert_eq!(
        (units.given, units.returned),
        (2, 1),
        "the third gift is void"
    );
}
