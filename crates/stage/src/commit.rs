//! The end of a batch: outputs become durable, then one write batch, then what that makes possible.

use crate::fold::Fold;
use crate::runner::StageError;
use crate::session::{Around, Session};
use crate::starved::Stand;
use crate::state::{Space, partition_entry, stored_partitions};
use std::collections::BTreeMap;

impl<F: Fold> Session<F> {
    /// Outputs first, then the state.
    pub(crate) fn commit(&mut self, fold: &F, around: &Around) -> Result<(), StageError> {
        let facts = &around.facts;
        let mut entries = std::mem::take(&mut self.entries);
        {
            // Partitions that were just taken over; those of a batch were saved by who applied it.
            let Self { work, lanes, .. } = self;
            let mut bench = work.bench(fold, facts);
            for (partition, lane) in lanes.iter_mut().filter(|(_, lane)| lane.is_touched) {
                let meta = bench.save(*partition, lane)?;
                entries.push(partition_entry(*partition, &meta)?);
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.still_ours()?;
        let pending = self.work.pending();
        self.turn.dead_letters += pending.queues[facts.dead()].len() as u64;
        self.turn.outputs += self.sender.send(pending)?;
        self.still_ours()?;
        let mut changes = self.work.drain();
        changes.extend(
            entries
                .into_iter()
                .map(|(key, value)| (Space::Main, key, Some(value))),
        );
        let begun = around.clock.now();
        self.work.kept.commit(changes)?;
        if let Some(metrics) = &around.metrics {
            metrics.batch(around.clock.now().saturating_sub(begun));
        }
        for (partition, lane) in &mut self.lanes {
            lane.committed = lane.next;
            if std::mem::take(&mut lane.is_saved) {
                fold.committed(*partition, &mut lane.part);
            }
        }
        self.turn.commits += 1;
        self.done.add(&std::mem::take(&mut self.turn));
        self.expire()
    }

    /// Asked before outputs are sent and again before the commit: whoever has lost a partition stops. Should it
    /// happen between the two all the same, both owners write equal outputs, each into its own state.
    fn still_ours(&self) -> Result<(), StageError> {
        let mut partitions = self.lanes.keys().chain(self.halted.keys());
        match partitions.find(|partition| !self.membership.owns(**partition)) {
            None => Ok(()),
            Some(lost) => Err(StageError::Lost(*lost)),
        }
    }

    /// Drops the buckets that every partition has expired.
    fn expire(&mut self) -> Result<(), StageError> {
        let Some(floor) = self.lanes.values().map(|lane| lane.floor).min() else {
            return Ok(());
        };
        if self
            .work
            .kept
            .lowest_bucket()
            .is_none_or(|lowest| lowest >= floor)
        {
            return Ok(());
        }
        // A partition that is not ours now, and has not come as far, could not go on without them.
        for (partition, meta) in stored_partitions(&*self.work.kept)? {
            if meta.floor < floor && !self.lanes.contains_key(&partition) {
                self.work.kept.discard(partition)?;
            }
        }
        Ok(self.work.kept.drop_buckets_below(floor)?)
    }

    /// Tells the status what this turn did. Returns a partition whose inputs are durable and do not come.
    pub(crate) fn publish(&mut self, around: &Around) -> Result<Option<u32>, StageError> {
        let open: Vec<u32> = self
            .lanes
            .keys()
            .chain(self.halted.keys())
            .copied()
            .collect();
        let ends: BTreeMap<u32, Option<u64>> = match around.log.bounds(around.facts.input, &open) {
            Ok(bounds) => {
                let ends = bounds.into_iter().map(|(_, end)| Some(end));
                open.into_iter().zip(ends).collect()
            }
            // The end is only shown. What was done was done; the next poll meets the log that is away.
            Err(error) if error.retryable() => open.into_iter().map(|open| (open, None)).collect(),
            Err(error) => return Err(error.into()),
        };
        let (now, wall_ms) = (around.clock.now(), around.clock.wall_ms());
        let stands = ends.iter().filter_map(|(&partition, &end)| {
            let position = self.reader.position(partition)?;
            Some(Stand {
                partition,
                position,
                end,
            })
        });
        let starved = self.starved.look(now, stands);
        let done = std::mem::take(&mut self.done);
        let suppressed = std::mem::take(&mut self.work.pending().suppressed);
        around.status.update(|shared| {
            shared.totals.add(&done);
            shared.totals.suppressed += suppressed;
            shared
                .partitions
                .retain(|partition, _| ends.contains_key(partition));
            for (partition, end) in ends {
                let report = shared.partitions.entry(partition).or_default();
                let end = end.unwrap_or(report.end_offset);
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
        Ok(starved)
    }
}
