//! What the sealed rounds came to for one fan: answer, points, place, lot, prize, and why he was passed over. By the
//! results that stand, never by what is provisional.

use super::rounds::{Concluded, Season, Told};
use crate::failure::Failure;
use contest::{
    EntrantCode, Entrants, RecordedAward, Seed, Standing, awards_after, contenders, draw_name,
};
use msglog::Log;
use record::hexed::encode;
use serde_json::{Value, json};
use std::sync::Arc;

/// Who is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    Fan(&'a str),
    Code(EntrantCode),
}

/// A row for each result of each campaign, rounds ascending, final draws last.
///
/// # Errors
/// Failures of reading; a result that cannot be computed again.
pub(super) fn rows(log: &Arc<dyn Log>, asked: Asked<'_>) -> Result<Vec<Value>, Failure> {
    let told = Told::read(&**log)?;
    let ids: Vec<String> = told
        .state
        .newest()
        .map(|newest| newest.id.clone())
        .collect();
    let mut rows = Vec::new();
    for id in ids {
        let season = Season::open(Arc::clone(log), Some(&id))?;
        for one in season.concluded()? {
            rows.push(row(&one, asked)?);
        }
    }
    Ok(rows)
}

fn row(one: &Concluded, asked: Asked<'_>) -> Result<Value, Failure> {
    let campaign = &one.judged.compiled.campaign;
    let code = match asked {
        Asked::Fan(fan) => Entrants::new(campaign.draw.salt.as_bytes()).code(fan),
        Asked::Code(code) => code,
    };
    let name = draw_name(one.round);
    let basis = one.basis.as_ref().map_err(|why| {
        Failure::no(format!(
            "{name} of {:?} cannot be computed again: {why}",
            campaign.id
        ))
    })?;
    let field = &basis.standing.field;
    let mut row = json!({
        "what": "result", "campaign": campaign.id, "round": one.round, "draw": name,
        "code": code.to_string(), "result": one.ctl, "version": one.result.version,
        "corrected": one.result.corrects.is_some(), "listed": basis.sealed.field.get(code).is_some(),
    });
    let Some(standing) = field.get(code) else {
        return Ok(row);
    };
    put_standing(&mut row, standing);
    let Some(seed) = Seed::parse(one.draw.text("seed")) else {
        return Ok(row);
    };
    let mut awards = Vec::new();
    for (award, drawn) in awards_after(campaign, one.round)
        .into_iter()
        .zip(&one.draw.awards)
    {
        let ranked = contenders(field, award.mode, award.among, campaign.draw.ranking, &seed);
        let place = ranked.iter().position(|contender| contender.code == code);
        let lot = place
            .and_then(|place| ranked.get(place))
            .map(|contender| encode(&contender.lot));
        awards.push(json!({
            "prize": drawn.prize, "mode": drawn.mode.name(), "among": drawn.among.name(),
            "place": place.map(|place| place.saturating_add(1)), "of": ranked.len(), "lot": lot,
            "outcome": outcome(drawn, code, place.is_some()),
        }));
    }
    row["awards"] = awards.into();
    Ok(row)
}

fn put_standing(row: &mut Value, standing: &Standing<'_>) {
    let mut line = String::new();
    standing.write_line(&mut line);
    row["answered"] = standing.answered.into();
    row["right"] = standing.correct.into();
    row["answer"] = standing.value.as_ref().into();
    row["at"] = standing.at.into();
    row["points"] = standing.points.into();
    row["bar"] = standing.bar.map(contest::Bar::name).into();
    row["standing"] = line.trim_end().into();
}

/// What an award came to for one fan.
fn outcome(drawn: &RecordedAward, code: EntrantCode, contends: bool) -> String {
    if let Some(won) = drawn.given.winners.iter().find(|won| won.code == code) {
        return format!("wins, slot {}", won.slot);
    }
    if let Some(passed) = drawn.given.passed.iter().find(|passed| passed.code == code) {
        return format!("passed over: {}", passed.bar.name());
    }
    if !contends {
        return format!(
            "does not contend: the award is among those who are {}",
            drawn.among.name()
        );
    }
    if drawn.given.winners.is_empty() {
        "nobody won".to_owned()
    } else {
        "no winning place".to_owned()
    }
}

/// A row for people.
pub(super) fn sentence(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let head = format!(
        "{} {}, code {}",
        text(&row["campaign"]),
        text(&row["draw"]),
        text(&row["code"])
    );
    if row["standing"].is_null() {
        return format!("{head}: not on the list");
    }
    let mut parts = vec![if row["answered"] == 0 {
        "on the list without an answer".to_owned()
    } else if row["round"].is_null() {
        format!(
            "{} round(s) right of {} answered",
            row["right"], row["answered"]
        )
    } else {
        let right = if row["right"] == 0 { "wrong" } else { "right" };
        format!("answer {} at {}, {right}", text(&row["answer"]), row["at"])
    }];
    parts.push(format!("{} points", row["points"]));
    if let Some(bar) = row["bar"].as_str() {
        parts.push(format!("cannot win: {bar}"));
    }
    for award in row["awards"].as_array().into_iter().flatten() {
        let place = award["place"].as_u64().map_or_else(String::new, |place| {
            format!(
                ", place {place} of {} (lot {}…)",
                award["of"],
                text(&award["lot"]).get(..12).unwrap_or_default()
            )
        });
        parts.push(format!(
            "{} ({}): {}{place}",
            text(&award["prize"]),
            text(&award["mode"]),
            text(&award["outcome"])
        ));
    }
    format!("{head}: {}", parts.join("; "))
}
