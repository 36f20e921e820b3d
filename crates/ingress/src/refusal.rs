//! What a failure of the log means for this node: its name in metrics, and whether waiting helps. Pure.

use msglog::LogError;

/// Whether a log that says so takes nothing any more until a restart.
pub(crate) fn is_for_good(error: &LogError) -> bool {
    let of_one_record = matches!(error, LogError::TooLarge { .. });
    !of_one_record && !error.retryable()
}

/// The reason's label.
pub(crate) fn name_of(error: &LogError) -> &'static str {
    match error {
        LogError::NoRoom { .. } => "no_room",
        LogError::Away { .. } => "away",
        LogError::Poisoned { .. } => "poisoned",
        LogError::Closed { .. } => "closed",
        LogError::TooLarge { .. } => "too_large",
        _ => "other",
    }
}
