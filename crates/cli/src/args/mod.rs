//! The command line as it is typed: nothing here touches the world, but that names of hosts are looked up.

mod acts;
mod backend;
mod campaigns;
mod history;
mod operate;
mod rounds;
mod stock;

pub(crate) use acts::{NodeArgs, StageCommand, StatusArgs};
pub(crate) use backend::{DrainArgs, SpoolCommand, TopicsArgs, TopicsCommand};
pub(crate) use campaigns::CampaignCommand;
pub(crate) use history::{
    DeadLettersCommand, ExplainArgs, ExportArgs, HistoryArgs, LogCommand, PolicyArg, RescoreArgs,
    ResultsArgs, RetryArgs, VerifyDrawArgs,
};

pub(crate) use operate::{ClockCommand, LadderCommand, RuleCommand};
pub(crate) use rounds::{
    AwardArgs, AwardCommand, AwardShowArgs, AwardWords, BeaconArgs, RoundArgs, RoundCommand,
    StateArg,
};
pub(crate) use stock::StockCommand;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Takes in the messages of a WeChat Official Account during campaign bursts: acks each one once it is
/// durable, counts it once, answers every fan.
#[derive(Debug, Parser)]
#[command(
    name = "spillway",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a node: the named roles in one process; SIGTERM drains and exits 0
    Run(RunArgs),
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check, try, publish and show campaigns
    #[command(subcommand)]
    Campaign(CampaignCommand),
    /// Act on the rounds of a campaign, on a running node
    #[command(subcommand)]
    Round(RoundCommand),
    /// Kill and restore keyword rules, on a running node
    #[command(subcommand)]
    Rule(RuleCommand),
    /// The degradation ladder, on a running node
    #[command(subcommand)]
    Ladder(LadderCommand),
    /// What the coordinator does when its clock cannot be right, on a running node
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Say what became of a prize that was given, or show it, on a running node
    Award(Box<AwardWords>),
    /// Units of prizes that are secrets, on a running node
    #[command(subcommand)]
    Stock(StockCommand),
    /// Read the log of a node, running or not
    #[command(subcommand)]
    Log(LogCommand),
    /// Write every topic as JSON lines, for auditors, analysts and `surge reconcile`
    Export(ExportArgs),
    /// What could not be processed
    #[command(subcommand, name = "dead-letters")]
    DeadLetters(DeadLettersCommand),
    /// The results of a campaign
    Results(ResultsArgs),
    /// Count sealed rounds again, by another campaign file: what a correction would change
    Rescore(RescoreArgs),
    /// Everything that happened to a fan's messages, and why
    Explain(ExplainArgs),
    /// Make and check what the log's backend needs
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// What a node on Kafka has kept on its own disk
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Health of a running node, and why it is not ready
    Status(StatusArgs),
    /// Acts on a consumer of a running node
    #[command(subcommand)]
    Stage(StageCommand),
    /// Recompute a published draw from its files; no network, no node, no campaign
    VerifyDraw(VerifyDrawArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Configuration file; without one, defaults and environment
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Directory that holds everything the node writes
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Roles to run, separated by commas: ingress,dedup,quiz,coordinator
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    pub(crate) roles: Vec<String>,
    /// Address for WeChat's callbacks
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Address of metrics, health, status and acts
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<SocketAddr>,
    /// Where the contest's time comes from
    #[arg(long, value_enum)]
    pub(crate) clock: Option<ClockArg>,
    /// Start although a segment is corrupt: it is set aside and what it held is lost
    #[arg(long)]
    pub(crate) accept_corruption: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ClockArg {
    /// The wall clock of this machine
    Wall,
    /// Driven through the admin API by whoever plays a recording
    Rehearsal,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// The configuration in force, with the source of each value; secrets are masked
    Show {
        /// Configuration file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Every mistake of a file, with its key
    Check {
        /// Configuration file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// The commented file with every key and its default
    Default,
}
