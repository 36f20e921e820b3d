//! The fold of the control topic: pure, the same for everyone who reads it.
//!
//! A record whose precondition fails at its place is void; it changes nothing and is not copied.

use crate::awards::Awards;
use crate::corrected::Files;
use crate::nodes::Node;
use crate::operated::Operated;
use crate::rounds::{Life, Rounds};
use crate::snapshot::{Published, Snapshot};
use crate::stock::Stock;
use crate::windows;
use record::acts::{Act, CORRECTS_WINDOWS, CampaignAct, KEEPS_WINDOWS, Leads};
use record::hexed::Hex;
use record::rounds::{CommitmentAct, RoundAct, SealReq};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What became of a control record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It holds.
    Valid,
    /// Its precondition failed; the reason is for people.
    Void(String),
}

/// A valid record that every inbound partition must see.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingCopy {
    /// Its offset in `control`.
    pub ctl: u64,
    /// Offset of the copied record before it.
    pub prev_ctl: Option<u64>,
    /// The record.
    pub act: Act,
}

/// Everything that `control` says, up to some offset.
#[derive(Debug, Default)]
pub struct ControlState {
    next_offset: u64,
    pub(crate) campaigns: BTreeMap<String, Vec<Arc<Published>>>,
    pub(crate) awards: Awards,
    pub(crate) rounds: Rounds,
    pub(crate) files: Files,
    pub(crate) stock: Stock,
    pub(crate) operated: Operated,
    commitments: BTreeMap<String, CommitmentAct>,
    pub(crate) nodes: BTreeMap<Hex<8>, Node>,
    pub(crate) leader: Option<Leads>,
    last_copied: Option<u64>,
    pending: VecDeque<PendingCopy>,
    snapshot_number: u64,
    void: u64,
}

impl ControlState {
    /// Applies the record at `offset`.
    pub fn apply(&mut self, offset: u64, act: &Act) -> Applied {
        self.next_offset = offset.saturating_add(1);
        let applied = match act {
            Act::Campaign(publication) => self.publish(offset, publication),
            Act::Copied { through, .. } => {
                self.pending.retain(|copy| copy.ctl > *through);
                Applied::Valid
            }
            Act::Hello(hello) => {
                self.greet(hello);
                Applied::Valid
            }
            Act::Leads(leads) => {
                self.leader = Some(*leads);
                Applied::Valid
            }
            Act::Bye { node, .. } => self.leave(*node, false),
            Act::Retired { node, .. } => self.leave(*node, true),
            Act::Progress(_) | Act::SealAck(_) => {
                Applied::Void("progress does not belong in control".to_owned())
            }
            Act::Round(act) => holds(self.act_on_rounds(offset, act)),
            Act::Commitment(act) => holds(self.commit(act)),
            Act::SealReq(act) => holds(self.with_newest(&act.campaign, |rounds, newest| {
                rounds.request(offset, &newest.compiled.campaign, act)
            })),
            Act::SealDecided(act) => holds(self.with_newest(&act.campaign, |rounds, newest| {
                rounds.decide(offset, newest, act)
            })),
            Act::List(act) => {
                holds(self.with_newest(&act.campaign, |rounds, _| rounds.list(offset, act)))
            }
            Act::Beacon(act) => {
                holds(self.with_newest(&act.campaign, |rounds, _| rounds.say_beacon(offset, act)))
            }
            Act::Standings(act) => holds(self.take_standings(offset, act)),
            Act::Result(act) => holds(self.conclude(offset, act)),
            Act::Award(act) => holds(self.awards.step(act, &self.rounds, &self.campaigns)),
            Act::Stock(act) => holds(self.take_stock(act)),
            Act::Shown(act) => holds(self.take_shown(act)),
            Act::Guard(act) => holds(self.take_guard(act)),
            Act::Ladder(act) => holds(self.take_ladder(offset, act)),
            Act::Rule(act) => holds(self.take_rule(offset, act)),
            Act::Continued(_) => Applied::Valid,
            Act::Announcement(act) => holds(self.awards.announce(offset, act, &self.rounds)),
        };
        if applied == Applied::Valid && act.is_copied() {
            self.pending.push_back(PendingCopy {
                ctl: offset,
                prev_ctl: self.last_copied,
                act: act.clone(),
            });
            self.last_copied = Some(offset);
        }
        if applied != Applied::Valid {
            self.void += 1;
        }
        applied
    }

    /// Passes over a record that could not be read: void for everyone.
    pub fn skip(&mut self, offset: u64) {
        self.next_offset = offset.saturating_add(1);
        self.void += 1;
    }

    /// Nothing that was not applied stands before this offset: what an operator gave up with a damaged tail is no
    /// record for anyone. Whether the state trailed it.
    pub fn pass(&mut self, offset: u64) -> bool {
        let trailed = self.next_offset < offset;
        self.next_offset = self.next_offset.max(offset);
        trailed
    }

    fn publish(&mut self, offset: u64, act: &CampaignAct) -> Applied {
        match self.judge(offset, act) {
            Ok(published) => {
                self.campaigns
                    .entry(act.id.clone())
                    .or_default()
                    .push(Arc::new(published));
                self.speaks_from(offset);
                Applied::Valid
            }
            Err(reason) => Applied::Void(reason),
        }
    }

    /// The record at this offset has changed what is in force.
    pub(crate) fn speaks_from(&mut self, offset: u64) {
        self.snapshot_number = offset.saturating_add(1);
    }

    /// An operator's act on rounds: the campaign in force with other windows speaks from `effective` on.
    fn act_on_rounds(&mut self, offset: u64, act: &RoundAct) -> Result<(), String> {
        let (rounds, moved) = self.judge_rounds(offset, act)?;
        self.rounds = rounds;
        if let Some(moved) = moved {
            let versions = self.campaigns.entry(act.campaign.clone()).or_default();
            versions.push(Arc::new(moved));
            self.speaks_from(offset);
        }
        Ok(())
    }

    fn judge_rounds(
        &self,
        offset: u64,
        act: &RoundAct,
    ) -> Result<(Rounds, Option<Published>), String> {
        let newest = self.newest_of(&act.campaign)?;
        let mut rounds = self.rounds.clone();
        let Some(campaign) = rounds.act(&newest.compiled.campaign, act)? else {
            return Ok((rounds, None));
        };
        let (compiled, _) =
            contest::Compiled::new(campaign).map_err(|problems| first_problem(&problems))?;
        let moved = Published {
            ctl: offset,
            effective: act.effective,
            compiled: Arc::new(compiled),
            ..Published::clone(newest)
        };
        Ok((rounds, Some(moved)))
    }

    /// Whether this act would hold now.
    ///
    /// # Errors
    /// What [`Applied::Void`] would say.
    pub fn would_act(&self, act: &RoundAct) -> Result<(), String> {
        self.judge_rounds(self.next_offset, act).map(|_| ())
    }

    fn commit(&mut self, act: &CommitmentAct) -> Result<(), String> {
        self.newest_of(&act.campaign)?;
        if self.commitments.contains_key(&act.campaign) {
            return Err(format!("campaign {:?} has a commitment", act.campaign));
        }
        self.commitments.insert(act.campaign.clone(), act.clone());
        Ok(())
    }

    fn with_newest(
        &mut self,
        id: &str,
        apply: impl FnOnce(&mut Rounds, &Published) -> Result<(), String>,
    ) -> Result<(), String> {
        let newest = Arc::clone(self.newest_of(id)?);
        apply(&mut self.rounds, &newest)
    }

    pub(crate) fn newest_of(&self, id: &str) -> Result<&Arc<Published>, String> {
        let versions = self.campaigns.get(id);
        let newest = versions.and_then(|versions| versions.last());
        newest.ok_or_else(|| format!("there is no campaign {id:?}"))
    }

    /// The life of every round that something has happened to.
    #[must_use]
    pub fn rounds(&self) -> &Rounds {
        &self.rounds
    }

    /// Requests to seal a round that are not decided, in the order of their offsets in `control`.
    #[must_use]
    pub fn open_requests(&self) -> Vec<(u64, &SealReq)> {
        let is_open = |life: &&Life| life.decision.is_none() && !life.is_void;
        let mut open: Vec<_> = self
            .rounds
            .all()
            .filter(is_open)
            .filter_map(|life| life.request.as_ref())
            .map(|(offset, request)| (*offset, request))
            .collect();
        open.sort_unstable_by_key(|(offset, _)| *offset);
        open
    }

    /// The commitment to a campaign's secrets.
    #[must_use]
    pub fn commitment(&self, campaign: &str) -> Option<&CommitmentAct> {
        self.commitments.get(campaign)
    }

    fn judge(&self, offset: u64, act: &CampaignAct) -> Result<Published, String> {
        let current = self.version_of(&act.id);
        if act.expect_version != current || act.version != current.saturating_add(1) {
            return Err(format!(
                "campaign {:?} is at version {current}, not {}",
                act.id, act.expect_version
            ));
        }
        let campaign = campaign::Campaign::parse(&act.toml)
            .map_err(|problems| first_problem(&problems))?
            .0;
        if campaign.id != act.id || campaign.account != act.account {
            return Err(format!(
                "the file is of campaign {:?} of account {:?}, the publication says {:?} of {:?}",
                campaign.id, campaign.account, act.id, act.account
            ));
        }
        if let Some(other) = self.overlapping(&campaign) {
            return Err(format!(
                "its span overlaps that of campaign {other:?} of the same account"
            ));
        }
        // What operators did to its rounds stays.
        let mut windows = self.rounds.windows(&campaign);
        if act.v >= CORRECTS_WINDOWS {
            self.may_correct(&campaign)?;
            // Only corrections look at the file's window of a round that has a result.
            windows.extend(self.rounds.concluded_windows(&campaign));
        }
        let campaign = campaign
            .with_windows(&windows)
            .map_err(|error| format!("with the rounds as operators have moved them, {error}"))?;
        // Older publications were judged without that, and stay what they were.
        let is_held = act.v >= KEEPS_WINDOWS;
        if let (Ok(newest), true) = (self.newest_of(&act.id), is_held) {
            let current = &newest.compiled.campaign;
            windows::may_follow(&self.rounds, (current, &campaign), act.effective)?;
            self.keeps_codes(current, &campaign)?;
        }
        let (compiled, _) =
            contest::Compiled::new(campaign).map_err(|problems| first_problem(&problems))?;
        Ok(Published {
            id: act.id.clone(),
            version: act.version,
            ctl: offset,
            effective: act.effective,
            sha256: act.sha256,
            toml: act.toml.clone(),
            compiled: Arc::new(compiled),
        })
    }

    /// Who has won a round is known to the later ones by his code alone.
    fn keeps_codes(
        &self,
        current: &campaign::Campaign,
        next: &campaign::Campaign,
    ) -> Result<(), String> {
        let mut lives = self.rounds.of(&current.id);
        if current.draw.salt != next.draw.salt && lives.any(|(_, life)| life.decision.is_some()) {
            return Err(
                "a round is sealed: with another `draw.salt` every entrant code would change; put it back".to_owned(),
            );
        }
        Ok(())
    }

    fn overlapping(&self, campaign: &campaign::Campaign) -> Option<&str> {
        self.newest()
            .map(|published| &published.compiled.campaign)
            .find(|other| {
                other.id != campaign.id
                    && other.account == campaign.account
                    && other.start < campaign.end
                    && campaign.start < other.end
            })
            .map(|other| other.id.as_str())
    }

    /// Offset of the next record to apply.
    #[must_use]
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Newest version of a campaign; 0 when it was never published.
    #[must_use]
    pub fn version_of(&self, id: &str) -> u32 {
        self.campaigns
            .get(id)
            .and_then(|versions| versions.last())
            .map_or(0, |v| v.version)
    }

    /// All versions of a campaign, ascending.
    #[must_use]
    pub fn versions(&self, id: &str) -> &[Arc<Published>] {
        self.campaigns.get(id).map_or(&[], Vec::as_slice)
    }

    /// The newest version of every campaign.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.campaigns
            .values()
            .filter_map(|versions| versions.last())
    }

    /// Every version of every campaign, those of one campaign in ascending order.
    pub(crate) fn all_versions(&self) -> impl Iterator<Item = &Arc<Published>> {
        self.campaigns.values().flatten()
    }

    /// Whether this publication would hold now; the reason when not.
    ///
    /// # Errors
    /// What [`Applied::Void`] would say.
    pub fn would_hold(&self, act: &CampaignAct) -> Result<(), String> {
        self.judge(self.next_offset, act).map(|_| ())
    }

    /// The records that are not yet known to stand in every inbound partition, in order.
    #[must_use]
    pub fn pending_copies(&self) -> &VecDeque<PendingCopy> {
        &self.pending
    }

    /// Records that were void.
    #[must_use]
    pub fn void_records(&self) -> u64 {
        self.void
    }

    /// What is in force now, for ingress.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.snapshot_number, self.campaigns.values().cloned())
            .with_acts(self.operated.ladder, &self.operated.killed)
    }

    /// Number of the snapshot that [`Self::snapshot`] gives.
    #[must_use]
    pub fn snapshot_number(&self) -> u64 {
        self.snapshot_number
    }
}

fn holds(judged: Result<(), String>) -> Applied {
    judged.map_or_else(Applied::Void, |()| Applied::Valid)
}

pub(crate) fn first_problem(problems: &[campaign::Problem]) -> String {
    problems.first().map_or_else(
        || "the campaign file is not valid".to_owned(),
        |problem| format!("the campaign file is not valid: {problem}"),
    )
}
