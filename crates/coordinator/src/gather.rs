//! The shares of sealed rounds, read from `results` by the chain's rule and put together; and the claims that stand
//! between them. Never what they mean.

use crate::claims::Claims;
use crate::corrections::Sealed;
use contest::{Barred, Field, Torn};
use msglog::{Log, LogError, Reader};
use record::chain::{ChainReader, Verdict, link_of};
use record::claim::{CLAIM, PASSED};
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
    pub(crate) claims: Claims,
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
            claims: Claims::new(partitions),
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
                Verdict::Accept => match record::type_of(&stored.value).as_deref() {
                    Some(SHARE) => self.share(stored.partition, &stored.value),
                    Some(kind @ (CLAIM | PASSED)) if self.only.is_none() => {
                        let offset = link.pos.offset();
                        self.claim(kind, (stored.partition, offset), &stored.value);
                    }
                    _ => {}
                },
                Verdict::Repetition | Verdict::Hole => {}
                Verdict::Fork => {
                    return Err(damaged(&stored, "was written by another computation"));
                }
            }
        }
        Ok(any)
    }

    /// `offset`: that of the input, in `accepted`, from which the record was made.
    fn claim(&mut self, kind: &str, (partition, offset): (u32, u64), value: &[u8]) {
        if kind == PASSED {
            if let Ok(passed) = serde_json::from_slice(value) {
                self.claims.pass(partition, &passed);
            }
        } else if let Ok(claim) = serde_json::from_slice(value) {
            self.claims.take(partition, offset, claim);
        }
    }

    fn share(&mut self, partition: u32, value: &[u8]) {
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
/// those of a great campaign would fill the memory. Who asks for another meanwhile waits until the first was told.
pub(crate) struct Archive {
    log: Arc<dyn Log>,
    partitions: u32,
    open: Option<Open>,
}

/// The round that is read.
struct Open {
    ctl: u64,
    gathering: Gathering,
    /// Whether somebody was told.
    is_told: bool,
    /// Whether somebody has asked in this turn, and in the one before.
    asked: [bool; 2],
}

impl Open {
    /// Whether somebody still waits for it.
    fn is_awaited(&self) -> bool {
        !self.is_told && self.asked.contains(&true)
    }
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

    /// Begins a turn: reads its worth of what was asked for. Who waits asks in every turn.
    ///
    /// # Errors
    /// As [`Gathering::read`].
    pub(crate) fn read(&mut self) -> Result<(), LogError> {
        match &mut self.open {
            Some(open) => {
                open.asked = [false, open.asked[0]];
                open.gathering.read().map(drop)
            }
            None => Ok(()),
        }
    }

    /// The standings of a decision, once they are read; asking begins to read them, when nobody waits for others.
    pub(crate) fn field(&mut self, ctl: u64) -> Option<&Field<'static>> {
        if self.open.as_ref().is_none_or(|open| open.ctl != ctl) {
            if self.open.as_ref().is_some_and(Open::is_awaited) {
                return None;
            }
            let only = BTreeSet::from([ctl]);
            let gathering = Gathering::of(&*self.log, self.partitions, only).ok()?;
            self.open = Some(Open {
                ctl,
                gathering,
                is_told: false,
                asked: [true; 2],
            });
        }
        let open = self.open.as_mut()?;
        open.asked[0] = true;
        let whole = open.gathering.whole(ctl).ok()?;
        open.is_told |= whole.is_some();
        whole.map(|whole| &whole.field)
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
