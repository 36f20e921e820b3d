//! What an operator may set about the journal, with its defaults. Nothing is read from files here.

use crate::contract::{Tier, TopicConfig};
use std::time::Duration;

/// Settings of a journal.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    /// Its topics; one that is missing on disk is created when the journal is opened.
    pub topics: Vec<TopicConfig>,
    /// Bytes of all segment files together; appends are refused rather than anything deleted. Ingress
    /// topics are refused at three quarters of it, consumers' at seven eighths, `control` at all of it,
    /// so that what drains can still write. `None`: only the disk bounds.
    pub max_bytes: Option<u64>,
    /// A segment that has reached this size is followed by a new one; 4 KiB to 1 GiB.
    pub segment_bytes: u64,
    /// What may wait in one topic's queue, in bytes of keys, values and book-keeping.
    pub queue_bytes: usize,
    /// How topics written by ingress gather.
    pub ingress_gather: Gather,
    /// How topics written by consumers gather.
    pub consumer_gather: Gather,
    /// Free bytes of the disk that each tier leaves untouched.
    pub reserve: Reserve,
    /// Goes on after corruption: damaged segments are copied to `quarantine/`, the damaged batches
    /// are replaced by gaps, and offsets continue beyond everything that may have been lost.
    pub accept_corruption: bool,
}

impl JournalConfig {
    /// The defaults for these topics.
    #[must_use]
    pub fn new(topics: Vec<TopicConfig>) -> Self {
        Self {
            topics,
            max_bytes: None,
            segment_bytes: 256 << 20,
            queue_bytes: 64 << 20,
            ingress_gather: Gather::default(),
            consumer_gather: Gather::default(),
            reserve: Reserve::default(),
            accept_corruption: false,
        }
    }

    pub(super) fn gather(&self, tier: Tier) -> Gather {
        match tier {
            Tier::Ingress => self.ingress_gather,
            Tier::Consumer => self.consumer_gather,
            Tier::Control => Gather::NEVER,
        }
    }
}

/// How long a busy writer waits for company before it writes. An idle one never waits: gathering
/// begins only after a flush of several appends that ended a moment ago, and it ends as soon as a
/// whole step brings nothing, or as many appends wait as the last flush had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gather {
    /// One step.
    pub step: Duration,
    /// All steps together.
    pub max: Duration,
}

impl Gather {
    /// Writes at once, always.
    pub const NEVER: Self = Self {
        step: Duration::ZERO,
        max: Duration::ZERO,
    };
}

impl Default for Gather {
    /// 0.5 to 2 ms, meant for some hundred connections; runs with other lengths told no clear difference.
    fn default() -> Self {
        Self {
            step: Duration::from_micros(500),
            max: Duration::from_millis(2),
        }
    }
}

/// Free bytes of the disk below which a tier is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// [`Tier::Ingress`].
    pub ingress_bytes: u64,
    /// [`Tier::Consumer`].
    pub consumer_bytes: u64,
    /// [`Tier::Control`].
    pub control_bytes: u64,
}

impl Default for Reserve {
    fn default() -> Self {
        Self {
            ingress_bytes: 2 << 30,
            consumer_bytes: 1 << 30,
            control_bytes: 256 << 20,
        }
    }
}

impl Reserve {
    pub(super) fn of(&self, tier: Tier) -> u64 {
        match tier {
            Tier::Ingress => self.ingress_bytes,
            Tier::Consumer => self.consumer_bytes,
            Tier::Control => self.control_bytes,
        }
    }
}
