//! How long dedup and quiz need to come back when their state is gone: a node's own log, its state directories
//! deleted (they are caches of it), both consumers at once, the log in the page cache.

use crate::failure::{Failure, tried};
use crate::node::{Node, NodeOptions, write_config};
use crate::report::{Place, Table, ratio};
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wechat::Mode;

/// Deliveries of the event that the bound is about.
const EVENT: f64 = 2_800_000.0;
/// Seconds for it.
const WANTED_S: f64 = 25.0;

/// The benchmark, on the directory of a stopped node.
pub(crate) fn run(place: &Place, node: &Path, config: Option<&Path>) -> Result<(), Failure> {
    let log = node.join("log");
    if !log.join("log.id").exists() {
        return Err(Failure::away(format!(
            "{} is no directory of a node: there is no log in it",
            node.display()
        )));
    }
    refuse_running(&log)?;
    let state = node.join("state");
    if state.exists() {
        std::fs::remove_dir_all(&state).map_err(tried(format!("delete {}", state.display())))?;
    }
    let bytes = warm(&log).map_err(tried(format!("read {}", log.display())))?;
    let scratch = place.scratch()?;
    let own = write_config(scratch.path(), Mode::Plain)?;
    let options = NodeOptions {
        roles: "dedup,quiz",
        data: node,
        config: Some(config.unwrap_or(&own)),
        mode: Mode::Plain,
    };
    let began = Instant::now();
    let running = Node::start(place, &options)?;
    let started = began.elapsed();
    let seconds = (started + running.wait_drained()?).as_secs_f64();
    let (status, cpu_s, peak_mib) = (
        running.status()?,
        running.server.cpu_s(),
        running.peak_mib(),
    );
    running.check_quarantine()?;
    running.server.terminate()?;
    let inputs = |name: &str| inputs_of(&status, name);
    let (dedup, quiz) = (inputs("dedup"), inputs("quiz"));
    let mut table = Table::new("both states from nothing, page cache warm", &["", "figure"]);
    let event_s = ratio(seconds * EVENT, dedup);
    for (name, figure, digits) in [
        ("records of inbound", dedup, 0),
        ("records of accepted", quiz, 0),
        ("bytes of the log", bytes as f64, 0),
        ("seconds until both stand at the end", seconds, 2),
        (
            "of these until the node was ready",
            started.as_secs_f64(),
            2,
        ),
        ("records of inbound per second", ratio(dedup, seconds), 0),
        ("processor seconds", cpu_s, 2),
        ("peak memory, MiB", peak_mib, 0),
        ("seconds for 2.8 million at this rate", event_s, 1),
        ("of the wanted 25 s", ratio(event_s, WANTED_S), 2),
    ] {
        table.row(
            vec![name.to_owned(), format!("{figure:.digits$}")],
            json!({ "what": name, "figure": figure }),
        );
    }
    place.publish(
        "rebuild",
        &format!("Rebuild of the states of {}", node.display()),
        &[table],
    )
}

fn inputs_of(status: &Value, name: &str) -> f64 {
    let stages = status["stages"].as_array().map_or(&[][..], Vec::as_slice);
    let stage = stages.iter().find(|stage| stage["name"] == name);
    stage
        .and_then(|stage| stage["totals"]["inputs"].as_f64())
        .unwrap_or(0.0)
}

/// The state of a running node is not to be deleted under it.
fn refuse_running(log: &Path) -> Result<(), Failure> {
    let pid = std::fs::read_to_string(log.join("lock")).unwrap_or_default();
    let comm = PathBuf::from("/proc").join(pid.trim()).join("comm");
    let name = std::fs::read_to_string(comm).unwrap_or_default();
    if name.trim() == "spillway" {
        return Err(Failure::away(format!(
            "process {} owns this log; stop the node first",
            pid.trim()
        )));
    }
    Ok(())
}

/// Reads every file once; how many bytes they were.
pub(crate) fn warm(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 20];
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let mut file = std::fs::File::open(&path)?;
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    read => bytes += read as u64,
                }
            }
        }
    }
    Ok(bytes)
}
