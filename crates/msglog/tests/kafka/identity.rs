//! What a log is held to when it is opened and while it is open: layout, settings, identity.

use crate::harness::{admin, config, fresh, refusal, shared_broker, topic, until, wait};
use bytes::Bytes;
use msglog::conformance::Collected;
use msglog::{Kafka, KafkaConfig, Log, LogError, NewRecord, Refusal, Tier, TopicFacts};
use rdkafka::admin::AdminOptions;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

fn one(value: &'static str) -> Vec<(NewRecord, u64)> {
    let record = NewRecord {
        partition: 1,
        key: Bytes::new(),
        value: Bytes::from_static(value.as_bytes()),
    };
    vec![(record, 0)]
}

fn delete(config: &KafkaConfig, name: &str) {
    let name = format!("{}{name}", config.topic_prefix);
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    wait(admin(config).delete_topics(&[&name], &options)).unwrap()[0]
        .as_ref()
        .unwrap();
}

/// Makes what is missing, as soon as the brokers have forgotten the old topic.
fn make_again(config: &KafkaConfig) {
    until("the topic again", SOON, || {
        Kafka::create_topics(config).is_ok_and(|states| states.iter().any(|state| state.created))
    });
}

#[test]
fn topics_are_made_once_and_are_one_log() {
    let cluster = shared_broker();
    let topics = vec![topic("a", Tier::Ingress), topic("b", Tier::Consumer)];
    let config = config(cluster.bootstrap(), topics);
    let text = refusal(Kafka::open(config.clone()));
    assert!(text.contains("spillway topics create"), "{text}");
    let made = Kafka::create_topics(&config).unwrap();
    for state in &made {
        assert!(state.created && state.problems.is_empty(), "{state:?}");
        assert_eq!((state.partitions, state.replication), (4, 1));
        assert_eq!(state.retention, Some(Duration::from_secs(3600)));
    }
    let again = Kafka::create_topics(&config).unwrap();
    assert!(again.iter().all(|state| !state.created));
    assert_eq!(again.len(), Kafka::describe(&config).unwrap().len());
    let (first, second) = (
        Kafka::open(config.clone()).unwrap(),
        Kafka::open(config.clone()).unwrap(),
    );
    assert_eq!((first.id(), first.facts()), (second.id(), second.facts()));
    let mut other = config.clone();
    other.topic_prefix.push_str("other.");
    Kafka::create_topics(&other).unwrap();
    assert_ne!(Kafka::open(other).unwrap().id(), first.id());
}

#[test]
fn what_is_not_as_configured_is_refused_by_name() {
    let cluster = shared_broker();
    let good = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    drop(fresh(&good));
    type Change = fn(&mut KafkaConfig);
    let cases: [(Change, &str); 4] = [
        (
            |c| c.topics[0].partitions = 8,
            "has 4 partitions, 8 are configured",
        ),
        (|c| c.replication = 2, "has 1 replicas, 2 are configured"),
        (
            |c| c.topics[0].retention = None,
            "retention.ms = 3600000, -1 is configured",
        ),
        (
            |c| (c.replication, c.min_insync_replicas) = (2, 2),
            "min.insync.replicas = 1, 2 is configured",
        ),
    ];
    for (change, words) in cases {
        let mut config = good.clone();
        change(&mut config);
        let text = refusal(Kafka::open(config));
        assert!(
            text.contains(words) && text.contains(&good.topic_prefix),
            "{text}"
        );
    }
    let mut three = good.clone();
    (three.replication, three.single_broker) = (3, false);
    assert!(refusal(Kafka::open(three.clone())).contains("single_broker"));
    three.min_insync_replicas = 2;
    three.topic_prefix.push_str("three.");
    let text = refusal(Kafka::create_topics(&three));
    assert!(text.contains("fewer than 3 brokers"), "{text}");
    // A topic of somebody else's making carries no identity.
    let mut foreign = good.clone();
    foreign.topic_prefix.push_str("foreign.");
    let name = format!("{}a", foreign.topic_prefix);
    let said = cluster
        .tool(
            "org.apache.kafka.tools.TopicCommand",
            &["--create", "--topic", &name, "--partitions", "4"],
        )
        .unwrap();
    assert!(said.status.success());
    until("the refusal", SOON, || {
        refusal(Kafka::open(foreign.clone())).contains("carries no identity")
    });
}

#[test]
fn a_topic_deleted_and_made_again_ends_the_log_instead_of_skipping_records() {
    let cluster = shared_broker();
    let topics = vec![topic("a", Tier::Ingress), topic("b", Tier::Consumer)];
    let config = config(cluster.bootstrap(), topics);
    let log = fresh(&config);
    let before = log.facts();
    let appender = log.appender("a").unwrap();
    let collected = Collected::new();
    appender.append(one("old"), &collected.mailbox()).unwrap();
    assert!(collected.wait(1, SOON)[0].result.is_ok());
    let mut reader = log.reader("a").unwrap();
    reader.seek(1, 1).unwrap();
    delete(&config, "a");
    make_again(&config);
    until("the refusal", SOON, || log.refusal().is_some());
    let reason = log.refusal().unwrap();
    assert!(reason.contains("deleted and made again"), "{reason}");
    let refused = appender
        .append(one("new"), &collected.mailbox())
        .unwrap_err();
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::Mismatch(_))
    ));
    assert!(matches!(
        reader.poll(1, 1, Duration::ZERO),
        Err(LogError::Mismatch(_))
    ));
    assert!(log.end_offset("a", 1).is_err() && log.end_offset("b", 1).is_err());
    // The next start sees it too, by what was verified before.
    let now = Kafka::open(config.clone()).unwrap().facts();
    assert_eq!(now.log, before.log, "the other topic is still of this log");
    let difference = before.difference(&now).unwrap();
    assert!(
        difference.contains("\"a\" was deleted and made again"),
        "{difference}"
    );
    let known = Kafka::open_known(config, TopicFacts::parse(&before.to_text()).unwrap()).unwrap();
    until("the refusal", SOON, || known.refusal().is_some());
}

#[test]
fn a_topic_that_is_gone_ends_the_log() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    let log = fresh(&config);
    delete(&config, "a");
    until("the refusal", SOON, || log.refusal().is_some());
    let reason = log.refusal().unwrap();
    assert!(reason.contains("is not there"), "{reason}");
}
