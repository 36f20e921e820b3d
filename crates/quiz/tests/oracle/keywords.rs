//! Keyword rules of every kind (R-17): which one hears a text, by the product and by the oracle, which have no code for
//! it in common.

use campaign::Campaign;
use contest::{Class, Compiled, Message};
use proptest::prelude::*;
use std::fmt::Write as _;
use surge::oracle::Judge;
use surge::recording::{Part, Row, Written};

/// The campaign, with these rules behind its own: kind of match, whether the profile is tight, keyword, priority.
fn toml(rules: &[(usize, bool, String, u8)]) -> String {
    let mut toml = include_str!("../../../../deploy/campaigns/keyword-draw.toml").to_owned();
    let kinds = [
        "exact",
        "prefix",
        "all_words",
        "any_word",
        "contains",
        "regex",
    ];
    for (place, (kind, is_tight, keyword, priority)) in rules.iter().enumerate() {
        let (kind, profile) = (kinds[kind % 6], if *is_tight { "tight" } else { "plain" });
        write!(
            toml,
            "\n[[rule]]\nid = \"x{place}\"\nkeywords = [\"{keyword}\"]\nmatch = \"{kind}\"\nprofile = \"{profile}\"\n\
             priority = {}\ntemplates = [\"join\"]\n",
            priority % 3
        )
        .unwrap();
    }
    toml
}

/// The rule that the oracle finds.
fn by_the_oracle(campaign: &Campaign, text: &str, at: i64) -> Option<String> {
    let mut judge = Judge::new(campaign).unwrap();
    let body = format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>{at}</CreateTime>\
         <MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>1</MsgId></xml>"
    );
    judge.row(&Row {
        at_us: 1,
        part: Part::Event,
        n: 0,
        attempt: 1,
        body: body.into(),
    });
    let written = Written {
        rows: 1,
        bytes: 0,
        sha256: String::new(),
    };
    let manifest = judge.manifest("r", &written, "");
    let rule = manifest.rules.into_keys().next().unwrap();
    rule.strip_prefix("keyword:").map(str::to_owned)
}

fn by_the_product(compiled: &Compiled, text: &str, at: i64) -> Option<String> {
    let message = Message {
        kind: "text",
        text,
        create_time: at,
        ..Message::default()
    };
    match compiled.classify(&message) {
        Class::Keyword(id) => Some(id),
        _ => None,
    }
}

fn heard(rules: &[(usize, bool, String, u8)], text: &str) -> Option<[Option<String>; 2]> {
    let toml = toml(rules);
    let (campaign, _) = Campaign::parse(&toml).ok()?;
    // Two rules with one meaning are a mistake of the file.
    let (compiled, _) = Compiled::from_toml(&toml).ok()?;
    let at = campaign.start;
    Some([
        by_the_product(&compiled, text, at),
        by_the_oracle(&campaign, text, at),
    ])
}

#[test]
fn words_and_expressions_are_heard_alike() {
    let rules = |kind: usize, keyword: &str| vec![(kind, false, keyword.to_owned(), 0)];
    let hit = Some("x0".to_owned());
    for (kind, keyword, text, hears) in [
        (2, "mi 价格", "价格 on the mi market", true),
        (2, "mi 价格", "价格 on the miui market", false),
        (3, "miui rom", "the newest rom is out", true),
        (3, "miui rom", "the newest roman is out", false),
        (3, "a米a", "xa米a米a", true),
        (4, "rom", "the newest roman is out", true),
        (5, "^编号[0-9]{6}$", "编号123456", true),
        (5, "^编号[0-9]{6}$", "编号12345", false),
    ] {
        let expected = hit.clone().filter(|_| hears);
        let found = heard(&rules(kind, keyword), text).unwrap();
        assert_eq!(found, [expected.clone(), expected], "{keyword} in {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn whatever_the_rules_the_same_one_is_heard(
        rules in prop::collection::vec((0..6_usize, any::<bool>(), "[ab]{3}( [ab]{1,2})?|[ab]?米米[ab]?( [ab米]{1,2})?", any::<u8>()), 1..8),
        text in "[ab 米]{0,9}",
    ) {
        if let Some([ours, theirs]) = heard(&rules, &text) {
            prop_assert_eq!(ours, theirs, "{:?} and {:?}", rules, text);
        }
    }
}
