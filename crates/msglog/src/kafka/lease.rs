//! What a member of a group owns, by what it was told and what the brokers have confirmed. Pure: time comes
//! as an argument.
//!
//! A group's coordinator gives the partitions of a silent member to others after the session time. A member
//! that was paused does not notice that by itself, so it owns nothing on its own word: each second it asks
//! the coordinator for a confirmation, and from the moment of *asking* the answer is good for less than a
//! session. Nobody else can have been given the partitions within that time.

use super::config::SESSION;
use crate::contract::GroupEvent;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How long a confirmation is good for, from when it was asked for.
const GOOD_FOR: Duration = SESSION.saturating_sub(Duration::from_secs(1));

/// How a partition is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Assigned; nobody has been told, because nothing has confirmed it yet.
    New,
    /// Told to the owner.
    Owned,
    /// To be given up.
    Revoking,
    /// Given up by the owner; waits for the others that were revoked with it.
    Released,
}

/// What a member owns.
#[derive(Debug, Default)]
pub(super) struct Lease {
    holds: BTreeMap<u32, Hold>,
    events: VecDeque<GroupEvent>,
    /// When the newest confirmation was asked for.
    confirmed: Option<Instant>,
    /// Counts assignments: a confirmation that was asked for before one says nothing about it.
    generation: u64,
}

impl Lease {
    /// These partitions were given to this member.
    pub(super) fn assign(&mut self, partitions: &[u32]) {
        self.generation = self.generation.wrapping_add(1);
        for partition in partitions {
            self.holds.insert(*partition, Hold::New);
        }
    }

    /// These are to be given up. Returns whether they can be at once: then they are.
    pub(super) fn revoke(&mut self, partitions: &[u32]) -> bool {
        let mut told = Vec::new();
        for partition in partitions {
            match self.holds.get_mut(partition) {
                Some(hold @ Hold::Owned) => {
                    *hold = Hold::Revoking;
                    told.push(*partition);
                }
                // The owner has never heard of it.
                Some(hold) => *hold = Hold::Released,
                None => {}
            }
        }
        self.tell_revoked(told);
        self.give_up(partitions)
    }

    /// These have been given to others already, or may have been.
    pub(super) fn lose(&mut self, partitions: &[u32]) {
        let owned = |partition: &&u32| self.holds.get(partition) == Some(&Hold::Owned);
        let told = partitions.iter().filter(owned).copied().collect();
        for partition in partitions {
            self.holds.remove(partition);
        }
        self.confirmed = None;
        self.tell_revoked(told);
    }

    /// Everything is lost.
    pub(super) fn lose_all(&mut self) {
        let all: Vec<u32> = self.holds.keys().copied().collect();
        self.lose(&all);
    }

    fn tell_revoked(&mut self, mut told: Vec<u32>) {
        if !told.is_empty() {
            told.sort_unstable();
            self.events.push_back(GroupEvent::Revoked(told));
        }
    }

    /// The owner has let go of these. Only what was revoked can be: anything else stays.
    pub(super) fn release(&mut self, partitions: &[u32]) {
        for partition in partitions {
            if let Some(hold @ Hold::Revoking) = self.holds.get_mut(partition) {
                *hold = Hold::Released;
            }
        }
    }

    /// Gives up these once none of them is in use any more; `false` while one is.
    pub(super) fn give_up(&mut self, partitions: &[u32]) -> bool {
        let in_use = partitions
            .iter()
            .any(|partition| self.holds.get(partition) == Some(&Hold::Revoking));
        if in_use {
            return false;
        }
        for partition in partitions {
            self.holds.remove(partition);
        }
        true
    }

    /// What a confirmation that is asked for now would be about; `None` when nothing is held.
    pub(super) fn question(&self) -> Option<(u32, u64)> {
        let partition = *self.holds.keys().next()?;
        Some((partition, self.generation))
    }

    /// The coordinator has confirmed what was asked at `asked` in this generation.
    pub(super) fn confirm(&mut self, asked: Instant, generation: u64) {
        if generation != self.generation || self.holds.is_empty() {
            return;
        }
        self.confirmed = Some(self.confirmed.map_or(asked, |before| before.max(asked)));
        let mut told = Vec::new();
        for (partition, hold) in &mut self.holds {
            if *hold == Hold::New {
                *hold = Hold::Owned;
                told.push(*partition);
            }
        }
        if !told.is_empty() {
            self.events.push_back(GroupEvent::Assigned(told));
        }
    }

    /// Whether something waits for a confirmation before the owner may hear of it.
    pub(super) fn is_waiting(&self) -> bool {
        self.holds.values().any(|hold| *hold == Hold::New)
    }

    /// The next thing to tell the owner.
    pub(super) fn next(&mut self) -> Option<GroupEvent> {
        self.events.pop_front()
    }

    /// Whether the partition is this member's at `now`.
    pub(super) fn owns(&self, partition: u32, now: Instant) -> bool {
        let is_held = matches!(
            self.holds.get(&partition),
            Some(Hold::Owned | Hold::Revoking)
        );
        is_held
            && self
                .confirmed
                .is_some_and(|asked| now.saturating_duration_since(asked) < GOOD_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(base: Instant, count: u64) -> Instant {
        base + Duration::from_secs(count)
    }

    fn held(base: Instant) -> Lease {
        let mut lease = Lease::default();
        lease.assign(&[0, 1]);
        let (_, generation) = lease.question().unwrap();
        lease.confirm(base, generation);
        assert_eq!(lease.next(), Some(GroupEvent::Assigned(vec![0, 1])));
        lease
    }

    #[test]
    fn nothing_is_owned_before_the_brokers_have_confirmed_it() {
        let base = Instant::now();
        let mut lease = Lease::default();
        assert_eq!(lease.question(), None);
        lease.assign(&[3]);
        let (partition, old) = lease.question().unwrap();
        assert_eq!((partition, lease.next()), (3, None));
        assert!(lease.is_waiting() && !lease.owns(3, base));
        lease.assign(&[4]);
        lease.confirm(base, old);
        assert_eq!(lease.next(), None, "it was asked for before the assignment");
        let (_, generation) = lease.question().unwrap();
        lease.confirm(base, generation);
        assert_eq!(lease.next(), Some(GroupEvent::Assigned(vec![3, 4])));
        assert!(lease.owns(3, base) && lease.owns(4, base) && !lease.owns(5, base));
    }

    #[test]
    fn a_member_that_was_paused_owns_nothing_whatever_it_believes() {
        let base = Instant::now();
        let mut lease = held(base);
        assert!(lease.owns(0, second(base, 4)));
        assert!(
            !lease.owns(0, second(base, 5)),
            "five seconds without an answer"
        );
        assert!(!lease.owns(0, second(base, 30)));
        // An answer to an old question renews nothing that has run out meanwhile.
        let (_, generation) = lease.question().unwrap();
        lease.confirm(second(base, 2), generation);
        assert!(lease.owns(0, second(base, 6)) && !lease.owns(0, second(base, 7)));
        lease.confirm(second(base, 1), generation);
        assert!(
            lease.owns(0, second(base, 6)),
            "an older answer takes nothing away"
        );
    }

    #[test]
    fn what_is_revoked_stays_until_the_owner_lets_go_of_all_of_it() {
        let base = Instant::now();
        let mut lease = held(base);
        assert!(!lease.revoke(&[0, 1]));
        assert_eq!(lease.next(), Some(GroupEvent::Revoked(vec![0, 1])));
        assert!(lease.owns(0, base) && lease.owns(1, base));
        lease.release(&[1]);
        assert!(lease.owns(0, base) && !lease.owns(1, base));
        assert!(!lease.give_up(&[0, 1]));
        lease.release(&[0]);
        assert!(lease.give_up(&[0, 1]));
        assert_eq!(lease.question(), None);
    }

    #[test]
    fn only_what_was_revoked_can_be_released() {
        let base = Instant::now();
        let mut lease = held(base);
        lease.release(&[0]);
        assert!(lease.owns(0, base));
    }

    #[test]
    fn what_is_lost_is_gone_at_once_and_told() {
        let base = Instant::now();
        let mut lease = held(base);
        lease.lose(&[0]);
        assert!(!lease.owns(0, base));
        assert!(!lease.owns(1, base), "the others need a new confirmation");
        assert_eq!(lease.next(), Some(GroupEvent::Revoked(vec![0])));
        let (_, generation) = lease.question().unwrap();
        lease.confirm(base, generation);
        assert!(lease.owns(1, base) && !lease.owns(0, base));
        lease.lose_all();
        assert_eq!(lease.next(), Some(GroupEvent::Revoked(vec![1])));
        lease.release(&[1]);
        assert_eq!((lease.next(), lease.question()), (None, None));
    }

    #[test]
    fn what_the_owner_never_heard_of_is_given_up_without_it() {
        let mut lease = Lease::default();
        lease.assign(&[0]);
        assert!(lease.revoke(&[0]));
        assert_eq!(lease.next(), None);
    }
}
