//! A log at a real broker, for the list of checks: each with topics of its own.

use broker::Cluster;
use msglog::conformance::{Harness, PARTITIONS, QUEUE_BYTES, RETENTION, TOPIC};
use msglog::kafka::{BareProducer, RECORD_BYTES_MAX};
use msglog::{Kafka, KafkaConfig, Log, LogError, Tier, TopicConfig};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Longest wait for a broker on a machine that is slow and busy.
const SLOW: Duration = Duration::from_secs(180);
/// A limit of records below the smallest batch, in bytes.
const NOTHING: usize = 60;

/// A topic on which settings are tried out.
const PROBE: &str = "probe";

/// Numbers prefixes, so that nothing of one test is seen by another.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// One broker.
pub(crate) fn one_broker() -> Arc<Cluster> {
    Arc::new(Cluster::start(1).unwrap())
}

/// The same for tests that do it no harm: those that run at a time share one, and it ends with the last of them.
pub(crate) fn shared_broker() -> Arc<Cluster> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let cluster = one_broker();
        *shared = Arc::downgrade(&cluster);
        cluster
    })
}

/// A topic of [`PARTITIONS`] partitions.
pub(crate) fn topic(name: &str, tier: Tier) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions: PARTITIONS,
        retention: Some(RETENTION),
        tier,
    }
}

/// A configuration for one broker, under a prefix of its own.
pub(crate) fn config(bootstrap: Vec<String>, topics: Vec<TopicConfig>) -> KafkaConfig {
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
pub(crate) fn fresh(config: &KafkaConfig) -> Arc<Kafka> {
    let made = Kafka::create_topics(config).unwrap();
    assert!(made.iter().all(|state| state.created), "{made:?}");
    Kafka::open(config.clone()).unwrap()
}

/// A log with the topic of the checks. Its broker is killed, stalled and started again.
pub(crate) struct AtBroker {
    cluster: Arc<Mutex<Cluster>>,
    config: KafkaConfig,
    kafka: Option<Arc<Kafka>>,
    is_stalled: bool,
    is_shrunk: bool,
    has_expired: bool,
    lives: u32,
}

impl AtBroker {
    pub(crate) fn new(cluster: &Arc<Mutex<Cluster>>, tier: Tier) -> Self {
        let bootstrap = cluster.lock().unwrap().bootstrap();
        let mut config = config(bootstrap, vec![topic(TOPIC, tier)]);
        config.queue_bytes = QUEUE_BYTES;
        // A question to a stalled broker is given up soon, so that a check can see that nothing comes.
        config.patience = Duration::from_secs(2);
        let kafka = Some(fresh(&config));
        Self {
            cluster: Arc::clone(cluster),
            config,
            kafka,
            is_stalled: false,
            is_shrunk: false,
            has_expired: false,
            lives: 0,
        }
    }

    /// kill -9 of the broker. What it had said to be durable stood in memory of this machine, which outlives it. Where its
    /// partitions begin is no record: a broker writes that down once a minute and when it ends in order, and whoever is
    /// killed before has older records again. So it ends in order once records have expired.
    fn kill_broker(&self) {
        let mut cluster = self.cluster.lock().unwrap();
        if self.has_expired {
            cluster.terminate(0);
        } else {
            cluster.kill(0);
        }
        cluster.restart(0).unwrap();
    }
}

impl Harness for AtBroker {
    fn log(&self) -> Arc<dyn Log> {
        self.kafka.clone().unwrap()
    }

    /// The client dies each time, and every other time the broker with it.
    fn reopen(&mut self) {
        self.kafka = None;
        if self.lives.is_multiple_of(2) {
            self.kill_broker();
        }
        self.lives += 1;
        if std::mem::take(&mut self.is_shrunk) {
            limit(&self.config, RECORD_BYTES_MAX);
        }
        // A broker that answers again may not lead its partitions yet.
        until("the log again", SLOW, || {
            match Kafka::open(self.config.clone()) {
                Ok(kafka) => self.kafka = Some(kafka),
                Err(error) => assert!(error.retryable(), "{error}"),
            }
            self.kafka
                .as_ref()
                .is_some_and(|log| log.end_offset(TOPIC, 0).is_ok())
        });
    }

    fn stall(&mut self) -> bool {
        self.cluster.lock().unwrap().stall(0);
        self.is_stalled = true;
        true
    }

    fn resume(&mut self) {
        self.cluster.lock().unwrap().resume(0);
        self.is_stalled = false;
    }

    /// A broker that refuses a batch for good is what a failed flush is elsewhere. Only a stage's topic ends with it:
    /// ingress answers the record and goes on, with the spool beside it.
    fn fail_flush(&mut self) -> bool {
        if self.config.topics[0].tier == Tier::Ingress {
            return false;
        }
        Kafka::create_topics(&probe(&self.config)).unwrap();
        limit(&self.config, NOTHING);
        self.is_shrunk = true;
        true
    }

    fn advance(&mut self, _: Duration) -> bool {
        false
    }

    /// By Kafka's own request to delete records: a broker looks at `retention.ms` only every five minutes, and drops whole
    /// segments then. That topics carry the setting is checked where they are made.
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
        self.has_expired = true;
        true
    }
}

impl Drop for AtBroker {
    fn drop(&mut self) {
        if self.is_stalled
            && let Ok(cluster) = self.cluster.lock()
        {
            cluster.resume(0);
        }
    }
}

/// Lets the topic take records of at most so many bytes, behind the log's back.
pub(crate) fn shrink(config: &KafkaConfig, name: &str, bytes: usize) {
    set_limit(config, name, bytes).unwrap();
}

fn set_limit(config: &KafkaConfig, name: &str, bytes: usize) -> Result<(), String> {
    let (name, bytes) = (format!("{}{name}", config.topic_prefix), bytes.to_string());
    let (admin, options) = (admin(config), AdminOptions::new());
    let topic = || ResourceSpecifier::Topic(&name);
    let found = wait(admin.describe_configs([&topic()], &options));
    let found = found.map_err(|error| error.to_string())?.remove(0);
    // The request replaces all settings of the topic: the others are given again.
    let kept: Vec<(String, String)> = found
        .map_err(|code| code.to_string())?
        .entries
        .into_iter()
        .filter(|entry| !entry.is_default && entry.name != "max.message.bytes")
        .filter_map(|entry| Some((entry.name, entry.value?)))
        .collect();
    let alter = kept.iter().fold(
        AlterConfig::new(topic()).set("max.message.bytes", &bytes),
        |alter, (key, value)| alter.set(key, value),
    );
    let altered = wait(admin.alter_configs([&alter], &options));
    let altered = altered.map_err(|error| error.to_string())?.remove(0);
    altered.map(drop).map_err(|(_, code)| code.to_string())
}

/// Beside the topic of the checks, another one.
fn probe(config: &KafkaConfig) -> KafkaConfig {
    let mut config = config.clone();
    config.topics = vec![topic(PROBE, Tier::Ingress)];
    config
}

/// Lets the topic of the checks take records of at most so many bytes, and waits until the broker acts by it: its answer
/// only means that the change is written down. It takes changes in their order, and a topic that was changed later is
/// tried out.
fn limit(config: &KafkaConfig, bytes: usize) {
    for name in [TOPIC, PROBE] {
        until("a changed topic", SLOW, || {
            set_limit(config, name, bytes).is_ok()
        });
    }
    let takes = || {
        let producer = BareProducer::open(&probe(config), PROBE).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let told_it = Box::new(move |is_durable| tell.send(is_durable).unwrap_or_default());
        producer.send(0, &[0; 200], told_it).unwrap();
        told.recv().unwrap()
    };
    until("a broker that acts by its limit", SLOW, || {
        takes() == (bytes != NOTHING)
    });
}

/// A client for what no log does.
pub(crate) fn admin(config: &KafkaConfig) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", config.bootstrap.join(","))
        .create()
        .unwrap()
}

/// Waits for a request.
pub(crate) fn wait<F: Future>(request: F) -> F::Output {
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
pub(crate) fn until(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} has not come");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Why it was refused.
pub(crate) fn refusal<T>(opened: Result<T, LogError>) -> String {
    match opened {
        Err(LogError::Mismatch(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}
