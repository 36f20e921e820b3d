//! A log at a real broker, for the list of checks: each with topics of its own.

use broker::Cluster;
use msglog::conformance::{Harness, PARTITIONS, QUEUE_BYTES, RETENTION, TOPIC};
use msglog::{Kafka, KafkaConfig, Log, LogError, Tier, TopicConfig};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Numbers prefixes, so that nothing of one test is seen by another.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// One broker.
pub fn one_broker() -> Arc<Cluster> {
    Arc::new(Cluster::start(1).unwrap())
}

/// A topic of [`PARTITIONS`] partitions.
pub fn topic(name: &str, tier: Tier) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions: PARTITIONS,
        retention: Some(RETENTION),
        tier,
    }
}

/// A configuration for one broker, under a prefix of its own.
pub fn config(bootstrap: Vec<String>, topics: Vec<TopicConfig>) -> KafkaConfig {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut config = KafkaConfig::new(bootstrap, topics);
    config.topic_prefix = format!("t{number}.");
    config.replication = 1;
    config.min_insync_replicas = 1;
    config.single_broker = true;
    config.linger = Duration::from_millis(2);
    config
}

/// A log whose topics have just been made.
pub fn fresh(config: &KafkaConfig) -> Arc<Kafka> {
    let made = Kafka::create_topics(config).unwrap();
    assert!(made.iter().all(|state| state.created), "{made:?}");
    Kafka::open(config.clone()).unwrap()
}

/// A log with the topic of the checks.
pub struct AtBroker {
    cluster: Arc<Cluster>,
    config: KafkaConfig,
    kafka: Option<Arc<Kafka>>,
    is_stalled: bool,
}

impl AtBroker {
    pub fn new(cluster: &Arc<Cluster>, tier: Tier) -> Self {
        let mut config = config(cluster.bootstrap(), vec![topic(TOPIC, tier)]);
        config.queue_bytes = QUEUE_BYTES;
        // A question to a stalled broker is given up soon, so that a check can see that nothing comes.
        let kafka = Some(fresh(&config));
        Self {
            cluster: Arc::clone(cluster),
            config,
            kafka,
            is_stalled: false,
        }
    }
}

impl Harness for AtBroker {
    fn log(&self) -> Arc<dyn Log> {
        self.kafka.clone().unwrap()
    }

    fn reopen(&mut self) {
        self.kafka = None;
        self.kafka = Some(Kafka::open(self.config.clone()).unwrap());
    }

    fn stall(&mut self) -> bool {
        self.cluster.stall(0);
        self.is_stalled = true;
        true
    }

    fn resume(&mut self) {
        self.cluster.resume(0);
        self.is_stalled = false;
    }

    fn fail_flush(&mut self) -> bool {
        false
    }

    fn advance(&mut self, _: Duration) -> bool {
        false
    }

    fn expire(&mut self) -> bool {
        let log = self.log();
        let name = format!("{}{TOPIC}", self.config.topic_prefix);
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            let end = log.end_offset(TOPIC, partition).unwrap();
            let end = Offset::Offset(i64::try_from(end).unwrap());
            list.add_partition_offset(&name, partition as i32, end)
                .unwrap();
        }
        let admin = admin(&self.config);
        wait(admin.delete_records(&list, &AdminOptions::new())).unwrap();
        true
    }
}

impl Drop for AtBroker {
    fn drop(&mut self) {
        if self.is_stalled {
            self.cluster.resume(0);
        }
    }
}

/// A client for what no log does.
pub fn admin(config: &KafkaConfig) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", config.bootstrap.join(","))
        .create()
        .unwrap()
}

/// Waits for a request.
pub fn wait<F: Future>(request: F) -> F::Output {
    let mut request = pin!(request);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = request.as_mut().poll(&mut context) {
            return answer;
        }
        std::thread::yield_now();
    }
}

/// Waits until it is so.
pub fn until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} has not come");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Why it was refused.
pub fn refusal<T>(opened: Result<T, LogError>) -> String {
    match opened {
        Err(LogError::Mismatch(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}
