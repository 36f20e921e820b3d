//! An event that waits for nobody: a surge with a clock beside it, what its ledger says was offered and when, and what
//! the nodes needed of memory meanwhile.

use super::fleet::{Fleet, during, whole};
use super::wire::request_within;
use super::{Running, Scene, until};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// Event time of a recording that is compressed sixtyfold, in seconds; its rush begins 4 s after its first message.
pub(crate) const EVENT_S: f64 = 132.0;
/// Event time at which the first messages are there and the rush is not, and at which the rush is over.
const BEFORE_THE_RUSH_S: f64 = 2.5;
const BEHIND_THE_RUSH_S: f64 = 8.5;
/// How long one tick may take; a log that is away takes none.
const TICK: Duration = Duration::from_secs(5);

/// Now, in microseconds since 1970, as ledgers tell it.
pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_micros()).unwrap()
}

/// A recording played at a steady pace beside a clock of its own, as at a real event: neither waits for an answer, so
/// that an outage is met with everything that falls into it. A surge that drives the clock itself would hold its
/// messages back while nobody takes ticks.
pub(crate) struct Event {
    replay: Running,
    speed: f64,
    ticks: Ticks,
}

impl Event {
    /// Begins; the whole recording, compressed sixtyfold, is to take so long.
    pub(crate) fn lasting(fleet: &Fleet, time: Duration) -> Self {
        let speed = EVENT_S / time.as_secs_f64();
        let ticks = Ticks::start(fleet, speed);
        let replay = fleet.replay_without_clock(&["--speed", &speed.to_string()]);
        Self {
            replay,
            speed,
            ticks,
        }
    }

    /// Lets so much time pass, in which the surge must go on.
    #[track_caller]
    pub(crate) fn goes_on(&mut self, time: Duration, what: &str) {
        assert!(
            during(&mut self.replay, time),
            "the surge was over before {what}"
        );
    }

    /// Lets the first messages pass.
    pub(crate) fn goes_on_to_the_rush(&mut self) {
        self.goes_on_to(BEFORE_THE_RUSH_S);
    }

    /// Lets the first messages and the rush pass.
    pub(crate) fn goes_on_past_the_rush(&mut self) {
        self.goes_on_to(BEHIND_THE_RUSH_S);
    }

    fn goes_on_to(&mut self, event_s: f64) {
        self.goes_on(Duration::from_secs_f64(event_s / self.speed), "its rush");
    }

    /// Its end: everything was acked, and the clock goes on to a minute behind it.
    pub(crate) fn whole(self, fleet: &Fleet) {
        whole(self.replay);
        drop(self.ticks);
        fleet.tick_to_the_end();
    }
}

/// Posts a tick for each second of event time until it is dropped. What nobody takes is left out.
struct Ticks {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticks {
    fn start(fleet: &Fleet, speed: f64) -> Self {
        let first_us = fleet.scene.manifest()["recording"]["first_at_us"].as_i64();
        let first = first_us.unwrap() / 1_000_000 - 1;
        let (to, bearer) = (fleet.acts.addr(), fleet.bearer());
        until("the first tick", || post(to, &bearer, first));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (began, mut last) = (Instant::now(), first);
            while !stopped.load(Ordering::Acquire) {
                let now = first + (began.elapsed().as_secs_f64() * speed) as i64;
                if now > last && post(to, &bearer, now) {
                    last = now;
                }
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn post(to: SocketAddr, bearer: &str, tick: i64) -> bool {
    let body = format!("{{\"tick\":{tick}}}");
    let headers = [("Authorization", bearer)];
    let answer = request_within(to, "POST", "/v1/clock", &headers, body.as_bytes(), TICK);
    answer.is_some_and(|answer| answer.status() == 200)
}

/// A row of the ledger.
#[derive(Deserialize)]
pub(crate) struct Attempt {
    /// Number of the message in the recording.
    pub(crate) n: u64,
    pub(crate) outcome: String,
    /// When it began, in microseconds since 1970.
    pub(crate) sent_us: i64,
}

/// Every attempt of a surge that has ended.
pub(crate) fn attempts(scene: &Scene) -> Vec<Attempt> {
    let ledger = std::fs::read_to_string(scene.path("ledger.jsonl")).unwrap();
    let row = |line: &str| serde_json::from_str(line).unwrap();
    ledger.lines().map(row).collect()
}

/// How many of them began in this span.
pub(crate) fn offered(attempts: &[Attempt], span: &Range<i64>) -> u64 {
    let within = |attempt: &&Attempt| span.contains(&attempt.sent_us);
    attempts.iter().filter(within).count() as u64
}

/// The span lies where most was offered: it holds the busiest second, and more came in it than in as long a time elsewhere.
#[track_caller]
pub(crate) fn falls_on_the_peak(attempts: &[Attempt], span: &Range<i64>) {
    let mut seconds: BTreeMap<i64, u64> = BTreeMap::new();
    for attempt in attempts {
        *seconds.entry(attempt.sent_us / 1_000_000).or_default() += 1;
    }
    let busiest = seconds.iter().max_by_key(|(_, count)| **count);
    let (second, count) = busiest.expect("something was sent");
    let at = second * 1_000_000 + 500_000;
    assert!(
        span.contains(&at),
        "the {count} of the busiest second came outside"
    );
    let (first, last) = (attempts.first().unwrap(), attempts.last().unwrap());
    let rate = |count: u64, us: i64| count as f64 / us as f64 * 1e6;
    let mean = rate(attempts.len() as u64, last.sent_us - first.sent_us);
    let within = rate(offered(attempts, span), span.end - span.start);
    assert!(
        within > mean,
        "{within:.0} a second within, {mean:.0} on the whole"
    );
}

/// What a process keeps in memory, in KiB: `VmRSS` is now, `VmHWM` the most.
fn memory_kib(pid: u32, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(which));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// No process has had more than so many KiB in memory, as far back as the kernel remembers: to the last [`Memory::of`].
#[track_caller]
pub(crate) fn none_had_more_than(fleet: &Fleet, most_kib: u64) {
    let had = |(name, node): (&'static str, &super::Node)| (name, memory_kib(node.pid(), "VmHWM:"));
    let had: BTreeMap<_, _> = fleet.running().map(had).collect();
    assert!(had.values().all(|kib| *kib <= most_kib), "KiB: {had:?}");
}

/// What each process had in memory when something began, and the most since then.
pub(crate) struct Memory(BTreeMap<&'static str, u64>);

impl Memory {
    /// As it is now. What is asked afterwards is asked of the time from now on.
    pub(crate) fn of(fleet: &Fleet) -> Self {
        let now = fleet.running().map(|(name, node)| {
            let pid = node.pid();
            // The kernel begins anew to note the most.
            std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
            (name, memory_kib(pid, "VmRSS:"))
        });
        Self(now.collect())
    }

    /// No process has needed more than so many KiB more since then.
    #[track_caller]
    pub(crate) fn is_flat(&self, fleet: &Fleet, more_kib: u64) {
        let grown = |(name, node): (&'static str, &super::Node)| {
            let most = memory_kib(node.pid(), "VmHWM:");
            (name, most.saturating_sub(self.0[name]))
        };
        let grown: BTreeMap<_, _> = fleet.running().map(grown).collect();
        assert!(
            grown.values().all(|kib| *kib <= more_kib),
            "KiB more than before: {grown:?}, before: {:?}",
            self.0
        );
    }
}
