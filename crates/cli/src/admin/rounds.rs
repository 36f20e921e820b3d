//! `POST /v1/round`, `/v1/beacon`, `/v1/award`, `/v1/standings`, `/v1/rescore`: operators' acts on rounds, prizes and
//! results.

use super::acts::{Answer, misdirected};
use super::server::{Context, json, problem};
use contest::Beacon;
use coordinator::{
    AwardRequest, BeaconRequest, CorrectRequest, RoundError, RoundRequest, StandingsRequest,
};
use hyper::StatusCode;
use record::hexed::Hex;
use record::rounds::{ResultAct, RoundVerb, UnitState};
use serde::Deserialize;
use serde_json::{Value, json as object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundBody {
    campaign: String,
    round: u16,
    verb: RoundVerb,
    seconds: Option<i64>,
    close: Option<i64>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeaconBody {
    campaign: String,
    /// Without one, the final draw.
    round: Option<u16>,
    /// Number of the beacon's round, and its value.
    number: Option<u64>,
    value: Option<String>,
    /// Why the draw does without.
    without: Option<String>,
    /// Why it was brought, if there is anything to say.
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AwardBody {
    campaign: String,
    /// Without one, the final draw.
    round: Option<u16>,
    prize: String,
    slot: u32,
    /// The winner's code or its last six digits.
    code: Option<String>,
    state: UnitState,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StandingsBody {
    campaign: String,
    /// Without one, the final draw.
    round: Option<u16>,
    digest: Hex<32>,
    chunk: u32,
    of: u32,
    standings: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RescoreBody {
    results: Vec<ResultAct>,
    /// The result of the final draw that they were computed with; none if there was none.
    final_draw: Option<u64>,
    #[serde(default)]
    as_new: bool,
    reason: String,
}

pub(super) fn round(context: &Context, actor: &str, body: RoundBody) -> Answer {
    if body.reason.trim().is_empty() {
        return no_reason();
    }
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = RoundRequest {
        campaign: body.campaign,
        round: body.round,
        verb: body.verb,
        seconds: body.seconds,
        close: body.close,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    answered(
        context,
        coordinator.round(request),
        |receipt| object!({ "ctl": receipt.ctl, "windows": receipt.windows, "effective": receipt.effective }),
    )
}

pub(super) fn beacon(context: &Context, actor: &str, body: BeaconBody) -> Answer {
    let (value, reason) = match (body.number, body.value, body.without) {
        (Some(round), Some(value), None) if is_hex(&value) => {
            (Some(Beacon { round, value }), body.reason)
        }
        (None, None, Some(reason)) if !reason.trim().is_empty() => (None, reason),
        _ => {
            return problem(
                StatusCode::BAD_REQUEST,
                "a beacon is its round's `number` and `value` of 64 lower-case hexadecimal digits; or `without`, the reason to do without",
            );
        }
    };
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = BeaconRequest {
        campaign: body.campaign,
        round: body.round,
        value,
        actor: actor.to_owned(),
        reason,
    };
    answered(
        context,
        coordinator.beacon(request),
        |ctl| object!({ "ctl": ctl }),
    )
}

pub(super) fn award(context: &Context, actor: &str, body: AwardBody) -> Answer {
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = AwardRequest {
        campaign: body.campaign,
        round: body.round,
        prize: body.prize,
        slot: body.slot,
        code: body.code,
        state: body.state,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    answered(
        context,
        coordinator.award(request),
        |ctl| object!({ "ctl": ctl }),
    )
}

pub(super) fn standings(context: &Context, body: StandingsBody) -> Answer {
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = StandingsRequest {
        campaign: body.campaign,
        round: body.round,
        digest: body.digest,
        chunk: body.chunk,
        of: body.of,
        standings: body.standings,
    };
    answered(
        context,
        coordinator.standings(request),
        |ctl| object!({ "ctl": ctl }),
    )
}

pub(super) fn rescore(context: &Context, actor: &str, body: RescoreBody) -> Answer {
    if body.reason.trim().is_empty() {
        return no_reason();
    }
    if body.results.is_empty() {
        return problem(StatusCode::BAD_REQUEST, "a correction needs a result");
    }
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    if let Err(why) = published(context, &body.results) {
        return problem(StatusCode::CONFLICT, &why);
    }
    let request = CorrectRequest {
        results: body.results,
        final_draw: body.final_draw,
        as_new: body.as_new,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    answered(
        context,
        coordinator.correct(request),
        |ctls| object!({ "results": ctls }),
    )
}

/// Whoever doubts a correction must be able to compute it again: the file that judged has to stand in the log.
fn published(context: &Context, results: &[ResultAct]) -> Result<(), String> {
    let state = context.control.state();
    for result in results {
        let record: Value = serde_json::from_str(&result.record)
            .map_err(|error| format!("a record is no JSON: {error}"))?;
        let named = state.versions(&result.campaign).iter().any(|published| {
            published.version == result.version
                && record["config"].as_str() == Some(published.sha256.to_string().as_str())
        });
        if !named {
            return Err(format!(
                "version {} of {:?} with that file is not published; publish the corrected file first, with `campaign publish`",
                result.version, result.campaign
            ));
        }
    }
    Ok(())
}

fn is_hex(value: &str) -> bool {
    value.len() == 64
        && value
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn no_reason() -> Answer {
    problem(StatusCode::BAD_REQUEST, "an act needs a reason")
}

pub(super) fn answered<T>(
    context: &Context,
    result: Result<T, RoundError>,
    show: impl FnOnce(T) -> Value,
) -> Answer {
    match result {
        Ok(done) => json(StatusCode::OK, &show(done)),
        Err(RoundError::NotOwner) => misdirected(context),
        Err(error @ RoundError::Invalid(_)) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
        Err(error @ RoundError::Conflict(_)) => problem(StatusCode::CONFLICT, &error.to_string()),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}
