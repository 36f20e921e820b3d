//! Which column family a bucket stands in. Each bucket has one of its own, to be dropped whole, up to a
//! bound: a family costs memory even when it is empty, and bucket numbers come from outside. Buckets
//! beyond the bound share one family, under their number.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Families of single buckets at most: a horizon of days needs about ten.
pub(super) const OWN_MAX: usize = 32;

/// Name of the shared family.
pub(super) const SHARED: &str = "buckets-shared";

/// Where a bucket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// In a family of its own.
    Own(u32),
    /// In the shared family, its number in front of each key.
    Shared(u32),
}

impl Home {
    /// Name of the family.
    pub(super) fn family(self) -> Cow<'static, str> {
        match self {
            Self::Own(bucket) => Cow::Owned(format!("bucket-{bucket}")),
            Self::Shared(_) => Cow::Borrowed(SHARED),
        }
    }

    /// The key as it stands in the family.
    pub(super) fn key(self, key: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Own(_) => Cow::Borrowed(key),
            Self::Shared(bucket) => Cow::Owned([&bucket.to_be_bytes(), key].concat()),
        }
    }
}

/// The bucket whose family bears this name.
pub(super) fn bucket_of(family: &str) -> Option<u32> {
    family.strip_prefix("bucket-")?.parse().ok()
}

/// The buckets that exist.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    own: BTreeSet<u32>,
    shared: BTreeSet<u32>,
}

impl Buckets {
    /// Takes in a bucket that was found.
    pub(super) fn insert(&mut self, home: Home) {
        match home {
            Home::Own(bucket) => self.own.insert(bucket),
            Home::Shared(bucket) => self.shared.insert(bucket),
        };
    }

    /// Takes a bucket out.
    pub(super) fn remove(&mut self, home: Home) {
        match home {
            Home::Own(bucket) => self.own.remove(&bucket),
            Home::Shared(bucket) => self.shared.remove(&bucket),
        };
    }

    /// Where a bucket stands; `None` when nothing was ever written into it.
    pub(super) fn home(&self, bucket: u32) -> Option<Home> {
        if self.own.contains(&bucket) {
            return Some(Home::Own(bucket));
        }
        self.shared
            .contains(&bucket)
            .then_some(Home::Shared(bucket))
    }

    /// Where a new bucket is to stand.
    pub(super) fn place_for(&self, bucket: u32) -> Home {
        if self.own.len() < OWN_MAX {
            Home::Own(bucket)
        } else {
            Home::Shared(bucket)
        }
    }

    /// All of them, the lowest first within each kind.
    pub(super) fn homes(&self) -> impl Iterator<Item = Home> {
        let own = self.own.iter().map(|bucket| Home::Own(*bucket));
        own.chain(self.shared.iter().map(|bucket| Home::Shared(*bucket)))
    }

    /// The lowest bucket.
    pub(super) fn lowest(&self) -> Option<u32> {
        self.own
            .first()
            .into_iter()
            .chain(self.shared.first())
            .copied()
            .min()
    }
}
