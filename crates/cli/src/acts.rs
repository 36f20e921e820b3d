//! Commands that ask a running node to act, or what is in force there.

use crate::args::NodeArgs;
use crate::client::{self, Answer};
use crate::failure::{Failure, io};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;

/// `campaign publish`: returns when every partition has it and ingress uses it.
pub(crate) fn publish(
    file: &Path,
    expect_version: u32,
    reason: &str,
    node: &NodeArgs,
) -> Result<(), Failure> {
    let toml = std::fs::read_to_string(file).map_err(io(format!("read {}", file.display())))?;
    let body = json!({ "toml": toml, "expect_version": expect_version, "reason": reason });
    let answer = client::act(node, Method::POST, "/v1/campaigns", Some(&body))?;
    let receipt = accepted(&answer)?;
    for warning in receipt["warnings"].as_array().into_iter().flatten() {
        println!(
            "{}: {}",
            file.display(),
            warning.as_str().unwrap_or_default()
        );
    }
    let member = |name: &str| receipt[name].to_string();
    println!(
        "published {} version {}: control offset {}, snapshot {}, speaks for messages from CreateTime {} on",
        receipt["id"].as_str().unwrap_or_default(),
        member("version"),
        member("ctl"),
        member("snapshot"),
        member("effective"),
    );
    Ok(())
}

/// `campaign show`: the versions in force.
pub(crate) fn show(id: Option<&str>, file: bool, node: &NodeArgs) -> Result<(), Failure> {
    let token = client::token(node)?;
    let path = id.map_or_else(
        || "/v1/campaigns".to_owned(),
        |id| format!("/v1/campaigns/{id}"),
    );
    let found = accepted(&client::ask(
        node.node,
        Method::GET,
        &path,
        Some(&token),
        None,
    )?)?;
    if file {
        print!("{}", found["toml"].as_str().unwrap_or_default());
        return Ok(());
    }
    let list = found
        .get("versions")
        .or_else(|| found.get("campaigns"))
        .and_then(Value::as_array);
    let list = list.map_or(&[][..], Vec::as_slice);
    if list.is_empty() {
        println!(
            "no campaign is published; `campaign publish FILE --expect-version 0` publishes one"
        );
        return Ok(());
    }
    println!(
        "{:<28} {:>7} {:>10} {:>12} {:>6}  sha256",
        "campaign", "version", "control", "effective", "rounds"
    );
    for version in list {
        println!(
            "{:<28} {:>7} {:>10} {:>12} {:>6}  {}",
            version["id"].as_str().unwrap_or_default(),
            version["version"].to_string(),
            version["ctl"].to_string(),
            version["effective"].to_string(),
            version["rounds"].to_string(),
            version["sha256"].as_str().unwrap_or_default(),
        );
    }
    Ok(())
}

/// `stage continue`: lets a consumer go on although much failed judging.
pub(crate) fn continue_stage(
    name: &str,
    allow: u64,
    reason: &str,
    node: &NodeArgs,
) -> Result<(), Failure> {
    let token = client::token(node)?;
    let body = json!({ "allow": allow, "reason": reason });
    let path = format!("/v1/stages/{name}/continue");
    accepted(&client::ask(
        node.node,
        Method::POST,
        &path,
        Some(&token),
        Some(&body),
    )?)?;
    println!("stage {name} may fail to judge {allow} more");
    Ok(())
}

/// The body of an answer that says yes.
pub(crate) fn accepted(answer: &Answer) -> Result<Value, Failure> {
    match answer.status {
        StatusCode::OK => answer.json(),
        StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST => Err(Failure::wrong(answer.error())),
        StatusCode::UNPROCESSABLE_ENTITY => {
            let problems = answer.json()?;
            let lines = problems["problems"].as_array().into_iter().flatten();
            let lines: Vec<&str> = lines.filter_map(Value::as_str).collect();
            Err(Failure::no(format!(
                "{}\n  {}",
                answer.error(),
                lines.join("\n  ")
            )))
        }
        StatusCode::CONFLICT | StatusCode::NOT_FOUND => Err(Failure::no(answer.error())),
        _ => Err(Failure::away(answer.error())),
    }
}
