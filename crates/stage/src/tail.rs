//! The chained tail of output partitions: how far the outputs in the log go, by the reader's rule.

use msglog::{Log, LogError};
use record::chain::{ChainReader, Position, Verdict, link_of};
use std::collections::BTreeMap;
use std::time::Duration;

/// A runner has at most this many outputs per partition on their way.
pub(crate) const ON_THEIR_WAY_MAX: usize = 4_096;

/// So an anchor so many records back stands before everything that may be out of order. Where records are lost, that is
/// further back than so many offsets.
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
    /// How many records were seen.
    seen: u64,
    reader: ChainReader,
}

impl Tail {
    fn read(&mut self, topic: &str, record: &msglog::Stored) {
        self.seen += 1;
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

/// Reads the ends of these partitions of one topic, all of them with one reader; where lost records have left a gap, again
/// from further back, until enough of them were seen or there are no more.
pub(crate) fn find(
    log: &dyn Log,
    topic: &str,
    partitions: &[u32],
) -> Result<BTreeMap<u32, Tail>, LogError> {
    let bounds = log.bounds(topic, partitions)?;
    let mut open: Vec<Span> = partitions
        .iter()
        .zip(bounds)
        .map(|(&partition, (start, end))| Span {
            partition,
            start,
            end,
        })
        .collect();
    let mut tails = BTreeMap::new();
    let mut reach = READ_BACK;
    while !open.is_empty() {
        tails.append(&mut read_back(log, topic, &open, reach)?);
        open.retain(|span| {
            let found = tails.get(&span.partition);
            let is_enough = |tail: &Tail| tail.seen >= READ_BACK || tail.broken.is_some();
            !found.is_some_and(is_enough) && span.from(reach) > span.start
        });
        reach = reach.saturating_mul(4);
    }
    Ok(tails)
}

/// The retained offsets of a partition.
struct Span {
    partition: u32,
    start: u64,
    end: u64,
}

impl Span {
    /// Where reading begins that reaches so far back from the end.
    fn from(&self, reach: u64) -> u64 {
        self.end.saturating_sub(reach).max(self.start)
    }
}

/// What the last `reach` offsets of each partition show.
fn read_back(
    log: &dyn Log,
    topic: &str,
    spans: &[Span],
    reach: u64,
) -> Result<BTreeMap<u32, Tail>, LogError> {
    let mut tails = BTreeMap::new();
    let mut ends = BTreeMap::new();
    let mut reader = log.reader(topic)?;
    for span in spans {
        let Span {
            partition,
            start,
            end,
        } = *span;
        let from = span.from(reach);
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
