//! What another file makes of sealed rounds, over the same cuts and with the same lots. Pure: fields in,
//! corrections out.

use super::super::rounds::{Concluded, Sealed, on_the_board};
use campaign::{Campaign, Correction};
use contest::{
    Compiled, Conclusion, Correcting, Diff, EntrantCode, Facts, Field, Holders, RecordedAward,
    Remedy, Won, conclude, diff, draw_name, remedies,
};
use record::rounds::ResultAct;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The file that judges again.
pub(super) struct Judge<'f> {
    pub(super) compiled: &'f Compiled,
    pub(super) sha256: [u8; 32],
    /// Its version, or the one that its publication would make.
    pub(super) version: u32,
    pub(super) policy: Correction,
    pub(super) reason: &'f str,
    /// Who was told that he has won.
    pub(super) notified: &'f BTreeSet<EntrantCode>,
}

/// A round, or the final draw, whose standings another file changes.
pub(super) struct Corrected<'b> {
    pub(super) before: &'b Concluded,
    pub(super) field: Arc<Sealed>,
    pub(super) after: Conclusion,
    pub(super) diff: Diff,
    /// What the policy makes of each prize's changed winners.
    pub(super) remedies: BTreeMap<String, Vec<Remedy>>,
    /// What would be published.
    pub(super) act: ResultAct,
}

/// Every result that changes, in the order of the rounds, the final draw last. `again` holds the fields by the file,
/// of the rounds that are to be corrected; a round whose standings stay stays as it is.
///
/// # Errors
/// The basis of a result is not there; the file would change the lots.
pub(super) fn corrections<'b>(
    judge: &Judge<'_>,
    before: &'b [Concluded],
    again: &BTreeMap<u16, Arc<Sealed>>,
) -> Result<Vec<Corrected<'b>>, String> {
    let campaign = &judge.compiled.campaign;
    let mut holders = Holders::new(campaign.eligible.one_prize_per);
    let mut corrected = Vec::new();
    let mut fields: Vec<(u16, Arc<Sealed>)> = Vec::new();
    for one in before {
        let name = draw_name(one.round);
        let basis = one
            .basis
            .as_ref()
            .map_err(|why| format!("{name} cannot be computed again: {why}"))?;
        let field = match one.round {
            Some(round) => {
                let field = again.get(&round).unwrap_or(&basis.standing);
                if field.cut != basis.sealed.cut {
                    return Err(format!(
                        "{name} is cut elsewhere in `accepted` than in `results`"
                    ));
                }
                fields.push((round, Arc::clone(field)));
                Arc::clone(field)
            }
            None => {
                let rounds: Vec<_> = fields
                    .iter()
                    .map(|(round, field)| (*round, field))
                    .collect();
                Arc::new(on_the_board(judge.compiled, &rounds))
            }
        };
        if field.field.digest() == one.result.standings.0 {
            hold(&mut holders, &one.draw.awards);
            continue;
        }
        let changed = correct(judge, one, &basis.standing.field, field, &holders)?;
        hold_what_remains(&mut holders, campaign, &changed);
        corrected.push(changed);
    }
    Ok(corrected)
}

fn correct<'b>(
    judge: &Judge<'_>,
    one: &'b Concluded,
    was: &Field<'_>,
    field: Arc<Sealed>,
    holders: &Holders,
) -> Result<Corrected<'b>, String> {
    let name = draw_name(one.round);
    let facts = facts(judge, one).ok_or_else(|| format!("the record of {name} has no secret"))?;
    let after = conclude(
        &judge.compiled.campaign,
        &facts,
        &field.field,
        &mut holders.clone(),
    );
    if after.seed.to_string() != one.draw.text("seed") {
        return Err(format!(
            "{name} would get another seed by this file; a correction keeps the level of the draw (Q-22)"
        ));
    }
    let won_now: Vec<Won> = after
        .given
        .iter()
        .flat_map(|(_, given)| given.winners.clone())
        .collect();
    let diff = diff(was, &field.field, &one.draw.winners(), &won_now);
    let act = ResultAct {
        corrects: Some(one.ctl),
        reason: judge.reason.to_owned(),
        ..coordinator::result_act(
            &judge.compiled.campaign,
            one.result.ctl,
            &facts,
            &field.field,
            &after,
            one.result.at,
        )
    };
    let remedies = by_prize(judge, &one.draw.awards, &after);
    Ok(Corrected {
        before: one,
        field,
        after,
        diff,
        remedies,
        act,
    })
}

/// What the first result rests on, with the file that judges now.
fn facts(judge: &Judge<'_>, one: &Concluded) -> Option<Facts> {
    let draw = &one.draw;
    Some(Facts {
        round: one.round,
        config: judge.sha256,
        version: judge.version,
        cut: draw.cut(),
        sealed_at: draw.sealed_at(),
        listed_at: draw.listed_at(),
        commitment: draw.commitment(),
        secret: draw.secret()?,
        beacon: draw.beacon(),
        fallback: draw.fallback(),
        correcting: Some(Correcting {
            record: one.result.record_sha256.0,
            list: one.result.list.0,
            count: draw.count(),
        }),
    })
}

fn by_prize(
    judge: &Judge<'_>,
    drawn: &[RecordedAward],
    after: &Conclusion,
) -> BTreeMap<String, Vec<Remedy>> {
    let mut winners: BTreeMap<&str, (Vec<Won>, Vec<Won>)> = BTreeMap::new();
    for award in drawn {
        winners
            .entry(&award.prize)
            .or_default()
            .0
            .extend(&award.given.winners);
    }
    for (award, given) in &after.given {
        winners
            .entry(&award.prize)
            .or_default()
            .1
            .extend(&given.winners);
    }
    let told = |code: EntrantCode| judge.notified.contains(&code);
    winners
        .into_iter()
        .map(|(prize, (before, now))| {
            (
                prize.to_owned(),
                remedies(judge.policy, &before, &now, told),
            )
        })
        .collect()
}

fn hold(holders: &mut Holders, awards: &[RecordedAward]) {
    for award in awards {
        for won in &award.given.winners {
            holders.add(&award.class, won.code);
        }
    }
}

/// Who holds a prize of a corrected round: those who keep theirs, and those who get one now.
fn hold_what_remains(holders: &mut Holders, campaign: &Campaign, corrected: &Corrected<'_>) {
    for (id, remedies) in &corrected.remedies {
        let prize = campaign.prizes.iter().find(|prize| prize.id == *id);
        let class = prize.map_or(id.as_str(), |prize| prize.class.as_str());
        for remedy in remedies {
            match remedy {
                Remedy::Keep(code) | Remedy::FromReserve(code) | Remedy::Give(code) => {
                    holders.add(class, *code);
                }
                Remedy::Revoke(_) => {}
            }
        }
    }
}
