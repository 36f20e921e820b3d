//! The hedge and its spool as this node shows them: metrics, conditions, and what they mean for
//! readiness. Decides nothing about a record.

use crate::node::LogHealth;
use msglog::Hedge;
use msglog::hedge::{Closed, Counts};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use telemetry::health::Policy;
use telemetry::{Condition, Counter, Gauge, Health, MetricError, Registry};

/// How long closing may take: what has no proof goes to the spool, which is synced.
const CLOSING: Duration = Duration::from_secs(4);

/// See the module.
pub(crate) struct Spool {
    pub(crate) hedge: Arc<Hedge>,
    metrics: Metrics,
    /// Whether the log proves in time; only shown, for the spool stands in for it.
    log: Condition,
    /// Whether the spool takes records; only shown, for the log may be well.
    spool: Condition,
    last: Mutex<Counts>,
}

struct Metrics {
    /// Records that stand only in the spool.
    records: Gauge,
    /// Bytes of those.
    bytes: Gauge,
    /// Age of the oldest of those.
    oldest_seconds: Gauge,
    /// 1 while the spool takes records.
    usable: Gauge,
    /// Bytes a second that the forwarder may send.
    forward_rate: Gauge,
    /// Records brought from the spool into the log, and their bytes.
    forwarded: Counter,
    forwarded_bytes: Counter,
    /// Records of the spool that the log confirmed after all.
    confirmed: Counter,
    /// Records set aside.
    dead: Counter,
    /// First proofs, by the log and by the spool.
    proofs: [Counter; 2],
    /// Records that went to the spool: slow, away, refused, failed.
    fired: [Counter; 4],
    /// Records without a proof of either.
    unproved: Counter,
}

impl Metrics {
    fn register(registry: &Registry) -> Result<Self, MetricError> {
        let proofs = registry.counter_vec(
            "spillway_hedge_proofs_total",
            "Deliveries proved durable, by who proved them first: log or spool.",
            ["by"],
        )?;
        let fired = registry.counter_vec(
            "spillway_hedge_fired_total",
            "Deliveries that also went to the spool, because the log was slow, away, refused or failed.",
            ["reason"],
        )?;
        Ok(Self {
            records: registry.gauge(
                "spillway_spool_records",
                "Deliveries that stand only in this node's spool.",
            )?,
            bytes: registry.gauge(
                "spillway_spool_bytes",
                "Bytes of the deliveries that stand only in this node's spool.",
            )?,
            oldest_seconds: registry.gauge(
                "spillway_spool_oldest_seconds",
                "Age of the oldest delivery that stands only in this node's spool.",
            )?,
            usable: registry.gauge(
                "spillway_spool_usable",
                "1 while the spool takes deliveries; 0 when it is full or its disk has failed.",
            )?,
            forward_rate: registry.gauge(
                "spillway_spool_forward_bytes_per_second",
                "What the forwarder may send from the spool into the log now.",
            )?,
            forwarded: registry.counter(
                "spillway_spool_forwarded_total",
                "Deliveries brought from the spool into the log.",
            )?,
            forwarded_bytes: registry.counter(
                "spillway_spool_forwarded_bytes_total",
                "Bytes of deliveries brought from the spool into the log.",
            )?,
            confirmed: registry.counter(
                "spillway_spool_confirmed_total",
                "Deliveries in the spool that the log confirmed after all and that were not sent again.",
            )?,
            dead: registry.counter(
                "spillway_spool_dead_total",
                "Deliveries in the spool that the log refuses for good, set aside in spool.dead.",
            )?,
            proofs: ["log", "spool"].map(|by| proofs.with([by])),
            fired: ["slow", "away", "refused", "failed"].map(|reason| fired.with([reason])),
            unproved: registry.counter(
                "spillway_hedge_unproved_total",
                "Deliveries that neither the log nor the spool proved.",
            )?,
        })
    }

    /// Counts what was done between two looks.
    fn count(&self, now: &Counts, before: &Counts) {
        let pairs = [
            (&self.forwarded, now.forwarded, before.forwarded),
            (
                &self.forwarded_bytes,
                now.forwarded_bytes,
                before.forwarded_bytes,
            ),
            (&self.confirmed, now.confirmed, before.confirmed),
            (&self.dead, now.dead, before.dead),
            (&self.proofs[0], now.log_proofs, before.log_proofs),
            (&self.proofs[1], now.spool_proofs, before.spool_proofs),
            (&self.fired[0], now.fired_slow, before.fired_slow),
            (&self.fired[1], now.fired_away, before.fired_away),
            (&self.fired[2], now.fired_refused, before.fired_refused),
            (&self.fired[3], now.fired_failed, before.fired_failed),
            (&self.unproved, now.unproved, before.unproved),
        ];
        for (counter, now, before) in pairs {
            counter.add(now.saturating_sub(before));
        }
    }
}

impl Spool {
    pub(crate) fn new(
        hedge: Arc<Hedge>,
        registry: &Registry,
        health: &Health,
    ) -> Result<Self, MetricError> {
        Ok(Self {
            hedge,
            metrics: Metrics::register(registry)?,
            log: health.condition("log", Policy::SHOWN),
            spool: health.condition("spool", Policy::SHOWN),
            last: Mutex::default(),
        })
    }

    /// Shows how it stands. The node is unready only when a record has needed the spool since the last
    /// look, and the spool takes none.
    pub(crate) fn look(&self, inbound: &LogHealth) {
        let (counts, trouble) = (self.hedge.counts(), self.hedge.log_trouble());
        let before = std::mem::replace(
            &mut *self.last.lock().unwrap_or_else(PoisonError::into_inner),
            counts,
        );
        self.metrics.count(&counts, &before);
        let backlog = self.hedge.backlog();
        let metrics = &self.metrics;
        metrics.records.set_count(backlog.records);
        metrics.bytes.set_count(backlog.bytes);
        metrics
            .oldest_seconds
            .set(Duration::from_millis(backlog.oldest_ms).as_secs_f64());
        metrics.forward_rate.set_count(self.hedge.forward_rate());
        match &trouble {
            Some(why) => self.log.bad(why),
            None => self.log.good(),
        }
        let usable = self.hedge.spool_is_usable();
        metrics.usable.set_count(u64::from(usable.is_ok()));
        let Err(error) = usable else {
            self.spool.good();
            return;
        };
        self.spool.bad(error.to_string());
        let troubled = |counts: &Counts| {
            let sums = [
                counts.fired_slow,
                counts.fired_away,
                counts.fired_refused,
                counts.fired_failed,
                counts.unproved,
            ];
            sums.into_iter().fold(0, u64::saturating_add)
        };
        if let Some(why) = trouble
            && troubled(&counts) != troubled(&before)
        {
            let why = format!("{why}; and the spool takes nothing: {error}");
            inbound.failed(&why, false);
        }
    }

    /// Sends to the spool what is unproved, syncs it and closes; shows the last numbers.
    pub(crate) fn close(&self, inbound: &LogHealth) -> Closed {
        let closed = self.hedge.close(CLOSING);
        self.look(inbound);
        closed
    }
}
