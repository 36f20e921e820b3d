//! Who can win and who has won before. Never who is right.

use crate::entrant::EntrantCode;
use campaign::{EligiblePolicy, OnePrizePer};
use std::collections::BTreeSet;

/// Why a fan is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bar {
    /// On the exclusion list.
    Excluded,
    /// Not following at the cut.
    NotFollowing,
    /// Did not follow before the time that the campaign asks for.
    FollowedLate,
    /// Has a prize of this class, or of this campaign.
    AlreadyHolds,
}

impl Bar {
    /// Every reason.
    pub const ALL: [Self; 4] = [
        Self::Excluded,
        Self::NotFollowing,
        Self::FollowedLate,
        Self::AlreadyHolds,
    ];

    /// Its name in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::NotFollowing => "not_following",
            Self::FollowedLate => "followed_late",
            Self::AlreadyHolds => "already_holds",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bar| bar.name() == name)
    }
}

/// What is known of one fan's following, in any order of arrival, up to the evaluation. CreateTimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Follow {
    /// The first subscribe or message: since then at the latest he has followed.
    pub since: Option<i64>,
    /// The last subscribe or message.
    pub last_seen: Option<i64>,
    /// The last unsubscribe.
    pub left: Option<i64>,
}

impl Follow {
    /// Takes a subscribe, or a message, which implies following.
    pub fn seen(&mut self, create_time: i64) {
        self.merge(&Self {
            since: Some(create_time),
            last_seen: Some(create_time),
            left: None,
        });
    }

    /// Takes an unsubscribe.
    pub fn unsubscribed(&mut self, create_time: i64) {
        self.left = self.left.max(Some(create_time));
    }

    /// Takes what another part of the log knows of the same fan.
    pub fn merge(&mut self, other: &Self) {
        self.since = match (self.since, other.since) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        self.last_seen = self.last_seen.max(other.last_seen);
        self.left = self.left.max(other.left);
    }

    /// Whether he follows. An unsubscribe stands against everything up to its second.
    #[must_use]
    pub fn is_following(&self) -> bool {
        match (self.last_seen, self.left) {
            (Some(seen), Some(left)) => seen > left,
            (None, Some(_)) => false,
            (_, None) => true,
        }
    }

    /// What bars the fan from winning by the campaign's policy; `excluded` is whether the
    /// exclusion list names him, and comes first.
    #[must_use]
    pub fn bar(&self, policy: &EligiblePolicy, excluded: bool) -> Option<Bar> {
        if excluded {
            return Some(Bar::Excluded);
        }
        if policy.must_follow && !self.is_following() {
            return Some(Bar::NotFollowing);
        }
        let before = policy.followed_before?;
        let early = self.since.is_some_and(|since| since < before);
        (!early).then_some(Bar::FollowedLate)
    }
}

/// Who holds a prize of which class, in the order of awards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holders {
    per: OnePrizePer,
    held: BTreeSet<(String, EntrantCode)>,
}

impl Holders {
    /// Nobody yet.
    #[must_use]
    pub fn new(per: OnePrizePer) -> Self {
        Self {
            per,
            held: BTreeSet::new(),
        }
    }

    /// Whether a further prize of this class would be one too many.
    #[must_use]
    pub fn holds(&self, class: &str, code: EntrantCode) -> bool {
        self.held.contains(&(self.class(class), code))
    }

    /// Notes an award. With one prize per nothing, there is nothing to note.
    pub fn add(&mut self, class: &str, code: EntrantCode) {
        if self.per != OnePrizePer::Nothing {
            self.held.insert((self.class(class), code));
        }
    }

    /// Takes an award back: declined, expired, revoked.
    pub fn remove(&mut self, class: &str, code: EntrantCode) {
        self.held.remove(&(self.class(class), code));
    }

    fn class(&self, class: &str) -> String {
        match self.per {
            OnePrizePer::Class => class.to_owned(),
            OnePrizePer::Campaign | OnePrizePer::Nothing => String::new(),
        }
    }
}
