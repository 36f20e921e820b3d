//! Every spelling that fans use says the same thing (P-1 to P-4): the property behind the grammars.

use crate::common::{START, answer, class, fanfest, text};
use contest::{Class, Normaliser, Reading};
use proptest::prelude::*;

/// Spellings of a letter `{L}`, its disguises, the option's text `{t}`, the round's number `{n}`.
#[rustfmt::skip]
const SPELLINGS: [&str; 66] = [
    "{L}", "{s}", "{W}", "{w}", "{L}.", "{L}。", "{L}、", "{L}!", "{L}！", "选{L}", "选 {s}",
    "選{L}", "我选{s}", "我選{L}", "我选择{L}", "选择{L}", "答案{L}", "答案：{W}。", "答案是{L}", "答{L}",
    "是{L}", "应该是{L}", "應該是{s}", "觉得是{L}", "({L})", "（{W}）", "【{L}】", "{L}{L}{L}{L}",
    "{s}{s}", "{L}项", "选{L}吧", "{L}呀", "{L}啊", "{L}的", " {L} ", "\u{3000}{L}\n",
    "{L}\u{200b}", "\u{feff}{L}", "{L}/::)", "[微笑]{L}", "{L}[Smile]", "/:strong{L}", "{L}😀",
    "{q}\u{FE0F}", "{c}", "“{L}”", "{d}", "{k}", "{z}", "{o}", "{t}", "{L}{t}", "{L}.{t}",
    "{s} {t}", "{t}！", "第{n}题{L}", "{n}题{s}", "第{n}{L}", "第{n}題{W}", "q{n}{s}", "Q{n}{L}",
    "<{L}>", "《{L}》", "*{L}*", "~{L}~", "{L}…",
];

/// Spellings of one option in a round, by its letter, place and text.
fn spellings(round: u16, letter: char, option: &str) -> Vec<String> {
    let small = letter.to_ascii_lowercase();
    let wide = char::from_u32(u32::from(letter) - 0x41 + 0xFF21).unwrap();
    let wide_small = char::from_u32(u32::from(letter) - 0x41 + 0xFF41).unwrap();
    let squared = char::from_u32(u32::from(letter) - 0x41 + 0x1F170).unwrap();
    let circled = char::from_u32(u32::from(letter) - 0x41 + 0x24B6).unwrap();
    let place = u32::from(letter) - 0x40;
    let digit = char::from_digit(place, 10).unwrap();
    let keycap = format!("{digit}\u{FE0F}\u{20E3}");
    let chinese = ['一', '二', '三', '四'][place as usize - 1];
    let circled_digit = char::from_u32(0x2460 + place - 1).unwrap();
    let mut all: Vec<String> = SPELLINGS
        .iter()
        .map(|form| {
            form.replace("{L}", &letter.to_string())
                .replace("{s}", &small.to_string())
                .replace("{W}", &wide.to_string())
                .replace("{w}", &wide_small.to_string())
                .replace("{q}", &squared.to_string())
                .replace("{c}", &circled.to_string())
                .replace("{d}", &digit.to_string())
                .replace("{k}", &keycap)
                .replace("{z}", &chinese.to_string())
                .replace("{o}", &circled_digit.to_string())
                .replace("{t}", option)
                .replace("{n}", &round.to_string())
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn every_spelling_of_every_option_is_its_answer_d_5() {
    let contest = fanfest();
    for round in &contest.campaign.rounds {
        for option in &round.question.options {
            let all = spellings(round.number, option.letter, &option.text);
            assert!(all.len() >= 60, "{}", all.len());
            for spelling in all {
                let at = round.open - START + 60;
                let expected = answer(round.number, &option.letter.to_string());
                assert_eq!(class(&contest, &spelling, at), expected, "{spelling:?}");
                let reading = contest.read(round.number, &text(&spelling, at));
                assert_eq!(
                    reading,
                    Reading::Answer(option.letter.to_string()),
                    "{spelling:?}"
                );
            }
        }
    }
}

#[test]
fn traditional_spellings_of_options_are_the_options_c_4() {
    let contest = fanfest();
    for (number, spelling, letter) in [
        (1, "雷軍", "D"),
        (2, "MIUI系統", "A"),
        (4, "聯發科", "D"),
        (4, "英偉達", "A"),
        (5, "為發燒而生", "D"),
        (5, "永不止步", "A"),
        (6, "安卓系統", "C"),
        (7, "小米電視", "C"),
        (3, "廣州", "D"),
        (10, "金山軟件", "A"),
        (11, "摩托羅拉", "D"),
        (12, "飛信", "C"),
        (10, "騰訊", "B"),
    ] {
        let at = 600 * (i64::from(number) - 1) + 60;
        assert_eq!(
            class(&contest, spelling, at),
            answer(number, letter),
            "{spelling}"
        );
    }
}

#[test]
fn every_spelling_of_go_joins_and_a_dog_does_not_d_5() {
    let contest = fanfest();
    for join in [
        "GO",
        "go",
        "Go",
        "gO",
        "ＧＯ",
        "ｇｏ",
        "GO!",
        "go！",
        "GO。",
        "GOGOGO",
        "gogo",
        "gooooo",
        "GOOOOOO",
        " G O ",
        "G\u{200b}O",
        "我要GO",
        "我想go",
        "GO小米",
        "go/::)",
        "[微笑]GO",
        "GO😀",
        "【GO】",
        "“go”",
        "报名",
        "報名",
        "参加",
        "參加",
        "我要报名",
        "我要參加",
        "Go\n",
    ] {
        for after in [-300, 60, 400, 7000] {
            assert_eq!(
                class(&contest, join, after),
                Class::Join,
                "{join:?} at {after}"
            );
            assert!(contest.is_join(&text(join, after)));
        }
    }
    for other in [
        "狗",
        "google",
        "Google一下",
        "去",
        "goa",
        "不go了",
        "g",
        "ogo",
    ] {
        assert_ne!(class(&contest, other, 60), Class::Join, "{other}");
        assert!(!contest.is_join(&text(other, 60)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Decoration that fans and keyboards add changes nothing.
    #[test]
    fn decoration_changes_no_answer(
        place in 0_usize..4,
        which in 0_usize..62,
        before in prop::sample::select(vec!["", " ", "/::)", "\u{200b}", "“", "😀", "[微笑]", "\u{3000}", "…"]),
        after in prop::sample::select(vec!["", "。", "！", " ", "\n", "/:rose", "👍🏽", "\u{feff}", "~~", "”"]),
    ) {
        let contest = fanfest();
        let round = &contest.campaign.rounds[2];
        let option = &round.question.options[place];
        let all = spellings(3, option.letter, &option.text);
        let spelling = format!("{before}{}{after}", all[which % all.len()]);
        let expected = answer(3, &option.letter.to_string());
        prop_assert_eq!(class(&contest, &spelling, 1260), expected, "{:?}", spelling);
    }

    /// Judged on its normal form, a text is what it was (N-1).
    #[test]
    fn a_text_and_its_plain_form_are_one(words in "[A-Da-e0-9选题第 /:)\\[\\]微笑GO狗吗？。，]{0,14}") {
        let contest = fanfest();
        let plain = Normaliser::new().plain(&words);
        prop_assume!(!plain.is_empty());
        prop_assert_eq!(class(&contest, &words, 60), class(&contest, &plain, 60));
    }
}
