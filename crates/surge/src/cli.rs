//! The command line: every subcommand, its exit code, and its errors as one line on stderr.
//!
//! Exit codes: 0 done and true; 1 done, and the answer is no; 2 the arguments are wrong; 3 something it
//! needs is away. The work is the library's.

mod demo_table;
mod making;
mod reconcile;
mod replay;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::process::ExitCode;

/// Done and true.
const TRUE: u8 = 0;
/// Done, and the answer is no.
const NO: u8 = 1;
/// The arguments are wrong.
const USAGE: u8 = 2;
/// Something it needs is away.
const AWAY: u8 = 3;

/// Generates, replays and judges recordings of campaign bursts.
#[derive(Debug, Parser)]
#[command(name = "surge", version, max_term_width = 100)]
struct Surge {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes a recording, its manifest, its campaign and a node's configuration.
    Generate(surge::generate::Args),
    /// Prints the arrivals of each second of a profile's window.
    Curve(making::CurveArgs),
    /// Shows what a recording holds.
    Inspect(surge::inspect::Args),
    /// Sends a recording to a callback URL, and writes down what was answered.
    Replay(replay::Args),
    /// Scores a recording by its own slow and obvious code.
    Oracle(surge::oracle::Args),
    /// Holds recording, ledger and export against the manifest: nothing lost, nothing doubled.
    Reconcile(reconcile::Args),
    /// Prints one table of a run: what was sent, acked, lost, doubled, counted, and what it cost.
    DemoTable(demo_table::Args),
}

/// An error with its exit code.
struct Stop {
    code: u8,
    message: String,
}

impl Stop {
    fn new(code: u8, error: impl std::fmt::Display) -> Self {
        Self {
            code,
            message: error.to_string(),
        }
    }
}

/// Parses the arguments and runs the command. A wrong command line ends in 2, by clap.
pub(crate) fn main() -> ExitCode {
    let surge = Surge::parse();
    match run(surge.command) {
        Ok(code) => ExitCode::from(code),
        Err(stop) => {
            // Nobody can be told that stderr is closed.
            drop(writeln!(std::io::stderr(), "surge: {}", stop.message));
            ExitCode::from(stop.code)
        }
    }
}

fn run(command: Command) -> Result<u8, Stop> {
    match command {
        Command::Generate(args) => making::generate(&args),
        Command::Curve(args) => making::curve(&args),
        Command::Inspect(args) => making::inspect(&args),
        Command::Replay(args) => replay::run(args),
        Command::Oracle(args) => making::oracle(&args),
        Command::Reconcile(args) => reconcile::run(args),
        Command::DemoTable(args) => demo_table::run(&args),
    }
}

/// Prints to stdout. A reader who has gone away ends nothing.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()));
    drop(out.flush());
}

/// Writes a value as indented JSON with a last newline.
fn write_json(path: &std::path::Path, value: &impl serde::Serialize) -> Result<(), Stop> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| Stop::new(AWAY, error))?;
    text.push('\n');
    std::fs::write(path, text).map_err(|error| {
        Stop::new(
            AWAY,
            format!(
                "cannot write {}: {error}; choose another place",
                path.display()
            ),
        )
    })
}
