//! Order, partitions, repetitions and batches change nothing (V-3, V-4, Q-23).

use crate::common::{START, attempt, award, campaign, facts, fan, field};
use contest::{Attempt, Conclusion, Field, Holders, RoundJudge, Standing, Torn, conclude};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Fan, second after the opening, MsgId, letter.
type Said = (u64, i64, u64, u8);

const LETTERS: [&str; 3] = ["A", "B", "C"];

/// Everything that was said, judged in partitions of fans, in chunks, merged one after the other.
fn result(said: &[Said], partitions: u64, chunk: usize) -> Conclusion {
    let file = format!(
        "[eligible]\nmust_follow = true\n{}{}",
        award("after = \"each_round\"\nmode = \"fastest\"\nn = 3"),
        "[[award]]\nprize = \"phone\"\nafter = [1]\nmode = \"draw\"\nn = 2\namong = \"answered\"\n"
    );
    let compiled = campaign(&file);
    let judge = RoundJudge::new(&compiled, 1, (START, START + 300)).unwrap();
    let mut merged = Field::default();
    for partition in 0..partitions {
        let mut fans: BTreeMap<u64, Vec<Attempt<'_>>> = BTreeMap::new();
        for (who, after, id, letter) in said.iter().filter(|s| s.0 % partitions == partition) {
            let value = LETTERS[usize::from(*letter)];
            fans.entry(*who)
                .or_default()
                .push(attempt(*after, *id, value));
        }
        let standings: Vec<Standing<'_>> = fans
            .iter()
            .filter_map(|(who, said)| judge.judge(&fan(*who), said.iter().copied()))
            .collect();
        for share in standings.chunks(chunk) {
            let lines = field(share.to_vec()).lines();
            let share = Field::parse(&lines).unwrap();
            merged = share.merge(merged).unwrap();
        }
    }
    let campaign = &compiled.campaign;
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    conclude(campaign, &facts(campaign), &merged, &mut holders)
}

/// Messages with ids as the platform gives them: one id is one message.
fn said() -> impl Strategy<Value = Vec<Said>> {
    let one = (0_u64..12, -20_i64..320, 0_u8..3);
    prop::collection::vec(one, 0..80).prop_map(|all| {
        let numbered = (0_u64..).zip(all);
        numbered
            .map(|(n, (who, after, letter))| {
                (who, after, n.wrapping_mul(2_654_435_761) % 997, letter)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn order_partitions_repetitions_and_chunks_change_nothing_v_3_v_4(
        said in said(), order in any::<u64>(), partitions in 1_u64..25, chunk in 1_usize..9,
    ) {
        let plain = result(&said, 1, 1000);
        let mut shuffled: Vec<Said> = said.iter().chain(&said).chain(said.iter().take(7)).copied().collect();
        let mut numbers = crate::common::scatter(order);
        shuffled.sort_by_cached_key(|_| numbers.next());
        prop_assert_eq!(result(&shuffled, partitions, chunk), plain);
    }
}

#[test]
fn shares_that_differ_about_a_fan_are_refused() {
    let one = field(vec![crate::common::right(1, 5), crate::common::right(2, 5)]);
    let same = field(vec![crate::common::right(2, 5)]);
    let other = field(vec![crate::common::wrong(2, 5)]);
    assert_eq!(one.clone().merge(same).unwrap(), one);
    assert_eq!(
        one.merge(other),
        Err(Torn::Differing(crate::common::code(2)))
    );
}

#[test]
fn only_canonical_lines_are_read() {
    let text = field(vec![crate::common::right(1, 5), crate::common::wrong(2, 6)]).lines();
    assert_eq!(Field::parse(&text).unwrap().lines(), text);
    let spaced = text.replacen("\"at\":", "\"at\": ", 1);
    assert_eq!(Field::parse(&spaced), Err(Torn::Line(1)));
    let more = text.replacen("\"at\":", "\"as\":1,\"at\":", 1);
    assert_eq!(Field::parse(&more), Err(Torn::Line(1)));
    for junk in ["x", "{}", "[]", "\n", "{\"code\":1}"] {
        assert!(Field::parse(junk).is_err(), "{junk}");
    }
    assert_eq!(Field::parse("").unwrap(), Field::default());
}

#[test]
fn values_of_any_text_survive_their_line() {
    for value in ["米\"兔\\", "a\u{1}b", "\u{7f}\u{2028}", "1\n2"] {
        let said = Standing {
            value: value.into(),
            ..crate::common::right(1, 1)
        };
        let text = field(vec![said.clone()]).lines();
        assert_eq!(text.lines().count(), 1);
        assert_eq!(Field::parse(&text).unwrap().standings(), [said]);
    }
}
