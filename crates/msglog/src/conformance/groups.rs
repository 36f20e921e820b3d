//! Consumer groups: one owner, a clean hand-over.

use super::{Factory, PARTITIONS, SOON, TOPIC};
use crate::contract::{GroupEvent, Membership};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

type Member = Box<dyn Membership>;

/// Nobody gets a partition before its former owner has released it, and whoever leaves gives all up.
pub fn one_owner_per_partition_and_a_clean_hand_over(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let mut first = log.join("group", TOPIC).unwrap();
    let mut mine = assigned(&mut first, PARTITIONS as usize);
    assert_eq!(mine.len(), PARTITIONS as usize);
    let mut second = log.join("group", TOPIC).unwrap();
    let revoked = loop {
        match first.poll(SOON).unwrap().expect("something is revoked") {
            GroupEvent::Revoked(revoked) => break revoked,
            GroupEvent::Assigned(more) => mine.extend(more),
        }
    };
    assert_eq!(revoked.len(), PARTITIONS as usize / 2);
    assert_eq!(
        second.poll(Duration::from_millis(50)).unwrap(),
        None,
        "not before the release"
    );
    for partition in &revoked {
        assert!(first.owns(*partition) && !second.owns(*partition));
    }
    first.release(&revoked);
    let theirs = assigned(&mut second, revoked.len());
    assert_eq!(theirs, revoked.iter().copied().collect());
    for partition in 0..PARTITIONS {
        assert!(
            first.owns(partition) != second.owns(partition),
            "{partition} has one owner"
        );
    }
    drop(first);
    let rest = assigned(&mut second, PARTITIONS as usize - theirs.len());
    assert_eq!(rest.union(&theirs).count(), PARTITIONS as usize);
    assert!((0..PARTITIONS).all(|partition| second.owns(partition)));
    assert!(!second.owns(PARTITIONS));
}

fn assigned(member: &mut Member, count: usize) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    while all.len() < count {
        match member.poll(SOON).unwrap().expect("an assignment") {
            GroupEvent::Assigned(more) => all.extend(more),
            GroupEvent::Revoked(revoked) => member.release(&revoked),
        }
    }
    all
}

/// Two members end with the same number of partitions, whoever came first; another group and another
/// member of it are not concerned.
pub fn two_members_share_evenly(factory: Factory<'_>) {
    let harness = factory();
    let log = harness.log();
    let mut members = vec![
        log.join("group", TOPIC).unwrap(),
        log.join("group", TOPIC).unwrap(),
    ];
    let other = log.join("other group", TOPIC).unwrap();
    let until = Instant::now() + SOON;
    loop {
        for member in &mut members {
            if let Some(GroupEvent::Revoked(revoked)) = member.poll(Duration::ZERO).unwrap() {
                member.release(&revoked);
            }
        }
        let owned = |member: &Member| (0..PARTITIONS).filter(|p| member.owns(*p)).count();
        let is_even = members
            .iter()
            .all(|member| owned(member) == PARTITIONS as usize / 2);
        if is_even && owned(&other) == PARTITIONS as usize {
            return;
        }
        assert!(Instant::now() < until, "the split is not even");
        std::thread::yield_now();
    }
}
