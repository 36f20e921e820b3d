//! `results`: what sealed rounds came to, each computed again from its shares before it is shown.

use super::provisional;
use super::rounds::{Concluded, Season};
use super::{page, scan};
use crate::args::ResultsArgs;
use crate::failure::{Failure, NO, io};
use contest::RecordedAward;
use control::rounds::Life;
use record::hexed::Hex;
use serde_json::{Value, json};
use std::io::Write;

/// Prints the results of a campaign; exit code 1 when one of them does not follow from the log.
pub(crate) fn results(args: &ResultsArgs, out: &mut impl Write) -> Result<(), Failure> {
    if args.provisional {
        return provisional::provisional(args, out);
    }
    let season = Season::open(scan::open(&args.history)?, args.campaign.as_deref())?;
    let asked = args.number();
    if let Some(round) =
        asked.filter(|round| season.newest.compiled.campaign.round(*round).is_none())
    {
        return Err(Failure::no(format!(
            "campaign {:?} has no round {round}",
            season.id()
        )));
    }
    let mut concluded = season.concluded()?;
    concluded.retain(|one| asked.is_none() || one.round == asked);
    if concluded.is_empty() {
        let what = asked.map_or_else(|| "no round".to_owned(), |round| format!("round {round}"));
        let state = asked.map_or_else(String::new, |round| {
            format!(": it is {}", state(&season.life(Some(round))))
        });
        return Err(Failure::no(format!(
            "{what} of {:?} has a result{state}; --provisional shows the tallies so far",
            season.id()
        )));
    }
    let checked: Vec<(Concluded, Vec<String>)> = concluded
        .into_iter()
        .map(|one| {
            let troubles = one.troubles();
            (one, troubles)
        })
        .collect();
    if let Some(dir) = &args.html {
        page::write(dir, &season, &checked)?;
    }
    let open = waiting(&season, asked);
    let print = |out: &mut dyn Write| -> std::io::Result<()> {
        if args.json {
            let rounds: Vec<Value> = checked
                .iter()
                .map(|(one, troubles)| as_json(one, troubles))
                .collect();
            let open: Vec<Value> = open
                .iter()
                .map(|(round, state)| json!({"round": round, "state": state}))
                .collect();
            let all = json!({
                "campaign": season.id(), "provisional": false, "rounds": rounds, "without_result": open,
            });
            writeln!(out, "{all}")?;
        } else {
            for (one, troubles) in &checked {
                table(season.id(), one, troubles, out)?;
            }
            for (round, state) in &open {
                writeln!(out, "round {round}: no result, {state}")?;
            }
        }
        out.flush()
    };
    print(out).map_err(io("write"))?;
    if checked.iter().all(|(_, troubles)| troubles.is_empty()) {
        Ok(())
    } else {
        Err(Failure {
            code: NO,
            message: String::new(),
        })
    }
}

/// Rounds that have no result, and how far they are.
fn waiting(season: &Season, asked: Option<u16>) -> Vec<(u16, &'static str)> {
    let rounds = season.newest.compiled.campaign.rounds.iter();
    rounds
        .map(|round| round.number)
        .filter(|round| asked.is_none_or(|asked| asked == *round))
        .map(|round| (round, season.life(Some(round))))
        .filter(|(_, life)| life.result.is_none())
        .map(|(round, life)| (round, state(&life)))
        .collect()
}

/// How far a round is, as far as `control` tells.
pub(super) fn state(life: &Life) -> &'static str {
    match life {
        Life { is_void: true, .. } => "void",
        Life {
            result: Some(_), ..
        } => "published",
        Life {
            is_skipped: true, ..
        } => "skipped",
        Life {
            decision: Some(_), ..
        } => "sealed",
        Life {
            request: Some(_), ..
        } => "sealing",
        _ => "not sealed",
    }
}

fn as_json(one: &Concluded, troubles: &[String]) -> Value {
    let (result, draw) = (&one.result, &one.draw);
    let state = if result.corrects.is_some() {
        "corrected"
    } else {
        "published"
    };
    json!({
        "round": one.round, "draw": draw.text("draw"), "state": state, "result": one.ctl,
        "version": result.version, "level": draw.text("level"), "ranking": draw.text("ranking"),
        "sealed_at": draw.sealed_at(), "listed_at": draw.listed_at(),
        "entrants": result.entrants, "answered": result.answered, "correct": result.correct,
        "digest": result.standings, "list": result.list, "seed": draw.text("seed"), "secret": draw.text("s"),
        "record_sha256": result.record_sha256, "record": result.record,
        "corrects": result.corrects, "actor": result.actor, "reason": result.reason,
        "awards": draw.awards.iter().map(award).collect::<Vec<_>>(),
        "verified": troubles.is_empty(), "troubles": troubles,
    })
}

fn award(award: &RecordedAward) -> Value {
    let winners = award.given.winners.iter();
    let winners: Vec<Value> = winners
        .map(|won| json!({"slot": won.slot, "place": won.place, "code": Hex(won.code.0)}))
        .collect();
    let passed = award.given.passed.iter();
    let passed: Vec<Value> = passed
        .map(|p| json!({"place": p.place, "code": Hex(p.code.0), "reason": p.bar.name()}))
        .collect();
    json!({
        "prize": award.prize, "class": award.class, "mode": award.mode.name(), "among": award.among.name(),
        "winners": winners, "passed": passed,
    })
}

fn table(
    campaign: &str,
    one: &Concluded,
    troubles: &[String],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let (result, draw) = (&one.result, &one.draw);
    let name = one
        .round
        .map_or_else(|| "final draw".to_owned(), |round| format!("round {round}"));
    writeln!(
        out,
        "{campaign} {name}: {} on the list, {} answered, {} right; version {}, {}, result at offset {} of control",
        result.entrants,
        result.answered,
        result.correct,
        result.version,
        draw.text("level"),
        one.ctl,
    )?;
    if let Some(corrects) = result.corrects {
        writeln!(
            out,
            "  corrects  the result at offset {corrects}, by {}: {}",
            result.actor, result.reason
        )?;
    }
    for award in &draw.awards {
        let winners: Vec<String> = award
            .given
            .winners
            .iter()
            .map(|won| format!("{} (place {})", won.code.tail(), won.place))
            .collect();
        let passed = match award.given.passed.len() {
            0 => String::new(),
            count => format!("; {count} passed over"),
        };
        let winners = if winners.is_empty() {
            "nobody".to_owned()
        } else {
            winners.join(", ")
        };
        writeln!(out, "  {:<9} {winners}{passed}", award.prize)?;
    }
    writeln!(out, "  digest    {}", result.standings)?;
    writeln!(out, "  list      {}", result.list)?;
    writeln!(out, "  seed      {}", draw.text("seed"))?;
    if troubles.is_empty() {
        writeln!(
            out,
            "  verified  computed again from the shares of the log: equal"
        )?;
    }
    for trouble in troubles {
        writeln!(out, "  WRONG     {trouble}")?;
    }
    Ok(())
}
