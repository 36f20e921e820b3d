//! Commands that ask a running node, as they are typed.

use crate::address;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a running node is, and with what right one asks it.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Admin address of the node, HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = address::resolve)]
    pub(crate) node: SocketAddr,
    /// File with the admin token; default: admin.token in --data
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Directory of the node, where the token is looked for
    #[arg(long, value_name = "DIR", default_value_os_t = usual_data())]
    pub(crate) data: PathBuf,
}

/// The directory that the environment gives to a node, as in the container image, or the default one.
pub(crate) fn usual_data() -> PathBuf {
    let given = std::env::var_os("SPILLWAY_DATA").filter(|data| !data.is_empty());
    given.map_or_else(|| PathBuf::from("spillway-data"), PathBuf::from)
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
pub(crate) struct StatusArgs {
    /// Admin address of the node, HOST:PORT
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = address::resolve)]
    pub(crate) node: SocketAddr,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
