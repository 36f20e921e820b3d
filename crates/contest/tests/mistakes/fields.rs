//! Each field of each shipped campaign, spoilt in every way that concerns it alone.

use crate::file::{Field, SHIPPED, fields, is_told, problems};
use crate::ranges::spoilt;
use campaign::{Problem, Severity};

/// May be left out: there is a default (`[]` of a rule's kind or of a question's extras included).
const OPTIONAL: [&str; 43] = [
    "coalesce_window_s",
    "correction",
    "join.policy",
    "join.implicit",
    "join.keywords",
    "draw.level",
    "draw.ranking",
    "score.speed",
    "score.streak",
    "eligible.must_follow",
    "eligible.followed_before",
    "eligible.exclude",
    "eligible.one_prize_per",
    "prize.reserve",
    "prize.claim_hours",
    "award.among",
    "seal.grace_s",
    "seal.max_wait_s",
    "seal.on_silent_node",
    "round.question.aliases",
    "round.question.policy",
    "round.question.points",
    "round.question.units",
    "round.question.tolerance",
    "round.question.only_key",
    "rule.preempt",
    "rule.match",
    "rule.priority",
    "slots.subscribe_scene",
    "slots.mine",
    "mine.keywords",
    "slots.claim",
    "slots.claim_help",
    "claim.keywords",
    "detector.interrogatives",
    "detector.service_nouns",
    "detector.complaints",
    "detector.long_from_chars",
    "detector.threshold",
    "draw.salt",
    "prize.class",
    "prize.kind",
    "prize.release",
];

fn each(mut see: impl FnMut(&str, &Field, &str)) {
    let mut seen = 0;
    for (name, text) in SHIPPED {
        assert!(problems(text, name).is_empty(), "{name} is clean");
        for field in fields(text) {
            seen += 1;
            let what = format!("{name}, line {}, {}", field.line(), field.path);
            see(text, &field, &what);
        }
    }
    assert!(seen > 350, "{seen} fields");
}

fn errors(problems: &[Problem]) -> impl Iterator<Item = &Problem> {
    problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
}

#[test]
fn left_out() {
    each(|text, field, what| {
        let found = problems(&field.replaced(text, ""), what);
        if field.value == "\"answered\"" {
            // Then it is among those who are right, and the award follows a poll.
            assert!(errors(&found).any(|p| p.message.contains("a poll has no right answer")));
        } else if OPTIONAL.contains(&field.path.as_str()) {
            // At most a template of it is used by nobody now.
            assert_eq!(errors(&found).count(), 0, "{what} has a default: {found:?}");
        } else if field.path.starts_with("templates.") {
            let quoted = format!("no template '{}'", field.name);
            let mut errors = errors(&found);
            assert!(
                errors.any(|p| p.message.contains(&quoted)),
                "{what}: {found:?}"
            );
        } else {
            let named = |p: &&Problem| p.key.rsplit('.').next() == Some(field.name.as_str());
            let told = errors(&found).find(named);
            let told = told.unwrap_or_else(|| panic!("{what}: {found:?}"));
            let is_said = told.message.starts_with("is missing") || field.name == "options";
            assert!(is_said, "{what}: {told}");
            if field.path != "terms" {
                assert_eq!(told.line, Some(field.header_line()), "{what}: {told}");
            }
        }
    });
}

/// What a value is for TOML.
fn type_of(value: &str) -> &'static str {
    match value.as_bytes() {
        [b'"', ..] => "text",
        [b'[', ..] => "list",
        [b'{', ..] => "table",
        [b't' | b'f', ..] => "boolean",
        _ if value.contains('T') => "date",
        _ => "number",
    }
}

#[test]
fn of_another_type() {
    let values = [
        ("table", "{ x = 1 }"),
        ("number", "-7"),
        ("float", "1.5"),
        ("float", "inf"),
        ("boolean", "false"),
        ("date", "2013-04-09T14:00:00+08:00"),
        ("text", "\"-\""),
        ("list", "[[\"-\"]]"),
    ];
    each(|text, field, what| {
        let own = type_of(&field.value);
        for (kind, value) in values {
            // One value stands for a list of one; of numbers in keys see the ranges.
            let in_list = own == "list" && (kind == "text" || kind == "list");
            let is_number = ["key", "tolerance", "after"].contains(&field.name.as_str());
            if kind == own || in_list || (kind == "number" && is_number) {
                continue;
            }
            let found = problems(&field.with(text, value), what);
            assert!(is_told(&found, field.line()), "{what} = {value}: {found:?}");
        }
    });
}

#[test]
fn out_of_its_range() {
    let mut silent = Vec::new();
    each(|text, field, what| {
        let spoilt = spoilt(field).unwrap_or_else(|| panic!("{what} is spoilt by nothing"));
        for (value, part) in spoilt {
            let found = problems(&field.with(text, &value), what);
            let here = |p: &Problem| p.line == Some(field.line()) && p.message.contains(part);
            if !errors(&found).any(here) {
                silent.push(format!("{what} = {value}: not {part:?} but {found:?}"));
            }
        }
    });
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn written_twice() {
    each(|text, field, what| {
        let lines: Vec<&str> = text.lines().collect();
        let own = lines[field.lines.0..field.lines.1].join("\n");
        let found = problems(&field.replaced(text, &format!("{own}\n{own}")), what);
        let second = field.line() + field.lines.1 - field.lines.0;
        assert!(is_told(&found, second), "{what}: {found:?}");
        let [only] = &found[..] else {
            panic!("{what}: {found:?}");
        };
        assert!(only.message.contains("once in its table"), "{what}: {only}");
        assert_eq!(only.column, Some(1), "{what}: {only}");
    });
}

#[test]
fn under_another_name() {
    each(|text, field, what| {
        let renamed = format!("{}x = {}", field.name, field.value);
        if field.lines.1 - field.lines.0 > 1 {
            return;
        }
        let found = problems(&field.replaced(text, &renamed), what);
        if field.path.starts_with("templates.") {
            let quoted = format!("no template '{}'", field.name);
            let mut errors = errors(&found);
            assert!(
                errors.any(|p| p.message.contains(&quoted)),
                "{what}: {found:?}"
            );
            return;
        }
        let near = format!("did you mean '{}'?", field.name);
        let here = |p: &Problem| p.line == Some(field.line()) && p.message.contains(&near);
        assert!(errors(&found).any(here), "{what}: {found:?}");
    });
}

#[test]
fn without_a_value() {
    each(|text, field, what| {
        for broken in [format!("{} =", field.name), format!("{} = \"", field.name)] {
            let found = problems(&field.replaced(text, &broken), what);
            assert!(is_told(&found, field.line()), "{what}: {found:?}");
        }
    });
}
