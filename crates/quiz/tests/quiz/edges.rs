//! Edges and hammering at the level of shares: the ends of a window, hundreds of messages in a second, what no
//! fan should send.

use crate::common::{Spec, bytes, counted, envelope, feed, lines, open, said};
use crate::sealing::{field, of, sealed, third, window};
use contest::{Entrants, Field, Standing};
use record::envelope::{Content, Envelope};
use std::borrow::Cow;

const FIRST: &str = "policy = \"first\"";

fn chosen(spec: &Spec, field: &Field<'static>, fan: &str) -> Option<(String, i64)> {
    let standing: Standing<'_> = of(spec, field, fan)?;
    Some((standing.value.into_owned(), standing.at))
}

/// the second before the opening and that of the close are out, whatever the order.
#[test]
fn q_1_the_window_holds_its_first_second_and_not_its_close() {
    let t = open(3);
    let edges = [
        ("BEFORE", t - 1),
        ("OPEN", t),
        ("LAST", t + 299),
        ("CLOSE", t + 300),
    ];
    let mut records: Vec<_> = (1..)
        .zip(edges)
        .map(|(id, (fan, at))| said(fan, at, id, "A"))
        .collect();
    records.reverse();
    let (spec, field) = third(FIRST, records);
    let points = edges.map(|(fan, _)| of(&spec, &field, fan).map(|s| (s.points, s.elapsed)));
    assert_eq!(points, [None, Some((1000, 0)), Some((502, 299)), None]);
}

/// of three hundred answers in one second the first and the last by MsgId count, in any order.
#[test]
fn q_8_three_hundred_answers_in_a_second_are_one_answer() {
    let t = open(3) + 9;
    let text = |id: u64| ["B", "C", "D", "A"][usize::try_from(id % 4).unwrap()];
    // 8 and 301 have no common divisor: every id once, in an order of their own.
    let ids: Vec<u64> = (1..=300).map(|n| 1_000 + n * 8 % 301).collect();
    let records = || ids.iter().map(|id| said("F", t, *id, text(*id))).collect();
    for (policy, value) in [
        (FIRST, text(1_001)),
        ("policy = \"last\"", text(1_300)),
        ("policy = \"best_of\"\ntries = 2", text(1_001)),
        ("policy = \"best_of\"\ntries = 3", "A"),
    ] {
        let (spec, field) = third(policy, records());
        assert_eq!(field.standings().len(), 1);
        assert_eq!(
            chosen(&spec, &field, "F"),
            Some((value.into(), t)),
            "{policy}"
        );
    }
}

/// whoever hammers in the minute before and after pushes nothing out of the window.
#[test]
fn q_8_hammering_beside_the_window_pushes_nothing_out_of_it() {
    let t = open(3);
    let beside = (0..300_u64).flat_map(|n| {
        let second = i64::try_from(n % 60).unwrap();
        [
            said("F", t - 60 + second, n, "C"),
            said("F", t + 300 + second, 1_000 + n, "D"),
        ]
    });
    let records: Vec<_> = beside.chain([said("F", t + 150, 5_000, "B")]).collect();
    for policy in [FIRST, "policy = \"last\""] {
        let (spec, field) = third(policy, records.clone());
        assert_eq!(chosen(&spec, &field, "F"), Some(("B".into(), t + 150)));
    }
}

/// every option within one second; the MsgId decides, and a wrong format is none of them.
#[test]
fn q_9_every_option_in_one_second() {
    let t = open(3) + 1;
    let orders = [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]];
    for order in orders {
        let text = |id: u64| ["D", "A", "C", "B"][usize::try_from(id - 1).unwrap()];
        let mut records: Vec<_> = order.map(|id| said("F", t, id, text(id))).into();
        records.push(said("F", t, 0, "ABCD"));
        let (spec, field) = third(FIRST, records);
        assert_eq!(chosen(&spec, &field, "F"), Some(("D".into(), t)));
    }
}

/// a GO after the answer does not join it; the next answer counts.
#[test]
fn q_10_a_join_after_the_answer_leaves_the_answer_out() {
    let t = open(3);
    let spec = Spec {
        join: "policy = \"campaign\"\nimplicit = false",
        ..Spec::default()
    };
    let mut recount = counted(
        &spec,
        [
            said("AFTER", t + 2, 1, "A"),
            said("AFTER", t + 3, 2, "GO"),
            said("AGAIN", t + 2, 3, "B"),
            said("AGAIN", t + 3, 4, "GO"),
            said("AGAIN", t + 4, 5, "A"),
            said("SAME", t + 2, 6, "A"),
            said("SAME", t + 2, 7, "GO"),
        ],
    );
    feed(&mut recount, [sealed(&spec, 1, 1, window(3))]);
    let field = field(&recount);
    assert_eq!(chosen(&spec, &field, "AFTER"), None);
    assert_eq!(chosen(&spec, &field, "AGAIN"), Some(("A".into(), t + 4)));
    assert_eq!(chosen(&spec, &field, "SAME"), Some(("A".into(), t + 2)));
}

fn voice(fan: &str, at: i64, words: &str) -> Vec<u8> {
    bytes(&Envelope {
        kind: "voice".into(),
        content: Content {
            recognition: Cow::Owned(words.to_owned()),
            media_id: "m".into(),
            ..Content::default()
        },
        ..envelope(fan, at, "9", "")
    })
}

/// P-9: what was heard is an answer only where the question says so.
#[test]
fn p_9_voice_is_an_answer_where_it_is_accepted() {
    let t = open(3);
    for (policy, want) in [
        (FIRST, None),
        (
            "policy = \"first\"\naccept_voice = true",
            Some(("A".to_owned(), t + 5)),
        ),
    ] {
        let (spec, field) = third(policy, vec![voice("F", t + 5, "我选A。")]);
        assert_eq!(chosen(&spec, &field, "F"), want);
    }
}

/// Stickers, emoticons with digits in them, media, and texts that are meant to do harm make nobody an entrant,
/// and an answer beside them counts.
#[test]
fn what_is_no_answer_makes_no_entrant_and_spoils_none() {
    let t = open(3);
    let long = "怎么没反应".repeat(20_000);
    let texts = [
        "【收到不支持的消息类型，暂无法显示】",
        "/:8-)",
        "[微笑]",
        "🅱️🅰️",
        "\u{0}\u{1b}[2J",
        "\u{202e}\u{2066}\u{feff}",
        "A\"}\n{\"code\":\"00000000000000000000000000000000\"",
        "'; drop table fans; --",
        "{{answer}}",
        "\u{fdfa}\u{fdfa}",
        "z̴̡͚̈́a̶l̷g̸o̵",
        "",
        " ",
    ];
    let mut records = vec![];
    for (n, text) in (0..).zip(texts.into_iter().chain([long.as_str()])) {
        records.push(said(&format!("NO{n}"), t + 1, n, text));
        records.push(said("YES", t + 1, n, text));
    }
    for kind in ["image", "video", "location", "link", "strange", ""] {
        records.push(bytes(&Envelope {
            kind: kind.to_owned().into(),
            content: Content::default(),
            ..envelope("NO", t + 1, "77", "A")
        }));
    }
    records.push(said("YES", t + 2, 99, "Ａ"));
    let (spec, field) = third(FIRST, records);
    let entrants: Vec<_> = field.standings().iter().map(|s| s.value.clone()).collect();
    assert_eq!(chosen(&spec, &field, "YES"), Some(("A".into(), t + 2)));
    assert_eq!(entrants, ["A"]);
}

/// A word that is an answer goes into the standings as it is read, whatever stands in it.
#[test]
fn hostile_words_are_quoted_in_the_standings() {
    let spec = Spec {
        kind: "text",
        options: "",
        key: "[\"小米\"]",
        ..Spec::default()
    };
    let t = open(3);
    let words = [
        "小米",
        "\"},{\"code\":\"x",
        "a\\u0000b\\",
        "<script>alert(1)</script>",
        "\u{2028}line\u{2029}",
        "o\u{7f}k",
        "第一行\n第二行",
    ];
    let records = (1..)
        .zip(words)
        .map(|(id, word)| said(&format!("F\"{id}\n"), t + 1, id, word));
    let mut recount = counted(&spec, records);
    feed(&mut recount, [sealed(&spec, 1, 1, window(3))]);
    assert!(lines(&mut recount).len() > 4, "they are answers");
    let standings: String = recount
        .shares()
        .iter()
        .map(|(_, s)| s.standings.as_str())
        .collect();
    let field = field(&recount);
    assert_eq!(field.lines(), standings, "what is read is what was written");
    assert_eq!(standings.lines().count(), field.standings().len());
    let right: u32 = field.standings().iter().map(|s| s.correct).sum();
    assert_eq!(right, 1);
}

/// An OpenID is never in a share, whatever its letters.
#[test]
fn no_share_has_an_openid() {
    let t = open(3);
    let fans = ["o6_bmjrPTlm6_2sgVt7hMZOPfL2M", "微信\"用户\"", ""];
    let records = (1..).zip(fans).map(|(id, fan)| said(fan, t, id, "A"));
    let spec = Spec::default();
    let mut recount = counted(&spec, records);
    feed(&mut recount, [sealed(&spec, 1, 1, window(3))]);
    let text = &recount.shares()[0].1.standings;
    assert_eq!(text.lines().count(), 3);
    assert!(!text.contains(fans[0]) && !text.contains("微信"));
    let code = Entrants::new(b"fest").code(fans[1]);
    assert!(text.contains(&code.to_string()));
}
