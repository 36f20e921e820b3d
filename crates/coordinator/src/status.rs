//! What the coordinator says of itself: its board, shared with its handles. Nothing here acts.

use crate::metrics::Metrics;
use crate::seals::Sealing;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What `status` shows of the coordinator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether this process leads: it owns the role, has read control to its end and knows the newest tick.
    pub leads: bool,
    /// Newest tick; `None` before the first, and while another process leads.
    pub tick: Option<i64>,
    /// Ticks appended since the start.
    pub ticks: u64,
    /// Copies appended since the start.
    pub copies: u64,
    /// Dead letters put back since the start.
    pub retries: u64,
    /// How often this process has taken over since its start.
    pub take_overs: u64,
    /// Rounds that are being sealed, and who is waited for.
    pub sealing: Vec<Sealing>,
    /// Why a sealed round has no result; `None` while nothing is amiss.
    pub awaits: Option<String>,
    /// Why ticks are written although the guard objects, if so.
    pub allowed: Option<String>,
    /// Why no tick is written, or what failed last; `None` when all is well.
    pub trouble: Option<String>,
}

/// The shared status, and its metrics.
#[derive(Clone)]
pub(crate) struct Board {
    status: Arc<Mutex<Status>>,
    pub(crate) metrics: Metrics,
}

impl Board {
    /// Nothing said yet.
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            status: Arc::default(),
            metrics,
        }
    }

    /// The status, locked; hold it briefly.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another process coordinates, or nobody.
    pub(crate) fn stands_by(&self) {
        let mut status = self.lock();
        (status.leads, status.sealing, status.awaits) = (false, Vec::new(), None);
        status.allowed = None;
        self.metrics.stands_by();
    }

    /// Says how seals and results stand; why a result is not made is logged once.
    pub(crate) fn contest(&self, sealing: Vec<Sealing>, awaits: Option<String>) {
        let mut status = self.lock();
        if let Some(what) = awaits.as_ref().filter(|_| status.awaits != awaits) {
            tracing::warn!(what, "a result waits");
        }
        self.metrics
            .sealing(sealing.iter().map(|seal| seal.since.elapsed()));
        self.metrics.leads(status.tick);
        (status.sealing, status.awaits) = (sealing, awaits);
    }

    /// Says what keeps the coordinator from its work; the same trouble is logged once.
    pub(crate) fn trouble(&self, what: &str) {
        let mut status = self.lock();
        if status.trouble.as_deref() != Some(what) {
            tracing::error!(what, "the coordinator cannot go on");
            status.trouble = Some(what.to_owned());
        }
    }
}
