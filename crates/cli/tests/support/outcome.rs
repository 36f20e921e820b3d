//! What became of a surge, asked of all processes and of the log: who owns what, what stands in spools, whether anything
//! is lost or doubled.

use super::fleet::Fleet;
use super::kafka::PARTITIONS;
use super::node::Ended;
use super::{Node, Scene, finish, succeed, until, until_told};
use serde_json::Value;
use std::collections::BTreeSet;

impl Scene {
    /// The provisional results of a recording by one process on its own journal, which nobody has disturbed.
    pub(crate) fn undisturbed(messages: u32, compress: u32) -> Value {
        let scene = Self::new(messages, compress);
        scene.set_partitions(PARTITIONS);
        let node = scene.start("node", &[]);
        scene.publish("node");
        succeed(&mut scene.replay("node", &["--speed", "max"]));
        node.wait_concluded();
        scene.results("node")
    }
}

impl Fleet {
    /// The sum of a metric over all processes that run.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let nodes = self.running();
        nodes.map(|(_, node)| node.series(name, labels)).sum()
    }

    /// Waits until no spool holds anything and every partition of every consumer is owned, once, and read to its end.
    pub(crate) fn wait_drained(&self) {
        until("empty spools", || self.spooled() == Some(0));
        // quiz reads what dedup wrote: both stand at the end, seen twice in a row.
        for _ in 0..2 {
            until_told(
                "the consumers' end of the log",
                || ["dedup", "quiz"].iter().all(|stage| self.is_read_by(stage)),
                || self.stages(),
            );
        }
    }

    /// How the consumers stand, by their own word.
    fn stages(&self) -> String {
        let stages = |node: &Node| node.try_status().map(|status| status["stages"].clone());
        let told = self
            .running()
            .map(|(name, node)| format!("{name}: {}", stages(node).unwrap_or_default()));
        told.collect::<Vec<_>>().join("\n")
    }

    fn is_read_by(&self, stage: &str) -> bool {
        let mut owned = Vec::new();
        for (_, node) in self.with_role(stage) {
            let Some(status) = node.try_status() else {
                return false;
            };
            let stages = status["stages"].as_array().unwrap();
            let Some(found) = stages.iter().find(|found| found["name"] == stage) else {
                return false;
            };
            if found["state"] != "running" || found["lag_records"] != 0 {
                return false;
            }
            let partitions = found["partitions"].as_array().unwrap();
            owned.extend(partitions.iter().filter_map(Value::as_u64));
        }
        let distinct: BTreeSet<u64> = owned.iter().copied().collect();
        let all = self.scene.partitions();
        distinct.len() == all && owned.len() == all
    }

    /// Records that stand in spools only; `None` while some ingress does not say.
    pub(crate) fn spooled(&self) -> Option<u64> {
        let mut ingress = self.with_role("ingress");
        ingress.try_fold(0, |sum, (_, node)| {
            let records = node.try_status()?["spool"]["records"].as_u64()?;
            Some(sum + records)
        })
    }

    /// Every process is sound, and the log holds what the recording's oracle says: nothing lost, nothing doubled,
    /// the same digests.
    pub(crate) fn judge(&self) {
        self.wait_drained();
        until("the results of all rounds", || {
            let (_, node) = self.with_role("coordinator").next().unwrap();
            node.has_all_results()
        });
        assert_eq!(self.sum("spillway_audit_mismatch_total", &[]), 0.0);
        self.scene.judge("");
    }

    /// Partitions that one process has of a stage.
    pub(crate) fn owned(&self, name: &str, stage: &str) -> usize {
        let Some(status) = self.node(name).try_status() else {
            return 0;
        };
        let stages = status["stages"].as_array().unwrap();
        let found = stages.iter().find(|found| found["name"] == stage);
        found.map_or(0, |found| found["partitions"].as_array().unwrap().len())
    }

    /// Waits until these processes have all partitions of a stage among them.
    pub(crate) fn wait_owned(&self, names: &[&str], stage: &str) {
        until(&format!("all partitions of {stage} at {names:?}"), || {
            let owned = names.iter().map(|name| self.owned(name, stage));
            owned.sum::<usize>() == self.scene.partitions()
        });
    }

    /// Deliveries that also went to a spool, for this reason; for any when it is empty.
    pub(crate) fn fired(&self, reason: &str) -> u64 {
        let labels = [("reason", reason)];
        let labels = if reason.is_empty() { &[][..] } else { &labels };
        self.sum("spillway_hedge_fired_total", labels) as u64
    }

    /// What was counted of a whole recording, to be compared with another run of it: of the log by `surge reconcile`, and
    /// the provisional results.
    pub(crate) fn counted(&self) -> Value {
        let (ended, verdict) = self.verdict();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let counted = [
            "holds",
            "all",
            "parts",
            "redeliveries_dropped",
            "rules",
            "rounds",
            "digests",
            "dead_letters",
        ];
        let counted = counted.map(|name| (name.to_owned(), verdict[name].clone()));
        let provisional = ("provisional".to_owned(), self.scene.results(""));
        Value::from_iter(counted.into_iter().chain([provisional]))
    }

    /// What `surge reconcile` finds in the log now, in words and as JSON; what is missing stands in `missing.jsonl`.
    pub(crate) fn verdict(&self) -> (Ended, Value) {
        self.scene.export("", "found");
        let ended = finish(&mut self.scene.reconciling("found"));
        let verdict = self.scene.verdict();
        (ended, verdict)
    }

    /// Every delivery was answered at its first attempt: no node has let one run out of its budget.
    pub(crate) fn all_answered_at_once(&self) {
        let all = &self.scene.report()["all"];
        assert_eq!(all["unacked"].as_u64(), Some(0), "{all}");
        assert_eq!(all["attempts"], all["acked"], "{all}");
        assert_eq!(self.sum("spillway_ingress_unacked_total", &[]), 0.0);
    }
}
