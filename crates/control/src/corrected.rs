//! The standings behind corrected results, as control holds them: which parts stand where. Their text stays
//! in the log: whoever needs it reads it there. Pure, the same for everyone who reads control.

use crate::state::ControlState;
use record::hexed::Hex;
use record::rounds::{ResultAct, SHARE_MAX_BYTES, STANDINGS_CHUNKS_MAX, StandingsAct};
use std::collections::BTreeMap;

/// The parts of one standings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    of: u32,
    /// Offset in `control` by number.
    at: BTreeMap<u32, u64>,
}

/// Standings files by campaign and digest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files(BTreeMap<(String, Hex<32>), Parts>);

impl Parts {
    /// How many parts the file has.
    #[must_use]
    pub fn of(&self) -> u32 {
        self.of
    }

    /// Where a part stands in `control`; `None` while it does not.
    #[must_use]
    pub fn at(&self, chunk: u32) -> Option<u64> {
        self.at.get(&chunk).copied()
    }

    /// Where each part stands, in the order of the file; `None` while one is missing.
    #[must_use]
    pub fn whole(&self) -> Option<Vec<u64>> {
        let is_whole = u32::try_from(self.at.len()).ok() == Some(self.of);
        is_whole.then(|| self.at.values().copied().collect())
    }
}

impl Files {
    fn judge(&self, act: &StandingsAct) -> Result<(), String> {
        if act.of == 0 || act.of > STANDINGS_CHUNKS_MAX || act.chunk >= act.of {
            return Err(format!("there is no part {} of {}", act.chunk, act.of));
        }
        if act.standings.len() > SHARE_MAX_BYTES {
            return Err(format!("the part is larger than {SHARE_MAX_BYTES} bytes"));
        }
        let Some(parts) = self.0.get(&(act.campaign.clone(), act.digest)) else {
            return Ok(());
        };
        if parts.of != act.of {
            return Err(format!(
                "the standings stand in {} parts, not {}",
                parts.of, act.of
            ));
        }
        if parts.at.contains_key(&act.chunk) {
            return Err(format!("part {} of {} stands", act.chunk, act.of));
        }
        Ok(())
    }
}

impl ControlState {
    /// The parts of the standings behind a corrected result, by the result's digest; `None` when none stands.
    #[must_use]
    pub fn standings(&self, campaign: &str, digest: Hex<32>) -> Option<&Parts> {
        self.files.0.get(&(campaign.to_owned(), digest))
    }

    /// Whether this part would hold now.
    ///
    /// # Errors
    /// Why it would be void.
    pub fn would_take(&self, act: &StandingsAct) -> Result<(), String> {
        if self.rounds().result(&act.campaign, act.round).is_none() {
            return Err(format!(
                "{} of {:?} has no result to correct",
                contest::draw_name(act.round),
                act.campaign
            ));
        }
        self.files.judge(act)
    }

    pub(crate) fn take_standings(&mut self, offset: u64, act: &StandingsAct) -> Result<(), String> {
        self.would_take(act)?;
        let file = self.files.0.entry((act.campaign.clone(), act.digest));
        let parts = file.or_insert_with(|| Parts {
            of: act.of,
            at: BTreeMap::new(),
        });
        parts.at.insert(act.chunk, offset);
        Ok(())
    }

    /// A result; one that corrects holds only behind its standings, so that nobody has to believe it.
    pub(crate) fn conclude(&mut self, offset: u64, act: &ResultAct) -> Result<(), String> {
        self.newest_of(&act.campaign)?;
        let standings = self.standings(&act.campaign, act.standings);
        if act.corrects.is_some() && standings.is_none_or(|parts| parts.whole().is_none()) {
            return Err("its standings are not in the log".to_owned());
        }
        self.rounds.conclude(offset, act)
    }
}
