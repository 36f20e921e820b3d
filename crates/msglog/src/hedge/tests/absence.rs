//! A log that is known to be away: nobody waits for it, it gets every record all the same, and it is trusted again once
//! it has stayed.

use super::*;

fn away_and_silent() -> World {
    let world = World::new(patient());
    world.log.hold(TOPIC).unwrap();
    world.log.set_away(TOPIC, true).unwrap();
    world
}

fn come_back(world: &mut World) {
    world.log.set_away(TOPIC, false).unwrap();
    world.log.release(TOPIC).unwrap();
    // One at a time: a machine that is slow must not end with a full queue.
    until("the log is trusted again", || {
        world.settle(1);
        !world.hedge().shared.lock().absence.lasts()
    });
}

#[test]
fn records_go_to_the_spool_at_once_and_to_the_log_as_well() {
    let mut world = World::new(patient());
    world.log.hold(TOPIC).unwrap();
    let early = world.append(5).unwrap();
    assert_eq!(world.hedge().counts().fired_away, 0);
    world.log.set_away(TOPIC, true).unwrap();
    assert!(world.settle(20).iter().all(is_in_spool));
    let early = world.answers.wait(&early);
    assert!(early.iter().all(is_in_spool), "what waited waits no more");
    let hedge = Arc::clone(world.hedge());
    let counts = hedge.counts();
    assert_eq!(
        (counts.fired_away, counts.fired_slow, counts.fired_refused),
        (25, 0, 0)
    );
    assert_eq!(hedge.log_trouble().as_deref(), Some("the log is away"));
    assert_eq!(
        world.log.held(TOPIC).unwrap(),
        25,
        "the log was given every one"
    );
    world.log.set_away(TOPIC, false).unwrap();
    world.log.release(TOPIC).unwrap();
    world.wait_drained();
    let counts = hedge.counts();
    assert_eq!((counts.confirmed, counts.forwarded), (25, 0));
    assert!(world.in_log().values().all(|times| *times == 1), "no echo");
    assert_eq!(hedge.log_trouble(), None);
}

#[test]
fn a_log_that_has_come_back_and_stayed_is_waited_for_again() {
    let mut world = away_and_silent();
    assert!(world.settle(3).iter().all(is_in_spool));
    come_back(&mut world);
    world.wait_drained();
    until("what was urgent in the outage is looked at", || {
        !world.hedge().shared.lock().schedule.is_urgent()
    });
    let before = world.hedge().counts();
    world.log.hold(TOPIC).unwrap();
    let numbers = world.append(4).unwrap();
    assert!(!world.hedge().shared.lock().schedule.is_urgent());
    world.log.release(TOPIC).unwrap();
    assert!(world.answers.wait(&numbers).iter().all(is_in_log));
    assert_eq!(world.hedge().counts().fired_away, before.fired_away);
    world.assert_all_in_log();
}

#[test]
fn with_a_spool_that_takes_nothing_everything_depends_on_the_log() {
    let mut world = away_and_silent();
    world.disk.set_free(0);
    let numbers = world.append(6).unwrap();
    let hedge = Arc::clone(world.hedge());
    until("the spool was asked", || hedge.counts().fired_away == 6);
    assert_eq!(world.answers.count(), 0);
    world.log.release(TOPIC).unwrap();
    assert!(world.answers.wait(&numbers).iter().all(is_in_log));
}

#[test]
fn several_records_of_which_one_is_too_large_are_not_held_up_either() {
    let mut world = away_and_silent();
    world.refuse(super::proofs::too_large());
    let taken = world.append(2).unwrap();
    let large = |r: &Result<_, _>| matches!(r, Err(LogError::TooLarge { .. }));
    assert!(world.answers.wait(&taken).iter().all(large));
    world.log.heal(TOPIC).unwrap();
    assert!(world.settle(2).iter().all(is_in_spool));
    assert_eq!(world.hedge().counts().fired_away, 2);
}

#[test]
fn a_node_that_dies_in_an_outage_leaves_everything_it_acked() {
    let mut world = away_and_silent();
    assert!(world.settle(40).iter().all(is_in_spool));
    world.crash(Some(7));
    world.answers.hear_from(world.sent);
    world.log.set_away(TOPIC, false).unwrap();
    world.open(patient()).unwrap();
    world.wait_drained();
    world.assert_all_in_log();
    assert_eq!(world.hedge().counts().forwarded, 40);
}
