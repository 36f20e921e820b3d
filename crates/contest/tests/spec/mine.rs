//! A fan asks for his own entrant code: who is told it, where it stands among the classes, what the lint finds.

use crate::common::{START, answer, class, compiled, fanfest, reply, text, with_question};
use campaign::Severity;
use contest::{Class, Compiled, Entrants, Message, Reading, check};

const CHOICE: &str =
    "text = \"?\"\nkind = \"single\"\noptions = { A = \"红米\", B = \"盒子\" }\nkey = [\"A\"]";
const ANY_WORD: &str = "text = \"?\"\nkind = \"text\"\nkey = [\"红米\"]";

fn small(more: &str) -> Compiled {
    compiled(&with_question(CHOICE, more))
}

#[test]
fn the_reply_names_the_code_that_stands_in_the_lists_q_17_q_31() {
    let contest = small("[draw]\nsalt = \"demo-salt\"\n");
    let of = |from| {
        let message = Message {
            from,
            ..text("我的", 60)
        };
        contest
            .reply(&message, &contest.classify(&message))
            .unwrap()
    };
    let spoken = of("o_fan_0002");
    assert_eq!(
        (spoken.rule.as_str(), spoken.template.as_str()),
        ("mine", "builtin:mine")
    );
    assert!(
        spoken.text.contains("04d99be984788d189f73f726d187c32c"),
        "{}",
        spoken.text
    );
    assert!(
        !of("o_fan_0001")
            .text
            .contains("04d99be984788d189f73f726d187c32c")
    );
    assert_eq!(spoken, of("o_fan_0002"), "R-3");
    // The hour changes nothing in it, and a round's edge neither.
    for after in [-300, -5, 0, 60, 299, 305, 7000] {
        let later = reply(&contest, "我 的。", after);
        assert_eq!(
            (later.rule.as_str(), &later.text),
            ("mine", &of("o_fan_0001").text),
            "{after}"
        );
    }
    assert_eq!(of("o_fan_0001").coalesce, "mine/1/", "R-11");
}

#[test]
fn without_a_salt_the_code_is_that_of_the_campaigns_id() {
    let spoken = reply(&fanfest(), "我的", 60);
    let code = Entrants::new(b"fanfest-2013-04-09").code("o_fan_0001");
    assert!(spoken.text.contains(&code.to_string()), "{}", spoken.text);
}

#[test]
fn it_takes_no_answer_and_no_question_takes_it_p_5() {
    let options = "options = { A = \"甲\", B = \"乙\" }";
    for kind in [
        format!("kind = \"single\"\nkey = [\"A\"]\n{options}"),
        format!("kind = \"multi\"\nkey = [\"A\"]\n{options}"),
        format!("kind = \"ordering\"\nkey = [\"BA\"]\n{options}"),
        format!("kind = \"poll\"\n{options}"),
        "kind = \"numeric\"\nkey = [7]".to_owned(),
        "kind = \"text\"\nkey = [\"红米\"]\nonly_key = true".to_owned(),
    ] {
        let contest = compiled(&with_question(&format!("text = \"?\"\n{kind}"), ""));
        for after in [-60, 60, 400] {
            assert_eq!(
                class(&contest, "我的", after),
                Class::Mine,
                "{kind} at {after}"
            );
        }
    }
    // A question that any word answers takes it while it is open, and leaves it alone before and behind.
    let contest = compiled(&with_question(ANY_WORD, ""));
    assert_eq!(class(&contest, "我的", 60), answer(1, "我的"));
    for after in [-60, 300, 7000] {
        assert_eq!(class(&contest, "我的", after), Class::Mine, "{after}");
        let read = contest.read(1, &text("我的", after));
        assert_eq!(
            read,
            Reading::Answer("我的".to_owned()),
            "a window that moves finds it"
        );
    }
}

#[test]
fn the_file_may_have_its_own_words_for_it_r_18() {
    let file = with_question(CHOICE, "[mine]\nkeywords = [\"编码\", \"我是谁\"]\n")
        .replace("default = \"ok\"\n", "default = \"ok\"\nmine = \"own\"\n")
        + "own = \"{code}\"\n";
    let contest = compiled(&file);
    let code = Entrants::new(b"small").code("o_fan_0001").to_string();
    for words in ["編碼", "我是谁？"] {
        assert_eq!(reply(&contest, words, 60).text, code, "{words}");
    }
    assert_eq!(class(&contest, "我的", 60), Class::Other);
    let off = small("[mine]\nkeywords = []\n");
    assert_eq!(class(&off, "我的", 60), Class::Other);
    let rule = "[[rule]]\nid = \"who\"\nmatch = \"contains\"\nkeywords = [\"查编码\"]\ntemplates = [\"own\"]\n\
                [[menu]]\nid = \"code\"\ntemplates = [\"own\"]\n";
    let contest = compiled(&(with_question(CHOICE, rule) + "own = \"编码{code}\"\n"));
    let spoken = reply(&contest, "怎样查编码", 60);
    assert_eq!(
        (spoken.rule.as_str(), spoken.text),
        ("keyword:who", format!("编码{code}"))
    );
    let tap = Message {
        kind: "event",
        event: "CLICK",
        event_key: "code",
        from: "o_fan_0001",
        create_time: START,
        ..Message::default()
    };
    let spoken = contest.reply(&tap, &contest.classify(&tap)).unwrap();
    assert_eq!(spoken.text, format!("编码{code}"));
}

/// The only problem of a file: its severity and message.
fn only(more: &str) -> (Severity, String) {
    let problems = check(&with_question(CHOICE, more), None);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    (problems[0].severity, problems[0].message.clone())
}

#[test]
fn words_that_would_not_be_heard_are_told_n_2() {
    for (word, part) in [
        ("", "asks for nothing"),
        ("！", "nothing left"),
        ("GO", "is a join"),
        ("红米", "is an answer to round 1"),
    ] {
        let (severity, message) = only(&format!("[mine]\nkeywords = [\"{word}\"]\n"));
        assert_eq!(severity, Severity::Error, "{word}");
        assert!(message.contains(part), "{word}: {message}");
    }
    let (severity, message) = only("[mine]\nkeywords = [\"my\"]\n");
    assert_eq!(severity, Severity::Warning);
    assert!(
        message.contains("attempt while round 1 is open")
            && message.contains("is open; a word without letters and digits is not"),
        "{message}"
    );
    let rule = |kind: &str| {
        format!(
            "[[rule]]\nid = \"x\"\nmatch = \"{kind}\"\nkeywords = [\"我的\"]\ntemplates = [\"ok\"]\n"
        )
    };
    let (severity, message) = only(&rule("exact"));
    assert_eq!(severity, Severity::Error);
    for part in [
        "asks for the fan's own code",
        ", which this rule would collide with; leave one of them out, here or in ",
        "mine.keywords",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let prefix = with_question(CHOICE, &rule("prefix"));
    assert_eq!(check(&prefix, None), [], "我的订单 is still heard");
}
