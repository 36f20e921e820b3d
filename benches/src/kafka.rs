//! Ingress on Kafka, hedged, against a bare server that gives the raw body to the client library with the same settings, on
//! the same brokers; the library alone beside both, and our appender around it; and how long acks take at half the
//! saturating rate.

use crate::brokers::Brokers;
use crate::driven::Driven;
use crate::failure::Failure;
use crate::load::{Outcome, drive, drive_at};
use crate::machine::{busy_s, cpu_s, threads_cpu_s};
use crate::node::INGRESS_ONLY;
use crate::report::{Place, Table, median, ratio};
use crate::requests::{Requests, Reuse};
use crate::sample::WARM_UP;
use crate::server::Server;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// Connections of the run at half the saturating rate: an answer that is late must not hold the next request.
const PACED_CONNECTIONS: usize = 2_048;
/// How long the brokers are given to before anything is measured: they compile their own code meanwhile.
const BROKER_WARM_UP: Duration = Duration::from_secs(5);

/// How long and how often.
pub(crate) struct Plan {
    /// A run.
    pub(crate) length: Duration,
    /// The search for the number of connections.
    pub(crate) trial: Duration,
    /// Repetitions, interleaved.
    pub(crate) rounds: usize,
    /// Numbers of connections to try.
    pub(crate) connections: Vec<usize>,
    /// Brokers: 1, or 3 with every record on all of them.
    pub(crate) nodes: usize,
}

impl Plan {
    /// With runs of this many seconds.
    pub(crate) fn of(seconds: u64, rounds: usize, nodes: usize) -> Self {
        Self {
            length: Duration::from_secs(seconds),
            trial: Duration::from_secs(3),
            rounds,
            connections: vec![512, 1024, 2048],
            nodes,
        }
    }

    /// To see that everything works; its figures are worth little.
    pub(crate) fn quick() -> Self {
        Self {
            trial: Duration::from_secs(1),
            connections: vec![512],
            ..Self::of(2, 1, 1)
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Bare,
    Ingress,
}

impl Side {
    const ALL: [Self; 2] = [Self::Bare, Self::Ingress];

    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare produce",
            Self::Ingress => "ingress, coordinator",
        }
    }
}

/// What a run against one side showed.
struct Sample {
    connections: usize,
    outcome: Outcome,
    /// Processor time of the server for a message, in microseconds.
    server_us: f64,
    /// That of the rest of the machine without this client: the brokers.
    brokers_us: f64,
    threads_us: BTreeMap<String, f64>,
    /// Half the rate of `outcome`, open loop.
    paced: Outcome,
    half: f64,
}

impl Sample {
    fn json(&self) -> Value {
        let paced = &self.paced;
        json!({
            "connections": self.connections, "rate": self.outcome.rate(), "answered": self.outcome.answered,
            "failed": self.outcome.failed, "p50_ms": self.outcome.latency_ms(0.5),
            "p99_ms": self.outcome.latency_ms(0.99), "server_us_per_message": self.server_us,
            "brokers_us_per_message": self.brokers_us, "threads_us_per_message": self.threads_us,
            "half": { "rate": self.half, "answered": paced.answered, "failed": paced.failed,
                "p50_ms": paced.latency_ms(0.5), "p99_ms": paced.latency_ms(0.99),
                "p999_ms": paced.latency_ms(0.999), "max_ms": paced.latency_ms(1.0) },
        })
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let brokers = Brokers::start(place, plan.nodes)?;
    Driven::Appender.alone(&brokers, BROKER_WARM_UP.min(plan.length))?;
    let mut alone: Vec<Vec<(f64, f64)>> = Driven::ALL.iter().map(|_| Vec::new()).collect();
    let mut samples: Vec<Vec<Sample>> = Side::ALL.iter().map(|_| Vec::new()).collect();
    for _ in 0..plan.rounds {
        for (driven, into) in Driven::ALL.into_iter().zip(&mut alone) {
            into.push(driven.alone(&brokers, plan.trial)?);
        }
        for (side, into) in Side::ALL.into_iter().zip(&mut samples) {
            into.push(sample(place, plan, &brokers, side)?);
        }
    }
    let tables = [
        saturation(&alone, &samples),
        where_it_goes(&samples),
        half(&samples),
    ];
    let title = format!(
        "Ingress on Kafka, {} broker(s) on the same machine",
        plan.nodes
    );
    place.publish("kafka", &title, &tables)
}

fn sample(place: &Place, plan: &Plan, brokers: &Brokers, side: Side) -> Result<Sample, Failure> {
    let dir = place.scratch()?;
    match side {
        Side::Bare => {
            let (server, address) = brokers.bare()?;
            load(plan, side, &server, address)
        }
        Side::Ingress => {
            let data = dir.path().join("node");
            let node = brokers.node(place, &data, INGRESS_ONLY)?;
            let sample = node
                .ticker()?
                .during(|| load(plan, side, &node.server, node.ingress))?;
            node.server.terminate()?;
            Ok(sample)
        }
    }
}

/// Finds the number of connections that saturates a server, measures with it, and at half the rate.
fn load(plan: &Plan, side: Side, server: &Server, target: SocketAddr) -> Result<Sample, Failure> {
    let (requests, reuse) = (Requests::plain(Reuse::KeepAlive), Reuse::KeepAlive);
    drive(target, &requests, reuse, 512, WARM_UP)?;
    let mut best = (0.0, 512);
    for &connections in &plan.connections {
        let rate = drive(target, &requests, reuse, connections, plan.trial)?.rate();
        println!(
            "trial: {}, {connections} connections: {rate:.0}/s",
            side.name()
        );
        if rate > best.0 {
            best = (rate, connections);
        }
    }
    let own = std::process::id();
    let (threads, server_s) = (threads_cpu_s(server.pid()), server.cpu_s());
    let (busy, client_s) = (busy_s(), cpu_s(own));
    let outcome = drive(target, &requests, reuse, best.1, plan.length)?;
    let server_s = server.cpu_s() - server_s;
    let rest = busy_s() - busy - server_s - (cpu_s(own) - client_s);
    let per_message = |seconds: f64| ratio(seconds * 1e6, outcome.answered as f64);
    let since = |(name, spent): (String, f64)| {
        let before = threads.get(&name).copied().unwrap_or(0.0);
        (name, per_message(spent - before))
    };
    let threads_us = threads_cpu_s(server.pid()).into_iter().map(since).collect();
    let half = outcome.rate() / 2.0;
    let paced = drive_at(
        target,
        &requests,
        reuse,
        PACED_CONNECTIONS,
        plan.length,
        Some(half),
    )?;
    Ok(Sample {
        connections: best.1,
        server_us: per_message(server_s),
        brokers_us: per_message(rest),
        threads_us,
        outcome,
        paced,
        half,
    })
}

fn middle(own: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    median(&own.iter().map(of).collect::<Vec<_>>())
}

fn saturation(alone: &[Vec<(f64, f64)>], samples: &[Vec<Sample>]) -> Table {
    let mut table = Table::new(
        "acks per second on kept connections, as many as saturate each side",
        &[
            "side",
            "connections",
            "acks/s",
            "ratio",
            "wanted",
            "p50 ms",
            "p99 ms",
            "failed",
            "cpu µs/msg",
            "brokers' µs/msg",
        ],
    );
    let none = || "-".to_owned();
    for (driven, runs) in Driven::ALL.into_iter().zip(alone) {
        let part = |of: fn(&(f64, f64)) -> f64| median(&runs.iter().map(of).collect::<Vec<_>>());
        let (rate, us) = (part(|run| run.0), part(|run| run.1));
        let mut cells: Vec<String> = (0..10).map(|_| none()).collect();
        cells[0] = driven.name().to_owned();
        cells[2] = format!("{rate:.0}");
        cells[8] = format!("{us:.1}");
        table.row(cells, json!({ "side": driven.name(), "runs": runs }));
    }
    let bare = samples.first().map_or(&[][..], Vec::as_slice);
    for (side, own) in Side::ALL.into_iter().zip(samples) {
        let ratios: Vec<f64> = own
            .iter()
            .zip(bare)
            .map(|(a, b)| ratio(a.outcome.rate(), b.outcome.rate()))
            .collect();
        let cells = vec![
            side.name().to_owned(),
            format!("{:.0}", middle(own, |s| s.connections as f64)),
            format!("{:.0}", middle(own, |s| s.outcome.rate())),
            format!("{:.2}", median(&ratios)),
            if side == Side::Ingress {
                "0.7".to_owned()
            } else {
                none()
            },
            format!("{:.1}", middle(own, |s| s.outcome.latency_ms(0.5))),
            format!("{:.1}", middle(own, |s| s.outcome.latency_ms(0.99))),
            own.iter()
                .map(|s| s.outcome.failed)
                .sum::<u64>()
                .to_string(),
            format!("{:.1}", middle(own, |s| s.server_us)),
            format!("{:.1}", middle(own, |s| s.brokers_us)),
        ];
        let runs: Vec<Value> = own.iter().map(Sample::json).collect();
        table.row(
            cells,
            json!({ "side": side.name(), "ratio": median(&ratios), "runs": runs }),
        );
    }
    table
}

/// Processor time by thread of the server: those of the client library are `rdk:*`.
fn where_it_goes(samples: &[Vec<Sample>]) -> Table {
    let mut head = vec!["thread"];
    head.extend(Side::ALL.iter().map(|side| side.name()));
    let mut table = Table::new("processor time by thread, µs a message", &head);
    let all = samples.iter().flatten().flat_map(|s| s.threads_us.keys());
    let names: BTreeSet<&String> = all.collect();
    for name in names {
        let of = |s: &Sample| s.threads_us.get(name).copied().unwrap_or(0.0);
        let figures: Vec<f64> = samples.iter().map(|own| middle(own, of)).collect();
        if figures.iter().any(|&figure| figure >= 0.05) {
            let cells = figures.iter().map(|figure| format!("{figure:.1}"));
            let cells = std::iter::once(name.clone()).chain(cells).collect();
            table.row(cells, json!({ "thread": name, "us_per_message": figures }));
        }
    }
    table
}

fn half(samples: &[Vec<Sample>]) -> Table {
    let mut table = Table::new(
        "at half of its own saturating rate, open loop, from the scheduled instant (wanted of ingress: p99 < 150 ms)",
        &[
            "side",
            "messages/s",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "max ms",
            "unanswered",
        ],
    );
    for (side, own) in Side::ALL.into_iter().zip(samples) {
        let ms = |quantile: f64| format!("{:.1}", middle(own, |s| s.paced.latency_ms(quantile)));
        let cells = vec![
            side.name().to_owned(),
            format!("{:.0}", middle(own, |s| s.half)),
            ms(0.5),
            ms(0.99),
            ms(0.999),
            ms(1.0),
            own.iter().map(|s| s.paced.failed).sum::<u64>().to_string(),
        ];
        let runs: Vec<Value> = own.iter().map(Sample::json).collect();
        table.row(cells, json!({ "side": side.name(), "runs": runs }));
    }
    table
}
