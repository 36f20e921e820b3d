//! The chained tail of output partitions: how far the outputs in the log go, by the reader's rule.

use msglog::{Log, LogError};
use record::chain::{ChainReader, Position, Verdict, link_of};
use std::collections::BTreeMap;
use std::time::Duration;

/// A runner has at most this many outputs per partition on their way.
pub(crate) const ON_THEIR_WAY_MAX: usize = 4_096;

/// So an anchor this far back stands before everything that may be out of order.
const READ_BACK: u64 = 2 * ON_THEIR_WAY_MAX as u64;

/// What the end of an output partition shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The chained tail. Too low is harmless, too high is loss.
    pub(crate) last: Option<Position>,
    /// The highest position of any record, chained or not.
    pub(crate) highest: Option<Position>,
    /// Whether nothing stands there because all of it was retired.
    pub(crate) is_retired: bool,
    /// Why nobody may go on from here.
    pub(crate) broken: Option<String>,
    reader: ChainReader,
}

impl Tail {
    fn read(&mut self, topic: &str, record: &msglog::Stored) {
        if self.broken.is_some() {
            return;
        }
        let place = format_args!("{topic}/{} at {}", record.partition, record.offset);
        let Some(link) = link_of(&record.value) else {
            self.broken = Some(format!(
                "the record in {place} has no link: not written by a stage"
            ));
            return;
        };
        self.highest = self.highest.max(Some(link.pos));
        if self.reader.judge(&link) == Verdict::Fork {
            self.broken = Some(format!(
                "fork in {place}: output {} does not continue the chain; two different steps wrote it",
                link.pos
            ));
        }
        self.last = self.reader.last();
    }
}

/// Reads the ends of these partitions of one topic, all of them with one reader.
pub(crate) fn find(
    log: &dyn Log,
    topic: &str,
    partitions: &[u32],
) -> Result<BTreeMap<u32, Tail>, LogError> {
    let mut tails = BTreeMap::new();
    let mut ends = BTreeMap::new();
    let mut reader = log.reader(topic)?;
    let bounds = log.bounds(topic, partitions)?;
    for (&partition, (start, end)) in partitions.iter().zip(bounds) {
        let from = end.saturating_sub(READ_BACK).max(start);
        let mut tail = Tail {
            is_retired: start == end && end > 0,
            ..Tail::default()
        };
        if from == 0 {
            tail.reader = ChainReader::after(None);
        }
        tails.insert(partition, tail);
        if from < end {
            reader.seek(partition, from)?;
            ends.insert(partition, end);
        }
    }
    let mut empty = 0;
    while !ends.is_empty() {
        let records = reader.poll(READ_BACK as usize, 8 * 1024 * 1024, Duration::from_secs(1))?;
        empty = if records.is_empty() { empty + 1 } else { 0 };
        if empty > 10 {
            return Err(stuck(topic));
        }
        for record in &records {
            if let Some(tail) = tails.get_mut(&record.partition) {
                tail.read(topic, record);
            }
        }
        ends.retain(|&partition, end| {
            let is_open = reader
                .position(partition)
                .is_some_and(|position| position < *end);
            if !is_open {
                reader.remove(partition);
            }
            is_open
        });
    }
    Ok(tails)
}

fn stuck(topic: &str) -> LogError {
    LogError::Io {
        what: format!("reading the tail of {topic}"),
        detail: "durable records do not come".to_owned(),
        code: None,
    }
}
