//! The memory log passes the list of every backend.

use super::MemoryLog;
use crate::conformance::{ALL, Harness, PARTITIONS, QUEUE_BYTES, RETENTION, TOPIC};
use crate::contract::{Log, Refusal, Tier, TopicConfig};
use std::sync::Arc;
use std::time::Duration;

struct Memory {
    log: Arc<MemoryLog>,
    time_ms: i64,
}

impl Harness for Memory {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(&self.log) as Arc<dyn Log>
    }

    fn reopen(&mut self) {
        self.log.lose_held(TOPIC).unwrap();
        self.log.heal(TOPIC).unwrap();
    }

    fn stall(&mut self) -> bool {
        self.log.hold(TOPIC).is_ok()
    }

    fn resume(&mut self) {
        self.log.release(TOPIC).unwrap();
    }

    fn fail_flush(&mut self) -> bool {
        self.log.fail_after(TOPIC, 0).is_ok()
    }

    fn advance(&mut self, by: Duration) -> bool {
        self.time_ms += by.as_millis() as i64;
        self.log.set_time_ms(self.time_ms);
        true
    }

    fn expire(&mut self) -> bool {
        (0..PARTITIONS).all(|p| self.log.retain_from(TOPIC, p, u64::MAX).is_ok())
    }

    fn lose_tail(&mut self) -> bool {
        self.reopen();
        [(0, 9), (2, 7)]
            .into_iter()
            .all(|(p, from)| self.log.lose_from(TOPIC, p, from).is_ok())
    }
}

fn harness() -> Box<dyn Harness> {
    let log = MemoryLog::new(vec![TopicConfig {
        name: TOPIC.to_owned(),
        partitions: PARTITIONS,
        retention: Some(RETENTION),
        tier: Tier::Ingress,
    }]);
    log.set_queue_bytes(QUEUE_BYTES);
    Box::new(Memory {
        log,
        time_ms: 1_000,
    })
}

#[test]
fn the_memory_log_is_a_backend() {
    for (_, check) in ALL {
        check(&harness);
    }
}

#[test]
fn what_a_test_orders_happens_at_the_record_it_named() {
    use crate::conformance::{Collected, append, record};
    let log = Memory {
        log: MemoryLog::new(harness().log().topics()),
        time_ms: 0,
    }
    .log;
    log.fail_after(TOPIC, 2).unwrap();
    let collected = Collected::new();
    let appender = log.appender(TOPIC).unwrap();
    let records = (0..4).map(|n| (record(0, n), n)).collect();
    appender.append(records, &collected.mailbox()).unwrap();
    let done: Vec<bool> = collected
        .wait(4, Duration::ZERO)
        .iter()
        .map(|answer| answer.result.is_ok())
        .collect();
    assert_eq!(done, vec![true, true, false, false]);
    assert_eq!(log.read_all(TOPIC, 0).unwrap().len(), 2);
    log.heal(TOPIC).unwrap();
    log.refuse(TOPIC, Refusal::QueueFull).unwrap();
    let refused = appender
        .append(vec![(record(0, 9), 9)], &collected.mailbox())
        .unwrap_err();
    assert!(matches!(refused.reason, Refusal::QueueFull));
    log.heal(TOPIC).unwrap();
    log.hold(TOPIC).unwrap();
    let records = (0..3).map(|n| (record(1, n), n)).collect();
    appender.append(records, &collected.mailbox()).unwrap();
    assert_eq!(log.held(TOPIC).unwrap(), 3);
    assert_eq!(log.release_some(TOPIC, 1).unwrap(), 1);
    assert_eq!(log.read_all(TOPIC, 1).unwrap().len(), 1);
    assert_eq!(log.lose_held(TOPIC).unwrap(), 2);
    let shared: Arc<dyn Log> = Arc::clone(&log) as Arc<dyn Log>;
    assert_eq!(append(&shared, vec![record(1, 7)]), vec![1]);
    assert_eq!(log.push(TOPIC, 1, "key", "value").unwrap(), 2);
}
