//! Prizes, awards, draws and questions of every kind: each mistake with its message, its line, its way out.

use crate::common::{FILE, changed, find, problems, refused};
use campaign::{
    After, Among, Campaign, Correction, DrawLevel, OnePrizePer, Ranking, Severity, Streak,
    WinnerMode,
};

fn parsed(toml: &str) -> Campaign {
    Campaign::parse(toml).unwrap().0
}

fn warned(from: &str, to: &str, key: &str, message: &str) {
    assert_eq!(find(&changed(from, to), key, message).0, Severity::Warning);
}

#[test]
fn the_festival_gives_one_phone_after_each_round() {
    let campaign = parsed(FILE);
    let [award] = &campaign.awards[..] else {
        panic!("{:?}", campaign.awards)
    };
    assert_eq!(award.mode, WinnerMode::Fastest { n: 1 });
    assert_eq!(
        (&award.after, award.among),
        (&After::EachRound, Among::Correct)
    );
    let phone = &campaign.prizes[0];
    assert_eq!(
        (phone.units, phone.reserve, phone.available(0)),
        (14, 2, 12)
    );
    assert_eq!(campaign.draw.level, DrawLevel::L1);
    assert_eq!(campaign.draw.ranking, Ranking::SecondThenLot);
    assert_eq!(campaign.draw.salt, "fanfest-2013-04-09");
    assert_eq!(campaign.score.streak, Streak::Reset);
    assert_eq!(campaign.eligible.one_prize_per, OnePrizePer::Class);
    assert_eq!(campaign.correction, Correction::KeepAnnounced);
}

#[test]
fn stock_below_slots_q_20() {
    refused(
        "units = 14",
        "units = 13",
        "prize[phone].units",
        "12 slots but only 11 units",
        "units = ",
    );
    refused(
        "reserve = 2",
        "reserve = 14",
        "prize[phone].reserve",
        "takes all 14 units",
        "reserve = ",
    );
    refused(
        "\nn = 1\n",
        "\nn = 2\n",
        "prize[phone].units",
        "24 slots",
        "units = ",
    );
}

#[test]
fn a_release_schedule_must_reach_every_round_q_20() {
    let with = |steps: &str| changed("claim_hours = 48", &format!("release = [{steps}]"));
    let early = "{ at = 2013-04-09T14:00:00+08:00, per_mille = 500 }, { at = 2013-04-09T15:00:00+08:00, per_mille = 1000 }";
    assert_eq!(problems(&with(early)), []);
    let phone = &parsed(&with(early)).prizes[0];
    let noon = 1_365_480_000;
    assert_eq!(
        [noon, 1_365_487_200, 1_365_490_800].map(|at| phone.available(at)),
        [0, 6, 12]
    );
    let slow = "{ at = 2013-04-09T14:00:00+08:00, per_mille = 200 }, { at = 2013-04-09T16:00:00+08:00, per_mille = 1000 }";
    let (severity, _) = find(
        &with(slow),
        "prize[phone].release",
        "round 3 brings the slots to 3, but only 2",
    );
    assert_eq!(severity, Severity::Error);
    find(
        &with("{ at = 2013-04-09T14:00:00+08:00, per_mille = 900 }"),
        "release",
        "per_mille = 1000",
    );
    let falls = "{ at = 2013-04-09T15:00:00+08:00, per_mille = 500 }, { at = 2013-04-09T14:00:00+08:00, per_mille = 1000 }";
    find(&with(falls), "release", "must rise");
}

#[test]
fn prizes_within_the_law_q_20() {
    refused(
        "value_yuan = 1999",
        "value_yuan = 50001",
        "value_yuan",
        "above the cap of 50000",
        "value_yuan = ",
    );
    warned(
        "value_yuan = 1999",
        "value_yuan = 10000",
        "value_yuan",
        "level L2",
    );
    let raised = changed("value_yuan = 1999", "value_yuan = 60000");
    let raised = raised.replacen("correction =", "prize_cap_yuan = 60000\ncorrection =", 1);
    assert!(Campaign::parse(&raised).is_ok(), "the cap is the file's");
    refused(
        "terms = \"活动",
        "terms = \"\" # \"活动",
        "terms",
        "by what rules",
        "terms = ",
    );
    warned(
        "claim_hours = 48",
        "claim_hours = 49",
        "claim_hours",
        "48 hours",
    );
    warned(
        "level = \"L1\"",
        "level = \"L0\"",
        "draw.level",
        "L1 costs nothing",
    );
}

#[test]
fn keys_below_the_wrong_table_q_20() {
    let moved = changed("[draw]\n", "[draw]\nterms = \"x\"\n");
    find(&moved, "draw.terms", "above the first [table]");
}

#[test]
fn prizes_need_names() {
    refused(
        "id = \"phone\"",
        "id = \"Phone 1\"",
        "prize[Phone 1].id",
        "lower-case",
        "id = ",
    );
    refused(
        "title = \"小米手机2\"",
        "title = \" \"",
        "prize[phone].title",
        "empty",
        "title = ",
    );
    refused(
        "units = 14\n",
        "",
        "prize[1].units",
        "is missing",
        "[[prize]]",
    );
    refused(
        "units = 14\n",
        "units = 0\n",
        "units",
        "must lie in 1..=",
        "units = 0",
    );
    refused(
        "units = 14\n",
        "kind = \"good\"\nunits = 14\n",
        "kind",
        "did you mean 'goods'?",
        "kind",
    );
    let twice = changed(
        "[[award]]",
        "[[prize]]\nid = \"phone\"\ntitle = \"t\"\nunits = 1\nvalue_yuan = 1\n[[award]]",
    );
    find(&twice, "prize[phone].id", "too");
}

#[test]
fn awards_name_what_there_is() {
    refused(
        "prize = \"phone\"",
        "prize = \"phon\"",
        "award[phon].prize",
        "did you mean 'phone'?",
        "prize = ",
    );
    warned(
        "prize = \"phone\"",
        "prize = \"phon\"",
        "prize[phone].id",
        "no award gives it",
    );
    refused(
        "after = \"each_round\"",
        "after = [1, 13]",
        "after",
        "there is no round 13",
        "after = ",
    );
    refused(
        "after = \"each_round\"",
        "after = [1, 1]",
        "after",
        "each once",
        "after",
    );
    refused(
        "after = \"each_round\"",
        "after = []",
        "after",
        "names no round",
        "after = ",
    );
    refused(
        "after = \"each_round\"",
        "after = \"each\"",
        "after",
        "known are each_round",
        "after",
    );
    refused(
        "mode = \"fastest\"",
        "mode = \"fast\"",
        "mode",
        "did you mean 'fastest'?",
        "mode",
    );
}

#[test]
fn modes_have_their_own_numbers() {
    let award = "mode = \"fastest\"                    # fastest | draw | nth | every; after the last round: draw | top | weighted\nn = 1";
    refused(
        award,
        "mode = \"nth\"\nn = 1",
        "award[1].n",
        "does not go with mode = \"nth\"",
        "n = 1",
    );
    refused(
        award,
        "mode = \"nth\"",
        "award[1].k",
        "is missing",
        "[[award]]",
    );
    refused(
        award,
        "mode = \"every\"\nk = 1000",
        "award[1].most",
        "is missing",
        "[[award]]",
    );
    refused(
        award,
        "mode = \"fastest\"\nn = 0",
        "award[1].n",
        "must lie in 1..=",
        "n = 0",
    );
    refused(
        award,
        "mode = \"fastest\"\nn = 1\namong = \"joined\"",
        "among",
        "does not go with",
        "among",
    );
    refused(
        award,
        "mode = \"top\"\nn = 1",
        "mode",
        "write after = \"last_round\"",
        "mode = ",
    );
    let every = parsed(&changed(
        award,
        "mode = \"every\"\nk = 1000\nmost = 1\namong = \"answered\"",
    ));
    assert_eq!(every.awards[0].mode, WinnerMode::Every { k: 1000, most: 1 });
    assert_eq!(every.awards[0].among, Among::Answered);
    refused(
        "after = \"each_round\"",
        "after = \"last_round\"",
        "mode",
        "looks at one round",
        "mode = ",
    );
}

#[test]
fn policies_have_known_words() {
    refused(
        "level = \"L1\"",
        "level = \"L3\"",
        "draw.level",
        "did you mean",
        "level",
    );
    refused(
        "ranking = \"second_then_lot\"",
        "ranking = \"lot\"",
        "draw.ranking",
        "known are",
        "ranking",
    );
    refused(
        "[draw]\n",
        "[draw]\nsalt = \"\"\n",
        "draw.salt",
        "must not be empty",
        "salt",
    );
    refused(
        "streak = \"reset\"",
        "streak = \"rest\"",
        "score.streak",
        "did you mean 'reset'?",
        "streak",
    );
    refused(
        "correction = \"keep_announced\"",
        "correction = \"keep\"",
        "correction",
        "known are",
        "correction",
    );
    refused(
        "one_prize_per = \"class\"",
        "one_prize_per = \"clas\"",
        "eligible",
        "did you mean 'class'?",
        "one_prize",
    );
}

#[test]
fn exclusion_lists_hold_openids_q_29() {
    let with = |list: &str| {
        changed(
            "must_follow = true\n",
            &format!("must_follow = true\nexclude = [{list}]\n"),
        )
    };
    assert_eq!(parsed(&with("\"oAbc_-1\"")).eligible.exclude, ["oAbc_-1"]);
    find(&with("\"张三\""), "eligible.exclude", "'张三' is no OpenID");
    let (severity, line) = find(&with("\"o1\", \"o1\""), "eligible.exclude", "twice");
    assert_eq!(
        (severity, line.starts_with("exclude")),
        (Severity::Warning, true)
    );
    let late = changed(
        "must_follow = true\n",
        "followed_before = 2013-04-10T00:00:00+08:00\n",
    );
    find(
        &late,
        "eligible.followed_before",
        "after the campaign's end",
    );
}
