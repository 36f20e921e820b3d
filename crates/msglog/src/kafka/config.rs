//! How the brokers are reached and what the clients are told. Every setting that a promise rests on stands
//! here, once; the reasons in full are in `docs/kafka-log.md`. Nothing here talks to a broker.

use crate::contract::{
    KEY_BYTES_MAX, LogError, PARTITIONS_MAX, Tier, TopicConfig, VALUE_BYTES_MAX,
};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Largest batch of one record that a topic must take, in bytes: the largest key and value, and what
/// Kafka puts around them. Topics are created with it, and refused when they take less.
pub const RECORD_BYTES_MAX: usize = VALUE_BYTES_MAX + KEY_BYTES_MAX + (960 << 10);

/// A member that is silent for so long loses its partitions: less is not allowed by brokers as they
/// come, and a role that runs once is to be taken over within 10 s.
pub(super) const SESSION: Duration = Duration::from_secs(6);
/// How long one request to the brokers may take before it has failed.
pub(super) const REQUEST: Duration = Duration::from_secs(5);

/// How a log at Kafka brokers is reached, laid out and written.
#[derive(Clone)]
pub struct KafkaConfig {
    /// `HOST:PORT` of some brokers; the others are learnt from them.
    pub bootstrap: Vec<String>,
    /// What stands before the name of each topic and group at the brokers.
    pub topic_prefix: String,
    /// Replicas of each partition.
    pub replication: u16,
    /// Replicas that must have a record before it counts as durable.
    pub min_insync_replicas: u16,
    /// Asks for fewer than 3 replicas, with which one lost disk takes acked records along.
    pub single_broker: bool,
    /// The topics, by our names.
    pub topics: Vec<TopicConfig>,
    /// Name of this process at the brokers, the same after a restart, so that a quick one moves no
    /// partitions; "" for a passer-by.
    pub instance: String,
    /// How long a record of [`Tier::Ingress`] waits for others to go with it.
    pub linger: Duration,
    /// The same for every other topic.
    pub linger_inside: Duration,
    /// Bytes of keys and values that an appender holds at most.
    pub queue_bytes: usize,
    /// Records that an appender holds at most.
    pub queue_records: usize,
    /// Whether batches are compressed with lz4.
    pub compress: bool,
    /// A record of [`Tier::Ingress`] without an answer by then has failed. Its caller has long gone on, with the spool or
    /// without an answer; the bound only keeps the queue from holding what nobody waits for.
    pub ingress_timeout: Duration,
    /// How long ends and times of partitions are asked for before the brokers count as away.
    pub patience: Duration,
    /// Further options of the client, such as `security.protocol`. None of those that a promise rests on.
    pub extra: BTreeMap<String, String>,
}

/// Options may be secrets.
impl std::fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("bootstrap", &self.bootstrap)
            .field("topic_prefix", &self.topic_prefix)
            .field("replication", &self.replication)
            .field("extra", &self.extra.keys())
            .finish_non_exhaustive()
    }
}

impl KafkaConfig {
    /// The defaults, for these brokers and topics.
    #[must_use]
    pub fn new(bootstrap: Vec<String>, topics: Vec<TopicConfig>) -> Self {
        Self {
            bootstrap,
            topic_prefix: "spillway.".to_owned(),
            replication: 3,
            min_insync_replicas: 2,
            single_broker: false,
            topics,
            instance: String::new(),
            linger: Duration::from_millis(25),
            linger_inside: Duration::from_millis(5),
            // About 5 s of one node's peak: beyond that the spool is the better place.
            queue_bytes: 64 << 20,
            queue_records: 50_000,
            compress: false,
            ingress_timeout: Duration::from_secs(60),
            patience: Duration::from_secs(10),
            extra: BTreeMap::new(),
        }
    }

    /// Name of a topic at the brokers.
    pub(super) fn broker_topic(&self, topic: &str) -> String {
        format!("{}{topic}", self.topic_prefix)
    }

    /// What can be judged without a broker.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] with the way out.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let wrong = |text: String| Err(LogError::Mismatch(text));
        if self.bootstrap.is_empty() {
            return wrong("no kafka broker is named: bootstrap is empty".to_owned());
        }
        let (replication, insync) = (self.replication, self.min_insync_replicas);
        if !(1..=replication).contains(&insync) {
            return wrong(format!(
                "min_insync_replicas is {insync}, but must be from 1 to the replication of {replication}"
            ));
        }
        if !self.single_broker && (replication < 3 || insync < 2) {
            return wrong(format!(
                "replication {replication} with min_insync_replicas {insync}: one lost disk can then take \
                 acked records with it; use 3 and 2, or ask for it with single_broker = true"
            ));
        }
        let mut names = BTreeSet::new();
        for topic in &self.topics {
            let name = self.broker_topic(&topic.name);
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if name.len() > 249 || name.is_empty() || !name.chars().all(fits) {
                return wrong(format!("{name:?} is no name that kafka takes for a topic"));
            }
            if !(1..=PARTITIONS_MAX).contains(&topic.partitions) {
                let partitions = topic.partitions;
                return wrong(format!(
                    "topic {name:?} cannot have {partitions} partitions: 1 to {PARTITIONS_MAX}"
                ));
            }
            if !names.insert(name.clone()) {
                return wrong(format!("topic {name:?} is named twice"));
            }
        }
        match self.extra.keys().find(|key| OURS.contains(&key.as_str())) {
            Some(key) => wrong(format!(
                "the client's option {key:?} is not to be set: what is promised rests on it"
            )),
            None => Ok(()),
        }
    }

    /// What every client is told.
    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        // What somebody chose to set beside ours comes first: ours wins.
        for (key, value) in &self.extra {
            client.set(key, value);
        }
        let id = if self.instance.is_empty() {
            "spillway"
        } else {
            &self.instance
        };
        client
            .set("bootstrap.servers", self.bootstrap.join(","))
            .set("client.id", id)
            // A broker that hangs with its socket open is given up after this; 60 s by default.
            .set("socket.timeout.ms", "2000")
            .set("socket.connection.setup.timeout.ms", "2000")
            // How soon a broker that is back is used again; 10 s by default.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            // No traffic that nobody asked for.
            .set("enable.metrics.push", "false")
            .set("statistics.interval.ms", "0")
            // Topics are made by `topics create` alone, whatever the brokers would do.
            .set("allow.auto.create.topics", "false");
        client.set_log_level(RDKafkaLogLevel::Warning);
        client
    }

    /// For the appender of a topic.
    pub(super) fn producer(&self, tier: Tier) -> ClientConfig {
        let mut client = self.client();
        let linger = match tier {
            Tier::Ingress => self.linger,
            Tier::Consumer => self.linger_inside,
            // Somebody waits for each of these.
            Tier::Control => Duration::ZERO,
        };
        client
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", linger.as_millis().to_string())
            .set("message.max.bytes", RECORD_BYTES_MAX.to_string())
            .set(
                "compression.codec",
                if self.compress { "lz4" } else { "none" },
            )
            // The bound is the appender's own, which refuses a call as a whole; the client's must never
            // refuse the second half of one.
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", "2147483647")
            // The connections are there before the first record is.
            .set("enable.sparse.connections", "false");
        match tier {
            Tier::Ingress => {
                let timeout = self.ingress_timeout.as_millis();
                client.set("message.timeout.ms", timeout.to_string());
            }
            Tier::Consumer | Tier::Control => {
                // No record of a stage may fail while its successors go through: none times out, and
                // whatever fails for good ends the producer.
                client
                    .set("message.timeout.ms", "0")
                    .set("enable.gapless.guarantee", "true");
            }
        }
        client
    }

    /// For a reader. The group is never joined; the client merely wants a name.
    pub(super) fn reader(&self) -> ClientConfig {
        let mut client = self.client();
        client
            .set("group.id", format!("{}reader", self.topic_prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A position that is not there is an error, never a jump.
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.min.bytes", "1")
            // The famous second of rest when the local queue is full; 1,000 by default.
            .set("fetch.queue.backoff.ms", "20")
            .set("queued.min.messages", "20000")
            // For each partition; 64 MiB by default.
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.message.max.bytes", (1 << 20).to_string())
            .set("check.crcs", "true")
            // A fetch may lie at the broker for its 50 ms, and a large one takes its time.
            .set("socket.timeout.ms", "10000");
        client
    }

    /// For a member of a group.
    pub(super) fn member(&self, group: &str, instance: &str) -> ClientConfig {
        let mut client = self.client();
        client
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "latest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", SESSION.as_millis().to_string())
            .set("heartbeat.interval.ms", "1500")
            .set("max.poll.interval.ms", "300000")
            // It never reads a record; what a fetch brings before the pause stays small.
            .set("queued.min.messages", "1")
            .set("queued.max.messages.kbytes", "64")
            .set("fetch.message.max.bytes", "1024");
        if !instance.is_empty() {
            client.set("group.instance.id", instance);
        }
        client
    }

    /// For asking where things stand.
    pub(super) fn asker(&self) -> ClientConfig {
        self.client()
    }

    /// For topics and their settings. Nobody polls this client, so that its log lines would pile up.
    pub(super) fn admin(&self) -> ClientConfig {
        let mut client = self.client();
        client
            .set("socket.timeout.ms", "5000")
            .set_log_level(RDKafkaLogLevel::Emerg);
        client
    }

    /// Checks that the client takes all these settings.
    ///
    /// # Errors
    /// [`LogError::Mismatch`] naming the option.
    pub(super) fn check_options(&self) -> Result<(), LogError> {
        for client in [self.producer(Tier::Ingress), self.reader(), self.asker()] {
            client
                .create_native_config()
                .map_err(|error| LogError::Mismatch(format!("the client's options: {error}")))?;
        }
        Ok(())
    }
}

/// Options that a promise rests on, or that have a key of their own.
const OURS: [&str; 26] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "client.id",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "partition.assignment.strategy",
    "session.timeout.ms",
    "max.poll.interval.ms",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "isolation.level",
    "check.crcs",
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "transactional.id",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "linger.ms",
    "queue.buffering.max.ms",
    "message.max.bytes",
    "partitioner",
    "allow.auto.create.topics",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> KafkaConfig {
        let topic = TopicConfig {
            name: "inbound".to_owned(),
            partitions: 24,
            retention: None,
            tier: Tier::Ingress,
        };
        KafkaConfig::new(vec!["127.0.0.1:9092".to_owned()], vec![topic])
    }

    #[test]
    fn the_client_takes_what_it_is_told() {
        let config = config();
        config.check().unwrap();
        config.check_options().unwrap();
        for tier in [Tier::Ingress, Tier::Consumer, Tier::Control] {
            config.producer(tier).create_native_config().unwrap();
        }
        let member = config.member("g", "node-0");
        member.create_native_config().unwrap();
        // What is left of 10 s is for finding out, joining, and taking up where the log ends.
        assert_eq!(member.get("session.timeout.ms"), Some("6000"));
        assert_eq!(member.get("heartbeat.interval.ms"), Some("1500"));
        config.admin().create_native_config().unwrap();
    }

    #[test]
    fn what_is_wrong_is_refused_with_the_way_out() {
        type Break = fn(&mut KafkaConfig);
        let cases: [(Break, &str); 8] = [
            (|c| c.bootstrap.clear(), "no kafka broker is named"),
            (|c| c.replication = 2, "single_broker = true"),
            (|c| c.min_insync_replicas = 1, "single_broker = true"),
            (
                |c| c.min_insync_replicas = 4,
                "from 1 to the replication of 3",
            ),
            (
                |c| c.topic_prefix = "a b".to_owned(),
                "no name that kafka takes",
            ),
            (|c| c.topics[0].partitions = 0, "1 to 1024"),
            (|c| c.topics.push(c.topics[0].clone()), "named twice"),
            (
                |c| drop(c.extra.insert("acks".to_owned(), "1".to_owned())),
                "not to be set",
            ),
        ];
        for (break_it, words) in cases {
            let mut config = config();
            break_it(&mut config);
            let text = config.check().unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
        let mut config = config();
        config
            .extra
            .insert("securty.protocol".to_owned(), "ssl".to_owned());
        let text = config.check_options().unwrap_err().to_string();
        assert!(text.contains("securty.protocol"), "{text}");
    }

    #[test]
    fn options_are_passed_and_not_printed() {
        let mut config = config();
        config
            .extra
            .insert("sasl.password".to_owned(), "hunter2".to_owned());
        assert_eq!(config.reader().get("sasl.password"), Some("hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
