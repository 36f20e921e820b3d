//! Mistakes in what the shipped campaigns do not use: a fragment, the line in it that is at fault (`#!`), and a part of what
//! is said about it, which names the way out.

use crate::base::{BASE, told, with};
use crate::file::problems;
use campaign::Severity::{Error, Warning};

#[test]
fn the_base_is_clean() {
    assert_eq!(contest::check(BASE, None), []);
}

#[test]
fn of_the_file() {
    for (fragment, part) in [
        ("nonsense = 1 #!", "unknown key; known are "),
        ("seal = 7 #!", "must be a table, is an integer"),
        ("prize_cap_yuan = 0 #!", "must lie in 1..=100000000, is 0"),
        ("prize_cap_yuan = 100000001 #!", "must lie in 1..=100000000"),
        (
            "prize_cap_yuan = \"1\" #!",
            "must be a whole number, is a string",
        ),
        (
            "service_hours = \"9-21\" #!",
            "must look like \"09:00-21:30\"",
        ),
        (
            "service_hours = [\"09:00-09:00\"] #!",
            "must look like \"09:00-21:30\"",
        ),
        (
            "service_hours = [\"09:00-24:01\"] #!",
            "must look like \"09:00-21:30\"",
        ),
        (
            "service_hours = [\"09:00-9:30\"] #!",
            "must look like \"09:00-21:30\"",
        ),
        ("service_hours = [7] #!", "must be a text, is an integer"),
    ] {
        told(&with("top", fragment), (Error, part));
    }
    let large = format!("{BASE}# {}\n", "x".repeat(1 << 20));
    let [only] = &contest::check(&large, None)[..] else {
        panic!("a file that is too large is told once");
    };
    assert_eq!(
        (only.line, only.key.as_str()),
        (None, "file"),
        "it is about the file"
    );
    assert!(
        only.message.contains("the file has") && only.message.contains("1048576"),
        "{only}"
    );
    assert!(only.message.contains("make two campaigns"), "{only}");
}

#[test]
fn of_times() {
    let rule = |schedule: &str| {
        format!(
            "[[rule]]\nid = \"r\"\nkeywords = [\"价格\"]\ntemplates = [\"t\"]\nschedule = {schedule} #!"
        )
    };
    for (schedule, part) in [
        (
            "{ from = 2013-04-09T14:00:00+08:00, until = 2013-04-09T14:00:00+08:00 }",
            "must lie after from",
        ),
        (
            "{ from = 2013-04-09T14:00:60+08:00 }",
            "is no date of the calendar",
        ),
        ("{ until = 9999-12-31T23:59:59-23:59 }", "is out of range"),
        ("{ until = 2013-04-09 }", "with its offset"),
        ("{ daily = \"9:00\" }", "must look like \"09:00-21:30\""),
        (
            "{ daily = [\"21:30-09:00\", \"x\"] }",
            "must look like \"09:00-21:30\"",
        ),
        (
            "{ since = 2013-04-09T14:00:00+08:00 }",
            "known are from, until, daily",
        ),
        ("7", "must be a table"),
    ] {
        told(&with("tables", &rule(schedule)), (Error, part));
    }
    // What depends on now is told only when now is named.
    let text = with("tables", &rule("{ until = 2013-04-09T14:00:00+08:00 }"));
    let at = 1_365_487_200;
    let [expired] = &contest::check(&text, Some(at))[..] else {
        panic!("it has expired");
    };
    assert!(
        expired.message.contains("the schedule has expired"),
        "{expired}"
    );
    assert_eq!(
        (expired.severity, contest::check(&text, Some(at - 1))),
        (Warning, vec![])
    );
    let over = contest::check(BASE, Some(at + 86_400));
    assert!(
        over.len() == 1
            && over[0]
                .message
                .contains("the campaign is over at that time"),
        "{over:?}"
    );
}

#[test]
fn of_rules() {
    let rule = |more: &str| format!("[[rule]]\nid = \"r\"\ntemplates = [\"t\"]\n{more}");
    let words: Vec<String> = (0..201).map(|n| format!("\"价格{n}号\"")).collect();
    let words = format!("keywords = [{}] #!", words.join(", "));
    for (more, part) in [
        (
            "keywords = [\"价格\"]\nenabled = \"yes\" #!",
            "must be true or false, is a string",
        ),
        (
            "keywords = [\"价格\"]\nprofile = \"loose\" #!",
            "is not known here; known are ",
        ),
        (
            "keywords = [\"价格\"]\nkinds = [\"text\", \"painting\"] #!",
            "'painting' is not known here",
        ),
        (
            "keywords = [\"价格\"]\nstate = [\"asleep\"] #!",
            "'asleep' is not known here; known are ",
        ),
        (
            "keywords = [\"价格\"]\npreempt = true\nmatch = \"contains\" #!",
            "goes before answers must match exactly",
        ),
        (
            "keywords = [\"米\"] #!\nmatch = \"contains\"",
            "is too short to be looked for anywhere; two Chinese",
        ),
        (
            "keywords = [\"(价格\"] #!\nmatch = \"regex\"",
            "is no expression that can be used: ",
        ),
        (words.as_str(), "at most 200 are read; make two rules"),
    ] {
        told(&with("tables", &rule(more)), (Error, part));
    }
    let two = |first: &str, second: &str| {
        let second = rule(second).replace("\"r\"", "\"s\"");
        with("tables", &format!("{}\n{second}", rule(first)))
    };
    for (first, second, weight, part) in [
        (
            "keywords = [\"价格\"]",
            "keywords = [\"價格！\"] #!",
            Error,
            "is a keyword of rule 'r' in line ",
        ),
        (
            "keywords = [\"价格\"]\nmatch = \"contains\"",
            "keywords = [\"价格表\"] #!\npriority = -1",
            Error,
            "is never reached: rule 'r' in line ",
        ),
        (
            "keywords = [\"价格\"]\nmatch = \"contains\"",
            "keywords = [\"价格表\", \"发货\"] #!\npriority = -1",
            Warning,
            "is never reached: rule 'r' in line ",
        ),
        (
            "keywords = [\"发货\"]",
            "keywords = [\"价格\", \"價格\"] #!",
            Warning,
            "have one normal form, '价格'; one is enough",
        ),
    ] {
        told(&two(first, second), (weight, part));
    }
    let many: Vec<String> = (0..2001)
        .map(|n| {
            let mark = if n == 2000 { " #!" } else { "" };
            format!(
                "[[rule]]{mark}\nid = \"r{n}\"\nkeywords = [\"价格第{n}号\"]\ntemplates = [\"t\"]"
            )
        })
        .collect();
    told(
        &with("tables", &many.join("\n")),
        (Error, "at most 2000 rules are read; rules with the same"),
    );
}

#[test]
fn of_templates() {
    for (text, part) in [
        (
            "x = \"{round\" #!",
            "has a '{' without its '}'; write '{{' for a brace in the text",
        ),
        (
            "x = \"round}\" #!",
            "has a '}' without its '{'; write '}}' for a brace",
        ),
        ("x = \"{nope}\" #!", "names an unknown variable {nope}; "),
        ("x = 7 #!", "must be a text"),
    ] {
        told(&with("templates", text), (Error, part));
    }
    told(
        &with("templates", "x = \"好的\" #!"),
        (Warning, "no slot and no rule uses it"),
    );
    // Nothing is answered there, and the default cannot be shown.
    let empty = "t = \"收到\"\ne = \"{answer|\\u0002 }\" #!";
    let text = BASE.replacen("t = \"收到\"", empty, 1);
    told(
        &text.replacen("default = \"t\"", "default = \"e\"", 1),
        (
            Error,
            "may say nothing in slots.default; write words besides its variables",
        ),
    );
    let found = problems(
        &text.replacen("answer = \"t\"", "answer = \"e\"", 1),
        "an answer is known",
    );
    assert_eq!(found, [], "what was answered is known there");
}
