//! How a cluster is made, and why it was not.

use std::io;
use std::path::PathBuf;

/// Why a cluster did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The jars or the directory are not there.
    #[error("a kafka broker cannot be started: {0}")]
    Io(#[from] io::Error),
    /// It started and does not answer.
    #[error("broker {node} does not answer after {seconds} s; the end of its log:\n{log}")]
    Silent {
        /// Which, from 0.
        node: usize,
        /// How long it was given.
        seconds: u64,
        /// The last lines that it wrote.
        log: String,
    },
    /// It ended by itself.
    #[error("broker {node} ended by itself; the end of its log:\n{log}")]
    Ended {
        /// Which, from 0.
        node: usize,
        /// The last lines that it wrote.
        log: String,
    },
}

/// How a cluster is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Brokers: 1 or 3.
    pub nodes: usize,
    /// Whether clients reach each broker through a [`Proxy`].
    pub proxied: bool,
    /// Where data and logs go; `None` is a fresh temporary directory.
    pub dir: Option<PathBuf>,
    /// Largest heap of a broker, in MiB.
    pub heap_mib: u32,
    /// Whether its speed matters. A broker of a test spends less on compiling its own code and on collecting garbage: it
    /// starts sooner, leaves the processor to what is tested, and would be slow at a large rate.
    pub is_measured: bool,
    /// Broker settings beside the shipped ones.
    pub extra: Vec<(String, String)>,
}

impl Options {
    /// `nodes` brokers in a temporary directory, reached directly.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            nodes,
            proxied: false,
            dir: None,
            heap_mib: 512,
            is_measured: false,
            extra: Vec::new(),
        }
    }
}
