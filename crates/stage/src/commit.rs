//! The end of a batch: outputs become durable, then one write batch, then what that makes possible.

use crate::fold::Fold;
use crate::lane::Bench;
use crate::runner::StageError;
use crate::session::{Around, Session};
use crate::state::{Space, partition_entry, stored_partitions};
use std::collections::BTreeMap;

impl<F: Fold> Session<F> {
    /// Outputs first, then the state.
    pub(crate) fn commit(&mut self, fold: &F, around: &Around) -> Result<(), StageError> {
        let facts = &around.facts;
        let mut entries = Vec::new();
        {
            let Self {
                kept,
                overlay,
                pending,
                before,
                lanes,
                ..
            } = self;
            let mut bench = Bench {
                fold,
                facts,
                kept: &**kept,
                overlay,
                pending,
                before,
            };
            for (partition, lane) in lanes.iter_mut().filter(|(_, lane)| lane.is_touched) {
                let meta = bench.save(*partition, lane)?;
                entries.push(partition_entry(*partition, &meta)?);
                lane.is_touched = false;
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.turn.dead_letters += self.pending.queues[facts.dead()].len() as u64;
        self.turn.outputs += self.sender.send(&mut self.pending)?;
        let mut changes = self.overlay.drain();
        changes.extend(
            entries
                .into_iter()
                .map(|(key, value)| (Space::Main, key, Some(value))),
        );
        let begun = around.clock.now();
        self.kept.commit(changes)?;
        if let Some(metrics) = &around.metrics {
            metrics.batch(around.clock.now().saturating_sub(begun));
        }
        self.lanes
            .values_mut()
            .for_each(|lane| lane.committed = lane.next);
        self.turn.commits += 1;
        self.done.add(&std::mem::take(&mut self.turn));
        self.expire()
    }

    /// Drops the buckets that every partition has expired.
    fn expire(&mut self) -> Result<(), StageError> {
        let Some(floor) = self.lanes.values().map(|lane| lane.floor).min() else {
            return Ok(());
        };
        if self
            .kept
            .lowest_bucket()
            .is_none_or(|lowest| lowest >= floor)
        {
            return Ok(());
        }
        // A partition that is not ours now, and has not come as far, could not go on without them.
        for (partition, meta) in stored_partitions(&*self.kept)? {
            if meta.floor < floor && !self.lanes.contains_key(&partition) {
                self.kept.discard(partition)?;
            }
        }
        Ok(self.kept.drop_buckets_below(floor)?)
    }

    /// Tells the status what this turn did.
    pub(crate) fn publish(&mut self, around: &Around) -> Result<(), StageError> {
        let open: Vec<u32> = self
            .lanes
            .keys()
            .chain(self.halted.keys())
            .copied()
            .collect();
        let bounds = match around.log.bounds(around.facts.input, &open) {
            // A log that is away is waited for; what is shown is what was known.
            Err(error) if error.retryable() => return Ok(()),
            bounds => bounds?,
        };
        let ends: BTreeMap<u32, u64> = open
            .into_iter()
            .zip(bounds.into_iter().map(|(_, end)| end))
            .collect();
        let (now, wall_ms) = (around.clock.now(), around.clock.wall_ms());
        let done = std::mem::take(&mut self.done);
        let suppressed = std::mem::take(&mut self.pending.suppressed);
        around.status.update(|shared| {
            shared.totals.add(&done);
            shared.totals.suppressed += suppressed;
            shared
                .partitions
                .retain(|partition, _| ends.contains_key(partition));
            for (partition, end) in ends {
                let report = shared.partitions.entry(partition).or_default();
                match self.lanes.get(&partition) {
                    Some(lane) if report.show(lane, end, now, wall_ms) => {
                        tracing::error!(
                            stage = around.facts.name,
                            partition,
                            "inputs have been missing for 10 s; waiting for them"
                        );
                    }
                    Some(_) => {}
                    None => {
                        report.halted = self.halted.get(&partition).cloned();
                        report.set_end(end, now, wall_ms);
                    }
                }
            }
        });
        Ok(())
    }
}
