//! The configuration: default file, file, environment, flags; checked once and never doubted again.
//!
//! The commented file that is shipped is the source of the defaults, so that file and program cannot disagree.
//! Each value remembers where it came from.

mod accounts;
mod kafka;
mod layers;
mod log;
mod model;
mod take;

pub(crate) use accounts::{Account, is_secret};
pub(crate) use kafka::{KafkaSettings, is_secret_option};
pub(crate) use layers::Layers;
use layers::Source;
pub(crate) use log::{Backend, JournalSettings, LogConfig};
pub(crate) use model::{Clock, Config, Role};

/// The commented file with every key and its default.
pub(crate) const DEFAULT_FILE: &str = include_str!("../../config.default.toml");

/// A mistake in the configuration: which key, from where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} ({source_name}): {message}")]
pub(crate) struct Mistake {
    /// Dotted key.
    pub(crate) key: String,
    /// Where the value came from.
    pub(crate) source_name: String,
    /// What is wrong, and the way out.
    pub(crate) message: String,
}

#[cfg(test)]
mod kafka_tests;
#[cfg(test)]
mod tests;
