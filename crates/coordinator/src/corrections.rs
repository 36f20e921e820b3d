//! What another file of a campaign makes of results that stand, over the same cuts and with the same lots: the one
//! computation, by which `rescore` shows a correction, and by which a coordinator holds one against the messages
//! before it appends it. Pure: standings in, results out. Never the log, never units.

use crate::conclusions::{bars_nobody, result_act};
use crate::drawn::Drawn;
use crate::fits::fits;
use campaign::{Campaign, Correction};
use contest::{
    Barred, Board, Compiled, Conclusion, Correcting, Facts, Field, Holders, conclude, draw_name,
};
use control::Published;
use record::rounds::ResultAct;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A sealed round: where each partition was cut, everyone's standing, and who cannot win without standing in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Offsets in `inbound` by partition, ascending.
    pub cut: Vec<(u32, u64)>,
    /// The standings of all partitions.
    pub field: Field<'static>,
    /// Who could not win at the cut and has no standing in the round.
    pub barred: Barred,
}

/// A round, or the final draw, whose result stands.
#[derive(Debug, Clone)]
pub struct Stood {
    /// The round; `None` for the final draw.
    pub round: Option<u16>,
    /// Offset in `control` of its first result.
    pub first: u64,
    /// Offset of the result that stands.
    pub ctl: u64,
    /// That result.
    pub result: ResultAct,
    /// Its record.
    pub drawn: Drawn,
    /// The version that judged it.
    pub judged: Arc<Published>,
    /// The standings that it was made of; needed of a round that is not judged again only for the board of the final
    /// draw.
    pub field: Option<Arc<Sealed>>,
}

/// The file that judges again.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The file.
    pub compiled: Arc<Compiled>,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its version, or the one that its publication would make.
    pub version: u32,
    /// `correction` of the newest published file: a round that was corrected under `void` bars nobody.
    pub policy: Correction,
    /// Why; stands in the results.
    pub reason: String,
}

/// A result that changes.
#[derive(Debug, Clone)]
pub struct Corrected {
    /// The round; `None` for the final draw.
    pub round: Option<u16>,
    /// The standings by the file.
    pub field: Arc<Sealed>,
    /// What they come to.
    pub after: Conclusion,
    /// What would be published.
    pub act: ResultAct,
}

/// Every result that changes, in the order in which the first results were made: rounds ascending but for skipped ones,
/// the final draw last. `again` holds the standings by the file, of the rounds that are to be judged again; whatever
/// has the standings that it had stays as it is.
///
/// # Errors
/// What the file changes that a correction must not change; what is missing; standings that are cut elsewhere.
pub fn corrections(
    judge: &Judge,
    stood: &[Stood],
    again: &BTreeMap<u16, Arc<Sealed>>,
) -> Result<Vec<Corrected>, String> {
    may_judge(&judge.compiled.campaign, stood, |round| {
        again.contains_key(&round)
    })?;
    knows_barred(stood, again)?;
    let mut order: Vec<&Stood> = stood.iter().collect();
    order.sort_by_key(|one| (one.round.is_none(), one.first));
    let mut corrected: Vec<Corrected> = Vec::new();
    for one in order {
        let Some(field) = field_of(judge, one, stood, again)? else {
            continue;
        };
        if field.field.digest() == one.result.standings.0 {
            continue;
        }
        let mut now = Vec::with_capacity(stood.len());
        for other in stood {
            let changed = corrected
                .iter()
                .find(|changed| changed.round == other.round);
            now.push(match changed {
                Some(changed) => Stood {
                    drawn: Drawn::parse(&changed.act.record)?,
                    result: changed.act.clone(),
                    ..other.clone()
                },
                None => other.clone(),
            });
        }
        let holders = holders_before(&judge.compiled.campaign, judge.policy, &now, one.first);
        corrected.push(correct(judge, one, field, holders)?);
    }
    Ok(corrected)
}

/// Who holds prizes when a draw is made whose first result stands at `first` in control: the winners by the
/// results that stand of the rounds that were made before it.
#[must_use]
pub fn holders_before(
    judging: &Campaign,
    policy: Correction,
    stood: &[Stood],
    first: u64,
) -> Holders {
    let mut holders = Holders::new(judging.eligible.one_prize_per);
    for other in stood {
        let is_corrected = other.result.corrects.is_some();
        if other.round.is_none() || other.first >= first || bars_nobody(is_corrected, policy) {
            continue;
        }
        for award in &other.drawn.awards {
            for won in &award.given.winners {
                holders.add(&award.class, won.code);
            }
        }
    }
    holders
}

/// Whether a file may judge these rounds again, and the final draw with them.
///
/// # Errors
/// What it changes that a correction must not change ([`fits`]).
pub fn may_judge(
    file: &Campaign,
    stood: &[Stood],
    asked: impl Fn(u16) -> bool,
) -> Result<(), String> {
    for one in stood {
        // Of a round that is not judged again it is enough that it is there: the board of the final draw needs it.
        let is_judged = one.round.is_none_or(&asked);
        if is_judged || one.round.is_some_and(|round| file.round(round).is_none()) {
            fits(&one.judged.compiled.campaign, file, one.round)?;
        }
    }
    Ok(())
}

/// The rounds that a final draw is about: those that were made before it.
fn before_final<'s>(stood: &'s [Stood], drawn: &'s Stood) -> impl Iterator<Item = &'s Stood> {
    let rounds = stood.iter().filter(|other| other.round.is_some());
    rounds.filter(move |other| other.first < drawn.first)
}

/// Who was barred by a correction without standing in the last round is written down nowhere: where the final draw was
/// made, another correction has to judge that round again.
///
/// # Errors
/// It does not.
fn knows_barred(stood: &[Stood], again: &BTreeMap<u16, Arc<Sealed>>) -> Result<(), String> {
    let drawn = stood.iter().find(|one| one.round.is_none());
    let last = drawn.and_then(|drawn| before_final(stood, drawn).max_by_key(|one| one.round));
    let last = last.filter(|last| last.result.corrects.is_some());
    match last.and_then(|last| last.round) {
        Some(round) if !again.contains_key(&round) => Err(format!(
            "round {round}, the last one, was corrected, and who could not win by that correction is known only by \
             judging it again: correct all rounds together, without --round"
        )),
        _ => Ok(()),
    }
}

/// The standings of a draw by the file; none of a round that is not judged again.
fn field_of(
    judge: &Judge,
    one: &Stood,
    stood: &[Stood],
    again: &BTreeMap<u16, Arc<Sealed>>,
) -> Result<Option<Arc<Sealed>>, String> {
    let Some(round) = one.round else {
        let mut fields = BTreeMap::new();
        for other in before_final(stood, one) {
            let Some(number) = other.round else { continue };
            let field = again.get(&number).or(other.field.as_ref());
            let field = field.ok_or_else(|| {
                format!(
                    "the standings of round {number} are not at hand, and the final draw needs them"
                )
            })?;
            fields.insert(number, Arc::clone(field));
        }
        return Ok(Some(Arc::new(on_the_board(&judge.compiled, &fields))));
    };
    let Some(field) = again.get(&round) else {
        return Ok(None);
    };
    if field.cut != one.drawn.cut() {
        return Err(format!(
            "{} is cut elsewhere in `accepted` than its record says",
            draw_name(one.round)
        ));
    }
    Ok(Some(Arc::clone(field)))
}

/// One draw with these standings, over the same cut and with the same lots.
///
/// # Errors
/// Its record has no secret; the file would change its lots.
pub fn correct(
    judge: &Judge,
    one: &Stood,
    field: Arc<Sealed>,
    mut holders: Holders,
) -> Result<Corrected, String> {
    let name = draw_name(one.round);
    let facts = facts(judge, one).ok_or_else(|| format!("the record of {name} has no secret"))?;
    let campaign = &judge.compiled.campaign;
    let after = conclude(campaign, &facts, &field.field, &mut holders);
    if after.seed.to_string() != one.drawn.text("seed") {
        return Err(format!(
            "{name} would get another seed by this file; a correction keeps the lots of the draw (Q-22)"
        ));
    }
    let (ctl, at) = (one.result.ctl, one.result.at);
    let act = ResultAct {
        corrects: Some(one.ctl),
        reason: judge.reason.clone(),
        ..result_act(campaign, ctl, &facts, &field.field, &after, at)
    };
    Ok(Corrected {
        round: one.round,
        field,
        after,
        act,
    })
}

/// What the first result rests on, with the file that judges now.
fn facts(judge: &Judge, one: &Stood) -> Option<Facts> {
    let drawn = &one.drawn;
    Some(Facts {
        round: one.round,
        config: judge.sha256,
        version: judge.version,
        cut: drawn.cut(),
        sealed_at: drawn.sealed_at(),
        listed_at: drawn.listed_at(),
        commitment: drawn.commitment(),
        secret: drawn.secret()?,
        beacon: drawn.beacon(),
        fallback: drawn.fallback(),
        correcting: Some(Correcting {
            record: one.result.record_sha256.0,
            list: one.result.list.0,
            count: drawn.count(),
        }),
    })
}

/// The board of these rounds, ascending.
#[must_use]
pub fn board_of(judged: &Compiled, rounds: &BTreeMap<u16, Arc<Sealed>>) -> Board {
    let campaign = &judged.campaign;
    let mut board = Board::new(campaign.score.streak);
    for (number, sealed) in rounds {
        if let Some(round) = campaign.round(*number) {
            board.add(&sealed.field, &sealed.barred, round.question.kind);
        }
    }
    board
}

/// The board of these rounds as the field of the final draw. It has no cut of its own.
#[must_use]
pub fn on_the_board(judged: &Compiled, rounds: &BTreeMap<u16, Arc<Sealed>>) -> Sealed {
    let field = board_of(judged, rounds).field();
    let cut = rounds.values().next_back().map(|sealed| sealed.cut.clone());
    Sealed {
        cut: cut.unwrap_or_default(),
        field,
        barred: Barred::default(),
    }
}

/// Where a result that somebody brings, or that was published, is another than the computed one; `None` when every byte is
/// the same that follows from the messages. Who publishes it, why and when is not computed.
#[must_use]
pub fn difference(brought: &ResultAct, computed: &ResultAct) -> Option<String> {
    let what = match computed.corrects {
        Some(_) => "the correction of ",
        None => "",
    };
    let name = draw_name(computed.round);
    let told = ResultAct {
        // Of first results it holds at its place, or the result is void.
        made_after: brought.made_after.filter(|_| computed.corrects.is_none()),
        actor: brought.actor.clone(),
        reason: brought.reason.clone(),
        at: brought.at,
        ..computed.clone()
    };
    if *brought == told {
        return None;
    }
    let parts = [
        (
            "offset of the result that it corrects",
            brought.corrects == told.corrects,
        ),
        ("version", brought.version == told.version),
        ("standings", brought.standings == told.standings),
        ("list", brought.list == told.list),
        (
            "numbers of fans",
            (brought.entrants, brought.answered, brought.correct)
                == (told.entrants, told.answered, told.correct),
        ),
    ];
    let mut different: Vec<String> = parts
        .iter()
        .filter(|(_, same)| !same)
        .map(|(what, _)| (*what).to_owned())
        .collect();
    if brought.record != told.record {
        let members = members_that_differ(&brought.record, &told.record);
        different.push(format!("record ({})", members.join(", ")));
    }
    if different.is_empty() {
        different.push("SHA-256 of its record or its decision".to_owned());
    }
    Some(format!(
        "{what}{name} is not what the messages give: it differs in {}; the standings that they give have \
         digest {}",
        different.join(", "),
        told.standings
    ))
}

/// Members of two records that differ.
fn members_that_differ(one: &str, two: &str) -> Vec<String> {
    let read = |text: &str| serde_json::from_str::<serde_json::Map<_, _>>(text);
    let (Ok(one), Ok(two)) = (read(one), read(two)) else {
        return vec!["no record at all".to_owned()];
    };
    let differs = |key: &&String| one.get(*key) != two.get(*key);
    let own = two.keys().filter(differs);
    let more = one.keys().filter(|key| !two.contains_key(*key));
    let mut members: Vec<String> = own.chain(more).cloned().collect();
    if members.is_empty() {
        members.push("spelling".to_owned());
    }
    members
}
