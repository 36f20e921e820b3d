//! Acts on rounds, as they are typed.

use super::NodeArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum RoundCommand {
    /// Move a round that is not yet open, and every later one
    Shift {
        #[command(flatten)]
        act: RoundArgs,
        /// By how much: 5m, 90s, 1h30m, -2m
        #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
        by: String,
    },
    /// Open a round now, for as long as it was to last
    Open {
        #[command(flatten)]
        act: RoundArgs,
    },
    /// Let a round close later; possible until 15 s before its close
    Extend {
        #[command(flatten)]
        act: RoundArgs,
        /// By how much: 2m, 30s
        #[arg(long, value_name = "TIME", required_unless_present = "until")]
        by: Option<String>,
        /// Until when: 14:27:00 in Beijing on the day of the round, or RFC 3339
        #[arg(long, value_name = "TIME", conflicts_with = "by")]
        until: Option<String>,
    },
    /// Let a round not count: no points, no prizes; possible until its result is published
    Void {
        #[command(flatten)]
        act: RoundArgs,
    },
    /// Seal a round without the nodes that are silent
    Seal {
        #[command(flatten)]
        act: RoundArgs,
    },
    /// Let the later rounds go on without a round whose result does not come; its own prizes are given when it does
    Skip {
        #[command(flatten)]
        act: RoundArgs,
    },
    /// Bring the beacon's value that a draw at L2 waits for, or say why it does without
    Beacon(BeaconArgs),
}

/// Which round, why, and at which node.
#[derive(Debug, Args)]
pub(crate) struct RoundArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Number of the round
    #[arg(value_name = "ROUND")]
    pub(crate) round: u16,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("said").required(true).args(["file", "value", "without"]))]
pub(crate) struct BeaconArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Number of the round; without one, the final draw
    #[arg(value_name = "ROUND")]
    pub(crate) round: Option<u16>,
    /// What drand answers for the beacon's round: JSON with `round`, `randomness` and, to be checked, `signature`
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Number of the beacon's round, as `status` names it
    #[arg(long, value_name = "N", requires = "value")]
    pub(crate) number: Option<u64>,
    /// Its randomness: 64 lower-case hexadecimal digits
    #[arg(long, value_name = "HEX", requires = "number")]
    pub(crate) value: Option<String>,
    /// Why the draw does without; stands in the record, and lowers it to L1
    #[arg(long, value_name = "REASON")]
    pub(crate) without: Option<String>,
    /// A remark beside the value; stands in the log
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        conflicts_with = "without"
    )]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

/// What became of an award, or a look at it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct AwardWords {
    #[command(subcommand)]
    pub(crate) command: Option<AwardCommand>,
    #[command(flatten)]
    pub(crate) step: AwardArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AwardCommand {
    /// Show what became of an award, the secret of its unit, and what its winner wrote to claim it
    Show(AwardShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AwardShowArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Number of the round, or `final`
    #[arg(value_name = "ROUND")]
    pub(crate) round: String,
    /// Id of the prize
    #[arg(value_name = "PRIZE")]
    pub(crate) prize: String,
    /// Number of the slot, from 1
    #[arg(value_name = "SLOT")]
    pub(crate) slot: u32,
    /// The winner's code or its last six digits, where two awards of a draw give the same prize
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// The secret of the unit and the winner's claim too; who asked and why stands in the log for ever
    #[arg(long, requires = "reason")]
    pub(crate) secret: bool,
    /// Why the secret is asked for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

/// A step of an award; what it names is there unless a subcommand was typed.
#[derive(Debug, Args)]
pub(crate) struct AwardArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN", required = true)]
    pub(crate) campaign: Option<String>,
    /// Number of the round, or `final`
    #[arg(value_name = "ROUND", required = true)]
    pub(crate) round: Option<String>,
    /// Id of the prize
    #[arg(value_name = "PRIZE", required = true)]
    pub(crate) prize: Option<String>,
    /// Number of the slot, from 1
    #[arg(value_name = "SLOT", required = true)]
    pub(crate) slot: Option<u32>,
    /// What became of it
    #[arg(value_name = "STATE", value_enum, required = true)]
    pub(crate) state: Option<StateArg>,
    /// The winner's code or its last six digits, where two awards of a draw give the same prize
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// Why; needed when the winner loses the unit
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

/// What became of a unit that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateArg {
    /// The winner was told
    Notified,
    /// He has claimed it
    Claimed,
    /// He has got it
    Fulfilled,
    /// He does not want it: the next one gets it
    Declined,
    /// He did not claim it in time: the next one gets it
    Expired,
    /// It is taken back: the next one gets it
    Revoked,
}
