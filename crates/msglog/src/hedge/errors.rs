//! What errors of the two sides mean for a record, and how they are told together.

use crate::contract::{LogError, Refusal};

/// Whether a log that says so will never take the record.
pub(super) fn is_for_good(error: &LogError) -> bool {
    matches!(
        error,
        LogError::TooLarge { .. } | LogError::NoSuchPartition { .. }
    )
}

/// A refusal as an error.
pub(super) fn as_error(reason: &Refusal) -> LogError {
    match reason {
        Refusal::Log(error) => error.clone(),
        Refusal::QueueFull => LogError::Away {
            detail: reason.to_string(),
        },
    }
}

/// Both sides have failed.
pub(super) fn both(log: &str, spool: &str) -> LogError {
    LogError::Away {
        detail: format!("{log}; and the spool does not help: {spool}"),
    }
}
