//! Grammars of the other kinds of questions: several letters, numbers, words (P-3, P-6…P-9).

use crate::common::{START, answer, class, compiled, text, with_question};
use contest::{Class, Compiled, Message, Reading, WrongFormat, counted_as};

fn wrong(reason: WrongFormat) -> Class {
    Class::WrongFormat { round: 1, reason }
}

fn single(options: &str, more: &str) -> Compiled {
    let question = format!(
        "text = \"?\"\nkind = \"single\"\noptions = {{ {options} }}\nkey = [\"A\"]\n{more}"
    );
    compiled(&with_question(&question, ""))
}

#[test]
fn digits_stand_for_letters_unless_an_option_is_a_number_p_3() {
    let words = single("A = \"甲\", B = \"乙\"", "");
    assert_eq!(class(&words, "2", 60), answer(1, "B"));
    assert_eq!(class(&words, "二", 60), answer(1, "B"));
    assert_eq!(class(&words, "3", 60), Class::Other, "no third option");
    assert_eq!(
        class(&words, "22", 60),
        Class::Other,
        "a number, not a letter twice"
    );
    let numbers = single("A = \"2\", B = \"4\"", "");
    assert_eq!(
        class(&numbers, "2", 60),
        answer(1, "A"),
        "the text of A, not the second option"
    );
    assert_eq!(class(&numbers, "1", 60), Class::Other);
    let off = single("A = \"甲\", B = \"乙\"", "digits_as_letters = false");
    assert_eq!(class(&off, "1", 60), Class::Other);
    assert_eq!(class(&off, "A", 60), answer(1, "A"));
}

#[test]
fn sets_of_letters_p_6() {
    let question = "text = \"?\"\nkind = \"multi\"\nkey = [\"A\", \"C\"]\n\
        options = { A = \"甲\", B = \"乙\", C = \"丙\", D = \"丁\" }";
    let contest = compiled(&with_question(question, ""));
    for same in [
        "AC",
        "ca",
        "C A",
        "A,C",
        "Ａ、Ｃ",
        "A和C",
        "选AC",
        "答案是a、c。",
        "ACA",
        "1 3",
        "13",
        "第1题ac",
    ] {
        assert_eq!(class(&contest, same, 60), answer(1, "AC"), "{same}");
    }
    assert_eq!(class(&contest, "乙", 60), answer(1, "B"));
    assert_eq!(class(&contest, "AE", 60), wrong(WrongFormat::OutsideLetter));
    assert_eq!(
        class(&contest, "A或C", 60),
        wrong(WrongFormat::Multi),
        "or is not and"
    );
}

#[test]
fn one_number_with_its_unit_p_7() {
    let question = "text = \"?\"\nkind = \"numeric\"\nkey = [1999]\nunits = [\"元\", \"块钱\"]";
    let contest = compiled(&with_question(question, ""));
    for same in [
        "1999",
        "１，９９９．００元",
        "一千九百九十九",
        "一千九百九十九元",
        "1999块钱",
        "答案是1999元",
        "¥1999",
        "1999.0",
    ] {
        assert_eq!(class(&contest, same, 60), answer(1, "1999"), "{same}");
    }
    assert_eq!(class(&contest, "-3.50", 60), answer(1, "-3.5"));
    for several in ["１，２", "12 34", "1、2", "1999或2999", "1/:8-)2"] {
        assert_eq!(
            class(&contest, several, 60),
            wrong(WrongFormat::SeveralNumbers),
            "{several}"
        );
    }
    assert_eq!(
        class(&contest, "大概1999吧", 60),
        wrong(WrongFormat::Unclear)
    );
    assert_eq!(
        class(&contest, "1999.12345", 60),
        wrong(WrongFormat::Unclear)
    );
    assert_eq!(class(&contest, "不知道", 60), Class::Other);
}

#[test]
fn words_p_8() {
    let question = "text = \"?\"\nkind = \"text\"\nkey = [\"红米手机\", \"红米\"]\nmax_chars = 8";
    let contest = compiled(&with_question(question, ""));
    for same in ["红米", "紅米手機", "【红 米】", "红米！"] {
        assert_eq!(class(&contest, same, 60), answer(1, "红米手机"), "{same}");
    }
    assert_eq!(
        class(&contest, "小米盒子", 60),
        answer(1, "小米盒子"),
        "a wrong answer is one too"
    );
    assert_eq!(class(&contest, "红米手机多少钱？", 60), Class::Question);
    assert_eq!(
        class(&contest, "我也不知道应该答一些什么东西", 60),
        Class::Question
    );
    assert_eq!(
        class(&contest, "今天天气真好大家一起出去走走", 60),
        Class::Other
    );
    assert_eq!(class(&contest, "GO", 60), Class::Join);
}

#[test]
fn words_within_words_and_one_slip_p_8() {
    let question = "text = \"?\"\nkind = \"text\"\nkey = [\"为发烧而生的\"]\ncontains = true\n\
        forgive_one = true\nmax_chars = 3";
    let contest = compiled(&with_question(question, ""));
    assert_eq!(
        class(&contest, "口号是为发烧而生的吧", 60),
        answer(1, "为发烧而生的")
    );
    assert_eq!(
        class(&contest, "为发骚而生的", 60),
        answer(1, "为发烧而生的")
    );
    assert_eq!(class(&contest, "为发烧生的", 60), answer(1, "为发烧而生的"));
    assert_eq!(class(&contest, "为发骚生的", 60), Class::Other, "two slips");
    let long = format!("{}为发烧而生的", "很".repeat(13));
    assert_eq!(
        class(&contest, &long, 60),
        Class::Other,
        "longer than twice the key and six"
    );
}

#[test]
fn voice_counts_only_where_it_may_p_9() {
    let accepting = single("A = \"甲\", B = \"乙\"", "accept_voice = true");
    let deaf = single("A = \"甲\", B = \"乙\"", "");
    let message = Message {
        kind: "voice",
        recognition: "B。",
        create_time: START + 60,
        ..Message::default()
    };
    assert_eq!(accepting.classify(&message), answer(1, "B"));
    assert_eq!(accepting.read(1, &message), Reading::Answer("B".to_owned()));
    assert_eq!(deaf.classify(&message), Class::Media);
    assert_eq!(deaf.read(1, &message), Reading::NotAnAnswer);
    assert_eq!(
        accepting.read(2, &text("A", 60)),
        Reading::NotAnAnswer,
        "there is no round 2"
    );
}

/// Only what the campaign file names has a name, and what is right is among it.
#[test]
fn answers_are_counted_by_what_the_file_names_q_8() {
    let abc = "options = { A = \"甲\", B = \"乙\", C = \"丙\" }";
    for (question, value, name) in [
        (
            format!("kind = \"single\"\n{abc}\nkey = [\"A\"]"),
            "B",
            Some("B"),
        ),
        (format!("kind = \"poll\"\n{abc}"), "C", Some("C")),
        (
            format!("kind = \"multi\"\n{abc}\nkey = [\"A\", \"B\"]"),
            "BC",
            Some("BC"),
        ),
        (
            format!("kind = \"ordering\"\n{abc}\nkey = [\"CAB\"]"),
            "CAB",
            Some("CAB"),
        ),
        (
            format!("kind = \"ordering\"\n{abc}\nkey = [\"CAB\"]"),
            "CBA",
            None,
        ),
        (
            "kind = \"text\"\nkey = [\"小米\", \"xiaomi\"]".to_owned(),
            "小米",
            Some("小米"),
        ),
        // Whoever writes it answers 小米.
        (
            "kind = \"text\"\nkey = [\"小米\", \"xiaomi\"]".to_owned(),
            "xiaomi",
            None,
        ),
        ("kind = \"text\"\nkey = [\"小米\"]".to_owned(), "大米", None),
        (
            "kind = \"numeric\"\nkey = [\"1999.00\"]".to_owned(),
            "1999",
            Some("1999"),
        ),
        (
            "kind = \"numeric\"\nkey = [\"1999.00\"]".to_owned(),
            "1999.0001",
            None,
        ),
        (
            "kind = \"numeric\"\nkey = [10, 12]\ntolerance = 2".to_owned(),
            "12",
            Some("10"),
        ),
        (
            "kind = \"numeric\"\nkey = [10, 12]\ntolerance = 2".to_owned(),
            "12.5",
            Some("12"),
        ),
        (
            "kind = \"numeric\"\nkey = [10, 12]\ntolerance = 2".to_owned(),
            "14.0001",
            None,
        ),
    ] {
        let contest = compiled(&with_question(&format!("text = \"?\"\n{question}"), ""));
        let asked = &contest.campaign.rounds[0].question;
        assert_eq!(
            counted_as(asked, value).as_deref(),
            name,
            "{question} {value}"
        );
        let has_options =
            asked.kind.has_options() && asked.kind != campaign::QuestionKind::Ordering;
        assert!(
            has_options || contest::is_right(asked, value) == name.is_some(),
            "{question} {value}"
        );
    }
}
