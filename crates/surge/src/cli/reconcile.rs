//! `surge reconcile`: arguments, the verdict in words and as JSON, the exit code.

use super::{AWAY, NO, Stop, TRUE, print, write_json};
use std::path::PathBuf;
use surge::reconcile::text::describe;
use surge::reconcile::{self, Files};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What must come out: FILE.manifest.json of `surge generate`.
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// What was sent and answered: the ledger of `surge replay`.
    #[arg(long, value_name = "FILE")]
    ledger: PathBuf,
    /// What the node has: the folder that `spillway export` wrote.
    #[arg(long, value_name = "DIR")]
    export: PathBuf,
    /// The recording; the one that the manifest names, beside it, unless given.
    #[arg(long, value_name = "FILE")]
    recording: Option<PathBuf>,
    /// Also writes the verdict as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also lists, as JSON lines, every acked delivery whose message is not in the log.
    #[arg(long, value_name = "FILE")]
    missing: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<u8, Stop> {
    let Args {
        manifest,
        ledger,
        export,
        recording,
        json,
        missing,
    } = args;
    let files = Files {
        manifest,
        ledger,
        export,
        recording,
        missing,
    };
    let verdict = reconcile::run(&files).map_err(|error| Stop::new(AWAY, error))?;
    if let Some(path) = json {
        write_json(&path, &verdict)?;
    }
    print(&describe(&verdict));
    Ok(if verdict.holds { TRUE } else { NO })
}
