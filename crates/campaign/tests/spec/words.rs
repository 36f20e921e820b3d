//! Mistakes in templates, slots and keyword rules.

use crate::common::{changed, find, refused};
use campaign::{Campaign, Severity};

#[test]
fn templates_are_known_short_and_complete_r_18() {
    refused(
        "late = \"late\"",
        "late = \"lat\"",
        "slots.late",
        "did you mean 'late'?",
        "late",
    );
    refused(
        "default = \"default\" ",
        "",
        "slots.default",
        "without it some fans would get no words",
        "[slots]",
    );
    refused(
        "第{round}题，直接回复选项字母 A、B、C 或 D 作答。\"",
        "第{runde}题\"",
        "templates.join",
        "did you mean 'round'?",
        "join =",
    );
    refused(
        "default = \"消息收到！现在是第{round|一}题",
        "default = \"消息收到！现在是第{round}题",
        "templates.default",
        "may have no value",
        "default =",
    );
    refused(
        "{next_open|请留意公告}",
        "{next_open}",
        "templates.howto",
        "may have no value",
        "howto =",
    );
    refused(
        "late = \"收到。",
        "late = \"收到，你的得分{score|}。",
        "templates.late",
        "{score} is not known",
        "late =",
    );
    let long = format!("optout = \"{}", "很".repeat(700));
    refused(
        "optout = \"收到，",
        &long,
        "templates.optout",
        "at most 2047",
        "optout =",
    );
    let unused = changed("[templates]\n", "[templates]\nspare = \"备用\"\n");
    assert_eq!(
        find(&unused, "templates.spare", "no slot and no rule").0,
        Severity::Warning
    );
}

#[test]
fn templates_state_receipt_never_effect() {
    for effect in [
        "你答对了！",
        "回答有效，",
        "已计入成绩，",
        "你的排名第3，",
        "恭喜，",
        "成功！",
        "You are in time,",
    ] {
        let to = format!("answer = \"{effect}");
        refused(
            "answer = \"收到：",
            &to,
            "templates.answer",
            "receipt, never effect",
            "answer =",
        );
    }
    refused(
        "order = \"查订单",
        "order = \"恭喜，查订单",
        "templates.order",
        "'恭喜'",
        "order =",
    );
}

#[test]
fn rules_are_complete_r_17() {
    refused(
        "id = \"optout\"",
        "id = \"service\"",
        "rule.id",
        "is the id of the rule in line",
        "id = ",
    );
    refused(
        "keywords = [\"退订\", \"td\"]",
        "keywords = []",
        "rule[optout].keywords",
        "at least one",
        "keywords = ",
    );
    refused(
        "\"订单\", ",
        "\"单\", ",
        "rule[order].keywords",
        "too short",
        "keywords = ",
    );
    refused(
        "preempt = true\nmatch = \"exact\"",
        "preempt = true\nmatch = \"prefix\"",
        "rule[service].match",
        "exactly",
        "match = ",
    );
    refused(
        "templates = [\"optout\"]",
        "templates = []",
        "rule[optout].templates",
        "",
        "templates = ",
    );
    refused(
        "templates = [\"optout\"]",
        "templates = [\"optout\"]\nschedule = { daily = [\"9-12\"] }",
        "daily",
        "09:00-21:30",
        "schedule",
    );
    refused(
        "[templates]",
        "[[menu]]\nid = \"1\"\nround = 1\nanswer = \"E\"\n[templates]",
        "menu[1].answer",
        "no single-choice option 'E'",
        "answer = ",
    );
}

#[test]
fn expired_schedules_are_warnings_at_a_time() {
    let toml = changed(
        "templates = [\"optout\"]",
        "templates = [\"optout\"]\nschedule = { until = 2013-04-09T14:00:00+08:00 }",
    );
    let (campaign, warnings) = Campaign::parse(&toml).unwrap();
    assert_eq!(warnings, [], "not at all without a time");
    let at = campaign.problems_at(1_365_487_200);
    assert_eq!(at.len(), 1);
    assert_eq!(
        (at[0].severity, at[0].key.as_str()),
        (Severity::Warning, "rule[optout].schedule.until")
    );
}
