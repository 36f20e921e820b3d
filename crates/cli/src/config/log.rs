//! The keys of `[log]`: which backend holds the log, and what is common to all of them.

use super::kafka::KafkaSettings;
use super::take::Taker;
use super::{Layers, Mistake};

/// Where the log stands and how its topics are laid out.
#[derive(Debug, Clone)]
pub(crate) struct LogConfig {
    pub(crate) partitions: u32,
    pub(crate) inbound_retention_s: u64,
    /// Starts although a segment of the journal, or of a spool, is corrupt.
    pub(crate) accept_corruption: bool,
    pub(crate) backend: Backend,
}

/// Who holds the log.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Journal(JournalSettings),
    Kafka(Box<KafkaSettings>),
}

impl Backend {
    /// Its name in the configuration and in `status`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Journal(_) => "journal",
            Self::Kafka(_) => "kafka",
        }
    }
}

/// The embedded journal.
#[derive(Debug, Clone)]
pub(crate) struct JournalSettings {
    pub(crate) segment_bytes: u64,
    pub(crate) max_bytes: u64,
}

impl LogConfig {
    /// Only the log's keys, for whoever reads or makes a log and needs no account's secrets.
    ///
    /// # Errors
    /// Every mistake in them, and every key that was refused.
    pub(crate) fn from_layers(
        layers: &Layers,
        secret: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut take = Taker::new(layers);
        let config = Self::take(&mut take, secret);
        if take.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(take.mistakes)
        }
    }

    pub(super) fn take(
        take: &mut Taker<'_>,
        secret: &dyn Fn(&str) -> Result<String, String>,
    ) -> Self {
        let partitions = take.number("log.inbound_partitions", 1..=256);
        let inbound_retention_s = take.number("log.inbound_retention_s", 60..=315_360_000);
        let journal = JournalSettings {
            segment_bytes: take.number("log.journal.segment_bytes", 1 << 20..=1 << 30),
            max_bytes: take.number("log.journal.max_bytes", 0..=i64::MAX as u64),
        };
        let accept_corruption = take.flag("log.journal.accept_corruption");
        let backend = take.choice("log.backend", &[("journal", false), ("kafka", true)]);
        Self {
            partitions: u32::try_from(partitions).unwrap_or(1),
            inbound_retention_s,
            accept_corruption,
            backend: if backend {
                Backend::Kafka(Box::new(KafkaSettings::take(take, secret)))
            } else {
                Backend::Journal(journal)
            },
        }
    }
}
