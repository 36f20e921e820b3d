//! The contract between a consumer's judgement and the runner. No log, no store, no clock.
//!
//! A fold is a function of one partition and nothing else: `step(state, record) -> (state, outputs)`,
//! the same whatever the batch sizes, the machine, and how often it is repeated. It must not look at a
//! clock, at randomness, at another partition, or at the order of a hash map.

use crate::error::StateError;
use crate::outputs::Outputs;
use crate::state::{StateKey, View};

/// One record of the input topic. When that topic is chained, `value` still begins with its link.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Partition, of the input and of every output.
    pub partition: u32,
    /// Offset in the partition.
    pub offset: u64,
    /// The record's key.
    pub key: &'a [u8],
    /// The whole JSON object.
    pub value: &'a [u8],
}

/// Why a step did not finish.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// This input cannot be judged, for good and deterministically: it becomes a dead letter that
    /// counts against the limit. Outputs and state changes of this step through [`View`] and
    /// [`Outputs`] are undone; what the step changed in its `Part` is not, so judge before changing.
    #[error("{reason}: {detail}")]
    Reject {
        /// Short name from a closed set; a metric label.
        reason: &'static str,
        /// What exactly was wrong, for people.
        detail: String,
    },
    /// The state could not be read or understood: the stage restarts from what is stored.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A consumer whose outputs and state are a function of one partition. Partitions are stepped side by side.
pub trait Fold: Send + Sync {
    /// What one partition keeps in memory: a cache of its saved state.
    type Part: Send;

    /// Name of the stage, its consumer group and its state directory.
    fn name(&self) -> &'static str;

    /// Version of the step; it stands in every link, and a change discards the stored state.
    fn version(&self) -> u32;

    /// Topic that is read.
    fn input(&self) -> &'static str;

    /// Chained topics that are written, beside the dead letters `INPUT.dead`.
    fn outputs(&self) -> &'static [&'static str];

    /// Brings the memory of a partition back from its state (which is empty at the beginning).
    ///
    /// # Errors
    /// Failures of the store, and entries that cannot be read.
    fn load(&self, partition: u32, state: &mut View<'_>) -> Result<Self::Part, StateError>;

    /// Names keys that [`Fold::step`] will read, so that a batch is fetched at once. Only an
    /// optimisation: it may name too few or too many.
    fn wants(&self, input: &Input<'_>, keys: &mut Vec<StateKey>) {
        let _ = (input, keys);
    }

    /// Applies one input.
    ///
    /// # Errors
    /// [`StepError::Reject`] for an input that can never be judged, [`StepError::State`] for the rest.
    fn step(
        &self,
        part: &mut Self::Part,
        input: &Input<'_>,
        state: &mut View<'_>,
        out: &mut Outputs<'_>,
    ) -> Result<(), StepError>;

    /// Told of an input that [`Fold::step`] rejected, after everything that the step had done was undone and
    /// before the dead letter is written: a fold may remember what it could not judge. Must not emit.
    ///
    /// # Errors
    /// Failures of the store.
    fn rejected(
        &self,
        part: &mut Self::Part,
        input: &Input<'_>,
        state: &mut View<'_>,
    ) -> Result<(), StateError> {
        let _ = (part, input, state);
        Ok(())
    }

    /// Writes what changed in memory into the state; called before each commit.
    ///
    /// # Errors
    /// Failures of the store.
    fn save(&self, part: &mut Self::Part, state: &mut View<'_>) -> Result<(), StateError>;

    /// Told of a partition once what [`Fold::save`] wrote is committed, so that what is counted for metrics is not
    /// counted again when a commit fails and its inputs are judged once more. Must change nothing that is saved.
    fn committed(&self, partition: u32, part: &mut Self::Part) {
        let _ = (partition, part);
    }

    /// The newest tick seen by this partition, in seconds since 1970; `None` before the first.
    fn tick(&self, part: &Self::Part) -> Option<i64>;
}
