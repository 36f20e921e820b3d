//! What `control` of an export says of one campaign, in the order of the log, by structs of its own. Whether a record
//! holds at its place is told by [`super::fold`]. Never what a result should be.

use super::fold::Fold;
use super::lines::{self, LinesError, Tail, excerpt};
use super::seals::Confirmed;
use campaign::Campaign;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A decision that seals a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its offset in `control`.
    pub ctl: u64,
    /// Version of the campaign that judges.
    pub version: u64,
    /// The window that judges.
    pub open: i64,
    /// First second after it.
    pub close: i64,
    /// The contest's time of the seal.
    pub at: i64,
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The file.
    pub toml: String,
    /// SHA-256 of it, as published.
    pub sha256: String,
}

/// A campaign as it is in force from one place of `control` on: a version, with the windows that operators gave its
/// rounds.
#[derive(Debug, Clone)]
pub struct InForce {
    /// Offset of the record that made it so.
    pub since: u64,
    /// Number of the version.
    pub version: u64,
    /// The campaign.
    pub campaign: Campaign,
}

/// What was promised of the secrets of draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commitment {
    /// Its offset in `control`.
    pub at: u64,
    /// `s_0`, hexadecimal.
    pub root: String,
    /// Secrets in the chain, the last one for the final draw.
    pub links: u64,
}

/// A record of `control`, as it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its offset in `control`.
    pub at: u64,
    /// The whole act.
    pub act: Value,
}

impl Found {
    /// The round that it is about; `None` for the final draw.
    #[must_use]
    pub fn round(&self) -> Option<u16> {
        round_of(&self.act)
    }

    /// A text member; empty when it is none.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.act[key].as_str().unwrap_or_default()
    }

    /// A number member; 0 when it is none.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        self.act[key].as_u64().unwrap_or(0)
    }

    /// A time, in seconds since 1970; 0 when it is none.
    #[must_use]
    pub fn time(&self, key: &str) -> i64 {
        self.act[key].as_i64().unwrap_or(0)
    }
}

/// What `control` says of one campaign.
#[derive(Debug, Clone, Default)]
pub struct Control {
    /// Versions by number.
    pub versions: BTreeMap<u64, Version>,
    /// What was in force, in the order of the log.
    pub in_force: Vec<InForce>,
    /// Windows that operators moved, by round.
    pub windows: BTreeMap<u16, (i64, i64)>,
    /// Rounds that are void, and the offset of the act that made them so.
    pub void: BTreeMap<u16, u64>,
    /// Rounds that an operator has skipped: later ones do not wait for their results.
    pub skipped: BTreeSet<u16>,
    /// The decision of each round.
    pub decisions: BTreeMap<u16, Decision>,
    /// What was promised of secrets.
    pub commitment: Option<Commitment>,
    /// Lists and results that hold, and everything that is said of units, which holds by what became of them before;
    /// in the order of the log.
    pub acts: Vec<Found>,
    /// Records of which every partition gets a copy, by offset, and whether they hold.
    pub copied: BTreeMap<u64, bool>,
    /// What is wrong with seals.
    pub faults: Vec<String>,
    /// What could not be shown of them.
    pub open: BTreeSet<String>,
    /// Records that are void at their places, and why.
    pub void_acts: Vec<String>,
    /// What operators did to replies.
    pub operated: Operated,
}

/// What operators did to replies, and to nothing else: a replay whose log has such acts is answered in other words than
/// the manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operated {
    /// Keyword rules that were killed at some time.
    pub rules: BTreeSet<String>,
    /// Steps other than 0 at which the ladder stood at some time.
    pub steps: BTreeSet<u64>,
}

impl Operated {
    /// Takes a record of `control`.
    fn take(&mut self, campaign: &str, act: &Value) {
        match act["type"].as_str() {
            Some("rule") if act["campaign"] == campaign => {
                let rule = act["rule"].as_str().unwrap_or_default().to_owned();
                if act["verb"] == "kill" {
                    self.rules.insert(rule);
                }
            }
            Some("ladder") => self
                .steps
                .extend(act["step"].as_u64().filter(|step| *step > 0)),
            _ => {}
        }
    }
}

#[derive(Deserialize)]
struct Line {
    offset: u64,
    value: Value,
}

/// Reads `control.jsonl`; nothing when it was not exported. `confirmed` is what nodes said of seals.
///
/// # Errors
/// [`LinesError`].
pub fn read(path: &Path, campaign: &str, confirmed: Confirmed) -> Result<Control, LinesError> {
    let mut fold = Fold::new(campaign, confirmed);
    if !path.exists() {
        return Ok(fold.control);
    }
    lines::fold(
        path,
        Tail::Whole,
        |lines| {
            lines
                .map(|line| {
                    serde_json::from_slice::<Line>(line)
                        .map_err(|e| format!("{} is no exported record: {e}", excerpt(line)))
                })
                .collect::<Result<Vec<_>, String>>()
        },
        |lines| {
            for Line { offset, value } in lines {
                fold.control.operated.take(campaign, &value);
                fold.take(offset, value);
            }
        },
    )?;
    Ok(fold.control)
}

impl Control {
    /// What was in force before an offset.
    #[must_use]
    pub fn before(&self, offset: u64) -> Option<&InForce> {
        self.in_force.iter().rev().find(|each| each.since < offset)
    }

    /// What is in force in the end.
    #[must_use]
    pub fn newest(&self) -> Option<&InForce> {
        self.in_force.last()
    }

    /// Results that hold, in the order of the log.
    pub fn results(&self) -> impl Iterator<Item = &Found> {
        self.acts
            .iter()
            .filter(|found| found.act["type"] == "result")
    }

    /// Versions that judged something, by decisions and results, and the newest.
    #[must_use]
    pub fn judging(&self) -> BTreeSet<u64> {
        let decided = self.decisions.values().map(|decision| decision.version);
        let concluded = self.results().map(|found| found.number("version"));
        let newest = self.newest().map(|newest| newest.version);
        decided.chain(concluded).chain(newest).collect()
    }
}

/// The round that an act is about.
pub(super) fn round_of(act: &Value) -> Option<u16> {
    act["round"]
        .as_u64()
        .and_then(|round| u16::try_from(round).ok())
}
