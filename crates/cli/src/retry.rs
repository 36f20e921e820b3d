//! `dead-letters retry`: asks a running node to put dead letters back.

use crate::acts::accepted;
use crate::args::RetryArgs;
use crate::client;
use crate::failure::Failure;
use hyper::Method;
use serde_json::{Value, json};

/// Puts back one dead letter, or all, in as many calls as it takes.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn run(args: &RetryArgs) -> Result<(), Failure> {
    let (mut from, mut retried, mut skipped) = (Value::Null, 0, 0);
    loop {
        let mut body = json!({ "topic": args.topic, "reason": args.reason });
        match (args.partition, args.offset) {
            (Some(partition), Some(offset)) => {
                body["partition"] = partition.into();
                body["offset"] = offset.into();
            }
            _ => {
                body["all"] = args.all.into();
                body["from"] = from;
            }
        }
        let path = "/v1/dead-letters/retry";
        let answer = client::act(&args.node, Method::POST, path, Some(&body))?;
        let done = accepted(&answer)?;
        retried += done["retried"].as_u64().unwrap_or_default();
        for letter in done["skipped"].as_array().into_iter().flatten() {
            skipped += 1;
            let why = letter["why"].as_str().unwrap_or_default();
            println!("left {}/{}: {why}", letter["partition"], letter["offset"]);
        }
        from = done["next"].clone();
        if from.is_null() {
            break;
        }
    }
    println!("put back {retried}, left {skipped}");
    Ok(())
}
