//! Dead letters put back: what becomes of a retry, by the topic of the dead letter.

use crate::common::{Callback, Run, T, tick};
use dedup::marker::Marker;
use record::envelope::DeliveryId;
use record::hexed::Hex;
use record::inband::Retry;

fn id(seq: u64) -> DeliveryId {
    DeliveryId {
        node: Hex([7; 8]),
        boot: Hex([8; 8]),
        seq,
    }
}

fn retry(topic: &'static str, raw: &[u8], recv_us: i64, delivery: Option<DeliveryId>) -> Vec<u8> {
    let retry = Retry {
        r#type: "retry".into(),
        v: 1,
        topic: topic.into(),
        partition: 0,
        offset: 3,
        actor: "ann".into(),
        reason: "repaired".into(),
        recv_us,
        delivery,
        raw: std::str::from_utf8(raw).unwrap().into(),
    };
    serde_json::to_vec(&retry).unwrap()
}

/// As the first schema wrote it: without receipt and delivery id.
pub(crate) fn retry_of(raw: &[u8]) -> Vec<u8> {
    retry("inbound.dead", raw, 0, None)
}

fn of_accepted(raw: &[u8], seq: u64) -> Vec<u8> {
    retry("accepted.dead", raw, 1, Some(id(seq)))
}

#[test]
fn a_retry_is_judged_by_its_key_and_passed_down_marked() {
    let mut run = Run::default();
    let delivery = Callback::message("F", 7, T, 0).bytes();
    run.feed([retry_of(&delivery), retry_of(&delivery), delivery, tick(T)]);
    assert_eq!(run.memory.of_type("message")[0]["retry"], true);
    let notes = run.memory.of_type("note");
    assert!(notes[0].get("delivery").is_none());
    assert_eq!(notes[1]["delivery"]["seq"], 0);
    assert_eq!(run.partition.counters.retries, 2);
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn a_retry_has_a_delivery_id_of_its_own_and_its_repetition_is_an_echo() {
    let mut run = Run::default();
    let delivery = Callback::message("F", 7, T, 0).bytes();
    let put_back = retry("inbound.dead", &delivery, 5, Some(id(1)));
    run.feed([put_back.clone(), put_back, delivery, tick(T)]);
    assert_eq!(run.memory.of_type("message").len(), 1);
    assert_eq!(run.memory.of_type("note").len(), 1);
    assert_eq!(run.partition.counters.echoes, 1, "D-8");
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn d_5_a_retry_is_held_against_its_own_receipt() {
    let mut run = Run::default();
    let mut early = Callback::message("F", 7, T + 7_200, 0);
    early.recv_us = T * 1_000_000;
    run.feed([tick(T), early.bytes()]);
    assert_eq!(run.memory.reasons(), ["quarantined"]);
    let later_us = (T + 7_200) * 1_000_000;
    run.feed([retry("inbound.dead", &early.bytes(), later_us, Some(id(1)))]);
    let messages = run.memory.of_type("message");
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0]["recv_us"],
        T * 1_000_000,
        "the message keeps the receipt of its delivery"
    );
}

/// A message of `accepted` as quiz set it aside: with its link.
fn set_aside(run: &Run) -> Vec<u8> {
    let mut message = run.memory.of_type("message")[0].clone();
    message["pos"] = serde_json::json!([0, 0]);
    message["prev"] = serde_json::Value::Null;
    serde_json::to_vec(&message).unwrap()
}

#[test]
fn a_message_put_back_reaches_quiz_as_a_retry_and_is_never_another_message() {
    let mut run = Run::default();
    run.feed([Callback::message("F", 7, T, 0).bytes()]);
    let dead = set_aside(&run);
    run.feed([of_accepted(&dead, 1), of_accepted(&dead, 2)]);
    run.feed([of_accepted(&dead, 2), tick(T)]);
    assert_eq!(run.memory.of_type("message").len(), 1, "V-1");
    assert!(run.memory.of_type("note").is_empty());
    let retries = run.memory.of_type("retry");
    assert_eq!(retries.len(), 2, "the third is an echo");
    let mut again = retries[0].clone();
    assert_eq!(again["retry"], true);
    again["type"] = "message".into();
    again.as_object_mut().unwrap().remove("retry");
    assert_eq!(&again, run.memory.of_type("message")[0]);
    let counters = &run.partition.counters;
    assert_eq!(
        (counters.messages, counters.redeliveries, counters.echoes),
        (1, 2, 1)
    );
    assert_eq!((counters.retries, counters.mismatches), (3, 0), "D-8");
}

#[test]
fn a_message_put_back_with_other_content_is_a_conflict() {
    let mut run = Run::default();
    let mut other = Callback::message("F", 7, T, 0);
    run.feed([other.bytes()]);
    other.text = "B".to_owned();
    run.feed([of_accepted(&other.bytes(), 1), tick(T)]);
    assert_eq!(run.memory.reasons(), ["conflict"], "D-4");
    assert!(run.memory.of_type("retry").is_empty());
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn a_message_put_back_after_its_marker_has_expired_is_passed_down_all_the_same() {
    let mut run = Run::default();
    run.feed([Callback::message("F", 7, T, 0).bytes()]);
    let dead = set_aside(&run);
    run.feed([
        tick(T + 9 * 86_400),
        of_accepted(&dead, 1),
        tick(T + 9 * 86_400 + 1),
    ]);
    assert!(run.memory.markers.is_empty(), "no marker is made for it");
    assert_eq!(run.memory.of_type("retry").len(), 1);
    assert!(run.memory.dead.is_empty());
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn the_marker_learns_the_ids_of_retries() {
    let mut run = Run::default();
    run.feed([Callback::message("F", 7, T, 0).bytes()]);
    let dead = set_aside(&run);
    run.feed([of_accepted(&dead, 1)]);
    let marker = run.memory.markers.values().next().unwrap();
    assert!(Marker::decode(marker).unwrap().knows(&id(1)));
}
