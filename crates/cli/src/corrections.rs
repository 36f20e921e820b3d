//! Sends corrections to the coordinator: first their standings, part by part, then the results, which it holds against the
//! messages before it publishes them. Sending the same again
//! goes on where it broke off. What a correction is, is the affair of `rescore`.

use crate::acts::accepted;
use crate::args::NodeArgs;
use crate::client::Asker;
use crate::failure::Failure;
use hyper::Method;
use record::rounds::{ResultAct, SHARE_MAX_BYTES};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a coordinator may count messages again before it answers.
const RECOUNT_TIMEOUT: Duration = Duration::from_secs(900);

/// What is to be published.
pub(crate) struct Request<'a> {
    /// Corrected results, each with its standings file.
    pub(crate) corrections: &'a [(&'a ResultAct, &'a str)],
    /// Offset of the final draw's result that they were computed with.
    pub(crate) final_draw: Option<u64>,
    /// Whether messages count although other versions of the steps wrote the log.
    pub(crate) as_new: bool,
    pub(crate) reason: &'a str,
}

/// Publishes corrected results. Offsets of them in `control`.
///
/// # Errors
/// The node cannot be asked, or refuses.
pub(crate) fn publish(request: &Request<'_>, node: &NodeArgs) -> Result<Vec<u64>, Failure> {
    let mut asker = Asker::new(node)?;
    let Request {
        corrections,
        final_draw,
        as_new,
        reason,
    } = request;
    for (result, standings) in *corrections {
        let parts = parts(standings);
        for (chunk, part) in parts.iter().enumerate() {
            let body = json!({
                "campaign": result.campaign, "round": result.round, "digest": result.standings,
                "chunk": chunk, "of": parts.len(), "standings": part,
            });
            accepted(&asker.act(Method::POST, "/v1/standings", Some(&body))?)?;
        }
    }
    let results: Vec<&ResultAct> = corrections.iter().map(|(result, _)| *result).collect();
    let mut body = json!({ "results": results, "final_draw": final_draw, "reason": reason });
    if *as_new {
        body["as_new"] = true.into();
    }
    asker.waits(RECOUNT_TIMEOUT);
    let receipt = accepted(&asker.act(Method::POST, "/v1/rescore", Some(&body))?)?;
    let ctls = receipt["results"].as_array().into_iter().flatten();
    Ok(ctls.filter_map(Value::as_u64).collect())
}

/// A file in as few parts of whole lines as [`SHARE_MAX_BYTES`] allows, always in the same; one empty part when it has
/// no line.
fn parts(file: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = file;
    while rest.len() > SHARE_MAX_BYTES {
        let head = rest.as_bytes().get(..SHARE_MAX_BYTES).unwrap_or_default();
        let end = head.iter().rposition(|byte| *byte == b'\n');
        // A line is never so long; if one were, the coordinator would refuse it.
        let end = end.map_or(rest.len(), |end| end.saturating_add(1));
        let (part, left) = rest.split_at(end);
        parts.push(part);
        rest = left;
    }
    if parts.is_empty() || !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_at_lines_and_nothing_is_lost() {
        let line = format!("{}\n", "码".repeat(40));
        for lines in [0, 1, 2_166, 2_167, 70_000] {
            let file = line.repeat(lines);
            let parts = parts(&file);
            assert_eq!(parts.concat(), file);
            let fits = |part: &&str| part.len() <= SHARE_MAX_BYTES;
            assert!(parts.iter().all(fits), "{lines} lines");
            assert!(parts.iter().all(|part| part.is_empty() == (lines == 0)));
            let least = file.len().div_ceil(SHARE_MAX_BYTES).max(1);
            assert!(parts.len() <= least + 1, "{} parts", parts.len());
        }
    }
}
