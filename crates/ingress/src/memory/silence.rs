//! Whose messages are unheard, as the memory counts them.

use super::Shard;
use super::tests::{said, words};
use crate::fan::{Choice, MARKS_MAX, Said};

#[test]
fn words_that_come_later_are_heard_for_what_came_before() {
    let mut shard = Shard::new(10);
    shard.unspoken(&said(1, 0, 100));
    assert_eq!(shard.silent_fans(), 1);
    assert!(words(shard.judge(&said(2, 7, 105))));
    assert_eq!(shard.silent_fans(), 0, "R-1: |dt| < W, in either direction");
    // At W it is not near, and words of later do not reach it either.
    shard.unspoken(&said(3, 0, 120));
    assert!(words(shard.judge(&said(4, 7, 130))));
    assert_eq!(shard.silent_fans(), 1);
    // Nor can any that come long after, when the mark has gone.
    assert!(words(shard.judge(&said(5, 7, 1_000))));
    assert_eq!(shard.fan(1).marks.len(), 1);
    assert_eq!(shard.silent_fans(), 1);
}

#[test]
fn an_answer_that_does_not_go_out_leaves_everybody_unheard_who_leaned_on_it() {
    let mut shard = Shard::new(10);
    assert!(words(shard.judge(&said(1, 7, 100))));
    assert_eq!(shard.judge(&said(2, 7, 101)).choice, Choice::Coalesced);
    assert_eq!(shard.silent_fans(), 0);
    shard.retract(1, 1);
    assert_eq!(shard.silent_fans(), 1);
    // The platform delivers it again.
    let again = shard.judge(&said(1, 7, 100));
    assert_eq!((words(again), again.attempt), (true, 2));
    assert_eq!(shard.silent_fans(), 0);
}

#[test]
fn who_was_heard_stays_heard_when_the_words_are_forgotten() {
    let mut shard = Shard::new(10);
    assert!(words(shard.judge(&said(1, 7, 100))));
    shard.unspoken(&said(2, 0, 109));
    // The mark of the words goes before that of the message that leans on it.
    assert!(words(shard.judge(&said(3, 7, 225))));
    assert_eq!(shard.fan(1).marks.len(), 2);
    assert_eq!(shard.silent_fans(), 0);
    assert!(words(shard.judge(&said(4, 7, 400))));
    assert_eq!(shard.silent_fans(), 0);

    // Nor does hammering make one unheard.
    let mut shard = Shard::new(10);
    assert!(words(shard.judge(&said(1, 7, 100))));
    for n in 2..500 {
        assert_eq!(shard.judge(&said(n, 7, 101)).choice, Choice::Coalesced);
    }
    assert_eq!(
        (shard.silent_fans(), shard.fan(1).marks.len()),
        (0, MARKS_MAX)
    );
}

#[test]
fn a_greeting_is_no_answer_to_a_message() {
    let mut shard = Shard::new(10);
    let event = Said {
        is_message: false,
        ..said(1, 7, 100)
    };
    assert!(words(shard.judge(&event)));
    shard.unspoken(&said(2, 0, 101));
    assert_eq!(shard.silent_fans(), 1);
}

#[test]
fn a_long_window_outlasts_the_usual_time_of_a_mark() {
    let mut shard = Shard::new(10);
    let wide = |message, create_time| Said {
        window_s: 600,
        ..said(message, 7, create_time)
    };
    shard.unspoken(&wide(1, 100));
    assert!(words(shard.judge(&wide(2, 600))));
    assert_eq!(shard.silent_fans(), 0);
    assert_eq!(shard.judge(&wide(3, 1_199)).choice, Choice::Coalesced);
}

/// What R-1 says of messages `(create_time, spoken)` of one fan.
fn is_silent(messages: &[(i64, bool)]) -> bool {
    let near = |at: i64| {
        let mut all = messages.iter();
        all.any(|(other, spoken)| *spoken && other.abs_diff(at) < 10)
    };
    messages.iter().any(|(at, spoken)| !spoken && !near(*at))
}

#[test]
fn the_count_is_r_1_s_whatever_comes_when() {
    // Eight messages in every pattern of words and none, at distances on both sides of W, in two orders.
    for pattern in 0..256_u32 {
        for step in [3, 9, 10, 11, 45] {
            for backwards in [false, true] {
                let mut shard = Shard::new(10);
                let mut all: Vec<(i64, bool)> = (0..8)
                    .map(|n| (100 + step * n, pattern >> n & 1 == 1))
                    .collect();
                if backwards {
                    all.reverse();
                }
                for (n, (at, spoken)) in (0..).zip(&all) {
                    let one = said(n, n, *at);
                    if *spoken {
                        assert!(words(shard.judge(&one)), "no sort comes twice");
                    } else {
                        shard.unspoken(&one);
                    }
                }
                let expected = u64::from(is_silent(&all));
                assert_eq!(shard.silent_fans(), expected, "{all:?}");
            }
        }
    }
}
