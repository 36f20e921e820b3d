//! What ingress is told at start: configuration, and what it depends on. Nothing here reads a file.

use arc_swap::ArcSwap;
use msglog::{Hedge, Log};
use record::hexed::Hex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How ingress listens, and its bounds.
#[derive(Clone)]
pub struct IngressConfig {
    /// Address to listen on; port 0 takes any.
    pub listen: SocketAddr,
    /// Threads, each with its own runtime and listener; 0 is one per core.
    pub threads: usize,
    /// From the first byte of a request to its answer; past it there is no answer (I-1, I-2).
    pub ack_budget: Duration,
    /// From the first byte of a request, or from accept, to the end of its head.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// How long a connection may stay without a request.
    pub idle_timeout: Duration,
    /// Most connections at a time, over all threads; more of them wait in the kernel's queue.
    pub connections_max: usize,
    /// Length of the kernel's accept queue of each listener; the kernel caps it at `net.core.somaxconn`.
    pub backlog: i32,
    /// How long nothing must come before a stopping node closes its listeners …
    pub quiet: Duration,
    /// … and how long it waits for that at most.
    pub quiet_max: Duration,
    /// Whether the wall clock says nothing about the messages' CreateTime: no metric of their lag then.
    pub rehearsal: bool,
    /// The accounts whose callbacks are taken.
    pub accounts: Vec<AccountConfig>,
    /// The node's id.
    pub node: Hex<8>,
    /// Random at each start.
    pub boot: Hex<8>,
}

impl IngressConfig {
    /// The defaults for a node without accounts.
    #[must_use]
    pub fn new(listen: SocketAddr, node: Hex<8>, boot: Hex<8>) -> Self {
        Self {
            listen,
            threads: 0,
            ack_budget: Duration::from_millis(3_500),
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(75),
            connections_max: 32_768,
            backlog: 4_096,
            quiet: Duration::from_millis(300),
            quiet_max: Duration::from_secs(3),
            rehearsal: false,
            accounts: Vec::new(),
            node,
            boot,
        }
    }
}

/// One account.
#[derive(Clone)]
pub struct AccountConfig {
    /// Its secrets and ids; the name is the last part of the callback's path.
    pub account: wechat::Account,
    /// What a message gets that no campaign answers; empty is `success`.
    pub default_reply: String,
}

/// What ingress needs of the rest of the process.
#[derive(Clone)]
pub struct Deps {
    /// The log with its topic `inbound`.
    pub log: Arc<dyn Log>,
    /// The hedge around that log, when there is one: deliveries then go through it, its spool is shown
    /// here, and [`crate::Ingress::stop`] closes it.
    pub hedge: Option<Arc<Hedge>>,
    /// What is in force, swapped by whoever follows control.
    pub snapshot: Arc<ArcSwap<control::Snapshot>>,
    /// Where metrics are registered.
    pub registry: telemetry::Registry,
    /// Where the conditions `ingress` and `inbound` are reported; with a hedge also `log` and `spool`.
    pub health: telemetry::Health,
    /// The wall clock, in microseconds since 1970.
    pub now_us: fn() -> i64,
    /// Fills 24 bytes with randomness, for the nonce and the prefix of an encrypted reply.
    pub random: fn(&mut [u8; 24]),
}

/// Why ingress could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// Two accounts have the same name.
    #[error(
        "account {0:?} is configured twice; names are parts of the callback path and must differ"
    )]
    AccountTwice(String),
    /// The log has no topic `inbound`.
    #[error("the log cannot take deliveries: {0}")]
    Log(#[from] msglog::LogError),
    /// A metric could not be registered.
    #[error(transparent)]
    Metric(#[from] telemetry::MetricError),
    /// A thread or runtime could not be started.
    #[error("cannot start an ingress thread: {0}")]
    Thread(std::io::Error),
}
