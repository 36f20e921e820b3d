//! Commands about what holds the log, as they are typed.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Make the topics that are missing, and the log's identity
    Create(TopicsArgs),
    /// The topics as they are; exit code 1 when one is not as configured
    Show(TopicsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TopicsArgs {
    /// Configuration file that names the log
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of the node, for the journal
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SpoolCommand {
    /// Bring the spool of a node that never comes back into the log
    Drain(DrainArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DrainArgs {
    /// The spool's directory, or that of the node that had it
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Configuration file that names the log
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of a stopped node, when the log is its journal
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Take the records although the spool belongs to another log
    #[arg(long)]
    pub(crate) other_log: bool,
}
