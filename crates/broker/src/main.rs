//! `spillway-broker`: a real Kafka in the foreground, for the Kafka demo and for trying things out.

use broker::{Cluster, Options};
use clap::Parser;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

/// Starts Apache Kafka on free loopback ports, prints `bootstrap HOST:PORT,…` and `ready`, and runs until
/// its standard input ends. Killed, it takes its brokers with it.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Brokers: 1, or 3 with every record on all of them.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    nodes: u8,
    /// Where data and logs go; without it a temporary directory that is removed at the end.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Largest heap of a broker, in MiB.
    #[arg(long, default_value_t = 512)]
    heap: u32,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program talks")]
fn main() -> ExitCode {
    let args = Args::parse();
    if args.nodes == 2 {
        eprintln!("two brokers make no quorum that survives one of them; take 1 or 3");
        return ExitCode::from(2);
    }
    let options = Options {
        dir: args.data,
        heap_mib: args.heap,
        is_measured: true,
        ..Options::new(usize::from(args.nodes))
    };
    let cluster = match Cluster::with(options) {
        Ok(cluster) => cluster,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(3);
        }
    };
    println!("bootstrap {}", cluster.bootstrap().join(","));
    println!("ready");
    // Whoever started it holds the other end; what comes is of no interest.
    drop(std::io::stdin().lock().read_to_end(&mut Vec::new()));
    ExitCode::SUCCESS
}
