//! `surge replay`: arguments checked into options, and the summary for people.

use super::{AWAY, NO, Stop, TRUE, USAGE, print, write_json};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::time::Duration;
use surge::client::Target;
use surge::manifest::Manifest;
use surge::replay::connector::PATIENCE;
use surge::replay::options::{ClockAddress, Forging, Options};
use surge::replay::source::{Choice, Shuffle};
use surge::replay::timetable::{PLATFORM_ATTEMPTS, Speed};
use surge::replay::{Failure, ReplayError, Replayed};
use surge::report::{Part, Report};
use wechat::{Account, AesKey, Mode};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The recording.
    file: PathBuf,
    /// The whole callback URL, such as http://127.0.0.1:8080/wechat/mi.
    #[arg(long, value_name = "URL")]
    target: String,
    /// The account's token.
    #[arg(long)]
    token: String,
    /// The account's EncodingAESKey; messages are then encrypted.
    #[arg(long, value_name = "KEY", requires = "app_id")]
    aes_key: Option<String>,
    /// The account's app id.
    #[arg(long, value_name = "ID", requires = "aes_key")]
    app_id: Option<String>,
    /// With a key: whether clear fields stand beside the ciphertext.
    #[arg(long, value_enum, default_value_t = Encryption::Safe, requires = "aes_key")]
    encryption: Encryption,
    /// Open: the recording's own re-deliveries are sent. Closed: only the platform's rule makes them.
    #[arg(long, value_enum, default_value_t = DriveMode::Open)]
    mode: DriveMode,
    /// How fast event time passes, or `max`: each connection sends its next request after its answer.
    #[arg(long, default_value = "1")]
    speed: Speed,
    /// Only what is scheduled at this time or later, such as 2013-04-09T14:00:00+08:00.
    #[arg(long, value_name = "TIME", value_parser = time_us)]
    from: Option<i64>,
    /// Only what is scheduled before this time.
    #[arg(long, value_name = "TIME", value_parser = time_us)]
    to: Option<i64>,
    /// Whether connections are kept, or each message has its own.
    #[arg(long, value_enum, default_value_t = Connections::Keep)]
    connections: Connections,
    /// Deliveries on their way at once, at most: 512 at full speed, else 4096.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    concurrency: Option<u32>,
    /// Sends from 127.0.0.2 to 127.0.0.N+1, so that ports do not run out.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=250))]
    sources: u8,
    /// Attempts to get a delivery answered, three as the platform makes them.
    #[arg(long, value_name = "N", default_value_t = PLATFORM_ATTEMPTS, value_parser = clap::value_parser!(u32).range(1..=100))]
    attempts: u32,
    /// Repeats every delivery until it is answered.
    #[arg(long, conflicts_with = "attempts")]
    until_acked: bool,
    /// Drives the clock of a rehearsal through this admin API.
    #[arg(long, value_name = "ADMIN_URL", requires = "clock_token")]
    clock: Option<String>,
    /// File with the token of the node's acts (DATA/admin.token).
    #[arg(long, value_name = "FILE", requires = "clock")]
    clock_token: Option<PathBuf>,
    /// Writes a row for each attempt.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Writes counts, percentiles and errors as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Mixes the order of deliveries within eight seconds.
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,
    /// Makes every delivery so many times; with --shuffle out of order.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    copies: Option<u16>,
    /// Sends so many forged requests per second beside the valid ones; 0 is as fast as they are refused.
    #[arg(long, value_name = "RATE")]
    forge: Option<u32>,
    /// Connections for forged requests.
    #[arg(long, value_name = "N", default_value_t = 16, requires = "forge")]
    forge_connections: u16,
    /// Seconds that a target may refuse connections before the replay gives up.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE.as_secs())]
    patience: u64,
    /// No progress, no summary.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Encryption {
    Safe,
    Compatible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DriveMode {
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Connections {
    Keep,
    Close,
}

fn time_us(text: &str) -> Result<i64, String> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_microsecond)
        .map_err(|_| format!("{text:?} is no time; write it like 2013-04-09T14:00:00+08:00"))
}

pub(super) fn run(args: Args) -> Result<u8, Stop> {
    let quiet = args.quiet;
    let report = args.report.clone();
    let rows = rows_of(&args);
    let options = options(args)?;
    let replayed =
        surge::replay::run(options, rows).map_err(|error| Stop::new(code(&error), error))?;
    if let Some(path) = report {
        write_json(&path, &replayed.report)?;
    }
    if !quiet {
        print(&summary(&replayed.report));
    }
    verdict(replayed)
}

fn verdict(replayed: Replayed) -> Result<u8, Stop> {
    let whole = replayed.is_whole();
    match replayed.failure {
        None => Ok(if whole { TRUE } else { NO }),
        Some(Failure::Interrupted) => Err(Stop::new(NO, Failure::Interrupted)),
        Some(failure) => Err(Stop::new(AWAY, failure)),
    }
}

fn code(error: &ReplayError) -> u8 {
    match error {
        ReplayError::Nothing(_) => USAGE,
        _ => AWAY,
    }
}

/// How many deliveries there will be, when the manifest beside the recording says so.
fn rows_of(args: &Args) -> Option<u64> {
    let part = args.from.is_some() || args.to.is_some() || args.mode == DriveMode::Closed;
    let mut name = args.file.clone().into_os_string();
    name.push(".manifest.json");
    let text = std::fs::read_to_string(name).ok().filter(|_| !part)?;
    let manifest: Manifest = serde_json::from_str(&text).ok()?;
    Some(
        manifest
            .recording
            .rows
            .saturating_mul(u64::from(args.copies.unwrap_or(1))),
    )
}

fn options(args: Args) -> Result<Options, Stop> {
    let usage = |error: &dyn std::fmt::Display| Stop::new(USAGE, error);
    let target = Target::parse(&args.target).map_err(|error| usage(&error))?;
    let concurrency = args.concurrency.unwrap_or(match args.speed {
        Speed::Max => 512,
        Speed::Times(_) => 4096,
    });
    let shuffle = (args.shuffle.is_some() || args.copies.is_some()).then(|| Shuffle {
        seed: args.shuffle.unwrap_or_default(),
        copies: args.copies.unwrap_or(1),
    });
    Ok(Options {
        account: account(&args)?,
        clock: clock(args.clock.as_deref(), args.clock_token.as_deref())?,
        choice: Choice {
            from_us: args.from,
            to_us: args.to,
            first_deliveries_only: args.mode == DriveMode::Closed,
            shuffle,
        },
        forging: args.forge.map(|per_second| Forging {
            per_second,
            connections: args.forge_connections,
        }),
        recording: args.file,
        url: args.target,
        target,
        speed: args.speed,
        close: args.connections == Connections::Close,
        concurrency: usize::try_from(concurrency).unwrap_or(512),
        sources: args.sources,
        attempts: args.attempts,
        until_acked: args.until_acked,
        ledger: args.ledger,
        report: args.report,
        patience: Duration::from_secs(args.patience),
        progress: !args.quiet,
    })
}

fn account(args: &Args) -> Result<Account, Stop> {
    let key = args.aes_key.as_deref().map(AesKey::parse).transpose();
    let key = key.map_err(|error| Stop::new(USAGE, format!("--aes-key: {error}")))?;
    let mode = match (&key, args.encryption) {
        (None, _) => Mode::Plain,
        (Some(_), Encryption::Safe) => Mode::Safe,
        (Some(_), Encryption::Compatible) => Mode::Compatible,
    };
    Ok(Account {
        name: String::new(),
        app_id: args.app_id.clone().unwrap_or_default(),
        // Stands in clear in encrypted deliveries, where nobody reads it.
        original_id: String::new(),
        token: args.token.clone(),
        key,
        previous_key: None,
        mode,
    })
}

fn clock(url: Option<&str>, token: Option<&Path>) -> Result<Option<ClockAddress>, Stop> {
    let (Some(url), Some(path)) = (url, token) else {
        return Ok(None);
    };
    let target = Target::parse(url).map_err(|error| Stop::new(USAGE, error))?;
    let token = std::fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Stop::new(
            AWAY,
            format!("cannot read the token {path}: {error}; start the node first"),
        )
    })?;
    Ok(Some(ClockAddress {
        target,
        token: token.trim().to_owned(),
    }))
}

/// The report in a few lines.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, part: &Part| {
        let ms = &part.ack_ms;
        text.push_str(&format!(
            "{name:<11} sent {:>9}  acked {:>9}  unacked {:>5}  invalid {:>5}  {:>8.0} acks/s  \
             p50 {:.1} ms  p99 {:.1}  p99.9 {:.1}  max {:.1}\n",
            part.sent,
            part.acked,
            part.unacked,
            part.invalid,
            part.acks_per_s,
            ms.p50,
            ms.p99,
            ms.p999,
            ms.max
        ));
    };
    report
        .parts
        .iter()
        .filter(|(_, part)| part.sent > 0)
        .for_each(|(name, part)| line(name, part));
    line("all", &report.all);
    text.push_str(&format!(
        "latency from the {}, speed {}, {} connections, {:.1} s, {:.1} µs of processor time per attempt\n",
        report.latency_from,
        report.speed,
        report.connects,
        report.sending_s,
        report.cpu_s * 1e6 / report.all.attempts.max(1) as f64
    ));
    if let Some(forged) = &report.forged {
        text.push_str(&format!(
            "forged: {} answered, {} refused, {:.0} per second\n",
            forged.answered, forged.refused, forged.per_s
        ));
    }
    for (why, count) in &report.errors {
        text.push_str(&format!(
            "attempts without a valid answer ({why}): {count}\n"
        ));
    }
    text
}
