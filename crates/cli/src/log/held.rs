//! The log of a running node, whichever backend has it: what its roles append to, what ends the process, what
//! `status` shows of it, and how it is closed.

use super::{facts, layout};
use crate::config::{Backend, Config, KafkaSettings, Role};
use crate::failure::Failure;
use crate::node::log_dir;
use msglog::hedge::{Hedge, HedgeConfig};
use msglog::journal::Journal;
use msglog::kafka::{Kafka, KafkaConfig};
use msglog::{Log, LogError};
use record::topics::INBOUND;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long brokers that are away are waited for by a node that knows nothing of its topics …
const FIRST_PATIENCE: Duration = Duration::from_secs(20);
/// … and by one that has verified them before.
const KNOWN_PATIENCE: Duration = Duration::from_secs(2);
/// Rest between two tries.
const REST: Duration = Duration::from_millis(250);
/// How long the producers may take to end; what ingress had in them stands in the spool by then.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A node's log.
pub(crate) struct Held {
    backend: Which,
    hedge: Option<Arc<Hedge>>,
    /// The brokers were away, so that the node has begun with what it knew.
    began_away: bool,
}

enum Which {
    Journal(Arc<Journal>),
    Kafka(Arc<Kafka>),
}

impl Held {
    /// Opens the log that the configuration names, for the node of this name.
    ///
    /// # Errors
    /// The log is not what the configuration says, or cannot be had.
    pub(crate) fn open(config: &Config, node: &str) -> Result<Self, Failure> {
        match &config.log.backend {
            Backend::Journal(settings) => {
                let layout = layout::journal(&config.log, settings);
                Ok(Self::journal(Journal::open(
                    &log_dir(&config.data),
                    layout,
                )?))
            }
            Backend::Kafka(settings) => {
                let instance = settings.instance.as_deref().unwrap_or(node);
                let layout = layout::kafka(&config.log, settings, instance);
                let (kafka, began_away) = reach(layout, &config.data)?;
                let hedge = config.has(Role::Ingress);
                let hedge = hedge
                    .then(|| hedged(&kafka, config, settings))
                    .transpose()?;
                Ok(Self {
                    hedge,
                    began_away,
                    ..Self::kafka(kafka)
                })
            }
        }
    }

    /// A journal.
    pub(super) fn journal(journal: Arc<Journal>) -> Self {
        Self {
            backend: Which::Journal(journal),
            hedge: None,
            began_away: false,
        }
    }

    /// A log at brokers, without a spool.
    pub(super) fn kafka(kafka: Arc<Kafka>) -> Self {
        Self {
            backend: Which::Kafka(kafka),
            hedge: None,
            began_away: false,
        }
    }

    /// The log itself.
    pub(crate) fn log(&self) -> Arc<dyn Log> {
        match &self.backend {
            Which::Journal(journal) => journal.clone(),
            Which::Kafka(kafka) => kafka.clone(),
        }
    }

    /// The spool's side, where there is one.
    pub(crate) fn hedge(&self) -> Option<&Arc<Hedge>> {
        self.hedge.as_ref()
    }

    /// Whether the node has begun without its brokers.
    pub(crate) fn began_away(&self) -> bool {
        self.began_away
    }

    /// Whether the brokers cannot be reached now.
    pub(crate) fn is_away(&self) -> bool {
        match &self.backend {
            Which::Journal(_) => false,
            Which::Kafka(kafka) => kafka.is_away(),
        }
    }

    /// Whether a failed append may succeed by itself: brokers come back, a disk does not.
    pub(crate) fn comes_back(&self) -> bool {
        matches!(self.backend, Which::Kafka(_))
    }

    /// Why the process must end, and the way out.
    pub(crate) fn refusal(&self) -> Option<String> {
        match &self.backend {
            Which::Journal(journal) => journal.refusal(INBOUND).map(|refusal| {
                format!("{refusal}; start again: what is durable is kept, see docs/journal.md")
            }),
            Which::Kafka(kafka) => kafka.refusal(),
        }
    }

    /// Records that stand only in this node's spool.
    pub(crate) fn backlog(&self) -> u64 {
        self.hedge
            .as_ref()
            .map_or(0, |hedge| hedge.backlog().records)
    }

    /// The spool as `status` shows it; null without one.
    pub(crate) fn spool(&self) -> Value {
        let Some(hedge) = &self.hedge else {
            return Value::Null;
        };
        let backlog = hedge.backlog();
        let unusable = hedge.spool_is_usable().err().map(|error| error.to_string());
        json!({
            "records": backlog.records, "bytes": backlog.bytes, "oldest_ms": backlog.oldest_ms,
            "file_bytes": hedge.spool_bytes(), "unusable": unusable,
            "log_trouble": hedge.log_trouble(),
        })
    }

    /// Closes the log itself.
    pub(crate) fn close(&self) {
        match &self.backend {
            Which::Journal(journal) => journal.close(),
            Which::Kafka(kafka) => {
                let unacked = kafka.close(CLOSE_LIMIT);
                if unacked > 0 {
                    tracing::warn!(unacked, "the brokers did not confirm the last records");
                }
            }
        }
    }
}

/// The log at the brokers, verified; or, while they are away, as it was verified last. Whether the latter.
fn reach(layout: KafkaConfig, data: &Path) -> Result<(Arc<Kafka>, bool), Failure> {
    let known = facts::known(data);
    let patience = if known.is_some() {
        KNOWN_PATIENCE
    } else {
        FIRST_PATIENCE
    };
    match patiently(&layout, patience) {
        Ok(kafka) => {
            let now = kafka.facts();
            // What this node has built up came from the topics that it knew.
            if let Some(reason) = known.and_then(|known| known.difference(&now)) {
                return Err(LogError::Mismatch(format!(
                    "{reason}; if that was meant, start with a new data directory instead of {}",
                    data.display()
                ))
                .into());
            }
            facts::keep(data, &now)?;
            Ok((kafka, false))
        }
        Err(error) if error.retryable() => {
            let Some(known) = known else {
                return Err(Failure::away(format!(
                    "the brokers at {} cannot be reached, and {} has no {} of an earlier start: {error}",
                    layout.bootstrap.join(", "),
                    data.display(),
                    facts::FILE
                )));
            };
            tracing::warn!(%error, "the brokers are away; beginning with what was verified last");
            Ok((Kafka::open_known(layout, known)?, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens the log at the brokers, trying again for so long while they are away.
pub(super) fn patiently(layout: &KafkaConfig, patience: Duration) -> Result<Arc<Kafka>, LogError> {
    let deadline = Instant::now() + patience;
    loop {
        match Kafka::open(layout.clone()) {
            Err(error) if error.retryable() && Instant::now() < deadline => {
                tracing::warn!(%error, "the brokers cannot be reached; trying again");
                std::thread::park_timeout(REST);
            }
            opened => return opened,
        }
    }
}

/// The spool of ingress, beside the log.
fn hedged(
    kafka: &Arc<Kafka>,
    config: &Config,
    settings: &KafkaSettings,
) -> Result<Arc<Hedge>, Failure> {
    let mut hedge = HedgeConfig::new(INBOUND);
    hedge.after = settings.hedge;
    let mut layout = hedge.spool(config.log.partitions, settings.spool_max_bytes);
    layout.accept_corruption = config.log.accept_corruption;
    let spool = Journal::open(&super::spool_dir(&config.data), layout)?;
    let log: Arc<dyn Log> = kafka.clone();
    Ok(Hedge::open(log, spool, hedge)?)
}
