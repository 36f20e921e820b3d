//! Several processes with the role: one leads, the others stand by and take over; who asks the wrong one is told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod nobody;

use control::presence::Presence;
use control::{Control, follow};
use coordinator::{
    Clock, Config, Coordinator, Handle, Key, Metrics, PublishError, PublishRequest, RetryError,
    RetryRequest, TickError,
};
use msglog::memory::MemoryLog;
use msglog::{Log, LogError, Refusal, Tier, TopicConfig};
use nobody::NoMessages;
use record::hexed::Hex;
use record::inband::{RETRY, Retry, TICK, Tick};
use record::topics::{CONTROL, INBOUND, PROGRESS, RESULTS};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

fn log() -> Arc<MemoryLog> {
    let topic = |name: &str, partitions| TopicConfig {
        name: name.to_owned(),
        partitions,
        retention: None,
        tier: Tier::Control,
    };
    MemoryLog::new(vec![
        topic(INBOUND, 2),
        topic(CONTROL, 1),
        topic(PROGRESS, 1),
        topic(RESULTS, 2),
    ])
}

struct Process {
    handle: Handle,
    control: Arc<Control>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Process {
    fn start(log: &Arc<MemoryLog>, number: u8) -> Self {
        let log: Arc<dyn Log> = log.clone();
        let stop = Arc::new(AtomicBool::new(false));
        let (control, follower) = follow(&log, &stop).unwrap();
        let config = Config {
            partitions: 2,
            clock: Clock::Rehearsal,
            now: || 77,
            node: Hex([number; 8]),
            boot: Hex([number; 8]),
            key: Key([9; 32]),
        };
        let metrics = Metrics::new(&telemetry::Registry::new()).unwrap();
        let recount = Arc::new(NoMessages);
        let (handle, thread) =
            Coordinator::start(config, &log, &control, metrics, recount, &stop).unwrap();
        let voice = Presence::new(&*log, config.node, config.boot).unwrap();
        let address = format!("127.0.0.{number}:8081");
        voice.hello(&["coordinator".to_owned()], &address).unwrap();
        Self {
            handle,
            control,
            stop,
            threads: vec![follower, thread],
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn request() -> PublishRequest {
    PublishRequest {
        toml: include_str!("../src/tests/small.toml").to_owned(),
        expect_version: 0,
        actor: "ann".to_owned(),
        reason: "test".to_owned(),
    }
}

fn retry(raw: &str) -> RetryRequest {
    RetryRequest {
        topic: "inbound.dead".to_owned(),
        partition: 1,
        offset: 9,
        raw: raw.to_owned(),
        actor: "ann".to_owned(),
        reason: "repaired".to_owned(),
    }
}

const DELIVERY: &str = r#"{"type":"delivery","v":1,"account":"mi","from":"oF","create_time":5,"kind":"text","recv_us":1,"reply":{"rule":"","rule_version":0,"template_version":0,"snapshot":0,"spoken":"nothing"}}"#;

#[test]
fn one_leads_and_the_other_names_it_until_it_takes_over() {
    let log = log();
    let first = Process::start(&log, 1);
    until("the first lead", || first.handle.leads());
    first.handle.tick(100).unwrap();
    let second = Process::start(&log, 2);
    assert!(matches!(second.handle.tick(101), Err(TickError::NotOwner)));
    assert!(matches!(
        second.handle.publish(request()),
        Err(PublishError::NotOwner)
    ));
    assert!(matches!(
        second.handle.retry(retry(DELIVERY)),
        Err(RetryError::NotOwner)
    ));
    let address = |process: &Process| process.control.state().leader_address().map(str::to_owned);
    until("the first's address", || {
        address(&second).as_deref() == Some("127.0.0.1:8081")
    });
    assert!(!second.handle.leads() && first.handle.leads());
    drop(first);
    until("the second lead", || second.handle.leads());
    assert_eq!(
        second.handle.status().tick,
        Some(100),
        "the newest tick of its predecessor"
    );
    assert!(matches!(
        second.handle.tick(99),
        Err(TickError::Backwards { newest: 100, .. })
    ));
    second.handle.tick(101).unwrap();
    second.handle.publish(request()).unwrap();
    until("its own address", || {
        address(&second).as_deref() == Some("127.0.0.2:8081")
    });
    for partition in 0..2 {
        let all = log.read_all(INBOUND, partition).unwrap();
        let ticks = all
            .iter()
            .filter(|stored| record::type_of(&stored.value).as_deref() == Some(TICK))
            .map(|stored| serde_json::from_slice::<Tick>(&stored.value).unwrap().t);
        assert_eq!(ticks.collect::<Vec<_>>(), [100, 101]);
    }
}

#[test]
fn a_log_that_is_away_is_waited_for() {
    let log = log();
    let detail = "the broker is down".to_owned();
    let away = Refusal::Log(LogError::Away { detail });
    let process = Process::start(&log, 1);
    until("the lead", || process.handle.leads());
    log.refuse(INBOUND, away).unwrap();
    assert!(matches!(
        process.handle.tick(5),
        Err(TickError::Log(LogError::Away { .. }))
    ));
    until("the trouble", || {
        let trouble = process.handle.status().trouble;
        trouble.is_some_and(|trouble| trouble.contains("the log is away"))
    });
    log.heal(INBOUND).unwrap();
    until("the lead again", || process.handle.leads());
    process.handle.tick(5).unwrap();
    assert_eq!(process.handle.status().trouble, None);
}

#[test]
fn a_dead_letter_goes_back_into_its_partition_under_an_id_of_its_own() {
    let log = log();
    let process = Process::start(&log, 1);
    until("the lead", || process.handle.leads());
    let nested = Retry {
        r#type: RETRY.into(),
        v: 1,
        topic: "inbound.dead".into(),
        partition: 1,
        offset: 2,
        actor: "bob".into(),
        reason: "".into(),
        recv_us: 0,
        delivery: None,
        raw: DELIVERY.into(),
    };
    for raw in [DELIVERY, &serde_json::to_string(&nested).unwrap()] {
        let retried = process.handle.retry(retry(raw)).unwrap();
        let stored = log.read_all(INBOUND, 1).unwrap().pop().unwrap();
        assert_eq!((retried.partition, retried.offset), (1, stored.offset));
        assert_eq!(&stored.key[..], b"oF", "keyed by the fan");
        let back: Retry<'_> = serde_json::from_slice(&stored.value).unwrap();
        assert_eq!((back.raw.as_ref(), back.actor.as_ref()), (DELIVERY, "ann"));
        assert_eq!((back.recv_us, back.offset), (77_000_000, 9));
        let id = back.delivery.unwrap();
        assert_eq!(id.node, Hex([1; 8]));
        assert!(id.seq >= 1 << 63, "ingress counts from the bottom");
    }
    let ids: Vec<_> = log
        .read_all(INBOUND, 1)
        .unwrap()
        .iter()
        .map(|stored| {
            serde_json::from_slice::<Retry<'_>>(&stored.value)
                .unwrap()
                .delivery
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    let unparsed = DELIVERY.replace("\"text\"", "\"unparsed\"");
    for useless in ["{\"type\":\"tick\",\"v\":1,\"t\":5}", "no json", &unparsed] {
        let refused = process.handle.retry(retry(useless));
        assert!(
            matches!(refused, Err(RetryError::Useless(_))),
            "{useless}: {refused:?}"
        );
    }
    assert_eq!(process.handle.status().retries, 2);
}
