//! Starting, steering and stopping ingress, from outside of its threads.

use crate::accept;
use crate::config::{Deps, IngressConfig, StartError};
use crate::marks::Barrier;
use crate::node::{Node, Stage};
use crate::seals::SealAcks;
use crate::worker;
use msglog::hedge::Closed;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use telemetry::Condition;
use telemetry::health::Policy;

/// How often a stop looks whether it is quiet.
const LOOK: Duration = Duration::from_millis(20);

/// Ingress, running. Dropping it without [`Ingress::stop`] closes at once and does not wait.
pub struct Ingress {
    node: Arc<Node>,
    addr: SocketAddr,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
    condition: Condition,
    quiet: Duration,
    quiet_max: Duration,
}

/// How ingress has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Deliveries that were handed to the log and not answered by it when the threads ended.
    pub unproved: u64,
    /// Threads that ended with an error or a panic.
    pub failures: Vec<String>,
    /// How the hedge was closed, when there is one: what is left in its spool belongs to the next boot.
    pub spool: Option<Closed>,
}

impl Ingress {
    /// Listens and serves until [`Ingress::stop`].
    ///
    /// # Errors
    /// [`StartError`] when the address is taken, an account is there twice, or the log has no `inbound`.
    pub fn start(config: &IngressConfig, deps: &Deps) -> Result<Self, StartError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if config.threads == 0 {
            cores
        } else {
            config.threads
        };
        let node = Arc::new(Node::new(config, deps, threads)?);
        let listen = |source| StartError::Listen {
            addr: config.listen,
            source,
        };
        let listeners = accept::listen(config.listen, threads, config.backlog).map_err(listen)?;
        let addr = match listeners.first() {
            Some(listener) => listener.local_addr().map_err(listen)?,
            None => config.listen,
        };
        let condition = deps.health.condition("ingress", Policy::AT_ONCE);
        let mut ingress = Self {
            node,
            addr,
            threads: Vec::with_capacity(threads),
            condition,
            quiet: config.quiet,
            quiet_max: config.quiet_max,
        };
        for (index, listener) in (0_u64..).zip(listeners) {
            let node = Arc::clone(&ingress.node);
            let thread = std::thread::Builder::new()
                .name(format!("ingress-{index}"))
                .spawn(move || worker::run(node, index, listener))
                .map_err(StartError::Thread)?;
            ingress.threads.push(thread);
        }
        ingress.condition.good();
        Ok(ingress)
    }

    /// The address that is listened on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The median CreateTime of the messages since the last call, for PROGRESS; `None` when there was none.
    #[must_use]
    pub fn median_create_time(&self) -> Option<i64> {
        self.node.median_create_time()
    }

    /// Deliveries that are with the log and not yet answered by it, as of at most 0.2 s ago.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.node.in_flight.load(Ordering::Relaxed)
    }

    /// A moment: everything that was taken before this call.
    #[must_use]
    pub fn barrier(&self) -> Barrier {
        self.node.marks.set()
    }

    /// Whether everything that was taken before the barrier stands in the log itself, not only in this node's
    /// spool, or was answered with an error: then nobody acked it. With a hedge, what an earlier boot left in the
    /// spool counts as taken before. Known at most 20 ms late.
    #[must_use]
    pub fn is_past(&self, barrier: &mut Barrier) -> bool {
        let hedge = self.node.spool.as_ref().map(|spool| &*spool.hedge);
        self.node.marks.is_past(barrier, hedge)
    }

    /// The answers of this boot to requests to seal a round; made once.
    #[must_use]
    pub fn seal_acks(&self) -> SealAcks {
        let metrics = &self.node.metrics;
        SealAcks::new(metrics.seals_waiting.clone(), metrics.seal_acks.clone())
    }

    /// Whether a thread has ended although nobody stopped it: the process must then end, in order.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Stops: readiness off, accept until it is quiet, answer what is in flight, close; then what has no
    /// proof goes to the spool, and that is synced and closed. Takes at most `quiet_max` + the ack
    /// budget + 2 s, and with a hedge 4 s more: with the defaults less than 13 s.
    #[must_use]
    pub fn stop(mut self) -> Stopped {
        self.condition.bad("stopping");
        self.node.enter(Stage::Leaving);
        self.wait_for_quiet();
        self.node.enter(Stage::Closing);
        let mut failures = Vec::new();
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failures.push(error.to_string()),
                Err(_) => failures.push("an ingress thread panicked".to_owned()),
            }
        }
        let node = &self.node;
        let spool = node.spool.as_ref();
        Stopped {
            spool: spool.map(|spool| spool.close(&node.log_health)),
            unproved: self.node.in_flight.load(Ordering::Relaxed),
            failures,
        }
    }

    fn wait_for_quiet(&self) {
        let began = Instant::now();
        let mut seen = self.node.activity.load(Ordering::Relaxed);
        let mut since = began;
        loop {
            std::thread::sleep(LOOK);
            let now = Instant::now();
            let activity = self.node.activity.load(Ordering::Relaxed);
            if activity != seen {
                (seen, since) = (activity, now);
            }
            if now - since >= self.quiet || now - began >= self.quiet_max {
                return;
            }
        }
    }
}

impl Drop for Ingress {
    fn drop(&mut self) {
        self.node.enter(Stage::Closing);
    }
}
