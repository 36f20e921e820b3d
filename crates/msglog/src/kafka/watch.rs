//! The watch: whether the brokers answer, and whether the topics are still the ones that were verified.

use super::admin::Admin;
use super::facts::{TopicFacts, TopicState};
use super::shared::Shared;
use crate::contract::LogError;
use std::time::{Duration, Instant};

/// Between two looks at whether the brokers answer.
const PING: Duration = Duration::from_millis(500);
/// Longest wait for that answer.
const PING_LIMIT: Duration = Duration::from_secs(1);
/// Between two looks at the topics.
const LOOK: Duration = Duration::from_secs(2);
/// A topic that has not been seen for so long is gone: while it is made or moves, some brokers may not
/// know it.
const GONE_AFTER: Duration = Duration::from_secs(10);

/// Runs until the log is closed or must not be used any more.
pub(super) fn run(shared: &Shared, admin: &Admin) {
    let mut looked: Option<Instant> = None;
    let mut seen = Seen::default();
    while !shared.is_closed() && shared.refusal().is_none() {
        let asked = shared.rest(PING);
        if shared.is_closed() {
            return;
        }
        let answers = shared.ping(PING_LIMIT);
        shared.threads.look();
        let is_due = looked.is_none_or(|at| at.elapsed() >= LOOK);
        if answers && (asked || is_due || !shared.is_verified()) {
            looked = Some(Instant::now());
            look(shared, admin, &mut seen);
        }
    }
}

/// What earlier looks have seen.
#[derive(Default)]
struct Seen {
    /// Since when a topic is missing.
    missing: Option<Instant>,
    /// What was told of topics that are not kept as configured.
    odd: Option<String>,
}

/// Looks at the topics once.
fn look(shared: &Shared, admin: &Admin, seen: &mut Seen) {
    let (cluster, states) = match admin.look(&shared.config) {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(%error, "the topics could not be looked at");
            return;
        }
    };
    match verdict(shared, &cluster, &states) {
        Verdict::Same(facts) => {
            *seen = Seen::default();
            shared.verified(facts);
        }
        Verdict::Odd(facts, reason) => {
            seen.missing = None;
            if seen.odd.as_ref() != Some(&reason) {
                tracing::warn!(reason, "the topics are not kept as configured");
                seen.odd = Some(reason);
            }
            shared.verified(facts);
        }
        Verdict::Changed(reason) => shared.refuse(&reason),
        Verdict::Missing(reason) => {
            let since = *seen.missing.get_or_insert_with(Instant::now);
            if since.elapsed() >= GONE_AFTER {
                shared.refuse(&reason);
            }
        }
    }
}

enum Verdict {
    Same(TopicFacts),
    /// The same, kept in a way that a running log can live with and the next start refuses.
    Odd(TopicFacts, String),
    Changed(String),
    Missing(String),
}

fn verdict(shared: &Shared, cluster: &str, states: &[TopicState]) -> Verdict {
    let known = shared.facts();
    if let Some(gone) = states.iter().find(|state| state.partitions == 0) {
        return Verdict::Missing(gone.problems.join("; "));
    }
    for state in states {
        let Some(before) = known.topics.get(&state.name) else {
            continue;
        };
        // Settings that cannot be read now say nothing.
        let is_readable = state.min_insync_replicas > 0;
        if is_readable && state.topic_mark != Some(before.mark) {
            return Verdict::Changed(format!(
                "topic {:?} was deleted and made again; what stood in it is gone. Nothing is appended any \
                 more; when that was meant, start with new data directories",
                state.broker_topic
            ));
        }
    }
    match TopicFacts::of(states, cluster) {
        Ok(facts) => match known.difference(&facts) {
            Some(reason) => Verdict::Changed(reason),
            None => Verdict::Same(facts),
        },
        Err(LogError::Mismatch(reason)) if shared.is_verified() => {
            let other = states
                .iter()
                .find(|state| {
                    let before = known.topics.get(&state.name);
                    before.is_some_and(|before| before.partitions != state.partitions)
                })
                .map(|state| state.problems.join("; "));
            match other {
                Some(partitions) => Verdict::Changed(partitions),
                None => Verdict::Odd(known, reason),
            }
        }
        Err(error) => Verdict::Changed(error.to_string()),
    }
}
