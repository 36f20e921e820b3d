//! The command line as it is typed: nothing here touches the world.

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
pub(crate) struct VerifyDrawArgs {
    /// The record of the draw
    #[arg(value_name = "RECORD")]
    pub(crate) record: PathBuf,
    /// The list of entrant codes; or the standings file, which holds them
    #[arg(value_name = "LIST")]
    pub(crate) list: PathBuf,
    /// The standings file, when LIST is the bare list: needed wherever answers decide
    #[arg(long, value_name = "FILE")]
    pub(crate) standings: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StageCommand {
    /// Let a consumer go on that stopped because too many records failed judging
    Continue {
        /// Name of the consumer: dedup or quiz
        #[arg(value_name = "NAME")]
        name: String,
        /// How many more may fail
        #[arg(long, value_name = "N")]
        allow: u64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        node: NodeArgs,
    },
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

/// Where a running node is, and with what right one asks it.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Admin address of the node
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub(crate) node: SocketAddr,
    /// File with the admin token; default: admin.token in --data
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Directory of the node, where the token is looked for
    #[arg(long, value_name = "DIR", default_value = "spillway-data")]
    pub(crate) data: PathBuf,
}

/// Which log to read.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Directory of the node whose log is read; the node may be running
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file that names the directory, or the brokers of a log on Kafka
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Print records, one JSON object a line
    Cat {
        /// Topic: inbound, accepted, results, control, progress, inbound.dead, accepted.dead
        #[arg(value_name = "TOPIC")]
        topic: String,
        /// Only this partition
        #[arg(long, value_name = "N")]
        partition: Option<u32>,
        /// First offset; default: the retained start
        #[arg(long, value_name = "OFFSET")]
        from: Option<u64>,
        /// Offset to stop before; default: the durable end
        #[arg(long, value_name = "OFFSET")]
        to: Option<u64>,
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Records, offsets and bytes of every topic
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        history: HistoryArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Directory to write into; made when missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Only messages and tallies of this campaign; default: the only one there is
    #[arg(long, value_name = "ID")]
    pub(crate) campaign: Option<String>,
    /// Leave out message bodies and texts: keys, ids, digests and positions, enough to reconcile
    #[arg(long)]
    pub(crate) without_bodies: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List dead letters with reason and position
    List {
        /// Topic that they were read from (inbound, accepted); default: all
        #[arg(value_name = "TOPIC")]
        topic: Option<String>,
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Print one dead letter with its raw bytes
    Show {
        /// Topic that it was read from: inbound or accepted
        #[arg(value_name = "TOPIC")]
        topic: String,
        /// Its place: PARTITION/OFFSET as `list` prints it
        #[arg(value_name = "PLACE")]
        place: String,
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Put dead letters back, to be judged again after a repair
    Retry(RetryArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// Topic that they were read from: inbound or accepted
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: String,
    /// Partition of one dead letter, as `list` prints its place
    #[arg(long, value_name = "N", requires = "offset", conflicts_with = "all")]
    pub(crate) partition: Option<u32>,
    /// Its offset
    #[arg(long, value_name = "OFFSET", requires = "partition")]
    pub(crate) offset: Option<u64>,
    /// All of them, but for those that would be set aside again for the same reason
    #[arg(long, required_unless_present = "partition")]
    pub(crate) all: bool,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) node: NodeArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResultsArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Number of one round; default: all
    #[arg(value_name = "ROUND")]
    pub(crate) round: Option<u16>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Tallies of rounds under way. Sealed results come with a later version
    #[arg(long)]
    pub(crate) provisional: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// OpenID of the fan
    #[arg(long, value_name = "OPENID")]
    pub(crate) fan: String,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Admin address of the node
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub(crate) node: SocketAddr,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
