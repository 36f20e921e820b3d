//! The same steps over history, in memory: for commands that read the log themselves, and for the tests
//! of folds. Nothing is appended; outputs are handed back.

use crate::error::StateError;
use crate::facts::Facts;
use crate::fold::{Fold, Input};
use crate::hand::Workshop;
use crate::lane::{Applied, Lane};
use crate::state::{Identity, PartitionMeta, Place, Space, Store};
use bytes::Bytes;
use std::collections::BTreeMap;

/// An output as it would stand in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emitted {
    /// Index in [`Fold::outputs`]; as many as there are for a dead letter.
    pub topic: usize,
    /// Its key.
    pub key: Bytes,
    /// Its value, link first.
    pub value: Bytes,
}

/// A fold with its state in memory. No limit of failures holds here.
pub struct Replay<F: Fold> {
    fold: F,
    facts: Facts,
    work: Workshop,
    lanes: BTreeMap<u32, Lane<F::Part>>,
}

impl<F: Fold> Replay<F> {
    /// Begins without any state.
    ///
    /// # Errors
    /// None of the memory store today.
    pub fn new(fold: F) -> Result<Self, StateError> {
        let facts = Facts::of(&fold);
        let identity = Identity {
            log: String::new(),
            fold: facts.name.to_owned(),
            step: facts.version,
        };
        let kept = Store::memory().open(&identity)?;
        Ok(Self {
            work: Workshop::of_one(kept, &facts),
            fold,
            facts,
            lanes: BTreeMap::new(),
        })
    }

    /// Applies one input. The first input of a partition is where its state begins; a chained one at an
    /// offset above 0 is taken as the anchor.
    ///
    /// # Errors
    /// What the fold says of its state, and an input whose chain is broken.
    pub fn apply(&mut self, input: &Input<'_>) -> Result<Vec<Emitted>, StateError> {
        let Self {
            fold,
            facts,
            work,
            lanes,
        } = self;
        let mut bench = work.bench(fold, facts);
        let lane = match lanes.entry(input.partition) {
            std::collections::btree_map::Entry::Occupied(lane) => lane.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let meta = PartitionMeta {
                    next: input.offset,
                    began: input.offset,
                    input: (input.offset == 0).then_some(Place { last: None }),
                    ..PartitionMeta::default()
                };
                let none = vec![None; facts.topics.len()];
                place.insert(bench.open(input.partition, &meta, none)?)
            }
        };
        if let Applied::Halted(reason) = bench.apply(lane, input, &mut |_| true)? {
            return Err(StateError::Refused(reason));
        }
        Ok(self.emitted())
    }

    /// Brings what the fold holds in memory into its state, as before a commit, and forgets the memory: the
    /// next input meets a partition that was loaded again.
    ///
    /// # Errors
    /// What the fold says of its state.
    pub fn reload(&mut self) -> Result<(), StateError> {
        let Self {
            fold,
            facts,
            work,
            lanes,
        } = self;
        let mut bench = work.bench(fold, facts);
        let mut metas = Vec::new();
        for (partition, lane) in lanes.iter_mut() {
            metas.push((*partition, bench.save(*partition, lane)?));
        }
        let changes = work.drain();
        work.kept.commit(changes)?;
        for (partition, lane) in lanes.iter_mut() {
            fold.committed(*partition, &mut lane.part);
        }
        let mut bench = work.bench(fold, facts);
        for (partition, meta) in metas {
            let none = vec![None; facts.topics.len()];
            lanes.insert(partition, bench.open(partition, &meta, none)?);
        }
        Ok(())
    }

    /// The fold.
    #[must_use]
    pub fn fold(&self) -> &F {
        &self.fold
    }

    /// What a partition keeps in memory, once it has had an input.
    #[must_use]
    pub fn part(&self, partition: u32) -> Option<&F::Part> {
        self.lanes.get(&partition).map(|lane| &lane.part)
    }

    /// Reads an entry of a partition's state.
    ///
    /// # Errors
    /// None of the memory store today.
    pub fn get(
        &mut self,
        partition: u32,
        space: Space,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StateError> {
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(None);
        };
        let place = (partition, lane.began);
        self.work.view(place, &mut lane.floor).get(space, key)
    }

    fn emitted(&mut self) -> Vec<Emitted> {
        let mut all = Vec::new();
        let pending = self.work.pending();
        for (topic, queue) in pending.queues.iter_mut().enumerate() {
            all.extend(queue.drain(..).map(|r| Emitted {
                topic,
                key: r.key,
                value: r.value,
            }));
        }
        pending.bytes = 0;
        all
    }
}
