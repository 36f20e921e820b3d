//! `results --provisional`: the tallies of the log, summed over partitions. Of a sealed round they are what was counted
//! up to its cut; what was published of it, `results` without the flag shows.

use super::results;
use super::rounds::Season;
use super::scan::{self, Chains, Span};
use crate::args::ResultsArgs;
use crate::failure::{Failure, io};
use msglog::Log;
use quiz::{Summed, sum_tallies};
use record::chain::{Position, link_of};
use record::hexed::Hex;
use record::tally::{TALLY, Tally};
use record::topics::RESULTS;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Prints what every round's tallies say.
pub(super) fn provisional(args: &ResultsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let asked = args.number();
    let log = scan::open(&args.history)?;
    let (campaign, sums) = of_campaign(&*log, args.campaign.as_deref())?;
    let season = Season::open(log, Some(&campaign))?;
    let state = |round: Option<u16>| round.map(|_| results::state(&season.life(round)));
    let mut rounds: Vec<(Option<u16>, Summed)> = sums.into_iter().collect();
    rounds.retain(|(round, _)| asked.is_none() || *round == asked);
    // What lies in no round's window comes last.
    rounds.sort_by_key(|(round, _)| round.map_or(u32::MAX, u32::from));
    if let Some(round) = asked.filter(|_| rounds.is_empty()) {
        return Err(Failure::no(format!(
            "nothing was counted in round {round} of {:?} yet",
            campaign
        )));
    }
    let print = |out: &mut dyn Write| {
        if args.json {
            let rounds: Vec<Value> = rounds
                .iter()
                .map(|(round, sum)| as_json(*round, sum, state(*round)))
                .collect();
            writeln!(
                out,
                "{}",
                json!({ "campaign": campaign, "provisional": true, "rounds": rounds })
            )
        } else {
            table(&campaign, &rounds, &state, out)
        }
    };
    print(out).and_then(|()| out.flush()).map_err(io("write"))
}

type Sums = BTreeMap<Option<u16>, Summed>;

/// The campaign that is asked for, or the only one, and the sums of its rounds.
fn of_campaign(log: &dyn Log, asked: Option<&str>) -> Result<(String, Sums), Failure> {
    let sums = sum_tallies(tallies(log, &scan::spans_or_none(log, RESULTS)?)?.all);
    let mut known: Vec<String> = sums.keys().map(|(campaign, _)| campaign.clone()).collect();
    known.dedup();
    let campaign = match (asked, known.as_slice()) {
        (Some(asked), all) if all.iter().any(|id| id == asked) => asked.to_owned(),
        (None, [only]) => only.clone(),
        (None, []) => return Err(Failure::no("there is no tally of any campaign yet")),
        (None, many) => {
            let many = many.join(", ");
            return Err(Failure::wrong(format!(
                "there are several campaigns: name one of {many}"
            )));
        }
        (Some(asked), all) => {
            let hint = all
                .first()
                .map_or_else(String::new, |id| format!("; there are tallies of {id:?}"));
            return Err(Failure::no(format!(
                "there is no tally of campaign {asked:?} yet{hint}"
            )));
        }
    };
    let of_this = sums
        .into_iter()
        .filter(|((id, _), _)| *id == campaign)
        .map(|((_, round), sum)| (round, sum))
        .collect();
    Ok((campaign, of_this))
}

/// The tallies of the log, and how far the log says that quiz has come.
#[derive(Default)]
pub(super) struct Tallies {
    /// Every tally with its partition, in the order of the log.
    pub(super) all: Vec<(u32, Tally)>,
    /// From where to where the outputs of each partition reach. What quiz writes at a position in between stands in the
    /// log.
    pub(super) reach: BTreeMap<u32, (Position, Position)>,
}

/// Reads the tallies of these spans.
///
/// # Errors
/// Failures of reading, a fork, a tally that cannot be read.
pub(super) fn tallies(log: &dyn Log, spans: &BTreeMap<u32, Span>) -> Result<Tallies, Failure> {
    let mut chains = Chains::of(RESULTS);
    let mut tallies = Tallies::default();
    scan::each(log, RESULTS, spans, |stored| {
        if !chains.accept(RESULTS, stored)? {
            return Ok(true);
        }
        if let Some(link) = link_of(&stored.value) {
            // Nothing before the first output of all was retired.
            let first = link.prev.map_or(Position(0, 0), |_| link.pos);
            let reach = tallies.reach.entry(stored.partition);
            reach.or_insert((first, link.pos)).1 = link.pos;
        }
        if record::type_of(&stored.value).as_deref() == Some(TALLY) {
            let tally: Tally = serde_json::from_slice(&stored.value).map_err(|error| {
                Failure::no(format!("a tally of {RESULTS} cannot be read: {error}"))
            })?;
            tallies.all.push((stored.partition, tally));
        }
        Ok(true)
    })?;
    Ok(tallies)
}

fn as_json(round: Option<u16>, sum: &Summed, state: Option<&str>) -> Value {
    json!({
        "round": round, "state": state, "joins": sum.totals.joins, "answers": sum.totals.answers,
        "others": sum.totals.others, "wrong_format": sum.totals.wrong_format, "lines": sum.totals.lines,
        "digest": Hex(sum.totals.digest.to_be_bytes()),
        "late_after_seal": sum.totals.late_after_seal,
        "version": sum.versions.1, "tick": sum.tick, "partitions": sum.partitions,
    })
}

fn table(
    campaign: &str,
    rounds: &[(Option<u16>, Summed)],
    state: &dyn Fn(Option<u16>) -> Option<&'static str>,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let is_settled = |round| matches!(state(round), Some("sealed" | "published" | "void"));
    let standing = if rounds.iter().any(|(round, _)| is_settled(*round)) {
        "tallies; those of rounds that are not sealed are provisional"
    } else {
        "provisional, nothing is sealed"
    };
    writeln!(
        out,
        "{campaign}: {standing}; as of tick {}",
        rounds.iter().map(|r| r.1.tick).max().unwrap_or(0)
    )?;
    writeln!(
        out,
        "{:>5} {:>10} {:>9} {:>9} {:>12}  answers",
        "round", "state", "joins", "answered", "wrong format"
    )?;
    for (round, sum) in rounds {
        let mut answers: Vec<String> = sum
            .totals
            .answers
            .iter()
            .map(|(answer, fans)| format!("{answer} {fans}"))
            .collect();
        if sum.totals.others > 0 {
            answers.push(format!("(others {})", sum.totals.others));
        }
        if sum.totals.late_after_seal > 0 {
            answers.push(format!("({} after the seal)", sum.totals.late_after_seal));
        }
        let name = round.map_or_else(|| "none".to_owned(), |round| round.to_string());
        writeln!(
            out,
            "{name:>5} {:>10} {:>9} {:>9} {:>12}  {}",
            state(*round).unwrap_or("-"),
            sum.totals.joins,
            sum.totals.lines,
            sum.totals.wrong_format,
            answers.join("  "),
        )?;
    }
    Ok(())
}
