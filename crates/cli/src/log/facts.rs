//! What was verified last about the topics at the brokers, in `DATA/kafka-facts`: with it a node can start while
//! they are away, and one that finds other topics than it knew refuses. It is written after each verified opening.

use crate::failure::{Failure, io};
use crate::sealed;
use msglog::kafka::TopicFacts;
use std::path::Path;

/// Name of the file.
pub(super) const FILE: &str = "kafka-facts";

/// Keeps what was verified.
///
/// # Errors
/// The disk refuses.
pub(super) fn keep(data: &Path, facts: &TopicFacts) -> Result<(), Failure> {
    let path = data.join(FILE);
    sealed::write(&path, &facts.to_text()).map_err(io(format!("write {}", path.display())))
}

/// What was verified by an earlier life; `None` when there was none, or its file is damaged, which is logged.
pub(super) fn known(data: &Path) -> Option<TopicFacts> {
    let text = sealed::read(&data.join(FILE));
    let facts = text.and_then(|text| {
        let parsed = text.map(|text| TopicFacts::parse(&text)).transpose();
        parsed.map_err(|error| format!("{FILE} cannot be used: {error}"))
    });
    facts.unwrap_or_else(|error| {
        tracing::warn!(error, "what was known of the topics is lost");
        None
    })
}
