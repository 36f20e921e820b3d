//! Counts `accepted` again to the shares of sealed rounds, partitions side by side, each up to the cut of the last round
//! that is asked for: for `rescore`, and for a coordinator that holds a correction against the messages.

use super::super::scan::{self, Chains, Next};
use super::shares::{ByDecision, Sealed, merge_all};
use crate::failure::Failure;
use bytes::Bytes;
use contest::Compiled;
use coordinator::Asked;
use msglog::{Log, Stored};
use quiz::{Failure as QuizFailure, Recount};
use record::acts::Act;
use record::inband::{COPY, Copy, MARK};
use record::rounds::SHARE;
use record::topics::{ACCEPTED, RESULTS};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches that may wait for one counter.
const QUEUE: usize = 16;
/// Records of one batch.
const BATCH: usize = 512;

type Batch = Vec<(u32, Bytes)>;

/// What is counted, and how.
#[derive(Clone, Copy)]
pub(crate) struct Counting<'a> {
    pub(crate) campaign: &'a str,
    /// The file that judges, as if it had been published in the place of every version of its campaign.
    pub(crate) file: Option<&'a Arc<Compiled>>,
    /// Offsets in `control` of the decisions that sealed the rounds that are asked for.
    pub(crate) decisions: &'a BTreeMap<u16, u64>,
    pub(crate) partitions: u32,
    /// Whether it does not matter which versions of the steps wrote the log.
    pub(crate) as_new: bool,
    /// Threads that count.
    pub(crate) counters: usize,
    /// Set when nobody waits for it any more.
    pub(crate) ends: &'a AtomicBool,
}

/// The steps of quiz, for a coordinator of the same process.
pub(crate) struct Steps;

impl coordinator::Recount for Steps {
    fn count(
        &self,
        log: &dyn Log,
        asked: &Asked,
        ends: &AtomicBool,
    ) -> Result<BTreeMap<u16, Sealed>, String> {
        let counting = Counting {
            campaign: &asked.campaign,
            file: Some(&asked.file),
            decisions: &asked.decisions,
            partitions: asked.partitions,
            as_new: asked.as_new,
            // The other processors are for whoever acks and counts what comes in meanwhile.
            counters: 1,
            ends,
        };
        counting.fields(log).map_err(|failure| failure.message)
    }
}

impl Counting<'_> {
    /// The fields of the rounds that are asked for, by number.
    ///
    /// # Errors
    /// Failures of reading, a fork; a round that the file cannot judge; the log was written by other versions of the steps;
    /// the log's own messages do not make a whole field.
    pub(crate) fn fields(&self, log: &dyn Log) -> Result<BTreeMap<u16, Sealed>, Failure> {
        if self.decisions.is_empty() {
            return Ok(BTreeMap::new());
        }
        if !self.as_new {
            self.judged_by_this_version(log)?;
        }
        let shares = self.shares(log)?;
        let rounds = self.decisions.iter().map(|(round, ctl)| (*round, *ctl));
        let sealed = merge_all(&shares, rounds.collect(), self.partitions);
        let fields = sealed.into_iter().map(|(round, sealed)| {
            let sealed = sealed.map_err(|why| format!("round {round} counted again: {why}"));
            Ok((round, sealed.map_err(Failure::no)?))
        });
        fields.collect()
    }

    /// Offset of the last decision that is asked for: behind its copy a partition has nothing more to say.
    fn last(&self) -> u64 {
        self.decisions.values().copied().max().unwrap_or(0)
    }

    /// The shares that every seal makes of the messages before it.
    fn shares(&self, log: &dyn Log) -> Result<ByDecision, Failure> {
        let counted = std::thread::scope(|scope| {
            let mut queues = Vec::with_capacity(self.counters);
            let mut threads = Vec::with_capacity(self.counters);
            for _ in 0..self.counters.max(1) {
                let (give, take) = sync_channel::<Batch>(QUEUE);
                let recount = self
                    .file
                    .map_or_else(Recount::new, |file| Recount::with_file(Arc::clone(file)));
                queues.push(give);
                let judge = self.file.map(|file| file.campaign.id.as_str());
                threads.push(scope.spawn(move || count(recount, judge, &take)));
            }
            let read = self.distribute(log, &queues);
            drop(queues);
            let counted: Vec<_> = threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .map_err(|_| Failure::away("a thread of the recount panicked"))?
                })
                .collect();
            // Who stopped counting tells why; reading only knows that somebody has.
            let counted = counted.into_iter().collect::<Result<Vec<_>, Failure>>()?;
            read.map(|()| counted)
        })?;
        let mut shares = ByDecision::new();
        let all = counted.iter().flat_map(Recount::shares);
        for (partition, share) in all.filter(|(_, share)| share.campaign == self.campaign) {
            let of_decision = shares.entry(share.ctl).or_default();
            of_decision.push((*partition, share.clone()));
        }
        Ok(shares)
    }

    /// Reads `accepted` and hands each partition's records to one and the same counter.
    fn distribute(&self, log: &dyn Log, queues: &[SyncSender<Batch>]) -> Result<(), Failure> {
        let spans = scan::spans_or_none(log, ACCEPTED)?;
        let mut chains = Chains::of(ACCEPTED);
        let mut batches: Vec<Batch> = queues.iter().map(|_| Vec::with_capacity(BATCH)).collect();
        let stopped = || Failure::away("a thread of the recount has stopped");
        let last = self.last();
        scan::each_until(log, ACCEPTED, &spans, self.ends, |stored| {
            if !chains.accept(ACCEPTED, stored)? {
                return Ok(Next::Record);
            }
            if !self.as_new {
                written_by(ACCEPTED, "dedup", dedup::VERSION, &chains.steps)?;
            }
            let counter = usize::try_from(stored.partition).unwrap_or(0) % queues.len().max(1);
            let batch = &mut batches[counter];
            batch.push((stored.partition, stored.value.clone()));
            if batch.len() == BATCH {
                let full = std::mem::replace(batch, Vec::with_capacity(BATCH));
                queues[counter].send(full).map_err(|_| stopped())?;
            }
            let is_cut = place_of_copy(stored).is_some_and(|ctl| ctl >= last);
            Ok(if is_cut {
                Next::Partition
            } else {
                Next::Record
            })
        })?;
        for (queue, batch) in queues.iter().zip(batches) {
            queue.send(batch).map_err(|_| stopped())?;
        }
        Ok(())
    }

    /// The shares that were published must have been made by the step that would count again.
    fn judged_by_this_version(&self, log: &dyn Log) -> Result<(), Failure> {
        #[derive(Deserialize)]
        struct Named {
            ctl: u64,
        }
        let spans = scan::spans_or_none(log, RESULTS)?;
        scan::each_until(log, RESULTS, &spans, self.ends, |stored| {
            if record::type_of(&stored.value).as_deref() == Some(SHARE)
                && let Ok(Named { ctl }) = serde_json::from_slice(&stored.value)
                && self.decisions.values().any(|decision| *decision == ctl)
                && let Some(link) = record::chain::link_of(&stored.value)
            {
                written_by(RESULTS, "quiz", quiz::VERSION, &BTreeSet::from([link.step]))?;
            }
            Ok(Next::Record)
        })
    }
}

/// Refuses what another version of a step has written.
fn written_by(topic: &str, step: &str, version: u32, found: &BTreeSet<u32>) -> Result<(), Failure> {
    match found.iter().find(|found| **found != version) {
        None => Ok(()),
        Some(other) => Err(Failure::no(format!(
            "{topic} was written by version {other} of {step}, and this program has version {version}, which may count \
             otherwise; count with the program that wrote it, or say --as-new to count it by this one"
        ))),
    }
}

/// Offset of the act that a record is the copy of; none of any other record.
fn place_of_copy(stored: &Stored) -> Option<u64> {
    #[derive(Deserialize)]
    struct Place {
        ctl: u64,
    }
    if record::type_of(&stored.value).as_deref() != Some(COPY) {
        return None;
    }
    let place: Option<Place> = serde_json::from_slice(&stored.value).ok();
    place.map(|place| place.ctl)
}

/// Counts one counter's partitions; `file` is the campaign that another file judges.
fn count(
    mut recount: Recount,
    file: Option<&str>,
    batches: &Receiver<Batch>,
) -> Result<Recount, Failure> {
    for (partition, value) in batches.iter().flatten() {
        if record::type_of(&value).as_deref() == Some(MARK) {
            continue;
        }
        match recount.take(partition, &value) {
            Ok(_) => {}
            // What quiz cannot judge it sets aside; so it counts for nobody. But quiz could judge each seal that has
            // a result, so here it is the file that cannot.
            Err(QuizFailure::Reject { reason, detail }) => {
                if let Some(round) = file.and_then(|campaign| sealed_round(&value, campaign)) {
                    return Err(Failure::no(format!(
                        "the file cannot judge round {round}, which is sealed: {reason}: {detail}"
                    )));
                }
            }
            Err(failure) => return Err(Failure::no(format!("{failure:?}"))),
        }
    }
    Ok(recount)
}

/// The round whose seal this record is.
fn sealed_round(value: &[u8], campaign: &str) -> Option<u16> {
    let copy: Copy = serde_json::from_slice(value).ok()?;
    match copy.act {
        Act::SealDecided(decided) if decided.campaign == campaign => Some(decided.round),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use msglog::memory::MemoryLog;
    use msglog::{Tier, TopicConfig};
    use record::chain::{Link, Position, splice};
    use record::inband::Tick;
    use record::rounds::Share;

    /// A log whose records were written by these versions of dedup and quiz, without the copy of a decision.
    fn log(dedup: u32, quiz: u32) -> Arc<MemoryLog> {
        let topic = |name: &str| TopicConfig {
            name: name.to_owned(),
            partitions: 1,
            retention: None,
            tier: Tier::Consumer,
        };
        let log = MemoryLog::new(vec![topic(ACCEPTED), topic(RESULTS)]);
        let share = Share {
            r#type: SHARE.to_owned(),
            v: record::SCHEMA_VERSION,
            campaign: "c".to_owned(),
            round: 1,
            ctl: 9,
            cut: 3,
            chunk: 0,
            of: 1,
            standings: String::new(),
            barred: String::new(),
        };
        let written = |value: Vec<u8>, step| {
            let link = Link {
                pos: Position(0, 0),
                prev: None,
                step,
            };
            let mut spliced = Vec::new();
            splice(&link, &value, &mut spliced);
            spliced
        };
        let tick = serde_json::to_vec(&Tick::new(5)).unwrap();
        log.push(ACCEPTED, 0, "", written(tick, dedup)).unwrap();
        let share = serde_json::to_vec(&share).unwrap();
        log.push(RESULTS, 0, "", written(share, quiz)).unwrap();
        log
    }

    fn counted(log: &MemoryLog, (ctl, as_new, ended): (u64, bool, bool)) -> String {
        let counting = Counting {
            campaign: "c",
            file: None,
            decisions: &BTreeMap::from([(1, ctl)]),
            partitions: 1,
            as_new,
            counters: 2,
            ends: &AtomicBool::new(ended),
        };
        counting.fields(log).unwrap_err().message
    }

    #[test]
    fn a_log_of_another_version_is_counted_only_when_that_is_asked_for() {
        let (dedup, quiz) = (dedup::VERSION, quiz::VERSION);
        let no_share = "partition 0 has no share";
        let own = log(dedup, quiz);
        assert!(counted(&own, (9, false, false)).contains(no_share));
        for (other, step) in [
            (log(dedup + 1, quiz), "dedup"),
            (log(dedup, quiz - 1), "quiz"),
        ] {
            let refused = counted(&other, (9, false, false));
            assert!(
                refused.contains(step) && refused.contains("--as-new"),
                "{refused}"
            );
            assert!(counted(&other, (9, true, false)).contains(no_share));
        }
        // Shares of rounds that nobody asks for may be of any version.
        let older = log(dedup, quiz - 1);
        assert!(counted(&older, (8, false, false)).contains(no_share));
    }

    #[test]
    fn nothing_more_is_counted_once_nobody_waits() {
        let log = log(dedup::VERSION, quiz::VERSION);
        assert!(counted(&log, (9, false, true)).contains("nobody waits"));
    }
}
