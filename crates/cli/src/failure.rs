//! How a command ends when it does not end well: one line, one exit code.

use std::fmt::Display;

/// Exit code 1: done, and the answer is no.
pub(crate) const NO: u8 = 1;
/// Exit code 2: the arguments or the configuration are wrong.
pub(crate) const WRONG: u8 = 2;
/// Exit code 3: something that is needed is away.
pub(crate) const AWAY: u8 = 3;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// What, where, and the way out; empty when everything was said on standard output.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn no(message: impl Display) -> Self {
        Self {
            code: NO,
            message: message.to_string(),
        }
    }

    pub(crate) fn wrong(message: impl Display) -> Self {
        Self {
            code: WRONG,
            message: message.to_string(),
        }
    }

    pub(crate) fn away(message: impl Display) -> Self {
        Self {
            code: AWAY,
            message: message.to_string(),
        }
    }
}

impl From<msglog::LogError> for Failure {
    fn from(error: msglog::LogError) -> Self {
        match error {
            msglog::LogError::Mismatch(_) | msglog::LogError::NoSuchPartition { .. } => {
                Self::wrong(error)
            }
            _ => Self::away(error),
        }
    }
}

/// An input/output error with what was tried.
pub(crate) fn io(what: impl Display) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::away(format!("{what}: {error}"))
}
