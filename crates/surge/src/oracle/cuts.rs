//! Which messages stand in a round: before a run all of them, after it those before its seal's cut.

use campaign::Campaign;
use std::collections::BTreeMap;

/// Where a message stands in `inbound`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The partition.
    pub partition: u32,
    /// The offset in it.
    pub offset: u64,
}

/// The cuts of the rounds that were sealed: first offset of each partition that is not in the round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cuts {
    /// By round and partition.
    pub rounds: BTreeMap<u16, BTreeMap<u32, u64>>,
}

impl Cuts {
    /// Whether a message at this place stands before a round's cut. A round without a cut, and a partition that
    /// its cuts do not name, have everything.
    #[must_use]
    pub fn holds(&self, round: u16, place: Place) -> bool {
        let cut = self
            .rounds
            .get(&round)
            .and_then(|cuts| cuts.get(&place.partition));
        cut.is_none_or(|cut| place.offset < *cut)
    }

    /// Whether a message of a fan is known when a round is judged: by its place where there is a cut, else by its
    /// CreateTime, up to the time at which the seal is due.
    pub(super) fn knows(
        &self,
        campaign: &Campaign,
        round: &campaign::Round,
        place: Place,
        create_time: i64,
    ) -> bool {
        match self.rounds.get(&round.number) {
            Some(_) => self.holds(round.number, place),
            None => create_time <= round.close.saturating_add(campaign.seal.grace_s),
        }
    }
}
