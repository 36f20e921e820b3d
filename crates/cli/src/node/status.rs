//! The status document: what `status`, the page and scripts read.

use super::stages::{self, Watched};
use crate::config::{Clock, Config};
use crate::log::Held;
use control::Control;
use control::rounds::Life;
use coordinator::{Handle, Sealing, Status};
use record::hexed::Hex;
use record::operate::Ladder;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use telemetry::Health;

/// A seal that takes longer is worth a word.
const LONG_SEAL: Duration = Duration::from_secs(10);

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
            "partitions": self.config.log.partitions,
            "is_away": is_away,
            "spool": self.held.spool(),
            "ready": reasons.is_empty(),
            "reasons": reasons,
            "notices": self.notices(),
            "roles": self.config.roles.iter().map(|role| role.name()).collect::<Vec<_>>(),
            "clock": match self.config.clock { Clock::Wall => "wall", Clock::Rehearsal => "rehearsal" },
            "snapshot": self.control.snapshot().load().number,
            "ladder": u8::from(self.control.snapshot().load().ladder),
            "killed": self.control.state().killed(),
            "campaigns": self.campaigns(),
            "coordinator": self.coordinator.as_ref().map(|handle| {
                let status = handle.status();
                json!({ "leads": status.leads, "tick": status.tick, "ticks": status.ticks,
                        "copies": status.copies, "retries": status.retries,
                        "take_overs": status.take_overs, "trouble": status.trouble,
                        "allowed": status.allowed,
                        "awaits": status.awaits, "sealing": sealing(&status) })
            }),
            "stages": stages,
            "leader": self.leader(),
            "nodes": self.nodes(),
        })
    }

    fn campaigns(&self) -> Vec<Value> {
        let state = self.control.state();
        let newest = state.newest().map(|published| {
            let lives = || {
                state
                    .rounds()
                    .of(&published.id)
                    .filter(|(round, _)| round.is_some())
            };
            let count = |which: fn(&Life) -> bool| lives().filter(|(_, life)| which(life)).count();
            json!({ "id": published.id, "version": published.version, "ctl": published.ctl,
                    "effective": published.effective,
                    "rounds": published.compiled.campaign.rounds.len(),
                    "void": count(|life| life.is_void),
                    "sealed": count(|life| !life.is_void && life.decision.is_some()),
                    "results": count(|life| !life.is_void && life.result.is_some()) })
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
        notices.extend(self.config.unreachable());
        if self.held.is_away() {
            notices.push("the brokers are away; what needs them waits".to_owned());
        }
        if let Some(failure) = self.control.failure() {
            notices.push(format!("following control has stopped: {failure}"));
        }
        if let Some(away) = self.control.away() {
            notices.push(format!("control cannot be read: {away}"));
        }
        let step = self.control.snapshot().load().ladder;
        if step != Ladder::Normal {
            notices.push(format!(
                "the ladder stands at {} ({}); `spillway ladder set 0` ends that",
                u8::from(step),
                step.name()
            ));
        }
        for (campaign, rules) in self.control.state().killed() {
            let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
            let rules = rules.join(", ");
            notices.push(format!("killed rules of {campaign}: {rules}"));
        }
        if let Some(status) = self.coordinator.as_ref().map(Handle::status) {
            let trouble = status.trouble.iter().chain(&status.allowed);
            let trouble = trouble.chain(&status.awaits);
            notices.extend(trouble.map(|trouble| format!("coordinator: {trouble}")));
            notices.extend(status.sealing.iter().filter_map(long_sealing));
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

fn sealing(status: &Status) -> Vec<Value> {
    let sealing = status.sealing.iter().map(|seal| {
        json!({ "campaign": seal.campaign, "round": seal.round, "waits_for": seal.waits_for,
                "seconds": seal.since.elapsed().as_secs() })
    });
    sealing.collect()
}

fn long_sealing(seal: &Sealing) -> Option<String> {
    let waited = seal.since.elapsed();
    (waited >= LONG_SEAL).then(|| {
        let nodes: Vec<String> = seal.waits_for.iter().map(ToString::to_string).collect();
        format!(
            "round {} of {:?} waits {} s for node(s) {} to be sealed; `spillway round seal` goes on without them",
            seal.round,
            seal.campaign,
            waited.as_secs(),
            nodes.join(", ")
        )
    })
}
