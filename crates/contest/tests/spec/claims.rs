//! A fan claims a prize: what is a claim and what a question about claims, and what the lint finds.

use crate::common::{START, answer, class, compiled, fanfest, reply, text, with_question};
use campaign::Severity;
use contest::{Class, Message, Reading, check};

const CHOICE: &str =
    "text = \"?\"\nkind = \"single\"\noptions = { A = \"红米\", B = \"盒子\" }\nkey = [\"A\"]";
const ANY_WORD: &str = "text = \"?\"\nkind = \"text\"\nkey = [\"红米\"]\nmax_chars = 100";
const CLAIM: &str = "领奖 张三 13800000000 北京市某路1号";

#[test]
fn a_claim_has_its_word_in_front_and_a_number_behind_it_q_20() {
    let contest = fanfest();
    for words in [
        CLAIM,
        "領獎，張三，１３８-００００-００００",
        "【领奖】小明 010 8888 8888",
        "领奖13800000000",
    ] {
        for after in [-300, 60, 400, 7000] {
            assert_eq!(
                class(&contest, words, after),
                Class::Claim,
                "{words} at {after}"
            );
        }
    }
    for words in [
        "领奖",
        "领奖？",
        "领奖地址写在哪",
        "领奖 张三 一三八零零零零",
    ] {
        assert_eq!(class(&contest, words, 400), Class::ClaimHelp, "{words}");
    }
    assert_eq!(class(&contest, "怎么领奖", 60), Class::Question);
    assert_ne!(
        class(&contest, "我要领奖 13800000000", 400),
        Class::Claim,
        "not in front"
    );
    assert_eq!(class(&contest, "GO领奖13800000000", 60), Class::Other);
}

#[test]
fn its_words_are_the_same_for_who_has_won_and_who_has_not_r_3() {
    let contest = fanfest();
    for after in [-300, -5, 60, 400, 7000] {
        let spoken = reply(&contest, CLAIM, after);
        assert_eq!(
            (spoken.rule.as_str(), spoken.template.as_str()),
            ("claim", "builtin:claim")
        );
        assert_eq!(
            spoken.text, "已收到您的领奖信息，一切以核对结果为准。",
            "{after}"
        );
        let help = reply(&contest, "领奖", after);
        assert_eq!(help.rule, "claim_help");
        assert!(help.text.contains("领奖 张三 13800000000"), "{}", help.text);
        assert_ne!(help.coalesce, spoken.coalesce, "R-11");
    }
}

#[test]
fn a_claim_is_no_answer_where_any_word_is_one() {
    let contest = compiled(&with_question(ANY_WORD, ""));
    assert_eq!(class(&contest, CLAIM, 60), Class::Claim);
    assert_eq!(contest.read(1, &text(CLAIM, 60)), Reading::NotAnAnswer);
    assert!(contest.is_claim(&text(CLAIM, 60)));
    // What only begins with the word is an answer like any other while the round is open.
    assert_eq!(class(&contest, "领奖台", 60), answer(1, "领奖台"));
    assert_eq!(class(&contest, "领奖台", 400), Class::ClaimHelp);
    assert!(!contest.is_claim(&text("领奖台", 400)));
    let voice = Message {
        kind: "voice",
        recognition: CLAIM,
        create_time: START + 60,
        ..Message::default()
    };
    assert_eq!(
        contest.classify(&voice),
        Class::Media,
        "a number that is heard is not the fan's"
    );
    assert!(!contest.is_claim(&voice));
}

#[test]
fn the_file_may_have_its_own_words_for_it() {
    let file = with_question(
        CHOICE,
        "[claim]\nkeywords = [\"我中了\", \"我中了{大}奖\"]\n",
    );
    let contest = compiled(&file);
    assert_eq!(class(&contest, "我中了 13800000000", 60), Class::Claim);
    assert_eq!(class(&contest, CLAIM, 60), Class::Other);
    let help = reply(&contest, "我中了", 60);
    assert!(help.text.contains("我中了 张三"), "{}", help.text);
    let off = compiled(&with_question(CHOICE, "[claim]\nkeywords = []\n"));
    assert_eq!(class(&off, CLAIM, 60), Class::Other);
    let own = with_question(CHOICE, "")
        .replace("default = \"ok\"\n", "default = \"ok\"\nclaim = \"own\"\n")
        + "own = \"收到\"\n";
    assert_eq!(reply(&compiled(&own), CLAIM, 60).template, "own");
    let promises = own.replace("own = \"收到\"", "own = \"领奖成功\"");
    let found = check(&promises, None);
    assert!(
        found
            .iter()
            .any(|p| p.message.contains("receipt, never effect")),
        "{found:?}"
    );
}

/// The only problem of a file: its severity and message.
fn only(question: &str, more: &str) -> (Severity, String) {
    let problems = check(&with_question(question, more), None);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    (problems[0].severity, problems[0].message.clone())
}

#[test]
fn words_that_would_not_be_heard_are_told_n_2() {
    for (word, part) in [
        ("", "claims nothing"),
        ("！", "nothing left"),
        ("GO", "is a join"),
        ("红米", "is an answer to round 1"),
    ] {
        let (severity, message) = only(CHOICE, &format!("[claim]\nkeywords = [\"{word}\"]\n"));
        assert_eq!(severity, Severity::Error, "{word}");
        assert!(message.contains(part), "{word}: {message}");
    }
    let (severity, message) = only(CHOICE, "[claim]\nkeywords = [\"claim\"]\n");
    assert_eq!(severity, Severity::Warning, "{message}");
    let rule = |kind: &str, word: &str| {
        format!(
            "[[rule]]\nid = \"x\"\nmatch = \"{kind}\"\nkeywords = [\"{word}\"]\ntemplates = [\"ok\"]\n"
        )
    };
    for (kind, word) in [("exact", "领奖"), ("exact", "领奖地址"), ("prefix", "领奖")] {
        let (severity, message) = only(CHOICE, &rule(kind, word));
        assert_eq!(severity, Severity::Error, "{kind} {word}");
        for part in ["begins a claim", "claim.keywords"] {
            assert!(message.contains(part), "{message}");
        }
    }
    let contains = with_question(CHOICE, &rule("contains", "领奖"));
    assert_eq!(check(&contains, None), [], "怎么领奖 is still heard");
    let (severity, message) = only(&ANY_WORD.replace("红米", "领奖13800000000"), "");
    assert_eq!(severity, Severity::Error);
    assert!(
        message.contains("is a claim and would never be read; word it differently"),
        "{message}"
    );
}
