//! The same of rounds, questions, the menu and prizes.

use crate::base::{told, with};
use crate::file::problems;
use campaign::Severity::{Error, Warning};

/// The n-th round of a campaign that has one already.
fn round(number: u16, hour: u16, more: &str) -> String {
    format!(
        "[[round]]\nnumber = {number}\nopen = 2013-04-09T{hour}:10:00+08:00\n\
         close = 2013-04-09T{hour}:15:00+08:00\n{more}"
    )
}

#[test]
fn of_rounds_and_questions() {
    let voice = "must be true or false, is an integer";
    for (fragment, part) in [
        ("tries = 3 #!", "only goes with policy = \"best_of\""),
        (
            "policy = \"best_of\"\ntries = 0 #!",
            "must lie in 1..=10, is 0",
        ),
        (
            "policy = \"best_of\"\ntries = 11 #!",
            "must lie in 1..=10, is 11",
        ),
        ("tolerance = 1 #!", "only goes with kind = \"numeric\""),
        ("units = [\"元\"] #!", "only goes with kind = \"numeric\""),
        ("contains = true #!", "only goes with kind = \"text\""),
        ("forgive_one = true #!", "only goes with kind = \"text\""),
        ("only_key = true #!", "only goes with kind = \"text\""),
        ("max_chars = 0 #!", "must lie in 1..=100, is 0"),
        ("max_chars = 101 #!", "must lie in 1..=100, is 101"),
        ("max_chars = \"9\" #!", "must be a whole number"),
        ("accept_voice = 1 #!", voice),
        ("digits_as_letters = 0 #!", voice),
        ("contains = 1 #!", voice),
        ("forgive_one = 1 #!", voice),
        (
            "aliases = { C = [\"x\"] } #!",
            "spells an option that is not there",
        ),
    ] {
        told(&with("question", fragment), (Error, part));
    }
    let question = |more: &str| format!("[round.question]\ntext = \"?\"\n{more}");
    let options = "options = { A = \"x\", B = \"y\" }\n";
    let later = |more: &str| round(2, 14, &question(more));
    for (fragment, part) in [
        (
            later(&format!("kind = \"numeric\"\n{options}").replace("}\n", "} #!\nkey = [1]")),
            "only goes with kind = \"single\"",
        ),
        (
            later(&format!("kind = \"poll\"\n{options}key = [\"A\"] #!")),
            "a poll has no right answer; leave it out",
        ),
        (
            later("kind = \"text\"\nkey = [\"\"] #!"),
            "an empty spelling is no answer",
        ),
        (
            later("kind = \"single\"\noptions = { A = \"x\", B = \"Ｘ\" } #!\nkey = [\"A\"]"),
            "and option A have one normal form",
        ),
        (
            later("kind = \"single\"\noptions = { A = \"选B\", B = \"y\" } #!\nkey = [\"A\"]"),
            "does not read as option A",
        ),
        (
            round(
                2,
                14,
                &question(&format!(
                    "kind = \"single\"\n{options}key = [\"A\"]\npolicy = \"best_of\""
                )),
            )
            .replace("[round.question]", "[round.question] #!"),
            "is missing: best of how many",
        ),
        (
            round(
                2,
                17,
                &question(&format!("kind = \"single\"\n{options}key = [\"A\"]")),
            )
            .replace("17:10:00+08:00", "17:10:00+08:00 #!"),
            "outside the campaign's start and end; widen the span",
        ),
        (
            round(
                1,
                14,
                &question(&format!("kind = \"single\"\n{options}key = [\"A\"]")),
            )
            .replace("number = 1", "number = 1 #!"),
            "must be greater than 1, the round before it",
        ),
    ] {
        told(&with("tables", &fragment), (Error, part));
    }
    let spelt = later("kind = \"text\"\nkey = [\"大米\", \"大米！\"] #!");
    told(
        &with("tables", &spelt),
        (Warning, "have one normal form; one is enough"),
    );
}

#[test]
fn of_rounds_more_than_are_read() {
    // A hundred numbers from 1 to 99 are not all different: the number is told, and that there are too many.
    let mut rounds = String::new();
    for place in 1..100_u32 {
        let number = (place + 1).min(99);
        let (minute, second) = (6 + place / 60, place % 60);
        let mark = if place == 99 { " #!" } else { "" };
        rounds.push_str(&format!(
            "[[round]]{mark}\nnumber = {number}\nopen = 2013-04-09T14:{minute:02}:{second:02}+08:00\n\
             close = 2013-04-09T14:{:02}:{:02}+08:00\n[round.question]\ntext = \"?\"\nkind = \"single\"\n\
             options = {{ A = \"x\", B = \"y\" }}\nkey = [\"A\"]\n",
            6 + (place + 1) / 60,
            (place + 1) % 60
        ));
    }
    let found = problems(&with("tables", &rounds), "a hundred rounds");
    let says = |part: &str| {
        found
            .iter()
            .any(|p| p.severity == Error && p.message.contains(part))
    };
    assert!(
        says("at most 99 rounds are read; make two campaigns"),
        "{found:#?}"
    );
    assert!(says("must be greater than 99"), "{found:#?}");
}

#[test]
fn of_the_menu() {
    let entry = |more: &str| format!("[[menu]]\n{more}");
    let long = format!("id = \"{}\" #!\ntemplates = [\"t\"]", "m".repeat(129));
    for (more, part) in [
        (
            "id = \"\" #!\ntemplates = [\"t\"]",
            "an id has 1 to 128 bytes",
        ),
        (&*long, "an id has 1 to 128 bytes"),
        (
            "id = \"m\"\nround = 1\nanswer = \"C\" #!",
            "round 1 has no single-choice option 'C'",
        ),
        (
            "id = \"m\"\nround = 2\nanswer = \"A\" #!",
            "round 2 has no single-choice option 'A'",
        ),
        (
            "id = \"m\"\nround = 100 #!\nanswer = \"A\"",
            "must lie in 1..=99, is 100",
        ),
        (
            "id = \"m\"\ntemplates = [\"nope\"] #!",
            "no template 'nope'; ",
        ),
        (
            "id = \"m\"\ntemplates = [] #!",
            "must name at least one template",
        ),
        (
            "id = \"m\"\ncolour = 1 #!\ntemplates = [\"t\"]",
            "unknown key; known are id, round",
        ),
    ] {
        let text = with("tables", &entry(more));
        if part.contains("1..=99") {
            let found = problems(&text, part);
            assert!(found.iter().any(|p| p.message.contains(part)), "{found:#?}");
            continue;
        }
        told(&text, (Error, part));
    }
    let whole = "needs either round and answer, or templates, and never both";
    for more in [
        "",
        "round = 1",
        "answer = \"A\"",
        "round = 1\nanswer = \"A\"\ntemplates = [\"t\"]",
    ] {
        let text = with("tables", &format!("[[menu]] #!\nid = \"m\"\n{more}"));
        told(&text, (Error, whole));
    }
    let missing = with("tables", "[[menu]] #!\ntemplates = [\"t\"]");
    told(&missing, (Error, "is missing; write id = … in this table"));
    let twice =
        "[[menu]]\nid = \"m\"\ntemplates = [\"t\"]\n[[menu]]\nid = \"m\" #!\ntemplates = [\"t\"]";
    told(&with("tables", twice), (Error, "has this id too"));
}

#[test]
fn of_prizes() {
    let prize = "[[prize]]\nid = \"p\"\ntitle = \"p\"\nunits = 9\nvalue_yuan = 1\n";
    let award = |more: &str| format!("{prize}[[award]]\nprize = \"p\"\nafter = [1]\n{more}");
    for (more, part) in [
        ("mode = \"nth\"\nk = 0 #!", "must lie in 1..=10000000, is 0"),
        (
            "mode = \"every\"\nk = 0 #!\nmost = 1",
            "must lie in 1..=10000000, is 0",
        ),
        (
            "mode = \"every\"\nk = 1\nmost = 0 #!",
            "must lie in 1..=10000000, is 0",
        ),
        (
            "mode = \"draw\"\nn = 0 #!",
            "must lie in 1..=10000000, is 0",
        ),
        (
            "mode = \"nth\"\nk = 1\nn = 1 #!",
            "does not go with mode = \"nth\"",
        ),
    ] {
        told(&with("tables", &award(more)), (Error, part));
    }
    let given = award("mode = \"draw\"\nn = 1");
    let patient = given.replacen("value_yuan = 1", "value_yuan = 1\nclaim_hours = 49 #!", 1);
    told(
        &with("tables", &patient),
        (Warning, "a winner can be reminded for 48 hours only"),
    );
    let staff = format!("{given}\n[eligible]\nexclude = [\"o1\", \"o1\"] #!");
    told(
        &with("tables", &staff),
        (Warning, "'o1' stands there twice; once is enough"),
    );
    // Without its only round.
    let text = with(
        "tables",
        &award("mode = \"draw\"\nn = 1").replace("after = [1]", "after = \"each_round\" #!"),
    );
    let (head, rest) = text.split_once("[[round]]").unwrap();
    let (_, rest) = rest.split_once("#@question\n").unwrap();
    told(
        &format!("{head}{rest}"),
        (
            Error,
            "a campaign without rounds has nobody to give it to; add a [[round]]",
        ),
    );
}
