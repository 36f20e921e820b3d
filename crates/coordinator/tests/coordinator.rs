//! The coordinator on the memory log: publication, copies, ticks, the rehearsal's clock, a successor.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod nobody;

use control::presence::Presence;
use control::{Control, follow};
use coordinator::{
    Clock, Config, Coordinator, Handle, Key, Metrics, OperateRequest, Operation, PublishError,
    PublishRequest, RoundError, TickError,
};
use msglog::memory::MemoryLog;
use msglog::{Log, Stored, Tier, TopicConfig};
use nobody::NoMessages;
use record::acts::Act;
use record::hexed::Hex;
use record::inband::{COPY, Copy, TICK, Tick};
use record::topics::{CONTROL, INBOUND, PROGRESS, RESULTS};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const FESTIVAL: &str = include_str!("../../../deploy/campaigns/fanfest-2013-04-09.toml");
const PARTITIONS: u32 = 3;

fn log() -> Arc<MemoryLog> {
    let topic = |name: &str, partitions| TopicConfig {
        name: name.to_owned(),
        partitions,
        retention: None,
        tier: Tier::Control,
    };
    MemoryLog::new(vec![
        topic(INBOUND, PARTITIONS),
        topic(CONTROL, 1),
        topic(PROGRESS, 1),
        topic(RESULTS, PARTITIONS),
    ])
}

struct Running {
    handle: Handle,
    control: Arc<Control>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    fn start(log: &Arc<MemoryLog>, clock: Clock, now: fn() -> i64) -> Self {
        let log: Arc<dyn Log> = log.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = follow(&log, &stop).unwrap();
        let config = Config {
            partitions: PARTITIONS,
            clock,
            now,
            node: Hex([1; 8]),
            boot: Hex([2; 8]),
            key: Key([9; 32]),
        };
        let metrics = Metrics::new(&telemetry::Registry::new()).unwrap();
        let recount = Arc::new(NoMessages);
        let (handle, thread) =
            Coordinator::start(config, &log, &control, metrics, recount, &stop).unwrap();
        Self {
            handle,
            control,
            stop,
            threads: vec![follower, thread],
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn request(expect_version: u32) -> PublishRequest {
    PublishRequest {
        toml: FESTIVAL.to_owned(),
        expect_version,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    }
}

fn of_type(log: &MemoryLog, partition: u32, name: &str) -> Vec<Stored> {
    let all = log.read_all(INBOUND, partition).unwrap();
    all.into_iter()
        .filter(|stored| record::type_of(&stored.value).as_deref() == Some(name))
        .collect()
}

fn ticks(log: &MemoryLog, partition: u32) -> Vec<i64> {
    let ticks = of_type(log, partition, TICK);
    ticks
        .iter()
        .map(|stored| serde_json::from_slice::<Tick>(&stored.value).unwrap().t)
        .collect()
}

fn no_time() -> i64 {
    0
}

#[test]
fn a_publication_returns_when_every_partition_has_it_and_the_snapshot_speaks() {
    let log = log();
    let node = Running::start(&log, Clock::Rehearsal, no_time);
    let receipt = node.handle.publish(request(0)).unwrap();
    assert_eq!(
        (
            receipt.version,
            receipt.ctl,
            receipt.snapshot,
            receipt.effective
        ),
        (1, 1, 2, 5),
        "the leader's own record stands before it"
    );
    assert_eq!(node.control.snapshot().load().number, 2);
    for partition in 0..PARTITIONS {
        let copies = of_type(&log, partition, COPY);
        let copy: Copy = serde_json::from_slice(&copies[0].value).unwrap();
        assert_eq!((copies.len(), copy.ctl, copy.prev_ctl), (1, 1, None));
        assert!(
            matches!(copy.act, Act::Campaign(act) if act.toml == FESTIVAL && act.actor == "ann")
        );
    }
    assert!(
        node.control.state().pending_copies().is_empty(),
        "COPIED covers it"
    );
    assert!(matches!(
        node.handle.publish(request(0)),
        Err(PublishError::Conflict(_))
    ));
    let broken = PublishRequest {
        toml: "id = 3".to_owned(),
        ..request(1)
    };
    assert!(matches!(node.handle.publish(broken), Err(PublishError::Invalid(p)) if !p.is_empty()));
}

#[test]
fn a_publication_is_judged_at_the_coordinators_time_and_brings_the_warnings() {
    let log = log();
    let node = Running::start(&log, Clock::Rehearsal, no_time);
    let over = |warnings: &[String]| {
        let mut warnings = warnings.iter();
        warnings.any(|warning| warning.contains("the campaign is over"))
    };
    // Nobody knows the time yet; then it is before the event, and then long after it.
    assert!(!over(&node.handle.publish(request(0)).unwrap().warnings));
    node.handle.tick(1_365_480_000).unwrap();
    assert!(!over(&node.handle.publish(request(1)).unwrap().warnings));
    node.handle.tick(1_400_000_000).unwrap();
    let late = node.handle.publish(request(2)).unwrap();
    assert!(over(&late.warnings), "{:?}", late.warnings);
    assert!(
        late.warnings
            .iter()
            .all(|warning| warning.contains("warning"))
    );
}

#[test]
fn a_rehearsals_clock_goes_forward_only_and_repeats_the_newest_tick() {
    let log = log();
    let node = Running::start(&log, Clock::Rehearsal, no_time);
    node.handle.tick(100).unwrap();
    node.handle.tick(101).unwrap();
    node.handle.tick(101).unwrap();
    let error = node.handle.tick(99).unwrap_err();
    assert!(
        matches!(
            error,
            TickError::Backwards {
                asked: 99,
                newest: 101
            }
        ),
        "{error}"
    );
    for partition in 0..PARTITIONS {
        assert_eq!(ticks(&log, partition), [100, 101, 101]);
    }
    let stored = of_type(&log, 0, TICK);
    assert!(
        serde_json::from_slice::<Tick>(&stored[0].value)
            .unwrap()
            .rehearsal
    );
    // A version that is published now speaks five seconds after the newest tick.
    assert_eq!(node.handle.publish(request(0)).unwrap().effective, 106);
}

#[test]
fn a_successor_takes_the_greatest_tick_of_any_partition_and_what_was_not_copied() {
    let log = log();
    {
        let node = Running::start(&log, Clock::Rehearsal, no_time);
        node.handle.tick(500).unwrap();
        node.handle.publish(request(0)).unwrap();
    }
    // One partition is ahead: the node died between two appends.
    let ahead = serde_json::to_vec(&Tick::rehearsal(501)).unwrap();
    log.push(INBOUND, 2, "", ahead).unwrap();
    let node = Running::start(&log, Clock::Rehearsal, no_time);
    assert!(matches!(
        node.handle.tick(500),
        Err(TickError::Backwards { newest: 501, .. })
    ));
    node.handle.tick(501).unwrap();
    assert_eq!(
        of_type(&log, 0, COPY).len(),
        1,
        "what COPIED covers is not copied again"
    );
}

#[test]
fn nothing_but_a_rehearsal_takes_ticks_from_outside() {
    let log = log();
    let node = Running::start(&log, Clock::Wall, no_time);
    assert!(matches!(node.handle.tick(5), Err(TickError::NotRehearsal)));
}

static WALL: AtomicI64 = AtomicI64::new(1_365_487_200);

fn wall() -> i64 {
    WALL.load(Ordering::Relaxed)
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn the_wall_ticks_each_second_in_a_round_and_refuses_when_it_is_an_hour_off() {
    let log = log();
    let node = Running::start(&log, Clock::Wall, wall);
    until("the first tick", || ticks(&log, 0) == [1_365_487_200]);
    node.handle.publish(request(0)).unwrap();
    WALL.store(1_365_487_201, Ordering::Relaxed);
    until("the tick of the next second", || {
        ticks(&log, 0).last() == Some(&1_365_487_201)
    });
    // The fans' messages say that it is two hours earlier.
    let whole: Arc<dyn Log> = log.clone();
    let voice = Presence::new(&*whole, Hex([1; 8]), Hex([2; 8])).unwrap();
    voice.progress(0, Some(1_365_487_201 - 7_200)).unwrap();
    WALL.store(1_365_487_202, Ordering::Relaxed);
    until("the objection", || {
        node.handle
            .status()
            .trouble
            .is_some_and(|t| t.contains("7201 s"))
    });
    let newest = || ticks(&log, 0).last().copied();
    assert_eq!(
        newest(),
        Some(1_365_487_201),
        "no tick is written meanwhile"
    );

    // An operator allows it, for a while; then not any more.
    let operate = |seconds| {
        node.handle.operate(OperateRequest {
            operation: Operation::LiftGuard { seconds },
            actor: "ann".to_owned(),
            reason: "the fans' clock is wrong".to_owned(),
        })
    };
    assert!(matches!(operate(86_401), Err(RoundError::Invalid(_))));
    let done = operate(600).unwrap();
    assert!(
        matches!(&done.act, Act::Guard(act) if act.until == 1_365_487_802 && act.actor == "ann"),
        "{done:?}"
    );
    until("the tick that is allowed", || {
        newest() == Some(1_365_487_202)
    });
    let allowed = node.handle.status().allowed.unwrap();
    assert!(
        allowed.contains("ann") && allowed.contains("7201 s"),
        "{allowed}"
    );
    assert_eq!(node.handle.status().trouble, None);
    operate(0).unwrap();
    WALL.store(1_365_487_203, Ordering::Relaxed);
    until("the objection again", || {
        node.handle
            .status()
            .trouble
            .is_some_and(|t| t.contains("7202 s"))
    });
    assert_eq!(newest(), Some(1_365_487_202));
    assert_eq!(
        node.handle.status().allowed,
        None,
        "allowed no more, although the objection stays"
    );

    // It ends by itself when the fans' messages agree with the clock.
    for _ in 0..2 {
        voice.progress(0, Some(1_365_487_203)).unwrap();
    }
    until("ticks as ever", || newest() == Some(1_365_487_203));
    assert_eq!(node.handle.status().allowed, None);
    let acts = log.read_all(CONTROL, 0).unwrap();
    let guards = acts.iter().filter(|stored| {
        matches!(serde_json::from_slice(&stored.value), Ok(Act::Guard(act)) if act.reason.contains("wrong"))
    });
    assert_eq!(guards.count(), 2, "R-21: each of them stands in control");
}

#[test]
fn a_rehearsal_has_no_guard_to_lift() {
    let log = log();
    let node = Running::start(&log, Clock::Rehearsal, no_time);
    let request = OperateRequest {
        operation: Operation::LiftGuard { seconds: 60 },
        actor: "ann".to_owned(),
        reason: "t".to_owned(),
    };
    assert!(matches!(
        node.handle.operate(request),
        Err(RoundError::Conflict(_))
    ));
}
