//! `POST /v1/clock/guard`, `/v1/ladder`, `/v1/rule`: operators' acts that act at once and change no result.

use super::acts::{Answer, misdirected};
use super::rounds::{answered, no_reason};
use super::server::Context;
use coordinator::{OperateRequest, Operation};
use record::operate::{Ladder, RuleVerb};
use serde::Deserialize;
use serde_json::json as object;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuardBody {
    seconds: i64,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LadderBody {
    step: Ladder,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleBody {
    verb: RuleVerb,
    campaign: String,
    rule: String,
    reason: String,
}

pub(super) fn ladder(context: &Context, actor: &str, body: LadderBody) -> Answer {
    operate(context, actor, body.reason, Operation::Step(body.step))
}

pub(super) fn rule(context: &Context, actor: &str, body: RuleBody) -> Answer {
    let operation = Operation::Rule {
        verb: body.verb,
        campaign: body.campaign,
        rule: body.rule,
    };
    operate(context, actor, body.reason, operation)
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
        |done| object!({ "ctl": done.ctl, "snapshot": done.snapshot, "act": done.act }),
    )
}
