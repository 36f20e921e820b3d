//! The way from the spool into the log: in order, once as far as one life can know, and nothing stays.

use super::*;
use crate::contract::Stored;

/// Everything of one partition of the log, as numbers.
fn numbers(world: &World, partition: u32) -> Vec<u64> {
    let stored = world.log.read_all(TOPIC, partition).unwrap();
    stored
        .iter()
        .map(|stored: &Stored| number_of(&stored.value))
        .collect()
}

#[test]
fn a_log_that_was_away_from_the_start_gets_everything_in_order() {
    let mut world = World::new(patient());
    world.refuse(away());
    for _ in 0..30 {
        assert!(world.settle(10).iter().all(is_in_spool));
    }
    let hedge = Arc::clone(world.hedge());
    let backlog = hedge.backlog();
    assert_eq!(backlog.records, 300);
    assert_eq!(hedge.log_trouble(), Some(away().to_string()));
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    for partition in 0..PARTITIONS {
        let expected: Vec<u64> = (0..300).filter(|n| n % 3 == u64::from(partition)).collect();
        assert_eq!(numbers(&world, partition), expected);
    }
    let counts = hedge.counts();
    assert_eq!((counts.forwarded, counts.confirmed), (300, 0));
    assert_eq!(hedge.backlog(), Default::default());
    assert!(world.settle(1).iter().all(is_in_log));
    assert_eq!(hedge.log_trouble(), None);
}

#[test]
fn what_was_drained_is_not_sent_again_by_the_next_life() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(50);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    let closed = world.hedge().close(SOON);
    assert_eq!(closed.backlog.records, 0);
    world.hedge = None;
    world.open(patient()).unwrap();
    let hedge = Arc::clone(world.hedge());
    assert!(hedge.is_past(&mut hedge.barrier()));
    assert_eq!(world.in_log().values().sum::<u64>(), 50);
}

#[test]
fn closing_leaves_a_backlog_that_the_next_life_brings() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(120);
    assert_eq!(world.hedge().close(SOON).backlog.records, 120);
    world.hedge = None;
    world.open(patient()).unwrap();
    let hedge = Arc::clone(world.hedge());
    let backlog = hedge.backlog();
    assert_eq!(backlog.records, 120);
    assert!(backlog.bytes > 120 * 10, "{backlog:?}");
    let mut before = hedge.barrier();
    assert!(!hedge.is_past(&mut before), "the old life's counts too");
    world.log.heal(TOPIC).unwrap();
    until("the old life's records are in the log", || {
        hedge.is_past(&mut before)
    });
    assert_eq!(world.in_log().len(), 120);
    assert_eq!(hedge.backlog(), Default::default());
}

#[test]
fn closing_drains_what_the_log_takes() {
    let mut config = patient();
    (
        config.forward_bytes_per_s_min,
        config.forward_bytes_per_s_max,
    ) = (1, 1);
    let mut world = World::new(config);
    world.refuse(away());
    world.settle(200);
    world.log.heal(TOPIC).unwrap();
    let closed = world.hedge().close(SOON);
    assert_eq!(closed.backlog.records, 0, "without a pace at the end");
    assert_eq!(world.in_log().len(), 200);
}

#[test]
fn failures_on_the_way_are_tried_again() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(100);
    world.log.heal(TOPIC).unwrap();
    world.log.fail_after(TOPIC, 10).unwrap();
    until("the log has failed", || world.in_log().len() == 10);
    assert!(world.hedge().backlog().records >= 90);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    assert_eq!(world.in_log().len(), 100);
}

#[test]
fn a_barrier_waits_for_the_log_itself() {
    let mut world = World::new(quick());
    world.log.hold(TOPIC).unwrap();
    world.settle(10);
    let hedge = Arc::clone(world.hedge());
    let mut barrier = hedge.barrier();
    assert!(!hedge.is_past(&mut barrier), "only the spool has them");
    world.log.release(TOPIC).unwrap();
    until("the log has them", || hedge.is_past(&mut barrier));
    world.refuse(away());
    world.settle(10);
    assert!(
        hedge.is_past(&mut barrier),
        "what came later does not matter"
    );
    let mut barrier = hedge.barrier();
    assert!(!hedge.is_past(&mut barrier));
    world.log.heal(TOPIC).unwrap();
    until("the log has those too", || hedge.is_past(&mut barrier));
    assert_eq!(world.in_log().len(), 20);
}

#[test]
fn what_the_log_refuses_for_good_is_set_aside() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(4);
    world.refuse(proofs::too_large());
    let hedge = Arc::clone(world.hedge());
    until("all are set aside", || hedge.counts().dead == 4);
    assert_eq!(hedge.backlog().records, 0);
    world.refuse(away());
    world.settle(2);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    assert_eq!(world.in_log().len(), 2, "nothing is blocked");
    let mut dead = String::new();
    world.disk.edit(Path::new("/spool/spool.dead"), |bytes| {
        dead = String::from_utf8(bytes.clone()).unwrap();
    });
    let lines: Vec<&str> = dead.lines().collect();
    assert_eq!(lines.len(), 4);
    // Partition 1, its first record: number 1.
    let line = lines
        .iter()
        .find(|line| line.starts_with(r#"{"partition":1,"offset":0,"#))
        .unwrap();
    assert!(line.contains(r#""reason":"a record for topic \"inbound\" is too large"#));
    assert!(
        line.ends_with(r#""key_hex":"66616e2031","value_hex":"312078"}"#),
        "{line}"
    );
    hedge.close(SOON);
    drop(hedge);
    world.hedge = None;
    world.open(patient()).unwrap();
    assert_eq!(world.hedge().backlog().records, 0, "and stays aside");
}

#[test]
fn drained_segments_are_let_go_of_and_room_comes_back() {
    let mut world = World::new(patient());
    world.hedge = None;
    let spool = JournalConfig {
        // More than what counts as room.
        max_bytes: Some(160 << 10),
        ..small_spool()
    };
    world.open_with(patient(), spool).unwrap();
    for _ in 0..4 {
        world.refuse(away());
        let mut spooled = 0;
        while let Ok(numbers) = world.append(20) {
            assert!(world.answers.wait(&numbers).iter().all(is_in_spool));
            spooled += numbers.len();
            assert!(spooled < 5_000, "never full");
        }
        assert!(spooled > 100, "{spooled} records until the spool was full");
        world.log.heal(TOPIC).unwrap();
        world.wait_drained();
        let hedge = Arc::clone(world.hedge());
        until("there is room", || hedge.spool_is_usable().is_ok());
        until("little is left", || hedge.spool_bytes() < 16 << 10);
    }
    world.assert_all_in_log();
}

#[test]
fn a_slow_forwarder_hurries_when_nothing_is_hurt_any_more() {
    let mut config = quick();
    (
        config.forward_bytes_per_s_min,
        config.forward_bytes_per_s_max,
    ) = (2_000, 1 << 30);
    let mut world = World::new(config);
    world.refuse(away());
    while world.sent < 1_000 {
        world.settle(50);
    }
    let hedge = Arc::clone(world.hedge());
    world.log.heal(TOPIC).unwrap();
    // At the floor the 40 kB would take 20 s.
    world.wait_drained();
    until("the rate has grown", || hedge.forward_rate() > 2_000);
    world.assert_all_in_log();
}

#[test]
fn a_damaged_note_of_the_position_only_costs_echoes() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(9);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    world.hedge().close(SOON);
    world.hedge = None;
    let path = Path::new("/spool/spool.drained");
    world.disk.edit(path, |bytes| bytes[20] ^= 1);
    world.open(patient()).unwrap();
    world.wait_drained();
    let sent = world.in_log().values().sum::<u64>();
    assert!(sent > 9, "{sent}");
}

#[test]
fn a_position_beyond_the_end_is_refused() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.settle(9);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    world.hedge().close(SOON);
    world.hedge = None;
    let ahead: Vec<u8> = [9u64; 3].iter().flat_map(|n| n.to_le_bytes()).collect();
    let spool = Journal::open_on(&world.disk, Path::new("/spool"), small_spool()).unwrap();
    let notes = spool.notes();
    notes.write("spool.drained", *b"SpwlDrn1", &ahead).unwrap();
    drop(spool);
    let error = world.open(patient()).unwrap_err();
    assert!(
        matches!(&error, LogError::Mismatch(why) if why.contains("remove that file")),
        "{error}"
    );
}
