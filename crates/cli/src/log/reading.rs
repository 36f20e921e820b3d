//! The log opened by a command: to read it, or to bring records into it. Accounts and their secrets are not needed
//! for that, so that an auditor can do without them.

use super::held::{self, Held};
use super::{facts, layout};
use crate::args::HistoryArgs;
use crate::config::{Backend, Layers, LogConfig};
use crate::failure::Failure;
use crate::node::log_dir;
use crate::settings;
use msglog::Log;
use msglog::journal::Journal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a command waits for brokers that are away.
const PATIENCE: Duration = Duration::from_secs(10);

/// A log to read.
pub(crate) struct Reading {
    pub(crate) log: Arc<dyn Log>,
    /// The directory of its files; `None` when they stand at brokers.
    pub(crate) files: Option<PathBuf>,
}

/// The log's part of a configuration, and the directory of the node.
pub(super) struct Named {
    pub(super) log: LogConfig,
    pub(super) data: PathBuf,
}

impl Named {
    /// From the file, the environment, and `--data`, which beats both.
    ///
    /// # Errors
    /// The configuration is wrong.
    pub(super) fn find(config: Option<&Path>, data: Option<&Path>) -> Result<Self, Failure> {
        let layers = settings::layers(config);
        let named = LogConfig::from_layers(&layers, &settings::secret);
        let log = named.map_err(|mistakes| settings::wrong(&mistakes))?;
        let data = data.map_or_else(|| directory(&layers), Path::to_path_buf);
        Ok(Self { log, data })
    }
}

fn directory(layers: &Layers) -> PathBuf {
    let named = layers.values.get("data");
    PathBuf::from(
        named
            .and_then(|(value, _)| value.as_str())
            .unwrap_or_default(),
    )
}

impl Reading {
    /// Opens the log beside whoever writes it. `--data` alone names a journal; a configuration may name brokers.
    ///
    /// # Errors
    /// There is no log, or it cannot be reached.
    pub(crate) fn open(args: &HistoryArgs) -> Result<Self, Failure> {
        if let (Some(data), None) = (&args.data, &args.config) {
            return journal(data);
        }
        let named = Named::find(args.config.as_deref(), args.data.as_deref())?;
        let Backend::Kafka(settings) = &named.log.backend else {
            return journal(&named.data);
        };
        let layout = layout::kafka(&named.log, settings, "");
        Ok(Self {
            log: held::patiently(&layout, PATIENCE)?,
            files: None,
        })
    }
}

fn journal(data: &Path) -> Result<Reading, Failure> {
    let files = log_dir(data);
    let log = Journal::open_read_only(&files).map_err(|error| {
        let data_name = data.display();
        if data.join(facts::FILE).exists() {
            Failure::wrong(format!(
                "the node in {data_name} keeps its log on Kafka; name its configuration with --config FILE"
            ))
        } else {
            Failure::away(format!(
                "no log can be read in {data_name}: {error}; --data names the directory of a node, --config FILE \
                 the configuration of one on Kafka"
            ))
        }
    })?;
    Ok(Reading {
        log,
        files: Some(files),
    })
}

/// A log that a command appends to.
pub(crate) struct Writing {
    pub(crate) log: Arc<dyn Log>,
    held: Held,
}

impl Writing {
    /// Opens the log that the configuration names. A journal belongs to one process at a time.
    ///
    /// # Errors
    /// The log is not what the configuration says, cannot be reached, or is owned by a node.
    pub(crate) fn open(config: Option<&Path>, data: Option<&Path>) -> Result<Self, Failure> {
        let named = Named::find(config, data)?;
        let held = match &named.log.backend {
            Backend::Journal(settings) => {
                let layout = layout::journal(&named.log, settings);
                Held::journal(Journal::open(&log_dir(&named.data), layout)?)
            }
            Backend::Kafka(settings) => {
                let layout = layout::kafka(&named.log, settings, "");
                Held::kafka(held::patiently(&layout, PATIENCE)?)
            }
        };
        Ok(Self {
            log: held.log(),
            held,
        })
    }

    /// Closes it.
    pub(crate) fn close(self) {
        drop(self.log);
        self.held.close();
    }
}
