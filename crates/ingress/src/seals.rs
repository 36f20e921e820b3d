//! This node's answers to requests to seal a round: SEAL_ACK once everything that it had taken when it read
//! the request stands in the log itself. Never what a round comes to, and never a wait: whoever holds this asks again.

use crate::ingress::Ingress;
use crate::marks::Barrier;
use control::ControlState;
use record::hexed::Hex;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use telemetry::{Counter, Gauge};

/// An answer is said again while its request stands open for so long: `progress` is kept for an hour only.
const AGAIN: Duration = Duration::from_secs(600);

/// Where an answer stands.
enum Answer {
    /// For what was taken before the request was read.
    Waits(Barrier),
    /// It is durable, since then.
    Said(Instant),
}

/// The answers of one boot, by the offset of their request in `control`.
pub struct SealAcks {
    answers: BTreeMap<u64, Answer>,
    /// Requests without an answer.
    waiting: Gauge,
    /// Answers said.
    said: Counter,
}

/// Offsets of the requests in `control` that stand open and wait for this node.
#[must_use]
pub fn asked(state: &ControlState, node: Hex<8>) -> Vec<u64> {
    let open = state.open_requests().into_iter();
    open.filter(|(_, request)| request.members.contains(&node))
        .map(|(ctl, _)| ctl)
        .collect()
}

impl SealAcks {
    pub(crate) fn new(waiting: Gauge, said: Counter) -> Self {
        Self {
            answers: BTreeMap::new(),
            waiting,
            said,
        }
    }

    /// Takes in the requests that stand open, as [`asked`] gives them, and returns those to be answered now: each
    /// once in this boot, and again after ten minutes. Until [`SealAcks::said`] says so, they stay due.
    #[must_use]
    pub fn due(&mut self, asked: &[u64], ingress: &Ingress, now: Instant) -> Vec<u64> {
        self.answers.retain(|ctl, _| asked.contains(ctl));
        for ctl in asked {
            let fresh = || Answer::Waits(ingress.barrier());
            self.answers.entry(*ctl).or_insert_with(fresh);
        }
        self.show();
        let mut due = Vec::new();
        for (ctl, answer) in &mut self.answers {
            let is_due = match answer {
                Answer::Waits(barrier) => ingress.is_past(barrier),
                Answer::Said(at) => now.saturating_duration_since(*at) >= AGAIN,
            };
            if is_due {
                due.push(*ctl);
            }
        }
        due
    }

    /// The answer to this request is durable in `progress`.
    pub fn said(&mut self, ctl: u64, now: Instant) {
        if let Some(answer) = self.answers.get_mut(&ctl) {
            *answer = Answer::Said(now);
            self.said.inc();
            tracing::info!(
                ctl,
                "confirmed to a seal that everything taken is in the log"
            );
        }
        self.show();
    }

    fn show(&self) {
        let is_waiting = |answer: &&Answer| matches!(answer, Answer::Waits(_));
        let waiting = self.answers.values().filter(is_waiting).count();
        self.waiting.set_count(waiting as u64);
    }
}
