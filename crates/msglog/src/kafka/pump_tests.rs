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

const SOON: Duration = Duration::from_secs(60);

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

/// Appends so many records, one call each, and returns their answers.
fn many(appender: &KafkaAppender, count: u64) -> Vec<Answer> {
    let collected = Collected::new();
    let mailbox: Arc<dyn Mailbox> = collected.mailbox();
    for slot in 0..count {
        appender.append(call(slot), &mailbox).unwrap();
    }
    collected.wait(usize::try_from(count).unwrap(), SOON)
}

/// Where these stand, in the order of the answers; all of them must.
fn places(answers: &[Answer]) -> Vec<u64> {
    let place = |answer: &Answer| answer.result.as_ref().unwrap().offset().unwrap();
    answers.iter().map(place).collect()
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
fn a_producer_that_the_brokers_have_forgotten_goes_on_under_a_new_epoch() {
    for tier in [Tier::Ingress, Tier::Consumer] {
        let mock = Mock::new(1).unwrap();
        let (_shared, appender) = appender(&mock, tier);
        assert_eq!(places(&many(&appender, 3)), [0, 1, 2]);
        mock.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID],
        );
        let expected: Vec<u64> = (3..53).collect();
        assert_eq!(
            places(&many(&appender, 50)),
            expected,
            "{tier:?}: no hole, no echo"
        );
    }
}

/// A record that fails for good while its successors could go through: ingress answers it and goes on under a new epoch,
/// a stage must begin again where its output ends.
#[test]
fn a_producer_whose_epoch_is_too_old_goes_on_for_ingress_and_ends_for_a_stage() {
    let fence = |mock: &Mock| {
        mock.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH],
        );
    };
    let mock = Mock::new(1).unwrap();
    let (_shared, ingress) = appender(&mock, Tier::Ingress);
    assert_eq!(places(&many(&ingress, 2)), [0, 1]);
    fence(&mock);
    let error = one(&ingress, 0).unwrap().result.unwrap_err();
    assert!(matches!(error, LogError::Away { .. }), "{error}");
    assert_eq!(places(&many(&ingress, 20)), (2..22).collect::<Vec<_>>());

    let mock = Mock::new(1).unwrap();
    let (shared, stage) = appender(&mock, Tier::Consumer);
    assert_eq!(places(&many(&stage, 2)), [0, 1]);
    fence(&mock);
    let error = one(&stage, 0).unwrap().result.unwrap_err();
    assert!(matches!(error, LogError::Poisoned { .. }), "{error}");
    assert!(one(&stage, 1).is_err(), "nothing goes through behind it");
    let topic = shared.config.topics[0].clone();
    let again = KafkaAppender::new(Arc::clone(&shared), topic).unwrap();
    assert_eq!(places(&many(&again, 20)), (2..22).collect::<Vec<_>>());
}

#[test]
fn a_record_that_is_stored_already_and_whose_place_is_forgotten_counts_as_failed() {
    for tier in [Tier::Ingress, Tier::Consumer] {
        let mock = Mock::new(1).unwrap();
        let (_shared, appender) = appender(&mock, tier);
        assert!(one(&appender, 0).unwrap().result.is_ok());
        mock.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER],
        );
        let error = one(&appender, 1).unwrap().result.unwrap_err();
        assert!(
            error.to_string().contains("its place is not known"),
            "{error}"
        );
    }
}

#[test]
fn a_producer_that_loses_every_broker_says_so_until_one_answers() {
    let mock = Mock::new(2).unwrap();
    let (shared, appender) = appender(&mock, Tier::Ingress);
    assert!(one(&appender, 0).unwrap().result.is_ok());
    assert!(!appender.is_away());
    mock.broker_down(1).unwrap();
    mock.broker_down(2).unwrap();
    let collected = Collected::new();
    appender.append(call(1), &collected.mailbox()).unwrap();
    let until = Instant::now() + SOON;
    while !appender.is_away() {
        assert!(Instant::now() < until, "nobody has noticed");
        std::thread::yield_now();
    }
    assert!(!shared.is_away(), "the watch has not looked yet");
    assert!(!shared.ping(Duration::from_millis(500)) && appender.is_away());
    mock.broker_up(1).unwrap();
    mock.broker_up(2).unwrap();
    while !shared.ping(Duration::from_millis(500)) {
        assert!(Instant::now() < until + SOON, "nobody answers");
    }
    assert!(!shared.is_away() && !appender.is_away());
    assert!(collected.wait(1, SOON)[0].result.is_ok());
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
