//! What each thread of ingress counts by itself between two flushes, so that a request costs no atomics.

use crate::metrics::Metrics;
use record::envelope::Spoken;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use telemetry::LocalHistogram;

/// MsgTypes that have a label of their own; every other one is `other`.
const KINDS: [&str; 10] = [
    "text",
    "event",
    "image",
    "voice",
    "video",
    "shortvideo",
    "location",
    "link",
    "file",
    "unparsed",
];
const OTHER: usize = KINDS.len();

/// How callbacks end: those of [`Spoken`], and without an answer.
const RESULTS: [&str; 6] = [
    "reply",
    "coalesced",
    "throttled",
    "silent",
    "nothing",
    "unacked",
];
const UNACKED: usize = 5;

fn result_of(spoken: Spoken) -> usize {
    match spoken {
        Spoken::Reply => 0,
        Spoken::Coalesced => 1,
        Spoken::Throttled => 2,
        Spoken::Silent => 3,
        Spoken::Nothing => 4,
    }
}

/// What happened to one callback that was authentic.
pub(crate) struct Ended<'a> {
    /// Index of the account.
    pub(crate) account: usize,
    /// MsgType.
    pub(crate) kind: Kind,
    /// The answer; `None` when there was none.
    pub(crate) spoken: Option<Spoken>,
    /// Class by which the reply was decided.
    pub(crate) class: &'static str,
    /// Rule that decided; empty when none did.
    pub(crate) rule: &'a str,
    /// From the first byte to the answer, in seconds.
    pub(crate) ack_s: f64,
    /// From handing over to the proof, in seconds.
    pub(crate) produce_s: f64,
    /// Wall clock minus CreateTime, in seconds, when there is a CreateTime.
    pub(crate) lag_s: Option<f64>,
    /// Which delivery of the message, as far as this node knows.
    pub(crate) attempt: u32,
}

/// Label of a MsgType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind(usize);

impl Kind {
    pub(crate) fn of(msg_type: &str) -> Self {
        Self(
            KINDS
                .iter()
                .position(|kind| *kind == msg_type)
                .unwrap_or(OTHER),
        )
    }
}

type ByClass = Vec<(&'static str, [u64; 5])>;

/// What one thread counts; [`Tally::flush`] hands it over.
pub(crate) struct Tally {
    accounts: Vec<AccountTally>,
    produce_s: LocalHistogram,
    lag_s: Option<LocalHistogram>,
    /// The least lag since the last flush.
    least_lag_s: Cell<Option<f64>>,
    near_s: f64,
    near: Cell<u64>,
    coalesced: Cell<u64>,
    redelivered: [Cell<u64>; 2],
    replies: RefCell<HashMap<Box<str>, ByClass>>,
}

struct AccountTally {
    name: String,
    ack_s: LocalHistogram,
    callbacks: Vec<Cell<u64>>,
}

impl Tally {
    /// Counts of nothing yet. `near_s` is when an answer was nearly too late, in seconds.
    pub(crate) fn new<'a>(
        metrics: &Metrics,
        accounts: impl Iterator<Item = &'a str>,
        near_s: f64,
    ) -> Self {
        let accounts = accounts.map(|name| AccountTally {
            name: name.to_owned(),
            ack_s: metrics.ack_seconds.with([name]).local(),
            callbacks: vec![Cell::new(0); (KINDS.len() + 1) * RESULTS.len()],
        });
        Self {
            accounts: accounts.collect(),
            produce_s: metrics.produce_seconds.local(),
            lag_s: metrics
                .lag_seconds
                .as_ref()
                .map(telemetry::Histogram::local),
            least_lag_s: Cell::new(None),
            near_s,
            near: Cell::new(0),
            coalesced: Cell::new(0),
            redelivered: Default::default(),
            replies: RefCell::default(),
        }
    }

    /// Counts one callback.
    pub(crate) fn count(&self, ended: &Ended<'_>) {
        let Some(account) = self.accounts.get(ended.account) else {
            return;
        };
        let result = ended.spoken.map_or(UNACKED, result_of);
        bump(&account.callbacks[ended.kind.0 * RESULTS.len() + result]);
        if let (Some(histogram), Some(lag_s)) = (&self.lag_s, ended.lag_s) {
            histogram.observe(lag_s);
            let least = self.least_lag_s.get().unwrap_or(lag_s);
            self.least_lag_s.set(Some(least.min(lag_s)));
        }
        match ended.attempt {
            0 | 1 => {}
            2 => bump(&self.redelivered[0]),
            _ => bump(&self.redelivered[1]),
        }
        let Some(spoken) = ended.spoken else { return };
        account.ack_s.observe(ended.ack_s);
        self.produce_s.observe(ended.produce_s);
        if ended.ack_s > self.near_s {
            bump(&self.near);
        }
        if spoken == Spoken::Coalesced {
            bump(&self.coalesced);
        }
        self.count_reply(ended.class, ended.rule, result_of(spoken));
    }

    fn count_reply(&self, class: &'static str, rule: &str, outcome: usize) {
        let mut replies = self.replies.borrow_mut();
        let classes = match replies.get_mut(rule) {
            Some(classes) => classes,
            None => replies.entry(rule.into()).or_default(),
        };
        match classes.iter_mut().find(|(name, _)| *name == class) {
            Some((_, outcomes)) => outcomes[outcome] += 1,
            None => {
                let mut outcomes = [0; 5];
                outcomes[outcome] = 1;
                classes.push((class, outcomes));
            }
        }
    }

    /// The least lag of a message since the last call, in seconds; none in a rehearsal.
    pub(crate) fn take_least_lag_s(&self) -> Option<f64> {
        self.least_lag_s.take()
    }

    /// Hands everything over to the shared metrics.
    pub(crate) fn flush(&self, metrics: &Metrics) {
        for account in &self.accounts {
            account.ack_s.flush();
            for (at, count) in account
                .callbacks
                .iter()
                .enumerate()
                .filter(|(_, c)| c.get() > 0)
            {
                let kind = KINDS.get(at / RESULTS.len()).copied().unwrap_or("other");
                let labels = [account.name.as_str(), kind, RESULTS[at % RESULTS.len()]];
                metrics.callbacks.with(labels).add(count.take());
            }
        }
        self.produce_s.flush();
        if let Some(lag_s) = &self.lag_s {
            lag_s.flush();
        }
        metrics.near.add(self.near.take());
        metrics.coalesced.add(self.coalesced.take());
        for (count, attempt) in self.redelivered.iter().zip(["2", "3+"]) {
            metrics.redelivery.with([attempt]).add(count.take());
        }
        for (rule, classes) in self.replies.borrow_mut().iter_mut() {
            for (class, outcomes) in classes {
                for (count, outcome) in outcomes.iter_mut().zip(RESULTS).filter(|(c, _)| **c > 0) {
                    metrics
                        .replies
                        .with(["passive", class, rule, outcome])
                        .add(std::mem::take(count));
                }
            }
        }
    }
}

fn bump(count: &Cell<u64>) {
    count.set(count.get().wrapping_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::Registry;

    #[test]
    fn a_callback_is_seen_after_the_flush_with_all_its_labels() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, false).unwrap();
        let tally = Tally::new(&metrics, ["mi"].into_iter(), 2.8);
        let mut ended = Ended {
            account: 0,
            kind: Kind::of("text"),
            spoken: Some(Spoken::Coalesced),
            class: "join",
            rule: "join",
            ack_s: 3.0,
            produce_s: 0.002,
            lag_s: Some(1.5),
            attempt: 2,
        };
        tally.count(&ended);
        ended.kind = Kind::of("hologram");
        ended.spoken = None;
        tally.count(&ended);
        tally.flush(&metrics);
        tally.flush(&metrics);
        let text = registry.render();
        for line in [
            "spillway_ingress_callbacks_total{account=\"mi\",kind=\"text\",result=\"coalesced\"} 1",
            "spillway_ingress_callbacks_total{account=\"mi\",kind=\"other\",result=\"unacked\"} 1",
            "spillway_ingress_ack_seconds_count{account=\"mi\"} 1",
            "spillway_ingress_deadline_near_total 1",
            "spillway_ingress_redelivery_total{attempt=\"2\"} 2",
            "spillway_reply_total{class=\"join\",outcome=\"coalesced\",path=\"passive\",rule=\"join\"} 1",
            "spillway_reply_coalesced_total 1",
            "spillway_createtime_lag_seconds_count 2",
        ] {
            assert!(
                text.contains(&format!("{line}\n")),
                "{line} is missing in\n{text}"
            );
        }
    }

    #[test]
    fn a_rehearsal_has_no_lag() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, true).unwrap();
        Tally::new(&metrics, ["mi"].into_iter(), 2.8).flush(&metrics);
        assert!(!registry.render().contains("createtime_lag"));
    }
}
