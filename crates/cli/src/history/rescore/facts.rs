//! What a result that was published rests on, by `control` and its record. Never whether it is right.

use super::super::rounds::Season;
use crate::failure::Failure;
use campaign::DrawLevel;
use contest::{Facts, draw_name};
use control::Published;
use coordinator::{Drawn, Sealed, commitment_of, told};
use record::rounds::ResultAct;

/// What a first result rests on: by control, but for the secret, which [`is_revealed`] holds against what was committed to.
///
/// # Errors
/// Control or the record has not what a result rests on.
pub(super) fn of(
    season: &Season,
    result: &ResultAct,
    judged: &Published,
    field: &Sealed,
) -> Result<Facts, Failure> {
    let name = draw_name(result.round);
    let drawn = Drawn::parse(&result.record).map_err(Failure::no)?;
    let state = season.control();
    let mut lives = state.rounds().of(season.id());
    let decided = lives.find_map(|(_, life)| {
        let (ctl, decided) = life.decision.as_ref()?;
        (*ctl == result.ctl).then_some(decided.at)
    });
    let committed = state.commitment(season.id());
    let commitment = committed.and_then(|act| commitment_of(act, result.round));
    let life = season.life(result.round);
    let takes = judged.compiled.campaign.draw.level == DrawLevel::L2 && commitment.is_some();
    let said = life.beacon.as_ref().filter(|_| takes);
    let (beacon, fallback) = said.map(|(_, said)| told(said)).unwrap_or_default();
    let listed = life.list;
    Ok(Facts {
        round: result.round,
        config: judged.sha256.0,
        version: judged.version,
        cut: match result.round {
            Some(_) => field.cut.clone(),
            None => Vec::new(),
        },
        sealed_at: decided
            .ok_or_else(|| Failure::no(format!("{name} was sealed by no decision")))?,
        listed_at: listed.map(|(_, list)| list.at),
        commitment,
        secret: drawn
            .secret()
            .ok_or_else(|| Failure::no(format!("the record of {name} has no secret")))?,
        beacon,
        fallback,
        correcting: None,
    })
}

/// Whether a record's secret is the one that was committed to, where one was.
///
/// # Errors
/// The record cannot be read.
pub(super) fn is_revealed(season: &Season, result: &ResultAct) -> Result<bool, Failure> {
    let id = season.id();
    let committed = season.control().commitment(id);
    let Some(commitment) = committed.and_then(|act| commitment_of(act, result.round)) else {
        return Ok(true);
    };
    let secret = Drawn::parse(&result.record).map_err(Failure::no)?.secret();
    let name = draw_name(result.round);
    Ok(secret.is_some_and(|secret| commitment.holds(id, &name, &secret)))
}
