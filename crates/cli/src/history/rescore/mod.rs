//! `rescore`: everything that was published, computed again from the messages; by the published files, or by another one
//! . What another file comes to is told by [`coordinator::corrections`], by which a coordinator computes
//! it too before it publishes.

mod again;
mod facts;
mod files;
mod show;

use super::rounds::{Concluded, Recounting, Season, compile};
use super::scan;
use crate::args::{PolicyArg, RescoreArgs};
use crate::failure::{Failure, io};
use campaign::Correction;
use contest::{Diff, Remedy, Won, diff, draw_name, hash};
use control::ledger::{Ledger, awards_after};
use coordinator::corrections::{corrections, may_judge};
use coordinator::prizes::{After, remedies_after};
use coordinator::{Corrected, Judge, Stood};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// A result that another file changes, beside the one that stands.
struct Changed<'b> {
    before: &'b Concluded,
    now: Corrected,
    diff: Diff,
    /// What the policy makes of each prize's changed winners.
    remedies: BTreeMap<String, Vec<Remedy>>,
}

/// Computes again, prints what differs, and publishes it when asked to.
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
    let Some(path) = &args.with else {
        return again::again(&season, &asked, args, out);
    };
    let toml = std::fs::read_to_string(path).map_err(io(format!("read {}", path.display())))?;
    let file = compile(&toml)?;
    let mut stood = season.stood()?;
    may_judge(&file.campaign, &stood, |round| asked.contains(&round)).map_err(Failure::wrong)?;
    let windows = season.control().may_correct(&file.campaign);
    windows.map_err(Failure::wrong)?;
    let sha256 = hash(toml.as_bytes());
    let known = season.control().versions(season.id()).iter();
    let published = known
        .rev()
        .find(|version| version.sha256.0 == sha256)
        .map(|version| version.version);
    let judge = Judge {
        compiled: file.clone(),
        sha256,
        version: published.unwrap_or_else(|| season.newest.version.saturating_add(1)),
        policy: args.policy.map_or(file.campaign.correction, policy),
        reason: args.reason.clone().unwrap_or_default(),
    };
    let (before, again) = season.both(&Recounting {
        file: Some(&file),
        rounds: &asked,
        as_new: args.as_new,
    })?;
    for (one, concluded) in paired(&mut stood, &before) {
        let basis = concluded.basis.as_ref();
        let basis = basis.map_err(|why| {
            let name = draw_name(concluded.round);
            Failure::no(format!("{name} cannot be computed again: {why}"))
        })?;
        one.field = Some(basis.standing.clone());
    }
    let corrected = corrections(&judge, &stood, &again).map_err(Failure::no)?;
    let changed = beside(&season, &judge, &before, corrected);
    if let Some(dir) = &args.out {
        files::by_file(dir, &judge, (&stood, &before), &again, &changed)?;
    }
    show::print(&season, args, &judge, published.is_some(), &changed, out).map_err(io("write"))?;
    if args.publish {
        if judge.policy != season.newest.compiled.campaign.correction {
            return Err(Failure::wrong(
                "what becomes of winners follows `correction` of the newest published file; change it there to publish \
                 under another policy",
            ));
        }
        publish(args, published.is_some(), (&before, &changed), out)?;
    }
    Ok(())
}

/// Draws by `control` and with their standings, side by side.
fn paired<'s, 'b>(
    stood: &'s mut [Stood],
    before: &'b [Concluded],
) -> impl Iterator<Item = (&'s mut Stood, &'b Concluded)> {
    stood.iter_mut().filter_map(|one| {
        let concluded = before
            .iter()
            .find(|concluded| concluded.round == one.round)?;
        Some((one, concluded))
    })
}

/// What changes, beside what stands.
fn beside<'b>(
    season: &Season,
    judge: &Judge,
    before: &'b [Concluded],
    corrected: Vec<Corrected>,
) -> Vec<Changed<'b>> {
    let none = Ledger::default();
    let ledger = season.control().awards().of(season.id()).unwrap_or(&none);
    let changed = corrected.into_iter().filter_map(|now| {
        let before = before.iter().find(|before| before.round == now.round)?;
        let was = before.basis.as_ref().ok()?;
        let given = now.after.given.iter();
        let won_now: Vec<Won> = given.flat_map(|(_, given)| given.winners.clone()).collect();
        let diff = diff(
            &was.standing.field,
            &now.field.field,
            &before.draw.winners(),
            &won_now,
        );
        Some(Changed {
            remedies: by_prize(ledger, judge, before, &now),
            before,
            now,
            diff,
        })
    });
    changed.collect()
}

/// What the policy makes of the winners of each prize, as units stand now.
fn by_prize(
    ledger: &Ledger,
    judge: &Judge,
    before: &Concluded,
    now: &Corrected,
) -> BTreeMap<String, Vec<Remedy>> {
    let places = awards_after(&judge.compiled.campaign, now.round);
    let drawn = before.draw.awards.iter().zip(&now.after.given);
    let mut all: BTreeMap<String, Vec<Remedy>> = BTreeMap::new();
    for ((place, award), (was, (_, is))) in places.zip(drawn) {
        let after = After {
            round: now.round,
            award: place,
            result: None,
        };
        let remedies = remedies_after(
            ledger,
            judge.policy,
            &after,
            &was.given.winners,
            &is.winners,
        );
        all.entry(award.prize.clone()).or_default().extend(remedies);
    }
    all
}

/// Sends the corrections to the coordinator.
fn publish(
    args: &RescoreArgs,
    is_published: bool,
    (before, changed): (&[Concluded], &[Changed<'_>]),
    out: &mut impl Write,
) -> Result<(), Failure> {
    if !is_published {
        return Err(Failure::no(
            "the file is no published version, so that nobody could compute the correction again; publish it first \
             with `campaign publish`",
        ));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let corrections: Vec<_> = changed
        .iter()
        .map(|one| (&one.now.act, one.now.after.standings_file.as_str()))
        .collect();
    let drawn = before.iter().find(|one| one.round.is_none());
    let request = crate::corrections::Request {
        corrections: &corrections,
        final_draw: drawn.map(|one| one.ctl),
        as_new: args.as_new,
        reason: args.reason.as_deref().unwrap_or_default(),
    };
    let ctls = crate::corrections::publish(&request, &args.node())?;
    if !args.json {
        for (one, ctl) in changed.iter().zip(ctls) {
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

/// Whether a round is one that the final draw is about: one that came only after it was made has no say in it.
fn is_on_board(stood: &[Stood], round: u16) -> bool {
    let first_of = |round: Option<u16>| {
        let made = stood.iter().find(|one| one.round == round);
        made.map(|one| one.first)
    };
    let drawn = first_of(None).unwrap_or(u64::MAX);
    first_of(Some(round)).is_some_and(|first| first < drawn)
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

fn policy(named: PolicyArg) -> Correction {
    match named {
        PolicyArg::KeepAnnounced => Correction::KeepAnnounced,
        PolicyArg::Replace => Correction::Replace,
        PolicyArg::Void => Correction::Void,
    }
}
