//! One unit that was given: where it stands, until when it can be claimed, and by which message. Never whether a
//! step of it holds: that is [`crate::ledger`].

use campaign::Campaign;
use record::claim::{CLAIM_GRACE_S, ClaimedBy};
use record::rounds::{AwardAct, UnitState};

/// One unit that was given, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The act that gave it.
    pub given: AwardAct,
    /// Class of the prize then.
    pub class: String,
    /// Where it stands.
    pub state: UnitState,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Since when the winner can know: the private notice, or else the first public text after it was given.
    pub told: Option<i64>,
    /// Whether an operator took the last step.
    pub by_hand: bool,
    /// The fan's own message by which he claimed it.
    pub claim: Option<ClaimedBy>,
}

impl Held {
    /// Whether the fan has the unit; otherwise it is free again.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !matches!(
            self.state,
            UnitState::Declined | UnitState::Expired | UnitState::Revoked
        )
    }

    /// Whether its winner was not told by a private notice, and did nothing yet.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.state == UnitState::Awarded
    }

    /// Whether its winner can know of it: by a private notice or a public text.
    #[must_use]
    pub fn is_told(&self) -> bool {
        !self.is_fresh() || self.told.is_some()
    }

    /// First second in which it cannot be claimed any more, when there is one: the time to claim begins when its winner
    /// can know of it.
    #[must_use]
    pub fn deadline(&self, newest: &Campaign) -> Option<i64> {
        if !matches!(self.state, UnitState::Awarded | UnitState::Notified) {
            return None;
        }
        let prizes = &newest.prizes;
        let prize = prizes.iter().find(|prize| prize.id == self.given.prize)?;
        let seconds = i64::from(prize.claim_hours).saturating_mul(3600);
        Some(self.told?.saturating_add(seconds))
    }

    /// Whether a message of its winner claims it: sent after it was given and before the deadline, and in the log before
    /// its partition was much past that. The CreateTime and the partition's ticks decide, never when it is seen.
    #[must_use]
    pub fn is_claimed_by(&self, claim: &ClaimedBy, newest: &Campaign) -> bool {
        let waits = matches!(self.state, UnitState::Awarded | UnitState::Notified);
        let in_time = self.deadline(newest).is_none_or(|deadline| {
            claim.create_time < deadline && claim.tick < deadline.saturating_add(CLAIM_GRACE_S)
        });
        waits && in_time && self.given.at <= claim.create_time
    }
}
