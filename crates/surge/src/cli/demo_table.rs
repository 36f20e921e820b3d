//! `surge demo-table`: reads the files of a run and prints its table.

use super::{AWAY, NO, Stop, TRUE, USAGE, print};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use surge::demo::{Phases, table};
use surge::reconcile::verdict::Verdict;
use surge::report::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The report of `surge replay`.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The verdict of `surge reconcile --json`.
    #[arg(long, value_name = "FILE")]
    verdict: PathBuf,
    /// Times, memory and sizes around the run.
    #[arg(long, value_name = "FILE")]
    phases: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<u8, Stop> {
    let report: Report = read(&args.report)?;
    let verdict: Verdict = read(&args.verdict)?;
    let phases: Phases = args
        .phases
        .as_deref()
        .map_or_else(|| Ok(Phases::default()), read)?;
    let demo = table(&report, &verdict, &phases);
    print(&demo.text);
    Ok(if demo.faults.is_empty() { TRUE } else { NO })
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Stop::new(
            AWAY,
            format!(
                "cannot read {}: {error}; run what writes it first",
                path.display()
            ),
        )
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Stop::new(
            USAGE,
            format!("{} is not readable: {error}", path.display()),
        )
    })
}
