//! Consumer groups inside one process, shared by the memory log and the journal: an even split of a
//! topic's partitions among the members, and a hand-over that waits for the former owner's release.
//! Offsets never live here: whoever consumes keeps them with its state.

use crate::contract::{GroupEvent, LogError, Membership};
use crate::sync::{deadline, lock, wait_until};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// All groups of one log.
#[derive(Default)]
pub(crate) struct Groups {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    groups: Mutex<BTreeMap<Name, Group>>,
    changed: Condvar,
}

/// Group and topic.
type Name = (String, String);

#[derive(Default)]
struct Group {
    members: BTreeMap<u64, Member>,
    free: BTreeSet<u32>,
    next_member: u64,
}

#[derive(Default)]
struct Member {
    /// Its partitions, without those that are being given up.
    owned: BTreeSet<u32>,
    /// Revoked and not released yet.
    revoking: BTreeSet<u32>,
    events: VecDeque<GroupEvent>,
}

impl Groups {
    /// Adds a member; its first event is what it was assigned.
    pub(crate) fn join(&self, group: &str, topic: &str, partitions: u32) -> Box<dyn Membership> {
        let name = (group.to_owned(), topic.to_owned());
        let mut groups = lock(&self.shared.groups);
        let entry = groups.entry(name.clone()).or_insert_with(|| Group {
            free: (0..partitions).collect(),
            ..Group::default()
        });
        let id = entry.next_member;
        entry.next_member = entry.next_member.saturating_add(1);
        entry.members.insert(id, Member::default());
        entry.rebalance();
        self.shared.changed.notify_all();
        drop(groups);
        Box::new(Handle {
            shared: Arc::clone(&self.shared),
            name,
            id,
        })
    }
}

impl Group {
    /// Revokes what is above a member's even share and gives away what is free. Members that hold
    /// most keep the larger shares, so that as little as possible moves.
    fn rebalance(&mut self) {
        if self.members.is_empty() {
            return;
        }
        let held: usize = self
            .members
            .values()
            .map(|m| m.owned.len() + m.revoking.len())
            .sum();
        let total = held + self.free.len();
        let (base, larger) = (total / self.members.len(), total % self.members.len());
        let mut order: Vec<(std::cmp::Reverse<usize>, u64)> = self
            .members
            .iter()
            .map(|(id, m)| (std::cmp::Reverse(m.owned.len()), *id))
            .collect();
        order.sort_unstable();
        for (place, (_, id)) in order.into_iter().enumerate() {
            let share = base + usize::from(place < larger);
            if let Some(member) = self.members.get_mut(&id) {
                member.shrink_to(share);
                member.fill_to(share, &mut self.free);
            }
        }
    }
}

impl Member {
    fn shrink_to(&mut self, share: usize) {
        let mut revoked = Vec::new();
        while self.owned.len() > share {
            revoked.extend(self.owned.pop_last());
        }
        if !revoked.is_empty() {
            revoked.sort_unstable();
            self.revoking.extend(&revoked);
            self.events.push_back(GroupEvent::Revoked(revoked));
        }
    }

    fn fill_to(&mut self, share: usize, free: &mut BTreeSet<u32>) {
        let mut assigned = Vec::new();
        while self.owned.len() < share {
            let Some(partition) = free.pop_first() else {
                break;
            };
            self.owned.insert(partition);
            assigned.push(partition);
        }
        if !assigned.is_empty() {
            self.events.push_back(GroupEvent::Assigned(assigned));
        }
    }
}

/// One member's end of its group.
struct Handle {
    shared: Arc<Shared>,
    name: Name,
    id: u64,
}

impl Membership for Handle {
    fn poll(&mut self, wait: Duration) -> Result<Option<GroupEvent>, LogError> {
        let until = deadline(wait);
        let mut groups = lock(&self.shared.groups);
        loop {
            let event = groups
                .get_mut(&self.name)
                .and_then(|group| group.members.get_mut(&self.id))
                .and_then(|member| member.events.pop_front());
            if event.is_some() {
                return Ok(event);
            }
            let (guard, late) = wait_until(&self.shared.changed, groups, until);
            if late {
                return Ok(None);
            }
            groups = guard;
        }
    }

    fn release(&mut self, partitions: &[u32]) {
        let mut groups = lock(&self.shared.groups);
        let Some(group) = groups.get_mut(&self.name) else {
            return;
        };
        let Some(member) = group.members.get_mut(&self.id) else {
            return;
        };
        // Only what was revoked can be given up: anything else stays, so that nothing gets two owners.
        for partition in partitions {
            if member.revoking.remove(partition) {
                group.free.insert(*partition);
            }
        }
        group.rebalance();
        self.shared.changed.notify_all();
    }

    fn owns(&self, partition: u32) -> bool {
        lock(&self.shared.groups)
            .get(&self.name)
            .and_then(|group| group.members.get(&self.id))
            .is_some_and(|m| m.owned.contains(&partition) || m.revoking.contains(&partition))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut groups = lock(&self.shared.groups);
        let Some(group) = groups.get_mut(&self.name) else {
            return;
        };
        if let Some(member) = group.members.remove(&self.id) {
            group.free.extend(member.owned);
            group.free.extend(member.revoking);
        }
        group.rebalance();
        if group.members.is_empty() {
            groups.remove(&self.name);
        }
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn event(member: &mut Box<dyn Membership>) -> Option<GroupEvent> {
        member.poll(NOW).unwrap()
    }

    #[test]
    fn a_second_member_gets_its_half_only_after_the_first_has_released() {
        let groups = Groups::default();
        let mut a = groups.join("g", "t", 4);
        assert_eq!(event(&mut a), Some(GroupEvent::Assigned(vec![0, 1, 2, 3])));
        let mut b = groups.join("g", "t", 4);
        assert_eq!(event(&mut a), Some(GroupEvent::Revoked(vec![2, 3])));
        assert_eq!(event(&mut b), None);
        assert!(a.owns(2) && !b.owns(2));
        a.release(&[2]);
        assert_eq!(event(&mut b), Some(GroupEvent::Assigned(vec![2])));
        assert!(!a.owns(2) && b.owns(2));
        a.release(&[0, 3]);
        assert!(a.owns(0), "only what was revoked can be released");
        assert_eq!(event(&mut b), Some(GroupEvent::Assigned(vec![3])));
    }

    #[test]
    fn dropping_a_member_leaves() {
        let groups = Groups::default();
        let a = groups.join("g", "t", 3);
        let mut b = groups.join("g", "t", 3);
        drop(a);
        let mut all = Vec::new();
        while let Some(GroupEvent::Assigned(more)) = event(&mut b) {
            all.extend(more);
        }
        assert_eq!(all, vec![0, 1, 2]);
    }

    #[test]
    fn groups_and_topics_do_not_meet() {
        let groups = Groups::default();
        let mut a = groups.join("g", "t", 1);
        let mut b = groups.join("h", "t", 1);
        let mut c = groups.join("g", "u", 1);
        for member in [&mut a, &mut b, &mut c] {
            assert_eq!(event(member), Some(GroupEvent::Assigned(vec![0])));
        }
    }

    #[test]
    fn more_members_than_partitions_leaves_the_last_without_any() {
        let groups = Groups::default();
        let mut members: Vec<_> = (0..4).map(|_| groups.join("g", "t", 2)).collect();
        // Everybody gives up what it is asked for until nothing changes any more.
        let mut quiet = false;
        while !quiet {
            quiet = true;
            for member in &mut members {
                while let Some(change) = event(member) {
                    quiet = false;
                    if let GroupEvent::Revoked(revoked) = change {
                        member.release(&revoked);
                    }
                }
            }
        }
        for partition in 0..2 {
            assert_eq!(members.iter().filter(|m| m.owns(partition)).count(), 1);
        }
        assert!(members.iter().all(|m| !(m.owns(0) && m.owns(1))));
    }
}
