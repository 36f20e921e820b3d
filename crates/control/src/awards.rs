//! What became of prizes, as control tells it: the awards of every campaign (Q-20, Q-31, V-6). Pure, the same for
//! everyone who reads control. Never who wins, and never when a step is due.

use crate::ledger::{Ledger, Terms};
use crate::rounds::Rounds;
use crate::snapshot::Published;
use crate::state::ControlState;
use record::rounds::{Announcement, AwardAct, ResultAct};
use record::stock::ShownAct;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The awards of all campaigns.
#[derive(Debug, Clone, Default)]
pub struct Awards(BTreeMap<String, Ledger>);

type Campaigns = BTreeMap<String, Vec<Arc<Published>>>;

impl Awards {
    /// The awards of a campaign; `None` when none was given nor announced.
    #[must_use]
    pub fn of(&self, campaign: &str) -> Option<&Ledger> {
        self.0.get(campaign)
    }

    pub(crate) fn step(
        &mut self,
        act: &AwardAct,
        rounds: &Rounds,
        campaigns: &Campaigns,
    ) -> Result<(), String> {
        let terms = terms(rounds, campaigns, &act.campaign, act.round)?;
        self.0
            .entry(act.campaign.clone())
            .or_default()
            .step(act, &terms)
    }

    pub(crate) fn show(&mut self, act: &ShownAct, has_secret: bool) -> Result<(), String> {
        let ledger = self.0.get_mut(&act.campaign);
        let ledger = ledger.ok_or("no unit was given of that campaign")?;
        ledger.show(act, has_secret)
    }

    pub(crate) fn announce(
        &mut self,
        offset: u64,
        act: &Announcement,
        rounds: &Rounds,
    ) -> Result<(), String> {
        let (result, _) = standing(rounds, &act.campaign, act.round)?;
        self.0
            .entry(act.campaign.clone())
            .or_default()
            .announce(offset, act, result)
    }
}

fn standing<'r>(
    rounds: &'r Rounds,
    campaign: &str,
    round: Option<u16>,
) -> Result<(u64, &'r ResultAct), String> {
    let life = rounds.life(campaign, round).filter(|life| !life.is_void);
    let result = life.and_then(|life| life.result.as_ref());
    let (offset, act) = result.ok_or_else(|| {
        format!(
            "{} of {campaign:?} has no result",
            contest::draw_name(round)
        )
    })?;
    Ok((*offset, act))
}

fn terms<'a>(
    rounds: &Rounds,
    campaigns: &'a Campaigns,
    campaign: &str,
    round: Option<u16>,
) -> Result<Terms<'a>, String> {
    let (result, act) = standing(rounds, campaign, round)?;
    let versions = campaigns.get(campaign).map_or(&[][..], Vec::as_slice);
    let mut of_result = versions.iter().rev().filter(|v| v.version == act.version);
    let (Some(judged), Some(newest)) = (of_result.next(), versions.last()) else {
        let version = act.version;
        return Err(format!("there is no version {version} of {campaign:?}"));
    };
    Ok(Terms {
        result,
        judged: &judged.compiled.campaign,
        newest: &newest.compiled.campaign,
    })
}

impl ControlState {
    /// What became of prizes.
    #[must_use]
    pub fn awards(&self) -> &Awards {
        &self.awards
    }

    /// What steps of awards after a draw are judged by now.
    ///
    /// # Errors
    /// No result of it stands, or the version that judged it is not known.
    pub fn award_terms(&self, campaign: &str, round: Option<u16>) -> Result<Terms<'_>, String> {
        terms(self.rounds(), &self.campaigns, campaign, round)
    }
}
