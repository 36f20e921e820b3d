//! Keyword rules at work: kinds of match, order, state, schedule; hours of service.

use crate::common::{START, class, compiled, reply, with_question};
use contest::{Class, Compiled, Message};

const QUESTION: &str =
    "text = \"?\"\nkind = \"single\"\noptions = { A = \"甲\", B = \"乙\" }\nkey = [\"A\"]";

fn rules(rules: &[&str]) -> Compiled {
    let rules: Vec<String> = rules
        .iter()
        .map(|rule| format!("[[rule]]\n{rule}\ntemplates = [\"ok\"]\n"))
        .collect();
    compiled(&with_question(QUESTION, &rules.concat()))
}

fn heard(contest: &Compiled, words: &str, after: i64) -> Option<String> {
    match class(contest, words, after) {
        Class::Keyword(id) => Some(id),
        _ => None,
    }
}

#[test]
fn kinds_of_match_r_17() {
    let contest = rules(&[
        "id = \"exact\"\nmatch = \"exact\"\nkeywords = [\"天气\"]",
        "id = \"prefix\"\nmatch = \"prefix\"\nkeywords = [\"明天\"]",
        "id = \"all\"\nmatch = \"all_words\"\nkeywords = [\"mi 价格\"]",
        "id = \"any\"\nmatch = \"any_word\"\nkeywords = [\"miui rom\"]",
        "id = \"has\"\nmatch = \"contains\"\nkeywords = [\"充电\"]",
        "id = \"re\"\nmatch = \"regex\"\nkeywords = [\"^编号[0-9]{6}$\"]",
    ]);
    for (words, rule) in [
        ("天氣！", Some("exact")),
        ("天气好", None),
        ("明天好", Some("prefix")),
        ("好明天", None),
        ("价格 on the mi market", Some("all")),
        ("价格 on the miui market", Some("any")),
        ("the newest rom is out", Some("any")),
        ("the newest roman is out", None),
        ("手机充電很慢呀", Some("has")),
        ("编号：１２３４５６", Some("re")),
        ("编号12345", None),
    ] {
        assert_eq!(heard(&contest, words, -300).as_deref(), rule, "{words}");
    }
}

#[test]
fn priority_then_strictness_then_length_then_id_r_17() {
    let contest = rules(&[
        "id = \"wide\"\nmatch = \"contains\"\nkeywords = [\"手机\"]",
        "id = \"long\"\nmatch = \"contains\"\nkeywords = [\"手机壳子\"]",
        "id = \"start\"\nmatch = \"prefix\"\nkeywords = [\"手机壳子红\"]",
        "id = \"first\"\nmatch = \"contains\"\nkeywords = [\"特价\"]\npriority = 5",
    ]);
    assert_eq!(heard(&contest, "买手机", 60).as_deref(), Some("wide"));
    assert_eq!(
        heard(&contest, "买手机壳子", 60).as_deref(),
        Some("long"),
        "the longer keyword"
    );
    assert_eq!(
        heard(&contest, "手机壳子红", 60).as_deref(),
        Some("start"),
        "the stricter match"
    );
    assert_eq!(
        heard(&contest, "手机壳子红特价", 60).as_deref(),
        Some("first"),
        "the priority"
    );
}

#[test]
fn state_and_schedule_go_by_create_time_r_5_r_17() {
    let contest = rules(&[
        "id = \"idle\"\nmatch = \"exact\"\nkeywords = [\"甲乙丙\"]\nstate = [\"idle\"]",
        "id = \"live\"\nmatch = \"exact\"\nkeywords = [\"甲乙丙\"]\nstate = [\"live\"]",
        "id = \"timed\"\nmatch = \"exact\"\nkeywords = [\"戊己\"]\n\
         schedule = { from = 2013-04-09T14:02:00+08:00, until = 2013-04-09T14:04:00+08:00 }",
        "id = \"daily\"\nmatch = \"exact\"\nkeywords = [\"庚辛\"]\nschedule = { daily = [\"14:03-15:00\"] }",
        "id = \"off\"\nmatch = \"exact\"\nkeywords = [\"壬癸\"]\nenabled = false",
    ]);
    assert_eq!(heard(&contest, "甲乙丙", -60).as_deref(), Some("idle"));
    assert_eq!(heard(&contest, "甲乙丙", 60).as_deref(), Some("live"));
    assert_eq!(heard(&contest, "甲乙丙", 300).as_deref(), Some("idle"));
    for (after, speaks) in [(119, false), (120, true), (239, true), (240, false)] {
        assert_eq!(heard(&contest, "戊己", after).is_some(), speaks, "{after}");
    }
    for (after, speaks) in [
        (179, false),
        (180, true),
        (3599, true),
        (3600, false),
        (86_580, true),
    ] {
        assert_eq!(heard(&contest, "庚辛", after).is_some(), speaks, "{after}");
    }
    assert_eq!(heard(&contest, "壬癸", 60), None);
}

#[test]
fn rules_hear_voice_when_they_say_so_r_17() {
    let contest = rules(&[
        "id = \"ear\"\nmatch = \"contains\"\nkeywords = [\"发货\"]\nkinds = [\"text\", \"voice\"]",
        "id = \"eye\"\nmatch = \"contains\"\nkeywords = [\"退款\"]",
    ]);
    let said = |recognition| {
        let message = Message {
            kind: "voice",
            recognition,
            create_time: START + 60,
            ..Message::default()
        };
        contest.classify(&message)
    };
    assert_eq!(said("什么时候发货"), Class::Keyword("ear".to_owned()));
    assert_eq!(
        said("什么时候退款"),
        Class::Question,
        "no rule hears it, people do"
    );
    assert_eq!(said("嗯嗯"), Class::Media);
}

#[test]
fn nobody_there_outside_hours_r_17() {
    let hours = "service_hours = [\"09:00-13:58\", \"14:00-22:00\"]\n";
    let file = with_question(QUESTION, hours).replace(
        "[templates]\n",
        "out_of_hours = \"closed\"\n[templates]\nclosed = \"明早九点回复\"\n",
    );
    let contest = compiled(&file);
    assert_eq!(reply(&contest, "怎么买手机？", -300).template, "ok");
    let night = reply(&contest, "怎么买手机？", -60);
    assert_eq!(
        (night.rule.as_str(), night.template.as_str()),
        ("question", "closed")
    );
}
