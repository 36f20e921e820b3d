//! What stands between "this partition is yours" and its first input: judging the stored state,
//! finding the tails, and the refusals that keep outputs from being lost.

use crate::error::StateError;
use crate::facts::Facts;
use crate::runner::StageError;
use crate::state::{Kept, PartitionMeta, Place, stored_partitions};
use crate::tail::{self, Tail};
use msglog::Log;
use record::chain::Position;
use std::collections::BTreeMap;

/// How a partition begins.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// Here, with the chained tail of each output topic.
    At {
        meta: PartitionMeta,
        tails: Vec<Option<Position>>,
    },
    /// Not at all: an output chain is broken.
    Halted(String),
}

/// Judges these partitions; the number of those whose stored state was discarded comes second.
pub(crate) fn begin(
    facts: &Facts,
    log: &dyn Log,
    kept: &mut dyn Kept,
    partitions: &[u32],
) -> Result<(BTreeMap<u32, Beginning>, u64), StageError> {
    let stored = stored_partitions(kept)?;
    let mut tails = Vec::new();
    for topic in &facts.topics {
        tails.push(tail::find(log, topic, partitions)?);
    }
    let bounds = log.bounds(facts.input, partitions)?;
    let mut beginnings = BTreeMap::new();
    let mut discarded = 0;
    for (&partition, (start, end)) in partitions.iter().zip(bounds) {
        let ends: Vec<Tail> = tails
            .iter_mut()
            .map(|found| found.remove(&partition).unwrap_or_default())
            .collect();
        if let Some(reason) = ends.iter().find_map(|tail| tail.broken.clone()) {
            beginnings.insert(partition, Beginning::Halted(reason));
            continue;
        }
        let meta = match stored.get(&partition) {
            Some(meta) if is_usable(facts, (partition, start, end), meta, &ends)? => meta.clone(),
            found => {
                // Refused first: state that cannot be built again is not given up.
                let meta = rebuild(facts, (partition, start), &ends)?;
                if found.is_some() {
                    kept.discard(partition)?;
                    discarded += 1;
                }
                meta
            }
        };
        let tails = ends.into_iter().map(|tail| tail.last).collect();
        beginnings.insert(partition, Beginning::At { meta, tails });
    }
    Ok((beginnings, discarded))
}

/// Whether stored state can go on: `false` discards it.
fn is_usable(
    facts: &Facts,
    (partition, start, end): (u32, u64, u64),
    meta: &PartitionMeta,
    ends: &[Tail],
) -> Result<bool, StageError> {
    let input = facts.input;
    if meta.next > end {
        return Err(StageError::State(StateError::Refused(format!(
            "stage {} has state up to offset {} of {input}/{partition}, which ends at {end}: the log has \
             lost records, or is another one; bring the log back, or delete the stage's state directory \
             to rebuild from what there is",
            facts.name, meta.next
        ))));
    }
    if meta.next < start {
        tracing::warn!(
            stage = facts.name,
            partition,
            stored = meta.next,
            start,
            "stored offset lies before the retained start; the state is discarded and rebuilt"
        );
        return Ok(false);
    }
    for (topic, tail) in facts.topics.iter().zip(ends) {
        let stored = meta.outputs.get(topic).copied().flatten();
        if stored > tail.highest && !tail.is_retired {
            tracing::warn!(
                stage = facts.name, partition, %topic, ?stored, found = ?tail.highest,
                "outputs that the state knows are gone from the log; the state is discarded, they are made again"
            );
            return Ok(false);
        }
    }
    Ok(true)
}

/// A beginning at the retained start, unless outputs would then be missing for ever.
fn rebuild(
    facts: &Facts,
    (partition, start): (u32, u64),
    ends: &[Tail],
) -> Result<PartitionMeta, StageError> {
    for (topic, tail) in facts.topics.iter().zip(ends) {
        let covered = tail.last.map_or(0, |last| last.offset().saturating_add(1));
        if start > covered {
            return Err(StageError::State(StateError::Refused(format!(
                "stage {} cannot rebuild {}/{partition}: its records before {start} are retired, but \
                 outputs in {topic} end with those of {}; the outputs between would be missing for ever; \
                 bring back the state directory of this stage, or the retired records",
                facts.name,
                facts.input,
                tail.last
                    .map_or_else(|| "nothing".to_owned(), |last| last.to_string()),
            ))));
        }
    }
    Ok(PartitionMeta {
        next: start,
        began: start,
        // At offset 0 there is nothing to take as given: a chain begins with the first output.
        input: (facts.is_chained && start == 0).then_some(Place { last: None }),
        ..PartitionMeta::default()
    })
}
