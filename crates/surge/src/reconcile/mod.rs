//! Reconciles a run: every message sent, acked, accepted and counted, by recording, ledger, export and
//! manifest. It shares no code with what it judges.

pub mod accepted;
mod beacon;
mod book;
pub mod contest;
pub mod control;
pub mod copies;
pub mod cut_off;
mod drawn;
mod due;
mod entitled;
mod fold;
pub mod judge;
pub mod lines;
mod list;
pub mod messages;
pub mod missing;
mod owed;
pub mod prizes;
mod publications;
mod record;
pub mod rescore;
pub mod results;
mod rounds;
mod said;
pub mod seals;
pub mod silent;
pub mod text;
mod texts;
pub mod verdict;
mod walk;
mod windows;

use crate::ledger::{Kind, Outcome, Row};
use crate::manifest::Manifest;
use crate::recording::{ReadError, Reader};
use crate::wire::field;
use contest::Contest;
use judge::{Evidence, ExportDigest, Faults};
use lines::{LinesError, Tail, excerpt};
use messages::Messages;
use seals::Confirmed;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use verdict::Verdict;

/// The files of a run.
#[derive(Debug, Clone)]
pub struct Files {
    /// What must come out.
    pub manifest: PathBuf,
    /// What was sent and answered.
    pub ledger: PathBuf,
    /// The folder that `spillway export` wrote.
    pub export: PathBuf,
    /// The recording; the manifest's, beside the manifest, unless given.
    pub recording: Option<PathBuf>,
    /// Where every acked delivery of what is lost goes, as JSON lines.
    pub missing: Option<PathBuf>,
}

/// Why nothing could be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// A file of lines is missing or damaged.
    #[error(transparent)]
    Lines(#[from] LinesError),
    /// A file is missing.
    #[error("cannot read {}: {source}; {way_out}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// How it comes to be.
        way_out: &'static str,
    },
    /// The list of what is missing cannot be written.
    #[error("cannot write {}: {source}; choose another place", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("{} is not readable: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The recording could not be read again.
    #[error(transparent)]
    Recording(#[from] ReadError),
}

/// Reads everything and judges it.
///
/// # Errors
/// [`ReconcileError`] when a file is missing or damaged; whatever they say is in the verdict.
pub fn run(files: &Files) -> Result<Verdict, ReconcileError> {
    let manifest: Manifest = json(
        &files.manifest,
        "surge generate writes it beside the recording",
    )?;
    let beside = files.manifest.parent().unwrap_or(Path::new(""));
    let recording = files
        .recording
        .clone()
        .unwrap_or_else(|| beside.join(&manifest.recording.file));
    refuse_pseudonyms(&files.export.join("log.json"))?;
    let digest: ExportDigest = json(
        &files.export.join("digest.json"),
        "spillway export writes it",
    )?;
    let mut messages = Messages::of_recording(&recording, manifest.messages)?;
    let foreign_rows = read_ledger(&files.ledger, &mut messages)?;
    let accepted = accepted::read(&files.export.join("accepted.jsonl"), &mut messages)?;
    if let Some(path) = &files.missing {
        let list = missing::list(&files.ledger, &recording, &messages)?;
        missing::write(path, &list).map_err(|source| ReconcileError::Unwritable {
            path: path.clone(),
            source,
        })?;
    }
    let results = results::read(&files.export.join("results.jsonl"), &manifest.campaign.id)?;
    let dead_letters = read_dead_letters(&files.export)?;
    let confirmed = Confirmed::read(&files.export)?;
    let control = files.export.join("control.jsonl");
    let control = control::read(&control, &manifest.campaign.id, confirmed)?;
    let rescored = rescore::rescore(&recording, &messages, &accepted, &control)?;
    let inbound = copies::read(&files.export.join("inbound.jsonl"))?;
    let findings = contest::judge(&Contest {
        control: &control,
        rescored: &rescored,
        accepted: &accepted,
        inbound: inbound.as_ref(),
        results: &results,
        manifest: &manifest,
    });
    let evidence = Evidence {
        sealed: rescored.instead_of(&manifest),
        operated: control.operated.clone(),
        manifest,
        messages,
        foreign_rows,
        accepted,
        results,
        digest,
        dead_letters,
    };
    let (mut verdict, faults) = judge::judge(&evidence);
    verdict.add(findings);
    verdict.examples = name_examples(&recording, &faults)?;
    Ok(verdict)
}

/// An export with pseudonyms names no fan of the recording; an older one has no word of them.
fn refuse_pseudonyms(path: &Path) -> Result<(), ReconcileError> {
    #[derive(Deserialize)]
    struct About {
        #[serde(default)]
        pseudonymised: bool,
    }
    if !path.exists() {
        return Ok(());
    }
    let about: About = json(path, "spillway export writes it")?;
    if about.pseudonymised {
        return Err(ReconcileError::Damaged {
            path: path.to_path_buf(),
            what: "the export has pseudonyms in place of the fans' ids, which nothing can be held against; export \
                   without --pseudonymise"
                .to_owned(),
        });
    }
    Ok(())
}

fn json<T: DeserializeOwned>(path: &Path, way_out: &'static str) -> Result<T, ReconcileError> {
    let path = path.to_path_buf();
    let text = std::fs::read_to_string(&path).map_err(|source| ReconcileError::Missing {
        path: path.clone(),
        source,
        way_out,
    })?;
    serde_json::from_str(&text).map_err(|error| ReconcileError::Damaged {
        path,
        what: error.to_string(),
    })
}

/// Marks in `messages` what the ledger says; gives the rows that name no message of the recording. A last
/// row that was cut off when surge itself was killed is left out.
fn read_ledger(path: &Path, messages: &mut Messages) -> Result<u64, LinesError> {
    let mut foreign = 0;
    lines::fold(
        path,
        Tail::MayBeTorn,
        |lines| {
            lines
                .map(|line| {
                    let row: Row = serde_json::from_slice(line)
                        .map_err(|e| format!("{} is no row of a ledger: {e}", excerpt(line)))?;
                    Ok((row.n, row.outcome, row.reply))
                })
                .collect::<Result<Vec<_>, String>>()
        },
        |rows| {
            for (n, outcome, reply) in rows {
                let Some(message) = messages.get_mut(n) else {
                    foreign += 1;
                    continue;
                };
                message.attempts = message.attempts.saturating_add(1);
                message.acked += u32::from(outcome == Outcome::Acked);
                message.words |= reply == Some(Kind::Words);
            }
        },
    )?;
    Ok(foreign)
}

/// Dead letters by topic and reason; a topic that was not exported has none.
fn read_dead_letters(export: &Path) -> Result<BTreeMap<String, BTreeMap<String, u64>>, LinesError> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        value: Letter<'a>,
    }
    #[derive(Deserialize)]
    struct Letter<'a> {
        #[serde(borrow, default)]
        reason: Cow<'a, str>,
    }
    let mut letters: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for topic in ["inbound.dead", "accepted.dead"] {
        let path = export.join(format!("{topic}.jsonl"));
        if !path.exists() {
            continue;
        }
        lines::fold(
            &path,
            Tail::Whole,
            |lines| {
                lines
                    .map(|line| {
                        let Line { value } = serde_json::from_slice(line)
                            .map_err(|e| format!("{} is no record: {e}", excerpt(line)))?;
                        Ok(value.reason.into_owned())
                    })
                    .collect::<Result<Vec<_>, String>>()
            },
            |reasons| {
                // Marks have no reason.
                for reason in reasons.into_iter().filter(|reason| !reason.is_empty()) {
                    *letters
                        .entry(topic.to_owned())
                        .or_default()
                        .entry(reason)
                        .or_default() += 1;
                }
            },
        )?;
    }
    Ok(letters)
}

/// Looks up in the recording who wrote the examples, and when.
fn name_examples(
    recording: &Path,
    faults: &Faults,
) -> Result<BTreeMap<String, Vec<String>>, ReconcileError> {
    let mut names: BTreeMap<u64, String> = faults
        .values()
        .flatten()
        .filter_map(|&n| Some((u64::try_from(n).ok()?, String::new())))
        .collect();
    let mut missing = names.len();
    let mut reader = Reader::open(recording)?;
    while missing > 0 {
        let Some(row) = reader.next()? else { break };
        if let Some(name) = names.get_mut(&row.n).filter(|name| name.is_empty()) {
            let of = |tag| field(&row.body, tag).unwrap_or("?");
            *name = format!(
                "message {} from {} at {} with MsgId {}",
                row.n,
                of("FromUserName"),
                of("CreateTime"),
                of("MsgId")
            );
            missing -= 1;
        }
    }
    let name = |n: &usize| u64::try_from(*n).ok().and_then(|n| names.get(&n)).cloned();
    Ok(faults
        .iter()
        .map(|(fault, numbers)| {
            (
                (*fault).to_owned(),
                numbers.iter().filter_map(name).collect(),
            )
        })
        .collect())
}
