//! What fans have claimed, as `results` tells it: by campaign and fan, in the order of the log, and how far all
//! of it is known. Never whether a claim holds: that is control's, and when it is due: [`crate::prizes`].

use record::claim::{Claim, Passed};
use record::hexed::Hex;
use record::identity::MessageKey;
use std::collections::BTreeMap;

/// One claim, without what the fan wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Partition of `accepted` in which the message stands.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// Key of the message.
    pub key: MessageKey,
    /// Its CreateTime, in seconds since 1970.
    pub create_time: i64,
    /// The newest tick before it in its partition; 0 before the first.
    pub tick: i64,
}

/// The claims of all campaigns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    by_fan: BTreeMap<String, BTreeMap<Hex<16>, Vec<Sent>>>,
    /// The newest tick that each partition has passed.
    passed: Vec<Option<i64>>,
    revision: u64,
}

impl Claims {
    /// No claims of a log with so many partitions.
    #[must_use]
    pub fn new(partitions: u32) -> Self {
        Self {
            passed: (0..partitions).map(|_| None).collect(),
            ..Self::default()
        }
    }

    /// Takes the next claim of a partition, whose message stands at this offset of `accepted`.
    pub fn take(&mut self, partition: u32, offset: u64, claim: Claim) {
        let of_campaign = self.by_fan.entry(claim.campaign).or_default();
        of_campaign.entry(claim.code).or_default().push(Sent {
            partition,
            offset,
            key: claim.key,
            create_time: claim.create_time,
            tick: claim.tick,
        });
        self.revision = self.revision.saturating_add(1);
    }

    /// Takes the next tick that a partition has passed.
    pub fn pass(&mut self, partition: u32, passed: &Passed) {
        let place = usize::try_from(partition).ok();
        if let Some(place) = place.and_then(|place| self.passed.get_mut(place)) {
            *place = Some(passed.tick);
            self.revision = self.revision.saturating_add(1);
        }
    }

    /// What a fan has claimed in a campaign, in the order of the log.
    #[must_use]
    pub fn of(&self, campaign: &str, code: Hex<16>) -> &[Sent] {
        let of_campaign = self.by_fan.get(campaign);
        let sent = of_campaign.and_then(|fans| fans.get(&code));
        sent.map_or(&[], Vec::as_slice)
    }

    /// How many claims of a campaign there are.
    #[must_use]
    pub fn count(&self, campaign: &str) -> usize {
        let of_campaign = self.by_fan.get(campaign);
        of_campaign.map_or(0, |fans| fans.values().map(Vec::len).sum())
    }

    /// Every claim that stands before this tick in its partition is here; `None` while a partition has told of none.
    #[must_use]
    pub fn through(&self) -> Option<i64> {
        let all: Option<Vec<i64>> = self.passed.iter().copied().collect();
        all?.into_iter().min()
    }

    /// Another number whenever something was taken.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }
}
