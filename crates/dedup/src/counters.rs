//! How many deliveries of a partition ended in which outcome, and the sum that proves that none was
//! forgotten (D-8, V-2). No metrics and no log lines.

use serde::{Deserialize, Serialize};

/// The named outcome of one delivery or retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The first delivery of a message.
    Message,
    /// A later delivery of a message that was accepted before.
    Redelivery,
    /// The same delivery id again: our own log or spool repeats itself.
    Echo,
    /// Same key, other content (D-4).
    Conflict,
    /// Outside the bounds of time (D-5).
    Quarantined,
    /// Authentic, but unreadable at ingress (I-4).
    Unparsed,
    /// A record that is no delivery at all: a failure of judging.
    Malformed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Redelivery,
        Self::Echo,
        Self::Conflict,
        Self::Quarantined,
        Self::Unparsed,
        Self::Malformed,
    ];

    /// Its name as a metric label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "new",
            Self::Redelivery => "duplicate",
            Self::Echo => "echo",
            Self::Conflict => "conflict",
            Self::Quarantined => "quarantined",
            Self::Unparsed => "unparsed",
            Self::Malformed => "malformed",
        }
    }
}

/// Totals of a partition since `began`. Saved with the state, so that they are what the log says and not
/// what this process happened to see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Offset of the first input that is counted.
    pub began: u64,
    /// Offset of the next input.
    pub next: u64,
    /// Ticks, smaller and repeated ones included.
    pub ticks: u64,
    /// Copies of control records.
    pub copies: u64,
    /// Retries among the deliveries; a part of the sum, shown beside it.
    pub retries: u64,
    /// First deliveries.
    pub messages: u64,
    /// Later deliveries.
    pub redeliveries: u64,
    /// Repetitions of a delivery id.
    pub echoes: u64,
    /// Conflicts.
    pub conflicts: u64,
    /// Quarantined deliveries.
    pub quarantined: u64,
    /// Unparsed deliveries.
    pub unparsed: u64,
    /// Records that could not be judged.
    pub malformed: u64,
    /// Outputs of type `message`, counted where they are emitted.
    pub emitted: u64,
    /// Ticks at which the sum did not hold.
    pub mismatches: u64,
}

/// Both sides of a sum that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{inputs} deliveries and retries, but {outcomes} outcomes; {messages} messages, but {emitted} emitted"
)]
pub struct Mismatch {
    /// Deliveries and retries, from offsets.
    pub inputs: i128,
    /// The sum of the outcomes.
    pub outcomes: i128,
    /// Outcomes `message`.
    pub messages: u64,
    /// Outputs of type `message`.
    pub emitted: u64,
}

impl Counters {
    /// Counts one outcome.
    pub fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Message => &mut self.messages,
            Outcome::Redelivery => &mut self.redeliveries,
            Outcome::Echo => &mut self.echoes,
            Outcome::Conflict => &mut self.conflicts,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::Unparsed => &mut self.unparsed,
            Outcome::Malformed => &mut self.malformed,
        };
        *counter = counter.saturating_add(1);
    }

    /// The sum of D-8. The left side comes from offsets and not from counting deliveries, so that an input
    /// that was passed over without an outcome is found.
    ///
    /// # Errors
    /// [`Mismatch`] with both sides.
    pub fn audit(&self) -> Result<(), Mismatch> {
        let inputs = i128::from(self.next)
            - i128::from(self.began)
            - i128::from(self.ticks)
            - i128::from(self.copies);
        let outcomes = [
            self.messages,
            self.redeliveries,
            self.echoes,
            self.conflicts,
            self.quarantined,
            self.unparsed,
            self.malformed,
        ];
        let outcomes = outcomes.into_iter().map(i128::from).sum();
        if inputs == outcomes && self.messages == self.emitted {
            return Ok(());
        }
        Err(Mismatch {
            inputs,
            outcomes,
            messages: self.messages,
            emitted: self.emitted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_8_the_sum_holds_and_is_able_to_fail() {
        let mut counters = Counters {
            began: 10,
            next: 17,
            ..Counters::default()
        };
        Outcome::ALL
            .into_iter()
            .for_each(|outcome| counters.count(outcome));
        counters.emitted = 1;
        assert_eq!(counters.audit(), Ok(()));
        let passed_over = Counters {
            next: 18,
            ..counters.clone()
        };
        let mismatch = passed_over.audit().unwrap_err();
        assert_eq!((mismatch.inputs, mismatch.outcomes), (8, 7));
        let not_emitted = Counters {
            emitted: 0,
            ..counters.clone()
        };
        assert!(not_emitted.audit().is_err());
        let a_tick = Counters {
            next: 18,
            ticks: 1,
            ..counters
        };
        assert_eq!(a_tick.audit(), Ok(()));
    }
}
