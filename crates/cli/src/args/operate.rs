//! Acts that act at once and change no result, as they are typed.

use super::NodeArgs;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum LadderCommand {
    /// Let the ladder stand at this step, on every node at once
    Set {
        /// 0 normal, 1 short (a reply in 30 s to messages of a sort), 2 silent (`success` only)
        #[arg(value_name = "STEP", value_parser = clap::value_parser!(u8).range(0..=2))]
        step: u8,
        /// Why; stands in the log
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// Let a keyword rule answer nobody any more, on every node at once
    Kill(RuleArgs),
    /// Let it answer again
    Restore(RuleArgs),
}

/// Which rule, why, and at which node.
#[derive(Debug, clap::Args)]
pub(crate) struct RuleArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Id of the rule in the campaign's file
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

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
