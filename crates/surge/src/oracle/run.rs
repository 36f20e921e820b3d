//! The command `oracle`: a recording and a campaign file in, a manifest out.

use super::{Delivery, Judge, Unjudgeable};
use crate::manifest::Manifest;
use crate::reconcile::cut_off::CutOff;
use crate::reconcile::lines::LinesError;
use crate::recording::{ReadError, Reader, Written};
use campaign::Campaign;
use std::io;
use std::path::{Path, PathBuf};

/// What `oracle` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The recording.
    pub file: PathBuf,
    /// The campaign to judge by.
    #[arg(long)]
    pub campaign: PathBuf,
    /// After a run: the folder that `spillway export` wrote. Only what stands in the log is scored, each round up to the cut
    /// of its seal.
    #[arg(long, value_name = "DIR")]
    pub cuts: Option<PathBuf>,
    /// Where the manifest goes.
    #[arg(long)]
    pub out: PathBuf,
}

/// Why a recording could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// A file could not be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The campaign file has mistakes.
    #[error("{}: {message}; check it with `spillway campaign check`", path.display())]
    Campaign {
        /// The file.
        path: PathBuf,
        /// The first mistake.
        message: String,
    },
    /// The campaign asks for what the oracle cannot judge.
    #[error(transparent)]
    Unjudgeable(#[from] Unjudgeable),
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] ReadError),
    /// The export cannot be read.
    #[error(transparent)]
    Export(#[from] LinesError),
}

impl OracleError {
    /// The exit code of the command: 2 arguments and files with mistakes, 3 something is away.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Io { .. } | Self::Recording(ReadError::Io { .. }) | Self::Export(_) => 3,
            Self::Campaign { .. } | Self::Unjudgeable(_) | Self::Recording(_) => 2,
        }
    }
}

/// Judges a recording and writes its manifest.
///
/// # Errors
/// [`OracleError`]; nothing is written then.
pub fn run(args: &Args) -> Result<Manifest, OracleError> {
    let text =
        std::fs::read_to_string(&args.campaign).map_err(|source| io_at(&args.campaign, source))?;
    let (campaign, _warnings) = Campaign::parse(&text).map_err(|problems| {
        let first = problems.first();
        let message = first.map_or_else(String::new, |problem| problem.message.clone());
        OracleError::Campaign {
            path: args.campaign.clone(),
            message,
        }
    })?;
    let cut_off = match &args.cuts {
        Some(export) => Some(CutOff::read(&args.file, export, &campaign, &text)?),
        None => None,
    };
    let mut judge = match &cut_off {
        Some(cut_off) => Judge::new(&cut_off.campaign)?.with_cuts(cut_off.cuts.clone()),
        None => Judge::new(&campaign)?,
    };
    let mut reader = Reader::open(&args.file)?.hashing();
    while let Some(row) = reader.next()? {
        match cut_off.as_ref().map(|cut_off| cut_off.place(row.n)) {
            None => judge.row(&row),
            Some(Some(place)) => judge.delivery_at(&Delivery::read(&row), place),
            Some(None) => {}
        }
    }
    let written = Written {
        rows: reader.rows(),
        bytes: reader.bytes(),
        sha256: reader.sha256().unwrap_or_default(),
    };
    let name = args
        .file
        .file_name()
        .unwrap_or(args.file.as_os_str())
        .to_string_lossy();
    let manifest = judge.manifest(&name, &written, &text);
    let json = serde_json::to_string_pretty(&manifest)
        .map_err(|error| io_at(&args.out, io::Error::from(error)))?;
    std::fs::write(&args.out, format!("{json}\n")).map_err(|source| io_at(&args.out, source))?;
    Ok(manifest)
}

fn io_at(path: &Path, source: io::Error) -> OracleError {
    OracleError::Io {
        path: path.to_path_buf(),
        source,
    }
}
