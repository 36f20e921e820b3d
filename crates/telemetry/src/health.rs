//! Conditions of a process by name, each good or bad with a reason, and the readiness that follows.
//!
//! A condition has hysteresis: it turns bad only after it was reported bad for a while, and good only
//! after it was reported good for a while, so that a load balancer does not see it flap. What a
//! condition means is the business of whoever reports it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a condition turns, and whether readiness depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long it must be reported bad before it counts as bad.
    pub bad_after: Duration,
    /// How long it must be reported good before it counts as good. The first report of all counts at once.
    pub good_after: Duration,
    /// Whether the process is unready while it is bad; otherwise it is only shown.
    pub gates: bool,
}

impl Policy {
    /// Turns at once, both ways, and gates readiness.
    pub const AT_ONCE: Self = Self {
        bad_after: Duration::ZERO,
        good_after: Duration::ZERO,
        gates: true,
    };
    /// Bad at once, good again after a second; gates readiness. For what hurts fans while it is bad.
    pub const STRICT: Self = Self {
        bad_after: Duration::ZERO,
        good_after: Duration::from_secs(1),
        gates: true,
    };
    /// Turns at once and is only shown.
    pub const SHOWN: Self = Self {
        bad_after: Duration::ZERO,
        good_after: Duration::ZERO,
        gates: false,
    };
}

/// A condition as `status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Name.
    pub name: String,
    /// Why it is bad; `None` while it is good.
    pub bad: Option<String>,
    /// For how long it has been so.
    pub since: Duration,
    /// Whether readiness depends on it.
    pub gates: bool,
}

/// All conditions of a process. Cheap to clone; a clone is the same health.
#[derive(Clone, Default)]
pub struct Health {
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// Reports on one condition.
#[derive(Clone)]
pub struct Condition {
    entries: Arc<Mutex<Vec<Entry>>>,
    index: usize,
}

struct Entry {
    name: String,
    policy: Policy,
    /// What counts.
    bad: Option<String>,
    since: Instant,
    /// Since when the opposite of what counts has been reported.
    turning: Option<Instant>,
    /// The reason that will count when it turns bad.
    pending: String,
    /// Whether there was a report at all.
    reported: bool,
}

impl Health {
    /// No conditions: ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The condition of this name; made when it is new, and bad with the reason `no report yet` until
    /// its first report. One that is there keeps its state and takes the policy.
    #[must_use]
    pub fn condition(&self, name: &str, policy: Policy) -> Condition {
        let mut entries = lock(&self.entries);
        let known = entries.iter().position(|entry| entry.name == name);
        let index = known.unwrap_or(entries.len());
        match known.and_then(|at| entries.get_mut(at)) {
            Some(entry) => entry.policy = policy,
            None => entries.push(Entry {
                name: name.to_owned(),
                policy,
                bad: Some("no report yet".to_owned()),
                since: Instant::now(),
                turning: None,
                pending: String::new(),
                reported: false,
            }),
        }
        Condition {
            entries: Arc::clone(&self.entries),
            index,
        }
    }

    /// Whether the process is ready now.
    ///
    /// # Errors
    /// `name: reason` of every gating condition that is bad.
    pub fn ready(&self) -> Result<(), Vec<String>> {
        self.ready_at(Instant::now())
    }

    /// Whether the process is ready at `now`.
    ///
    /// # Errors
    /// `name: reason` of every gating condition that is bad.
    pub fn ready_at(&self, now: Instant) -> Result<(), Vec<String>> {
        let reasons: Vec<String> = lock(&self.entries)
            .iter_mut()
            .filter(|entry| entry.policy.gates)
            .filter_map(|entry| {
                entry.settle(now);
                entry
                    .bad
                    .as_ref()
                    .map(|reason| format!("{}: {reason}", entry.name))
            })
            .collect();
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(reasons)
        }
    }

    /// Every condition at `now`, in the order of their making.
    #[must_use]
    pub fn report_at(&self, now: Instant) -> Vec<Report> {
        let mut entries = lock(&self.entries);
        let reports = entries.iter_mut().map(|entry| {
            entry.settle(now);
            Report {
                name: entry.name.clone(),
                bad: entry.bad.clone(),
                since: now.saturating_duration_since(entry.since),
                gates: entry.policy.gates,
            }
        });
        reports.collect()
    }
}

impl Condition {
    /// Reports it good now.
    pub fn good(&self) {
        self.report_at(Ok(()), Instant::now());
    }

    /// Reports it bad now.
    pub fn bad(&self, reason: impl Into<String>) {
        self.report_at(Err(reason.into()), Instant::now());
    }

    /// Reports it good or bad at `now`.
    pub fn report_at(&self, state: Result<(), String>, now: Instant) {
        if let Some(entry) = lock(&self.entries).get_mut(self.index) {
            entry.report(state.err(), now);
        }
    }
}

impl Entry {
    fn report(&mut self, bad: Option<String>, now: Instant) {
        self.settle(now);
        if !self.reported {
            self.reported = true;
            self.turn(bad, now);
            return;
        }
        match (&self.bad, bad) {
            (Some(_), Some(reason)) => {
                self.bad = Some(reason);
                self.turning = None;
            }
            (None, None) => self.turning = None,
            (Some(_), None) => {
                self.turning.get_or_insert(now);
            }
            (None, Some(reason)) => {
                self.turning.get_or_insert(now);
                self.pending = reason;
            }
        }
        self.settle(now);
    }

    /// Lets what was reported count once it has been reported for long enough.
    fn settle(&mut self, now: Instant) {
        let Some(since) = self.turning else { return };
        let patience = if self.bad.is_some() {
            self.policy.good_after
        } else {
            self.policy.bad_after
        };
        if now.saturating_duration_since(since) >= patience {
            let turned = if self.bad.is_some() {
                None
            } else {
                Some(std::mem::take(&mut self.pending))
            };
            self.turn(turned, now);
        }
    }

    fn turn(&mut self, bad: Option<String>, now: Instant) {
        self.bad = bad;
        self.since = now;
        self.turning = None;
    }
}

fn lock(entries: &Mutex<Vec<Entry>>) -> MutexGuard<'_, Vec<Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Policy = Policy {
        bad_after: Duration::from_secs(2),
        good_after: Duration::from_secs(5),
        gates: true,
    };

    #[test]
    fn a_condition_without_a_report_is_not_ready_and_the_first_report_counts_at_once() {
        let health = Health::new();
        assert!(health.ready().is_ok());
        let log = health.condition("log", SLOW);
        assert_eq!(health.ready(), Err(vec!["log: no report yet".to_owned()]));
        log.good();
        assert!(health.ready().is_ok());
    }

    #[test]
    fn it_turns_only_after_its_patience_and_a_flap_starts_again() {
        let health = Health::new();
        let log = health.condition("log", SLOW);
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        log.report_at(Ok(()), at(0));
        log.report_at(Err("full".into()), at(10));
        assert!(health.ready_at(at(11)).is_ok());
        log.report_at(Ok(()), at(11));
        log.report_at(Err("full".into()), at(12));
        assert!(health.ready_at(at(13)).is_ok());
        assert_eq!(health.ready_at(at(14)), Err(vec!["log: full".to_owned()]));
        log.report_at(Ok(()), at(20));
        assert!(health.ready_at(at(24)).is_err());
        assert!(health.ready_at(at(25)).is_ok());
    }

    #[test]
    fn the_newest_reason_is_given_and_shown_conditions_do_not_gate() {
        let health = Health::new();
        health.condition("log", Policy::AT_ONCE).bad("a");
        health.condition("log", Policy::AT_ONCE).bad("b");
        health.condition("quiz", Policy::SHOWN).bad("stopped");
        assert_eq!(health.ready(), Err(vec!["log: b".to_owned()]));
        health.condition("log", Policy::AT_ONCE).good();
        assert!(health.ready().is_ok());
        let reports = health.report_at(Instant::now());
        assert_eq!(reports.len(), 2);
        assert_eq!(reports[1].bad.as_deref(), Some("stopped"));
        assert!(!reports[1].gates);
    }
}
