//! What the lint finds with normal forms (N-2, R-17), where, and that the shipped file is clean.

use crate::common::{FANFEST, START, compiled, with_question};
use campaign::{Problem, Severity};
use contest::check;

const QUESTION: &str =
    "text = \"?\"\nkind = \"single\"\noptions = { A = \"红米\", B = \"盒子\" }\nkey = [\"A\"]";

fn found(toml: &str) -> Vec<Problem> {
    check(toml, None)
}

/// The only problem of a file: its severity, line's text and message.
fn only(toml: &str) -> (Severity, String, String) {
    let problems = found(toml);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let line = problems[0].line.expect("a place");
    let at = toml
        .lines()
        .nth(line - 1)
        .expect("a line of the file")
        .to_owned();
    (problems[0].severity, at, problems[0].message.clone())
}

fn rule(id: &str, kind: &str, keyword: &str) -> String {
    format!(
        "[[rule]] # {id}\nid = \"{id}\"\nmatch = \"{kind}\"\nkeywords = [\"{keyword}\"]\ntemplates = [\"ok\"]\n"
    )
}

#[test]
fn the_shipped_campaign_is_clean() {
    assert_eq!(check(FANFEST, Some(START)), []);
    assert_eq!(
        check(FANFEST, Some(START + 90_000)).len(),
        1,
        "over the day after"
    );
}

/// nobody can wait for a beacon of 2013.
#[test]
fn a_rehearsal_of_the_past_cannot_be_l2() {
    let dear = FANFEST.replacen("level = \"L1\"", "level = \"L2\"", 1);
    let (severity, line, message) = only(&dear);
    assert_eq!(severity, Severity::Error);
    assert!(line.starts_with("level = \"L2\""), "{line}");
    assert!(
        message.contains("August 2023") && message.contains("can be L1"),
        "{message}"
    );
    let ours = dear.replace("2013-04-", "2026-04-");
    assert_eq!(check(&ours, None), []);
}

#[test]
fn two_options_of_one_normal_form_n_2() {
    let (severity, _, message) = only(&with_question(
        "text = \"?\"\nkind = \"single\"\noptions = { A = \"红米\", B = \"紅米！\" }\nkey = [\"A\"]",
        "",
    ));
    assert_eq!(severity, Severity::Error);
    assert!(
        message.contains("红米") && message.contains("option A"),
        "{message}"
    );
}

#[test]
fn an_option_that_reads_as_another_n_2() {
    let file = with_question(
        "text = \"?\"\nkind = \"single\"\noptions = { A = \"B\", B = \"……\" }\nkey = [\"A\"]",
        "",
    );
    let messages: Vec<String> = found(&file)
        .into_iter()
        .map(|problem| problem.message)
        .collect();
    assert!(
        messages
            .iter()
            .any(|m| m.contains("does not read as option A")),
        "{messages:?}"
    );
    assert!(
        messages.iter().any(|m| m.contains("nothing left")),
        "{messages:?}"
    );
}

#[test]
fn the_same_key_twice_r_17() {
    let two = rule("one", "exact", "发货") + &rule("two", "exact", "發 貨");
    let (severity, line, message) = only(&with_question(QUESTION, &two));
    assert_eq!(severity, Severity::Error);
    assert!(
        line.contains("發 貨") && message.contains("rule 'one'"),
        "{line}: {message}"
    );
    let apart = rule("one", "exact", "发货")
        + "state = [\"idle\"]\n"
        + &rule("two", "exact", "发货")
        + "state = [\"live\"]\n";
    assert_eq!(found(&with_question(QUESTION, &apart)), []);
}

#[test]
fn a_rule_that_is_never_reached_r_17() {
    let first = rule("wide", "contains", "发货") + "priority = 5\n";
    let (severity, line, message) = only(&with_question(
        QUESTION,
        &(first.clone() + &rule("narrow", "exact", "什么时候发货")),
    ));
    assert_eq!(severity, Severity::Error);
    assert!(
        line.contains("什么时候发货") && message.contains("rule 'wide'"),
        "{line}: {message}"
    );
    let half = first
        + "[[rule]]\nid = \"half\"\nmatch = \"exact\"\nkeywords = [\"发货了\", \"到了\"]\ntemplates = [\"ok\"]\n";
    let (severity, _, message) = only(&with_question(QUESTION, &half));
    assert_eq!(
        severity,
        Severity::Warning,
        "the other keyword is heard: {message}"
    );
}

#[test]
fn keywords_that_are_joins_or_answers_r_17() {
    let (severity, _, message) = only(&with_question(QUESTION, &rule("x", "exact", "ＧＯ")));
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("join"), "{message}");
    let (severity, _, message) = only(&with_question(QUESTION, &rule("x", "exact", "紅米")));
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("answer to round 1 (A)"), "{message}");
    let (severity, _, _) = only(&with_question(QUESTION, &rule("x", "contains", "红米")));
    assert_eq!(severity, Severity::Warning, "红米多少钱 is still heard");
    let (severity, _, message) = only(&with_question(QUESTION, "[join]\nkeywords = [\"盒子\"]\n"));
    assert_eq!(severity, Severity::Error);
    assert!(
        message.contains("is a join") || message.contains("is an answer"),
        "{message}"
    );
}

#[test]
fn keywords_without_a_form_and_bad_expressions_r_17() {
    let (severity, _, message) = only(&with_question(QUESTION, &rule("x", "exact", "！！")));
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("nothing left"), "{message}");
    for bad in ["(", "(a)\\\\1", "(a{1000}){1000}"] {
        let (severity, line, message) = only(&with_question(QUESTION, &rule("x", "regex", bad)));
        assert_eq!(severity, Severity::Error);
        assert!(
            line.contains("keywords = [") && message.contains("expression"),
            "{message}"
        );
    }
}

#[test]
fn problems_are_sorted_by_line() {
    let rules = rule("x", "exact", "go") + &rule("y", "exact", "！") + &rule("z", "exact", "红米");
    let lines: Vec<Option<usize>> = found(&with_question(QUESTION, &rules))
        .iter()
        .map(|problem| problem.line)
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn a_trial_tells_everything_an_operator_asks() {
    let trial = compiled(FANFEST).try_text("選Ａ！", START + 60);
    assert_eq!(trial.class.name(), "answer");
    assert_eq!(
        (trial.rule.as_str(), trial.template.as_str()),
        ("answer", "answer")
    );
    assert_eq!(
        (trial.plain.as_str(), trial.tight.as_str()),
        ("选a!", "选a")
    );
    assert!(trial.text.contains("收到：A（第1题"), "{}", trial.text);
    assert_eq!(trial.coalesce, "answer/1/A");
}
