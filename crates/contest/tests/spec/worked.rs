//! The worked examples of the rules, each with the id of the rule it shows.

use crate::common::{START, answer, class, compiled, fanfest, reply, text, with_question};
use contest::{Class, EventClass, Message, PLACEHOLDER, Reading, WrongFormat};

fn wrong(round: u16, reason: WrongFormat) -> Class {
    Class::WrongFormat { round, reason }
}

#[test]
fn windows_of_round_three_q_a() {
    let contest = fanfest();
    // Open 14:20:00, close 14:25:00.
    assert_eq!(class(&contest, "A", 1200), answer(3, "A"));
    assert_eq!(
        class(&contest, "A", 1499),
        answer(3, "A"),
        "14:24:59, whenever it arrives"
    );
    assert_eq!(class(&contest, "A", 1500), Class::Late { round: 3 });
    assert_eq!(
        class(&contest, "A", 1199),
        Class::Late { round: 2 },
        "14:19:59 belongs to no round"
    );
    assert_eq!(class(&contest, "第3题A", 1199), Class::Early { round: 3 });
    assert!(
        reply(&contest, "第3题A", 1150).text.contains("14:20"),
        "the reply tells the opening"
    );
}

#[test]
fn late_and_early_without_a_window_c_5_4b() {
    let contest = fanfest();
    assert_eq!(class(&contest, "B", -300), Class::Early { round: 1 });
    assert_eq!(class(&contest, "雷军", -300), Class::Early { round: 1 });
    assert_eq!(
        class(&contest, "北京", -300),
        Class::Other,
        "no option of round 1"
    );
    assert_eq!(
        class(&contest, "小米盒子", 6 * 600 + 450),
        Class::Late { round: 7 }
    );
    assert_eq!(
        class(&contest, "A", 7100),
        Class::Late { round: 12 },
        "after the end"
    );
    assert_eq!(
        class(&contest, "AB", 400),
        Class::Other,
        "no round is open: no wrong format"
    );
    for (after, template) in [
        (-300, "not_started"),
        (450, "between_rounds"),
        (7100, "after_end"),
    ] {
        assert_eq!(reply(&contest, "A", after).template, template);
    }
}

#[test]
fn explicit_rounds_p_4() {
    let contest = fanfest();
    assert_eq!(class(&contest, "第3题A", 1260), answer(3, "A"));
    assert_eq!(class(&contest, "q3b", 1260), answer(3, "B"));
    assert_eq!(class(&contest, "第2题A", 1260), Class::Late { round: 2 });
    assert_eq!(class(&contest, "第5题A", 1260), Class::Early { round: 5 });
    assert_eq!(
        class(&contest, "第47题A", 1260),
        wrong(3, WrongFormat::UnknownRound)
    );
    assert_eq!(
        class(&contest, "第3题E", 1260),
        wrong(3, WrongFormat::OutsideLetter)
    );
    assert_eq!(
        class(&contest, "第5题E", 1260),
        wrong(3, WrongFormat::OutsideLetter)
    );
    assert_eq!(class(&contest, "第2题A", 1600), Class::Late { round: 2 });
    assert_eq!(class(&contest, "第9题A", 1600), Class::Early { round: 9 });
    assert_eq!(class(&contest, "第9题A", 7100), Class::Late { round: 9 });
    let spoken = reply(&contest, "第5题A", 1260);
    assert_eq!(
        (spoken.rule.as_str(), spoken.template.as_str()),
        ("early", "early")
    );
    assert!(
        spoken.text.contains("第5题") && spoken.text.contains("14:40"),
        "{}",
        spoken.text
    );
}

#[test]
fn wrong_formats_are_never_guessed_p_5_p_6() {
    let contest = fanfest();
    let at = 6 * 600 + 60; // round 7: B is 小米盒子
    for (words, reason) in [
        ("AB", WrongFormat::Multi),
        ("A或B", WrongFormat::Multi),
        ("ABCD", WrongFormat::Multi),
        ("ABABABABABABABAB", WrongFormat::Multi),
        ("E", WrongFormat::OutsideLetter),
        ("选E", WrongFormat::OutsideLetter),
        ("A 小米盒子", WrongFormat::OtherText),
        ("1小米盒子", WrongFormat::OtherText),
        ("1 2", WrongFormat::SeveralNumbers),
        ("１，２", WrongFormat::SeveralNumbers),
        ("1、2", WrongFormat::SeveralNumbers),
        ("我觉得A比较好", WrongFormat::Unclear),
    ] {
        assert_eq!(class(&contest, words, at), wrong(7, reason), "{words}");
        assert_eq!(reply(&contest, words, at).rule, "wrong_format");
    }
    let paste = "米".repeat(300);
    assert_eq!(class(&contest, &paste, at), Class::Other);
    for no_attempt in ["5", "666", "哈哈哈", "选", "是", "答案"] {
        assert_eq!(
            class(&contest, no_attempt, at),
            Class::Other,
            "{no_attempt}"
        );
    }
}

#[test]
fn first_hits_win_in_order_c_5() {
    let contest = fanfest();
    assert_eq!(class(&contest, "客服", 60), Class::Preempt);
    assert_eq!(class(&contest, "TD", 60), Class::Preempt);
    assert_eq!(reply(&contest, "人工", 60).rule, "keyword:service");
    assert_eq!(
        class(&contest, "客服在哪", 60),
        Class::Question,
        "not exactly the word"
    );
    assert_eq!(
        class(&contest, "我的订单到哪了？", 60),
        Class::Keyword("order".to_owned())
    );
    assert_eq!(
        class(&contest, "我的訂單到哪了", 60),
        Class::Keyword("order".to_owned())
    );
    assert_eq!(
        class(&contest, "结果什么时候公布", 400),
        Class::Keyword("result".to_owned())
    );
    assert_eq!(
        class(&contest, "怎麼參加啊", 60),
        Class::Keyword("howto".to_owned())
    );
    for (words, after) in [
        ("我的", 60),
        ("【我 的】！", 400),
        ("我的", -30),
        ("我的", 7000),
    ] {
        assert_eq!(
            class(&contest, words, after),
            Class::Mine,
            "{words} at {after}"
        );
    }
    assert_eq!(
        class(&contest, "我的编码呢", 60),
        Class::Question,
        "not exactly the word"
    );
    assert_eq!(class(&contest, "为什么没反应?", 60), Class::Question);
    assert_eq!(class(&contest, "/:8-)", 60), Class::Emoticon);
    assert_eq!(class(&contest, "😀😀", 60), Class::Emoticon);
    assert_eq!(class(&contest, PLACEHOLDER, 60), Class::Emoticon);
    assert_eq!(class(&contest, "狗", 60), Class::Other);
    assert_eq!(class(&contest, "", 60), Class::Other);
}

#[test]
fn a_fan_in_a_hurry_r_b() {
    let contest = fanfest();
    let go = reply(&contest, "GO", 1260);
    assert!(
        go.text.contains("报名") && go.text.contains("第3题"),
        "{}",
        go.text
    );
    let keys: Vec<String> = (1260..1270)
        .map(|at| reply(&contest, "GO", at).coalesce)
        .collect();
    assert!(
        keys.iter().all(|key| *key == go.coalesce),
        "ten GO need one reply"
    );
    let a = reply(&contest, "A", 1270);
    assert!(
        a.text.contains("A") && a.text.contains("第3题"),
        "{}",
        a.text
    );
    assert_ne!(a.coalesce, go.coalesce);
    assert_ne!(
        a.coalesce,
        reply(&contest, "B", 1270).coalesce,
        "another value is another reply"
    );
    assert_eq!(a.coalesce, reply(&contest, "选a", 1271).coalesce);
    let why = reply(&contest, "为什么没反应?", 1272);
    assert_eq!(
        (why.rule.as_str(), why.coalesce.as_str()),
        ("question", "question/3/")
    );
}

#[test]
fn the_reply_to_an_answer_states_receipt() {
    let contest = fanfest();
    let spoken = reply(&contest, "选b", 1260);
    assert_eq!(spoken.rule, "answer");
    assert_eq!(
        spoken.text,
        "收到：B（第3题，以你最先发出的有效答案为准，结果以公布为准）。"
    );
    assert_eq!(spoken.coalesce, "answer/3/B");
}

#[test]
fn replies_near_an_edge_are_neutral() {
    let contest = fanfest();
    for after in [
        1190, 1199, 1200, 1209, 1490, 1499, 1500, 1509, -10, -1, 0, 9, 6890, 6909,
    ] {
        for words in ["GO", "A", "AB", "第2题A", "哈哈", "/::)"] {
            let spoken = reply(&contest, words, after);
            assert_eq!(spoken.template, "neutral", "{words} at {after}");
        }
        assert_eq!(reply(&contest, "我的订单呢", after).template, "order");
    }
    for after in [1189, 1210, 1489, 1510] {
        assert_ne!(reply(&contest, "A", after).template, "neutral", "{after}");
    }
}

#[test]
fn media_voice_and_unknown_kinds_have_words_r_1_p_9() {
    let contest = fanfest();
    for kind in [
        "image",
        "voice",
        "video",
        "shortvideo",
        "location",
        "link",
        "file",
        "IMAGE",
    ] {
        let message = Message {
            kind,
            create_time: START + 60,
            ..Message::default()
        };
        assert_eq!(contest.classify(&message), Class::Media, "{kind}");
        assert_eq!(
            contest.reply(&message, &Class::Media).unwrap().rule,
            "media"
        );
    }
    let spoken_a = Message {
        kind: "voice",
        recognition: "A。",
        create_time: START + 60,
        ..Message::default()
    };
    assert_eq!(
        contest.classify(&spoken_a),
        Class::Media,
        "voice is not an answer (P-9)"
    );
    assert_eq!(contest.read(1, &spoken_a), Reading::NotAnAnswer);
    let strange = Message {
        kind: "hologram",
        create_time: START + 60,
        ..Message::default()
    };
    assert_eq!(contest.classify(&strange), Class::Other);
    assert_eq!(
        contest.reply(&strange, &Class::Other).unwrap().rule,
        "default"
    );
}

#[test]
fn events_are_greeted_or_silent_r_17() {
    let contest = fanfest();
    let event = |event, event_key| Message {
        kind: "event",
        event,
        event_key,
        create_time: START + 60,
        ..Message::default()
    };
    let spoken = |message: &Message<'_>| contest.reply(message, &contest.classify(message));
    let plain = spoken(&event("subscribe", "")).unwrap();
    assert_eq!(
        (plain.rule.as_str(), plain.template.as_str()),
        ("subscribe", "subscribe")
    );
    let scene = spoken(&event("subscribe", "qrscene_5")).unwrap();
    assert_eq!(
        (scene.rule.as_str(), scene.template.as_str()),
        ("subscribe", "subscribe_scene")
    );
    for silent in [
        "unsubscribe",
        "SCAN",
        "LOCATION",
        "VIEW",
        "TEMPLATESENDJOBFINISH",
        "",
    ] {
        assert_eq!(spoken(&event(silent, "k")), None, "{silent}");
    }
    let click = event("CLICK", "V1");
    assert_eq!(
        contest.classify(&click),
        Class::Event(EventClass::Click("V1".to_owned()))
    );
    assert_eq!(
        spoken(&click).unwrap().rule,
        "default",
        "an unknown key still has words"
    );
}

#[test]
fn menus_are_bound_or_stale_c_5_1() {
    let question =
        "text = \"?\"\nkind = \"single\"\noptions = { A = \"甲\", B = \"乙\" }\nkey = [\"A\"]";
    let menu = "[[menu]]\nid = \"101\"\nround = 1\nanswer = \"B\"\n[[menu]]\nid = \"help\"\ntemplates = [\"ok\"]";
    let contest = compiled(&with_question(question, menu));
    let tap = |menu_id, after| Message {
        menu_id,
        ..text("B. 乙", after)
    };
    assert_eq!(contest.classify(&tap("101", 60)), answer(1, "B"));
    assert_eq!(
        contest.read(1, &tap("101", 60)),
        Reading::Answer("B".to_owned())
    );
    assert_eq!(
        contest.classify(&tap("101", -60)),
        Class::Early { round: 1 }
    );
    assert_eq!(contest.classify(&tap("101", 300)), Class::Late { round: 1 });
    assert_eq!(
        contest.classify(&tap("help", 60)),
        Class::Menu("help".to_owned())
    );
    assert_eq!(
        contest.classify(&tap("999", 60)),
        Class::StaleMenu,
        "though its text is an answer"
    );
    assert_eq!(contest.read(1, &tap("999", 60)), Reading::NotAnAnswer);
    let help = tap("help", 60);
    assert_eq!(
        contest.reply(&help, &contest.classify(&help)).unwrap().rule,
        "menu:help"
    );
}

#[test]
fn several_templates_are_stable_for_a_fan_and_day_r_17() {
    let contest = fanfest();
    let greet = |from, after| {
        let message = Message {
            from,
            ..text("你好", after)
        };
        contest
            .reply(&message, &contest.classify(&message))
            .unwrap()
            .template
    };
    let fans: Vec<String> = (0..64).map(|n| format!("o_fan_{n:04}")).collect();
    let picked: Vec<String> = fans.iter().map(|fan| greet(fan, 60)).collect();
    assert!(picked.iter().any(|name| name == "greeting"));
    assert!(picked.iter().any(|name| name == "greeting2"));
    for (fan, name) in fans.iter().zip(&picked) {
        assert_eq!(greet(fan, 3000), *name, "the same all day");
    }
}
