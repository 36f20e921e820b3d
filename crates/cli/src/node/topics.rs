//! The topics of a node, and how its journal keeps them.

use crate::config::Config;
use msglog::journal::JournalConfig;
use msglog::{Tier, TopicConfig};
use record::topics;
use std::time::Duration;

/// How long `progress` is kept.
const PROGRESS_KEPT: Duration = Duration::from_secs(3_600);

/// The journal's configuration.
pub(crate) fn journal(config: &Config) -> JournalConfig {
    let topics = topics::ALL.iter().map(|name| topic(name, config)).collect();
    let mut journal = JournalConfig::new(topics);
    journal.segment_bytes = config.segment_bytes;
    journal.max_bytes = (config.max_bytes > 0).then_some(config.max_bytes);
    journal.accept_corruption = config.accept_corruption;
    journal
}

fn topic(name: &str, config: &Config) -> TopicConfig {
    TopicConfig {
        name: name.to_owned(),
        partitions: topics::partitions(name, config.partitions),
        retention: match name {
            topics::INBOUND => Some(Duration::from_secs(config.inbound_retention_s)),
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
