//! The node's reply memory, shared by all its runtimes: shards by fan behind plain mutexes, each held
//! for the time of a look-up. The claim of an answer that does not go out takes itself back.

use crate::fan::{Choice, Judged, Said};
use crate::memory::Shard;
use record::identity::MessageKey;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many locks, that two threads rarely want the same.
const SHARDS: usize = 64;
/// Fans of one generation, over all shards; two generations are kept (R-11: bounded, about a million).
const FANS_MAX: usize = 500_000;

/// See the module.
pub(crate) struct ReplyMemory {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

/// A message that is about to be answered in words.
pub(crate) struct Claim {
    memory: Arc<ReplyMemory>,
    fan: u64,
    message: u64,
    kept: bool,
}

impl ReplyMemory {
    pub(crate) fn new() -> Arc<Self> {
        let shards = (0..SHARDS)
            .map(|_| Mutex::new(Shard::new(FANS_MAX / SHARDS)))
            .collect();
        Arc::new(Self {
            shards,
            hasher: RandomState::new(),
        })
    }

    /// How the memory knows this message. `sort` is the coalescing key that the campaign gives.
    pub(crate) fn said(
        &self,
        (account, fan): (&str, &str),
        key: &MessageKey,
        sort: &str,
        create_time: i64,
    ) -> Said {
        let mut head = [0; 8];
        head.copy_from_slice(&key.0[..8]);
        Said {
            fan: self.hasher.hash_one((account, fan)),
            message: u64::from_be_bytes(head),
            sort: self.hasher.hash_one(sort),
            create_time,
            window_s: 0,
            is_message: true,
        }
    }

    /// Chooses between words and `success`, with a claim when words are said for the first time.
    pub(crate) fn judge(self: &Arc<Self>, said: &Said) -> (Judged, Option<Claim>) {
        let judged = self.shard(said.fan).judge(said);
        let claim = (judged.choice == Choice::Words { claimed: true }).then(|| Claim {
            memory: Arc::clone(self),
            fan: said.fan,
            message: said.message,
            kept: false,
        });
        (judged, claim)
    }

    /// Notes a message for which there are no words; returns which delivery of it this is.
    pub(crate) fn unspoken(&self, said: &Said) -> u32 {
        self.shard(said.fan).unspoken(said)
    }

    /// How many remembered fans have an unheard message, and how many are remembered.
    pub(crate) fn silent_fans(&self) -> (u64, u64) {
        self.shards.iter().fold((0, 0), |(silent, fans), shard| {
            let shard = lock(shard);
            (silent + shard.silent_fans(), fans + shard.fans())
        })
    }

    fn shard(&self, fan: u64) -> MutexGuard<'_, Shard> {
        // Bits from the middle: the maps inside use the lowest and the highest.
        lock(&self.shards[(fan >> 32) as usize % SHARDS])
    }
}

impl Claim {
    /// The answer goes out: the claim stands.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.kept {
            self.memory.shard(self.fan).retract(self.fan, self.message);
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::hexed::Hex;

    #[test]
    fn a_dropped_claim_is_taken_back_and_a_kept_one_stands() {
        let memory = ReplyMemory::new();
        let said = |n: u8| Said {
            window_s: 10,
            ..memory.said(("mi", "o1"), &Hex([n; 16]), "join", 100)
        };
        let (first, claim) = memory.judge(&said(1));
        assert_eq!(first.choice, Choice::Words { claimed: true });
        drop(claim);
        let (second, claim) = memory.judge(&said(2));
        assert_eq!(second.choice, Choice::Words { claimed: true });
        claim.unwrap().keep();
        assert_eq!(memory.judge(&said(3)).0.choice, Choice::Coalesced);
        assert_eq!(memory.silent_fans(), (0, 1));
    }
}
