//! What holds for every message: words within bounds, no panic, one reading (R-1, R-3, R-18, V-12).

use crate::common::{START, fanfest};
use campaign::MAX_REPLY_BYTES;
use contest::{Class, Compiled, Message, Reading};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Reading the tables takes a millisecond, which thousands of cases would each pay.
static FANFEST: LazyLock<Compiled> = LazyLock::new(fanfest);

fn words() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "A",
        "b",
        "Ｃ",
        "go",
        "GO",
        "选",
        "第3题",
        "题",
        "q",
        "1",
        "3",
        "12",
        " ",
        "，",
        "订单",
        "F码",
        "？",
        "吗",
        "/::)",
        "[微笑]",
        "小米盒子",
        "為發燒而生",
        "{fan}",
        "{answer",
        "]]>",
        "<!DOCTYPE",
        "\u{202e}",
        "客服",
        "我的",
        "领奖",
        "13800000000",
        "\u{200b}",
        "ﷺ",
        "😀",
        "哈哈",
    ]);
    prop_oneof![
        3 => prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
        1 => "\\PC{0,40}".prop_map(|text| text.repeat(80)),
    ]
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "text", "text", "text", "voice", "image", "link", "x", "",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_message_has_words_within_bounds_r_1_r_18(
        kind in kind(), text in words(), menu_id in "[0-9]{0,3}", from in "[a-zA-Z0-9_-]{0,28}",
        after in prop_oneof![-1000_i64..9000, any::<i64>()],
    ) {
        let message = Message {
            kind, text: &text, recognition: &text, menu_id: &menu_id, from: &from,
            create_time: START.saturating_add(after), ..Message::default()
        };
        let class = FANFEST.classify(&message);
        let spoken = FANFEST.reply(&message, &class);
        prop_assert!(spoken.is_some(), "{:?}", class);
        let spoken = spoken.unwrap();
        prop_assert!(!spoken.text.is_empty() && spoken.text.len() <= MAX_REPLY_BYTES);
        prop_assert!(!spoken.text.contains('{'), "{}", spoken.text);
        prop_assert_eq!(FANFEST.reply(&message, &FANFEST.classify(&message)), Some(spoken), "R-3");
    }

    /// What quiz reads of a stored text is what ingress told the fan (P-*, Q-2).
    #[test]
    fn class_and_reading_agree(text in words(), after in -700_i64..7900, menu_id in "[0-9]{0,1}") {
        let message = Message {
            kind: "text", text: &text, menu_id: &menu_id, create_time: START + after,
            ..Message::default()
        };
        let class = FANFEST.classify(&message);
        prop_assert_eq!(FANFEST.is_join(&message), class == Class::Join);
        if let Some(round) = FANFEST.campaign.round_at(message.create_time) {
            let reading = FANFEST.read(round.number, &message);
            match &class {
                Class::Answer { round: about, value } => {
                    prop_assert_eq!(*about, round.number);
                    prop_assert_eq!(reading, Reading::Answer(value.clone()));
                }
                Class::WrongFormat { round: about, .. } => {
                    prop_assert_eq!(*about, round.number);
                    prop_assert!(!matches!(reading, Reading::Answer(_)));
                }
                _ => prop_assert!(!matches!(reading, Reading::Answer(_)), "{:?}", class),
            }
        } else {
            let in_a_window = matches!(class, Class::Answer { .. } | Class::WrongFormat { .. });
            prop_assert!(!in_a_window);
        }
    }

    #[test]
    fn any_event_is_classified(event in "\\PC{0,20}", event_key in "\\PC{0,20}", at: i64) {
        let message =
            Message { kind: "event", event: &event, event_key: &event_key, create_time: at, ..Message::default() };
        let class = FANFEST.classify(&message);
        prop_assert!(matches!(class, Class::Event(_)));
        let spoken = FANFEST.reply(&message, &class);
        prop_assert!(spoken.is_none_or(|spoken| spoken.text.len() <= MAX_REPLY_BYTES));
    }
}
