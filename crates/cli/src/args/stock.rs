//! Acts on the stock of prizes, as they are typed.

use super::NodeArgs;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum StockCommand {
    /// Bring secrets, like F-codes, for units of a prize whose kind is `code`
    Add {
        /// Id of the campaign
        #[arg(value_name = "CAMPAIGN")]
        campaign: String,
        /// Id of the prize
        #[arg(value_name = "PRIZE")]
        prize: String,
        /// File with one secret a line
        #[arg(long, value_name = "FILE")]
        secrets: PathBuf,
        /// Why; stands in the log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Units, secrets, and how many are given, of every prize
    Show {
        /// Id of the campaign
        #[arg(value_name = "CAMPAIGN")]
        campaign: String,
        #[command(flatten)]
        node: NodeArgs,
    },
}
