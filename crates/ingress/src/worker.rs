//! One thread of ingress: its runtime, listener, connections and waiting room. It shares nothing with
//! the other threads but [`Node`]; its own state needs no lock.

use crate::accept::{Remedy, Reserve};
use crate::connection;
use crate::node::{Node, Stage};
use crate::refusal::{is_for_good, name_of};
use crate::tally::Tally;
use crate::tickets::{Inbox, Ticket, Tickets, Unproved};
use crate::watch::{Watch, Watches};
use hyper::server::conn::http1;
use msglog::{Mailbox, NewRecord, Refusal};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::net::TcpListener as StdListener;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// How often deadlines are looked at: the grain of the budget and of every timeout.
const SWEEP: Duration = Duration::from_millis(20);
/// Every so many sweeps the counts are handed over to the shared metrics.
const SWEEPS_PER_FLUSH: u32 = 10;
/// How long closing may take beyond the budget of what is in flight.
const CLOSING: Duration = Duration::from_secs(1);
/// How long a thread waits for a place when all connections are taken, before it looks again.
const FULL_PAUSE: Duration = Duration::from_millis(5);
/// A connection that has been idle for so long gives up its place to a new one.
const EVICTABLE: Duration = Duration::from_millis(500);
/// CreateTimes kept between two flushes.
const TIMES_MAX: usize = 16_384;

/// See the module.
pub(crate) struct Worker {
    pub(crate) node: Arc<Node>,
    pub(crate) tally: Tally,
    pub(crate) http: http1::Builder,
    index: u64,
    handed: Cell<u64>,
    tickets: Rc<Tickets>,
    inbox: Arc<Inbox>,
    mailbox: Arc<dyn Mailbox>,
    batch: RefCell<Vec<(NewRecord, u64)>>,
    batch_waits: Notify,
    watches: Watches,
    place_free: Notify,
    closing: Notify,
    times: RefCell<Vec<i64>>,
    shown_connections: Cell<usize>,
    shown_in_flight: Cell<usize>,
    accepted: Cell<u64>,
    requests: Cell<u64>,
}

/// A connection's place among those of its thread; dropping it gives the place back.
pub(crate) struct PlaceHeld {
    pub(crate) watch: Rc<Watch>,
    worker: Rc<Worker>,
    place: usize,
}

impl Drop for PlaceHeld {
    fn drop(&mut self) {
        self.worker.watches.close(self.place);
        self.worker.place_free.notify_one();
    }
}

impl Worker {
    fn new(node: Arc<Node>, index: u64) -> Rc<Self> {
        let inbox = Arc::new(Inbox::default());
        let tally = Tally::new(
            &node.metrics,
            node.accounts.names(),
            node.ack_budget.as_secs_f64() * 0.8,
        );
        Rc::new(Self {
            tally,
            http: connection::http(),
            index,
            handed: Cell::new(0),
            tickets: Rc::default(),
            mailbox: Arc::clone(&inbox) as Arc<dyn Mailbox>,
            inbox,
            batch: RefCell::default(),
            batch_waits: Notify::new(),
            watches: Watches::default(),
            place_free: Notify::new(),
            closing: Notify::new(),
            times: RefCell::default(),
            shown_connections: Cell::new(0),
            shown_in_flight: Cell::new(0),
            accepted: Cell::new(0),
            requests: Cell::new(0),
            node,
        })
    }

    /// A place for a new connection.
    pub(crate) fn enter(self: &Rc<Self>) -> PlaceHeld {
        let (place, watch) = self.watches.open(Instant::now());
        PlaceHeld {
            watch,
            worker: Rc::clone(self),
            place,
        }
    }

    /// Number of the next delivery of this boot: each thread has every n-th.
    pub(crate) fn next_seq(&self) -> u64 {
        let handed = self.handed.get();
        self.handed.set(handed.wrapping_add(1));
        handed
            .wrapping_mul(self.node.threads as u64)
            .wrapping_add(self.index)
    }

    pub(crate) fn note_create_time(&self, create_time: i64) {
        let mut times = self.times.borrow_mut();
        if times.len() < TIMES_MAX {
            times.push(create_time);
        }
    }

    /// Puts a record into the batch of this turn of the runtime; the ticket waits for its proof.
    pub(crate) fn hand_over(&self, record: NewRecord, deadline: Instant) -> Ticket {
        let mark = self.node.marks.newest();
        let (ticket, slot) = self.tickets.open(deadline, mark);
        let mut batch = self.batch.borrow_mut();
        batch.push((record, slot));
        if batch.len() == 1 {
            self.batch_waits.notify_one();
        }
        self.requests.set(self.requests.get().wrapping_add(1));
        ticket
    }

    /// Counts a refused request.
    pub(crate) fn reject(&self, reason: &str) {
        self.node.metrics.rejected.with([reason]).inc();
    }

    /// Counts a callback that gets no answer.
    pub(crate) fn unacked(&self, why: Unproved) {
        self.node.metrics.unacked.inc();
        if why == Unproved::Late {
            self.node.metrics.append_failures.with(["late"]).inc();
            self.node
                .log_health
                .failed("deliveries are not durable within the ack budget", false);
        }
    }

    /// Whether every answer is to be the last of its connection.
    pub(crate) fn is_leaving(&self) -> bool {
        self.node.stage() != Stage::Serving
    }

    /// Whether connections end as soon as they are idle.
    pub(crate) fn is_closing(&self) -> bool {
        self.node.stage() == Stage::Closing
    }

    fn append_batch(&self) {
        let batch = std::mem::take(&mut *self.batch.borrow_mut());
        if batch.is_empty() {
            return;
        }
        let Err(refused) = self.node.appender.append(batch, &self.mailbox) else {
            return;
        };
        let (name, for_good) = match &refused.reason {
            Refusal::QueueFull => ("queue_full", false),
            Refusal::Log(error) => (name_of(error), is_for_good(error)),
        };
        self.node
            .metrics
            .append_failures
            .with([name])
            .add(refused.records.len() as u64);
        self.node
            .log_health
            .failed(&refused.reason.to_string(), for_good);
        for (_, slot) in refused.records {
            self.tickets.answer(slot, Err(Unproved::Failed));
        }
    }

    fn take_answer(&self, answer: msglog::Answer) {
        let result = answer.result.map_err(|error| {
            self.node
                .metrics
                .append_failures
                .with([name_of(&error)])
                .inc();
            self.node
                .log_health
                .failed(&error.to_string(), is_for_good(&error));
            Unproved::Failed
        });
        self.tickets.answer(answer.slot, result);
    }

    fn sweep(&self, now: Instant) {
        self.tickets.expire(now);
        let (head, idle) = (self.node.head_timeout, self.node.idle_timeout);
        self.watches.each(|watch| watch.sweep(now, head, idle));
    }

    /// Says how far it is past the marks, with everything that it has taken handed over.
    fn pass_marks(&self) {
        let newest = self.node.marks.newest();
        self.append_batch();
        let answered = self.tickets.oldest_mark().unwrap_or(newest);
        self.node.marks.pass(self.index, newest, answered);
    }

    /// Hands over what was counted since the last time.
    fn flush(&self, now: Instant) {
        let metrics = &self.node.metrics;
        self.tally.flush(metrics);
        if let Some(lag_s) = self.tally.take_least_lag_s() {
            self.node.clock_offset.hear(now, lag_s);
        }
        self.node.add_times(&mut self.times.borrow_mut());
        metrics.accepted.add(self.accepted.get());
        let activity = self.accepted.take().wrapping_add(self.requests.take());
        self.node.activity.fetch_add(activity, Ordering::Relaxed);
        let connections = self.watches.len();
        let before = self.shown_connections.replace(connections);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a gauge is shown, not computed with"
        )]
        metrics.connections.add(connections as f64 - before as f64);
        self.show_in_flight();
        if self.index == 0 {
            self.node.show(now);
            self.node.log_health.recover(now);
            if let Some(spool) = &self.node.spool {
                spool.look(&self.node.log_health);
            }
        }
    }

    fn show_in_flight(&self) {
        let outstanding = self.tickets.outstanding();
        let before = self.shown_in_flight.replace(outstanding);
        let change = (outstanding as u64).wrapping_sub(before as u64);
        self.node.in_flight.fetch_add(change, Ordering::Relaxed);
    }

    fn evict_idle(&self) {
        let now = Instant::now();
        self.watches
            .each(|watch| watch.sweep(now, self.node.head_timeout, EVICTABLE));
    }

    fn open(self: &Rc<Self>, stream: TcpStream) {
        self.accepted.set(self.accepted.get().wrapping_add(1));
        // The thread counts its connections and does not end before them.
        drop(spawn_local(connection::serve(Rc::clone(self), stream)));
    }
}

/// Runs one thread until the node has closed.
pub(crate) fn run(node: Arc<Node>, index: u64, listener: StdListener) -> io::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        let worker = Worker::new(node, index);
        let tasks = [
            spawn_local(append_batches(Rc::clone(&worker))),
            spawn_local(take_answers(Rc::clone(&worker))),
        ];
        let accepting = spawn_local(accept(Rc::clone(&worker), listener));
        live(&worker, accepting).await;
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        worker.flush(Instant::now());
        Ok(())
    })
}

/// Sweeps and flushes until the node closes, then until everything in flight has ended.
async fn live(worker: &Rc<Worker>, accepting: tokio::task::JoinHandle<()>) {
    let mut beat = tokio::time::interval(SWEEP);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sweeps = 0_u32;
    let mut until: Option<Instant> = None;
    loop {
        beat.tick().await;
        let now = Instant::now();
        worker.sweep(now);
        worker.pass_marks();
        sweeps = sweeps.wrapping_add(1);
        if sweeps.is_multiple_of(SWEEPS_PER_FLUSH) {
            worker.flush(now);
        }
        if !worker.is_closing() {
            continue;
        }
        if until.is_none() {
            worker.closing.notify_one();
            worker.watches.each(Watch::wake);
        }
        let until = *until.get_or_insert(now + worker.node.ack_budget + CLOSING);
        let over = accepting.is_finished() && worker.watches.len() == 0;
        if now >= until || (over && worker.tickets.outstanding() == 0) {
            return;
        }
    }
}

/// Appends the records of each turn in one call: a turn's requests come before this task runs again.
async fn append_batches(worker: Rc<Worker>) {
    loop {
        worker.batch_waits.notified().await;
        worker.append_batch();
    }
}

async fn take_answers(worker: Rc<Worker>) {
    let mut answers = Vec::new();
    loop {
        worker.inbox.take(&mut answers).await;
        for answer in answers.drain(..) {
            worker.take_answer(answer);
        }
    }
}

/// Accepts until the node closes; then takes what the kernel has already accepted, and closes.
async fn accept(worker: Rc<Worker>, listener: TcpListener) {
    let mut reserve = Reserve::default();
    let mut failures = 0;
    loop {
        reserve.refill();
        while worker.watches.len() >= worker.node.connections_max && !worker.is_closing() {
            worker.evict_idle();
            drop(tokio::time::timeout(FULL_PAUSE, worker.place_free.notified()).await);
        }
        let accepted = tokio::select! {
            biased;
            () = worker.closing.notified() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                failures = 0;
                worker.open(stream);
            }
            Err(error) => {
                mend(&worker, &mut reserve, &error, failures).await;
                failures = failures.saturating_add(1);
            }
        }
    }
    while let Poll::Ready(Ok((stream, _))) =
        poll_fn(|cx| Poll::Ready(listener.poll_accept(cx))).await
    {
        worker.open(stream);
    }
}

/// Does something about a failed accept. It never ends accepting.
async fn mend(worker: &Worker, reserve: &mut Reserve, error: &io::Error, failures: u32) {
    let remedy = Remedy::of(error, failures);
    worker
        .node
        .metrics
        .accept_errors
        .with([remedy.name()])
        .inc();
    if let Some(more) = worker.node.accept_log.allow(Instant::now()) {
        tracing::warn!(%error, more, "a connection could not be accepted");
    }
    match remedy {
        Remedy::Next => {}
        Remedy::Pause(pause) => tokio::time::sleep(pause).await,
        Remedy::Relieve(pause) => {
            worker.evict_idle();
            // With the reserve there is room for one; without it, wait for connections to end.
            if !reserve.give() {
                tokio::time::sleep(pause).await;
            }
        }
    }
}
