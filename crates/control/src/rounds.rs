//! The life of every round as control tells it: acts on its window, the seal, the result (Q-3 … Q-6). Pure, the
//! same for everyone who reads control. Times of states are not here: whether a round is open follows from its
//! window and the newest tick.

use crate::snapshot::Published;
use campaign::{Campaign, Round};
use record::rounds::{
    BeaconAct, ListAct, ResultAct, RoundAct, RoundVerb, SealDecided, SealReq, Window,
};
use std::collections::BTreeMap;

/// A round can be extended until so many seconds before its close.
pub const EXTEND_UNTIL_S: i64 = 15;

/// What has happened to a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// The window that an operator gave it; `None` while the file's counts.
    pub window: Option<Window>,
    /// Whether it counts no more.
    pub is_void: bool,
    /// Whether the operator wants it sealed without the nodes that are silent.
    pub is_forced: bool,
    /// Whether the later rounds do not wait for its result.
    pub is_skipped: bool,
    /// The request to seal it, and its offset in `control`.
    pub request: Option<(u64, SealReq)>,
    /// The decision, and its offset.
    pub decision: Option<(u64, SealDecided)>,
    /// Who takes part in its draw, and the offset of that.
    pub list: Option<(u64, ListAct)>,
    /// What was said of its beacon, and the offset of that.
    pub beacon: Option<(u64, BeaconAct)>,
    /// What it came to, and the offset of that; a correction takes its place.
    pub result: Option<(u64, ResultAct)>,
    /// Offset of its first result: the order of these is the order in which the draws were made.
    pub first_result: Option<u64>,
}

impl Life {
    /// Whether what is said of a draw names the decision that sealed it; the final draw has none of its own.
    fn follows(&self, round: Option<u16>, ctl: u64) -> bool {
        let decided = self.decision.as_ref().map(|(offset, _)| *offset);
        round.is_none() || decided == Some(ctl)
    }
}

/// Rounds by campaign and number; the final draw has none.
#[derive(Debug, Clone, Default)]
pub struct Rounds(BTreeMap<(String, Option<u16>), Life>);

impl Rounds {
    /// What has happened to a round; `None` when nothing has.
    #[must_use]
    pub fn life(&self, campaign: &str, round: Option<u16>) -> Option<&Life> {
        self.0.get(&(campaign.to_owned(), round))
    }

    /// What a round, or the final draw, came to, and the offset of that in `control`.
    #[must_use]
    pub fn result(&self, campaign: &str, round: Option<u16>) -> Option<&(u64, ResultAct)> {
        self.life(campaign, round)?.result.as_ref()
    }

    /// The rounds of a campaign that something has happened to, the final draw first.
    pub fn of<'a>(&'a self, campaign: &'a str) -> impl Iterator<Item = (Option<u16>, &'a Life)> {
        let of_campaign = move |((id, _), _): &(&(String, Option<u16>), &Life)| id == campaign;
        self.0
            .iter()
            .filter(of_campaign)
            .map(|((_, round), life)| (*round, life))
    }

    /// Offsets of the decisions that no result has followed.
    #[must_use]
    pub fn without_result(&self) -> Vec<u64> {
        let waits = |life: &&Life| !life.is_void && life.result.is_none();
        let lives = self.0.values().filter(waits);
        lives
            .filter_map(|life| life.decision.as_ref())
            .map(|(ctl, _)| *ctl)
            .collect()
    }

    /// The lives of all rounds of all campaigns.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Life> {
        self.0.values()
    }

    /// The windows that operators gave to rounds of a campaign, as [`Campaign::with_windows`] takes them.
    #[must_use]
    pub fn windows(&self, campaign: &Campaign) -> Vec<(u16, i64, i64)> {
        self.of(&campaign.id)
            .filter_map(|(_, life)| life.window)
            .filter(|window| campaign.round(window.round).is_some())
            .map(|window| (window.round, window.open, window.close))
            .collect()
    }

    /// The windows with which those rounds of a campaign were sealed that have a result.
    pub(crate) fn concluded_windows(&self, campaign: &Campaign) -> Vec<(u16, i64, i64)> {
        self.of(&campaign.id)
            .filter(|(_, life)| life.result.is_some())
            .filter_map(|(_, life)| life.decision.as_ref())
            .filter(|(_, decided)| campaign.round(decided.round).is_some())
            .map(|(_, decided)| (decided.round, decided.open, decided.close))
            .collect()
    }

    /// An operator's act on the campaign in force. The campaign with the windows that hold from then on, when
    /// they change.
    ///
    /// # Errors
    /// Why the act is void.
    pub fn act(&mut self, campaign: &Campaign, act: &RoundAct) -> Result<Option<Campaign>, String> {
        let round = known(campaign, act.round)?;
        let life = self.life(&act.campaign, Some(act.round));
        let life = life.cloned().unwrap_or_default();
        match act.verb {
            RoundVerb::Void => {
                if life.is_void {
                    return Err(format!("round {} is void already", act.round));
                }
                if life.result.is_some() {
                    return Err(format!(
                        "the result of round {} is published; correct it with `rescore --publish`",
                        act.round
                    ));
                }
                self.at(&act.campaign, Some(act.round)).is_void = true;
                Ok(None)
            }
            RoundVerb::Seal => {
                if life.request.is_none() || life.decision.is_some() || life.is_void {
                    return Err(format!("round {} is not being sealed", act.round));
                }
                self.at(&act.campaign, Some(act.round)).is_forced = true;
                Ok(None)
            }
            RoundVerb::Skip => {
                may_skip(round, &life, act.at)?;
                self.at(&act.campaign, Some(act.round)).is_skipped = true;
                Ok(None)
            }
            RoundVerb::Shift | RoundVerb::Open | RoundVerb::Extend => {
                self.move_windows(campaign, round, act).map(Some)
            }
        }
    }

    fn move_windows(
        &mut self,
        campaign: &Campaign,
        named: &Round,
        act: &RoundAct,
    ) -> Result<Campaign, String> {
        if act.windows.is_empty() {
            return Err("it moves no window".to_owned());
        }
        for window in &act.windows {
            let round = known(campaign, window.round)?;
            let life = self.life(&act.campaign, Some(window.round));
            if life.is_some_and(|life| life.is_void || life.request.is_some()) {
                return Err(format!("round {} is void or being sealed", window.round));
            }
            match act.verb {
                RoundVerb::Extend => may_extend(round, window, act.at)?,
                _ if round.open <= act.at => {
                    return Err(format!("round {} is open or over", window.round));
                }
                _ => {}
            }
        }
        let is_alone = act.windows.len() == 1 && act.windows[0].round == named.number;
        if act.verb != RoundVerb::Shift && !is_alone {
            return Err(format!("it moves other rounds than {}", named.number));
        }
        let windows: Vec<_> = act
            .windows
            .iter()
            .map(|w| (w.round, w.open, w.close))
            .collect();
        let moved = campaign
            .with_windows(&windows)
            .map_err(|error| error.to_string())?;
        for window in &act.windows {
            self.at(&act.campaign, Some(window.round)).window = Some(*window);
        }
        Ok(moved)
    }

    /// A request to seal a round: the first one counts.
    ///
    /// # Errors
    /// Why it is void.
    pub fn request(
        &mut self,
        offset: u64,
        campaign: &Campaign,
        act: &SealReq,
    ) -> Result<(), String> {
        let round = known(campaign, act.round)?;
        let due = round.close.saturating_add(campaign.seal.grace_s);
        if act.at < due {
            return Err(format!("round {} is sealed from {due} on", act.round));
        }
        let life = self.at(&act.campaign, Some(act.round));
        if life.is_void || life.request.is_some() {
            return Err(format!("round {} is void or being sealed", act.round));
        }
        life.request = Some((offset, act.clone()));
        Ok(())
    }

    /// The decision on a request: the first one counts.
    ///
    /// # Errors
    /// Why it is void.
    pub fn decide(
        &mut self,
        offset: u64,
        newest: &Published,
        act: &SealDecided,
    ) -> Result<(), String> {
        let round = known(&newest.compiled.campaign, act.round)?;
        // Quiz judges by what is named here; nobody could judge by a version that never was.
        if (act.version, act.sha256) != (newest.version, newest.sha256) {
            return Err(format!(
                "version {} is in force, not {}",
                newest.version, act.version
            ));
        }
        if (act.open, act.close) != (round.open, round.close) {
            return Err(format!("round {} has another window", act.round));
        }
        let life = self.at(&act.campaign, Some(act.round));
        let requested = life.request.as_ref().map(|(offset, _)| *offset);
        if life.is_void || life.decision.is_some() || requested != Some(act.req) {
            return Err(format!(
                "round {} is void, sealed, or not asked for",
                act.round
            ));
        }
        life.decision = Some((offset, act.clone()));
        Ok(())
    }

    /// The list of a draw: the first one counts.
    ///
    /// # Errors
    /// Why it is void.
    pub fn list(&mut self, offset: u64, act: &ListAct) -> Result<(), String> {
        let life = self.at(&act.campaign, act.round);
        if life.is_void || life.list.is_some() || !life.follows(act.round, act.ctl) {
            return Err("its round is void, listed, or not sealed by that decision".to_owned());
        }
        life.list = Some((offset, act.clone()));
        Ok(())
    }

    /// A result: the first one of a round counts, and then each that names the one before it.
    ///
    /// # Errors
    /// Why it is void.
    pub fn conclude(&mut self, offset: u64, act: &ResultAct) -> Result<(), String> {
        let made = self.made(&act.campaign);
        if act.round.is_some() && act.corrects.is_some() && self.is_drawing_final(&act.campaign) {
            return Err("the final draw is under way, by the results that stand".to_owned());
        }
        let life = self.at(&act.campaign, act.round);
        let before = life.result.as_ref().map(|(offset, _)| *offset);
        if before != act.corrects {
            return Err("another result stands".to_owned());
        }
        if life.is_void || !life.follows(act.round, act.ctl) {
            return Err("its round is void or not sealed by that decision".to_owned());
        }
        if life
            .list
            .as_ref()
            .is_some_and(|(_, listed)| listed.list != act.list)
        {
            return Err("its list is not the one that was published".to_owned());
        }
        if before.is_none() && act.made_after.is_some_and(|known| known != made) {
            return Err(
                "another draw was made meanwhile, whose winners it does not know".to_owned(),
            );
        }
        life.result = Some((offset, act.clone()));
        life.first_result = life.first_result.or(Some(offset));
        Ok(())
    }

    /// Whether the list of the final draw stands, and the draw is not made: who takes part in it is fixed.
    #[must_use]
    pub fn is_drawing_final(&self, campaign: &str) -> bool {
        let life = self.life(campaign, None);
        life.is_some_and(|life| life.list.is_some() && life.result.is_none())
    }

    /// How many draws of a campaign have a result.
    #[must_use]
    pub fn made(&self, campaign: &str) -> u32 {
        let with_result = self.of(campaign).filter(|(_, life)| life.result.is_some());
        u32::try_from(with_result.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn at(&mut self, campaign: &str, round: Option<u16>) -> &mut Life {
        self.0.entry((campaign.to_owned(), round)).or_default()
    }
}

fn known(campaign: &Campaign, round: u16) -> Result<&Round, String> {
    let found = campaign.round(round);
    found.ok_or_else(|| format!("campaign {:?} has no round {round}", campaign.id))
}

fn may_skip(round: &Round, life: &Life, at: i64) -> Result<(), String> {
    let number = round.number;
    if life.is_void || life.result.is_some() || life.is_skipped {
        return Err(format!(
            "round {number} is void, has a result, or is skipped: nothing waits for it"
        ));
    }
    if at < round.close {
        return Err(format!(
            "round {number} is not over before {}: nothing waits for it yet",
            round.close
        ));
    }
    Ok(())
}

fn may_extend(round: &Round, window: &Window, at: i64) -> Result<(), String> {
    let until = round.close.saturating_sub(EXTEND_UNTIL_S);
    if at < round.open || at > until {
        return Err(format!(
            "round {} can be extended while it is open, until {until}",
            round.number
        ));
    }
    if window.open != round.open || window.close <= round.close {
        return Err(format!("round {} can only close later", round.number));
    }
    Ok(())
}
