//! Ingress on the journal against a bare echo of the same bodies, with the same client, interleaved: with and
//! without consumers, on kept connections and on one per message; and safe mode beside plain.

use crate::failure::Failure;
use crate::load::{Outcome, drive};
use crate::machine::{peak_mib, threads_cpu_s};
use crate::report::{Place, Table, median, ratio};
use crate::requests::{Requests, Reuse, first_id};
use crate::server::{ALL_ROLES, INGRESS_ONLY, Node, NodeOptions, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;
use wechat::Mode;

/// Time before the figures begin: connections, caches, the first segment.
const WARM_UP: Duration = Duration::from_secs(1);
/// Connections when requests must be ready-made.
const READY_CONNECTIONS: usize = 512;

/// How long and how often.
pub(crate) struct Plan {
    /// A run with all consumers.
    pub(crate) long: Duration,
    /// Every other run.
    pub(crate) short: Duration,
    /// The search for the number of connections.
    pub(crate) trial: Duration,
    /// Repetitions, interleaved.
    pub(crate) rounds: usize,
    /// Numbers of connections to try.
    pub(crate) connections: Vec<usize>,
    /// Ready-made requests of one run.
    pub(crate) ready: usize,
}

impl Plan {
    /// With runs of this many seconds when all consumers are there.
    pub(crate) fn of(seconds: u64, rounds: usize) -> Self {
        let short = Duration::from_secs((seconds / 4).max(3));
        let (trial, connections) = (Duration::from_secs(3), vec![128, 512, 1024]);
        Self {
            long: Duration::from_secs(seconds),
            short,
            trial,
            rounds,
            connections,
            ready: 200_000,
        }
    }

    /// To see that everything works; its figures are worth little.
    pub(crate) fn quick() -> Self {
        let second = Duration::from_secs(1);
        let long = Duration::from_secs(3);
        Self {
            long,
            short: second,
            trial: second,
            rounds: 1,
            connections: vec![256],
            ready: 5_000,
        }
    }
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Echo,
    Ingress,
    AllRoles,
}

impl Side {
    const ALL: [Self; 3] = [Self::Echo, Self::Ingress, Self::AllRoles];

    fn name(self) -> &'static str {
        match self {
            Self::Echo => "bare echo",
            Self::Ingress => "ingress, coordinator",
            Self::AllRoles => "all roles",
        }
    }

    /// The ratio that is wanted.
    fn wanted(self, reuse: Reuse) -> Option<f64> {
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
struct Sample {
    outcome: Outcome,
    cpu: Cpu,
    peak_mib: f64,
    lag: Lag,
}

/// Processor time of the server for one message, in microseconds.
#[derive(Default)]
struct Cpu {
    all_us: f64,
    threads_us: BTreeMap<String, f64>,
}

/// How far behind the consumers were when the last answer came.
#[derive(Default)]
struct Lag {
    records: u64,
    /// Age of the last applied record, as the status shows it: the largest of the consumers.
    status_s: f64,
    drain_s: f64,
}

impl Sample {
    /// Records behind over records that came per second.
    fn behind_s(&self) -> f64 {
        ratio(self.lag.records as f64, self.outcome.rate())
    }

    fn json(&self) -> Value {
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

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let mut tables = Vec::new();
    for reuse in [Reuse::KeepAlive, Reuse::PerMessage] {
        tables.extend(against_echo(place, plan, reuse)?);
    }
    tables.push(safe_mode(place, plan)?);
    place.publish(
        "ingress",
        "Ingress on the journal, as many connections as saturate each side",
        &tables,
    )
}

const HEAD: [&str; 11] = [
    "side",
    "connections",
    "requests/s",
    "ratio",
    "wanted",
    "in words",
    "p50 ms",
    "p99 ms",
    "cpu µs/msg",
    "behind s",
    "peak MiB",
];

fn against_echo(place: &Place, plan: &Plan, reuse: Reuse) -> Result<[Table; 2], Failure> {
    let requests = Requests::plain(reuse);
    let mut best = Vec::new();
    for side in Side::ALL {
        best.push(saturating(place, plan, side, &requests, reuse)?);
    }
    let mut samples: Vec<Vec<Sample>> = Side::ALL.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for ((side, &connections), into) in Side::ALL.into_iter().zip(&best).zip(&mut samples) {
            let length = if side == Side::AllRoles {
                plan.long
            } else {
                plan.short
            };
            let run = Run {
                side,
                mode: Mode::Plain,
                requests: &requests,
                reuse,
                connections,
                length,
            };
            into.push(run.sample(place)?);
        }
    }
    let mut table = Table::new(format!("plain mode, {}", reuse.name()), &HEAD);
    for ((side, connections), own) in Side::ALL.into_iter().zip(best).zip(&samples) {
        let first = samples.first().map_or(&[][..], Vec::as_slice);
        push_row(
            &mut table,
            side.name(),
            connections,
            own,
            first,
            side.wanted(reuse),
        );
    }
    Ok(table)
}

fn safe_mode(place: &Place, plan: &Plan) -> Result<Table, Failure> {
    let modes = [Mode::Plain, Mode::Safe];
    let mut samples: Vec<Vec<Sample>> = modes.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (mode, into) in modes.into_iter().zip(&mut samples) {
            let requests = Requests::ready(mode, plan.ready, first_id(), Reuse::KeepAlive);
            let (side, reuse, length) = (Side::Ingress, Reuse::KeepAlive, plan.long);
            let run = Run {
                side,
                mode,
                requests: &requests,
                reuse,
                connections: READY_CONNECTIONS,
                length,
            };
            into.push(run.sample(place)?);
        }
    }
    let mut table = Table::new(
        "safe mode beside plain, keep-alive, ready-made requests",
        &HEAD,
    );
    for ((mode, own), wanted) in modes.into_iter().zip(&samples).zip([None, Some(0.8)]) {
        let first = samples.first().map_or(&[][..], Vec::as_slice);
        push_row(
            &mut table,
            &format!("{} mode", mode.name()),
            READY_CONNECTIONS,
            own,
            first,
            wanted,
        );
    }
    Ok(table)
}

fn push_row(
    table: &mut Table,
    name: &str,
    connections: usize,
    own: &[Sample],
    first: &[Sample],
    wanted: Option<f64>,
) {
    let middle = |of: &dyn Fn(&Sample) -> f64| median(&own.iter().map(of).collect::<Vec<_>>());
    // Each run against the one beside it: what the machine did meanwhile, it did to both.
    let pairs = own.iter().zip(first);
    let ratios: Vec<f64> = pairs
        .map(|(a, b)| ratio(a.outcome.rate(), b.outcome.rate()))
        .collect();
    let worst = own.iter().map(Sample::behind_s).fold(0.0, f64::max);
    let words = middle(&|s| ratio(s.outcome.words as f64, s.outcome.answered as f64));
    let peak = own.iter().map(|s| s.peak_mib).fold(0.0, f64::max);
    let cells = vec![
        name.to_owned(),
        connections.to_string(),
        format!("{:.0}", middle(&|s| s.outcome.rate())),
        format!("{:.2}", median(&ratios)),
        wanted.map_or_else(|| "-".to_owned(), |wanted| format!("{wanted:.1}")),
        format!("{:.0} %", words * 100.0),
        format!("{:.1}", middle(&|s| s.outcome.latency_ms(0.5))),
        format!("{:.1}", middle(&|s| s.outcome.latency_ms(0.99))),
        format!("{:.1}", middle(&|s| s.cpu.all_us)),
        format!("{worst:.2}"),
        format!("{peak:.0}"),
    ];
    let runs: Vec<Value> = own.iter().map(Sample::json).collect();
    let raw = json!({
        "side": name, "connections": connections, "ratio": median(&ratios), "ratios": ratios,
        "wanted": wanted, "runs": runs,
    });
    table.row(cells, raw);
}

/// The number of connections with which this side answers most.
fn saturating(
    place: &Place,
    plan: &Plan,
    side: Side,
    requests: &Requests,
    reuse: Reuse,
) -> Result<usize, Failure> {
    let mut best = (
        0.0,
        plan.connections
            .first()
            .copied()
            .unwrap_or(READY_CONNECTIONS),
    );
    if plan.connections.len() < 2 {
        return Ok(best.1);
    }
    for &connections in &plan.connections {
        let run = Run {
            side,
            mode: Mode::Plain,
            requests,
            reuse,
            connections,
            length: plan.trial,
        };
        let rate = run.sample(place)?.outcome.rate();
        println!(
            "trial: {}, {}, {connections} connections: {rate:.0}/s",
            side.name(),
            reuse.name()
        );
        if rate > best.0 {
            best = (rate, connections);
        }
    }
    Ok(best.1)
}

/// One run against a fresh server.
struct Run<'a> {
    side: Side,
    mode: Mode,
    requests: &'a Requests,
    reuse: Reuse,
    connections: usize,
    length: Duration,
}

impl Run<'_> {
    fn sample(&self, place: &Place) -> Result<Sample, Failure> {
        match self.side {
            Side::Echo => self.sample_echo(),
            Side::Ingress => self.sample_node(place, INGRESS_ONLY),
            Side::AllRoles => self.sample_node(place, ALL_ROLES),
        }
    }

    fn sample_echo(&self) -> Result<Sample, Failure> {
        let (server, address) = Server::echo()?;
        let (outcome, cpu_us) = self.load(&server, address)?;
        let peak_mib = crate::machine::peak_mib(server.pid());
        Ok(Sample {
            outcome,
            cpu_us,
            peak_mib,
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
            cpu_us,
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
    keep: Option<&std::path::Path>,
) -> Result<(f64, f64), Failure> {
    let dir = place.scratch()?;
    let data = keep.map_or_else(|| dir.path().join("node"), std::path::Path::to_owned);
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
            READY_CONNECTIONS,
            length,
        )
    })?;
    node.wait_drained()?;
    node.check_quarantine()?;
    let peak_mib = node.peak_mib();
    node.server.terminate()?;
    Ok((outcome.rate(), peak_mib))
}
