//! Who coordinates: the owner of control's single partition in the role's own group. Standing by, owning,
//! and losing; never what an owner does.

use msglog::{GroupEvent, Log, LogError, Membership};
use record::topics::CONTROL;
use std::time::Duration;

/// The group of the role.
pub const GROUP: &str = "coordinator";

/// This process's seat among the coordinators.
pub(crate) struct Office {
    membership: Option<Box<dyn Membership>>,
    is_assigned: bool,
}

impl Office {
    /// Not a member yet.
    pub(crate) fn new() -> Self {
        Self {
            membership: None,
            is_assigned: false,
        }
    }

    /// Takes in what the group says, waiting at most `wait` for the first word; joins when this process is no
    /// member. Whether this process is the owner now.
    ///
    /// # Errors
    /// The group cannot be followed: this process is no member until the next call joins again.
    pub(crate) fn follow(&mut self, log: &dyn Log, wait: Duration) -> Result<bool, LogError> {
        let followed = self.events(log, wait);
        if followed.is_err() {
            self.leave();
        }
        followed.map(|()| self.is_owner())
    }

    fn events(&mut self, log: &dyn Log, wait: Duration) -> Result<(), LogError> {
        let membership = match &mut self.membership {
            Some(membership) => membership,
            None => self.membership.insert(log.join(GROUP, CONTROL)?),
        };
        let mut wait = wait;
        while let Some(event) = membership.poll(wait)? {
            wait = Duration::ZERO;
            match event {
                GroupEvent::Assigned(partitions) => self.is_assigned |= partitions.contains(&0),
                GroupEvent::Revoked(partitions) => {
                    self.is_assigned &= !partitions.contains(&0);
                    membership.release(&partitions);
                }
            }
        }
        Ok(())
    }

    /// Whether this process may append now; asked before each append.
    pub(crate) fn is_owner(&self) -> bool {
        self.is_assigned
            && self
                .membership
                .as_ref()
                .is_some_and(|membership| membership.owns(0))
    }

    /// Gives up the seat.
    pub(crate) fn leave(&mut self) {
        (self.membership, self.is_assigned) = (None, false);
    }
}
