//! Commands that read the log, as they are typed, and the one that puts dead letters back.

use super::NodeArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// Campaign whose digest is written; every topic is exported whole. Default: the only one there is
    #[arg(long, value_name = "ID")]
    pub(crate) campaign: Option<String>,
    /// Put pseudonyms in place of the fans' ids: a hash keyed with the bytes of this file, at least 16
    #[arg(long, value_name = "KEYFILE", requires = "without_bodies")]
    pub(crate) pseudonymise: Option<PathBuf>,
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
    /// Id of the campaign; default: the only one there is
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: Option<String>,
    /// Number of one round; default: all
    #[arg(value_name = "ROUND")]
    pub(crate) round: Option<u16>,
    /// Number of one round, without a campaign before it
    #[arg(long = "round", value_name = "N", conflicts_with = "round")]
    pub(crate) only: Option<u16>,
    /// Print JSON: winners by their whole codes
    #[arg(long)]
    pub(crate) json: bool,
    /// Tallies of rounds under way, sealed or not
    #[arg(long, conflicts_with = "html")]
    pub(crate) provisional: bool,
    /// Directory for pages to show, one a round, with the files that `verify-draw` takes
    #[arg(long, value_name = "DIR")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

impl ResultsArgs {
    /// The round that is asked for.
    pub(crate) fn number(&self) -> Option<u16> {
        self.round.or(self.only)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// OpenID of the fan
    #[arg(long, value_name = "OPENID", required_unless_present = "code")]
    pub(crate) fan: Option<String>,
    /// Entrant code, as lists and records show it: what sealed rounds came to
    #[arg(long, value_name = "CODE", conflicts_with = "fan")]
    pub(crate) code: Option<String>,
    /// Print JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
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

#[derive(Debug, Args)]
pub(crate) struct RescoreArgs {
    /// Id of the campaign
    #[arg(value_name = "CAMPAIGN")]
    pub(crate) campaign: String,
    /// Number of one round; default: all
    #[arg(long, value_name = "N")]
    pub(crate) round: Option<u16>,
    /// Campaign file that judges, also as --file: what it would change is shown; without one, everything that was
    /// published is computed again and compared
    #[arg(long, visible_alias = "file", value_name = "FILE")]
    pub(crate) with: Option<PathBuf>,
    /// What would become of announced winners; default, and what is published: `correction` of the file
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) policy: Option<PolicyArg>,
    /// Why; stands in the log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Publish what changes on a running node; the file must be a published version
    #[arg(long, requires_all = ["with", "reason"])]
    pub(crate) publish: bool,
    /// Admin address of that node, HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = crate::address::resolve)]
    pub(crate) node: SocketAddr,
    /// File with the admin token; default: admin.token in --data
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Directory for the results: records, lists, standings by entrant code, and the board by rank
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Count a log that other versions of the steps have written, by those of this program
    #[arg(long)]
    pub(crate) as_new: bool,
    /// Print JSON
    #[arg(long, requires = "with")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

impl RescoreArgs {
    /// The node that publishes.
    pub(crate) fn node(&self) -> NodeArgs {
        let data = self.history.data.clone();
        NodeArgs {
            node: self.node,
            token_file: self.token_file.clone(),
            data: data.unwrap_or_else(super::acts::usual_data),
        }
    }
}

/// What a correction does to winners that were announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum PolicyArg {
    /// They keep what they have; the rightful ones get units of the reserve
    KeepAnnounced,
    /// Those who were not told yet are replaced
    Replace,
    /// Units that nobody was told of go back, and nobody new wins
    Void,
}
