//! `POST /v1/clock/guard`: operators' acts that act at once and change no result.

use super::acts::{Answer, misdirected};
use super::rounds::{answered, no_reason};
use super::server::Context;
use coordinator::{OperateRequest, Operation};
use serde::Deserialize;
use serde_json::json as object;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardBody {
    seconds: i64,
    reason: String,
}

pub(super) fn guard(context: &Context, actor: &str, body: GuardBody) -> Answer {
    let seconds = body.seconds;
    operate(
        context,
        actor,
        body.reason,
        Operation::LiftGuard { seconds },
    )
}

fn operate(context: &Context, actor: &str, reason: String, operation: Operation) -> Answer {
    if reason.trim().is_empty() {
        return no_reason();
    }
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = OperateRequest {
        operation,
        actor: actor.to_owned(),
        reason,
    };
    answered(
        context,
        coordinator.operate(request),
        |done| object!({ "ctl": done.ctl, "act": done.act }),
    )
}
