//! How long `spillway rescore` needs for a whole event: every sealed round counted again from the messages in the log
//! of a stopped node, and held against what was sealed. Beside it the bare read of the same log.

use crate::failure::{Failure, tried};
use crate::machine::{cpu_s, peak_mib};
use crate::node::{ALL_ROLES, Node, NodeOptions};
use crate::rebuild::warm;
use crate::report::{Place, Table, ratio};
use crate::server::LOOK;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wechat::Mode;

/// Seconds for the 2.8 million messages of the event, on two cores.
const WANTED_S: f64 = 20.0;

/// How long the result of a round may take.
const RESULT_LIMIT: Duration = Duration::from_secs(120);

/// One run of the command.
struct Run {
    seconds: f64,
    cpu_s: f64,
    peak_mib: f64,
    /// Rounds that were found equal to what was sealed.
    equal: usize,
}

/// The benchmark: so many runs, each after the log was read once.
pub(crate) fn run(
    place: &Place,
    node: &Path,
    campaign: &str,
    rounds: usize,
) -> Result<(), Failure> {
    let log = node.join("log");
    let spillway = place.program("spillway")?;
    let mut table = Table::new(
        "every round counted again from its messages, page cache warm (wanted: 2.8 million messages in under 20 s)",
        &[
            "run",
            "rounds equal",
            "seconds",
            "of 20 s",
            "processor s",
            "peak MiB",
            "bare read s",
        ],
    );
    for number in 1..=rounds {
        let began = Instant::now();
        let bytes = warm(&log).map_err(tried(format!("read {}", log.display())))?;
        let read_s = began.elapsed().as_secs_f64();
        let run = once(&spillway, node, campaign)?;
        table.row(
            vec![
                number.to_string(),
                run.equal.to_string(),
                format!("{:.1}", run.seconds),
                format!("{:.2}", ratio(run.seconds, WANTED_S)),
                format!("{:.1}", run.cpu_s),
                format!("{:.0}", run.peak_mib),
                format!("{read_s:.1}"),
            ],
            json!({ "run": number, "rounds_equal": run.equal, "seconds": run.seconds, "cpu_s": run.cpu_s,
                    "peak_mib": run.peak_mib, "bare_read_s": read_s, "log_bytes": bytes }),
        );
    }
    place.publish(
        "rescore",
        &format!("rescore of {campaign} on {}", node.display()),
        &[table],
    )
}

/// Seals the first round of a node that was filled and stopped, so that there is something to count again.
pub(crate) fn sealed(place: &Place, node: &Path) -> Result<(), Failure> {
    let running = Node::start(
        place,
        &NodeOptions {
            roles: ALL_ROLES,
            data: node,
            config: None,
            mode: Mode::Plain,
        },
    )?;
    running.wait_leads()?;
    let ticker = running.ticker()?;
    let deadline = Instant::now() + RESULT_LIMIT;
    // The close, and the grace.
    for second in 335.. {
        ticker.tick(second)?;
        if running.status()?["campaigns"][0]["results"].as_u64() >= Some(1) {
            break;
        }
        if Instant::now() >= deadline {
            return Err(Failure::away(
                "the first round of the node has no result after two minutes",
            ));
        }
        std::thread::sleep(LOOK);
    }
    running.wait_drained()?;
    running.server.terminate()
}

fn once(spillway: &Path, node: &Path, campaign: &str) -> Result<Run, Failure> {
    let mut command = Command::new(spillway);
    command.args(["rescore", campaign, "--data"]).arg(node);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().map_err(tried("run spillway rescore"))?;
    // Both are read as long as there is a process; the last look is at most one interval before its end.
    let (mut cpu, mut peak) = (0.0_f64, 0.0_f64);
    let ended = loop {
        let id = child.id();
        (cpu, peak) = (cpu.max(cpu_s(id)), peak.max(peak_mib(id)));
        if let Some(ended) = child
            .try_wait()
            .map_err(tried("wait for spillway rescore"))?
        {
            break ended;
        }
        std::thread::sleep(LOOK);
    };
    let seconds = began.elapsed().as_secs_f64();
    let said = child
        .wait_with_output()
        .map_err(tried("read what rescore says"))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    if !ended.success() {
        return Err(Failure::away(format!(
            "spillway rescore ended with {ended}: {said}"
        )));
    }
    let equal = said
        .lines()
        .filter(|line| line.contains("equal to what was sealed"));
    Ok(Run {
        seconds,
        cpu_s: cpu,
        peak_mib: peak,
        equal: equal.count(),
    })
}
