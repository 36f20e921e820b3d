//! Which campaign version speaks for a message: a pure function of account and CreateTime. And what operators have
//! set that acts at once: the step of the ladder, and rules that are killed.

use crate::operated::Killed;
use record::hexed::Hex;
use record::operate::Ladder;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far outside its span a campaign still answers with its fixed slots, in seconds.
const NEIGHBOURHOOD_S: i64 = 86_400;

/// A campaign version that stands in `control`.
#[derive(Debug, Clone)]
pub struct Published {
    /// Id of the campaign.
    pub id: String,
    /// Version, from 1.
    pub version: u32,
    /// Offset of the publication in `control`.
    pub ctl: u64,
    /// First CreateTime that it speaks for, in seconds since 1970.
    pub effective: i64,
    /// SHA-256 of the file.
    pub sha256: Hex<32>,
    /// The file as it was published.
    pub toml: String,
    /// The campaign, ready to judge messages.
    pub compiled: Arc<contest::Compiled>,
}

impl Published {
    fn covers(&self, create_time: i64) -> bool {
        let campaign = &self.compiled.campaign;
        campaign.start <= create_time && create_time < campaign.end
    }

    /// Seconds between `create_time` and the campaign's span; 0 inside.
    fn distance(&self, create_time: i64) -> i64 {
        let campaign = &self.compiled.campaign;
        if create_time < campaign.start {
            campaign.start.saturating_sub(create_time)
        } else {
            create_time.saturating_sub(campaign.end).max(0)
        }
    }
}

/// What is in force, for every account. Never changes; a new one takes its place.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// 1 + the control offset of the last record that changed what is in force; 0 is none.
    pub number: u64,
    /// The step of the degradation ladder (C.23).
    pub ladder: Ladder,
    /// Per account the versions of its campaigns, those of one campaign in ascending order.
    accounts: BTreeMap<String, Vec<Vec<Arc<Published>>>>,
}

impl Snapshot {
    /// A snapshot of these campaigns, each a list of its versions in ascending order.
    #[must_use]
    pub fn new(number: u64, campaigns: impl IntoIterator<Item = Vec<Arc<Published>>>) -> Self {
        let mut accounts: BTreeMap<String, Vec<Vec<Arc<Published>>>> = BTreeMap::new();
        for versions in campaigns {
            if let Some(newest) = versions.last() {
                let account = newest.compiled.campaign.account.clone();
                accounts.entry(account).or_default().push(versions);
            }
        }
        Self {
            number,
            ladder: Ladder::default(),
            accounts,
        }
    }

    /// The same at this step of the ladder and without these rules, in every version of their campaigns: they act at
    /// once, whatever the CreateTime.
    #[must_use]
    pub fn with_acts(mut self, ladder: Ladder, killed: &Killed) -> Self {
        self.ladder = ladder;
        for version in self.accounts.values_mut().flatten().flatten() {
            if let Some(rules) = killed.get(&version.id) {
                *version = Arc::new(Published {
                    compiled: Arc::new(version.compiled.without_rules(rules)),
                    ..Published::clone(version)
                });
            }
        }
        self
    }

    /// The version that answers a message of this account with this CreateTime: of each campaign the newest
    /// version that is effective by then; of the campaigns the one whose span holds it, else the nearest
    /// within a day. A re-delivery gets the same version although a newer one has come meanwhile.
    #[must_use]
    pub fn in_force(&self, account: &str, create_time: i64) -> Option<&Arc<Published>> {
        self.accounts
            .get(account)?
            .iter()
            .filter_map(|versions| versions.iter().rev().find(|v| v.effective <= create_time))
            .map(|version| (version.distance(create_time), version))
            .filter(|(distance, version)| {
                version.covers(create_time) || *distance < NEIGHBOURHOOD_S
            })
            .min_by_key(|(distance, version)| (*distance, version.ctl))
            .map(|(_, version)| version)
    }

    /// The campaign of this account that ended last before this CreateTime, in the version that was effective by then: where
    /// none is near any more, winners claim and fans ask for their codes by its words.
    #[must_use]
    pub fn ended_last(&self, account: &str, create_time: i64) -> Option<&Arc<Published>> {
        let campaigns = self.accounts.get(account)?.iter();
        let effective = campaigns
            .filter_map(|versions| versions.iter().rev().find(|v| v.effective <= create_time));
        let end = |version: &&Arc<Published>| version.compiled.campaign.end;
        let ended = effective.filter(|version| end(version) <= create_time);
        ended.max_by_key(end)
    }

    /// The newest version of each campaign of every account.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.accounts
            .values()
            .flatten()
            .filter_map(|versions| versions.last())
    }
}
