//! Lists and awards of a sealed round, each with one defect planted.

use crate::problem;
use crate::sealed::{award, code, run, sha256};
use serde_json::{Value, json};

/// Offset of the list in control, and of the first award.
const LIST: usize = 4;
const AWARDS: usize = 6;

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
    for (key, wrong) in [
        ("list", json!(sha256("other"))),
        ("count", json!(2)),
        ("ctl", json!(2)),
    ] {
        let mut run = run();
        run.control[LIST][key] = wrong;
        problem(&run.reconcile(), &format!("round 1: {key} is "));
    }
    let mut late = run();
    let list = late.control[LIST].clone();
    late.control[LIST] = json!({"type": "copied", "v": 1, "through": 3});
    problem(&late.reconcile(), "no list was published");
    late.control.push(list);
    problem(&late.reconcile(), "published after the result");
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
    let spoilt: [(&str, &[(&str, Value)]); 4] = [
        ("but won slot 1 at place 2", &[("place", json!(1))]),
        ("while unit 1 was free", &[("unit", json!(2))]),
        (
            "or cannot win phone",
            &[("code", json!(code("oA"))), ("place", json!(1))],
        ),
        ("is not at place 2", &[("code", json!(code("oZ")))]),
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
    problem(
        &run.reconcile(),
        "has slot 1 at place 3, but won slot 2 at place 3",
    );
}

#[test]
fn a_unit_whose_secret_was_shown_goes_to_nobody_else() {
    let mut run = run();
    let shown = step(&award(1, "oB", 2, "awarded"), &[("type", json!("shown"))]);
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
