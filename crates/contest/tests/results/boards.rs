//! Rounds summed up, and who can win of those who stand on the board.

use crate::common::{award, campaign, code, facts, field, right, wrong};
use campaign::{QuestionKind, Streak};
use contest::{Bar, Barred, Board, Facts, Holders, Seed, Standing, conclude, streak_bonus, verify};

/// What fan 1 did in a round.
#[derive(Clone, Copy, PartialEq)]
enum Did {
    Right,
    Wrong,
    Missed,
    Void,
    Poll,
}
use Did::{Missed, Poll, Right, Void, Wrong};

/// Bonus of fan 1 in each round that he was right in.
fn bonuses(streak: Streak, rounds: &[Did]) -> Vec<u64> {
    let mut board = Board::new(streak);
    let mut bonuses = Vec::new();
    for did in rounds {
        let own = match did {
            Right => vec![right(1, 5)],
            Wrong | Poll => vec![wrong(1, 5)],
            Missed => vec![],
            Void => continue,
        };
        let standings = own.into_iter().chain([right(2, 9)]).collect();
        let kind = if *did == Poll {
            QuestionKind::Poll
        } else {
            QuestionKind::Single
        };
        board.add(&field(standings), &Barred::default(), kind);
        if *did == Right {
            bonuses.push(board.get(code(1)).unwrap().last_bonus);
        }
    }
    bonuses
}

#[test]
fn streaks_of_the_worked_example_q_16() {
    let rounds = [Right, Right, Void, Right, Missed, Right];
    assert_eq!(bonuses(Streak::Reset, &rounds), [0, 100, 200, 0]);
    assert_eq!(bonuses(Streak::Keep, &rounds), [0, 100, 200, 300]);
    assert_eq!(bonuses(Streak::Off, &rounds), [0, 0, 0, 0]);
    assert_eq!(
        bonuses(Streak::Keep, &[Right, Right, Wrong, Right, Right]),
        [0, 100, 0, 100]
    );
    assert_eq!(
        bonuses(Streak::Reset, &[Right, Poll, Right]),
        [0, 100],
        "a poll is transparent"
    );
}

#[test]
fn the_bonus_ends_at_five_hundred_q_16() {
    let all: Vec<u64> = (0..9).map(streak_bonus).collect();
    assert_eq!(all, [0, 0, 100, 200, 300, 400, 500, 500, 500]);
    assert_eq!(streak_bonus(u32::MAX), 500);
}

#[test]
fn ranks_are_shared_on_equal_score_and_time_q_25() {
    let mut board = Board::new(Streak::Off);
    let of = |n, points, elapsed| Standing {
        points,
        elapsed,
        ..right(n, 1)
    };
    board.add(
        &field(vec![
            of(1, 500, 3),
            of(2, 900, 7),
            of(3, 500, 3),
            of(4, 500, 4),
        ]),
        &Barred::default(),
        QuestionKind::Single,
    );
    let ranked = board.ranked(&Seed([1; 32]));
    let ranks: Vec<u32> = ranked.iter().map(|r| r.rank).collect();
    assert_eq!(ranks, [1, 2, 2, 4]);
    assert_eq!((ranked[0].code, ranked[3].code), (code(2), code(4)));
    assert_eq!(board.field().get(code(2)).unwrap().points, 900);
}

#[test]
fn points_are_the_sum_of_what_was_given_v_7() {
    let mut board = Board::new(Streak::Reset);
    let mut points = 0;
    for round in 0..12 {
        let standings: Vec<_> = (1..50)
            .filter(|n| (n * 7 + round) % 3 > 0)
            .map(|n| right(n, 9))
            .collect();
        points += standings.iter().map(|s| s.points).sum::<u64>();
        board.add(&field(standings), &Barred::default(), QuestionKind::Single);
    }
    let totals: Vec<_> = (1..50).filter_map(|n| board.get(code(n))).collect();
    let bonus: u64 = totals.iter().map(|t| t.bonus).sum();
    assert!(bonus > 0);
    assert_eq!(totals.iter().map(|t| t.score).sum::<u64>(), points + bonus);
}

/// The bars of fans in a round where they do not stand.
fn barred(fans: &[(u64, Bar)]) -> Barred {
    let mut barred = Barred::default();
    fans.iter().for_each(|(n, bar)| barred.add(code(*n), *bar));
    barred
}

/// Who answered all rounds but the last, left, and never wrote again, does not follow at the cut: whatever the award over
/// the whole campaign, he is passed over. Who came back without writing can win.
#[test]
fn who_left_before_the_last_cut_wins_nothing_at_the_end_q_18_q_29() {
    let gone = Bar::NotFollowing;
    let left = |n| Standing {
        bar: Some(gone),
        ..right(n, 5)
    };
    let mut board = Board::new(Streak::Off);
    let mut add = |standings, fans: &[(u64, Bar)]| {
        board.add(&field(standings), &barred(fans), QuestionKind::Single);
    };
    // 1 leaves after the second round, 3 has left already and comes back, 4 was excluded later.
    add(vec![right(1, 1), right(2, 2), left(3), right(4, 9)], &[]);
    add(vec![right(1, 1), right(4, 9)], &[(3, gone)]);
    add(
        vec![wrong(2, 2)],
        &[(1, gone), (4, Bar::Excluded), (9, gone)],
    );
    let board = board.field();
    let bars = [1, 2, 3, 4].map(|n| board.get(code(n)).unwrap().bar);
    assert_eq!(bars, [Some(gone), None, None, Some(Bar::Excluded)]);
    assert_eq!(
        board.get(code(9)),
        None,
        "who is barred is not on the board for that"
    );
    for how in [
        "mode = \"top\"\nn = 4",
        "mode = \"weighted\"\nn = 4",
        "mode = \"draw\"\nn = 4",
    ] {
        let compiled = campaign(&award(&format!("after = \"last_round\"\n{how}")));
        let facts = Facts {
            round: None,
            commitment: None,
            ..facts(&compiled.campaign)
        };
        let mut holders = Holders::new(compiled.campaign.eligible.one_prize_per);
        let result = conclude(&compiled.campaign, &facts, &board, &mut holders);
        let given = &result.given[0].1;
        let mut won: Vec<_> = given.winners.iter().map(|won| won.code).collect();
        let mut passed: Vec<_> = given.passed.iter().map(|p| (p.code, p.bar)).collect();
        won.sort();
        passed.sort();
        let mut can = [code(2), code(3)];
        can.sort();
        let mut cannot = [(code(1), gone), (code(4), Bar::Excluded)];
        cannot.sort();
        assert_eq!(
            (won.as_slice(), passed.as_slice()),
            (&can[..], &cannot[..]),
            "{how}"
        );
        let (list, standings) = (&result.list_file, &result.standings_file);
        let verdict = verify(
            result.record.as_bytes(),
            list.as_bytes(),
            Some(standings.as_bytes()),
        );
        assert!(verdict.holds(), "{verdict:#?}");
    }
}
