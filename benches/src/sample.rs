//! One run against a fresh server, and what it showed: answers, latency, processor time by thread, and how far
//! behind the consumers were at its end.

use crate::failure::Failure;
use crate::load::{Outcome, drive};
use crate::machine::{peak_mib, threads_cpu_s};
use crate::node::{ALL_ROLES, INGRESS_ONLY, Node, NodeOptions};
use crate::report::{Place, ratio};
use crate::requests::{Requests, Reuse};
use crate::server::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use wechat::Mode;

/// Time before the figures begin: connections, caches, the first segment.
pub(crate) const WARM_UP: Duration = Duration::from_secs(1);
/// Connections where their number is not searched for.
pub(crate) const CONNECTIONS: usize = 512;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Echo,
    Ingress,
    AllRoles,
}

impl Side {
    /// The interleaved order.
    pub(crate) const ALL: [Self; 3] = [Self::Echo, Self::Ingress, Self::AllRoles];

    /// As tables say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "bare echo",
            Self::Ingress => "ingress, coordinator",
            Self::AllRoles => "all roles",
        }
    }

    /// The ratio that is wanted.
    pub(crate) fn wanted(self, reuse: Reuse) -> Option<f64> {
        match (self, reuse) {
            (Self::Echo, _) => None,
            (Self::Ingress, Reuse::KeepAlive) => Some(0.6),
            (Self::AllRoles, Reuse::KeepAlive) => Some(0.4),
            (Self::Ingress, Reuse::PerMessage) => Some(0.8),
            (Self::AllRoles, Reuse::PerMessage) => Some(0.7),
        }
    }
}

/// What one run showed.
pub(crate) struct Sample {
    /// What the client saw.
    pub(crate) outcome: Outcome,
    /// What it cost the server.
    pub(crate) cpu: Cpu,
    /// Most memory that the server had resident.
    pub(crate) peak_mib: f64,
    /// How far behind the consumers were.
    pub(crate) lag: Lag,
}

/// Processor time of the server for one message, in microseconds.
#[derive(Default)]
pub(crate) struct Cpu {
    /// Of the process.
    pub(crate) all_us: f64,
    /// Of its threads, by name.
    pub(crate) threads_us: BTreeMap<String, f64>,
}

/// How far behind the consumers were when the last answer came.
#[derive(Default)]
pub(crate) struct Lag {
    /// Records that consumers had not applied, of both.
    pub(crate) records: u64,
    /// Age of the last applied record, as the status shows it: the largest of the consumers.
    pub(crate) status_s: f64,
    /// Seconds until they had.
    pub(crate) drain_s: f64,
}

impl Sample {
    /// Records behind over records that came per second.
    pub(crate) fn behind_s(&self) -> f64 {
        ratio(self.lag.records as f64, self.outcome.rate())
    }

    /// Everything that was measured.
    pub(crate) fn json(&self) -> Value {
        json!({
            "rate": self.outcome.rate(), "answered": self.outcome.answered, "words": self.outcome.words,
            "failed": self.outcome.failed, "seconds": self.outcome.elapsed.as_secs_f64(),
            "p50_ms": self.outcome.latency_ms(0.5), "p99_ms": self.outcome.latency_ms(0.99),
            "cpu_us_per_message": self.cpu.all_us,
            "threads_us_per_message": self.cpu.threads_us, "peak_mib": self.peak_mib, "lag_records": self.lag.records,
            "behind_s": self.behind_s(), "status_lag_s": self.lag.status_s, "drain_s": self.lag.drain_s,
        })
    }
}

/// One run against a fresh server.
pub(crate) struct Run<'a> {
    /// Who answers.
    pub(crate) side: Side,
    /// Mode of the account.
    pub(crate) mode: Mode,
    /// What is sent.
    pub(crate) requests: &'a Requests,
    /// How connections are used.
    pub(crate) reuse: Reuse,
    /// How many.
    pub(crate) connections: usize,
    /// How long.
    pub(crate) length: Duration,
}

impl Run<'_> {
    /// Starts the server, drives it, and takes it down.
    pub(crate) fn sample(&self, place: &Place) -> Result<Sample, Failure> {
        match self.side {
            Side::Echo => self.sample_echo(),
            Side::Ingress => self.sample_node(place, INGRESS_ONLY),
            Side::AllRoles => self.sample_node(place, ALL_ROLES),
        }
    }

    fn sample_echo(&self) -> Result<Sample, Failure> {
        let (server, address) = Server::echo()?;
        let (outcome, cpu) = self.load(&server, address)?;
        Ok(Sample {
            outcome,
            cpu,
            peak_mib: peak_mib(server.pid()),
            lag: Lag::default(),
        })
    }

    fn sample_node(&self, place: &Place, roles: &str) -> Result<Sample, Failure> {
        let dir = place.scratch()?;
        let data = dir.path().join("node");
        let node = Node::start(
            place,
            &NodeOptions {
                roles,
                data: &data,
                config: None,
                mode: self.mode,
            },
        )?;
        node.publish(None)?;
        let (outcome, cpu, mut lag) = node.ticker()?.during(|| {
            let (outcome, cpu) = self.load(&node.server, node.ingress)?;
            Ok((outcome, cpu, lag_of(&node.status()?)))
        })?;
        let peak_mib = node.peak_mib();
        if self.side == Side::AllRoles {
            lag.drain_s = node.wait_drained()?.as_secs_f64();
            node.check_quarantine()?;
        }
        node.server.terminate()?;
        Ok(Sample {
            outcome,
            cpu,
            peak_mib,
            lag,
        })
    }

    /// The warm-up and the run, with the server's processor time.
    fn load(&self, server: &Server, address: SocketAddr) -> Result<(Outcome, Cpu), Failure> {
        if matches!(self.requests, Requests::Patched(_)) {
            let length = WARM_UP.min(self.length);
            drive(address, self.requests, self.reuse, self.connections, length)?;
        }
        let (before, threads) = (server.cpu_s(), threads_cpu_s(server.pid()));
        let outcome = drive(
            address,
            self.requests,
            self.reuse,
            self.connections,
            self.length,
        )?;
        let per_message = |seconds: f64| ratio(seconds * 1e6, outcome.answered as f64);
        let all_us = per_message(server.cpu_s() - before);
        let since = |(name, spent): (String, f64)| {
            let before = threads.get(&name).copied().unwrap_or(0.0);
            (name, per_message(spent - before))
        };
        let threads_us = threads_cpu_s(server.pid()).into_iter().map(since).collect();
        Ok((outcome, Cpu { all_us, threads_us }))
    }
}

fn lag_of(status: &Value) -> Lag {
    let stages = status["stages"].as_array().map_or(&[][..], Vec::as_slice);
    Lag {
        records: stages
            .iter()
            .filter_map(|stage| stage["lag_records"].as_u64())
            .sum(),
        status_s: stages
            .iter()
            .filter_map(|stage| stage["lag_seconds"].as_f64())
            .fold(0.0, f64::max),
        drain_s: 0.0,
    }
}

/// A short run with all roles: its answers per second, on a node that is kept when `keep` names its directory.
pub(crate) fn saturating_rate(
    place: &Place,
    length: Duration,
    keep: Option<&Path>,
) -> Result<(f64, f64), Failure> {
    let dir = place.scratch()?;
    let data = keep.map_or_else(|| dir.path().join("node"), Path::to_owned);
    let options = NodeOptions {
        roles: ALL_ROLES,
        data: &data,
        config: None,
        mode: Mode::Plain,
    };
    let node = Node::start(place, &options)?;
    node.publish(None)?;
    let requests = Requests::plain(Reuse::KeepAlive);
    let outcome = node.ticker()?.during(|| {
        drive(
            node.ingress,
            &requests,
            Reuse::KeepAlive,
            CONNECTIONS,
            length,
        )
    })?;
    node.wait_drained()?;
    node.check_quarantine()?;
    let peak_mib = node.peak_mib();
    node.server.terminate()?;
    Ok((outcome.rate(), peak_mib))
}
