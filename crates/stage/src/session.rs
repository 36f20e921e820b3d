//! One life of a stage: from opening its state to the first failure. The order of effects stands here:
//! fold a batch → outputs durable, in order → one write batch with state, places and next offsets.

use crate::assign::{self, Beginning};
use crate::clock::{Clock, Stop};
use crate::facts::Facts;
use crate::fold::{Fold, Input};
use crate::lane::{Applied, Lane, Workshop};
use crate::limit::Limit;
use crate::metrics::StageMetrics;
use crate::runner::{Config, StageError};
use crate::send::Sender;
use crate::state::{Identity, Space, StateKey, Store, namespaced};
use crate::status::{StageStatus, Totals};
use msglog::{GroupEvent, Log, Membership, Reader, Stored};
use record::chain::Verdict;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a session shares with the runner that outlives it.
pub(crate) struct Around {
    pub(crate) facts: Facts,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) status: StageStatus,
    pub(crate) stop: Stop,
    pub(crate) metrics: Option<StageMetrics>,
}

pub(crate) struct Session<F: Fold> {
    pub(crate) work: Workshop,
    pub(crate) membership: Box<dyn Membership>,
    pub(crate) reader: Box<dyn Reader>,
    pub(crate) sender: Sender,
    pub(crate) lanes: BTreeMap<u32, Lane<F::Part>>,
    /// Partitions that have no lane because an output chain is broken.
    pub(crate) halted: BTreeMap<u32, String>,
    pub(crate) wanted: Vec<StateKey>,
    pub(crate) checked: Duration,
    /// Counts of what is not committed yet.
    pub(crate) turn: Totals,
    /// Counts of what is, until they are published.
    pub(crate) done: Totals,
}

/// Outputs that wait at most, in records and in bytes, before a commit in the middle of a batch.
const PENDING_RECORDS: usize = 8_192;
const PENDING_BYTES: usize = 16 * 1024 * 1024;

impl<F: Fold> Session<F> {
    pub(crate) fn open(around: &Around) -> Result<Self, StageError> {
        let Around {
            facts,
            log,
            store,
            clock,
            stop,
            ..
        } = around;
        let identity = Identity {
            log: log.id().to_string(),
            fold: facts.name.to_owned(),
            step: facts.version,
        };
        Ok(Self {
            work: Workshop::new(store.open(&identity)?, facts),
            reader: log.reader(facts.input)?,
            sender: Sender::new(
                &**log,
                &facts.topics,
                stop.clone(),
                Arc::clone(clock),
                around.status.clone(),
            )?,
            membership: log.join(facts.name, facts.input)?,
            lanes: BTreeMap::new(),
            halted: BTreeMap::new(),
            wanted: Vec::new(),
            checked: clock.now(),
            turn: Totals::default(),
            done: Totals::default(),
        })
    }

    /// Follows the group, reads once, applies what came, commits it. Returns how many inputs were read.
    pub(crate) fn turn(
        &mut self,
        fold: &F,
        around: &Around,
        limit: &mut Limit,
        wait: Duration,
    ) -> Result<usize, StageError> {
        let idle_wait = if self.is_reading() {
            Duration::ZERO
        } else {
            wait
        };
        self.follow_group(fold, around, idle_wait)?;
        self.check(around)?;
        let records = match self.is_reading() {
            true => self
                .reader
                .poll(around.config.poll_records, around.config.poll_bytes, wait)?,
            false => Vec::new(),
        };
        let result = self.apply_all(fold, around, limit, &records);
        self.publish(around)?;
        result.map(|()| records.len())
    }

    fn is_reading(&self) -> bool {
        self.lanes.values().any(|lane| lane.halted.is_none())
    }

    /// Leaves in order: what was applied is committed already, and the next opening is quick.
    pub(crate) fn close(mut self) -> Result<(), StageError> {
        Ok(self.work.kept.flush()?)
    }

    fn follow_group(
        &mut self,
        fold: &F,
        around: &Around,
        wait: Duration,
    ) -> Result<(), StageError> {
        let mut wait = wait;
        while let Some(event) = self.membership.poll(wait)? {
            wait = Duration::ZERO;
            match event {
                GroupEvent::Assigned(partitions) => self.assign(fold, around, &partitions)?,
                GroupEvent::Revoked(partitions) => {
                    // Between turns everything is committed.
                    for partition in &partitions {
                        self.reader.remove(*partition);
                        self.lanes.remove(partition);
                        self.halted.remove(partition);
                    }
                    self.membership.release(&partitions);
                }
            }
        }
        Ok(())
    }

    fn assign(&mut self, fold: &F, around: &Around, partitions: &[u32]) -> Result<(), StageError> {
        let facts = &around.facts;
        let (beginnings, discarded) =
            assign::begin(facts, &*around.log, &mut *self.work.kept, partitions)?;
        around
            .status
            .update(|shared| shared.totals.discarded += discarded);
        for (partition, beginning) in beginnings {
            match beginning {
                Beginning::At { meta, tails } => {
                    let lane = self.work.bench(fold, facts).open(partition, &meta, tails)?;
                    self.reader.seek(partition, lane.next)?;
                    self.lanes.insert(partition, lane);
                }
                Beginning::Halted(reason) => {
                    tracing::error!(stage = facts.name, partition, %reason, "partition is halted");
                    around.status.update(|shared| shared.totals.forks += 1);
                    self.halted.insert(partition, reason);
                }
            }
        }
        self.commit(fold, around)
    }

    /// Once a second: whether the state still has a place on the disk.
    fn check(&mut self, around: &Around) -> Result<(), StageError> {
        let now = around.clock.now();
        if now.saturating_sub(self.checked) >= Duration::from_secs(1) {
            self.checked = now;
            self.work.kept.check()?;
            if let Some(metrics) = &around.metrics {
                metrics.store(&self.work.kept.health());
            }
        }
        Ok(())
    }

    fn apply_all(
        &mut self,
        fold: &F,
        around: &Around,
        limit: &mut Limit,
        records: &[Stored],
    ) -> Result<(), StageError> {
        let mut rest = records;
        loop {
            self.prefetch(fold, rest)?;
            // What fails to be committed is judged again, and must not count twice.
            let mut trial = limit.clone();
            let (taken, over_limit) = self.apply_some(fold, around, &mut trial, rest)?;
            self.commit(fold, around)?;
            *limit = trial;
            if let Some(reason) = over_limit {
                let stage = around.facts.name;
                return Err(StageError::TooManyRejects(format!(
                    "too many inputs failed judging ({}; the next: {reason}); repair the step, or let \
                     N more pass: spillway stage continue {stage} --allow N --reason TEXT",
                    limit.words()
                )));
            }
            rest = &rest[taken..];
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Applies inputs until they are all done, or enough outputs wait, or the limit is reached.
    fn apply_some(
        &mut self,
        fold: &F,
        around: &Around,
        limit: &mut Limit,
        records: &[Stored],
    ) -> Result<(usize, Option<String>), StageError> {
        let facts = &around.facts;
        let Self {
            work,
            lanes,
            reader,
            turn,
            ..
        } = self;
        let mut bench = work.bench(fold, facts);
        for (index, record) in records.iter().enumerate() {
            let Some(lane) = lanes.get_mut(&record.partition) else {
                continue;
            };
            if lane.halted.is_some() || record.offset < lane.next {
                continue;
            }
            let applied = bench.apply(lane, &input_of(record), &mut |tick| limit.admits(tick))?;
            lane.applied_ms = Some(record.time_ms);
            turn.inputs += 1;
            match applied {
                Applied::Done => lane.hole_since = None,
                Applied::Rejected { is_new } => {
                    lane.hole_since = None;
                    turn.rejected += u64::from(is_new);
                }
                Applied::Dropped(Verdict::Repetition) => turn.repetitions += 1,
                Applied::Dropped(Verdict::Hole) => {
                    turn.holes += 1;
                    lane.hole_since.get_or_insert(around.clock.now());
                }
                Applied::Dropped(_) => lane.hole_since = None,
                Applied::OverLimit { reason } => return Ok((index, Some(reason))),
                Applied::Halted(reason) => {
                    tracing::error!(stage = facts.name, partition = record.partition, %reason, "partition is halted");
                    turn.forks += 1;
                    reader.remove(record.partition);
                }
            }
            if bench.pending.len() >= PENDING_RECORDS || bench.pending.bytes >= PENDING_BYTES {
                return Ok((index + 1, None));
            }
        }
        Ok((records.len(), None))
    }

    /// Fetches what these inputs will read, in one call per space.
    fn prefetch(&mut self, fold: &F, records: &[Stored]) -> Result<(), StageError> {
        let mut spaces: BTreeMap<Space, Vec<Vec<u8>>> = BTreeMap::new();
        for record in records {
            let Some(lane) = self.lanes.get(&record.partition) else {
                continue;
            };
            self.wanted.clear();
            fold.wants(&input_of(record), &mut self.wanted);
            for wanted in self.wanted.drain(..) {
                if matches!(wanted.space, Space::Bucket(bucket) if bucket < lane.floor) {
                    continue;
                }
                let mut key = Vec::with_capacity(4 + wanted.key.len());
                namespaced(record.partition, &wanted.key, &mut key);
                spaces.entry(wanted.space).or_default().push(key);
            }
        }
        for (space, mut keys) in spaces {
            keys.sort_unstable();
            keys.dedup();
            let values = self.work.kept.multi_get(space, &keys)?;
            for (key, value) in keys.into_iter().zip(values) {
                self.work.overlay.remember(space, key, value);
            }
        }
        Ok(())
    }
}

fn input_of(record: &Stored) -> Input<'_> {
    Input {
        partition: record.partition,
        offset: record.offset,
        key: &record.key,
        value: &record.value,
    }
}
