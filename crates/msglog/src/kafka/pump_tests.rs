//! Errors that no real broker gives on request, given by the client's own mock of a cluster.

use crate::conformance::Collected;
use crate::contract::{
    Answer, Appender, LogError, LogId, Mailbox, NewRecord, Refusal, Tier, TopicConfig,
};
use crate::kafka::KafkaConfig;
use crate::kafka::appender::KafkaAppender;
use crate::kafka::facts::TopicFacts;
use crate::kafka::shared::Shared;
use bytes::Bytes;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Mock = MockCluster<'static, DefaultProducerContext>;

const SOON: Duration = Duration::from_secs(20);

/// An appender on a mock cluster, as of a log whose topics have been verified.
fn appender(mock: &Mock, tier: Tier) -> (Arc<Shared>, Arc<KafkaAppender>) {
    mock.create_topic("spillway.t", 2, 1).unwrap();
    let topic = TopicConfig {
        name: "t".to_owned(),
        partitions: 2,
        retention: None,
        tier,
    };
    let mut config = KafkaConfig::new(vec![mock.bootstrap_servers()], vec![topic.clone()]);
    config.linger = Duration::from_millis(1);
    let facts = TopicFacts {
        log: LogId([1; 16]),
        topics: BTreeMap::new(),
    };
    let shared = Arc::new(Shared::new(config, facts, true).unwrap());
    let appender = KafkaAppender::new(Arc::clone(&shared), topic).unwrap();
    (shared, appender)
}

fn call(slot: u64) -> Vec<(NewRecord, u64)> {
    let record = NewRecord {
        partition: 1,
        key: Bytes::new(),
        value: Bytes::from_static(b"value"),
    };
    vec![(record, slot)]
}

/// Appends one record and returns its answer.
fn one(appender: &KafkaAppender, slot: u64) -> Result<Answer, Refusal> {
    let collected = Collected::new();
    let sent = appender.append(call(slot), &collected.mailbox());
    sent.map_err(|refused| refused.reason)?;
    Ok(collected.wait(1, SOON).remove(0))
}

/// What ends an idempotent producer for good: its first record is refused as out of order.
fn break_producer(mock: &Mock) {
    mock.request_errors(
        RDKafkaApiKey::Produce,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
    );
}

#[test]
fn ingress_replaces_a_producer_that_cannot_go_on() {
    let mock = Mock::new(1).unwrap();
    let (shared, appender) = appender(&mock, Tier::Ingress);
    assert!(one(&appender, 0).unwrap().result.is_ok());
    break_producer(&mock);
    let answer = one(&appender, 1).unwrap();
    let error = answer.result.unwrap_err();
    assert!(matches!(error, LogError::Away { .. }), "{error}");
    let until = Instant::now() + SOON;
    let again = loop {
        assert!(Instant::now() < until, "no new producer has come");
        // While it is being replaced a record is refused, or was queued just before that and comes back.
        match one(&appender, 2).map(|answer| answer.result) {
            Ok(Ok(durable)) => break durable,
            Ok(Err(error)) => assert!(matches!(error, LogError::Away { .. }), "{error}"),
            Err(reason) => assert!(
                matches!(reason, Refusal::Log(LogError::Away { .. })),
                "{reason}"
            ),
        }
    };
    assert!(again.offset().is_some(), "{again:?}");
    assert_eq!(shared.refusal(), None);
}

#[test]
fn a_stage_s_appender_ends_with_a_producer_that_cannot_go_on() {
    let mock = Mock::new(1).unwrap();
    let (_shared, appender) = appender(&mock, Tier::Consumer);
    assert!(one(&appender, 0).unwrap().result.is_ok());
    break_producer(&mock);
    let error = one(&appender, 1).unwrap().result.unwrap_err();
    assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    let refused = one(&appender, 2).unwrap_err();
    assert!(
        matches!(refused, Refusal::Log(LogError::Poisoned { .. })),
        "{refused}"
    );
}

#[test]
fn what_passes_is_tried_again_by_itself_and_answered_in_order() {
    let mock = Mock::new(1).unwrap();
    let (_shared, appender) = appender(&mock, Tier::Consumer);
    mock.request_errors(
        RDKafkaApiKey::Produce,
        &[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        ],
    );
    let collected = Collected::new();
    let mailbox: Arc<dyn Mailbox> = collected.mailbox();
    for slot in 0..200 {
        appender.append(call(slot), &mailbox).unwrap();
    }
    let answers = collected.wait(200, SOON);
    let slots: Vec<u64> = answers.iter().map(|answer| answer.slot).collect();
    assert_eq!(slots, (0..200).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.result.is_ok()));
}
