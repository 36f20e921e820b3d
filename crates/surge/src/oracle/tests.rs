//! Worked examples of the rules on hand-made recordings.

use super::*;
use crate::recording::Part;
use std::borrow::Cow;

const FANFEST: &str = include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");
/// Opening of round 3, 14:20:00.
const OPEN: i64 = 1_365_488_400;
/// Its close, 14:25:00.
const CLOSE: i64 = OPEN + 300;

fn campaign() -> Campaign {
    Campaign::parse(FANFEST).unwrap().0
}

fn body(fan: &str, create_time: i64, elements: &str) -> String {
    format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>{fan}</FromUserName>\
         <CreateTime>{create_time}</CreateTime>{elements}</xml>"
    )
}

fn text(fan: &str, create_time: i64, id: u64, text: &str) -> String {
    let elements =
        format!("<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId>");
    body(fan, create_time, &elements)
}

fn judged(bodies: &[String]) -> Manifest {
    let mut judge = Judge::new(&campaign()).unwrap();
    for (n, body) in bodies.iter().enumerate() {
        let body = Cow::Borrowed(body.as_str());
        judge.row(&Row {
            at_us: 1,
            part: Part::Event,
            n: n as u64,
            attempt: 1,
            body,
        });
    }
    let written = Written {
        rows: bodies.len() as u64,
        bytes: 0,
        sha256: String::new(),
    };
    judge.manifest("r", &written, FANFEST)
}

/// The class and rule of one text at a time.
fn verdict(content: &str, create_time: i64) -> (String, String) {
    let manifest = judged(&[text("o1", create_time, 1, content)]);
    let only = |counts: &BTreeMap<String, u64>| counts.keys().next().cloned().unwrap();
    (only(&manifest.classes), only(&manifest.rules))
}

/// The letter that a text answers round 3 with.
fn letter(content: &str) -> Option<String> {
    let manifest = judged(&[text("o1", OPEN, 1, content)]);
    manifest.rounds[2].answers.keys().next().cloned()
}

#[test]
fn spellings_of_an_option_are_that_option() {
    let of_c = [
        "C",
        "c",
        "Ｃ",
        "C.",
        "C。",
        "C、",
        "选C",
        "答案C",
        "我选c",
        "(C)",
        "（Ｃ）",
        "CCCC",
        "3",
        "北京",
        "C北京",
        "第3题C",
        "答案：Ｃ。",
        "应该是C吧",
        "C项",
        "选择C",
        "是C的",
        "🅲",
        "3️⃣",
        "三",
        "c 北京",
        "3c",
        "q3c",
        "C/::)",
        "答是C",
        "C\u{200b}",
    ];
    for content in of_c {
        assert_eq!(letter(content).as_deref(), Some("C"), "{content}");
    }
}

#[test]
fn what_has_no_single_reading_is_a_wrong_format() {
    for content in [
        "AB",
        "A或B",
        "ABCD",
        "E",
        "C 上海",
        "1 2",
        "1，2",
        "第3题E",
        "abcabcabcabcabcabc",
    ] {
        assert_eq!(verdict(content, OPEN).0, "wrong_format", "{content}");
        assert_ne!(verdict(content, CLOSE).0, "wrong_format", "{content}");
    }
    for content in ["好", "北京上海", "5", "1999"] {
        assert_eq!(verdict(content, OPEN).0, "other", "{content}");
    }
}

#[test]
fn joins_are_told_from_words_that_begin_like_them() {
    for content in [
        "GO",
        "ＧＯ！",
        "go go go",
        "gooooo",
        " G O ",
        "我要GO",
        "GO小米",
        "报名",
        "参加",
        "我想go!",
    ] {
        assert_eq!(
            verdict(content, OPEN),
            ("join".into(), "join".into()),
            "{content}"
        );
    }
    for content in ["狗", "google", "goal", "我要去小米公司GO", "gogogog"] {
        assert_ne!(verdict(content, OPEN).0, "join", "{content}");
    }
}

#[test]
fn the_order_of_the_rules_decides() {
    let table = [
        ("客服", OPEN, "preempt", "keyword:service"),
        ("TD", OPEN, "preempt", "keyword:optout"),
        ("第2题A", OPEN, "late", "late"),
        ("第4题A", OPEN, "early", "early"),
        ("C", CLOSE, "late", "late"),
        ("C", OPEN - 1, "late", "late"), // of round 2, the last that closed
        ("A", 1_365_487_199, "early", "early"),
        ("A", 1_365_494_400, "late", "late"),
        ("我的订单到哪了？", OPEN, "keyword", "keyword:order"),
        ("我的", OPEN, "mine", "mine"),
        ("【我的】！", CLOSE, "mine", "mine"),
        ("领奖 张三 13800000000 北京", OPEN, "claim", "claim"),
        ("領獎：１３８００００００００", CLOSE, "claim", "claim"),
        ("领奖", OPEN, "claim_help", "claim_help"),
        ("领奖怎么弄？", CLOSE, "claim_help", "claim_help"),
        ("f码", CLOSE, "keyword", "keyword:fcode"),
        ("f码", OPEN, "wrong_format", "wrong_format"), // short, with a letter
        ("你好", OPEN, "keyword", "keyword:greeting"),
        ("这个多少钱啊", OPEN, "question", "question"),
        ("/:8-)", OPEN, "emoticon", "default"),
        (
            "【收到不支持的消息类型，暂无法显示】",
            OPEN,
            "emoticon",
            "default",
        ),
        ("加油", OPEN, "other", "default"),
        ("\u{200b}", OPEN, "other", "default"),
    ];
    for (content, at, class, rule) in table {
        assert_eq!(
            verdict(content, at),
            (class.to_owned(), rule.to_owned()),
            "{content} {at}"
        );
    }
}

#[test]
fn the_own_code_is_told_where_no_open_round_takes_the_word_for_an_answer() {
    let single = "举行？\"\nkind = \"single\"\noptions = { A = \"上海\", B = \"深圳\", C = \"北京\", D = \"广州\" }\nkey = [\"C\"]";
    assert!(FANFEST.contains(single));
    let any_word = FANFEST.replace(single, "举行？\"\nkind = \"text\"\nkey = [\"北京\"]");
    let mut judgement = Judgement::new(&Campaign::parse(&any_word).unwrap().0).unwrap();
    let mut class = |content: &str, at: i64| {
        let body = text("o1", at, 1, content);
        judgement
            .judge(&Inbound::parse(body.as_bytes()).unwrap())
            .class
    };
    assert_eq!(class("我的", OPEN), "answer", "any word is");
    assert_eq!(class("我的", CLOSE), "mine");
    assert_eq!(class("我们的", CLOSE), "late");
    // Nor is a claim an answer where any word is one: answers are published.
    assert_eq!(class("领奖13800000000", OPEN), "claim");
    assert_eq!(
        (class("领奖台", OPEN), class("领奖台", CLOSE)),
        ("answer", "claim_help")
    );
}

#[test]
fn other_kinds_have_their_rules() {
    let voice = "<MsgType>voice</MsgType><Recognition>我选C。</Recognition><MsgId>1</MsgId>";
    let asks = "<MsgType>voice</MsgType><Recognition>这个多少钱？</Recognition><MsgId>2</MsgId>";
    let tap =
        "<MsgType>text</MsgType><Content>C</Content><bizmsgmenuid>7</bizmsgmenuid><MsgId>3</MsgId>";
    let new = "<MsgType>sprite</MsgType><MsgId>4</MsgId>";
    let follow = "<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>";
    let leave = "<MsgType>event</MsgType><Event>unsubscribe</Event>";
    let table = [
        (voice, "media", "media"),
        (asks, "question", "question"),
        (tap, "stale_menu", "default"),
        (new, "other", "default"),
        (follow, "event", "subscribe"),
        (leave, "event", ""),
    ];
    for (elements, class, rule) in table {
        let manifest = judged(&[body("o1", OPEN, elements)]);
        assert_eq!(
            manifest.classes,
            BTreeMap::from([(class.to_owned(), 1)]),
            "{elements}"
        );
        assert_eq!(
            manifest.rules,
            BTreeMap::from([(rule.to_owned(), 1)]),
            "{elements}"
        );
        assert_eq!(manifest.digest.lines, 0);
    }
}

#[test]
fn a_window_holds_its_opening_and_not_its_close() {
    // Q-a: the CreateTime decides, whenever it arrives.
    let at = |time| judged(&[text("o1", time, 1, "C")]).rounds[2].lines;
    assert_eq!(
        [at(OPEN - 1), at(OPEN), at(CLOSE - 1), at(CLOSE)],
        [0, 1, 1, 0]
    );
}

#[test]
fn the_first_answer_counts_by_time_and_id_and_not_by_arrival() {
    // Q-b, in both orders of arrival.
    let b = text("o1", OPEN + 3, 10, "B");
    let c = text("o1", OPEN + 3, 11, "C");
    for bodies in [[b.clone(), c.clone()], [c, b]] {
        let round = &judged(&bodies).rounds[2];
        assert_eq!(round.answers, BTreeMap::from([("B".to_owned(), 1)]));
        assert_eq!(round.correct, 0);
    }
    // Q-c: a wrong format does not use up the try, and is not counted beside an answer.
    let round = judged(&[
        text("o1", OPEN + 2, 1, "A或B"),
        text("o1", OPEN + 9, 2, "C"),
    ])
    .rounds[2]
        .clone();
    assert_eq!((round.correct, round.wrong_format, round.joins), (1, 0, 1));
    let round = judged(&[text("o1", OPEN + 2, 1, "A或B")]).rounds[2].clone();
    assert_eq!((round.lines, round.wrong_format, round.joins), (0, 1, 0));
}

#[test]
fn joins_count_in_their_round_or_outside_all() {
    // Q-d: an answer joins, and a GO of a second before that arrives later changes nothing.
    let manifest = judged(&[
        text("o1", OPEN + 5, 2, "C"),
        text("o1", OPEN + 4, 1, "GO"),
        text("o2", CLOSE, 3, "GO"),
        text("o2", CLOSE + 1, 4, "GO"),
        text("o3", CLOSE + 1, 5, "加油"),
    ]);
    assert_eq!(manifest.rounds[2].joins, 1);
    let outside = manifest.rounds.last().unwrap();
    assert_eq!(
        (outside.round, outside.joins, outside.messages),
        (None, 1, 3)
    );
    assert_eq!((manifest.fans, manifest.joined), (3, 2));
}

#[test]
fn re_deliveries_change_their_counter_and_nothing_else() {
    let once = [
        text("o1", OPEN, 7, "C"),
        text("o2", OPEN, 7, "C"),
        text("o1", OPEN, 8, "GO"),
    ];
    let scan = "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>5</EventKey>";
    let place = "<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>1</Latitude>";
    let events = [
        body("o1", 100, scan),
        body("o1", 100, place),
        body("o1", 101, place),
    ];
    let all: Vec<String> = once.into_iter().chain(events).collect();
    let plain = judged(&all);
    let thrice: Vec<String> = all.iter().chain(&all).rev().chain(&all).cloned().collect();
    let again = judged(&thrice);
    assert_eq!(plain.messages, 6);
    assert_eq!(
        (again.rows[&Table::Event], again.rows[&Table::Redelivery]),
        (6, 12)
    );
    assert_eq!(
        (&again.digest, &again.rounds),
        (&plain.digest, &plain.rounds)
    );
    assert_eq!(again.rules, plain.rules);
}

#[test]
fn the_digest_is_that_of_its_lines() {
    let manifest = judged(&[text("o2", OPEN + 1, 9, "c"), text("o1", OPEN, 7, "D")]);
    let lines = format!("3\to1\tD\t{OPEN}\t7\n3\to2\tC\t{}\t9\n", OPEN + 1);
    assert_eq!(manifest.digest.sha256, hex(&Sha256::digest(&lines)));
    let head = |line: &str| identity::head(&Sha256::digest(line));
    let sum = lines
        .split_inclusive('\n')
        .fold(0_u128, |sum, line| sum.wrapping_add(head(line)));
    assert_eq!(manifest.digest.sum, format!("{sum:032x}"));
    assert_eq!(manifest.rounds[2].sum, manifest.digest.sum);
}

#[test]
fn a_body_that_is_no_message_is_counted_apart() {
    let manifest = judged(&["<xml>".to_owned(), text("o1", OPEN, 1, "C")]);
    assert_eq!((manifest.unparsed, manifest.messages), (1, 1));
}

/// Q-18, Q-29: whoever answered, left and never wrote again is barred at the last cut, by what is known there.
#[test]
fn the_board_bars_who_left_after_his_last_round() {
    let campaign = campaign();
    assert!(campaign.eligible.must_follow);
    let open = |round: usize| campaign.rounds[round - 1].open;
    let event = |fan: &str, at: i64, name: &str| {
        let elements = format!("<MsgType>event</MsgType><Event>{name}</Event>");
        body(fan, at, &elements)
    };
    let mut judge = Judge::new(&campaign).unwrap();
    let bodies = [
        text("o1", open(1) + 1, 1, "D"),
        text("o2", open(1) + 2, 2, "D"),
        text("o3", open(1) + 3, 3, "D"),
        event("o1", open(2) + 10, "unsubscribe"),
        event("o2", open(2) + 10, "unsubscribe"),
        event("o2", open(3) + 10, "subscribe"),
        text("o3", open(2) + 10, 4, "A"),
    ];
    for (n, body) in (0..).zip(&bodies) {
        let (part, attempt) = (Part::Event, 1);
        let body = Cow::Borrowed(body.as_str());
        judge.row(&Row {
            at_us: 1,
            part,
            n,
            attempt,
            body,
        });
    }
    let bars = |rounds: std::ops::RangeInclusive<u16>| {
        let last = *rounds.end();
        let rounds: Vec<_> = rounds
            .map(|round| {
                (
                    &campaign.rounds[usize::from(round) - 1],
                    judge.standings(round),
                )
            })
            .collect();
        let board = draws::board(&campaign, &rounds, &judge.bars(last));
        ["o1", "o2", "o3"].map(|fan| {
            let code = standings::entrant_code(&campaign.draw.salt, fan);
            board
                .iter()
                .find(|standing| standing.code == code)
                .unwrap()
                .bar
        })
    };
    let gone = Some("not_following");
    assert_eq!(bars(1..=1), [None, None, None]);
    assert_eq!(bars(1..=2), [gone, gone, None]);
    assert_eq!(bars(1..=3), [gone, None, None]);
}
