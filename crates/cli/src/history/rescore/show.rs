//! How corrections are shown: to people, and as JSON.

use super::super::rounds::Season;
use super::Changed;
use crate::args::RescoreArgs;
use campaign::Correction;
use contest::{EntrantCode, Remedy, draw_name};
use coordinator::Judge;
use record::hexed::Hex;
use serde_json::{Value, json};
use std::io::Write;

/// Codes that are printed of one list; JSON has all.
const CODES: usize = 12;

/// Prints what changes.
pub(super) fn print(
    season: &Season,
    args: &RescoreArgs,
    judge: &Judge,
    is_published: bool,
    changed: &[Changed<'_>],
    out: &mut impl Write,
) -> std::io::Result<()> {
    if args.json {
        let all: Vec<Value> = changed.iter().map(as_json).collect();
        let line = json!({
            "campaign": season.id(), "version": judge.version, "published": is_published,
            "sha256": Hex(judge.sha256), "policy": policy_name(judge.policy), "corrections": all,
        });
        writeln!(out, "{line}")?;
        return out.flush();
    }
    let version = if is_published {
        format!("version {}", judge.version)
    } else {
        "a file that is not published".to_owned()
    };
    writeln!(
        out,
        "{}: judged again by {version}, SHA-256 {}",
        season.id(),
        Hex(judge.sha256)
    )?;
    if changed.is_empty() {
        writeln!(out, "nothing changes")?;
    }
    for one in changed {
        table(one, judge.policy, out)?;
    }
    out.flush()
}

fn table(one: &Changed<'_>, policy: Correction, out: &mut impl Write) -> std::io::Result<()> {
    let diff = &one.diff;
    writeln!(
        out,
        "{}: newly right {}, newly wrong {}, scores changed {}",
        draw_name(one.before.round),
        diff.newly_right.len(),
        diff.newly_wrong.len(),
        diff.scores.len()
    )?;
    writeln!(
        out,
        "  digest {} becomes {}",
        one.before.result.standings, one.now.act.standings
    )?;
    writeln!(
        out,
        "  winners: {} new ({}), {} no longer ({})",
        diff.newly_winning.len(),
        tails(&diff.newly_winning),
        diff.no_longer_winning.len(),
        tails(&diff.no_longer_winning)
    )?;
    for (prize, remedies) in &one.remedies {
        for remedy in remedies
            .iter()
            .filter(|remedy| !matches!(remedy, Remedy::Keep(_)))
        {
            let (verb, code) = named(remedy);
            writeln!(
                out,
                "  {}: {verb} {prize} …{}",
                policy_name(policy),
                code.tail()
            )?;
        }
    }
    Ok(())
}

fn tails(codes: &[EntrantCode]) -> String {
    let mut shown: Vec<String> = codes.iter().take(CODES).map(|code| code.tail()).collect();
    if codes.len() > CODES {
        shown.push("…".to_owned());
    }
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(" ")
    }
}

fn named(remedy: &Remedy) -> (&'static str, EntrantCode) {
    match remedy {
        Remedy::Keep(code) => ("keep", *code),
        Remedy::FromReserve(code) => ("from_reserve", *code),
        Remedy::Revoke(code) => ("revoke", *code),
        Remedy::Give(code) => ("give", *code),
    }
}

/// The policy's name in campaign files.
pub(super) fn policy_name(policy: Correction) -> &'static str {
    match policy {
        Correction::KeepAnnounced => "keep_announced",
        Correction::Replace => "replace",
        Correction::Void => "void",
    }
}

fn as_json(one: &Changed<'_>) -> Value {
    let codes = |codes: &[EntrantCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let scores: Vec<Value> = one
        .diff
        .scores
        .iter()
        .map(|score| json!({"code": score.code.to_string(), "before": score.before, "after": score.after}))
        .collect();
    let mut remedies = Vec::new();
    for (prize, list) in &one.remedies {
        for remedy in list {
            let (verb, code) = named(remedy);
            remedies.push(json!({"prize": prize, "remedy": verb, "code": code.to_string()}));
        }
    }
    json!({
        "round": one.before.round, "draw": draw_name(one.before.round), "corrects": one.before.ctl,
        "newly_right": codes(&one.diff.newly_right), "newly_wrong": codes(&one.diff.newly_wrong),
        "scores": scores, "newly_winning": codes(&one.diff.newly_winning),
        "no_longer_winning": codes(&one.diff.no_longer_winning), "remedies": remedies,
        "digest_before": one.before.result.standings, "digest": one.now.act.standings,
        "entrants": one.now.field.field.standings().len(), "result": one.now.act,
    })
}
