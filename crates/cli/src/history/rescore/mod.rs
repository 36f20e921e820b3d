//! `rescore`: sealed rounds counted again from the messages, by another campaign file or by the published ones
//!

mod correct;
mod show;

use super::rounds::{Concluded, Sealed, Season, compile};
use super::scan;
use crate::args::{PolicyArg, RescoreArgs};
use crate::failure::{Failure, io};
use campaign::{Campaign, Correction};
use contest::{EntrantCode, draw_name, hash};
use correct::{Corrected, Judge, corrections};
use record::hexed::Hex;
use record::rounds::UnitState;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

/// Counts again, prints what would change, and publishes it when asked to.
///
/// # Errors
/// The log cannot be read, the file is not of this campaign, or, without a file, the results of the log are not
/// what its messages give.
pub(crate) fn rescore(args: &RescoreArgs, out: &mut impl Write) -> Result<(), Failure> {
    let season = Season::open(scan::open(&args.history)?, Some(&args.campaign))?;
    if !season.has_results() {
        return Err(Failure::no(format!(
            "no round of {:?} has a result",
            args.campaign
        )));
    }
    let asked = asked(&season, args.round)?;
    let Some(path) = &args.file else {
        return again(&season, &asked, out);
    };
    let toml = std::fs::read_to_string(path).map_err(io(format!("read {}", path.display())))?;
    let file = compile(&toml)?;
    fits(&season, &file.campaign)?;
    has_rounds(&file.campaign, &season)?;
    let sha256 = hash(toml.as_bytes());
    let known = season.control().versions(season.id()).iter();
    let published = known
        .rev()
        .find(|version| version.sha256.0 == sha256)
        .map(|version| version.version);
    let notified = notified(&season);
    let judge = Judge {
        compiled: &file,
        sha256,
        version: published.unwrap_or_else(|| season.newest.version.saturating_add(1)),
        policy: args.policy.map_or(file.campaign.correction, policy),
        reason: args.reason.as_deref().unwrap_or_default(),
        notified: &notified,
    };
    let (before, again) = season.both(Some(&file), &asked)?;
    let corrected = corrections(&judge, &before, &again).map_err(Failure::no)?;
    if let Some(dir) = &args.out {
        show::write(dir, &corrected)?;
    }
    show::print(&season, args, &judge, published.is_some(), &corrected, out)
        .map_err(io("write"))?;
    if args.publish {
        if judge.policy != season.newest.compiled.campaign.correction {
            return Err(Failure::wrong(
                "what becomes of winners follows `correction` of the newest published file; change it there to publish \
                 under another policy",
            ));
        }
        publish(args, published.is_some(), (&before, &corrected), out)?;
    }
    Ok(())
}

/// Sends the corrections to the coordinator.
fn publish(
    args: &RescoreArgs,
    is_published: bool,
    (before, corrected): (&[Concluded], &[Corrected<'_>]),
    out: &mut impl Write,
) -> Result<(), Failure> {
    if !is_published {
        return Err(Failure::no(
            "the file is no published version, so that nobody could compute the correction again; publish it first \
             with `campaign publish`",
        ));
    }
    if corrected.is_empty() {
        return Ok(());
    }
    let corrections: Vec<_> = corrected
        .iter()
        .map(|one| (&one.act, one.after.standings_file.as_str()))
        .collect();
    let drawn = before.iter().find(|one| one.round.is_none());
    let reason = args.reason.as_deref().unwrap_or_default();
    let drawn = drawn.map(|one| one.ctl);
    let ctls = crate::corrections::publish(&corrections, drawn, reason, &args.node())?;
    if !args.json {
        for (one, ctl) in corrected.iter().zip(ctls) {
            let name = draw_name(one.before.round);
            writeln!(
                out,
                "published the correction of {name}: control offset {ctl}"
            )
            .map_err(io("write"))?;
        }
    }
    out.flush().map_err(io("write"))
}

/// The rounds that have a result and are asked for.
fn asked(season: &Season, asked: Option<u16>) -> Result<BTreeSet<u16>, Failure> {
    let rounds: BTreeSet<u16> = season.rounds_with_result().collect();
    match asked {
        None => Ok(rounds),
        Some(round) if rounds.contains(&round) => Ok(BTreeSet::from([round])),
        Some(round) => Err(Failure::no(format!(
            "round {round} of {:?} has no result",
            season.id()
        ))),
    }
}

/// Without another file: the messages must give the shares that the log has, and the standings of corrections by their
/// files.
fn again(season: &Season, asked: &BTreeSet<u16>, out: &mut impl Write) -> Result<(), Failure> {
    let (before, fields) = season.both(None, asked)?;
    let mut wrong = Vec::new();
    // What each file of corrections makes of every round.
    let mut by_file: BTreeMap<u32, BTreeMap<u16, Arc<Sealed>>> = BTreeMap::new();
    for one in &before {
        let Some(round) = one.round else { continue };
        let Some(field) = fields.get(&round) else {
            continue;
        };
        let basis = one.basis.as_ref();
        let mut equal = basis.is_ok_and(|basis| *basis.sealed == **field);
        compared(round, field, (equal, "sealed"), out)?;
        if one.result.corrects.is_some() {
            let version = one.result.version;
            let field = match by_file.entry(version) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let file = compile(&one.judged.toml)?;
                    unknown.insert(season.recounted(Some(&file), asked)?)
                }
            };
            let field = field.get(&round);
            let standing = basis.map(|basis| &basis.standing);
            // Who is barred without standing in the round is told by its seal alone.
            let is_standing = |field: &Arc<Sealed>| {
                standing.is_ok_and(|one| (&one.cut, &one.field) == (&field.cut, &field.field))
            };
            let follows = field.is_some_and(is_standing);
            if let Some(field) = field {
                compared(round, field, (follows, "corrected"), out)?;
            }
            equal &= follows;
        }
        if !equal {
            wrong.push(round.to_string());
        }
    }
    out.flush().map_err(io("write"))?;
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::no(format!(
        "the messages of round(s) {} give other standings than the log has",
        wrong.join(", ")
    )))
}

fn compared(
    round: u16,
    field: &Sealed,
    (equal, what): (bool, &str),
    out: &mut impl Write,
) -> Result<(), Failure> {
    let digest = Hex(field.field.digest());
    let word = if equal { "equal to" } else { "NOT" };
    writeln!(
        out,
        "round {round}: counted again, digest {digest}, {word} what was {what}"
    )
    .map_err(io("write"))
}

/// A correction may change keys, windows, exclusions; not who a fan is.
fn fits(season: &Season, file: &Campaign) -> Result<(), Failure> {
    let newest = &season.newest.compiled.campaign;
    if (&file.id, &file.account) != (&newest.id, &newest.account) {
        return Err(Failure::wrong(format!(
            "the file is of campaign {:?} of account {:?}, not of {:?} of {:?}",
            file.id, file.account, newest.id, newest.account
        )));
    }
    if file.draw.salt != newest.draw.salt {
        return Err(Failure::wrong(
            "the file has another draw.salt, so every entrant code would change",
        ));
    }
    Ok(())
}

/// A correction judges rounds again; it takes none away.
fn has_rounds(file: &Campaign, season: &Season) -> Result<(), Failure> {
    let missing: Vec<String> = season
        .rounds_with_result()
        .filter(|round| file.round(*round).is_none())
        .map(|round| round.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::wrong(format!(
        "the file has no round {}, which has a result; a correction judges rounds again and takes none away: put it \
         back, and exclude its winners or change its key instead",
        missing.join(", ")
    )))
}

/// Who was told that he has won, by what `control` says of awards.
fn notified(season: &Season) -> BTreeSet<EntrantCode> {
    let awards = season.told.awards.iter();
    let told = awards.filter(|award| {
        let told = [
            UnitState::Notified,
            UnitState::Claimed,
            UnitState::Fulfilled,
        ];
        award.campaign == season.id() && told.contains(&award.state)
    });
    told.map(|award| EntrantCode(award.code.0)).collect()
}

fn policy(named: PolicyArg) -> Correction {
    match named {
        PolicyArg::KeepAnnounced => Correction::KeepAnnounced,
        PolicyArg::Replace => Correction::Replace,
        PolicyArg::Void => Correction::Void,
    }
}
