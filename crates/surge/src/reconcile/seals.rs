//! Who was asked to confirm a seal, who did, and who was given up: nodes by their greetings in `control`, their
//! words in `progress`. Never what a round comes to.

use super::lines::{self, LinesError, Tail, excerpt};
use campaign::OnSilentNode;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What nodes said in `progress`: they have confirmed a request, by its offset in `control`.
#[derive(Debug, Clone, Default)]
pub struct Confirmed {
    said: BTreeSet<(u64, String)>,
    /// Whether `progress` was exported from its beginning; it is kept for an hour.
    is_whole: bool,
}

impl Confirmed {
    /// Reads `progress.jsonl`, and from `cuts.json` whether it begins at its beginning.
    ///
    /// # Errors
    /// [`LinesError`].
    pub fn read(export: &Path) -> Result<Self, LinesError> {
        #[derive(Deserialize)]
        struct Line {
            value: Word,
        }
        #[derive(Deserialize)]
        struct Word {
            r#type: String,
            #[serde(default)]
            node: String,
            #[serde(default)]
            ctl: u64,
        }
        let mut confirmed = Self::default();
        let path = export.join("progress.jsonl");
        if !path.exists() {
            return Ok(confirmed);
        }
        lines::fold(
            &path,
            Tail::Whole,
            |lines| {
                let lines = lines.map(|line| {
                    serde_json::from_slice::<Line>(line)
                        .map_err(|e| format!("{} is no exported record: {e}", excerpt(line)))
                });
                lines.collect::<Result<Vec<_>, String>>()
            },
            |words| {
                for Line { value } in words {
                    if value.r#type == "seal_ack" {
                        confirmed.said.insert((value.ctl, value.node));
                    }
                }
            },
        )?;
        let cuts = std::fs::read_to_string(export.join("cuts.json")).unwrap_or_default();
        let cuts: Value = serde_json::from_str(&cuts).unwrap_or_default();
        confirmed.is_whole = cuts["progress"]["0"]["start"] == 0;
        Ok(confirmed)
    }
}

#[derive(Debug)]
struct Node {
    greeted: u64,
    takes_callbacks: bool,
    is_present: bool,
}

/// The end of a node's presence, at an offset of `control`.
#[derive(Debug)]
struct Gone {
    at: u64,
    node: String,
    is_given_up: bool,
}

/// Nodes as `control` tells of them at one place.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    known: BTreeMap<String, Node>,
    gone: Vec<Gone>,
    /// Offsets of the last two records that a coordinator wrote: it had read everything before them.
    written: [u64; 2],
    /// Offsets at which an operator wanted no more waiting.
    pub(super) forced: Vec<u64>,
}

/// A request to seal a round.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Its offset in `control`.
    pub(super) at: u64,
    /// When it was due, in seconds since 1970.
    pub(super) tick: i64,
    members: BTreeSet<String>,
    /// Members that were there.
    present: BTreeSet<String>,
    /// Offset of what a coordinator wrote before it.
    after: u64,
}

/// What a decision says of who has confirmed.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What is wrong.
    pub(super) faults: Vec<String>,
    /// What cannot be shown.
    pub(super) open: Option<String>,
}

impl Nodes {
    /// Takes a record; whether it was about a node.
    pub(super) fn take(&mut self, at: u64, kind: &str, act: &Value) -> bool {
        let name = act["node"].as_str().unwrap_or_default().to_owned();
        match kind {
            "hello" => {
                let mut roles = act["roles"].as_array().into_iter().flatten();
                let node = Node {
                    greeted: at,
                    takes_callbacks: roles.any(|role| role == "ingress"),
                    is_present: true,
                };
                self.known.insert(name, node);
            }
            "bye" | "retired" => {
                let is_given_up = kind == "retired";
                if is_given_up {
                    self.written = [self.written[1], at];
                }
                let known = self.known.get_mut(&name).filter(|node| node.is_present);
                if let Some(node) = known {
                    node.is_present = false;
                    self.gone.push(Gone {
                        at,
                        node: name,
                        is_given_up,
                    });
                }
            }
            // Written by whoever asks, not by a coordinator.
            "continued" => return false,
            _ => {
                self.written = [self.written[1], at];
                return false;
            }
        }
        true
    }

    fn is_present(&self, node: &str) -> bool {
        self.known.get(node).is_some_and(|node| node.is_present)
    }

    /// The request that was taken last.
    pub(super) fn request(&self, at: u64, act: &Value) -> Request {
        let members = names(act, "members");
        let present = members.iter().filter(|node| self.is_present(node));
        Request {
            at,
            tick: act["at"].as_i64().unwrap_or(i64::MIN),
            present: present.cloned().collect(),
            members,
            after: self.written[0],
        }
    }

    /// Nodes that take callbacks and were not asked. One that greets while the request is on its way is not waited for.
    pub(super) fn left_out<'n>(&'n self, request: &'n Request) -> impl Iterator<Item = &'n str> {
        let was_there =
            |node: &Node| node.takes_callbacks && node.is_present && node.greeted < request.after;
        let known = self.known.iter();
        let left_out =
            known.filter(move |(name, node)| was_there(node) && !request.members.contains(*name));
        left_out.map(|(name, _)| name.as_str())
    }

    /// Holds what a decision at `at` says of nodes against what they said, and what `control` says of them. What does not
    /// follow is told.
    pub(super) fn told(
        &self,
        request: &Request,
        at: u64,
        act: &Value,
        (confirmed, policy): (&Confirmed, OnSilentNode),
    ) -> Told {
        let (members, missing) = (names(act, "members"), names(act, "missing"));
        let left = |node: &str, is_given_up: bool| {
            let since = self
                .gone
                .iter()
                .filter(|gone| (request.at..at).contains(&gone.at));
            let mut since = since.filter(|gone| gone.node == node);
            !request.present.contains(node) || since.any(|gone| gone.is_given_up == is_given_up)
        };
        let is_forced = self.forced.iter().any(|act| (request.at..at).contains(act));
        let mut told = Told::default();
        let named: BTreeSet<&String> = members.iter().chain(&missing).collect();
        let asked: BTreeSet<&String> = request.members.iter().collect();
        for node in named.symmetric_difference(&asked) {
            let what = match asked.contains(*node) {
                true => "was asked to confirm the seal, and the decision does not say what of it",
                false => "stands in the decision, and was not asked to confirm the seal",
            };
            told.faults.push(format!("node {node} {what}"));
        }
        for node in &members {
            let has_said = confirmed.said.contains(&(request.at, node.clone()));
            if has_said || left(node, false) {
                continue;
            }
            if confirmed.is_whole {
                let fault =
                    format!("node {node} counts as one that confirmed the seal, and did not");
                told.faults.push(fault);
            } else {
                let open = "what nodes said of seals is no longer in the log: who confirmed one cannot be shown";
                told.open = Some(open.to_owned());
            }
        }
        for node in &missing {
            if !left(node, true) {
                told.faults.push(format!(
                    "node {node} was not waited for, and no record says that it was given up"
                ));
            } else if policy == OnSilentNode::Wait && !is_forced {
                told.faults.push(format!(
                    "node {node} was not waited for, although the campaign waits for the operator"
                ));
            }
        }
        told
    }
}

fn names(act: &Value, key: &str) -> BTreeSet<String> {
    let names = act[key].as_array().into_iter().flatten();
    names
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_that_no_coordinator_wrote_moves_no_request() {
        let mut nodes = Nodes::default();
        let hello = |node: &str| json!({"node": node, "roles": ["ingress"]});
        nodes.take(0, "hello", &hello("n1"));
        nodes.take(1, "campaign", &json!({}));
        nodes.take(2, "commitment", &json!({}));
        // It greets while the request is on its way.
        nodes.take(3, "hello", &hello("n2"));
        nodes.take(4, "continued", &json!({"actor": "ann"}));
        let act = json!({"members": ["n1"], "at": 5});
        nodes.take(5, "seal_req", &act);
        let request = nodes.request(5, &act);
        assert_eq!(nodes.left_out(&request).next(), None);
        // One that had greeted before the coordinator's last record must be asked.
        let act = json!({"members": [], "at": 5});
        let request = nodes.request(5, &act);
        assert_eq!(nodes.left_out(&request).collect::<Vec<_>>(), ["n1"]);
    }
}
