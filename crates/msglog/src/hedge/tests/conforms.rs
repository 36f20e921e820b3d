//! A hedge whose log proves in time is a backend like its log.

use super::*;
use crate::conformance::{self, ALL, Harness, QUEUE_BYTES, RETENTION};

struct Hedged {
    log: Arc<MemoryLog>,
    disk: FakeDisk,
    hedge: Option<Arc<Hedge>>,
    time_ms: i64,
}

impl Hedged {
    fn new() -> Self {
        let topic = TopicConfig {
            name: conformance::TOPIC.to_owned(),
            partitions: conformance::PARTITIONS,
            retention: Some(RETENTION),
            tier: Tier::Ingress,
        };
        let log = MemoryLog::new(vec![topic]);
        log.set_queue_bytes(QUEUE_BYTES);
        let mut hedged = Self {
            log,
            disk: FakeDisk::default(),
            hedge: None,
            time_ms: 0,
        };
        hedged.open();
        hedged
    }

    fn open(&mut self) {
        let config = HedgeConfig {
            after: Duration::from_secs(3600),
            pending_bytes: QUEUE_BYTES,
            ..HedgeConfig::new(conformance::TOPIC)
        };
        let spool = config.spool(conformance::PARTITIONS, Some(1 << 30));
        let spool = Journal::open_on(&self.disk, Path::new("/spool"), spool).unwrap();
        self.hedge = Some(Hedge::open(self.log.clone(), spool, config).unwrap());
    }
}

impl Harness for Hedged {
    fn log(&self) -> Arc<dyn Log> {
        Arc::clone(self.hedge.as_ref().unwrap()) as Arc<dyn Log>
    }

    fn reopen(&mut self) {
        self.hedge = None;
        self.log.lose_held(conformance::TOPIC).unwrap();
        self.open();
    }

    fn stall(&mut self) -> bool {
        // The spool must not help out: its disk is full.
        self.disk.set_free(0);
        self.log.hold(conformance::TOPIC).unwrap();
        true
    }

    fn resume(&mut self) {
        self.log.release(conformance::TOPIC).unwrap();
    }

    fn fail_flush(&mut self) -> bool {
        // A hedge does not fail with its log: that is what it is for.
        false
    }

    fn advance(&mut self, by: Duration) -> bool {
        self.time_ms += i64::try_from(by.as_millis()).unwrap();
        self.log.set_time_ms(self.time_ms);
        true
    }

    fn expire(&mut self) -> bool {
        for partition in 0..conformance::PARTITIONS {
            let end = self.log.end_offset(conformance::TOPIC, partition).unwrap();
            self.log
                .retain_from(conformance::TOPIC, partition, end)
                .unwrap();
        }
        true
    }

    fn lose_tail(&mut self) -> bool {
        self.reopen();
        self.log.lose_from(conformance::TOPIC, 1, 8).unwrap();
        true
    }
}

#[test]
fn it_passes_the_list_of_every_backend() {
    for (_, check) in ALL {
        check(&|| Box::new(Hedged::new()));
    }
}
