//! What can go wrong with the state of a stage. No policy beyond "does a person have to act".

/// Why state could not be opened, read, written or understood. Always ends the stage's session; the
/// runner starts a new one from the stored state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// What stands there must not be used, and only a person can decide; the text names the way out.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("state in {place}: {what} failed: {detail}")]
    Store {
        /// Directory, or `memory`.
        place: String,
        /// What was tried.
        what: &'static str,
        /// The store's own words.
        detail: String,
    },
    /// The disk has less room than state leaves free; nothing more is written until it has.
    #[error(
        "no room for state in {place}: {free} bytes are free on the disk, state leaves {reserve}"
    )]
    NoRoom {
        /// Directory.
        place: String,
        /// Bytes that are free.
        free: u64,
        /// Bytes that stay free.
        reserve: u64,
    },
    /// The files went away under the running store.
    #[error("state in {place} has vanished; it is rebuilt from the log")]
    Vanished {
        /// Directory.
        place: String,
    },
    /// Bytes that a fold or the runner wrote earlier cannot be read back.
    #[error("stored {what} is not readable: {detail}; deleting the state directory rebuilds it")]
    Unreadable {
        /// What kind of entry.
        what: &'static str,
        /// Why.
        detail: String,
    },
    /// An output could not be serialised: a mistake in the fold.
    #[error("an output for {topic} cannot be written as JSON: {detail}")]
    Output {
        /// Topic it was for.
        topic: String,
        /// The serialiser's words.
        detail: String,
    },
}

impl StateError {
    /// A stored entry that its reader does not understand.
    #[must_use]
    pub fn unreadable(what: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            what,
            detail: detail.to_string(),
        }
    }

    /// Whether nothing but a person's act can help.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::Output { .. } | Self::Unreadable { .. }
        )
    }
}
