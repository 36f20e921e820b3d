//! What the figures were measured on: cores, kernel, memory, and what one flush of this disk costs.

use crate::failure::{Failure, tried};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// Flushes whose middle one is shown.
const FLUSHES: usize = 200;
/// Bytes before each flush.
const FLUSH_BYTES: usize = 4 << 10;
/// The kernel counts processor time in these parts of a second, on every architecture of ours.
const TICKS_PER_SECOND: f64 = 100.0;

/// The machine.
pub(crate) struct Machine {
    cores: usize,
    model: String,
    kernel: String,
    memory_mib: u64,
    fdatasync_p50_us: u64,
}

impl Machine {
    /// Looks around; `dir` is where the benchmarks will write.
    pub(crate) fn look(dir: &Path) -> Result<Self, Failure> {
        let cores = std::thread::available_parallelism()
            .map_err(tried("count the cores"))?
            .get();
        let memory = read("/proc/meminfo");
        let kib: u64 = field(&memory, "MemTotal").parse().unwrap_or(0);
        Ok(Self {
            cores,
            model: field(&read("/proc/cpuinfo"), "model name"),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            memory_mib: kib / 1024,
            fdatasync_p50_us: fdatasync_p50_us(dir).map_err(tried("measure a flush"))?,
        })
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        json!({
            "cores": self.cores, "model": self.model, "kernel": self.kernel,
            "memory_mib": self.memory_mib, "fdatasync_p50_us": self.fdatasync_p50_us,
        })
    }

    /// Half of the flushes took at most this, in milliseconds.
    pub(crate) fn fdatasync_p50_ms(&self) -> f64 {
        self.fdatasync_p50_us as f64 / 1_000.0
    }

    /// As one line for people.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} cores ({}), {} MiB, Linux {}, fdatasync of 4 KiB p50 {:.2} ms",
            self.cores,
            if self.model.is_empty() {
                "unnamed"
            } else {
                &self.model
            },
            self.memory_mib,
            self.kernel,
            self.fdatasync_p50_ms(),
        )
    }
}

fn fdatasync_p50_us(dir: &Path) -> std::io::Result<u64> {
    let path = dir.join("flush");
    let mut file = std::fs::File::create(&path)?;
    let mut took = Vec::with_capacity(FLUSHES);
    for _ in 0..FLUSHES {
        let began = Instant::now();
        file.write_all(&[7; FLUSH_BYTES])?;
        file.sync_data()?;
        took.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    std::fs::remove_file(&path)?;
    took.sort_unstable();
    Ok(took.get(FLUSHES / 2).copied().unwrap_or(0))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first word (or all words, for names) behind `name:` in a file of `/proc`.
fn field(text: &str, name: &str) -> String {
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().trim_end_matches(" kB").to_owned())
    });
    value.unwrap_or_default()
}

/// Processor time of a process so far, all threads, in seconds; in steps of 10 ms.
pub(crate) fn cpu_s(pid: u32) -> f64 {
    let stat = read(&format!("/proc/{pid}/stat"));
    // The name in parentheses may hold anything; numbers begin behind it, with the state as field 3.
    let Some((_, rest)) = stat.rsplit_once(')') else {
        return 0.0;
    };
    let ticks = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// Processor time that this machine has spent so far, all processes and cores, in seconds.
pub(crate) fn busy_s() -> f64 {
    let stat = read("/proc/stat");
    let numbers: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    // user, nice, system; idle and iowait are no work; irq, softirq.
    let work = [0, 1, 2, 5, 6].iter().filter_map(|&at| numbers.get(at));
    work.sum::<f64>() / TICKS_PER_SECOND
}

/// Processor time of the threads of a process that are alive, in seconds, by name without its number.
pub(crate) fn threads_cpu_s(pid: u32) -> BTreeMap<String, f64> {
    let mut spent = BTreeMap::new();
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return spent;
    };
    for task in tasks.filter_map(Result::ok).map(|task| task.path()) {
        let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
        let name = name
            .trim()
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches('-');
        let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        let nanos: f64 = text
            .split_whitespace()
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0.0);
        *spent.entry(name.to_owned()).or_insert(0.0) += nanos / 1e9;
    }
    spent
}

/// Most memory that a process had resident so far, in MiB.
pub(crate) fn peak_mib(pid: u32) -> f64 {
    let kib: f64 = field(&read(&format!("/proc/{pid}/status")), "VmHWM")
        .parse()
        .unwrap_or(0.0);
    kib / 1024.0
}

/// Lets this process and its children open as many connections as the system allows.
pub(crate) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("benches: the limit of open files stays: {error}");
    }
}

/// Bytes that this process caused to be written to disks so far.
pub(crate) fn written_bytes() -> u64 {
    field(&read("/proc/self/io"), "write_bytes")
        .parse()
        .unwrap_or(0)
}
