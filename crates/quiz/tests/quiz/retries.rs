//! Messages put back: judged once, and only what could not be judged before.

use crate::common::{Spec, T, counted, feed, line, lines, refusal, said, tick, totals};
use quiz::Recount;
use serde_json::Value;

/// The same message as a newer program might have written it: not readable here.
pub(crate) fn unreadable(message: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(message).unwrap();
    value["recv_us"] = "soon".into();
    typed_first(&value, "message")
}

/// The same message as dedup passes it down when it was put back.
pub(crate) fn put_back(message: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(message).unwrap();
    value["retry"] = true.into();
    typed_first(&value, "retry")
}

fn typed_first(value: &Value, name: &str) -> Vec<u8> {
    let mut object = value.as_object().unwrap().clone();
    object.remove("type");
    let rest = serde_json::to_string(&object).unwrap();
    format!("{{\"type\":\"{name}\",{}", &rest[1..]).into_bytes()
}

fn counts(recount: &Recount) -> (u64, u64, u64) {
    let counts = recount.book(0).unwrap().counts();
    (counts.messages, counts.retries, counts.retries_ignored)
}

#[test]
fn v_4_a_message_that_was_judged_is_not_judged_again() {
    let answer = said("o1", T + 1, 7, "A");
    let mut recount = counted(&Spec::default(), [answer.clone()]);
    let before = totals(&recount, Some(1));
    feed(&mut recount, [put_back(&answer), put_back(&answer)]);
    assert_eq!(counts(&recount), (1, 0, 2));
    assert_eq!(totals(&recount, Some(1)), before);
}

#[test]
fn what_could_not_be_judged_is_judged_once_when_it_is_put_back() {
    let answer = said("o1", T + 1, 7, "A");
    let mut recount = counted(&Spec::default(), []);
    assert_eq!(refusal(&mut recount, &unreadable(&answer)), "unreadable");
    assert!(lines(&mut recount).is_empty());
    feed(&mut recount, [put_back(&answer), tick(T + 20)]);
    assert_eq!(lines(&mut recount), [line(1, "o1", "A", T + 1, 7)]);
    feed(&mut recount, [put_back(&answer), tick(T + 40)]);
    assert_eq!(lines(&mut recount), [line(1, "o1", "A", T + 1, 7)]);
    assert_eq!(counts(&recount), (1, 1, 1));
}

#[test]
fn a_retry_that_fails_again_may_be_put_back_again() {
    let answer = said("o1", T + 1, 7, "A");
    let broken = typed_first(
        &serde_json::from_slice(&unreadable(&answer)).unwrap(),
        "retry",
    );
    let mut recount = counted(&Spec::default(), []);
    assert_eq!(refusal(&mut recount, &unreadable(&answer)), "unreadable");
    assert_eq!(refusal(&mut recount, &broken), "unreadable");
    feed(&mut recount, [put_back(&answer)]);
    assert_eq!(lines(&mut recount), [line(1, "o1", "A", T + 1, 7)]);
}

/// The repaired step folds `accepted` again from its start: then the original counts, and its retry does not.
#[test]
fn a_step_that_can_judge_the_original_ignores_its_retry() {
    let answer = said("o1", T + 1, 7, "A");
    let repaired = [answer.clone(), put_back(&answer)];
    let mut again = counted(&Spec::default(), repaired);
    let mut kept = counted(&Spec::default(), []);
    assert_eq!(refusal(&mut kept, &unreadable(&answer)), "unreadable");
    feed(&mut kept, [put_back(&answer)]);
    assert_eq!(lines(&mut again), lines(&mut kept));
    assert_eq!(totals(&again, Some(1)), totals(&kept, Some(1)));
}
