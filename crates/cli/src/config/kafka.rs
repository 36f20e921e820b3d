//! The keys of `[log.kafka]`. They are looked at only when the log stands on Kafka: a file may name brokers that
//! it does not use yet.

use super::layers::OPTIONS;
use super::take::Taker;
use crate::address::is_host_port;
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Value;

/// How a Kafka cluster is reached, and how its topics must be kept.
#[derive(Clone)]
pub(crate) struct KafkaSettings {
    /// `HOST:PORT` of some brokers; the others are learnt from them.
    pub(crate) bootstrap: Vec<String>,
    pub(crate) topic_prefix: String,
    pub(crate) replication: u16,
    pub(crate) min_insync_replicas: u16,
    pub(crate) single_broker: bool,
    pub(crate) linger: Duration,
    /// Whether batches are compressed with lz4.
    pub(crate) compress: bool,
    pub(crate) hedge: Duration,
    pub(crate) queue_bytes: usize,
    /// Name of this process at the brokers; `None` is the node's id.
    pub(crate) instance: Option<String>,
    /// Most bytes of the spool's files; `None`: only the disk bounds.
    pub(crate) spool_max_bytes: Option<u64>,
    /// Options of the client, secrets resolved.
    pub(crate) options: BTreeMap<String, String>,
}

/// Options that hold secrets must not be printed with the rest.
impl std::fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap", &self.bootstrap)
            .field("topic_prefix", &self.topic_prefix)
            .field("replication", &self.replication)
            .field("options", &self.options.keys())
            .finish_non_exhaustive()
    }
}

/// Replication below this must be asked for with `single_broker`.
const REPLICATION_MIN: u16 = 3;
/// Longest name that Kafka takes is 249; ours are behind the prefix.
const PREFIX_MAX: usize = 200;

/// Options of the client that have a key of ours.
const REPLACED: [(&str, &str); 10] = [
    ("bootstrap.servers", "log.kafka.bootstrap"),
    ("metadata.broker.list", "log.kafka.bootstrap"),
    ("client.id", "log.kafka.instance"),
    ("group.instance.id", "log.kafka.instance"),
    ("linger.ms", "log.kafka.linger_ms"),
    ("queue.buffering.max.ms", "log.kafka.linger_ms"),
    ("compression.codec", "log.kafka.compression"),
    ("compression.type", "log.kafka.compression"),
    ("queue.buffering.max.kbytes", "log.kafka.queue_bytes"),
    ("queue.buffering.max.messages", "log.kafka.queue_bytes"),
];

/// Options that Spillway sets, because a promise rests on them or it would override them silently.
const OWNED: [&str; 43] = [
    "group.id",
    "group.protocol",
    "partition.assignment.strategy",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "enable.auto.commit",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "enable.partition.eof",
    "isolation.level",
    "check.crcs",
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "enable.gapless.guarantee",
    "transactional.id",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "retries",
    "message.send.max.retries",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "message.max.bytes",
    "partitioner",
    "allow.auto.create.topics",
    "socket.timeout.ms",
    "socket.connection.setup.timeout.ms",
    "reconnect.backoff.ms",
    "reconnect.backoff.max.ms",
    "enable.metrics.push",
    "statistics.interval.ms",
    "enable.sparse.connections",
    "fetch.wait.max.ms",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.message.max.bytes",
    "max.partition.fetch.bytes",
    "queued.min.messages",
    "queued.max.messages.kbytes",
    "log_level",
];

/// Whether the value of a key outside of accounts is never shown.
pub(crate) fn is_secret_option(key: &str) -> bool {
    if key == "contest.key" {
        return true;
    }
    let Some(name) = key.strip_prefix(OPTIONS) else {
        return false;
    };
    ["password", "secret", "pem", "sasl.oauthbearer.config"]
        .iter()
        .any(|part| name.contains(part))
}

impl KafkaSettings {
    pub(super) fn take(
        take: &mut Taker<'_>,
        secret: &dyn Fn(&str) -> Result<String, String>,
    ) -> Self {
        let number = |take: &mut Taker<'_>, key: &str, low: u64, high: u64| {
            let number = take.number(key, low..=high);
            u16::try_from(number).unwrap_or(u16::MAX)
        };
        let settings = Self {
            bootstrap: bootstrap(take),
            topic_prefix: topic_prefix(take),
            replication: number(take, "log.kafka.replication", 1, 9),
            min_insync_replicas: number(take, "log.kafka.min_insync_replicas", 1, 9),
            single_broker: take.flag("log.kafka.single_broker"),
            linger: Duration::from_millis(take.number("log.kafka.linger_ms", 0..=1_000)),
            compress: take.choice("log.kafka.compression", &[("none", false), ("lz4", true)]),
            hedge: Duration::from_millis(take.number("log.kafka.hedge_ms", 20..=3_000)),
            queue_bytes: usize::try_from(take.number("log.kafka.queue_bytes", 1 << 20..=2 << 30))
                .unwrap_or(1 << 20),
            instance: instance(take),
            spool_max_bytes: Some(take.number("log.kafka.spool_max_bytes", 0..=i64::MAX as u64))
                .filter(|bytes| *bytes > 0),
            options: options(take, secret),
        };
        settings.check_replication(take);
        settings
    }

    fn check_replication(&self, take: &mut Taker<'_>) {
        let (replication, insync) = (self.replication, self.min_insync_replicas);
        if self.single_broker {
            return;
        }
        if replication < REPLICATION_MIN {
            take.wrong(
                "log.kafka.replication",
                format!(
                    "is {replication}: one lost disk can then take acked messages with it. Use {REPLICATION_MIN}, or \
                     say `log.kafka.single_broker = true` if that is what you want"
                ),
            );
        }
        if insync < 2 || insync > replication {
            take.wrong(
                "log.kafka.min_insync_replicas",
                format!(
                    "must be from 2 to the replication of {replication}, not {insync}; fewer only with \
                     `log.kafka.single_broker = true`"
                ),
            );
        }
    }
}

fn bootstrap(take: &mut Taker<'_>) -> Vec<String> {
    let key = "log.kafka.bootstrap";
    let brokers = take.texts(key);
    for broker in &brokers {
        if !is_host_port(broker) {
            take.wrong(
                key,
                format!("{broker:?} is no HOST:PORT, such as \"kafka-1:9092\""),
            );
        }
    }
    brokers
}

fn topic_prefix(take: &mut Taker<'_>) -> String {
    let key = "log.kafka.topic_prefix";
    let prefix = match take.value(key) {
        Some(Value::String(prefix)) => prefix.clone(),
        _ => return take.text(key),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if prefix.len() > PREFIX_MAX || !prefix.chars().all(fits) {
        take.wrong(
            key,
            format!(
                "must be at most {PREFIX_MAX} letters, digits, `.`, `-` and `_`, not {prefix:?}"
            ),
        );
    }
    prefix
}

fn instance(take: &mut Taker<'_>) -> Option<String> {
    let key = "log.kafka.instance";
    let Some(Value::String(name)) = take.value(key) else {
        take.wrong(key, "must be a text; \"\" is the node's id".to_owned());
        return None;
    };
    let name = name.clone();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.len() > 100 || !name.chars().all(fits) {
        take.wrong(
            key,
            format!("must be at most 100 letters, digits, `.`, `-` and `_`, not {name:?}"),
        );
    }
    (!name.is_empty()).then_some(name)
}

fn options(
    take: &mut Taker<'_>,
    secret: &dyn Fn(&str) -> Result<String, String>,
) -> BTreeMap<String, String> {
    let given: Vec<(String, Value)> = take
        .layers
        .values
        .range(OPTIONS.to_owned()..)
        .take_while(|(key, _)| key.starts_with(OPTIONS))
        .map(|(key, (value, _))| (key.clone(), value.clone()))
        .collect();
    let mut options = BTreeMap::new();
    for (key, value) in given {
        let name = &key[OPTIONS.len()..];
        if let Some((_, ours)) = REPLACED.iter().find(|(option, _)| *option == name) {
            take.wrong(&key, format!("is not yours to set: set `{ours}`"));
            continue;
        }
        if OWNED.contains(&name) {
            let why = "is not yours to set: what Spillway promises rests on it; leave it out";
            take.wrong(&key, why.to_owned());
            continue;
        }
        if name.starts_with("test.") {
            take.wrong(&key, "is for tests of the client; leave it out".to_owned());
            continue;
        }
        let text = match &value {
            Value::String(text) => secret(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(flag) => Ok(flag.to_string()),
            other => Err(format!(
                "must be a text, a number, true or false, not {other}"
            )),
        };
        match text {
            Ok(text) => drop(options.insert(name.to_owned(), text)),
            Err(error) => take.wrong(&key, error),
        }
    }
    options
}
