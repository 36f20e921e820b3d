//! The traffic model at full scale, without bodies: totals, mix, lags, re-deliveries.

use super::pipeline::Intent;
use super::plan::{Planned, Planner, What};
use super::*;
use crate::recording::Part;
use std::collections::{BTreeMap, HashSet};

/// Plans an event and hands out every delivery.
fn planned(messages: u64, mut each: impl FnMut(Planned)) -> Intent {
    let campaign = parse(FANFEST).unwrap();
    let corpus = Corpus::new(&campaign).unwrap();
    let timeline = Timeline::new(Profile::Fanfest0409, messages);
    let clock = Clock {
        start: FANFEST_START,
        compress: 1,
    };
    let mut planner = Planner::new(DEFAULT_SEED, &timeline, corpus.asked(), clock);
    let mut intent = Intent::default();
    for second in planner.seconds() {
        planner.second(second, &mut |planned| {
            intent.count(&planned);
            each(planned);
        });
    }
    intent
}

#[test]
fn the_full_event_has_its_totals_and_the_mix_of_the_reference() {
    let mut per_fan = vec![0_u32; 215_000];
    let mut answering: HashSet<u32> = HashSet::new();
    let mut lags = [0_u64; 4];
    let intent = planned(2_800_000, |planned| {
        if planned.part != Part::Event {
            return;
        }
        if planned.attempt == 1 {
            per_fan[planned.fan as usize] += 1;
            let lag = planned.at_us / 1000 - planned.create_time * 1000;
            lags[usize::from(lag > 1_500)
                + usize::from(lag > 3_000)
                + usize::from(lag > 16_000)] += 1;
            assert!(lag >= 60, "{lag}");
        }
        if matches!(
            planned.what,
            What::Message {
                kind: Kind::Answer,
                ..
            }
        ) {
            answering.insert(planned.fan);
        }
    });
    assert_eq!(intent.window.values().sum::<u64>(), 2_800_000);
    assert_eq!(intent.edges.values().sum::<u64>(), 100_000);
    assert_eq!(intent.follows, 65_000 + 19_000 + 900);
    assert!(
        intent.redeliveries.abs_diff(13_100) < 400,
        "{}",
        intent.redeliveries
    );
    assert_eq!(lags[3], 0);
    assert!(per_fan.iter().all(|&messages| messages > 0));
    // The reference run's mix in per mille; a hostile text counts as one of its own.
    let reference = [
        (Kind::Go, 330),
        (Kind::Answer, 375),
        (Kind::WrongFormat, 66),
        (Kind::Question, 80),
        (Kind::Chatter, 60),
        (Kind::Emoticon, 37),
        (Kind::Voice, 27),
        (Kind::Image, 15),
        (Kind::Other, 9),
    ];
    for (kind, expected) in reference {
        let per_ten_thousand = intent.window[&kind] * 10_000 / 2_800_000;
        assert!(
            per_ten_thousand.abs_diff(expected * 10) <= 30,
            "{kind:?} {per_ten_thousand}"
        );
    }
    assert!(
        answering.len().abs_diff(171_897) < 2_000,
        "{}",
        answering.len()
    );
}

#[test]
fn ids_are_unique_and_seconds_have_the_counts_of_the_curve() {
    let mut ids: HashSet<u64> = HashSet::new();
    let mut per_second: BTreeMap<i64, u32> = BTreeMap::new();
    planned(28_000, |planned| {
        if planned.attempt == 1 && planned.part != Part::Follow {
            let id = ((planned.create_time as u64) << 32) | u64::from(planned.id_low);
            assert!(ids.insert(id));
            *per_second
                .entry(planned.create_time - FANFEST_START)
                .or_default() += 1;
        }
    });
    assert_eq!(ids.len(), 28_000 + 600 + 400);
    for (second, count) in crate::curve::counts(Profile::Fanfest0409, 28_000)
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            per_second.get(&(second as i64)).copied().unwrap_or(0),
            count,
            "{second}"
        );
    }
}

#[test]
fn fans_know_as_much_as_the_model_says() {
    let mut right = [0_u64; 12];
    let mut answers = [0_u64; 12];
    let campaign = parse(FANFEST).unwrap();
    let corpus = Corpus::new(&campaign).unwrap();
    let mut first: HashSet<(u32, u8)> = HashSet::new();
    planned(280_000, |planned| {
        let What::Message {
            kind: Kind::Answer,
            round,
            option,
        } = planned.what
        else {
            return;
        };
        if planned.part == Part::Event && planned.attempt == 1 && first.insert((planned.fan, round))
        {
            let place = usize::from(round);
            answers[place] += 1;
            right[place] += u64::from(usize::from(option) == corpus.asked()[place].right);
        }
    });
    let expected = [820, 740, 690, 640, 610, 560, 600, 540, 500, 470, 430, 380];
    for (round, expected) in expected.into_iter().enumerate() {
        let per_mille = right[round] * 1000 / answers[round];
        assert!(
            per_mille.abs_diff(expected) <= 25,
            "round {round}: {per_mille}"
        );
    }
}
