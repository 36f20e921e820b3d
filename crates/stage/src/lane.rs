//! One partition of a stage: its memory, its places in the chains, and how one input is applied to it.
//! No log and no waiting: the session brings inputs and takes outputs away.

use crate::error::StateError;
use crate::facts::Facts;
use crate::fold::{Fold, Input, StepError};
use crate::outputs::{OutChain, Outputs, Pending};
use crate::state::{Kept, Overlay, PartitionMeta, Place, View};
use record::chain::{ChainReader, Position, Verdict, link_of};
use std::time::Duration;

/// One partition under way.
pub(crate) struct Lane<P> {
    pub(crate) part: P,
    /// Offset of the next input.
    pub(crate) next: u64,
    /// Offset of the next input by the stored state.
    pub(crate) committed: u64,
    pub(crate) began: u64,
    pub(crate) floor: u32,
    /// Place in the input's chain, when it has one.
    pub(crate) reader: ChainReader,
    /// One per topic of the facts.
    pub(crate) chains: Vec<OutChain>,
    /// Whether there is something to commit.
    pub(crate) is_touched: bool,
    /// Whether a save waits for its commit.
    pub(crate) is_saved: bool,
    /// Why nothing more of this partition is read.
    pub(crate) halted: Option<String>,
    /// Since when inputs wait behind a hole, by the monotonic clock.
    pub(crate) hole_since: Option<Duration>,
    /// When the last applied record was appended, in milliseconds since 1970.
    pub(crate) applied_ms: Option<i64>,
}

/// What became of an input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The step took it.
    Done,
    /// The step could not judge it. `is_new`: the dead letter was not in the chain yet.
    Rejected { is_new: bool },
    /// A mark, a repetition or a hole of the input's chain.
    Dropped(Verdict),
    /// The limit is reached: nothing was changed, and the input stays the next one.
    OverLimit { reason: String },
    /// The chain is broken here: nothing of this partition can be read any more.
    Halted(String),
}

/// What applying an input needs beside the lane.
pub(crate) struct Bench<'a, F> {
    pub(crate) fold: &'a F,
    pub(crate) facts: &'a Facts,
    pub(crate) kept: &'a dyn Kept,
    pub(crate) overlay: &'a mut Overlay,
    pub(crate) pending: &'a mut Pending,
    /// Chains before the step; kept for its allocation.
    pub(crate) before: &'a mut Vec<OutChain>,
}

impl<F: Fold> Bench<'_, F> {
    /// Brings a partition back, or begins it.
    pub(crate) fn open(
        &mut self,
        partition: u32,
        meta: &PartitionMeta,
        tails: impl IntoIterator<Item = Option<Position>>,
    ) -> Result<Lane<F::Part>, StateError> {
        let mut floor = meta.floor;
        let place = (partition, meta.began);
        let mut view = View::new(place, &mut floor, self.overlay, self.kept);
        let part = self.fold.load(partition, &mut view)?;
        let stored = |topic: &String| meta.outputs.get(topic).copied().flatten();
        let chains = self.facts.topics.iter().zip(tails);
        Ok(Lane {
            part,
            next: meta.next,
            committed: meta.next,
            began: meta.began,
            floor,
            reader: meta
                .input
                .map_or_else(ChainReader::unanchored, |p| ChainReader::after(p.last)),
            chains: chains
                .map(|(topic, tail)| OutChain::after(stored(topic).max(tail)))
                .collect(),
            is_touched: true,
            is_saved: false,
            halted: None,
            hole_since: None,
            applied_ms: None,
        })
    }

    /// Writes the lane's memory into the batch, and says what the commit keeps of its places.
    pub(crate) fn save(
        &mut self,
        partition: u32,
        lane: &mut Lane<F::Part>,
    ) -> Result<PartitionMeta, StateError> {
        lane.is_touched = false;
        lane.is_saved = true;
        let place = (partition, lane.began);
        let mut view = View::new(place, &mut lane.floor, self.overlay, self.kept);
        self.fold.save(&mut lane.part, &mut view)?;
        let outputs = self.facts.topics.iter().zip(&lane.chains);
        Ok(PartitionMeta {
            next: lane.next,
            began: lane.began,
            floor: lane.floor,
            input: lane.reader.is_anchored().then(|| Place {
                last: lane.reader.last(),
            }),
            outputs: outputs
                .map(|(topic, chain)| (topic.clone(), chain.last))
                .collect(),
        })
    }

    /// Applies the next input. `admits` says whether one more failure of judging may become a dead letter.
    pub(crate) fn apply(
        &mut self,
        lane: &mut Lane<F::Part>,
        input: &Input<'_>,
        admits: &mut dyn FnMut(Option<i64>) -> bool,
    ) -> Result<Applied, StateError> {
        let applied = match self.judge(lane, input) {
            Err(reason) => {
                lane.halted = Some(reason.clone());
                lane.is_touched = true;
                return Ok(Applied::Halted(reason));
            }
            Ok(Some(verdict)) => {
                Outputs::new(self.facts, input, &mut lane.chains, self.pending).finish()?;
                Applied::Dropped(verdict)
            }
            Ok(None) => self.step(lane, input, admits)?,
        };
        if !matches!(applied, Applied::OverLimit { .. }) {
            lane.next = input.offset.saturating_add(1);
            lane.is_touched = true;
        }
        Ok(applied)
    }

    /// The reader's rule: `None` for an input that the step takes.
    fn judge(
        &self,
        lane: &mut Lane<F::Part>,
        input: &Input<'_>,
    ) -> Result<Option<Verdict>, String> {
        if !self.facts.is_chained {
            return Ok(None);
        }
        let place = format_args!(
            "{}/{} at {}",
            self.facts.input, input.partition, input.offset
        );
        let Some(link) = link_of(input.value) else {
            return Err(format!(
                "the record in {place} has no link: not written by a stage"
            ));
        };
        match lane.reader.judge(&link) {
            Verdict::Accept if is_mark(input.value) => Ok(Some(Verdict::Accept)),
            Verdict::Accept => Ok(None),
            Verdict::Fork => Err(format!(
                "fork in {place}: output {} follows {}, but {} was accepted; two different steps wrote it",
                link.pos,
                words(link.prev),
                words(lane.reader.last()),
            )),
            verdict => Ok(Some(verdict)),
        }
    }

    fn step(
        &mut self,
        lane: &mut Lane<F::Part>,
        input: &Input<'_>,
        admits: &mut dyn FnMut(Option<i64>) -> bool,
    ) -> Result<Applied, StateError> {
        self.overlay.begin();
        self.pending.mark();
        self.before.clone_from(&lane.chains);
        let floor = lane.floor;
        let place = (input.partition, lane.began);
        let mut view = View::new(place, &mut lane.floor, self.overlay, self.kept);
        let mut out = Outputs::new(self.facts, input, &mut lane.chains, self.pending);
        match self.fold.step(&mut lane.part, input, &mut view, &mut out) {
            Ok(()) => out.finish().map(|()| Applied::Done),
            Err(StepError::State(error)) => Err(error),
            Err(StepError::Reject { reason, detail }) => {
                drop(out);
                self.overlay.undo();
                self.pending.rewind();
                lane.chains.clone_from(self.before);
                lane.floor = floor;
                self.reject(lane, input, reason, detail, admits)
            }
        }
    }

    fn reject(
        &mut self,
        lane: &mut Lane<F::Part>,
        input: &Input<'_>,
        reason: &'static str,
        detail: String,
        admits: &mut dyn FnMut(Option<i64>) -> bool,
    ) -> Result<Applied, StateError> {
        let is_new = Some(Position(input.offset, 0)) > lane.chains[self.facts.dead()].last;
        if is_new && !admits(self.fold.tick(&lane.part)) {
            return Ok(Applied::OverLimit {
                reason: format!("{reason}: {detail}"),
            });
        }
        let place = (input.partition, lane.began);
        let mut view = View::new(place, &mut lane.floor, self.overlay, self.kept);
        self.fold.rejected(&mut lane.part, input, &mut view)?;
        let mut out = Outputs::new(self.facts, input, &mut lane.chains, self.pending);
        out.dead(reason, detail);
        out.finish()?;
        Ok(Applied::Rejected { is_new })
    }
}

fn is_mark(value: &[u8]) -> bool {
    record::type_of(value).as_deref() == Some(record::inband::MARK)
}

fn words(position: Option<Position>) -> String {
    position.map_or_else(|| "nothing".to_owned(), |position| position.to_string())
}
