//! Who wins by every mode of award, by the product and by the oracle, which have no code for it in
//! common.

use crate::world::{Rules, toml};
use campaign::{After, Among, Award, Campaign, OnePrizePer, Ranking, WinnerMode};
use contest::{Bar, EntrantCode, Facts, Field, Holders, Secret, Standing};
use proptest::prelude::*;
use serde_json::Value;
use std::borrow::Cow;
use surge::oracle::{draws, holders, standings};

/// Numbers of an award: mode, `n`, `k`, `most`, among whom, prize.
type Given = (usize, u32, u32, u32, usize, usize);
/// Numbers of a fan: join, rounds answered, of these right, seconds, points, bar, the class of what he holds.
type Fan = (Option<i64>, u32, u32, [i64; 3], u64, usize, usize);

const CLASSES: [&str; 2] = ["one", "two"];
const BARS: [Option<Bar>; 4] = [
    None,
    Some(Bar::Excluded),
    Some(Bar::NotFollowing),
    Some(Bar::FollowedLate),
];

fn award(&(mode, n, k, most, among, prize): &Given) -> Award {
    Award {
        prize: format!("p{prize}"),
        after: After::EachRound,
        mode: match mode {
            0 => WinnerMode::Fastest { n },
            1 => WinnerMode::Draw { n },
            2 => WinnerMode::Top { n },
            3 => WinnerMode::Nth { k },
            4 => WinnerMode::Every { k, most },
            _ => WinnerMode::Weighted { n },
        },
        among: [Among::Joined, Among::Answered, Among::Correct][among],
        line: 1,
    }
}

/// A campaign that gives these, of three prizes in two classes.
fn campaign(given: &[Given], ranking: Ranking, per: OnePrizePer) -> Campaign {
    let rules = Rules {
        join: "policy = \"none\"",
        policy: "policy = \"first\"",
        eligible: "must_follow = false",
        among: "answered",
        speed: false,
    };
    let (mut campaign, _) = Campaign::parse(&toml(&rules)).unwrap();
    let prize = campaign.prizes[0].clone();
    let of = |number: usize| campaign::Prize {
        id: format!("p{number}"),
        class: CLASSES[number % 2].to_owned(),
        ..prize.clone()
    };
    campaign.prizes = (0..3).map(of).collect();
    campaign.awards = given.iter().map(award).collect();
    campaign.draw.ranking = ranking;
    campaign.eligible.one_prize_per = per;
    campaign
}

/// A fan as both know him.
fn both(code: EntrantCode, fan: &Fan) -> (Standing<'static>, standings::Standing) {
    let (joined, answered, right, [first, at, elapsed], points, bar, _) = *fan;
    let (correct, bar) = (right.min(answered), BARS[bar % 4]);
    let ours = Standing {
        code,
        joined,
        answered,
        correct,
        first,
        at,
        elapsed: elapsed.unsigned_abs(),
        points,
        value: Cow::Borrowed(""),
        bar,
    };
    let theirs = standings::Standing {
        code: code.to_string(),
        joined,
        answered: answered.into(),
        correct: correct.into(),
        first,
        at,
        elapsed,
        points: i64::try_from(points).unwrap(),
        answer: String::new(),
        bar: bar.map(Bar::name),
    };
    (ours, theirs)
}

fn facts(secret: [u8; 32]) -> Facts {
    Facts {
        round: Some(1),
        config: [0; 32],
        version: 1,
        cut: Vec::new(),
        sealed_at: 1,
        listed_at: None,
        commitment: None,
        secret: Secret(secret),
        beacon: None,
        fallback: None,
        correcting: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn every_award_has_the_winners_of_the_oracle(
        given in prop::collection::vec((0..6_usize, 1..9_u32, 1..12_u32, 1..7_u32, 0..3_usize, 0..3_usize), 1..7),
        fans in prop::collection::btree_map(
            any::<[u8; 16]>(),
            (
                prop::option::of(1..5_i64), 0..15_u32, 0..15_u32, prop::array::uniform3(1..5_i64), 0..4_u64,
                // Most can win, and hold nothing.
                prop_oneof![3 => Just(0), 1 => 1..4_usize], prop_oneof![6 => Just(2), 1 => 0..2_usize],
            ),
            0..60,
        ),
        secret in any::<[u8; 32]>(),
        ranking in prop_oneof![Just(Ranking::SecondThenLot), Just(Ranking::LotOnly)],
        per in prop_oneof![Just(OnePrizePer::Class), Just(OnePrizePer::Campaign), Just(OnePrizePer::Nothing)],
    ) {
        let campaign = campaign(&given, ranking, per);
        let (mut hold, mut held) = (Holders::new(per), holders::Holders::new(per));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for (code, fan) in &fans {
            let code = EntrantCode(*code);
            let (one, other) = both(code, fan);
            ours.push(one);
            theirs.push(other);
            if let Some(class) = CLASSES.get(fan.6) {
                hold.add(class, code);
                held.add(class, &code.to_string());
            }
        }
        let field = Field::new(ours).unwrap();
        let done = contest::conclude(&campaign, &facts(secret), &field, &mut hold);
        let list = draws::unhex(&standings::sha256(&standings::list(&theirs)));
        let seed = draws::seed(&secret, &list, None);
        let expected = draws::awards(&campaign, Some(1), &theirs, &seed, &mut held);
        let record: Value = serde_json::from_str(&done.record).unwrap();
        prop_assert_eq!(&record["awards"], &Value::from(expected));
    }
}
