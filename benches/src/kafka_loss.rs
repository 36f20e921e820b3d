//! Acks while one of three brokers is killed and comes back, at a steady rate of messages.

use crate::brokers::Brokers;
use crate::failure::{Failure, tried};
use crate::load::{Outcome, drive, drive_at};
use crate::node::{INGRESS_ONLY, Node};
use crate::report::{Place, Table};
use crate::requests::{Requests, Reuse};
use crate::server::LOOK;
use serde_json::json;
use std::time::{Duration, Instant};

/// Messages a second.
const RATE: f64 = 4_000.0;
/// More than are on their way while every answer is late.
const CONNECTIONS: usize = 8_192;
/// Which broker is killed: the one that may also lead the cluster's controllers.
const VICTIM: usize = 0;
/// How long the spool may take to come into the log.
const SPOOL_LIMIT: Duration = Duration::from_secs(120);

/// When what happens.
pub(crate) struct Plan {
    /// Messages come for so long.
    pub(crate) length: Duration,
    /// The broker is killed after …
    pub(crate) kill: Duration,
    /// … and started again after.
    pub(crate) restart: Duration,
    /// Before everything the brokers compile their own code, under the same load. Not measured: three young brokers on
    /// two cores fall behind it.
    pub(crate) warm_up: Duration,
    /// Then all of them are there for so long, for comparison.
    pub(crate) calm: Duration,
}

impl Plan {
    /// As it is specified.
    pub(crate) fn full() -> Self {
        let seconds = Duration::from_secs;
        Self {
            length: seconds(40),
            kill: seconds(8),
            restart: seconds(20),
            warm_up: seconds(25),
            calm: seconds(10),
        }
    }

    /// To see that everything works.
    pub(crate) fn quick() -> Self {
        let seconds = Duration::from_secs;
        Self {
            length: seconds(12),
            kill: seconds(2),
            restart: seconds(6),
            warm_up: seconds(2),
            calm: seconds(2),
        }
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let mut brokers = Brokers::start(place, 3)?;
    let dir = place.scratch()?;
    let node = brokers.node(place, &dir.path().join("node"), INGRESS_ONLY)?;
    let requests = Requests::plain(Reuse::KeepAlive);
    let paced = |length| {
        let reuse = Reuse::KeepAlive;
        drive_at(
            node.ingress,
            &requests,
            reuse,
            CONNECTIONS,
            length,
            Some(RATE),
        )
    };
    let (calm, outcome) = node.ticker()?.during(|| {
        drive(
            node.ingress,
            &requests,
            Reuse::KeepAlive,
            64,
            Duration::from_secs(1),
        )?;
        paced(plan.warm_up)?;
        let calm = paced(plan.calm)?;
        let began = Instant::now();
        let outcome = std::thread::scope(|threads| {
            let saboteur = threads.spawn(|| lose_one(&mut brokers, plan, began));
            let outcome = paced(plan.length);
            let lost = saboteur
                .join()
                .unwrap_or_else(|_| Err(Failure::away("the saboteur panicked")));
            lost.and(outcome)
        })?;
        Ok((calm, outcome))
    })?;
    let spool = spool(&node)?;
    let tables = [acks(&calm, &outcome), spool];
    node.server.terminate()?;
    let title = format!(
        "One of three brokers killed at {} s and restarted at {} s of {} s, {RATE:.0} messages/s",
        plan.kill.as_secs(),
        plan.restart.as_secs(),
        plan.length.as_secs()
    );
    place.publish("kafka-broker-loss", &title, &tables)
}

fn lose_one(brokers: &mut Brokers, plan: &Plan, began: Instant) -> Result<(), Failure> {
    let until = |after: Duration| after.saturating_sub(began.elapsed());
    std::thread::sleep(until(plan.kill));
    brokers.cluster.kill(VICTIM);
    std::thread::sleep(until(plan.restart));
    brokers
        .cluster
        .restart(VICTIM)
        .map_err(tried("start the broker again"))
}

fn acks(calm: &Outcome, lossy: &Outcome) -> Table {
    let mut table = Table::new(
        "acks from the scheduled instant, open loop",
        &[
            "",
            "sent",
            "unanswered",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "max ms",
        ],
    );
    let rows = [
        ("before, all brokers there", Some(calm)),
        ("with the loss", Some(lossy)),
        ("wanted", None),
    ];
    for (name, outcome) in rows {
        let cells = match outcome {
            None => ["", "0", "-", "-", "< 1000", "< 3500"]
                .map(str::to_owned)
                .to_vec(),
            Some(outcome) => {
                let ms = |quantile| format!("{:.1}", outcome.latency_ms(quantile));
                let sent = (outcome.answered + outcome.failed).to_string();
                let failed = outcome.failed.to_string();
                vec![sent, failed, ms(0.5), ms(0.99), ms(0.999), ms(1.0)]
            }
        };
        let raw = outcome.map(|outcome| {
            json!({
                "what": name, "answered": outcome.answered, "unanswered": outcome.failed,
                "p50_ms": outcome.latency_ms(0.5), "p99_ms": outcome.latency_ms(0.99),
                "p999_ms": outcome.latency_ms(0.999), "max_ms": outcome.latency_ms(1.0),
            })
        });
        let cells = std::iter::once(name.to_owned()).chain(cells).collect();
        table.row(cells, raw.unwrap_or_default());
    }
    table
}

/// What the hedge did, once nothing stands in the spool alone.
fn spool(node: &Node) -> Result<Table, Failure> {
    let began = Instant::now();
    while node.metric("spillway_spool_records", "")? > 0.0 {
        if began.elapsed() > SPOOL_LIMIT {
            return Err(Failure::away("the spool did not come into the log"));
        }
        std::thread::sleep(LOOK);
    }
    let seconds = began.elapsed().as_secs_f64();
    let mut table = Table::new("what the hedge did", &["", "figure"]);
    for (what, name, label) in [
        ("proved by the log", "spillway_hedge_proofs_total", "log"),
        (
            "proved by the spool",
            "spillway_hedge_proofs_total",
            "spool",
        ),
        ("proved by neither", "spillway_hedge_unproved_total", ""),
        (
            "brought from the spool into the log",
            "spillway_spool_forwarded_total",
            "",
        ),
        (
            "in the spool, confirmed by the log after all",
            "spillway_spool_confirmed_total",
            "",
        ),
        ("set aside", "spillway_spool_dead_total", ""),
    ] {
        let figure = node.metric(name, label)?;
        let cells = vec![what.to_owned(), format!("{figure:.0}")];
        table.row(cells, json!({ "what": what, "figure": figure }));
    }
    let cells = vec![
        "seconds until the spool was empty, after the last answer".to_owned(),
        format!("{seconds:.1}"),
    ];
    table.row(cells, json!({ "what": "drain", "figure": seconds }));
    Ok(table)
}
