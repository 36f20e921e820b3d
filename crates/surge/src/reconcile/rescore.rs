//! Judges the recording once more after a run: only what stands in `accepted`, with the cuts and windows of the
//! seals, by the versions that judged. Never what the results say.

use super::accepted::Accepted;
use super::control::{Control, Decision, Found};
use super::lines::{self, LinesError, Tail, excerpt};
use super::messages::{Absent, Messages};
use crate::manifest::{Digest, Manifest, Round};
use crate::oracle::standings::Standing;
use crate::oracle::{Cuts, Delivery, Judge, Place};
use crate::recording::{Row, Written};
use campaign::Campaign;
use std::collections::BTreeMap;
use std::path::Path;

/// What the messages in the log come to.
#[derive(Debug, Clone)]
pub struct Totals {
    /// Of each round, and outside all of them.
    pub rounds: Vec<Round>,
    /// The digest.
    pub digest: Digest,
    /// Messages by deciding rule, where not all of the recording is in the log.
    pub rules: Option<BTreeMap<String, u64>>,
}

/// What judges: a version, with the windows that stood, or, where it corrects, with its own windows in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct By {
    /// The version.
    pub version: u64,
    /// Whether it corrects results.
    pub corrects: bool,
}

impl By {
    /// A version that judges for the first time.
    #[must_use]
    pub fn sealing(version: u64) -> Self {
        let corrects = false;
        Self { version, corrects }
    }

    /// What has judged a result.
    #[must_use]
    pub fn of(result: &Found) -> Self {
        Self {
            version: result.number("version"),
            corrects: result.act["corrects"].is_u64(),
        }
    }
}

/// A round or draw that was judged once more.
#[derive(Debug)]
pub struct Rescored {
    /// One that corrects only where its windows are others.
    judges: BTreeMap<By, (Campaign, Judge)>,
    /// Messages behind the cut, by round: they must be the tallies' `late_after_seal`.
    pub late: BTreeMap<u16, u64>,
    /// By the newest version.
    pub totals: Option<Totals>,
    /// What is not in the log, and was not acked.
    pub absent: Absent,
    /// What could not be judged, and why.
    pub problems: Vec<String>,
}

/// Judges a recording by every version that judged a round.
///
/// # Errors
/// [`LinesError`] when the recording cannot be read again.
pub fn rescore(
    recording: &Path,
    messages: &Messages,
    accepted: &Accepted,
    control: &Control,
) -> Result<Rescored, LinesError> {
    let cuts = cuts(control, accepted);
    let mut rescored = Rescored {
        judges: BTreeMap::new(),
        late: BTreeMap::new(),
        totals: None,
        absent: messages.absent(),
        problems: Vec::new(),
    };
    if control.decisions.is_empty() && !rescored.is_partial() {
        return Ok(rescored);
    }
    for version in control.judging() {
        match prepared(control, version) {
            Ok(judges) => rescored.judges.extend(
                judges
                    .into_iter()
                    .map(|(by, campaign, judge)| (by, (campaign, judge.with_cuts(cuts.clone())))),
            ),
            Err(problem) => rescored.problems.push(problem),
        }
    }
    read(recording, messages, &mut rescored)?;
    let newest = control.newest().map(|newest| By::sealing(newest.version));
    let newest = newest.and_then(|by| rescored.judge(by));
    if let Some((_, judge)) = newest {
        let late = judge.late_after_seal();
        let nothing = Written {
            rows: 0,
            bytes: 0,
            sha256: String::new(),
        };
        let manifest = judge.manifest("", &nothing, "");
        rescored.totals = Some(Totals {
            rounds: manifest.rounds,
            digest: manifest.digest,
            rules: rescored.is_partial().then_some(manifest.rules),
        });
        rescored.late = late;
    }
    Ok(rescored)
}

impl Rescored {
    /// Whether messages that were never acked are not in the log, and everything else was sent: then the log has to be held
    /// against the recording without them.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.absent.unacked > 0 && self.absent.unsent == 0
    }

    /// The totals with the cuts, where something was late, moved or never acked and the manifest's cannot hold.
    #[must_use]
    pub fn instead_of(&self, manifest: &Manifest) -> Option<Totals> {
        let window = |rounds: &[Round]| -> Vec<_> {
            rounds
                .iter()
                .map(|round| (round.round, round.open, round.close))
                .collect()
        };
        let late = self.late.values().any(|late| *late > 0);
        let differs = |totals: &&Totals| {
            late || self.is_partial() || window(&totals.rounds) != window(&manifest.rounds)
        };
        self.totals.as_ref().filter(differs).cloned()
    }

    fn judge(&self, by: By) -> Option<&(Campaign, Judge)> {
        let judge = self.judges.get(&by);
        judge.or_else(|| self.judges.get(&By::sealing(by.version)))
    }

    /// The campaign of a version, with the windows by which it judges.
    #[must_use]
    pub fn campaign(&self, by: By) -> Option<&Campaign> {
        self.judge(by).map(|(campaign, _)| campaign)
    }

    /// Whether somebody of this name stands in the recording.
    #[must_use]
    pub fn knows(&self, openid: &str) -> bool {
        self.judges.values().any(|(_, judge)| judge.knows(openid))
    }

    /// The standings of a round by a version.
    #[must_use]
    pub fn standings(&self, by: By, round: u16) -> Option<Vec<Standing>> {
        let (_, judge) = self.judge(by)?;
        Some(judge.standings(round))
    }

    /// Who cannot win at the cut of a round, by a version.
    #[must_use]
    pub fn bars(&self, by: By, round: u16) -> Option<BTreeMap<String, &'static str>> {
        let (_, judge) = self.judge(by)?;
        Some(judge.bars(round))
    }
}

/// Where each round that was sealed ends in each partition.
pub(super) fn cuts(control: &Control, accepted: &Accepted) -> Cuts {
    let mut cuts = Cuts::default();
    for (round, decision) in &control.decisions {
        let places = accepted.copies.get(&decision.ctl).cloned();
        cuts.rounds.insert(*round, places.unwrap_or_default());
    }
    cuts
}

/// A version's judge, with the windows that operators gave its rounds and those of the decisions; where it has other
/// windows as it corrects, a second one for that.
fn prepared(control: &Control, version: u64) -> Result<Vec<(By, Campaign, Judge)>, String> {
    let published = control
        .versions
        .get(&version)
        .ok_or_else(|| format!("version {version} of the campaign is not in control"))?;
    let faulty = |why: String| format!("version {version} of the campaign cannot be judged: {why}");
    let file = parse(&published.toml).ok_or_else(|| faulty("its file has mistakes".into()))?;
    let mut judges: Vec<(By, Campaign, Judge)> = Vec::new();
    for windows in [Windows::Standing, Windows::Correcting(Some(version))] {
        let mut campaign = file.clone();
        move_windows(control, windows, &mut campaign);
        if judges.iter().any(|(_, known, _)| *known == campaign) {
            continue;
        }
        let judge = Judge::new(&campaign).map_err(|error| faulty(error.to_string()))?;
        let corrects = windows != Windows::Standing;
        judges.push((By { version, corrects }, campaign, judge));
    }
    Ok(judges)
}

fn parse(toml: &str) -> Option<Campaign> {
    Campaign::parse(toml).ok().map(|(campaign, _)| campaign)
}

/// Which windows a file judges by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    /// Those that stood in the end.
    Standing,
    /// The same, but for those that it corrects: this version, or a file that was never published.
    Correcting(Option<u64>),
}

/// Gives the rounds of a file the windows by which it judges.
pub(super) fn move_windows(control: &Control, windows: Windows, campaign: &mut Campaign) {
    for round in &mut campaign.rounds {
        let own = (round.open, round.close);
        let decision = control.decisions.get(&round.number);
        // A corrected window is that of the file which was published to correct it.
        let corrected = decision
            .filter(|decision| match windows {
                Windows::Standing => false,
                Windows::Correcting(version) => version != Some(decision.version),
            })
            .and_then(|decision| filed(control, decision, round.number))
            .is_some_and(|judged| judged != own);
        let moved = decision
            .map(|decision| (decision.open, decision.close))
            .or(control.windows.get(&round.number).copied());
        if let Some(moved) = moved.filter(|_| !corrected) {
            (round.open, round.close) = moved;
        }
    }
}

/// The window of a round in the file that judged it first.
pub(super) fn filed(control: &Control, decision: &Decision, round: u16) -> Option<(i64, i64)> {
    let judged = parse(&control.versions.get(&decision.version)?.toml)?;
    judged.round(round).map(|round| (round.open, round.close))
}

/// Hands every message that stands in `accepted` to the judges, at its place.
fn read(recording: &Path, messages: &Messages, rescored: &mut Rescored) -> Result<(), LinesError> {
    let accepted = |row: &Row<'_>| {
        let message = messages.all.get(usize::try_from(row.n).ok()?);
        let message = message.filter(|message| row.attempt == 1 && message.accepted > 0)?;
        let (partition, offset) = (message.partition, message.offset);
        Some(Place { partition, offset })
    };
    lines::fold(
        recording,
        Tail::Whole,
        |lines| {
            let mut read = Vec::new();
            for line in lines {
                let row: Row<'_> = serde_json::from_slice(line)
                    .map_err(|e| format!("{} is no delivery: {e}", excerpt(line)))?;
                read.extend(accepted(&row).map(|place| (Delivery::read(&row), place)));
            }
            Ok(read)
        },
        |read| {
            for (delivery, place) in read {
                for (_, judge) in rescored.judges.values_mut() {
                    judge.delivery_at(&delivery, place);
                }
            }
        },
    )
}
