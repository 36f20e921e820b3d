//! Campaigns as they may happen: rounds, fans who decline, claim or stay silent, corrections and time, in any order.
//! Each look of each story is cut off after every act (see `common::World::look`).

use crate::cast::{barred, phones, right, sealed, slot};
use crate::common::World;
use contest::{Bar, Standing};
use record::rounds::UnitState;
use std::collections::BTreeMap;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Some of twelve fans in some order, a few of whom cannot win.
    fn standings(&mut self) -> Vec<Standing<'static>> {
        let mut found = BTreeMap::new();
        for after in 1..=self.below(10) {
            let (fan, bar) = (self.below(12), self.below(5) == 0);
            let after = i64::try_from(after).unwrap();
            let standing = if bar {
                barred(fan, after, Bar::NotFollowing)
            } else {
                right(fan, after)
            };
            found.entry(fan).or_insert(standing);
        }
        found.into_values().collect()
    }
}

const MODES: [&str; 3] = [
    "mode = \"fastest\"\nn = 2",
    "mode = \"every\"\nk = 2\nmost = 2",
    "mode = \"draw\"\namong = \"answered\"\nn = 2",
];
const POLICIES: [&str; 3] = ["keep_announced", "replace", "void"];
const STEPS: [UnitState; 5] = [
    UnitState::Notified,
    UnitState::Claimed,
    UnitState::Declined,
    UnitState::Revoked,
    UnitState::Fulfilled,
];

/// What a story came to: units that are held, and texts.
fn story(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let mode = MODES[usize::try_from(seed % 3).unwrap()];
    let policy = POLICIES[usize::try_from(seed / 3 % 3).unwrap()];
    let prizes = phones(8, 2, 2).replace("mode = \"fastest\"\nn = 2", mode);
    let mut world = World::new(&format!("correction = \"{policy}\"\n{prizes}"));
    let (mut now, mut round) = (sealed(1), 0);
    for _ in 0..30 {
        now += [1, 30, 61, 3600, 50 * 3600][usize::try_from(dice.below(5)).unwrap()];
        match dice.below(4) {
            0 if round < 3 => {
                round += 1;
                let standings = dice.standings();
                world.concludes(Some(round), standings);
            }
            1 if round > 0 => {
                let corrected = u16::try_from(1 + dice.below(u64::from(round))).unwrap();
                let standings = dice.standings();
                world.corrects(corrected, standings);
            }
            _ => {
                let of_round = u16::try_from(1 + dice.below(3)).unwrap();
                let place = slot(of_round, u32::try_from(1 + dice.below(3)).unwrap());
                let state = STEPS[usize::try_from(dice.below(5)).unwrap()];
                // Many of these do not hold, which is as it should be.
                let held = world.operator(place, state, now).is_ok();
                assert!(!held || world.ledger().attempts(&place).last().unwrap().state == state);
            }
        }
        if dice.below(3) > 0 {
            world.look(now);
        }
    }
    world.look(now);
    let ledger = world.ledger();
    let held = ledger
        .slots()
        .filter(|(place, _)| ledger.holder(place).is_some());
    (
        held.count(),
        (1..=3).filter(|r| world.text(Some(*r)).is_some()).count(),
    )
}

#[test]
fn whoever_takes_over_between_any_two_acts_comes_to_the_same_end_v_6() {
    let (mut held, mut texts) = (0, 0);
    for seed in 0..90 {
        let (some, said) = story(seed);
        held += some;
        texts += said;
    }
    assert!(
        held > 90 && texts > 90,
        "{held} units, {texts} texts: they are stories of something"
    );
}

#[test]
fn a_step_of_time_that_nothing_hangs_on_makes_nothing_due() {
    let mut world = World::new(&phones(8, 2, 2));
    let mut dice = Dice(5);
    for round in 1..=3 {
        let standings = dice.standings();
        world.concludes(Some(round), standings);
        let mut now = sealed(round);
        while let Some(next) = world.look(now).again_at {
            assert!(next > now, "later than now");
            assert_eq!(
                world.look(next - 1).acts,
                [],
                "nothing before the time it named"
            );
            assert_ne!(world.look(next).acts, [], "and something then");
            now = next;
        }
    }
}
