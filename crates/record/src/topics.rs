//! The names of the topics, and which of them a stage chains.

/// Every delivery that was acked, with in-band control.
pub const INBOUND: &str = "inbound";
/// Each message once, delivery notes, in-band control; written by dedup.
pub const ACCEPTED: &str = "accepted";
/// Tallies and shares of rounds, and claims; written by quiz.
pub const RESULTS: &str = "results";
/// Campaign versions, operator acts, greetings of nodes. One partition.
pub const CONTROL: &str = "control";
/// PROGRESS of ingress nodes. One partition, kept an hour.
pub const PROGRESS: &str = "progress";
/// What dedup could not pass on.
pub const INBOUND_DEAD: &str = "inbound.dead";
/// What quiz could not judge.
pub const ACCEPTED_DEAD: &str = "accepted.dead";

/// Whether a stage writes this topic, so that its records carry chain positions.
#[must_use]
pub fn is_chained(topic: &str) -> bool {
    matches!(topic, ACCEPTED | RESULTS) || topic.ends_with(".dead")
}

/// How many partitions a topic has when `inbound` has `inbound_partitions`.
#[must_use]
pub fn partitions(topic: &str, inbound_partitions: u32) -> u32 {
    if matches!(topic, CONTROL | PROGRESS) {
        1
    } else {
        inbound_partitions
    }
}

/// Every topic that this version writes.
pub const ALL: [&str; 7] = [
    INBOUND,
    ACCEPTED,
    RESULTS,
    CONTROL,
    PROGRESS,
    INBOUND_DEAD,
    ACCEPTED_DEAD,
];
