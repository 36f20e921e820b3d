//! Ingress on the journal against a bare echo of the same bodies, with the same client, interleaved: with and
//! without consumers, on kept connections and on one per message; and safe mode beside plain.

use crate::failure::Failure;
use crate::report::{Place, Table, median, ratio};
use crate::requests::{Requests, Reuse, first_id};
use crate::sample::{CONNECTIONS, Run, Sample, Side};
use clap::ValueEnum as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use wechat::Mode;

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Kept connections, against the echo.
    KeepAlive,
    /// A connection per message, against the echo.
    PerMessage,
    /// Safe mode beside plain mode.
    Safe,
}

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
    /// What is run, in this order.
    pub(crate) parts: Vec<Part>,
}

impl Plan {
    /// With runs of this many seconds when all consumers are there.
    pub(crate) fn of(seconds: u64, rounds: usize) -> Self {
        let short = Duration::from_secs((seconds / 4).max(3));
        let (trial, connections) = (Duration::from_secs(3), vec![128, 512, 1024, 2048]);
        Self {
            long: Duration::from_secs(seconds),
            short,
            trial,
            rounds,
            connections,
            ready: 200_000,
            parts: Part::value_variants().to_vec(),
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
            parts: Part::value_variants().to_vec(),
        }
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let mut tables = Vec::new();
    for part in &plan.parts {
        match part {
            Part::KeepAlive => tables.extend(against_echo(place, plan, Reuse::KeepAlive)?),
            Part::PerMessage => tables.extend(against_echo(place, plan, Reuse::PerMessage)?),
            Part::Safe => tables.push(safe_mode(place, plan)?),
        }
    }
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
    Ok([table, where_it_goes(reuse, &samples)])
}

/// Processor time by thread: the writers of the journal are `log-TOPIC`.
fn where_it_goes(reuse: Reuse, samples: &[Vec<Sample>]) -> Table {
    let mut head = vec!["thread"];
    head.extend(Side::ALL.iter().map(|side| side.name()));
    let title = format!("processor time by thread, µs a message, {}", reuse.name());
    let mut table = Table::new(title, &head);
    let all = samples
        .iter()
        .flatten()
        .flat_map(|sample| sample.cpu.threads_us.keys());
    let names: BTreeSet<&String> = all.collect();
    for name in names {
        let middle = |own: &Vec<Sample>| {
            let of = |sample: &Sample| sample.cpu.threads_us.get(name).copied().unwrap_or(0.0);
            median(&own.iter().map(of).collect::<Vec<_>>())
        };
        let figures: Vec<f64> = samples.iter().map(middle).collect();
        // Threads that hardly ran only lengthen the table.
        if figures.iter().any(|&figure| figure >= 0.05) {
            let cells = figures.iter().map(|figure| format!("{figure:.1}"));
            let cells = std::iter::once(name.clone()).chain(cells).collect();
            table.row(cells, json!({ "thread": name, "us_per_message": figures }));
        }
    }
    table
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
                connections: CONNECTIONS,
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
            CONNECTIONS,
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
        plan.connections.first().copied().unwrap_or(CONNECTIONS),
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
