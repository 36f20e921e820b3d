//! The shipped files beside the Fan Festival's: free of warnings, and read as their comments say.

use crate::common::compiled;
use contest::{Class, Compiled};

const LIVE: &str = include_str!("../../../../deploy/campaigns/live-show-quiz.toml");
const KEYWORD: &str = include_str!("../../../../deploy/campaigns/keyword-draw.toml");

#[test]
fn every_shipped_file_is_free_of_warnings() {
    for file in [crate::common::FANFEST, LIVE, KEYWORD] {
        let problems: Vec<String> = contest::check(file, None)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}

fn answer(contest: &Compiled, text: &str, at: i64) -> String {
    match contest.try_text(text, at).class {
        Class::Answer { value, .. } => value,
        other => other.name().to_owned(),
    }
}

/// Half a minute after the opening of a round.
fn in_round(contest: &Compiled, number: u16) -> i64 {
    contest.campaign.round(number).unwrap().open + 30
}

#[test]
fn the_live_show_has_a_question_of_every_kind() {
    let show = compiled(LIVE);
    let say = |round: u16, text: &str| answer(&show, text, in_round(&show, round));
    assert_eq!(say(1, "选雾蓝吧"), "other");
    assert_eq!(say(1, "雾蓝"), "A");
    assert_eq!(say(2, "b、a"), "AB");
    for same in [
        "CDBA",
        "c d b a",
        "C>D>B>A",
        "Ｃ，Ｄ，Ｂ，Ａ",
        "3421",
        "3-4-2-1",
        "第3题cdba",
        "选CDBA",
    ] {
        assert_eq!(say(3, same), "CDBA", "{same}");
    }
    for wrong in ["CDB", "CDBB", "C", "CDBAE", "标准版", "cdba c"] {
        assert_ne!(say(3, wrong), "CDBA", "{wrong}");
    }
    assert_eq!(say(3, "CDB"), "wrong_format");
    assert_eq!(say(4, "1，999块钱"), "1999");
    assert_eq!(say(4, "一千九百九十九元"), "1999");
    assert_eq!(say(5, "平板"), "B");
    let poll = &show.campaign.round(5).unwrap().question;
    assert_eq!(
        poll.policy,
        campaign::AnswerPolicy::Last,
        "Q-8: the last vote counts"
    );
}

#[test]
fn only_the_keyword_takes_part_p_8() {
    let draw = compiled(KEYWORD);
    let at = in_round(&draw, 1);
    for key in [
        "我要小米",
        "我要小米！",
        " 我要 小米",
        "我要小米手机",
        "我要小米/::)",
    ] {
        assert_eq!(answer(&draw, key, at), "我要小米", "{key}");
    }
    assert_eq!(answer(&draw, "你好", at), "other");
    assert_eq!(answer(&draw, "客服", at), "keyword");
    assert_eq!(answer(&draw, "怎么参加？", at), "question");
}
