//! The shares of sealed rounds, read from `results` by the chain's rule and put together. Never what they mean.

use crate::corrections::Sealed;
use contest::{Barred, Field, Torn};
use msglog::{Log, LogError, Reader};
use record::chain::{ChainReader, Verdict, link_of};
use record::rounds::{SHARE, Share};
use record::topics::RESULTS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Records and bytes taken in one turn, so that commands and ticks are not kept waiting.
const TURN_RECORDS: usize = 8_192;
const TURN_BYTES: usize = 16 << 20;

/// The chunks of one partition: standings, and who is barred.
struct Part {
    cut: u64,
    chunks: Vec<Option<(String, String)>>,
}

/// Everything of a decision that was read.
enum Gathered {
    Parts(BTreeMap<u32, Part>),
    Whole(Box<Result<Sealed, Torn>>),
    /// Nobody needs it any more.
    Done,
}

/// A reader of `results`, from its start on.
pub(crate) struct Gathering {
    reader: Box<dyn Reader>,
    chains: Vec<ChainReader>,
    /// By the decision's offset in `control`.
    shares: BTreeMap<u64, Gathered>,
    /// The only decisions that are asked for, if so.
    only: Option<BTreeSet<u64>>,
}

impl Gathering {
    /// Reads from the start: what a predecessor had gathered stood in its memory only.
    ///
    /// # Errors
    /// The log has no results topic.
    pub(crate) fn new(log: &dyn Log, partitions: u32) -> Result<Self, LogError> {
        let mut reader = log.reader(RESULTS)?;
        let mut chains = Vec::new();
        for partition in 0..partitions {
            let start = log.start_offset(RESULTS, partition)?;
            reader.seek(partition, start)?;
            chains.push(if start == 0 {
                ChainReader::after(None)
            } else {
                ChainReader::unanchored()
            });
        }
        Ok(Self {
            reader,
            chains,
            shares: BTreeMap::new(),
            only: None,
        })
    }

    /// Reads from the start, and keeps the shares of these decisions only.
    ///
    /// # Errors
    /// As [`Gathering::new`].
    pub(crate) fn of(
        log: &dyn Log,
        partitions: u32,
        only: BTreeSet<u64>,
    ) -> Result<Self, LogError> {
        Ok(Self {
            only: Some(only),
            ..Self::new(log, partitions)?
        })
    }

    /// Takes in one turn's worth of what was not read yet; whether there was any.
    ///
    /// # Errors
    /// Failures of reading, and a partition whose chain forks: two different computations wrote it.
    pub(crate) fn read(&mut self) -> Result<bool, LogError> {
        let records = self.reader.poll(TURN_RECORDS, TURN_BYTES, Duration::ZERO)?;
        let any = !records.is_empty();
        for stored in records {
            let chain = usize::try_from(stored.partition).ok();
            let chain = chain.and_then(|place| self.chains.get_mut(place));
            let (Some(chain), Some(link)) = (chain, link_of(&stored.value)) else {
                return Err(damaged(&stored, "is no chained record"));
            };
            match chain.judge(&link) {
                Verdict::Accept => self.take(stored.partition, &stored.value),
                Verdict::Repetition | Verdict::Hole => {}
                Verdict::Fork => {
                    return Err(damaged(&stored, "was written by another computation"));
                }
            }
        }
        Ok(any)
    }

    fn take(&mut self, partition: u32, value: &[u8]) {
        if record::type_of(value).as_deref() != Some(SHARE) {
            return;
        }
        let Ok(share) = serde_json::from_slice::<Share>(value) else {
            return;
        };
        if self
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&share.ctl))
        {
            return;
        }
        let gathered = self
            .shares
            .entry(share.ctl)
            .or_insert_with(|| Gathered::Parts(BTreeMap::new()));
        let Gathered::Parts(parts) = gathered else {
            return;
        };
        let part = parts.entry(partition).or_insert_with(|| Part {
            cut: share.cut,
            chunks: vec![None; usize::try_from(share.of).unwrap_or(0)],
        });
        let place = usize::try_from(share.chunk).ok();
        if let Some(chunk) = place.and_then(|place| part.chunks.get_mut(place)) {
            *chunk = Some((share.standings, share.barred));
        }
    }

    /// The standings of a decision, once every partition's share is there.
    ///
    /// # Errors
    /// The shares do not make one field.
    pub(crate) fn whole(&mut self, ctl: u64) -> Result<Option<&Sealed>, Torn> {
        let Some(gathered) = self.shares.get_mut(&ctl) else {
            return Ok(None);
        };
        if let Gathered::Parts(parts) = gathered {
            let is_whole = |part: &Part| part.chunks.iter().all(Option::is_some);
            if parts.len() < self.chains.len() || !parts.values().all(is_whole) {
                return Ok(None);
            }
            let parts = std::mem::take(parts);
            *gathered = Gathered::Whole(Box::new(put_together(&parts)));
        }
        match gathered {
            Gathered::Whole(whole) => match &**whole {
                Ok(whole) => Ok(Some(whole)),
                Err(torn) => Err(torn.clone()),
            },
            Gathered::Parts(_) | Gathered::Done => Ok(None),
        }
    }

    /// Gives back the memory of a decision that nobody needs any more, and takes no more of it.
    pub(crate) fn forget(&mut self, ctl: u64) {
        self.shares.insert(ctl, Gathered::Done);
    }
}

/// Standings of rounds that are done with, read anew when somebody asks for them: one round at a time, because
/// those of a great campaign would fill the memory.
pub(crate) struct Archive {
    log: Arc<dyn Log>,
    partitions: u32,
    open: Option<(u64, Gathering)>,
}

impl Archive {
    /// Nothing asked for yet.
    pub(crate) fn new(log: &Arc<dyn Log>, partitions: u32) -> Self {
        Self {
            log: Arc::clone(log),
            partitions,
            open: None,
        }
    }

    /// Reads one turn's worth of what was asked for.
    ///
    /// # Errors
    /// As [`Gathering::read`].
    pub(crate) fn read(&mut self) -> Result<(), LogError> {
        match &mut self.open {
            Some((_, gathering)) => gathering.read().map(drop),
            None => Ok(()),
        }
    }

    /// The standings of a decision, once they are read; asking begins to read them.
    pub(crate) fn field(&mut self, ctl: u64) -> Option<&Field<'static>> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != ctl) {
            let only = BTreeSet::from([ctl]);
            let gathering = Gathering::of(&*self.log, self.partitions, only).ok()?;
            self.open = Some((ctl, gathering));
        }
        let (_, gathering) = self.open.as_mut()?;
        gathering.whole(ctl).ok()?.map(|whole| &whole.field)
    }
}

fn put_together(parts: &BTreeMap<u32, Part>) -> Result<Sealed, Torn> {
    let chunks = || parts.values().flat_map(|part| part.chunks.iter().flatten());
    let standings: String = chunks().map(|(standings, _)| standings.as_str()).collect();
    let barred: String = chunks().map(|(_, barred)| barred.as_str()).collect();
    Ok(Sealed {
        field: Field::parse(&standings)?,
        barred: Barred::parse(&barred)?,
        cut: parts
            .iter()
            .map(|(partition, part)| (*partition, part.cut))
            .collect(),
    })
}

fn damaged(stored: &msglog::Stored, what: &str) -> LogError {
    LogError::Io {
        what: format!(
            "read the shares in {RESULTS}/{} at {}",
            stored.partition, stored.offset
        ),
        detail: format!("the record {what}"),
        code: None,
    }
}
