//! Campaigns as they may happen: rounds, fans who decline, claim or stay silent, corrections and time, in any order.
//! Each look of each story is cut off after every act (see `common::World::look`).

use crate::cast::{ID, barred, phones, right, sealed, slot};
use crate::common::World;
use contest::{Bar, Standing};
use coordinator::prizes::due;
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
const LIMITS: [&str; 3] = ["class", "campaign", "nothing"];
/// After the last round, boxes for the first of the board and two others by lot, one of them later.
const BOXES: &str = "[[prize]]\nid = \"box\"\ntitle = \"盒子\"\nunits = 4\nreserve = 1\nvalue_yuan = 299\n\
     release = [{ at = 2013-04-09T14:00:00+08:00, per_mille = 700 }, { at = 2013-04-13T14:00:00+08:00, per_mille = 1000 }]\n\
     [[award]]\nprize = \"box\"\nafter = \"last_round\"\nmode = \"top\"\nn = 1\n\
     [[award]]\nprize = \"box\"\nafter = \"last_round\"\nmode = \"weighted\"\nn = 2\n";
const STEPS: [UnitState; 5] = [
    UnitState::Notified,
    UnitState::Claimed,
    UnitState::Declined,
    UnitState::Revoked,
    UnitState::Fulfilled,
];

/// A campaign whose modes and policies follow from the number of the story.
fn cast_of(seed: u64) -> World {
    let pick = |divisor: u64| usize::try_from(seed / divisor % 3).unwrap();
    let mode = MODES[pick(1)];
    let (policy, limit) = (POLICIES[pick(3)], LIMITS[pick(9)]);
    let phones = phones(8, 2, 2).replace("mode = \"fastest\"\nn = 2", mode);
    World::new(&format!(
        "correction = \"{policy}\"\n[eligible]\none_prize_per = \"{limit}\"\n{phones}{BOXES}"
    ))
}

/// One thing happens.
fn happens(world: &mut World, dice: &mut Dice, now: i64) {
    let done = (1..=3).filter(|round| world.result(Some(*round)).is_some());
    let done = done.count() as u64;
    if dice.below(2) == 0 {
        let ago = [0, 40, 50 * 3600][usize::try_from(dice.below(3)).unwrap()];
        world.sends(dice.below(12), now - ago, now);
    }
    match dice.below(4) {
        0 if done < 3 => {
            let standings = dice.standings();
            world.concludes(Some(u16::try_from(done + 1).unwrap()), standings);
        }
        0 if world.result(None).is_none() => {
            let standings = dice.standings();
            world.concludes(None, standings);
        }
        1 if done > 0 => {
            let corrected = u16::try_from(1 + dice.below(done)).unwrap();
            let standings = dice.standings();
            world.corrects(corrected, standings);
        }
        _ => {
            let mut place = slot(u16::try_from(1 + dice.below(4)).unwrap(), 1);
            place.slot = u32::try_from(1 + dice.below(3)).unwrap();
            if place.round == Some(4) {
                place.round = None;
                place.award = u32::try_from(2 + dice.below(2)).unwrap();
            }
            let state = STEPS[usize::try_from(dice.below(5)).unwrap()];
            // Many of these do not hold, which is as it should be.
            let held = world.operator(place, state, now);
            let ledger = world.ledger();
            let last = ledger.attempts(&place).last();
            assert!(held.is_err() || last.unwrap().state == state);
        }
    }
}

/// What a story came to: units that are held, and texts.
fn story(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed);
    let mut world = cast_of(seed);
    let mut now = sealed(1);
    for _ in 0..30 {
        now += [1, 30, 61, 3600, 50 * 3600][usize::try_from(dice.below(5)).unwrap()];
        happens(&mut world, &mut dice, now);
        match dice.below(4) {
            0 => {}
            1 => rivals(&mut world, &mut dice, now),
            _ => {
                world.look(now);
            }
        }
    }
    world.look(now);
    let ledger = world.ledger();
    let held = ledger
        .slots()
        .filter(|(place, _)| ledger.holder(place).is_some());
    let draws = (1..=3).map(Some).chain([None]);
    let texts = draws.filter(|draw| world.text(*draw).is_some());
    (held.count(), texts.count())
}

/// Two believe to lead, with clocks that differ and an operator between them; what they write comes in any order.
fn rivals(world: &mut World, dice: &mut Dice, now: i64) {
    let mut kept = world.kept.clone();
    let first = due(&world.state, ID, now, &world.claims, &mut kept)
        .unwrap()
        .acts;
    let third = first.len() / 3;
    for act in &first[..third] {
        world.apply(act);
    }
    happens(world, dice, now);
    let second = due(&world.state, ID, now + 61, &world.claims, &mut kept)
        .unwrap()
        .acts;
    let (mut first, mut second) = (first[third..].iter(), second.iter());
    loop {
        let turn = if dice.below(2) == 0 {
            first.next().or_else(|| second.next())
        } else {
            second.next().or_else(|| first.next())
        };
        let Some(act) = turn else { return };
        world.apply(act);
        world.holds_together();
    }
}

#[test]
fn whoever_takes_over_between_any_two_acts_comes_to_the_same_end_v_6() {
    let (mut held, mut texts) = (0, 0);
    for seed in 0..108 {
        let (some, said) = story(seed);
        held += some;
        texts += said;
    }
    assert!(
        held > 200 && texts > 200,
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
