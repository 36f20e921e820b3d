//! Acts that act at once and change no result, as they are typed.

use super::NodeArgs;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Let the coordinator tick for a while although its wall clock is over an hour away from the fans' messages
    Allow {
        /// For how long: 30m, 2h; at most 24h
        #[arg(long = "for", value_name = "TIME")]
        time: String,
        /// Why; stands in the log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
    /// End that: no tick while the clock is far away
    Guard {
        /// Why; stands in the log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
}
