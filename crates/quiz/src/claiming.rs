//! Claims of prizes: which messages are told to the coordinator, for which campaigns, and how many of one fan.
//! Never whether he has won anything, and never what he wrote.

use crate::book::Book;
use crate::failure::Failure;
use crate::running::Running;
use crate::shelf::{self, Shelf};
use contest::Message;
use record::claim::{CLAIM, CLAIMS_MAX, Claim, Passed};
use record::envelope::Envelope;
use record::hexed::Hex;
use serde::Serialize;

/// That so much of the contest's time has passed is told once in so many seconds.
const PASSED_EVERY_S: i64 = 3_600;

/// What is told of claims, in the order of the partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// A fan claims.
    Claim(Claim),
    /// No earlier claim is still to come.
    Passed(Passed),
}

impl Told {
    /// The campaign that it is about; none of time that has passed.
    #[must_use]
    pub fn campaign(&self) -> &str {
        match self {
            Self::Claim(claim) => &claim.campaign,
            Self::Passed(_) => "",
        }
    }
}

impl Book {
    /// Takes a message that claims: for every campaign of the account that gives prizes and had begun, for a fan may have
    /// won in any of them. Called when nothing can refuse the message any more.
    pub(crate) fn claim<S: Shelf>(
        &mut self,
        envelope: &Envelope<'_>,
        shelf: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        let Some(key) = envelope.key else {
            return Ok(());
        };
        let (fan, create_time) = (envelope.from.as_ref(), envelope.create_time);
        let gives = |running: &&Running| {
            let campaign = &running.compiled.campaign;
            campaign.account == envelope.account
                && !campaign.prizes.is_empty()
                && campaign.start <= create_time
        };
        for running in self.campaigns.iter().filter(gives) {
            let place = shelf::claims_key(running.tag, fan);
            let known = shelf.get(&place).map_err(Failure::Shelf)?;
            let known = match known.as_deref() {
                None => 0,
                Some([count]) => *count,
                Some(_) => return Err(Failure::Damaged("the number of a fan's claims")),
            };
            if known >= CLAIMS_MAX {
                self.counts.claims_ignored = self.counts.claims_ignored.saturating_add(1);
                continue;
            }
            shelf.put(place, vec![known.saturating_add(1)]);
            self.counts.claims = self.counts.claims.saturating_add(1);
            self.told.push(Told::Claim(Claim {
                r#type: CLAIM.to_owned(),
                v: record::SCHEMA_VERSION,
                campaign: running.id.clone(),
                code: Hex(running.compiled.code(fan).0),
                key,
                create_time,
                tick: self.tick.unwrap_or(0),
            }));
        }
        Ok(())
    }

    /// Whether a message that no campaign is near to claims, by the words of the campaign that ended last.
    pub(crate) fn claims_afterwards(&self, account: &str, message: &Message<'_>) -> bool {
        let ended = self.campaigns.iter().filter(|running| {
            let campaign = &running.compiled.campaign;
            campaign.account == account && campaign.end <= message.create_time
        });
        let last = ended.max_by_key(|running| running.compiled.campaign.end);
        last.is_some_and(|running| running.compiled.is_claim(message))
    }

    /// Takes a tick that is newer than `before`.
    pub(crate) fn pass_hour(&mut self, before: Option<i64>, t: i64) {
        let hour = |t: i64| t.div_euclid(PASSED_EVERY_S);
        let is_new = before.is_none_or(|before| hour(before) != hour(t));
        let gives = |running: &Running| !running.compiled.campaign.prizes.is_empty();
        if is_new && self.campaigns.iter().any(gives) {
            self.told.push(Told::Passed(Passed::new(t)));
        }
    }

    /// What was told of claims since the last call.
    pub fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }
}
