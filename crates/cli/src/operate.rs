//! `ladder …`, `rule …`, `clock …`: operators' acts that act at once and change no result.

use crate::acts::accepted;
use crate::args::{ClockCommand, LadderCommand, NodeArgs, RuleCommand};
use crate::campaigns::shown;
use crate::client;
use crate::failure::Failure;
use crate::rounds::seconds;
use hyper::Method;
use serde_json::{Value, json};

/// Steps on the ladder.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn ladder(command: &LadderCommand) -> Result<(), Failure> {
    let LadderCommand::Set { step, reason, node } = command;
    let body = json!({ "step": step, "reason": reason });
    let done = act(node, "/v1/ladder", &body)?;
    println!(
        "the ladder stands at {step}: control offset {}",
        done["ctl"]
    );
    Ok(())
}

/// Kills a keyword rule, or restores it.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn rule(command: &RuleCommand) -> Result<(), Failure> {
    let (verb, done, args) = match command {
        RuleCommand::Kill(args) => ("kill", "answers nobody any more", args),
        RuleCommand::Restore(args) => ("restore", "answers again", args),
    };
    let body = json!({
        "verb": verb, "campaign": args.campaign, "rule": args.rule, "reason": args.reason,
    });
    let receipt = act(&args.node, "/v1/rule", &body)?;
    let ctl = &receipt["ctl"];
    println!(
        "rule {} of {} {done}: control offset {ctl}",
        args.rule, args.campaign
    );
    Ok(())
}

/// Lifts the guard of the ticks, or sets it again.
///
/// # Errors
/// A time that is none; the node cannot be asked, or refuses.
pub(crate) fn clock(command: &ClockCommand) -> Result<(), Failure> {
    let (seconds, reason, node) = match command {
        ClockCommand::Allow { time, reason, node } => match seconds(time)? {
            for_s @ 1.. => (for_s, reason, node),
            _ => return Err(Failure::wrong("name a span of time to come, like 30m")),
        },
        ClockCommand::Guard { reason, node } => (0, reason, node),
    };
    let body = json!({ "seconds": seconds, "reason": reason });
    let done = act(node, "/v1/clock/guard", &body)?;
    match done["act"]["until"].as_i64().filter(|_| seconds > 0) {
        Some(until) => println!(
            "ticks are written until {} whatever the clock says",
            shown(until)
        ),
        None => println!(
            "no tick is written while the clock is over an hour away from the fans' messages"
        ),
    }
    Ok(())
}

fn act(node: &NodeArgs, path: &str, body: &Value) -> Result<Value, Failure> {
    accepted(&client::act(node, Method::POST, path, Some(body))?)
}
