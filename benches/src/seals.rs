//! The seal of a round on a real journal: from the decision's copies in `inbound` to the result, step by step, with
//! the share of every partition. Not the wait for nodes before it, nor the coordinator's own records.

use crate::failure::{Failure, tried};
use crate::folds::{Filling, Sample, dedup, dedup_copies, journal, quiz};
use crate::node::CAMPAIGN;
use crate::report::{Place, Table, median, ratio};
use crate::requests::{self, ROUND_OPEN};
use crate::synth;
use campaign::Campaign;
use contest::{Facts, Field, Holders, Secret, conclude};
use msglog::{Log, NewRecord};
use record::rounds::{SHARE, SealDecided, Share};
use record::topics::RESULTS;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds from the decision to the result that are wanted.
const WANTED_S: f64 = 2.0;
/// Messages of a fan: a join, talk, an answer.
const PER_FAN: u64 = 3;
/// What fans answer, one of them wrongly.
const ANSWERS: [&str; 4] = ["D", "选D", "A", "雷军"];
/// Rounds of the campaign, and seconds from one opening to the next.
const ROUNDS: u16 = 12;
const ROUND_EVERY_S: i64 = 600;
/// Seconds from the close of a round to its seal.
const GRACE_S: i64 = 36;
/// The round's length in seconds.
const ROUND_S: i64 = 300;

/// One seal, step by step, in seconds.
struct Seal {
    steps: [(&'static str, f64, f64); 4],
    chunks: usize,
    bytes: usize,
    entrants: usize,
}

/// The benchmark: a round that so many fans have answered.
pub(crate) fn run(place: &Place, fans: u64, rounds: usize) -> Result<(), Failure> {
    let seals = (0..rounds)
        .map(|_| seal(place, fans))
        .collect::<Result<Vec<_>, _>>()?;
    let mut table = Table::new(
        format!(
            "{fans} fans with {PER_FAN} messages each in round 1, {} partitions",
            synth::PARTITIONS
        ),
        &["step", "seconds", "processor s"],
    );
    let middle = |of: &dyn Fn(&Seal) -> f64| median(&seals.iter().map(of).collect::<Vec<_>>());
    let names = seals.first().map(|seal| seal.steps.map(|step| step.0));
    for (n, name) in names.into_iter().flatten().enumerate() {
        let (seconds, cpu) = (middle(&|s| s.steps[n].1), middle(&|s| s.steps[n].2));
        table.row(
            vec![
                name.to_owned(),
                format!("{seconds:.3}"),
                format!("{cpu:.3}"),
            ],
            json!({ "step": name, "seconds": seconds, "cpu_s": cpu }),
        );
    }
    let whole = |seal: &Seal| seal.steps.iter().map(|step| step.1).sum::<f64>();
    let mut sum = Table::new("altogether", &["", "figure"]);
    let entrants = middle(&|s| s.entrants as f64);
    for (name, figure, digits) in [
        ("entrants", entrants, 0),
        ("chunks of shares", middle(&|s| s.chunks as f64), 0),
        ("bytes of standings", middle(&|s| s.bytes as f64), 0),
        ("seconds from the decision", middle(&whole), 3),
        ("of the wanted 2 s", middle(&whole) / WANTED_S, 2),
    ] {
        sum.row(
            vec![name.to_owned(), format!("{figure:.digits$}")],
            json!({ "what": name, "figure": figure }),
        );
    }
    place.publish("seals", "The seal of a round", &[table, sum])
}

fn seal(place: &Place, fans: u64) -> Result<Seal, Failure> {
    let dir = place.scratch()?;
    let log: Arc<dyn Log> = journal(dir.path())?;
    let mut filling = Filling::new(&*log)?;
    filling.extend(synth::tick_at(0)?)?;
    filling.extend(synth::campaign_everywhere()?)?;
    let count = fans.saturating_mul(PER_FAN);
    for nth in 0..count {
        let second = i64::try_from(nth % ROUND_S.unsigned_abs()).unwrap_or(0);
        // The first third joins, the second talks, the last answers.
        let text = match nth / fans {
            0 => "GO",
            1 => "谢谢",
            _ => ANSWERS[usize::try_from(nth % 4).unwrap_or(0)],
        };
        let fan = requests::fan(nth % fans);
        filling.extend(vec![synth::written(&fan, second, nth, nth, text)?])?;
    }
    filling.extend(synth::tick_at(ROUND_S + 36)?)?;
    filling.finish()?;
    dedup(&log, dir.path(), 0)?;
    quiz(&log, dir.path())?;

    let mut filling = Filling::new(&*log)?;
    let (decided, began) = (decision(1), Instant::now());
    filling.extend(synth::copy_everywhere(1, Some(0), decided)?)?;
    filling.finish()?;
    let copied = began.elapsed().as_secs_f64();
    let passed = dedup_copies(&log, dir.path())?;
    let judged = quiz(&log, dir.path())?;
    let (field, chunks, bytes, gathered) = gather(&*log, 1)?;
    let entrants = field.standings().len();
    if u64::try_from(entrants).ok() != Some(fans) {
        return Err(Failure::no(format!(
            "{entrants} of {fans} fans are entrants"
        )));
    }
    let began = Instant::now();
    let result = result(&field, 1)?;
    let concluded = began.elapsed().as_secs_f64();
    if result == 0 {
        return Err(Failure::no("the result has no record".to_owned()));
    }
    let step = |name, sample: &Sample| (name, sample.seconds, sample.cpu_s);
    let alone = gathered + concluded;
    Ok(Seal {
        steps: [
            ("the decision's copies become durable", copied, copied),
            step("dedup passes them on", &passed),
            step("quiz judges and writes the shares", &judged),
            ("shares put together, winners, record", alone, alone),
        ],
        chunks,
        bytes,
        entrants,
    })
}

/// What an event costs whose rounds are sealed.
pub(crate) struct Event {
    /// quiz, with the seals among the messages.
    pub(crate) folded: Sample,
    /// Seconds for shares put together, winners and records of all rounds, on one thread.
    pub(crate) concluded_s: f64,
    /// Fans on all lists.
    pub(crate) entrants: usize,
}

/// The decision that seals each round, as every partition has it, and when it comes, in seconds after the first opening.
pub(crate) fn decisions() -> impl Iterator<Item = (i64, Result<Vec<NewRecord>, Failure>)> {
    (1..=ROUNDS).map(|round| {
        let (ctl, before) = (u64::from(round), u64::from(round - 1));
        let due = ROUND_EVERY_S * i64::from(round - 1) + ROUND_S + GRACE_S;
        (
            due,
            synth::copy_everywhere(ctl, Some(before), decision(round)),
        )
    })
}

/// The results of an event whose rounds quiz has judged.
pub(crate) fn event(log: &Arc<dyn Log>, folded: Sample) -> Result<Event, Failure> {
    let (mut concluded_s, mut entrants) = (0.0, 0);
    for round in 1..=ROUNDS {
        let (field, _, _, gathered) = gather(&**log, u64::from(round))?;
        let began = Instant::now();
        if result(&field, round)? == 0 || field.standings().is_empty() {
            return Err(Failure::no(format!(
                "round {round} has no record of anybody"
            )));
        }
        concluded_s += gathered + began.elapsed().as_secs_f64();
        entrants += field.standings().len();
    }
    Ok(Event {
        folded,
        concluded_s,
        entrants,
    })
}

/// The processor seconds of one kind of work in a run of quiz and one that seals.
type Spent = fn(&(&Sample, &Event)) -> f64;

/// What the seals of all rounds add to the fold; one that seals nothing keeps the same candidates for its tallies. Beside
/// it what their results cost the coordinator.
pub(crate) fn added(quizzes: &[Sample], sealed: &[Event]) -> Table {
    let entrants = median(
        &sealed
            .iter()
            .map(|one| one.entrants as f64)
            .collect::<Vec<_>>(),
    );
    let mut table = Table::new(
        format!(
            "twelve rounds sealed among the messages, {entrants:.0} entrants (wanted: at most 1.25 of quiz without)"
        ),
        &["work", "processor s", "of quiz"],
    );
    let runs: Vec<_> = quizzes.iter().zip(sealed).collect();
    let rows: [(&str, Spent); 3] = [
        ("quiz, no round sealed", |(quiz, _)| quiz.cpu_s),
        ("quiz, every round sealed", |(_, event)| event.folded.cpu_s),
        (
            "coordinator: shares put together, winners, records",
            |(_, event)| event.concluded_s,
        ),
    ];
    for (work, of) in rows {
        let spent = median(&runs.iter().map(of).collect::<Vec<_>>());
        let ratios: Vec<f64> = runs.iter().map(|run| ratio(of(run), run.0.cpu_s)).collect();
        let of_quiz = median(&ratios);
        table.row(
            vec![work.to_owned(), format!("{spent:.3}"), format!("{of_quiz:.2}")],
            json!({ "work": work, "cpu_s": spent, "of_quiz": of_quiz, "ratios": ratios, "entrants": entrants }),
        );
    }
    table
}

fn decision(round: u16) -> record::acts::Act {
    let open = ROUND_OPEN + ROUND_EVERY_S * i64::from(round - 1);
    record::acts::Act::SealDecided(SealDecided {
        v: record::SCHEMA_VERSION,
        campaign: "fanfest-2013-04-09".to_owned(),
        round,
        req: 1,
        version: 1,
        sha256: record::identity::sha256(CAMPAIGN.as_bytes()),
        open,
        close: open + ROUND_S,
        members: vec![],
        missing: vec![],
        at: open + ROUND_S + GRACE_S,
    })
}

/// Reads `results` and puts the shares of a decision together, as the coordinator does: the field, how many chunks, their bytes,
/// and the seconds.
fn gather(log: &dyn Log, ctl: u64) -> Result<(Field<'static>, usize, usize, f64), Failure> {
    let failed = |error| tried("read the shares")(error);
    let began = Instant::now();
    let mut reader = log.reader(RESULTS).map_err(failed)?;
    let mut wanted = 0;
    for partition in 0..synth::PARTITIONS {
        reader.seek(partition, 0).map_err(failed)?;
        wanted += log.end_offset(RESULTS, partition).map_err(failed)?;
    }
    let (mut read, mut chunks, mut lines) = (0, 0, String::new());
    while read < wanted {
        let batch = reader
            .poll(8_192, 16 << 20, Duration::from_millis(100))
            .map_err(failed)?;
        if batch.is_empty() {
            return Err(Failure::away("the shares ended too early".to_owned()));
        }
        read += batch.len() as u64;
        for stored in &batch {
            if record::type_of(&stored.value).as_deref() == Some(SHARE) {
                let share: Share =
                    serde_json::from_slice(&stored.value).map_err(tried("read a share"))?;
                if share.ctl == ctl {
                    lines.push_str(&share.standings);
                    chunks += 1;
                }
            }
        }
    }
    let field = Field::parse(&lines).map_err(tried("put shares together"))?;
    Ok((field, chunks, lines.len(), began.elapsed().as_secs_f64()))
}

/// The bytes of a round's record.
fn result(field: &Field<'_>, round: u16) -> Result<usize, Failure> {
    let parsed = Campaign::parse(CAMPAIGN);
    let campaign = parsed
        .map_err(|_| Failure::no("the campaign has errors".to_owned()))?
        .0;
    let facts = Facts {
        round: Some(round),
        config: record::identity::sha256(CAMPAIGN.as_bytes()).0,
        version: 1,
        cut: (0..synth::PARTITIONS)
            .map(|partition| (partition, 1))
            .collect(),
        sealed_at: ROUND_OPEN + ROUND_S + 36,
        listed_at: None,
        commitment: None,
        secret: Secret([7; 32]),
        beacon: None,
        fallback: None,
        correcting: None,
    };
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    let conclusion = conclude(&campaign, &facts, field, &mut holders);
    Ok(conclusion.record.len())
}
