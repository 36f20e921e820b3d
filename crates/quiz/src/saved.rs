//! How the books of a partition are saved beside its fans' records, and brought back. Layout only.

use crate::book::{Book, Counts};
use crate::copies::Copies;
use crate::failure::Failure;
use crate::follow::Follows;
use crate::running::{Running, Tallied};
use crate::shelf::Shelf;
use crate::totals::SavedTotals;
use crate::versions::{Moved, VersionError, Versions};
use contest::Compiled;
use record::acts::CampaignAct;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Under this key stands what changes with every batch.
const BOOK: &[u8] = b"book";
const CAMPAIGN: u8 = b'c';
const VERSION: u8 = b'v';

#[derive(Serialize, Deserialize)]
struct SavedBook {
    v: u16,
    tick: Option<i64>,
    copies: Copies,
    counts: Counts,
    campaigns: Vec<Vec<SavedTotals>>,
}

/// The version that stands in the partition, the windows that were moved and the seals; written only when a copy
/// is applied.
#[derive(Serialize, Deserialize)]
struct SavedCampaign {
    v: u16,
    ctl: u64,
    act: CampaignAct,
    windows: Moved,
    sealed: Moved,
}

fn campaign_key(tag: u16) -> Vec<u8> {
    let [high, low] = tag.to_be_bytes();
    vec![CAMPAIGN, high, low]
}

/// Under this key stands every version that ever stood: a seal may name any of them.
fn version_key(tag: u16, version: u32) -> Vec<u8> {
    let mut key = vec![VERSION];
    key.extend_from_slice(&tag.to_be_bytes());
    key.extend_from_slice(&version.to_be_bytes());
    key
}

/// Writes a version beside those before it.
pub(crate) fn put_version<S: Shelf>(
    tag: u16,
    act: &CampaignAct,
    shelf: &mut S,
) -> Result<(), Failure<S::Error>> {
    let bytes = serde_json::to_vec(act).map_err(|_| Failure::Damaged("a campaign version"))?;
    shelf.put(version_key(tag, act.version), bytes);
    Ok(())
}

/// A version that stood or stands here.
pub(crate) fn get_version<S: Shelf>(
    tag: u16,
    version: u32,
    shelf: &mut S,
) -> Result<Option<CampaignAct>, Failure<S::Error>> {
    let bytes = shelf
        .get(&version_key(tag, version))
        .map_err(Failure::Shelf)?;
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes);
    let act = bytes.map(read).transpose();
    act.map_err(|_| Failure::Damaged("a campaign version"))
}

/// Writes the version that stands now.
pub(crate) fn put_campaign<S: Shelf>(
    running: &Running,
    act: &CampaignAct,
    shelf: &mut S,
) -> Result<(), Failure<S::Error>> {
    let saved = SavedCampaign {
        v: record::SCHEMA_VERSION,
        ctl: running.ctl,
        act: act.clone(),
        windows: running.windows.clone(),
        sealed: running.sealed.clone(),
    };
    let bytes = serde_json::to_vec(&saved).map_err(|_| Failure::Damaged("a campaign"))?;
    shelf.put(campaign_key(running.tag), bytes);
    Ok(())
}

impl Book {
    /// Writes what the memory knows and the shelf does not.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when the books cannot be written as JSON, which is a fault of the program.
    pub fn save<S: Shelf>(&mut self, shelf: &mut S) -> Result<(), Failure<S::Error>> {
        self.follows.save(shelf);
        let totals = |running: &Running| {
            let rounds = running.rounds.iter();
            rounds
                .map(|(round, t)| SavedTotals::new(*round, t.changed, &t.totals))
                .collect()
        };
        let saved = SavedBook {
            v: record::SCHEMA_VERSION,
            tick: self.tick,
            copies: self.copies,
            counts: self.counts.clone(),
            campaigns: self.campaigns.iter().map(totals).collect(),
        };
        let bytes = serde_json::to_vec(&saved).map_err(|_| Failure::Damaged("books"))?;
        shelf.put(BOOK.to_vec(), bytes);
        Ok(())
    }

    /// Brings the books back; empty ones from an empty shelf.
    ///
    /// # Errors
    /// Failures of the shelf, and [`Failure::Damaged`] for what cannot be read back.
    pub fn load<S: Shelf>(shelf: &mut S, versions: &Versions) -> Result<Self, Failure<S::Error>> {
        let Some(bytes) = shelf.get(BOOK).map_err(Failure::Shelf)? else {
            return Ok(Self::default());
        };
        let saved: SavedBook =
            serde_json::from_slice(&bytes).map_err(|_| Failure::Damaged("books"))?;
        let mut book = Self {
            tick: saved.tick,
            copies: saved.copies,
            counts: saved.counts,
            follows: Follows::load(shelf)?,
            ..Self::default()
        };
        for (tag, totals) in (0_u16..).zip(saved.campaigns) {
            book.campaigns
                .push(load_campaign(tag, totals, shelf, versions)?);
        }
        Ok(book)
    }
}

fn load_campaign<S: Shelf>(
    tag: u16,
    totals: Vec<SavedTotals>,
    shelf: &mut S,
    versions: &Versions,
) -> Result<Running, Failure<S::Error>> {
    let damaged = Failure::Damaged("a campaign");
    let bytes = shelf.get(&campaign_key(tag)).map_err(Failure::Shelf)?;
    let saved = bytes.and_then(|bytes| serde_json::from_slice::<SavedCampaign>(&bytes).ok());
    let Some(saved) = saved else {
        return Err(damaged);
    };
    let SavedCampaign {
        ctl,
        act,
        windows,
        sealed,
        ..
    } = saved;
    let held = windows.iter().chain(&sealed);
    let held = held.map(|(round, window)| (*round, *window)).collect();
    let compiled = standing_version(&act, (&held, &Moved::new()), versions).map_err(|_| damaged)?;
    let rounds: BTreeMap<_, _> = totals
        .into_iter()
        .map(|saved| {
            let (round, changed) = (saved.round, saved.changed);
            (
                round,
                Tallied {
                    totals: saved.totals(),
                    changed,
                },
            )
        })
        .collect();
    Ok(Running {
        rounds,
        windows,
        sealed,
        ..Running::first(tag, &act, ctl, compiled)
    })
}

/// The version that stands where these windows were moved. Windows that do not fit a later file give way to it.
pub(crate) fn standing_version(
    act: &CampaignAct,
    windows: (&Moved, &Moved),
    versions: &Versions,
) -> Result<Arc<Compiled>, VersionError> {
    match versions.compile_moved(act, windows)? {
        Some(compiled) => Ok(compiled),
        None => match versions.compile_moved(act, (&Moved::new(), &Moved::new()))? {
            Some(compiled) => Ok(compiled),
            None => versions.compile(act),
        },
    }
}
