//! Generates a recording: the traffic model, from a seed to a file. Deterministic: the same arguments give
//! the same bytes. What the recording means is judged by the oracle, which sees only the finished rows.

mod body;
mod files;
mod follows;
mod kinds;
mod pipeline;
mod plan;
#[cfg(test)]
mod tests;
mod timeline;

pub use files::{move_campaign, node_configuration};
pub use kinds::Kind;
pub use pipeline::Intent;
pub use timeline::Clock;

use crate::manifest::{Manifest, Parameters};
use crate::oracle::{Delivery, Judge};
use crate::profile::{DEFAULT_SEED, Profile};
use crate::recording::{self, Reader};
use crate::texts::{Corpus, NoOptions};
use body::Bodies;
use campaign::Campaign;
use indicatif::{ProgressBar, ProgressStyle};
use plan::Planner;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use timeline::Timeline;

/// The Fan Festival's campaign, from which its questions and options are taken.
const FANFEST: &str = include_str!("../../../../deploy/campaigns/fanfest-2013-04-09.toml");
/// A campaign with every kind of question, on the same timetable.
const KINDS: &str = include_str!("../../data/kinds.toml");
/// The first second of the Fan Festival's window: 2013-04-09 14:00:00 in China.
pub const FANFEST_START: i64 = 1_365_487_200;
/// Fewest messages: with less there is hardly a fan.
const MIN_MESSAGES: u64 = 100;
/// Most messages: their tickets are 400 MB.
const MAX_MESSAGES: u64 = 100_000_000;
/// Most that time can be divided by: a round of 300 s then lasts 5 s.
const MAX_COMPRESS: u32 = 60;
/// Pieces of the recording on their way to the oracle.
const TO_ORACLE: usize = 4;

/// What `generate` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The burst to make: fanfest-0409, or kinds, the same with every kind of question.
    pub profile: Profile,
    /// Seed of all randomness.
    #[arg(long, default_value_t = DEFAULT_SEED)]
    pub seed: u64,
    /// First second of the event's window: a time such as 2013-04-09T14:00:00+08:00, or `now`.
    #[arg(long)]
    pub start: Option<String>,
    /// Messages of the event's window.
    #[arg(long)]
    pub messages: Option<u64>,
    /// Multiplies the messages; the shape stays.
    #[arg(long, default_value_t = 1.0)]
    pub rate: f64,
    /// Divides time: a whole number from 1 to 60.
    #[arg(long, default_value_t = 1)]
    pub compress: u32,
    /// The recording; PROFILE.jsonl unless given.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Fail unless the recording has this SHA-256.
    #[arg(long)]
    pub verify: Option<String>,
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The profile has no more than a curve.
    #[error(
        "{0} has only its arrival curve so far; print it with `surge curve {0}`, or generate fanfest-0409 or kinds"
    )]
    OnlyCurve(Profile),
    /// An argument is out of bounds.
    #[error("{0}")]
    Argument(String),
    /// The campaign cannot be used.
    #[error(
        "the profile's campaign file is not valid: {0}; check it with `spillway campaign check`"
    )]
    Campaign(String),
    /// The campaign asks something that the profile has no spellings for.
    #[error(transparent)]
    Options(#[from] NoOptions),
    /// A file could not be written.
    #[error("cannot write {}: {source}; choose another place with --out", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was written could not be judged.
    #[error("the oracle could not judge the recording: {0}")]
    Judge(String),
    /// The recording is not the expected one.
    #[error("the recording has SHA-256 {found}, not {expected}")]
    Hash {
        /// What it has.
        found: String,
        /// What was asked for.
        expected: String,
    },
}

impl GenerateError {
    /// The exit code of the command: 1 done and the answer is no, 2 arguments, 3 something is away.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Hash { .. } | Self::Judge(_) => 1,
            Self::OnlyCurve(_) | Self::Argument(_) | Self::Campaign(_) | Self::Options(_) => 2,
            Self::Write { .. } => 3,
        }
    }
}

/// What was generated.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The recording.
    pub out: PathBuf,
    /// The oracle's verdict on it; also written to `OUT.manifest.json`.
    pub manifest: Manifest,
    /// What the generator meant, for comparison.
    pub intent: Intent,
}

/// A recording to be made: arguments checked.
#[derive(Debug, Clone)]
struct Order {
    profile: Profile,
    seed: u64,
    messages: u64,
    clock: Clock,
}

/// Generates a recording and what goes with it: `OUT`, `OUT.manifest.json`, `OUT.campaign.toml`,
/// `OUT.spillway.toml`. `now_s` is the wall clock in seconds since 1970, for `--start now`.
///
/// # Errors
/// [`GenerateError`]; a recording that could not be finished is left as `OUT.part`.
pub fn run(args: &Args, now_s: i64) -> Result<Generated, GenerateError> {
    let order = Order::new(args, now_s)?;
    let file = match order.profile {
        Profile::Kinds => KINDS,
        _ => FANFEST,
    };
    let text = move_campaign(file, FANFEST_START, order.clock);
    let campaign = parse(&text)?;
    let corpus = Corpus::new(&campaign)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.jsonl", args.profile)));
    let bar = progress_bar();
    let (written, intent, judge) = write_and_judge(&order, &campaign, &corpus, &out, &bar)?;
    bar.finish_and_clear();
    let parameters = Parameters {
        profile: order.profile.name().to_owned(),
        seed: order.seed,
        start: order.clock.start,
        messages: order.messages,
        compress: order.clock.compress,
    };
    let mut manifest = judge.manifest(&file_name(&out), &written, &text);
    manifest.parameters = Some(parameters);
    let node = node_configuration(&campaign.account, order.seed);
    let json = serde_json::to_string_pretty(&manifest)
        .map_err(|error| GenerateError::Judge(error.to_string()))?;
    write_file(&beside(&out, "campaign.toml"), text.as_bytes())?;
    write_file(&beside(&out, "spillway.toml"), node.as_bytes())?;
    write_file(
        &beside(&out, "manifest.json"),
        format!("{json}\n").as_bytes(),
    )?;
    match &args.verify {
        Some(expected) if !expected.eq_ignore_ascii_case(&written.sha256) => {
            Err(GenerateError::Hash {
                found: written.sha256,
                expected: expected.to_lowercase(),
            })
        }
        _ => Ok(Generated {
            out,
            manifest,
            intent,
        }),
    }
}

impl Order {
    fn new(args: &Args, now_s: i64) -> Result<Self, GenerateError> {
        if !matches!(args.profile, Profile::Fanfest0409 | Profile::Kinds) {
            return Err(GenerateError::OnlyCurve(args.profile));
        }
        let start = match args.start.as_deref() {
            None => FANFEST_START,
            Some("now") => now_s,
            Some(text) => instant(text)?,
        };
        if !(1..=MAX_COMPRESS).contains(&args.compress) {
            let message = format!(
                "--compress {} is not from 1 to {MAX_COMPRESS}",
                args.compress
            );
            return Err(GenerateError::Argument(message));
        }
        let messages = multiplied(args.messages.unwrap_or(args.profile.messages()), args.rate)
            .filter(|messages| (MIN_MESSAGES..=MAX_MESSAGES).contains(messages))
            .ok_or_else(|| {
                let bounds = format!("{MIN_MESSAGES} to {MAX_MESSAGES}");
                GenerateError::Argument(format!("--messages times --rate is not from {bounds}"))
            })?;
        let clock = Clock {
            start,
            compress: args.compress,
        };
        Ok(Self {
            profile: args.profile,
            seed: args.seed,
            messages,
            clock,
        })
    }
}

/// Messages times a rate of at most a thousand, which counts in thousandths.
fn multiplied(messages: u64, rate: f64) -> Option<u64> {
    if !(0.001..=1000.0).contains(&rate) {
        return None;
    }
    let thousandths = (rate * 1000.0).round() as u64;
    Some(messages.checked_mul(thousandths)? / 1000)
}

fn instant(text: &str) -> Result<i64, GenerateError> {
    let instant: Result<jiff::Timestamp, _> = text.parse();
    let second = instant
        .ok()
        .map(|instant| instant.as_second())
        .filter(|second| *second >= 86_400);
    second.ok_or_else(|| {
        let example = "2013-04-09T14:00:00+08:00";
        GenerateError::Argument(format!(
            "--start {text} is neither `now` nor a time such as {example}"
        ))
    })
}

fn parse(text: &str) -> Result<Campaign, GenerateError> {
    let parsed = Campaign::parse(text).map_err(|problems| {
        let first = problems.first();
        GenerateError::Campaign(first.map_or_else(String::new, |problem| problem.message.clone()))
    })?;
    Ok(parsed.0)
}

/// Writes the recording while the oracle judges what was written.
fn write_and_judge(
    order: &Order,
    campaign: &Campaign,
    corpus: &Corpus,
    out: &Path,
    bar: &ProgressBar,
) -> Result<(recording::Written, Intent, Judge), GenerateError> {
    let part = beside(out, "part");
    let cannot = |source| GenerateError::Write {
        path: part.clone(),
        source,
    };
    let file = File::create(&part).map_err(cannot)?;
    let timeline = Timeline::new(order.profile, order.messages);
    let planner = Planner::new(order.seed, &timeline, corpus.asked(), order.clock);
    let bodies = Bodies::new(order.seed, corpus);
    bar.set_length(planner.total());
    let first = planner.clock_second(planner.seconds().start);
    let (written, intent, judged) = std::thread::scope(|scope| {
        let (to_oracle, pieces) = sync_channel::<Vec<u8>>(TO_ORACLE);
        let judging = scope.spawn(|| judge(campaign, pieces, out));
        // A judge that gave up tells why when it is joined.
        let mut hand_over = |piece| to_oracle.send(piece).unwrap_or_default();
        let output = BufWriter::with_capacity(1 << 20, file);
        let progress = |planned| bar.set_position(planned);
        let done = pipeline::write(planner, &bodies, first, output, &mut hand_over, &progress);
        drop(to_oracle);
        let judged = judging.join();
        done.map(|(written, intent)| (written, intent, judged))
            .map_err(cannot)
    })?;
    let judge = judged
        .map_err(|_| GenerateError::Judge("it panicked".to_owned()))?
        .map_err(GenerateError::Judge)?;
    fs::rename(&part, out).map_err(|source| GenerateError::Write {
        path: out.into(),
        source,
    })?;
    Ok((written, intent, judge))
}

/// Judges the pieces of a recording as they come; each holds whole lines. Bodies are read in a thread of
/// their own.
fn judge(campaign: &Campaign, pieces: Receiver<Vec<u8>>, out: &Path) -> Result<Judge, String> {
    let mut judge = Judge::new(campaign).map_err(|error| error.to_string())?;
    std::thread::scope(|scope| {
        let (to_judge, deliveries) = sync_channel::<Result<Vec<Delivery>, String>>(TO_ORACLE);
        scope.spawn(move || {
            for piece in pieces {
                if to_judge.send(read(&piece, out)).is_err() {
                    return; // the judge gave up on a piece before
                }
            }
        });
        for piece in deliveries {
            piece?.iter().for_each(|delivery| judge.delivery(delivery));
        }
        Ok(judge)
    })
}

/// Reads the rows of a piece.
fn read(piece: &[u8], out: &Path) -> Result<Vec<Delivery>, String> {
    let mut reader = Reader::new(piece, out);
    let mut deliveries = Vec::new();
    while let Some(row) = reader.next().map_err(|error| error.to_string())? {
        deliveries.push(Delivery::read(&row));
    }
    Ok(deliveries)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), GenerateError> {
    fs::write(path, bytes).map_err(|source| GenerateError::Write {
        path: path.into(),
        source,
    })
}

/// `OUT.suffix`, beside `OUT`.
fn beside(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// A bar on a terminal; nothing elsewhere.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "generating {bar:40} {human_pos}/{human_len} messages, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
