//! The topics of a log, and how its backend keeps them.

use crate::config::{JournalSettings, KafkaSettings, LogConfig};
use msglog::journal::JournalConfig;
use msglog::kafka::KafkaConfig;
use msglog::{Tier, TopicConfig};
use record::topics;
use std::time::Duration;

/// How long `progress` is kept.
const PROGRESS_KEPT: Duration = Duration::from_secs(3_600);

/// Every topic of the log.
pub(super) fn topics(log: &LogConfig) -> Vec<TopicConfig> {
    topics::ALL.iter().map(|name| topic(name, log)).collect()
}

/// The journal's configuration.
pub(super) fn journal(log: &LogConfig, settings: &JournalSettings) -> JournalConfig {
    let mut journal = JournalConfig::new(topics(log));
    journal.segment_bytes = settings.segment_bytes;
    journal.max_bytes = (settings.max_bytes > 0).then_some(settings.max_bytes);
    journal.accept_corruption = log.accept_corruption;
    journal
}

/// The brokers' configuration, for a process of this name; "" is a passer-by.
pub(super) fn kafka(log: &LogConfig, settings: &KafkaSettings, instance: &str) -> KafkaConfig {
    let mut kafka = KafkaConfig::new(settings.bootstrap.clone(), topics(log));
    kafka.topic_prefix = settings.topic_prefix.clone();
    kafka.replication = settings.replication;
    kafka.min_insync_replicas = settings.min_insync_replicas;
    kafka.single_broker = settings.single_broker;
    kafka.linger = settings.linger;
    kafka.compress = settings.compress;
    kafka.queue_bytes = settings.queue_bytes;
    kafka.instance = instance.to_owned();
    kafka.extra = settings.options.clone();
    kafka
}

fn topic(name: &str, log: &LogConfig) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions: topics::partitions(name, log.partitions),
        retention: match name {
            topics::INBOUND => Some(Duration::from_secs(log.inbound_retention_s)),
            topics::PROGRESS => Some(PROGRESS_KEPT),
            _ => None,
        },
        tier: match name {
            topics::INBOUND => Tier::Ingress,
            topics::CONTROL | topics::PROGRESS => Tier::Control,
            _ => Tier::Consumer,
        },
    }
}
