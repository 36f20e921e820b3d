//! Bringing an orphan's spool into the log: the directory of a node that never comes back. Nothing runs
//! beside it, so there is no pace and nothing to skip.

use super::config::spool_topic;
use super::feed::{Feed, How, Inbox};
use super::keep;
use super::ledger::Verdict;
use super::shared::Bell;
use crate::contract::{Log, LogError, NewRecord, Place};
use crate::journal::{Journal, JournalConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a log that has refused is left alone.
const REST: Duration = Duration::from_millis(50);

/// How to drain.
#[derive(Debug, Clone)]
pub struct DrainOptions {
    /// Brings the records of another log's spool into this one, which is refused otherwise.
    pub other_log: bool,
    /// Gives up when nothing has arrived for so long; what has arrived counts.
    pub patience: Duration,
}

impl Default for DrainOptions {
    fn default() -> Self {
        Self {
            other_log: false,
            patience: Duration::from_secs(60),
        }
    }
}

/// One record that has left the spool.
#[derive(Debug)]
pub struct Brought<'r> {
    /// The record.
    pub record: &'r NewRecord,
    /// Its offset in its partition of the spool.
    pub position: u64,
    /// When it was appended there, in milliseconds since 1970.
    pub time_ms: i64,
    /// Where it stands in the log now; `None` when it was set aside because the log refuses it for good.
    pub place: Option<Place>,
    /// How many have left the spool in this run, with it.
    pub done: u64,
    /// How many there were when the run began.
    pub total: u64,
}

/// What a run has brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Records that stand in the log now.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// Records that were set aside in `spool.dead`.
    pub dead: u64,
}

/// Appends everything that stands in the spool in `dir`, and was not drained yet, to `target`; each
/// record is told to `on` once the log has proved it. What was brought is remembered, so that a second
/// run brings nothing; a run that ends early is continued by the next one.
///
/// # Errors
/// [`LogError::Owned`] while a node uses the spool; [`LogError::Mismatch`] when `dir` holds no spool,
/// or one that belongs to another log, or `target` has other partitions; [`LogError::Away`] when
/// nothing arrived for [`DrainOptions::patience`].
pub fn drain(
    dir: &Path,
    target: &dyn Log,
    options: &DrainOptions,
    on: &mut dyn FnMut(&Brought<'_>),
) -> Result<Drained, LogError> {
    // Looked at first without the lock: a directory that is no spool is left as it is.
    let (name, partitions) = {
        let seen = Journal::open_read_only(dir)?;
        let owner = keep::owner(seen.notes())?;
        let owner = owner.ok_or_else(|| {
            let dir = dir.display();
            LogError::Mismatch(format!("{dir} is not a spool: it has no file spool.of"))
        })?;
        if owner != target.id() && !options.other_log {
            return Err(keep::foreign(seen.notes(), owner, target.id()));
        }
        let topic = seen.topics().into_iter().next();
        match topic {
            Some(topic) => (topic.name, topic.partitions),
            None => return Ok(Drained::default()),
        }
    };
    let fits = target
        .topics()
        .iter()
        .any(|topic| topic.name == name && topic.partitions == partitions);
    if !fits {
        let dir = dir.display();
        return Err(LogError::Mismatch(format!(
            "the spool in {dir} is of topic {name:?} with {partitions} partitions, which the log has not"
        )));
    }
    let topic = spool_topic(&name, partitions);
    let spool = Journal::open(dir, JournalConfig::new(vec![topic]))?;
    let drained = run(&spool, (&name, partitions), target, options, on);
    spool.close();
    drained
}

fn run(
    spool: &Arc<Journal>,
    (name, partitions): (&str, u32),
    target: &dyn Log,
    options: &DrainOptions,
    on: &mut dyn FnMut(&Brought<'_>),
) -> Result<Drained, LogError> {
    let position = keep::drained(spool, name, partitions)?;
    let mut end = Vec::with_capacity(position.len());
    for partition in 0..partitions {
        end.push(spool.end_offset(name, partition)?);
    }
    let left = |(end, position): (&u64, &u64)| end.saturating_sub(*position);
    let total = end.iter().zip(&position).map(left).sum();
    let bell = Arc::new(Bell::default());
    let ring = Arc::clone(&bell);
    let inbox = Inbox::new(move || ring.ring());
    let appender = target.appender(name)?;
    let mut feed = Feed::new(Arc::clone(spool), name, appender, inbox, position)?;
    let (mut brought, mut done, mut progress) = (Drained::default(), 0, Instant::now());
    loop {
        let before = done;
        let ended = feed.read()?;
        feed.judge(|_| Verdict::Send);
        let mut refused = feed.collect().map(|error| error.to_string());
        feed.bury()?;
        feed.advance(|item, how| {
            done += 1;
            let place = match how {
                How::Forwarded(proof) => Some(proof.place()),
                How::Skipped | How::Dead => None,
            };
            match place {
                Some(_) => {
                    brought.records += 1;
                    brought.bytes += item.bytes() as u64;
                }
                None => brought.dead += 1,
            }
            on(&Brought {
                record: &item.record,
                position: item.offset,
                time_ms: item.time_ms,
                place,
                done,
                total,
            });
        });
        if ended {
            feed.pass_gaps(&end);
        }
        if ended && feed.is_empty() {
            feed.keep(true)?;
            return Ok(brought);
        }
        while refused.is_none() {
            match feed.send() {
                Ok(0) => break,
                Ok(_) => {}
                Err(reason) => refused = Some(reason.to_string()),
            }
        }
        let now = Instant::now();
        if done > before {
            progress = now;
            feed.keep(false)?;
        } else if now.saturating_duration_since(progress) >= options.patience {
            feed.keep(false)?;
            let why = refused.unwrap_or_else(|| "its proofs do not come".to_owned());
            return Err(LogError::Away {
                detail: format!("{done} of {total} records of the spool were brought; {why}"),
            });
        }
        bell.wait(Some(now + REST));
    }
}
