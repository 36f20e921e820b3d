//! Counts `accepted` again to the shares of every sealed round, partitions side by side.

use super::super::scan::{self, Chains};
use super::shares::ByDecision;
use crate::failure::Failure;
use bytes::Bytes;
use contest::Compiled;
use msglog::Log;
use quiz::{Failure as QuizFailure, Recount};
use record::acts::Act;
use record::inband::{Copy, MARK};
use record::topics::ACCEPTED;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches that may wait for one counter.
const QUEUE: usize = 16;
/// Records of one batch.
const BATCH: usize = 512;

type Batch = Vec<(u32, Bytes)>;

/// The shares that every seal makes of the messages before it; with a file, as if that file had been published
/// in the place of every version of its campaign.
///
/// # Errors
/// Failures of reading, a fork.
pub(crate) fn shares(
    log: &dyn Log,
    campaign: &str,
    file: Option<&Arc<Compiled>>,
) -> Result<ByDecision, Failure> {
    let counters = std::thread::available_parallelism().map_or(1, usize::from);
    let counted = std::thread::scope(|scope| {
        let mut queues = Vec::with_capacity(counters);
        let mut threads = Vec::with_capacity(counters);
        for _ in 0..counters {
            let (give, take) = sync_channel::<Batch>(QUEUE);
            let recount =
                file.map_or_else(Recount::new, |file| Recount::with_file(Arc::clone(file)));
            queues.push(give);
            let judge = file.map(|file| file.campaign.id.as_str());
            threads.push(scope.spawn(move || count(recount, judge, &take)));
        }
        let read = distribute(log, &queues);
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
    for (partition, share) in all.filter(|(_, share)| share.campaign == campaign) {
        let of_decision = shares.entry(share.ctl).or_default();
        of_decision.push((*partition, share.clone()));
    }
    Ok(shares)
}

/// Reads `accepted` and hands each partition's records to one and the same counter.
fn distribute(log: &dyn Log, queues: &[SyncSender<Batch>]) -> Result<(), Failure> {
    let spans = scan::spans_or_none(log, ACCEPTED)?;
    let mut chains = Chains::of(ACCEPTED);
    let mut batches: Vec<Batch> = queues.iter().map(|_| Vec::with_capacity(BATCH)).collect();
    let stopped = || Failure::away("a thread of the recount has stopped");
    scan::each(log, ACCEPTED, &spans, |stored| {
        if !chains.accept(ACCEPTED, stored)? {
            return Ok(true);
        }
        let counter = usize::try_from(stored.partition).unwrap_or(0) % queues.len().max(1);
        let batch = &mut batches[counter];
        batch.push((stored.partition, stored.value.clone()));
        if batch.len() == BATCH {
            let full = std::mem::replace(batch, Vec::with_capacity(BATCH));
            queues[counter].send(full).map_err(|_| stopped())?;
        }
        Ok(true)
    })?;
    for (queue, batch) in queues.iter().zip(batches) {
        queue.send(batch).map_err(|_| stopped())?;
    }
    Ok(())
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
