//! Why a benchmark ends without figures, and the exit code of it. Slow is never a failure.

use std::fmt::Display;

/// The answer is no: a message was quarantined.
pub(crate) const NO: u8 = 1;
/// Something that it needs is away or broke: a process, a file, a port.
pub(crate) const AWAY: u8 = 3;

/// An end without figures.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code of the process.
    pub(crate) code: u8,
    /// What failed, where, the way out.
    pub(crate) message: String,
}

impl Failure {
    /// Something broke.
    pub(crate) fn away(message: impl Display) -> Self {
        Self {
            code: AWAY,
            message: message.to_string(),
        }
    }

    /// A figure that would be a lie: messages were not counted.
    pub(crate) fn no(message: impl Display) -> Self {
        Self {
            code: NO,
            message: message.to_string(),
        }
    }
}

/// Says what was tried when a call fails.
pub(crate) fn tried<E: Display>(what: impl Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure::away(format!("cannot {what}: {error}"))
}
