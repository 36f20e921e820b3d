//! What `control` says, folded as every process folds it; with the results, awards and announcements that held at
//! their places, because a corrected result stays readable.

use super::super::scan;
use crate::failure::Failure;
use contest::Field;
use control::{Applied, ControlState, Published};
use msglog::Log;
use record::acts::Act;
use record::hexed::Hex;
use record::rounds::{AwardAct, ResultAct};
use record::topics::CONTROL;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that holds in `control`.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) state: ControlState,
    /// Every result that held at its place, with its offset, those that were corrected later among them.
    pub(crate) results: Vec<(u64, ResultAct)>,
    /// Every step of an award.
    pub(crate) awards: Vec<AwardAct>,
    /// The standings behind corrected results, by digest and number of the part.
    standings: BTreeMap<Hex<32>, BTreeMap<u32, String>>,
}

impl Told {
    /// Reads `control` from its beginning.
    ///
    /// # Errors
    /// Failures of reading.
    pub(crate) fn read(log: &dyn Log) -> Result<Self, Failure> {
        let mut told = Self::default();
        scan::each(log, CONTROL, &scan::spans(log, CONTROL)?, |stored| {
            match serde_json::from_slice::<Act>(&stored.value) {
                Ok(act) => told.take(stored.offset, act),
                // Void for everyone, as in every process.
                Err(_) => told.state.skip(stored.offset),
            }
            Ok(true)
        })?;
        Ok(told)
    }

    fn take(&mut self, offset: u64, act: Act) {
        if self.state.apply(offset, &act) != Applied::Valid {
            return;
        }
        match act {
            Act::Result(result) => self.results.push((offset, result)),
            Act::Award(award) => self.awards.push(award),
            Act::Standings(part) => {
                let parts = self.standings.entry(part.digest).or_default();
                parts.insert(part.chunk, part.standings);
            }
            _ => {}
        }
    }

    /// The standings behind a corrected result: no such result holds without them.
    ///
    /// # Errors
    /// They are torn.
    pub(crate) fn corrected(&self, result: &ResultAct) -> Result<Field<'static>, String> {
        let parts = self.standings.get(&result.standings);
        let parts = parts.ok_or("the log lacks the standings of the correction")?;
        let text: String = parts.values().map(String::as_str).collect();
        Field::parse(&text).map_err(|torn| format!("the standings of the correction: {torn}"))
    }

    /// What each draw of a campaign had come to before an offset of `control`.
    pub(crate) fn results_before(
        &self,
        id: &str,
        offset: u64,
    ) -> BTreeMap<Option<u16>, &(u64, ResultAct)> {
        let before = self.results.iter().filter(|(at, _)| *at < offset);
        let of_campaign = before.filter(|(_, result)| result.campaign == id);
        of_campaign.map(|found| (found.1.round, found)).collect()
    }

    /// The newest version of the campaign that is asked for; without a name, of the only one.
    ///
    /// # Errors
    /// There is no such campaign, or several.
    pub(crate) fn campaign(&self, asked: Option<&str>) -> Result<&Arc<Published>, Failure> {
        let known: Vec<&Arc<Published>> = self.state.newest().collect();
        let names: Vec<&str> = known.iter().map(|each| each.id.as_str()).collect();
        let names = names.join(", ");
        match (asked, known.as_slice()) {
            (_, []) => Err(Failure::no(
                "no campaign was published in this log; `campaign publish FILE --expect-version 0` publishes one",
            )),
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::wrong(format!(
                "there are several campaigns: name one of {names}"
            ))),
            (Some(id), all) => {
                let found = all.iter().find(|each| each.id == id);
                found.copied().ok_or_else(|| {
                    Failure::no(format!("there is no campaign {id:?}; there are {names}"))
                })
            }
        }
    }

    /// The file of a version of a campaign.
    pub(crate) fn version(&self, id: &str, version: u32) -> Option<&Arc<Published>> {
        let mut versions = self.state.versions(id).iter();
        versions.find(|each| each.version == version)
    }
}
