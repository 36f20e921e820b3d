//! The contract of consumer groups: who owns which partition of a topic, and how one is handed over.

use crate::contract::LogError;
use std::time::Duration;

/// What a member of a consumer group learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEvent {
    /// These partitions are now this member's.
    Assigned(Vec<u32>),
    /// These are to be given up: finish, commit, then call [`Membership::release`]. They go to nobody
    /// else before that.
    Revoked(Vec<u32>),
}

/// Membership in a consumer group of one topic; dropping it leaves the group and gives everything up.
pub trait Membership: Send {
    /// The next change, waiting at most `wait`.
    ///
    /// # Errors
    /// Failures of the group's coordinator.
    fn poll(&mut self, wait: Duration) -> Result<Option<GroupEvent>, LogError>;
    /// Gives up partitions that were revoked.
    fn release(&mut self, partitions: &[u32]);
    /// Whether a partition is this member's now; asked before each effect that cannot be taken back.
    fn owns(&self, partition: u32) -> bool;
}
