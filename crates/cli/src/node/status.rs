//! The status document: what `status`, the page and scripts read.

use super::stages::{self, Watched};
use crate::config::{Clock, Config};
use crate::log::Held;
use control::Control;
use coordinator::Handle;
use record::hexed::Hex;
use serde_json::{Value, json};
use std::sync::Arc;
use telemetry::Health;

/// Everything that the document is made of.
pub(crate) struct Sources {
    pub(crate) node: Hex<8>,
    pub(crate) boot: Hex<8>,
    pub(crate) config: Config,
    pub(crate) health: Health,
    pub(crate) control: Arc<Control>,
    pub(crate) coordinator: Option<Handle>,
    pub(crate) stages: Vec<Watched>,
    pub(crate) held: Arc<Held>,
}

impl Sources {
    /// The document as of now.
    pub(crate) fn document(&self) -> Value {
        let reasons = self.health.ready().err().unwrap_or_default();
        let (log, is_away) = (self.held.log(), self.held.is_away());
        // Brokers that are away would be asked in vain for the end of each partition.
        let ends = (!is_away).then_some(&*log);
        let stages: Vec<Value> = self
            .stages
            .iter()
            .map(|watched| stages::describe(watched, ends))
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "node": self.node,
            "boot": self.boot,
            "log": log.id().to_string(),
            "backend": self.config.log.backend.name(),
            "is_away": is_away,
            "spool": self.held.spool(),
            "ready": reasons.is_empty(),
            "reasons": reasons,
            "notices": self.notices(),
            "roles": self.config.roles.iter().map(|role| role.name()).collect::<Vec<_>>(),
            "clock": match self.config.clock { Clock::Wall => "wall", Clock::Rehearsal => "rehearsal" },
            "snapshot": self.control.snapshot().load().number,
            "campaigns": self.campaigns(),
            "coordinator": self.coordinator.as_ref().map(|handle| {
                let status = handle.status();
                json!({ "leads": status.leads, "tick": status.tick, "ticks": status.ticks,
                        "copies": status.copies, "retries": status.retries,
                        "take_overs": status.take_overs, "trouble": status.trouble })
            }),
            "stages": stages,
            "leader": self.leader(),
            "nodes": self.nodes(),
        })
    }

    fn campaigns(&self) -> Vec<Value> {
        let state = self.control.state();
        let newest = state.newest().map(|published| {
            json!({ "id": published.id, "version": published.version, "ctl": published.ctl,
                    "effective": published.effective })
        });
        newest.collect()
    }

    /// Who coordinates, as control tells it.
    fn leader(&self) -> Value {
        let state = self.control.state();
        state.leader().map_or(Value::Null, |leader| {
            json!({ "node": leader.node, "boot": leader.boot, "admin": state.leader_address() })
        })
    }

    fn nodes(&self) -> Vec<Value> {
        let state = self.control.state();
        let nodes = state.nodes().values().map(|node| {
            json!({ "node": node.hello.node, "boot": node.hello.boot, "roles": node.hello.roles,
                    "admin": node.hello.admin, "present": node.present })
        });
        nodes.collect()
    }

    /// What a person should look at although the node is ready.
    fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.config.accounts.is_empty() {
            notices.push("no [[account]] is configured: every callback is answered 404".to_owned());
        }
        if self.held.is_away() {
            notices.push("the brokers are away; what needs them waits".to_owned());
        }
        if let Some(away) = self.control.away() {
            notices.push(format!("control cannot be read now: {away}"));
        }
        if let Some(failure) = self.control.failure() {
            notices.push(format!("following control has stopped: {failure}"));
        }
        if let Some(away) = self.control.away() {
            notices.push(format!("control cannot be read: {away}"));
        }
        if let Some(trouble) = self
            .coordinator
            .as_ref()
            .and_then(|handle| handle.status().trouble)
        {
            notices.push(format!("coordinator: {trouble}"));
        }
        for watched in &self.stages {
            notices.extend(watched.status.report().alarms);
        }
        for report in self.health.report_at(std::time::Instant::now()) {
            if let (false, Some(bad)) = (report.gates, report.bad) {
                notices.push(format!("{}: {bad}", report.name));
            }
        }
        notices
    }
}
