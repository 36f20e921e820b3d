//! `results --provisional`: the tallies of the log, summed over partitions.

use super::scan::{self, Chains, Span};
use crate::args::{HistoryArgs, ResultsArgs};
use crate::failure::{Failure, io};
use msglog::Log;
use quiz::{Summed, sum_tallies};
use record::hexed::Hex;
use record::tally::{TALLY, Tally};
use record::topics::RESULTS;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// Prints what every round's tallies say.
pub(super) fn provisional(args: &ResultsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let asked = args.number();
    let (campaign, sums) = of_campaign(&args.history, args.campaign.as_deref())?;
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
                .map(|(round, sum)| as_json(*round, sum))
                .collect();
            writeln!(
                out,
                "{}",
                json!({ "campaign": campaign, "provisional": true, "rounds": rounds })
            )
        } else {
            table(&campaign, &rounds, out)
        }
    };
    print(out).and_then(|()| out.flush()).map_err(io("write"))
}

type Sums = BTreeMap<Option<u16>, Summed>;

/// The campaign that is asked for, or the only one, and the sums of its rounds.
fn of_campaign(history: &HistoryArgs, asked: Option<&str>) -> Result<(String, Sums), Failure> {
    let log = scan::open(history)?;
    let sums = sum_tallies(tallies(&*log, &scan::spans_or_none(&*log, RESULTS)?)?);
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

/// Every tally of these spans with its partition, in the order of the log.
///
/// # Errors
/// Failures of reading, a fork, a tally that cannot be read.
pub(super) fn tallies(
    log: &dyn Log,
    spans: &BTreeMap<u32, Span>,
) -> Result<Vec<(u32, Tally)>, Failure> {
    let mut chains = Chains::of(RESULTS);
    let mut tallies = Vec::new();
    scan::each(log, RESULTS, spans, |stored| {
        if chains.accept(RESULTS, stored)?
            && record::type_of(&stored.value).as_deref() == Some(TALLY)
        {
            let tally: Tally = serde_json::from_slice(&stored.value).map_err(|error| {
                Failure::no(format!("a tally of {RESULTS} cannot be read: {error}"))
            })?;
            tallies.push((stored.partition, tally));
        }
        Ok(true)
    })?;
    Ok(tallies)
}

fn as_json(round: Option<u16>, sum: &Summed) -> Value {
    json!({
        "round": round, "joins": sum.totals.joins, "answers": sum.totals.answers,
        "wrong_format": sum.totals.wrong_format, "lines": sum.totals.lines,
        "digest": Hex(sum.totals.digest.to_be_bytes()),
        "late_after_seal": sum.totals.late_after_seal,
        "version": sum.versions.1, "tick": sum.tick, "partitions": sum.partitions,
    })
}

fn table(
    campaign: &str,
    rounds: &[(Option<u16>, Summed)],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(
        out,
        "{campaign}: provisional, nothing is sealed; as of tick {}",
        rounds.iter().map(|r| r.1.tick).max().unwrap_or(0)
    )?;
    writeln!(
        out,
        "{:>5} {:>9} {:>9} {:>12}  answers",
        "round", "joins", "answered", "wrong format"
    )?;
    for (round, sum) in rounds {
        let mut answers: Vec<String> = sum
            .totals
            .answers
            .iter()
            .map(|(answer, fans)| format!("{answer} {fans}"))
            .collect();
        if sum.totals.late_after_seal > 0 {
            answers.push(format!("({} after the seal)", sum.totals.late_after_seal));
        }
        let name = round.map_or_else(|| "none".to_owned(), |round| round.to_string());
        writeln!(
            out,
            "{name:>5} {:>9} {:>9} {:>12}  {}",
            sum.totals.joins,
            sum.totals.lines,
            sum.totals.wrong_format,
            answers.join("  "),
        )?;
    }
    Ok(())
}
