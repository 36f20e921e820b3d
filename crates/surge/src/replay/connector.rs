//! Connections: the idle ones, new ones, and what happens while the target is not there.
//!
//! A refused connection costs no attempt: one task knocks until the target is back or the patience ends,
//! everyone else waits for it.

use crate::client::{Conn, Fault, source_address};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// How long a target may refuse connections.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often a target that refuses is knocked at.
const KNOCK_EVERY: Duration = Duration::from_millis(20);
/// How long to wait for a port or descriptor of this machine.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(5);

/// What ends a wait for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoConn {
    /// The target refused for longer than the patience lasts.
    Gone,
    /// The attempt failed on the way.
    Fault(Fault),
    /// The platform would have hung up by now.
    Cut,
}

/// Opens and keeps connections to one address.
#[derive(Debug)]
pub struct Connector {
    addr: SocketAddr,
    sources: u8,
    patience: Duration,
    next_source: Cell<u8>,
    idle: RefCell<Vec<Conn>>,
    knocking: Cell<bool>,
    gone: Cell<bool>,
    back: Notify,
    refused_waits: Cell<u64>,
    connects: Cell<u64>,
}

impl Connector {
    /// A connector that binds to `sources` loopback addresses in turn; 0 lets the system choose.
    #[must_use]
    pub fn new(addr: SocketAddr, sources: u8, patience: Duration) -> Self {
        Self {
            addr,
            sources,
            patience,
            next_source: Cell::new(0),
            idle: RefCell::new(Vec::new()),
            knocking: Cell::new(false),
            gone: Cell::new(false),
            back: Notify::new(),
            refused_waits: Cell::new(0),
            connects: Cell::new(0),
        }
    }

    /// Waits for a target that refused, and connections made.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.refused_waits.get(), self.connects.get())
    }

    /// An idle connection that is still good, the last used first.
    pub fn idle(&self) -> Option<Conn> {
        loop {
            let conn = self.idle.borrow_mut().pop()?;
            if conn.is_reusable() {
                return Some(conn);
            }
        }
    }

    /// Gives a connection back after a whole answer.
    pub fn give_back(&self, conn: Conn) {
        if conn.is_reusable() {
            self.idle.borrow_mut().push(conn);
        }
    }

    /// Opens a connection within `cut` of each try. While the target refuses, waits without end but the
    /// patience.
    ///
    /// # Errors
    /// [`NoConn`].
    pub async fn open(&self, cut: Duration) -> Result<Conn, NoConn> {
        loop {
            if self.gone.get() {
                return Err(NoConn::Gone);
            }
            if self.knocking.get() {
                self.back.notified().await;
                continue;
            }
            match self.try_open(cut).await {
                Err(NoConn::Fault(Fault::Refused)) if !self.knocking.get() => {
                    return self.knock(cut).await;
                }
                Err(NoConn::Fault(Fault::Refused)) => {}
                other => return other,
            }
        }
    }

    async fn try_open(&self, cut: Duration) -> Result<Conn, NoConn> {
        let deadline = Instant::now() + cut;
        loop {
            let opened = timeout_at(deadline, Conn::open(self.addr, self.source())).await;
            match opened {
                Ok(Ok(conn)) => {
                    self.connects.set(self.connects.get() + 1);
                    return Ok(conn);
                }
                Ok(Err(Fault::Exhausted)) if Instant::now() < deadline => {
                    sleep(EXHAUSTED_PAUSE).await;
                }
                Ok(Err(fault)) => return Err(NoConn::Fault(fault)),
                Err(_) => return Err(NoConn::Cut),
            }
        }
    }

    fn source(&self) -> Option<std::net::IpAddr> {
        if self.sources == 0 {
            return None;
        }
        let index = self.next_source.get();
        self.next_source.set((index + 1) % self.sources);
        Some(source_address(index))
    }

    /// Knocks on behalf of everyone until the target takes a connection.
    async fn knock(&self, cut: Duration) -> Result<Conn, NoConn> {
        self.knocking.set(true);
        self.refused_waits.set(self.refused_waits.get() + 1);
        let deadline = Instant::now() + self.patience;
        let result = loop {
            sleep(KNOCK_EVERY).await;
            match self.try_open(cut).await {
                Err(NoConn::Fault(Fault::Refused)) if Instant::now() < deadline => {}
                Err(NoConn::Fault(Fault::Refused)) => {
                    self.gone.set(true);
                    break Err(NoConn::Gone);
                }
                other => break other,
            }
        };
        self.knocking.set(false);
        self.back.notify_waiters();
        result
    }
}
