//! `POST /v1/stock`, `GET /v1/stock/ID`, `POST /v1/award/show`: units that are secrets and claims of winners, and
//! who is shown one.

use super::acts::{Answer, misdirected};
use super::rounds::answered;
use super::server::{Context, json, problem};
use coordinator::prizes::{AwardError, Slot};
use coordinator::{RevealRequest, StockRequest};
use hyper::StatusCode;
use record::claim::ClaimedBy;
use serde::Deserialize;
use serde_json::{Value, json as object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StockBody {
    campaign: String,
    prize: String,
    secrets: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShowBody {
    campaign: String,
    /// Without one, the final draw.
    round: Option<u16>,
    prize: String,
    slot: u32,
    /// The winner's code or its last six digits.
    code: Option<String>,
    /// Whether the secret and the winner's claim are to be shown, which is recorded.
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    reason: String,
}

pub(super) fn add(context: &Context, actor: &str, body: StockBody) -> Answer {
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = StockRequest {
        campaign: body.campaign,
        prize: body.prize,
        secrets: body.secrets,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    answered(
        context,
        coordinator.stock(request),
        |receipt| object!({ "added": receipt.added, "known": receipt.known, "without": receipt.without }),
    )
}

/// How the stock of a campaign stands; any node knows.
pub(super) fn show(context: &Context, id: &str) -> Answer {
    let state = context.control.state();
    let Some(newest) = state.versions(id).last() else {
        return problem(
            StatusCode::NOT_FOUND,
            &format!("there is no campaign {id:?}"),
        );
    };
    let ledger = state.awards().of(id);
    let row = |prize: &campaign::Prize| -> Value {
        let held = ledger.into_iter().flat_map(control::ledger::Ledger::slots);
        let held = held.filter_map(|(_, attempts)| attempts.last().filter(|held| held.is_held()));
        let units = 1..=prize.units;
        let shown = units.filter(|unit| ledger.is_some_and(|all| all.is_shown(&prize.id, *unit)));
        object!({
            "prize": prize.id, "kind": prize.kind.name(), "units": prize.units, "reserve": prize.reserve,
            "secrets": state.stock(id, &prize.id).count(),
            "held": held.filter(|held| held.given.prize == prize.id).count(), "shown": shown.count(),
        })
    };
    let prizes: Vec<Value> = newest.compiled.campaign.prizes.iter().map(row).collect();
    json(
        StatusCode::OK,
        &object!({ "campaign": id, "prizes": prizes }),
    )
}

/// What became of the slot of an award; with its secret and its winner's claim when they are asked for.
pub(super) fn award(context: &Context, actor: &str, body: ShowBody) -> Answer {
    let mut shown = match standing(context, &body) {
        Ok(shown) => shown,
        Err(AwardError::Invalid(why)) => return problem(StatusCode::BAD_REQUEST, &why),
        Err(AwardError::Conflict(why)) => return problem(StatusCode::CONFLICT, &why),
    };
    if !body.secret {
        return json(StatusCode::OK, &shown);
    }
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = RevealRequest {
        campaign: body.campaign,
        round: body.round,
        prize: body.prize,
        slot: body.slot,
        code: body.code,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    answered(context, coordinator.reveal(request), |revealed| {
        // The award may have gone on since it was looked at: all of this is of one moment.
        shown["unit"] = revealed.unit.into();
        shown["code"] = revealed.code.to_string().into();
        if let Some(secret) = revealed.secret {
            shown["secret"] = secret.into();
        }
        if let Some(claim) = revealed.claim {
            shown["claim"] = claim.into();
        }
        shown["ctl"] = revealed.ctl.into();
        shown
    })
}

fn standing(context: &Context, body: &ShowBody) -> Result<Value, AwardError> {
    let state = context.control.state();
    let slot = Slot {
        campaign: &body.campaign,
        round: body.round,
        prize: &body.prize,
        slot: body.slot,
        code: body.code.as_deref(),
    };
    let (ledger, held) = slot.find(&state)?;
    let given = &held.given;
    let secret = state.unit_secret(&given.campaign, &given.prize, given.unit);
    Ok(object!({
        "campaign": given.campaign, "round": given.round, "prize": given.prize, "slot": given.slot,
        "attempt": given.attempt, "unit": given.unit, "place": given.place, "code": given.code,
        "state": held.state, "since": held.since, "told": held.told, "award": given.award,
        "has_secret": secret.is_some(), "claimed_by": held.claim.as_ref().map(reference), "was_shown": ledger.is_shown(&given.prize, given.unit),
    }))
}

/// Which message of its winner claimed a unit; not what stands in it.
fn reference(claim: &ClaimedBy) -> Value {
    object!({
        "partition": claim.partition, "offset": claim.offset, "key": claim.key, "create_time": claim.create_time,
    })
}
