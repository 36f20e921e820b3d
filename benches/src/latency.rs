//! The first two minutes of the event at real time, scaled so that its third second, number 2 and the highest, is
//! half of what the node can take: how long an ack takes from the instant at which the fan's message was due.

use crate::failure::{AWAY, Failure, tried};
use crate::node::{ALL_ROLES, Node, NodeOptions};
use crate::report::{Place, Table, ratio};
use crate::sample::saturating_rate;
use crate::server::succeed;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use wechat::Mode;

/// Kept connections of the platform. What finds none free waits, and its latency counts from the scheduled instant all the
/// same; without a bound a hiccup makes thousands of connections be opened at once, which is then what is measured.
const CONNECTIONS: &str = "512";
/// The profile that is scaled.
const PROFILE: &str = "fanfest-0409";
/// The second whose arrivals are half the saturating rate.
const PEAK_SECOND: usize = 2;
/// First second that is sent.
const FROM: &str = "2013-04-09T14:00:00+08:00";

/// How long.
pub(crate) struct Plan {
    /// The run that finds the saturating rate.
    pub(crate) saturation: Duration,
    /// First second that is not sent any more.
    pub(crate) to: &'static str,
    /// Largest scale of the event; a full one takes a minute to generate.
    pub(crate) scale_max: f64,
}

impl Plan {
    /// As it is specified.
    pub(crate) fn full() -> Self {
        Self {
            saturation: Duration::from_secs(10),
            to: "2013-04-09T14:02:00+08:00",
            scale_max: f64::MAX,
        }
    }

    /// To see that everything works.
    pub(crate) fn quick() -> Self {
        Self {
            saturation: Duration::from_secs(2),
            to: "2013-04-09T14:00:05+08:00",
            scale_max: 0.02,
        }
    }
}

/// The benchmark.
pub(crate) fn run(place: &Place, plan: &Plan) -> Result<(), Failure> {
    let surge = place.program("surge")?;
    let (saturating, _) = saturating_rate(place, plan.saturation, None)?;
    let curve = succeed(Command::new(&surge).args(["curve", PROFILE]))?;
    let peak: f64 = curve
        .lines()
        .nth(PEAK_SECOND)
        .and_then(|line| line.trim().parse().ok())
        .ok_or_else(|| Failure::away("`surge curve` prints no arrivals of second 2"))?;
    let scale = ratio(saturating / 2.0, peak).min(plan.scale_max);
    println!(
        "saturating rate {saturating:.0}/s; the event times {scale:.3} has {:.0} messages in second 2",
        peak * scale
    );
    let dir = place.scratch()?;
    let recording = dir.path().join("latency.jsonl");
    succeed(
        Command::new(&surge)
            .args([
                "generate",
                PROFILE,
                "--rate",
                &format!("{scale:.4}"),
                "--out",
            ])
            .arg(&recording),
    )?;
    let report = replay(place, plan, &surge, dir.path())?;
    let tables = [
        percentiles(place, &report),
        load(&report, saturating, peak * scale),
        slowest(&report),
    ];
    place.publish(
        "latency",
        "Ack latency of the event's first two minutes",
        &tables,
    )
}

fn percentiles(place: &Place, report: &Value) -> Table {
    let ack = &report["all"]["ack_ms"];
    let flush = place.machine.fdatasync_p50_ms();
    let mut table = Table::new(
        "from 14:00:00 on at real time, all roles, keep-alive, from the scheduled instant",
        &["percentile", "ms", "wanted", "times fdatasync p50"],
    );
    for (name, member, wanted) in [
        ("p50", "p50", None),
        ("p99", "p99", Some(50.0)),
        ("p99.9", "p999", Some(250.0)),
        ("max", "max", None),
    ] {
        let ms = ack[member].as_f64().unwrap_or(0.0);
        let times = ratio(ms, flush);
        let cells = vec![
            name.to_owned(),
            format!("{ms:.2}"),
            wanted.map_or_else(|| "-".to_owned(), |ms: f64| format!("< {ms:.0}")),
            format!("{times:.1}"),
        ];
        let raw =
            json!({ "percentile": name, "ms": ms, "wanted_ms": wanted, "times_fdatasync": times });
        table.row(cells, raw);
    }
    table
}

fn load(report: &Value, saturating: f64, peak: f64) -> Table {
    let mut table = Table::new("what was sent", &["", "figure"]);
    let all = &report["all"];
    for (name, figure) in [
        ("saturating rate/s", &json!(saturating)),
        ("messages in second 2", &json!(peak)),
        ("sent", &all["sent"]),
        ("acked", &all["acked"]),
        ("in words", &all["words"]),
        ("most acks in one second", &report["peak_acks_per_s"]),
        (
            "client behind its schedule at most, ms",
            &report["behind_ms"],
        ),
        ("peak memory of the node, MiB", &report["node_peak_mib"]),
    ] {
        let shown = format!("{:.0}", figure.as_f64().unwrap_or(0.0));
        table.row(
            vec![name.to_owned(), shown],
            json!({ "what": name, "figure": figure }),
        );
    }
    table
}

/// A stall of the whole machine is one second among many, in which the client too was late.
fn slowest(report: &Value) -> Table {
    let head = ["second", "acked", "slowest ms", "client behind ms"];
    let mut table = Table::new("the seconds with the slowest acks", &head);
    let seconds = report["slowest_seconds"].as_array();
    for second in seconds.into_iter().flatten() {
        let figure = |member: &str, digits: usize| {
            format!("{:.digits$}", second[member].as_f64().unwrap_or(0.0))
        };
        let cells = vec![
            figure("at_s", 0),
            figure("acked", 0),
            figure("max_ms", 1),
            figure("behind_ms", 1),
        ];
        table.row(cells, second.clone());
    }
    table
}

fn replay(place: &Place, plan: &Plan, surge: &Path, dir: &Path) -> Result<Value, Failure> {
    // A recording that is still on its way to the disk would stand before the journal's flushes.
    std::fs::File::open(dir.join("latency.jsonl"))
        .and_then(|recording| recording.sync_all())
        .map_err(tried("flush the recording"))?;
    let beside = |suffix: &str| dir.join(format!("latency.jsonl.{suffix}"));
    let (data, config) = (dir.join("node"), beside("spillway.toml"));
    let options = NodeOptions {
        roles: ALL_ROLES,
        data: &data,
        config: Some(&config),
        mode: Mode::Plain,
    };
    let node = Node::start(place, &options)?;
    node.publish(Some(&beside("campaign.toml")))?;
    let path = dir.join("report.json");
    let status = Command::new(surge)
        .arg("replay")
        .arg(dir.join("latency.jsonl"))
        .args([
            "--target",
            &format!("http://{}/wechat/mi", node.ingress),
            "--token",
            "demo",
        ])
        .args(["--from", FROM, "--to", plan.to, "--speed", "1"])
        .args(["--concurrency", CONNECTIONS])
        .args([
            "--clock",
            &format!("http://{}", node.admin),
            "--clock-token",
        ])
        .arg(node.token_file())
        .args(["--quiet", "--report"])
        .arg(&path)
        .stdin(Stdio::null())
        .status()
        .map_err(tried("run surge replay"))?;
    // 1 says that something was not acked; the table says how much.
    if !matches!(status.code(), Some(0 | 1)) {
        return Err(Failure {
            code: AWAY,
            message: format!("surge replay ended with {status}"),
        });
    }
    let text = std::fs::read(&path).map_err(tried(format!("read {}", path.display())))?;
    let mut report: Value = serde_json::from_slice(&text).map_err(tried("read surge's report"))?;
    report["node_peak_mib"] = json!(node.peak_mib());
    node.wait_drained()?;
    node.check_quarantine()?;
    node.server.terminate()?;
    Ok(report)
}
