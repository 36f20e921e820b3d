//! The client of every HTTP benchmark: the same requests, the same loop, whatever server it meets.
//!
//! Each connection sends its next request after its answer, or requests are due at a rate, answers or not; all
//! connections share one thread. What is sent
//! stands in [`crate::requests`].

use crate::failure::{Failure, tried};
use crate::requests::{Requests, Reuse, first_id};
use hdrhistogram::Histogram;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Longest answer that is read.
const ANSWER_LIMIT: usize = 64 << 10;
/// An answer without words: `success`.
const SUCCESS_BYTES: usize = 7;
/// Longest latency that is told apart, in microseconds.
const LATENCY_MAX_US: u64 = 60_000_000;
/// Source addresses: with a connection per message one of them runs out of ports.
const SOURCES: usize = 120;
/// Wait after a connection that broke.
const AFTER_FAILURE: Duration = Duration::from_millis(1);

/// What a run measured.
pub(crate) struct Outcome {
    /// Answers with status 200.
    pub(crate) answered: u64,
    /// Of these, in words.
    pub(crate) words: u64,
    /// Everything else.
    pub(crate) failed: u64,
    /// Time from the first request to the last answer.
    pub(crate) elapsed: Duration,
    latency: Histogram<u64>,
}

impl Outcome {
    fn new() -> Result<Self, Failure> {
        let latency =
            Histogram::new_with_max(LATENCY_MAX_US, 3).map_err(tried("make a histogram"))?;
        Ok(Self {
            answered: 0,
            words: 0,
            failed: 0,
            elapsed: Duration::ZERO,
            latency,
        })
    }

    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// A quantile of the time from the first byte written to the whole answer, in milliseconds.
    pub(crate) fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1_000.0
    }

    fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.words += other.words;
        self.failed += other.failed;
        if self.latency.add(&other.latency).is_err() {
            // Cannot be: both have the bounds of `new`.
            self.failed += other.answered;
        }
    }
}

/// Drives `connections` connections for `length`, or until ready-made requests are used up.
///
/// # Errors
/// The runtime cannot be started, or not a single request was answered.
pub(crate) fn drive(
    target: SocketAddr,
    requests: &Requests,
    reuse: Reuse,
    connections: usize,
    length: Duration,
) -> Result<Outcome, Failure> {
    drive_at(target, requests, reuse, connections, length, None)
}

/// The same; with a rate, requests are due at so many a second whatever becomes of the ones before, the time of each
/// counts from when it was due, and everything that was due is sent.
///
/// # Errors
/// As [`drive`].
pub(crate) fn drive_at(
    target: SocketAddr,
    requests: &Requests,
    reuse: Reuse,
    connections: usize,
    length: Duration,
    rate: Option<f64>,
) -> Result<Outcome, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(tried("start the client"))?;
    let first = first_id();
    let next = Arc::new(AtomicU64::new(first));
    let stop = Arc::new(AtomicBool::new(false));
    let total = runtime.block_on(async {
        let started = Instant::now();
        let mut workers = tokio::task::JoinSet::new();
        for index in 0..connections {
            let worker = Worker {
                target,
                source: source_of(index),
                requests: requests.clone(),
                reuse,
                next: Arc::clone(&next),
                stop: Arc::clone(&stop),
                schedule: rate.map(|rate| Schedule {
                    first,
                    started,
                    rate,
                    length,
                }),
            };
            workers.spawn(worker.run(Outcome::new()?));
        }
        let mut total = Outcome::new()?;
        let ending = tokio::time::sleep(length);
        tokio::pin!(ending);
        loop {
            tokio::select! {
                () = &mut ending, if !stop.load(Ordering::Relaxed) => stop.store(true, Ordering::Relaxed),
                joined = workers.join_next() => match joined {
                    Some(Ok(part)) => total.add(&part),
                    Some(Err(error)) => return Err(Failure::away(format!("a connection panicked: {error}"))),
                    None => break,
                },
            }
        }
        total.elapsed = started.elapsed();
        Ok(total)
    })?;
    if total.answered == 0 {
        return Err(Failure::away(format!(
            "{target} answered none of {} requests; is it the server that was meant?",
            total.failed
        )));
    }
    Ok(total)
}

/// Loopback has 127.0.0.0/8.
fn source_of(index: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(
        127,
        0,
        0,
        2 + u8::try_from(index % SOURCES).unwrap_or(0),
    ))
}

struct Worker {
    target: SocketAddr,
    source: IpAddr,
    requests: Requests,
    reuse: Reuse,
    next: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    schedule: Option<Schedule>,
}

/// When requests are due.
struct Schedule {
    first: u64,
    started: Instant,
    rate: f64,
    length: Duration,
}

impl Schedule {
    /// When the request of this id is due; `None` after the end.
    fn due(&self, id: u64) -> Option<Instant> {
        let nth = id.saturating_sub(self.first);
        let after = Duration::from_secs_f64(nth as f64 / self.rate.max(1e-3));
        (after < self.length).then(|| self.started + after)
    }
}

impl Worker {
    async fn run(self, mut outcome: Outcome) -> Outcome {
        let mut buffer = Vec::with_capacity(4096);
        let mut answer = vec![0; 4096];
        let mut stream: Option<TcpStream> = None;
        while self.schedule.is_some() || !self.stop.load(Ordering::Relaxed) {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            if !self.requests.fill(id, &mut buffer) {
                break;
            }
            let began = match &self.schedule {
                None => Instant::now(),
                Some(schedule) => match schedule.due(id) {
                    None => break,
                    Some(due) => {
                        tokio::time::sleep_until(due.into()).await;
                        due
                    }
                },
            };
            match self.exchange(&mut stream, &buffer, &mut answer).await {
                Ok(Some(length)) => {
                    outcome.answered += 1;
                    outcome.words += u64::from(length > SUCCESS_BYTES);
                    let us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                    outcome.latency.saturating_record(us);
                }
                Ok(None) | Err(_) => {
                    outcome.failed += 1;
                    stream = None;
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
            if self.reuse == Reuse::PerMessage {
                stream = None;
            }
        }
        outcome
    }

    async fn exchange(
        &self,
        stream: &mut Option<TcpStream>,
        request: &[u8],
        answer: &mut Vec<u8>,
    ) -> std::io::Result<Option<usize>> {
        let open = match stream {
            Some(open) => open,
            None => {
                let socket = TcpSocket::new_v4()?;
                socket.set_reuseaddr(true)?;
                socket.bind(SocketAddr::new(self.source, 0))?;
                let connected = socket.connect(self.target).await?;
                connected.set_nodelay(true)?;
                stream.insert(connected)
            }
        };
        open.write_all(request).await?;
        read_answer(open, answer).await
    }
}

/// Reads one answer; the length of its body when its status is 200.
async fn read_answer(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> std::io::Result<Option<usize>> {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled >= ANSWER_LIMIT {
                return Ok(None);
            }
            buffer.resize(filled * 2, 0);
        }
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(None);
        }
        filled += read;
        if let Some(length) = whole_answer(&buffer[..filled]) {
            let is_ok = buffer.starts_with(b"HTTP/1.1 200");
            return Ok(is_ok.then_some(length));
        }
    }
}

/// The length of the body once head and body are there; `None` while more must come.
fn whole_answer(bytes: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"content-length:";
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let mut lines = bytes.get(..head)?.split(|&byte| byte == b'\n');
    let value = lines.find_map(|line| {
        let (name, value) = line.split_at_checked(LENGTH.len())?;
        name.eq_ignore_ascii_case(LENGTH).then_some(value)
    })?;
    let length: usize = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    (bytes.len() >= head.checked_add(length)?).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::{Schedule, whole_answer};
    use std::time::{Duration, Instant};

    #[test]
    fn requests_are_due_evenly_and_none_after_the_end() {
        let started = Instant::now();
        let (length, rate) = (Duration::from_secs(2), 4.0);
        let schedule = Schedule {
            first: 100,
            started,
            rate,
            length,
        };
        let due = |id| schedule.due(id).map(|due| due - started);
        assert_eq!(due(100), Some(Duration::ZERO));
        assert_eq!(due(107), Some(Duration::from_millis(1_750)));
        assert_eq!(due(108), None);
    }

    #[test]
    fn an_answer_is_whole_when_its_body_is_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\ndate: x\r\n\r\nsuccess";
        assert_eq!(whole_answer(answer), Some(7));
        assert_eq!(whole_answer(&answer[..answer.len() - 1]), None);
        assert_eq!(whole_answer(&answer[..20]), None);
    }
}
