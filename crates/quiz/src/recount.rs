//! Counts again from the records of `accepted`, in memory: what `export`, `results` and `explain` recompute
//! and compare with the tallies in the log. The same steps as the stage, with a state of its own.

use crate::book::Book;
use crate::failure::Failure;
use crate::memory::MemoryShelf;
use crate::totals::Totals;
use crate::versions::Versions;
use contest::Compiled;
use record::rounds::Share;
use record::tally::{self, Tally};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The books of all partitions in memory.
#[derive(Debug, Default)]
pub struct Recount {
    versions: Versions,
    partitions: BTreeMap<u32, (Book, MemoryShelf)>,
    shares: Vec<(u32, Share)>,
}

/// Digest of one round over all partitions: its lines and the sum of their hashes modulo 2^128.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundDigest {
    /// How many lines.
    pub lines: u64,
    /// The sum.
    pub digest: u128,
}

impl Recount {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`Recount::new`], with a file that judges in the place of every published one of its campaign, at
    /// messages and at seals. A window in it that is not the published file's replaces that of the seal.
    #[must_use]
    pub fn with_file(file: Arc<Compiled>) -> Self {
        Self {
            versions: Versions::with_file(file),
            ..Self::default()
        }
    }

    /// Every share that was made so far, with its partition, in the order in which they were made.
    #[must_use]
    pub fn shares(&self) -> &[(u32, Share)] {
        &self.shares
    }

    /// Takes the next record of a partition of `accepted`, as the reader of the chain accepted it, marks
    /// left out, and returns the tallies that quiz writes at it. Records that quiz cannot judge are refused as
    /// quiz refuses them, and change nothing but that a retry of one is judged.
    ///
    /// # Errors
    /// [`Failure::Reject`] with the reason of the dead letter that stands for this record.
    pub fn take(
        &mut self,
        partition: u32,
        value: &[u8],
    ) -> Result<Vec<Tally>, Failure<std::convert::Infallible>> {
        let (book, shelf) = self.partitions.entry(partition).or_default();
        let mut tallies = Vec::new();
        let judged = book.step(value, shelf, &self.versions, &mut tallies);
        if let Err(Failure::Reject { .. }) = judged {
            book.rejected(value, shelf);
        }
        // Whoever counts again asks for rounds, not for claims.
        drop(book.take_told());
        let shares = book.take_shares();
        self.shares
            .extend(shares.into_iter().map(|share| (partition, share)));
        judged.map(|()| tallies)
    }

    /// Every line of the digest as `each(campaign, line)`, in no particular order.
    ///
    /// # Errors
    /// [`Failure::Damaged`], which in memory is a fault of the program.
    pub fn lines(
        &mut self,
        mut each: impl FnMut(&str, u16, String),
    ) -> Result<(), Failure<std::convert::Infallible>> {
        for (book, shelf) in self.partitions.values_mut() {
            book.lines(shelf, &mut each)?;
        }
        Ok(())
    }

    /// Digests per campaign and round, summed anew over the lines.
    ///
    /// # Errors
    /// As [`Recount::lines`].
    pub fn digests(
        &mut self,
    ) -> Result<BTreeMap<(String, u16), RoundDigest>, Failure<std::convert::Infallible>> {
        let mut digests: BTreeMap<(String, u16), RoundDigest> = BTreeMap::new();
        self.lines(|campaign, round, line| {
            let sum = digests.entry((campaign.to_owned(), round)).or_default();
            sum.lines = sum.lines.saturating_add(1);
            sum.digest = sum.digest.wrapping_add(tally::line_hash(&line));
        })?;
        Ok(digests)
    }

    /// Totals per campaign and round, summed over the partitions.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<(String, Option<u16>), Totals> {
        let mut sums: BTreeMap<(String, Option<u16>), Totals> = BTreeMap::new();
        for (book, _) in self.partitions.values() {
            for running in book.campaigns() {
                for (round, totals) in running.all_totals() {
                    sums.entry((running.id.clone(), round))
                        .or_default()
                        .add(totals);
                }
            }
        }
        sums
    }

    /// The books of a partition.
    #[must_use]
    pub fn book(&self, partition: u32) -> Option<&Book> {
        self.partitions.get(&partition).map(|(book, _)| book)
    }
}
