//! Reading a topic from its retained start to its durable end, in the order of the log.

use crate::args::HistoryArgs;
use crate::failure::Failure;
use crate::log::Reading;
use msglog::{Log, Stored};
use record::chain::{ChainReader, Verdict, link_of};
use record::topics;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Records per poll.
const POLL_RECORDS: usize = 8_192;
/// Bytes per poll.
const POLL_BYTES: usize = 8 << 20;
/// How long a record that must be there may take to come: longer than brokers take to choose a new leader.
const POLL_WAIT: Duration = Duration::from_secs(15);
/// How often a wait for it looks whether it is still of use.
const LOOK: Duration = Duration::from_millis(250);

/// Opens the log for reading, beside whoever writes it.
///
/// # Errors
/// There is no log, or it cannot be reached.
pub(crate) fn open(args: &HistoryArgs) -> Result<Arc<dyn Log>, Failure> {
    Ok(Reading::open(args)?.log)
}

/// Start and end offsets of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The offsets of every partition of a topic, as they are now.
///
/// # Errors
/// There is no such topic.
pub(crate) fn spans(log: &dyn Log, topic: &str) -> Result<BTreeMap<u32, Span>, Failure> {
    let config = log
        .topics()
        .into_iter()
        .find(|config| config.name == topic)
        .ok_or_else(|| {
            let names: Vec<String> = log.topics().into_iter().map(|config| config.name).collect();
            Failure::wrong(format!(
                "there is no topic {topic:?}; there are {}",
                names.join(", ")
            ))
        })?;
    let partitions: Vec<u32> = (0..config.partitions).collect();
    let bounds = log.bounds(topic, &partitions)?;
    let spans = partitions.into_iter().zip(bounds);
    Ok(spans
        .map(|(partition, (start, end))| (partition, Span { start, end }))
        .collect())
}

/// What becomes of reading after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on.
    Record,
    /// Nothing more of this partition is needed.
    Partition,
    /// Nothing more at all.
    End,
}

/// Reads every record of `spans` and hands it to `visit`, until all ends are reached or `visit` says stop.
///
/// # Errors
/// Failures of reading, and those of `visit`.
pub(crate) fn each(
    log: &dyn Log,
    topic: &str,
    spans: &BTreeMap<u32, Span>,
    mut visit: impl FnMut(&Stored) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let never = AtomicBool::new(false);
    each_until(log, topic, spans, &never, |stored| {
        Ok(if visit(stored)? {
            Next::Record
        } else {
            Next::End
        })
    })
}

/// As [`each`], where `visit` may be done with one partition before the others, and all of it ends once `ends` is set.
///
/// # Errors
/// As [`each`]; `ends` is set.
pub(crate) fn each_until(
    log: &dyn Log,
    topic: &str,
    spans: &BTreeMap<u32, Span>,
    ends: &AtomicBool,
    mut visit: impl FnMut(&Stored) -> Result<Next, Failure>,
) -> Result<(), Failure> {
    let mut reader = log.reader(topic)?;
    let mut left: BTreeMap<u32, u64> = BTreeMap::new();
    for (&partition, span) in spans.iter().filter(|(_, span)| span.start < span.end) {
        reader.seek(partition, span.start)?;
        left.insert(partition, span.end);
    }
    let mut heard = Instant::now();
    while !left.is_empty() {
        if ends.load(Ordering::Acquire) {
            return Err(Failure::away("nobody waits for it any more"));
        }
        let batch = reader.poll(POLL_RECORDS, POLL_BYTES, LOOK)?;
        for stored in &batch {
            let is_asked = left
                .get(&stored.partition)
                .is_some_and(|end| stored.offset < *end);
            if !is_asked {
                continue;
            }
            match visit(stored)? {
                Next::Record => {}
                Next::Partition => {
                    left.remove(&stored.partition);
                    reader.remove(stored.partition);
                }
                Next::End => return Ok(()),
            }
        }
        let before = left.len();
        left.retain(|partition, end| {
            let is_open = reader.position(*partition) < Some(*end);
            if !is_open {
                reader.remove(*partition);
            }
            is_open
        });
        // An end behind records that were lost is reached by a poll that brings nothing.
        if !batch.is_empty() || left.len() < before {
            heard = Instant::now();
        } else if heard.elapsed() >= POLL_WAIT {
            let (partition, end) = left.first_key_value().map_or((0, 0), |(p, e)| (*p, *e));
            return Err(Failure::away(format!(
                "{topic}/{partition} does not go on to offset {end}; are its disk and its brokers still there?"
            )));
        }
    }
    Ok(())
}

/// The reader's rule over a whole topic: only what a stage really said, each once.
#[derive(Default)]
pub(crate) struct Chains {
    readers: BTreeMap<u32, ChainReader>,
    chained: bool,
    /// Versions of the step that wrote what was accepted.
    pub(crate) steps: BTreeSet<u32>,
    /// Records dropped as repetitions.
    pub(crate) repetitions: u64,
    /// Records dropped as holes.
    pub(crate) holes: u64,
}

impl Chains {
    /// For a topic; one that is not chained lets everything pass.
    pub(crate) fn of(topic: &str) -> Self {
        Self {
            chained: topics::is_chained(topic),
            ..Self::default()
        }
    }

    /// Whether the record counts.
    ///
    /// # Errors
    /// A fork: two different computations wrote this topic.
    pub(crate) fn accept(&mut self, topic: &str, stored: &Stored) -> Result<bool, Failure> {
        if !self.chained {
            return Ok(true);
        }
        let place = || format!("{topic}/{} at offset {}", stored.partition, stored.offset);
        let link = link_of(&stored.value)
            .ok_or_else(|| Failure::no(format!("{} has no chain position", place())))?;
        match self
            .readers
            .entry(stored.partition)
            .or_default()
            .judge(&link)
        {
            Verdict::Accept => {
                if !self.steps.contains(&link.step) {
                    self.steps.insert(link.step);
                }
                Ok(true)
            }
            Verdict::Repetition => {
                self.repetitions += 1;
                Ok(false)
            }
            Verdict::Hole => {
                self.holes += 1;
                Ok(false)
            }
            Verdict::Fork => Err(Failure::no(format!(
                "{} is a fork: two different computations wrote this partition; nothing behind it can be trusted",
                place()
            ))),
        }
    }
}

/// A topic that is not there is empty.
pub(crate) fn spans_or_none(log: &dyn Log, topic: &str) -> Result<BTreeMap<u32, Span>, Failure> {
    if log.topics().iter().any(|config| config.name == topic) {
        spans(log, topic)
    } else {
        Ok(BTreeMap::new())
    }
}

/// What a reader of standard output that has gone away means: success, nothing more to do.
pub(crate) fn written(result: std::io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::away(format!("write: {error}"))),
    }
}
