//! Commands about campaigns, as they are typed.

use super::NodeArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum CampaignCommand {
    /// Check campaign files: every mistake with its line
    Check {
        /// Campaign files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Judge what depends on the time at this one (RFC 3339, or seconds since 1970)
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// What a text would be answered, by which rule, and how it would be classified
    Try {
        /// Campaign file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What a fan writes
        #[arg(value_name = "TEXT")]
        text: String,
        /// When (RFC 3339, or seconds since 1970); default: the opening of the first round
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Publish a campaign file on a running node
    Publish {
        /// Campaign file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Version that must be in force now; 0 for the first publication
        #[arg(long, value_name = "N")]
        expect_version: u32,
        /// Why; stands in the log
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// The versions in force on a running node
    Show {
        /// Id of a campaign; all without one
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Print the campaign file of the newest version
        #[arg(long, requires = "id")]
        file: bool,
        #[command(flatten)]
        node: NodeArgs,
    },
}
