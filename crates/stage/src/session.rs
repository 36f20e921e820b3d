//! One life of a stage: from opening its state to the first failure. The order of effects stands here:
//! fold a batch → outputs durable, in order → one write batch with state, places and next offsets.

use crate::assign::{self, Beginning};
use crate::clock::{Clock, Stop};
use crate::facts::Facts;
use crate::fold::Fold;
use crate::hand::{Entry, Job, Workshop};
use crate::lane::Lane;
use crate::limit::Limit;
use crate::metrics::StageMetrics;
use crate::runner::{Config, StageError};
use crate::send::Sender;
use crate::starved::Starved;
use crate::state::{Identity, Store};
use crate::status::{StageStatus, Totals};
use msglog::{GroupEvent, Log, LogError, Membership, Reader, Stored};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// Places of partitions that the next commit writes.
    pub(crate) entries: Vec<Entry>,
    pub(crate) checked: Duration,
    /// When the last batch was read, if there may be no more of its kind yet.
    pub(crate) caught_up: Option<Duration>,
    /// Inputs that do not come.
    pub(crate) starved: Starved,
    /// Counts of what is not committed yet.
    pub(crate) turn: Totals,
    /// Counts of what is, until they are published.
    pub(crate) done: Totals,
}

impl<F: Fold> Session<F> {
    pub(crate) fn open(around: &Around) -> Result<Self, StageError> {
        let Around {
            facts,
            log,
            store,
            config,
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
            work: Workshop::new(
                store.open(&identity)?,
                facts,
                config.hands,
                config.side_by_side_from,
            ),
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
            entries: Vec::new(),
            checked: clock.now(),
            caught_up: None,
            starved: Starved::default(),
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
        self.gather(around);
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
        let is_catching_up = records.len() >= around.config.poll_records / 2;
        self.caught_up = (!records.is_empty() && !is_catching_up).then(|| around.clock.now());
        if records.is_empty() {
            self.pass_gaps();
        }
        let result = self.apply_all(fold, around, limit, &records);
        let starved = self.publish(around)?;
        result?;
        match starved {
            None => Ok(records.len()),
            Some(partition) => Err(StageError::Log(LogError::Io {
                what: format!("reading {}/{partition}", around.facts.input),
                detail: "durable records do not come; a new reader is made".to_owned(),
                code: None,
            })),
        }
    }

    /// Lets inputs come together, unless there are enough, or there was a rest.
    fn gather(&mut self, around: &Around) {
        let Some(read) = self.caught_up.take() else {
            return;
        };
        let passed = around.clock.now().saturating_sub(read);
        let left = around.config.gather.saturating_sub(passed);
        if !left.is_zero() {
            around.stop.wait(left);
        }
    }

    /// Nothing came: what a lane still waits for before the reader's position is lost for good, and no lag.
    fn pass_gaps(&mut self) {
        for (partition, lane) in &mut self.lanes {
            let position = self.reader.position(*partition);
            if let Some(position) = position.filter(|position| *position > lane.next) {
                lane.next = position;
                lane.is_touched = true;
            }
        }
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

    /// Once a second: whether the state still has a place on the disk, and room there.
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
            // What fails to be committed is judged again, and must not count twice.
            let trial = Mutex::new(limit.clone());
            let (taken, over_limit) = self.apply_some(fold, around, &trial, rest)?;
            self.commit(fold, around)?;
            *limit = trial.into_inner().unwrap_or_else(PoisonError::into_inner);
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

    /// Applies inputs until they are all done, or enough outputs wait, or the limit is reached. How many need not be
    /// looked at again, and why one of the others may not be applied.
    fn apply_some(
        &mut self,
        fold: &F,
        around: &Around,
        limit: &Mutex<Limit>,
        records: &[Stored],
    ) -> Result<(usize, Option<String>), StageError> {
        let job = Job {
            fold,
            facts: &around.facts,
            clock: &*around.clock,
            limit,
            records,
        };
        let (mut taken, mut over_limit) = (records.len(), None);
        for share in self.work.apply(&job, &mut self.lanes)? {
            taken = taken.min(share.taken);
            over_limit = over_limit.or(share.over_limit);
            self.turn.add(&share.turn);
            self.entries.extend(share.entries);
            for partition in share.halted {
                self.reader.remove(partition);
            }
        }
        Ok((taken, over_limit))
    }
}
