//! Failures, back-off, limits, directories that go away, stopping.

use super::sample::{FIRST_OF_TWO, Order, SECOND};
use super::{Home, PARTITIONS, accepted, log, runner, to_the_end};
use crate::{Config, Reserve, Runner, StageHandle, StageState, Store, Turn};
use msglog::{Log, LogError, Refusal};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn order(act: &str, t: u32) -> Vec<u8> {
    Order::new(1, &[1], t, act).json()
}

#[test]
fn back_off_doubles_from_a_tenth_to_thirty_seconds_and_starts_anew_after_work() {
    let (log, home) = (log(), Home::memory());
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    log.refuse(
        "accepted",
        Refusal::Log(LogError::NoRoom {
            topic: "accepted".into(),
            detail: "full".into(),
        }),
    )
    .unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    let mut waits = Vec::new();
    for _ in 0..11 {
        let Turn::Waiting(left) = stage.turn() else {
            panic!("it must fail")
        };
        assert_eq!(stage.status().state().0, StageState::Waiting);
        assert!(stage.status().state().1.contains("full"));
        clock.advance(left - Duration::from_millis(1));
        assert_eq!(stage.turn(), Turn::Waiting(Duration::from_millis(1)));
        assert_eq!(stage.status().report().lag_records, 1);
        clock.advance(Duration::from_millis(1));
        waits.push(left.as_millis());
    }
    let expected = [
        100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
    ];
    assert_eq!(waits, expected);
    log.heal("accepted").unwrap();
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().state(), (StageState::Running, String::new()));
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    log.fail_after("accepted", 0).unwrap();
    assert_eq!(stage.turn(), Turn::Waiting(Duration::from_millis(100)));
    assert_eq!(
        stage.status().state().0,
        StageState::Failed,
        "a poisoned log needs a restart"
    );
    assert_eq!(stage.status().report().totals.restarts, 12);
}

#[test]
fn a_disk_without_room_for_state_is_waited_for_and_nothing_is_lost() {
    const RESERVE: u64 = 1 << 30;
    let free = Arc::new(AtomicU64::new(RESERVE));
    let asked = Arc::clone(&free);
    let (log, home) = (log(), Home::rocks());
    let probe = move |_: &Path| Ok(asked.load(Ordering::SeqCst));
    let store = home.store.clone().leaving(Reserve::new(RESERVE, probe));
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &store, 10);
    to_the_end(&mut stage).unwrap();
    assert_eq!(accepted(&log, "accepted", 0).len(), 1);

    // It is looked at once a second, and then at each try.
    free.store(RESERVE - 1, Ordering::SeqCst);
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    clock.advance(Duration::from_secs(1));
    for _ in 0..3 {
        let Turn::Waiting(left) = stage.turn() else {
            panic!("there is no room")
        };
        let (state, reason) = stage.status().state();
        assert_eq!(state, StageState::Waiting);
        let words = [
            "no room",
            "state leaves 1073741824",
            "1073741823 bytes are free",
        ];
        assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        assert_eq!(stage.status().report().lag_records, 1);
        clock.advance(left);
    }
    assert_eq!(
        accepted(&log, "accepted", 0).len(),
        1,
        "nothing is done meanwhile"
    );
    free.store(RESERVE, Ordering::SeqCst);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().state().0, StageState::Running);
    assert_eq!(accepted(&log, "accepted", 0).len(), 2);
    assert_eq!(
        stage.status().report().totals.discarded,
        0,
        "its state is there"
    );
}

#[test]
fn a_full_queue_is_waited_for() {
    let (log, home) = (log(), Home::memory());
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    log.refuse("accepted", Refusal::QueueFull).unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    let handle = StageHandle::spawn(stage).unwrap();
    log.heal("accepted").unwrap();
    wait_for(|| handle.status().report().totals.outputs == 1);
    assert!(handle.join());
    assert_eq!(accepted(&log, "accepted", 0).len(), 1);
}

#[test]
fn nothing_is_committed_before_its_outputs_are_durable() {
    let (log, home) = (log(), Home::memory());
    for _ in 0..3 {
        log.push("inbound", 0, "k", order("", 0)).unwrap();
    }
    log.hold("accepted").unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    let handle = StageHandle::spawn(stage).unwrap();
    wait_for(|| log.held("accepted").unwrap() == 3);
    log.release_some("accepted", 2).unwrap();
    assert_eq!(handle.status().report().totals.inputs, 0);
    let entries = home.entries(&FIRST_OF_TWO, &*log);
    let text =
        String::from_utf8_lossy(&entries.iter().flat_map(|e| e.2.clone()).collect::<Vec<_>>())
            .into_owned();
    assert!(!text.contains("\"next\":3"), "{text}");
    log.release("accepted").unwrap();
    wait_for(|| handle.status().report().totals.inputs == 3);
    assert!(handle.join());
}

#[test]
fn the_hundred_and_first_failure_within_a_minute_stops_the_stage_until_it_is_told() {
    let (log, home) = (log(), Home::memory());
    log.push("inbound", 0, "k", order("tick", 1_000)).unwrap();
    for i in 0..150 {
        log.push(
            "inbound",
            0,
            "k",
            order(if i % 2 == 0 { "reject" } else { "dead" }, 0),
        )
        .unwrap();
    }
    for _ in 0..60 {
        log.push("inbound", 0, "k", order("reject", 0)).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 64);
    let reason = to_the_end(&mut stage).unwrap_err();
    assert!(
        reason.contains("more than 100 within 60 s") && reason.contains("stage continue"),
        "{reason}"
    );
    assert_eq!(stage.turn(), Turn::Stopped);
    let report = stage.status().report();
    assert_eq!(report.state, StageState::Stopped);
    // 75 ordered ones, 75 ordinary dead letters, then 25 more; the next is not buried.
    assert_eq!(
        (report.totals.rejected, report.partitions[&0].next_offset),
        (100, 1 + 150 + 25)
    );
    assert_eq!(accepted(&log, "inbound.dead", 0).len(), 175);

    stage.status().allow(10);
    to_the_end(&mut stage).unwrap_err();
    assert_eq!(stage.status().report().totals.rejected, 110);
    stage.status().allow(1_000);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.rejected, 135);
    assert_eq!(stage.status().state().0, StageState::Running);
    drop(stage);

    // Whoever rebuilds meets them again, and they do not count: they are in the chain.
    let (mut again, _) = runner(FIRST_OF_TWO, &as_log, &Home::memory().store, 64);
    to_the_end(&mut again).unwrap();
    assert_eq!(again.status().report().totals.rejected, 0);
}

#[test]
fn failures_that_tick_time_spreads_do_not_stop_the_stage() {
    let (log, home) = (log(), Home::memory());
    for i in 0..400 {
        if i % 50 == 0 {
            log.push("inbound", 0, "k", order("tick", 1_000 + i))
                .unwrap();
        }
        log.push("inbound", 0, "k", order("reject", 0)).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 64);
    to_the_end(&mut stage).unwrap();
    assert_eq!(stage.status().report().totals.rejected, 400);
}

#[test]
fn a_panic_of_the_step_is_a_failure_like_others_whichever_hand_meets_it() {
    for partition in 0..PARTITIONS {
        let (log, home) = (log(), Home::memory());
        log.push("inbound", partition, "k", order("panic", 0))
            .unwrap();
        let as_log: Arc<dyn Log> = log.clone();
        let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 11);
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        let (state, reason) = stage.status().state();
        assert_eq!(state, StageState::Failed);
        assert!(reason.contains("the order was to panic"), "{reason}");
    }
}

#[test]
fn a_file_in_the_place_of_the_directory_is_waited_out() {
    let (log, home) = (log(), Home::rocks());
    let path = home.path().unwrap();
    std::fs::write(&path, "in the way").unwrap();
    log.push("inbound", 0, "k", order("", 0)).unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    for _ in 0..3 {
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        let report = stage.status().report();
        assert_eq!((report.state, report.lag_records), (StageState::Waiting, 1));
        assert!(
            report.reason.contains(&path.display().to_string()),
            "{}",
            report.reason
        );
        clock.advance(Duration::from_secs(30));
    }
    std::fs::remove_file(&path).unwrap();
    to_the_end(&mut stage).unwrap();
    assert_eq!(accepted(&log, "accepted", 0).len(), 1);
}

#[test]
fn a_directory_that_is_deleted_in_mid_run_is_rebuilt() {
    for mut home in [Home::rocks(), Home::memory()] {
        let log = log();
        for i in 0..30 {
            log.push("inbound", i % 3, "k", order("scan", 0)).unwrap();
        }
        let as_log: Arc<dyn Log> = log.clone();
        let (mut stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 4);
        stage.turn();
        stage.turn();
        match &home.store {
            Store::Memory(memory) => memory.wipe(),
            Store::Rocks { .. } => home.lose(),
        }
        clock.advance(Duration::from_secs(2));
        assert!(matches!(stage.turn(), Turn::Waiting(_)));
        assert!(stage.status().state().1.contains("vanished"));
        clock.advance(Duration::from_secs(1));
        to_the_end(&mut stage).unwrap();
        let totals = stage.status().report().totals;
        assert!(totals.suppressed >= 8, "{totals:?}");
        drop(stage);
        let counts: Vec<usize> = (0..3)
            .map(|p| accepted(&log, "accepted", p).len())
            .collect();
        assert_eq!(counts, [10, 10, 10]);
    }
}

#[test]
fn a_stop_commits_what_is_under_way_and_leaves_the_group() {
    let (log, home) = (log(), Home::rocks());
    for i in 0..5_000_u32 {
        log.push("inbound", i % 3, "k", order("", 0)).unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let stage = Runner::new(
        FIRST_OF_TWO,
        Arc::clone(&as_log),
        home.store.clone(),
        Config::default(),
    );
    let handle = StageHandle::spawn(stage).unwrap();
    wait_for(|| handle.status().report().totals.inputs > 0);
    handle.stop();
    let status = handle.status().clone();
    assert!(handle.join());
    let report = status.report();
    assert_eq!(report.state, StageState::Stopped);
    let (mut heir, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    to_the_end(&mut heir).unwrap();
    let totals = heir.status().report().totals;
    assert_eq!(totals.inputs + report.totals.inputs, 5_000);
    // Each partition has a mark in its dead letters.
    assert_eq!(
        (totals.suppressed, totals.outputs + report.totals.outputs),
        (0, 5_003)
    );
}

#[test]
fn a_step_with_more_outputs_than_may_be_on_their_way_is_sent_in_rounds() {
    let (log, home) = (log(), Home::memory());
    for _ in 0..100 {
        log.push("inbound", 0, "k", Order::new(1, &[250], 0, "").json())
            .unwrap();
    }
    let as_log: Arc<dyn Log> = log.clone();
    let (mut stage, _) = runner(FIRST_OF_TWO, &as_log, &home.store, 100);
    to_the_end(&mut stage).unwrap();
    let totals = stage.status().report().totals;
    assert_eq!((totals.inputs, totals.outputs), (100, 25_000));
    assert!(totals.commits >= 3, "the batch was split: {totals:?}");
    assert_eq!(accepted(&log, "accepted", 0).len(), 25_000);
    let (mut second, _) = runner(SECOND, &as_log, &Home::memory().store, 4_096);
    to_the_end(&mut second).unwrap();
}

#[test]
fn a_stage_shows_itself_in_the_registry() {
    let (log, home) = (log(), Home::rocks());
    log.push("inbound", 1, "k", order("reject", 0)).unwrap();
    log.push("inbound", 1, "k", order("", 0)).unwrap();
    let as_log: Arc<dyn Log> = log.clone();
    let registry = telemetry::Registry::new();
    let (stage, clock) = runner(FIRST_OF_TWO, &as_log, &home.store, 10);
    let mut stage = stage.measured(&registry).unwrap();
    to_the_end(&mut stage).unwrap();
    clock.advance(Duration::from_secs(2));
    stage.turn();
    let text = registry.render();
    for line in [
        "spillway_stage_inputs_total{group=\"first\"} 2",
        "spillway_stage_rejected_total{group=\"first\"} 1",
        "spillway_stage_state{group=\"first\",state=\"running\"} 1",
        "spillway_consumer_lag_records{group=\"first\",partition=\"1\",topic=\"inbound\"} 0",
        "spillway_store_write_stopped{group=\"first\"} 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

fn wait_for(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it does not come"
        );
        std::thread::yield_now();
    }
}
