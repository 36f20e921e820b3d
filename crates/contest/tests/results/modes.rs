//! Who wins by each mode, who is passed over, and who comes next (C.10, Q-12, Q-18, Q-21).

use crate::common::{START, award, campaign, code, facts, field, right, wrong};
use campaign::{Among, OnePrizePer, Ranking, WinnerMode};
use contest::{
    Bar, Field, Follow, Given, Holders, Seed, Standing, Walk, conclude, contenders, lot,
};

const SEED: Seed = Seed([9; 32]);

fn ranked(field: &Field<'_>, mode: WinnerMode, among: Among) -> Vec<contest::Contender> {
    contenders(field, mode, among, Ranking::SecondThenLot, &SEED)
}

fn places(given: &Given) -> Vec<u32> {
    given.winners.iter().map(|won| won.place).collect()
}

#[test]
fn the_second_goes_before_the_lot_q_12() {
    let field = field(vec![right(1, 9), right(2, 3), right(3, 3), wrong(4, 0)]);
    let fastest = ranked(&field, WinnerMode::Fastest { n: 1 }, Among::Correct);
    let tie = if lot(&SEED, code(2)) < lot(&SEED, code(3)) {
        [2, 3]
    } else {
        [3, 2]
    };
    let codes: Vec<_> = fastest.iter().map(|c| c.code).collect();
    assert_eq!(codes, [code(tie[0]), code(tie[1]), code(1)]);
    let mode = WinnerMode::Fastest { n: 1 };
    let by_lot = contenders(&field, mode, Among::Correct, Ranking::LotOnly, &SEED);
    let mut want = [1, 2, 3].map(|n| (lot(&SEED, code(n)), code(n)));
    want.sort();
    assert_eq!(
        by_lot.iter().map(|c| c.code).collect::<Vec<_>>(),
        want.map(|(_, code)| code)
    );
}

#[test]
fn every_thousandth_of_40_414_is_40_winners() {
    let field = field((0..40_414).map(|n| right(n, (n % 300) as i64)).collect());
    let mode = WinnerMode::Every { k: 1000, most: 100 };
    let ranked = ranked(&field, mode, Among::Correct);
    let given = Walk::new(&ranked, mode).all(|_| None);
    let want: Vec<u32> = (1..=40).map(|n| n * 1000).collect();
    assert_eq!(places(&given), want);
    let barred = ranked[999].code;
    let given = Walk::new(&ranked, mode).all(|c| (c.code == barred).then_some(Bar::Excluded));
    assert_eq!(
        places(&given)[..2],
        [1001, 2000],
        "an alternate is the next rank"
    );
    let few = WinnerMode::Every { k: 1000, most: 3 };
    assert_eq!(Walk::new(&ranked, few).all(|_| None).winners.len(), 3);
}

#[test]
fn the_nth_by_the_first_valid_message() {
    let early = Standing {
        first: START + 1,
        at: START + 50,
        ..right(1, 50)
    };
    let field = field(vec![early, right(2, 2), right(3, 3)]);
    let mode = WinnerMode::Nth { k: 1 };
    let ranked = ranked(&field, mode, Among::Correct);
    assert_eq!(
        Walk::new(&ranked, mode).all(|_| None).winners[0].code,
        code(1)
    );
    let third = WinnerMode::Nth { k: 3 };
    assert_eq!(places(&Walk::new(&ranked, third).all(|_| None)), [3]);
    let fourth = WinnerMode::Nth { k: 4 };
    assert_eq!(Walk::new(&ranked, fourth).all(|_| None), Given::default());
}

#[test]
fn draws_are_among_those_who_are_asked_for() {
    let joined = Standing {
        answered: 0,
        correct: 0,
        value: "".into(),
        ..right(3, 0)
    };
    let field = field(vec![right(1, 5), wrong(2, 5), joined]);
    let mode = WinnerMode::Draw { n: 9 };
    let count = |among| {
        Walk::new(&ranked(&field, mode, among), mode)
            .all(|_| None)
            .winners
            .len()
    };
    assert_eq!(
        (
            count(Among::Correct),
            count(Among::Answered),
            count(Among::Joined)
        ),
        (1, 2, 3)
    );
}

#[test]
fn more_right_rounds_are_more_tickets_but_twelve_at_most() {
    let of = |correct| {
        field(vec![Standing {
            correct,
            ..right(1, 5)
        }])
    };
    let mode = WinnerMode::Weighted { n: 1 };
    let best = |correct| ranked(&of(correct), mode, Among::Correct)[0].lot;
    let tickets = |n| {
        (0..n)
            .map(|t| contest::ticket(&SEED, code(1), t))
            .min()
            .unwrap()
    };
    assert_eq!(best(1), tickets(1));
    assert_eq!(best(7), tickets(7));
    assert_eq!(best(99), tickets(12));
}

#[test]
fn top_of_the_board_q_25() {
    let of = |n, points, elapsed| Standing {
        points,
        elapsed,
        ..right(n, 1)
    };
    let field = field(vec![
        of(1, 900, 5),
        of(2, 1000, 9),
        of(3, 1000, 8),
        of(4, 0, 0),
    ]);
    let mode = WinnerMode::Top { n: 3 };
    let codes: Vec<_> = ranked(&field, mode, Among::Correct)
        .iter()
        .map(|c| c.code)
        .collect();
    assert_eq!(codes, [3, 2, 1, 4].map(code));
}

/// C.11: rank 1 won round 2, rank 2 unfollowed, rank 3 gets the unit.
#[test]
fn winners_before_and_those_who_left_are_passed_over_q_18_q_21() {
    let compiled = campaign(&award("after = [1]\nmode = \"fastest\"\nn = 1"));
    let left = Standing {
        bar: Some(Bar::NotFollowing),
        ..right(2, 2)
    };
    let field = field(vec![right(1, 1), left, right(3, 3), right(4, 4)]);
    let mut holders = Holders::new(OnePrizePer::Class);
    holders.add("phone", code(1));
    let result = conclude(
        &compiled.campaign,
        &facts(&compiled.campaign),
        &field,
        &mut holders,
    );
    let (_, given) = &result.given[0];
    assert_eq!(
        (
            given.winners[0].code,
            given.winners[0].place,
            given.winners[0].slot
        ),
        (code(3), 3, 1)
    );
    let passed: Vec<_> = given
        .passed
        .iter()
        .map(|p| (p.place, p.code, p.bar))
        .collect();
    assert_eq!(
        passed,
        [
            (1, code(1), Bar::AlreadyHolds),
            (2, code(2), Bar::NotFollowing)
        ]
    );
    assert!(holders.holds("phone", code(3)) && !holders.holds("box", code(3)));
}

#[test]
fn the_next_alternate_of_a_slot_never_meets_anyone_twice_q_18() {
    let field = field((1..=6).map(|n| right(n, n as i64)).collect());
    let mode = WinnerMode::Fastest { n: 2 };
    let ranked = ranked(&field, mode, Among::Correct);
    let given = Walk::new(&ranked, mode).all(|_| None);
    assert_eq!(places(&given), [1, 2]);
    let met = given.winners.iter().map(|won| won.code);
    let mut walk = Walk::after(&ranked, mode, met);
    let (won, passed) = walk.next(1, |c| (c.code == code(3)).then_some(Bar::Excluded));
    assert_eq!((won.unwrap().slot, won.unwrap().place), (1, 4));
    assert_eq!(passed.len(), 1);
    assert_eq!(walk.next(2, |_| None).0.unwrap().place, 5);
    assert_eq!(walk.next(1, |_| None).0.unwrap().place, 6);
    assert_eq!(walk.next(1, |_| None).0, None, "never a refill");
}

#[test]
fn one_fan_holds_as_many_prizes_as_the_campaign_says_q_21() {
    let two = "[[prize]]\nid = \"box\"\ntitle = \"盒子\"\nunits = 9\nvalue_yuan = 1\n\
               [[award]]\nprize = \"box\"\nafter = [1]\nmode = \"fastest\"\nn = 1\n";
    for (per, want) in [("class", [1, 1]), ("campaign", [1, 2]), ("nothing", [1, 1])] {
        let file = format!(
            "[eligible]\none_prize_per = \"{per}\"\n{}{two}",
            award("after = [1]\nmode = \"fastest\"\nn = 1")
        );
        let compiled = campaign(&file);
        let mut holders = Holders::new(compiled.campaign.eligible.one_prize_per);
        let field = field(vec![right(1, 1), right(2, 2)]);
        let result = conclude(
            &compiled.campaign,
            &facts(&compiled.campaign),
            &field,
            &mut holders,
        );
        let places: Vec<u32> = result
            .given
            .iter()
            .map(|(_, g)| g.winners[0].place)
            .collect();
        assert_eq!(places, want, "{per}");
    }
}

#[test]
fn following_is_judged_by_create_time_in_any_order_q_29() {
    let policy = campaign("[eligible]\nfollowed_before = 2013-04-09T14:00:00+08:00\n")
        .campaign
        .eligible;
    let of = |acts: &[(bool, i64)]| {
        let mut follow = Follow::default();
        for (seen, at) in acts {
            if *seen {
                follow.seen(*at)
            } else {
                follow.unsubscribed(*at)
            }
        }
        follow.bar(&policy, false)
    };
    let (seen, left) = (true, false);
    assert_eq!(of(&[(seen, START - 5)]), None);
    assert_eq!(
        of(&[(seen, START - 5), (left, START)]),
        Some(Bar::NotFollowing)
    );
    assert_eq!(
        of(&[(left, START), (seen, START - 5)]),
        Some(Bar::NotFollowing)
    );
    assert_eq!(
        of(&[(seen, START - 5), (left, START), (seen, START + 1)]),
        None,
        "came back"
    );
    assert_eq!(
        of(&[(seen, START), (left, START)]),
        Some(Bar::NotFollowing),
        "in one second he left"
    );
    assert_eq!(of(&[(seen, START)]), Some(Bar::FollowedLate));
    let mut excluded = Follow::default();
    excluded.seen(START - 5);
    assert_eq!(excluded.bar(&policy, true), Some(Bar::Excluded));
}

#[test]
fn the_exclusion_list_reaches_the_standing_q_29() {
    let compiled =
        campaign("[eligible]\nexclude = [\"o_fan_0001\"]\n[draw]\nsalt = \"demo-salt\"\n");
    let judge = contest::RoundJudge::new(&compiled, 1, (START, START + 300)).unwrap();
    let bar = |n| {
        judge
            .judge(
                &crate::common::fan(n),
                [crate::common::attempt(1, 1, "A")].into_iter(),
            )
            .unwrap()
            .bar
    };
    assert_eq!((bar(1), bar(2)), (Some(Bar::Excluded), None));
}
