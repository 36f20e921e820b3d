//! Members of groups: names that stay, members that vanish, processes that were paused.

use crate::harness::{config, fresh, one_broker, shared_broker, topic, until};
use msglog::conformance::PARTITIONS;
use msglog::{GroupEvent, Kafka, KafkaConfig, Log, Membership, Tier};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
/// What must be taken over is, within this.
const TAKE_OVER: Duration = Duration::from_secs(10);

type Member = Box<dyn Membership>;

fn owned(member: &Member) -> usize {
    (0..PARTITIONS).filter(|p| member.owns(*p)).count()
}

/// Follows the group until this member has so many.
fn follow(member: &mut Member, count: usize) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    let deadline = Instant::now() + SOON;
    while all.len() != count {
        assert!(Instant::now() < deadline, "{all:?}");
        match member.poll(Duration::from_millis(100)).unwrap() {
            Some(GroupEvent::Assigned(more)) => all.extend(more),
            Some(GroupEvent::Revoked(gone)) => {
                all.retain(|partition| !gone.contains(partition));
                member.release(&gone);
            }
            None => {}
        }
    }
    all
}

fn named(config: &KafkaConfig, name: &str) -> Arc<Kafka> {
    let mut config = config.clone();
    config.instance = name.to_owned();
    Kafka::open(config).unwrap()
}

#[test]
fn a_named_member_that_comes_back_soon_moves_nothing() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    drop(fresh(&config));
    let (one, two) = (named(&config, "one"), named(&config, "two"));
    let mut first = one.join("g", "a").unwrap();
    follow(&mut first, 4);
    let mut second = two.join("g", "a").unwrap();
    until("an even split", SOON, || {
        for member in [&mut first, &mut second] {
            if let Some(GroupEvent::Revoked(gone)) = member.poll(Duration::ZERO).unwrap() {
                member.release(&gone);
            }
        }
        owned(&first) == 2 && owned(&second) == 2
    });
    let before: Vec<bool> = (0..PARTITIONS).map(|p| first.owns(p)).collect();
    drop(first);
    let mut first = one.join("g", "a").unwrap();
    follow(&mut first, 2);
    let after: Vec<bool> = (0..PARTITIONS).map(|p| first.owns(p)).collect();
    assert_eq!(before, after, "it has what it had");
    while let Some(event) = second.poll(Duration::ZERO).unwrap() {
        assert!(!matches!(event, GroupEvent::Revoked(_)), "nothing moved");
    }
    assert_eq!(owned(&second), 2);
}

#[test]
fn a_named_member_that_stays_away_is_taken_over_within_ten_seconds() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    drop(fresh(&config));
    let (one, two) = (named(&config, "one"), named(&config, "two"));
    let mut first = one.join("g", "a").unwrap();
    follow(&mut first, 4);
    let mut second = two.join("g", "a").unwrap();
    let revoked = loop {
        if let Some(GroupEvent::Revoked(gone)) = first.poll(SOON).unwrap() {
            break gone;
        }
    };
    first.release(&revoked);
    follow(&mut second, 2);
    let began = Instant::now();
    drop(first);
    follow(&mut second, 2);
    assert_eq!(owned(&second), 4);
    let took = began.elapsed();
    assert!(took < TAKE_OVER + Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_member_whose_broker_is_silent_owns_nothing_after_the_session() {
    let cluster = one_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    let log = fresh(&config);
    let mut member = log.join("g", "a").unwrap();
    follow(&mut member, 4);
    assert_eq!(owned(&member), 4);
    cluster.stall(0);
    let began = Instant::now();
    until("the end of the lease", Duration::from_secs(6), || {
        owned(&member) == 0
    });
    assert!(
        began.elapsed() > Duration::from_secs(1),
        "not at the first silence"
    );
    cluster.resume(0);
    until("the lease again", SOON, || {
        if let Some(GroupEvent::Revoked(gone)) = member.poll(Duration::ZERO).unwrap() {
            member.release(&gone);
        }
        owned(&member) == 4
    });
}
