//! The acts under `/v1/`: each by a known actor, each answered when the log has it.

use super::server::{Context, json, only, problem};
use super::{operate, retry, rounds, stock};
use crate::node::wall_seconds;
use bytes::Bytes;
use control::presence::say;
use coordinator::{PublishError, PublishRequest, TickError};
use http_body_util::Full;
use hyper::{Method, Response, StatusCode};
use record::SCHEMA_VERSION;
use record::acts::Act;
use record::operate::ContinuedAct;
use record::topics::CONTROL;
use serde::Deserialize;
use serde_json::{Value, json as object};

pub(super) type Answer = Response<Full<Bytes>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    tick: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishBody {
    toml: String,
    expect_version: u32,
    #[serde(default)]
    reason: String,
}

pub(super) fn route(
    context: &Context,
    actor: &str,
    method: &Method,
    path: &str,
    body: &[u8],
) -> Answer {
    match (method, path) {
        (&Method::POST, "/v1/clock") => with_body(body, |body| clock(context, &body)),
        (_, "/v1/clock") => only("POST"),
        (&Method::POST, "/v1/clock/guard") => {
            with_body(body, |body| operate::guard(context, actor, body))
        }
        (&Method::POST, "/v1/campaigns") => with_body(body, |body| publish(context, actor, body)),
        (&Method::GET, "/v1/campaigns") => json(StatusCode::OK, &campaigns(context)),
        (_, "/v1/campaigns") => only("GET, POST"),
        (&Method::POST, path) if path.starts_with("/v1/stages/") => {
            with_body(body, |body| continue_stage(context, actor, path, &body))
        }
        (&Method::POST, "/v1/dead-letters/retry") => {
            with_body(body, |body| retry::route(context, actor, &body))
        }
        (&Method::POST, "/v1/round") => with_body(body, |body| rounds::round(context, actor, body)),
        (&Method::POST, "/v1/ladder") => {
            with_body(body, |body| operate::ladder(context, actor, body))
        }
        (&Method::POST, "/v1/rule") => with_body(body, |body| operate::rule(context, actor, body)),
        (&Method::POST, "/v1/beacon") => {
            with_body(body, |body| rounds::beacon(context, actor, body))
        }
        (&Method::POST, "/v1/award") => with_body(body, |body| rounds::award(context, actor, body)),
        (&Method::POST, "/v1/award/show") => {
            with_body(body, |body| stock::award(context, actor, body))
        }
        (&Method::POST, "/v1/stock") => with_body(body, |body| stock::add(context, actor, body)),
        (&Method::POST, "/v1/standings") => {
            with_body(body, |body| rounds::standings(context, body))
        }
        (&Method::POST, "/v1/rescore") => {
            with_body(body, |body| rounds::rescore(context, actor, body))
        }
        (
            _,
            "/v1/clock/guard"
            | "/v1/ladder"
            | "/v1/rule"
            | "/v1/dead-letters/retry"
            | "/v1/round"
            | "/v1/beacon"
            | "/v1/award"
            | "/v1/standings"
            | "/v1/rescore"
            | "/v1/award/show"
            | "/v1/stock",
        ) => only("POST"),
        (&Method::GET, path) => {
            if let Some(id) = path.strip_prefix("/v1/campaigns/") {
                campaign(context, id)
            } else if let Some(id) = path.strip_prefix("/v1/stock/") {
                stock::show(context, id)
            } else {
                problem(StatusCode::NOT_FOUND, "no such act; see docs/admin.md")
            }
        }
        _ => problem(StatusCode::NOT_FOUND, "no such act; see docs/admin.md"),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContinueBody {
    allow: u64,
    reason: String,
}

/// `POST /v1/stages/NAME/continue`: a stage that stopped because too much failed judging goes on, once a record of it
/// stands in control. This node writes it: it runs the stage, and need not coordinate.
fn continue_stage(context: &Context, actor: &str, path: &str, body: &ContinueBody) -> Answer {
    let name = path
        .trim_start_matches("/v1/stages/")
        .trim_end_matches("/continue");
    let Some(status) = context
        .stages
        .iter()
        .find(|status| status.report().name == name)
    else {
        return problem(
            StatusCode::NOT_FOUND,
            &format!("this node runs no stage {name:?}"),
        );
    };
    if body.reason.trim().is_empty() {
        return problem(StatusCode::BAD_REQUEST, "an act needs a reason");
    }
    let act = Act::Continued(ContinuedAct {
        v: SCHEMA_VERSION,
        stage: name.to_owned(),
        allow: body.allow,
        node: context.me.0,
        at: wall_seconds(),
        actor: actor.to_owned(),
        reason: body.reason.clone(),
    });
    let control = context.log.prompt_appender(CONTROL);
    let ctl = match control.and_then(|control| say(&*control, &act)) {
        Ok(ctl) => ctl,
        Err(error) => {
            let why = format!("nothing is allowed, because the act is not durable: {error}");
            return problem(StatusCode::SERVICE_UNAVAILABLE, &why);
        }
    };
    tracing::warn!(
        stage = name,
        actor,
        allow = body.allow,
        reason = body.reason,
        "more inputs may fail judging"
    );
    status.allow(body.allow);
    json(
        StatusCode::OK,
        &object!({ "stage": name, "allow": body.allow, "ctl": ctl }),
    )
}

fn with_body<T: serde::de::DeserializeOwned>(body: &[u8], act: impl FnOnce(T) -> Answer) -> Answer {
    match serde_json::from_slice(body) {
        Ok(body) => act(body),
        Err(error) => problem(
            StatusCode::BAD_REQUEST,
            &format!("the body is not what this act takes: {error}"),
        ),
    }
}

/// This node does not coordinate: the answer names the one that does, from its HELLO.
pub(super) fn misdirected(context: &Context) -> Answer {
    let state = context.control.state();
    let there = state.leader_address().map(str::to_owned);
    let is_here = state
        .leader()
        .is_some_and(|leader| (leader.node, leader.boot) == context.me);
    drop(state);
    let trouble = || context.coordinator.as_ref()?.status().trouble;
    if is_here {
        // It owns the role, or did a moment ago, and cannot do the work now.
        let why = trouble().unwrap_or_else(|| "it is taking over".to_owned());
        let message = format!("the coordinator of this node cannot act now: {why}");
        return problem(StatusCode::SERVICE_UNAVAILABLE, &message);
    }
    let message = match &there {
        Some(admin) => format!("this node is not the coordinator; ask {admin}"),
        None => "this node is not the coordinator, and nobody leads at the moment; a standby takes over \
                 within 10 s"
            .to_owned(),
    };
    json(
        StatusCode::MISDIRECTED_REQUEST,
        &object!({ "error": message, "coordinator": there }),
    )
}

fn clock(context: &Context, body: &ClockBody) -> Answer {
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    match coordinator.tick(body.tick) {
        Ok(()) => json(StatusCode::OK, &object!({ "tick": body.tick })),
        Err(TickError::NotOwner) => misdirected(context),
        Err(error @ (TickError::Backwards { .. } | TickError::NotRehearsal)) => {
            problem(StatusCode::CONFLICT, &error.to_string())
        }
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn publish(context: &Context, actor: &str, body: PublishBody) -> Answer {
    let Some(coordinator) = &context.coordinator else {
        return misdirected(context);
    };
    let request = PublishRequest {
        toml: body.toml,
        expect_version: body.expect_version,
        actor: actor.to_owned(),
        reason: body.reason,
    };
    match coordinator.publish(request) {
        Ok(receipt) => json(
            StatusCode::OK,
            &object!({
                "id": receipt.id, "version": receipt.version, "ctl": receipt.ctl,
                "snapshot": receipt.snapshot, "effective": receipt.effective,
                "sha256": receipt.sha256, "warnings": receipt.warnings,
            }),
        ),
        Err(PublishError::Invalid(problems)) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            json(
                StatusCode::UNPROCESSABLE_ENTITY,
                &object!({ "error": "the campaign file has errors", "problems": problems }),
            )
        }
        Err(PublishError::NotOwner) => misdirected(context),
        Err(error @ PublishError::Conflict(_)) => problem(StatusCode::CONFLICT, &error.to_string()),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn describe(published: &control::Published) -> Value {
    let campaign = &published.compiled.campaign;
    object!({
        "id": published.id, "account": campaign.account, "version": published.version,
        "ctl": published.ctl, "effective": published.effective, "sha256": published.sha256,
        "start": campaign.start, "end": campaign.end, "rounds": campaign.rounds.len(),
    })
}

fn campaigns(context: &Context) -> Value {
    let state = context.control.state();
    let newest: Vec<Value> = state
        .newest()
        .map(|published| describe(published))
        .collect();
    object!({ "campaigns": newest, "snapshot": state.snapshot_number() })
}

fn campaign(context: &Context, id: &str) -> Answer {
    let state = context.control.state();
    let versions = state.versions(id);
    let Some(newest) = versions.last() else {
        return problem(
            StatusCode::NOT_FOUND,
            &format!("no campaign {id:?} was published"),
        );
    };
    let list: Vec<Value> = versions
        .iter()
        .map(|published| describe(published))
        .collect();
    json(
        StatusCode::OK,
        &object!({ "id": id, "versions": list, "toml": newest.toml }),
    )
}
