//! Producers: what is refused, what is answered, and what a failure ends.

use crate::harness::{config, fresh, one_broker, shared_broker, shrink, topic, until};
use bytes::Bytes;
use msglog::conformance::{Collected, QUEUE_BYTES};
use msglog::{Kafka, Log, LogError, Mailbox, NewRecord, Refusal, Tier};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

fn record(partition: u32, value: &[u8]) -> NewRecord {
    NewRecord {
        partition,
        key: Bytes::from_static(b"k"),
        value: Bytes::copy_from_slice(value),
    }
}

fn records(count: u64, bytes: usize) -> Vec<(NewRecord, u64)> {
    let value = vec![b'v'; bytes];
    (0..count).map(|slot| (record(0, &value), slot)).collect()
}

#[test]
fn the_mark_of_somebody_elses_transaction_ends_no_reader_silently_and_is_an_error_in_the_middle() {
    let cluster = one_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Consumer)]);
    let log = fresh(&config);
    let foreign: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", config.bootstrap.join(","))
        .set("transactional.id", "somebody else")
        .create()
        .unwrap();
    foreign.init_transactions(SOON).unwrap();
    foreign.begin_transaction().unwrap();
    let name = format!("{}a", config.topic_prefix);
    let said = BaseRecord::<(), str>::to(&name).partition(0).payload("x");
    foreign.send(said).map_err(|(error, _)| error).unwrap();
    foreign.commit_transaction(SOON).unwrap();

    // At the end: nothing comes in the time that was asked for, and whoever reads to the end gives up by itself.
    until("the mark", SOON, || log.end_offset("a", 0).unwrap() == 2);
    let mut reader = log.reader("a").unwrap();
    reader.seek(0, 0).unwrap();
    assert_eq!(reader.poll(10, 1_000, SOON).unwrap().len(), 1);
    let wait = Duration::from_millis(500);
    assert!(reader.poll(10, 1_000, wait).unwrap().is_empty());
    assert_eq!(
        reader.position(0),
        Some(1),
        "before the mark, not beyond it"
    );
    // In the middle: an error that says what was done to the topic.
    let collected = Collected::new();
    let appender = log.appender("a").unwrap();
    appender
        .append(records(1, 1), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(1, SOON).len(), 1);
    let mut error = None;
    until("the gap to be told", SOON, || {
        error = reader.poll(10, 1_000, wait).err();
        error.is_some()
    });
    let error = error.unwrap().to_string();
    assert!(
        error.contains("a gap") && error.contains("transactions"),
        "{error}"
    );
}

#[test]
fn a_full_queue_takes_none_of_a_call_and_frees_up_again() {
    let cluster = one_broker();
    let mut config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    config.queue_bytes = QUEUE_BYTES;
    config.queue_records = 100;
    let log = fresh(&config);
    let appender = log.appender("a").unwrap();
    let collected = Collected::new();
    appender
        .append(records(1, 1), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(1, SOON).len(), 1);
    cluster.stall(0);
    appender
        .append(records(60, 10), &collected.mailbox())
        .unwrap();
    for call in [records(41, 10), records(1, QUEUE_BYTES)] {
        let refused = appender
            .append(call.clone(), &collected.mailbox())
            .unwrap_err();
        assert!(matches!(refused.reason, Refusal::QueueFull));
        assert_eq!(refused.records, call, "handed back as they came");
    }
    appender
        .append(records(40, 10), &collected.mailbox())
        .unwrap();
    cluster.resume(0);
    let answers = collected.wait(101, SOON);
    assert!(answers.iter().all(|answer| answer.result.is_ok()));
    assert_eq!(
        log.end_offset("a", 0).unwrap(),
        101,
        "nothing of a refused call went through"
    );
    appender
        .append(records(100, 10), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(201, SOON).len(), 201);
}

#[test]
fn a_mailbox_gets_lists_and_not_single_answers() {
    #[derive(Default)]
    struct Counting {
        calls: AtomicUsize,
        answers: AtomicUsize,
    }
    impl Mailbox for Counting {
        fn deliver(&self, answers: Vec<msglog::Answer>) {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.answers.fetch_add(answers.len(), Ordering::Relaxed);
        }
    }
    let cluster = shared_broker();
    let mut config = config(cluster.bootstrap(), vec![topic("a", Tier::Ingress)]);
    config.linger = Duration::from_millis(50);
    let log = fresh(&config);
    let appender = log.appender("a").unwrap();
    let counting = Arc::new(Counting::default());
    let mailbox: Arc<dyn Mailbox> = counting.clone();
    for _ in 0..2_000 {
        appender.append(records(1, 100), &mailbox).unwrap();
    }
    until("every answer", SOON, || {
        counting.answers.load(Ordering::Relaxed) == 2_000
    });
    let calls = counting.calls.load(Ordering::Relaxed);
    assert!(calls <= 200, "{calls} deliveries for 2,000 answers");
}

#[test]
fn what_is_dropped_is_still_answered_and_what_is_closed_is_told_apart() {
    let cluster = one_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Consumer)]);
    let log = fresh(&config);
    let collected = Collected::new();
    let appender = log.appender("a").unwrap();
    appender
        .append(records(500, 100), &collected.mailbox())
        .unwrap();
    drop(appender);
    let answers = collected.wait(500, SOON);
    assert!(answers.len() == 500 && answers.iter().all(|answer| answer.result.is_ok()));
    let appender = log.appender("a").unwrap();
    cluster.stall(0);
    let late = Collected::new();
    appender.append(records(7, 100), &late.mailbox()).unwrap();
    assert_eq!(
        log.close(Duration::from_millis(300)),
        7,
        "none of them is confirmed"
    );
    let answers = late.wait(7, SOON);
    assert_eq!(answers.len(), 7);
    for answer in answers {
        assert!(
            matches!(answer.result, Err(LogError::Closed { .. })),
            "{answer:?}"
        );
    }
    let refused = appender.append(records(1, 1), &late.mailbox()).unwrap_err();
    assert!(matches!(
        refused.reason,
        Refusal::Log(LogError::Closed { .. })
    ));
    assert!(log.appender("a").is_err());
    cluster.resume(0);
}

#[test]
fn a_record_that_fails_ends_the_appender_of_a_stage_and_nothing_goes_through_behind_it() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("out", Tier::Consumer)]);
    let log = fresh(&config);
    let appender = log.appender("out").unwrap();
    let collected = Collected::new();
    appender
        .append(records(3, 10), &collected.mailbox())
        .unwrap();
    assert!(
        collected
            .wait(3, SOON)
            .iter()
            .all(|answer| answer.result.is_ok())
    );
    shrink(&config, "out", 2_000);
    // Each call is a batch of its own; the large one in the middle fails at the broker.
    let mut doomed = 0;
    for (slot, bytes) in [(10, 10), (11, 5_000), (12, 10), (13, 10)] {
        let call = vec![(record(0, &vec![b'x'; bytes]), slot)];
        match appender.append(call, &collected.mailbox()) {
            Ok(()) => doomed += 1,
            Err(refused) => assert!(matches!(
                refused.reason,
                Refusal::Log(LogError::Poisoned { .. })
            )),
        }
        // So that it is not in one batch with the one before.
        std::thread::park_timeout(Duration::from_millis(30));
    }
    let answers = collected.wait(3 + doomed, SOON);
    assert_eq!(answers.len(), 3 + doomed);
    let failed = answers
        .iter()
        .position(|answer| answer.result.is_err())
        .unwrap();
    assert_eq!(answers[failed].slot, 11);
    for answer in &answers[failed..] {
        assert!(
            matches!(answer.result, Err(LogError::Poisoned { .. })),
            "{answer:?}"
        );
    }
    let refused = appender
        .append(records(1, 1), &collected.mailbox())
        .unwrap_err();
    let text = refused.reason.to_string();
    assert!(text.contains("poisoned"), "{text}");
    let end = log.end_offset("out", 0).unwrap();
    assert_eq!(end, 3 + failed as u64 - 3, "no successor went through");
    // The stage begins again with a new appender.
    let again = log.appender("out").unwrap();
    let collected = Collected::new();
    again.append(records(2, 10), &collected.mailbox()).unwrap();
    let answers = collected.wait(2, SOON);
    let offsets: Vec<_> = answers
        .iter()
        .map(|a| a.result.as_ref().unwrap().offset())
        .collect();
    assert_eq!(offsets, vec![Some(end), Some(end + 1)]);
    assert_eq!(log.refusal(), None);
}

#[test]
fn a_record_that_fails_on_its_way_into_inbound_is_answered_and_the_appender_goes_on() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("in", Tier::Ingress)]);
    let log = fresh(&config);
    let appender = log.appender("in").unwrap();
    let collected = Collected::new();
    appender
        .append(records(1, 10), &collected.mailbox())
        .unwrap();
    assert_eq!(collected.wait(1, SOON).len(), 1);
    shrink(&config, "in", 2_000);
    appender
        .append(records(1, 5_000), &collected.mailbox())
        .unwrap();
    let answers = collected.wait(2, SOON);
    assert!(answers[1].result.is_err());
    until("an append that succeeds", SOON, || {
        let collected = Collected::new();
        let sent = appender.append(records(1, 10), &collected.mailbox());
        sent.is_ok() && collected.wait(1, SOON)[0].result.is_ok()
    });
    assert_eq!(log.end_offset("in", 0).unwrap(), 2);
}

#[test]
fn times_are_the_brokers_and_never_go_back() {
    let cluster = shared_broker();
    let config = config(cluster.bootstrap(), vec![topic("a", Tier::Consumer)]);
    let log: Arc<Kafka> = fresh(&config);
    for _ in 0..5 {
        let collected = Collected::new();
        let appender = log.appender("a").unwrap();
        appender
            .append(records(20, 10), &collected.mailbox())
            .unwrap();
        assert_eq!(collected.wait(20, SOON).len(), 20);
    }
    let mut reader = log.reader("a").unwrap();
    reader.seek(0, 0).unwrap();
    let mut times = Vec::new();
    while times.len() < 100 {
        let read = reader.poll(100, 1 << 20, SOON).unwrap();
        times.extend(read.iter().map(|stored| stored.time_ms));
    }
    assert!(
        times.is_sorted() && times[0] > 1_600_000_000_000,
        "{times:?}"
    );
}
