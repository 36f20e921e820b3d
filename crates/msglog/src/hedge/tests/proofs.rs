//! Who answers: the first proof, once, and an error only when there is none to come.

use super::*;

#[test]
fn a_log_that_proves_in_time_needs_no_spool() {
    let mut world = World::new(patient());
    assert!(world.settle(50).iter().all(is_in_log));
    let (counts, backlog) = (world.hedge().counts(), world.hedge().backlog());
    assert_eq!((counts.log_proofs, counts.spool_proofs), (50, 0));
    assert_eq!((counts.fired_slow, backlog.records), (0, 0));
    assert_eq!(world.hedge().log_trouble(), None);
}

#[test]
fn other_topics_pass_as_they_are() {
    let world = World::new(quick());
    world.refuse(away());
    let appender = world.hedge().appender("control").unwrap();
    let mailbox: Arc<dyn Mailbox> = world.answers.clone();
    appender.append(vec![(record(0), 0)], &mailbox).unwrap();
    assert!(is_in_log(&world.answers.wait(&[0])[0]));
    assert_eq!(world.hedge().id(), world.log.id());
    assert_eq!(world.hedge().topics(), world.log.topics());
}

#[test]
fn a_slow_log_is_hedged_and_its_later_proof_is_noted() {
    let mut world = World::new(quick());
    world.log.hold(TOPIC).unwrap();
    assert!(world.settle(40).iter().all(is_in_spool));
    let hedge = Arc::clone(world.hedge());
    assert_eq!(hedge.backlog().records, 40);
    assert_eq!(hedge.counts().fired_slow, 40);
    assert_eq!(
        hedge.log_trouble().as_deref(),
        Some("proofs do not come in time")
    );
    // The forwarder has read them by now, or will; it waits for the log's word.
    world.log.release(TOPIC).unwrap();
    world.wait_drained();
    assert_eq!(hedge.counts().confirmed, 40);
    assert_eq!(hedge.log_trouble(), None);
    until("all are passed over", || {
        hedge.is_past(&mut hedge.barrier())
    });
    assert!(world.in_log().values().all(|times| *times == 1), "no echo");
    assert_eq!(hedge.counts().forwarded, 0);
    assert_eq!(world.answers.count(), 40);
}

#[test]
fn a_refusal_goes_to_the_spool_at_once() {
    let full = Refusal::QueueFull;
    let closed = LogError::Closed {
        topic: TOPIC.to_owned(),
    };
    for reason in [full, away().into(), closed.into()] {
        let mut world = World::new(patient());
        world.refuse(reason);
        assert!(world.settle(7).iter().all(is_in_spool));
        assert_eq!(world.hedge().counts().fired_refused, 7);
    }
}

#[test]
fn an_error_of_the_log_goes_to_the_spool_at_once() {
    let mut world = World::new(patient());
    world.log.fail_after(TOPIC, 3).unwrap();
    let results = world.settle(10);
    assert_eq!(results.iter().filter(|r| is_in_log(r)).count(), 3);
    assert_eq!(results.iter().filter(|r| is_in_spool(r)).count(), 7);
    assert_eq!(world.hedge().counts().fired_failed, 7);
    world.log.heal(TOPIC).unwrap();
    world.wait_drained();
    assert_eq!(world.in_log().len(), 10);
}

#[test]
fn the_log_may_prove_while_the_spool_hangs() {
    let mut world = World::new(quick());
    world.log.hold(TOPIC).unwrap();
    world.disk.stall(true);
    let numbers = world.append(20).unwrap();
    let hedge = Arc::clone(world.hedge());
    until("the hedge has fired", || hedge.counts().fired_slow == 20);
    world.log.release(TOPIC).unwrap();
    assert!(world.answers.wait(&numbers).iter().all(is_in_log));
    world.disk.stall(false);
    until("the spool has them too, and they are passed over", || {
        hedge.counts().confirmed == 20
    });
    assert_eq!(hedge.backlog().records, 0);
    assert_eq!(world.in_log().values().sum::<u64>(), 20, "no echo");
}

#[test]
fn without_either_there_is_an_error_and_no_proof() {
    let mut world = World::new(patient());
    world.refuse(away());
    world.disk.fail_syncs(1);
    let results = world.settle(5);
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(LogError::Away { detail })
        if detail.contains("took it away") && detail.contains("poisoned")))
    );
    // From now on it is known before anything is accepted.
    let refused = world.append(5).unwrap_err();
    assert_eq!(refused.records.len(), 5);
    assert_eq!(refused.records[0], (record(5), 5), "as it came");
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::Away { .. })
    ));
    assert_eq!(world.hedge().counts().unproved, 5);
    world.log.heal(TOPIC).unwrap();
    assert!(world.settle(5).iter().all(is_in_log), "the log alone does");
}

#[test]
fn a_poisoned_spool_is_told_and_the_log_goes_on() {
    let mut world = World::new(quick());
    world.log.hold(TOPIC).unwrap();
    world.disk.fail_syncs(1);
    let numbers = world.append(6).unwrap();
    let hedge = Arc::clone(world.hedge());
    until("the spool is poisoned", || {
        matches!(hedge.spool_is_usable(), Err(LogError::Poisoned { .. }))
    });
    assert_eq!(world.answers.count(), 0, "the log may still prove them");
    world.log.release(TOPIC).unwrap();
    assert!(world.answers.wait(&numbers).iter().all(is_in_log));
    assert!(world.settle(6).iter().all(is_in_log));
}

#[test]
fn a_full_spool_waits_for_the_log_and_is_tried_again() {
    let mut world = World::new(quick());
    world.log.hold(TOPIC).unwrap();
    world.disk.set_free(0);
    let numbers = world.append(6).unwrap();
    let hedge = Arc::clone(world.hedge());
    until("the hedge has fired", || hedge.counts().fired_slow == 6);
    assert!(matches!(
        hedge.spool_is_usable(),
        Err(LogError::NoRoom { .. })
    ));
    assert_eq!(world.answers.count(), 0);
    world.disk.set_free(u64::MAX);
    assert!(world.answers.wait(&numbers).iter().all(is_in_spool));
    world.disk.set_free(0);
    until("the spool is seen to be full", || {
        hedge.spool_is_usable().is_err()
    });
    let numbers = world.append(6).unwrap();
    world.log.release(TOPIC).unwrap();
    assert!(world.answers.wait(&numbers).iter().all(is_in_log));
}

#[test]
fn what_waits_is_bounded_in_records_and_in_bytes() {
    for (records, bytes) in [(100, usize::MAX), (usize::MAX, 6_000)] {
        let mut world = World::new(HedgeConfig {
            pending_records: records,
            pending_bytes: bytes,
            ..patient()
        });
        world.log.hold(TOPIC).unwrap();
        let mut taken = Vec::new();
        let refused = loop {
            match world.append(10) {
                Ok(numbers) => taken.extend(numbers),
                Err(refused) => break refused,
            }
            assert!(taken.len() <= 1_000, "never refused");
        };
        assert!(matches!(refused.reason, Refusal::QueueFull));
        assert!((50..=140).contains(&taken.len()), "{}", taken.len());
        world.log.release(TOPIC).unwrap();
        assert!(world.answers.wait(&taken).iter().all(is_in_log));
        assert!(world.append(10).is_ok(), "there is room again");
    }
}

#[test]
fn with_both_sides_slow_memory_is_bounded_and_nothing_accepted_is_forgotten() {
    let mut world = World::new(HedgeConfig {
        pending_records: 200,
        ..quick()
    });
    world.log.hold(TOPIC).unwrap();
    world.disk.stall(true);
    let mut taken = Vec::new();
    let refused = loop {
        match world.append(10) {
            Ok(numbers) => taken.extend(numbers),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused.reason, Refusal::QueueFull));
    assert_eq!((taken.len(), world.answers.count()), (200, 0));
    world.disk.stall(false);
    assert!(world.answers.wait(&taken).iter().all(is_in_spool));
    assert!(world.append(10).is_ok(), "there is room again");
    world.log.release(TOPIC).unwrap();
    world.wait_drained();
    world.assert_all_in_log();
}

#[test]
fn a_log_that_swallows_without_a_word_is_asked_no_more() {
    let mut world = World::new(HedgeConfig {
        tracked_records: 30,
        ..quick()
    });
    world.log.hold(TOPIC).unwrap();
    for _ in 0..20 {
        assert!(world.settle(10).iter().all(is_in_spool));
    }
    let counts = world.hedge().counts();
    assert!((30..=40).contains(&counts.fired_slow), "{counts:?}");
    assert_eq!(counts.fired_slow + counts.fired_refused, 200);
    world.log.release(TOPIC).unwrap();
    world.wait_drained();
    assert_eq!(world.in_log().len(), 200);
}

#[test]
fn what_is_too_large_or_nowhere_is_refused_and_never_spooled() {
    let world = World::new(patient());
    let mailbox: Arc<dyn Mailbox> = world.answers.clone();
    let appender = world.hedge().appender(TOPIC).unwrap();
    let mut nowhere = record(0);
    nowhere.partition = PARTITIONS;
    let refused = appender.append(vec![(nowhere, 3)], &mailbox).unwrap_err();
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::NoSuchPartition { .. })
    ));
    assert_eq!(refused.records[0].1, 3);
    // A log may be narrower than the contract: one alone comes back.
    world.refuse(too_large());
    let refused = appender.append(vec![(record(1), 9)], &mailbox).unwrap_err();
    assert_eq!(refused.records, vec![(record(1), 9)]);
    // Of several each is offered alone, and answered.
    appender
        .append(vec![(record(2), 2), (record(4), 4)], &mailbox)
        .unwrap();
    let results = world.answers.wait(&[2, 4]);
    let large = |r: &Result<_, _>| matches!(r, Err(LogError::TooLarge { .. }));
    assert!(results.iter().all(large));
    assert_eq!(world.hedge().backlog().records, 0);
}

#[test]
fn closing_sends_what_is_unproved_to_the_spool() {
    let mut world = World::new(patient());
    world.log.hold(TOPIC).unwrap();
    let numbers = world.append(30).unwrap();
    let closed = world.hedge().close(Duration::from_secs(4));
    assert!(world.answers.wait(&numbers).iter().all(is_in_spool));
    assert_eq!((closed.unproved, closed.backlog.records), (0, 30));
    let refused = world.append(1).unwrap_err();
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::Closed { .. })
    ));
    assert_eq!(world.hedge().close(Duration::ZERO), closed, "once");
}

#[test]
fn closing_without_either_side_answers_with_an_error_in_time() {
    let mut world = World::new(patient());
    world.log.hold(TOPIC).unwrap();
    world.disk.set_free(0);
    let numbers = world.append(3).unwrap();
    let closed = world.hedge().close(Duration::from_millis(200));
    assert_eq!(closed.unproved, 3);
    let results = world.answers.wait(&numbers);
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(LogError::Closed { .. })))
    );
}

pub(super) fn too_large() -> LogError {
    LogError::TooLarge {
        topic: TOPIC.to_owned(),
        part: "value",
        bytes: 9,
        limit: 8,
    }
}
