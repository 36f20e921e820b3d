//! The rules of dedup on one partition, with a world in memory.

use crate::common::{Callback, Run, T, rehearsal_tick, tick};
use crate::retries::retry_of;
use proptest::prelude::*;
use serde_json::json;

#[test]
fn d_a_the_worked_example() {
    let mut run = Run::default();
    let again = Callback {
        node: 2,
        recv_us: (T + 5) * 1_000_000,
        ..Callback::message("F", 7, T, 1)
    };
    run.feed([
        Callback::message("F", 7, T, 0).bytes(),
        again.bytes(),
        Callback::message("G", 7, T, 2).bytes(),
        Callback::event("F", "SCAN", "qrscene_5", T, "", 3).bytes(),
        Callback::event("F", "SCAN", "qrscene_5", T, "", 4).bytes(),
        Callback::event("F", "LOCATION", "", T, "23.1", 5).bytes(),
        Callback::event("F", "LOCATION", "", T, "23.2", 6).bytes(),
        tick(T + 60),
    ]);
    let messages = run.memory.of_type("message");
    let who: Vec<_> = messages
        .iter()
        .map(|m| (m["from"].as_str().unwrap(), m["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(
        who,
        [
            ("F", "text"),
            ("G", "text"),
            ("F", "event"),
            ("F", "event"),
            ("F", "event")
        ]
    );
    assert_eq!(run.partition.counters.redeliveries, 2);
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn d_9_a_second_subscribe_in_the_same_second_is_the_same_and_a_later_one_is_new() {
    let mut run = Run::default();
    run.feed([
        Callback::event("F", "subscribe", "", T, "", 0).bytes(),
        Callback::event("F", "subscribe", "", T, "", 1).bytes(),
        Callback::event("F", "unsubscribe", "", T, "", 2).bytes(),
        Callback::event("F", "subscribe", "", T + 1, "", 3).bytes(),
    ]);
    assert_eq!(run.memory.of_type("message").len(), 3);
    assert_eq!(run.memory.of_type("note").len(), 1);
}

#[test]
fn a_message_is_the_delivery_without_body_and_id_and_a_note_carries_the_offered_reply() {
    let mut run = Run::default();
    let first = Callback::message("F", 7, T, 4);
    let second = Callback {
        seq: 5,
        recv_us: 17,
        ..first.clone()
    };
    run.feed([first.bytes(), second.bytes()]);
    let message = &run.memory.of_type("message")[0];
    for absent in ["body", "node", "boot", "seq", "retry"] {
        assert!(message.get(absent).is_none(), "{absent}");
    }
    assert_eq!(message["content"], json!({"text": "GO"}));
    let note = &run.memory.of_type("note")[0];
    assert_eq!(note["key"], message["key"]);
    assert_eq!(note["from"], "F");
    assert_eq!(note["recv_us"], 17);
    assert_eq!(note["delivery"]["seq"], 5);
    assert_eq!(note["reply"], message["reply"]);
}

#[test]
fn an_echo_is_counted_and_passes_nothing_on() {
    let mut run = Run::default();
    let delivery = Callback::message("F", 7, T, 4).bytes();
    run.feed([delivery.clone(), delivery.clone(), delivery]);
    assert_eq!(run.memory.out.len(), 1);
    assert_eq!(run.partition.counters.echoes, 2);
}

#[test]
fn d_8_beyond_eight_ids_a_repetition_counts_as_a_redelivery() {
    let mut run = Run::default();
    let delivery = |seq| Callback::message("F", 7, T, seq).bytes();
    run.feed((0..9).map(delivery));
    assert_eq!(
        (
            run.partition.counters.messages,
            run.partition.counters.redeliveries
        ),
        (1, 8)
    );
    run.feed([delivery(7), delivery(8)]);
    assert_eq!(
        (
            run.partition.counters.echoes,
            run.partition.counters.redeliveries
        ),
        (1, 9)
    );
}

#[test]
fn d_4_the_first_content_in_the_logs_order_stands() {
    let mut run = Run::default();
    let first = Callback::message("F", 7, T, 0);
    let other = Callback {
        text: "B".into(),
        seq: 1,
        ..first.clone()
    };
    let third = Callback {
        seq: 2,
        ..first.clone()
    };
    run.feed([
        first.bytes(),
        other.bytes(),
        other.bytes(),
        third.bytes(),
        tick(T + 60),
    ]);
    assert_eq!(run.memory.reasons(), ["conflict", "conflict"]);
    let detail = &run.memory.dead[0].1;
    for digest in [first.envelope().digest, other.envelope().digest] {
        assert!(detail.contains(&digest.unwrap().to_string()), "{detail}");
    }
    assert_eq!(run.memory.of_type("message")[0]["content"]["text"], "GO");
    assert_eq!(run.memory.of_type("note").len(), 1);
    assert_eq!(run.partition.counters.mismatches, 0);
}

#[test]
fn what_lies_outside_the_bounds_is_quarantined_and_leaves_no_marker() {
    let eight_days = 8 * 86_400;
    let mut run = Run::default();
    let at = |create_time, seq| Callback {
        recv_us: T * 1_000_000,
        ..Callback::message("F", seq, create_time, seq)
    };
    run.feed([
        tick(T),
        at(T - eight_days, 0).bytes(),
        at(T - eight_days - 1, 1).bytes(),
    ]);
    run.feed([at(T + 3_600, 2).bytes(), at(T + 3_601, 3).bytes()]);
    assert_eq!(run.memory.of_type("message").len(), 2);
    assert_eq!(run.memory.reasons(), ["quarantined", "quarantined"]);
    assert_eq!(run.memory.markers.len(), 2);
}

#[test]
fn before_the_first_tick_nothing_is_quarantined() {
    let mut run = Run::default();
    run.feed([
        Callback::message("F", 1, 5, 0).bytes(),
        Callback::message("F", 2, T, 1).bytes(),
    ]);
    assert_eq!(run.memory.of_type("message").len(), 2);
}

#[test]
fn a_rehearsal_of_2013_is_bounded_by_its_own_ticks() {
    let now_us = 1_795_000_000 * 1_000_000;
    let at = |create_time, seq| {
        Callback {
            recv_us: now_us,
            ..Callback::message("F", seq, create_time, seq)
        }
        .bytes()
    };
    let mut run = Run::default();
    run.feed([rehearsal_tick(T), at(T + 3_600, 0), at(T + 3_601, 1)]);
    assert_eq!(run.memory.of_type("message").len(), 1);
    let mut wall = Run::default();
    wall.feed([tick(1_795_000_000), at(T, 0)]);
    assert_eq!(wall.memory.reasons(), ["quarantined"]);
}

#[test]
fn a_tick_that_is_not_newer_changes_nothing_and_is_passed_on() {
    let mut run = Run::default();
    run.feed([tick(T), tick(T), tick(T - 100), tick(T + 1)]);
    assert_eq!(run.partition.now.unwrap().t, T + 1);
    let times: Vec<_> = run
        .memory
        .of_type("tick")
        .iter()
        .map(|t| t["t"].as_i64().unwrap())
        .collect();
    assert_eq!(times, [T, T, T - 100, T + 1]);
    assert_eq!(run.partition.counters.ticks, 4);
}

#[test]
fn ticks_drop_old_buckets_and_what_comes_again_after_that_is_no_new_message() {
    let mut run = Run::default();
    let old = Callback::message("F", 1, T, 0);
    run.feed([tick(T), old.bytes(), tick(T + 7 * 86_400)]);
    assert_eq!(run.memory.markers.len(), 1);
    run.feed([tick(T + 9 * 86_400), Callback { seq: 1, ..old }.bytes()]);
    assert!(run.memory.markers.is_empty());
    assert_eq!(run.memory.of_type("message").len(), 1);
    assert_eq!(run.memory.reasons(), ["quarantined"]);
}

#[test]
fn one_id_in_two_buckets_is_two_messages() {
    let mut run = Run::default();
    run.feed([
        Callback::message("F", 7, T, 0).bytes(),
        Callback::message("F", 7, T + 86_400, 1).bytes(),
    ]);
    assert_eq!(run.memory.of_type("message").len(), 2);
}

#[test]
fn what_cannot_be_judged_is_rejected_counted_and_harms_nothing() {
    let mut run = Run::default();
    let without = |member: &str| {
        let mut value = serde_json::to_value(Callback::message("F", 7, T, 0).envelope()).unwrap();
        value.as_object_mut().unwrap().remove(member);
        serde_json::to_vec(&value).unwrap()
    };
    let negative = Callback::message("F", 7, -1, 0).bytes();
    run.feed([
        b"".to_vec(),
        b"\xff".to_vec(),
        b"{\"type\":\"delivery\",".to_vec(),
    ]);
    run.feed([
        b"{\"type\":\"surprise\"}".to_vec(),
        b"{\"type\":\"tick\",\"v\":1}".to_vec(),
    ]);
    run.feed([
        without("key"),
        without("seq"),
        negative,
        retry_of(b"{}"),
        tick(T),
    ]);
    let want = [
        "unknown_type",
        "unknown_type",
        "unreadable",
        "unknown_type",
        "unreadable",
        "incomplete",
        "incomplete",
        "create_time",
        "unreadable",
    ];
    assert_eq!(run.rejected, want);
    assert_eq!(run.partition.counters.malformed, 9);
    assert_eq!(run.partition.counters.mismatches, 0);
    assert!(run.memory.markers.is_empty());
}

#[test]
fn an_unparsed_delivery_is_set_aside_with_its_reason() {
    let mut value = serde_json::to_value(Callback::message("F", 7, 0, 0).envelope()).unwrap();
    let object = value.as_object_mut().unwrap();
    for member in ["key", "digest", "from"] {
        object.remove(member);
    }
    object.insert("kind".into(), "unparsed".into());
    object.insert("reason".into(), "doctype".into());
    let mut run = Run::default();
    run.feed([serde_json::to_vec(&value).unwrap(), tick(T)]);
    assert_eq!(run.memory.dead, [("unparsed", "doctype".to_owned())]);
    assert_eq!(
        (
            run.partition.counters.unparsed,
            run.partition.counters.mismatches
        ),
        (1, 0)
    );
}

#[test]
fn copies_pass_as_they_stand_even_of_acts_that_are_not_known() {
    let copy = br#"{"type":"copy","v":1,"ctl":7,"prev_ctl":4,"act":{"type":"novelty","x":1}}"#;
    let mut run = Run::default();
    run.feed([copy.to_vec(), copy.to_vec(), tick(T)]);
    assert_eq!(run.memory.of_type("copy").len(), 2);
    assert_eq!(run.memory.of_type("copy")[0]["act"]["x"], 1);
    assert_eq!(
        (
            run.partition.counters.copies,
            run.partition.counters.mismatches
        ),
        (2, 0)
    );
}

#[test]
fn v_2_an_input_that_was_passed_over_is_found_at_the_next_tick_and_stays_visible() {
    let mut run = Run::default();
    run.feed([Callback::message("F", 7, T, 0).bytes()]);
    run.partition.counters.next += 1;
    run.feed([tick(T), tick(T + 1)]);
    assert_eq!(run.partition.counters.mismatches, 2);
    assert_eq!(run.partition.take_fresh().mismatches, 2);
}

/// Keys of the messages that were passed on, sorted.
fn keys(run: &Run) -> Vec<String> {
    let mut keys: Vec<_> = run
        .memory
        .of_type("message")
        .iter()
        .map(|m| m["key"].to_string())
        .collect();
    keys.sort();
    keys
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// V-3, V-4: every delivery any number of times, in any order: the same messages, other counters.
    #[test]
    fn v_3_v_4_order_and_repetition_change_only_counters(
        messages in proptest::collection::btree_set((0..4_u64, 0..5_i64), 1..20),
        order in Just(()).prop_perturb(|(), mut rng| (0..200).map(|_| rng.random::<u32>()).collect::<Vec<_>>()),
    ) {
        let fans = ["F", "G", "H", "I"];
        let once: Vec<Callback> = messages.iter().enumerate().map(|(seq, (fan, second))| {
            let fan = fans[usize::try_from(*fan).unwrap()];
            Callback::message(fan, u64::try_from(*second).unwrap(), T + second, u64::try_from(seq).unwrap())
        }).collect();
        let mut plain = Run::default();
        plain.feed(once.iter().map(Callback::bytes)).feed([tick(T)]);
        let mut thrice: Vec<Callback> = (1..=3_u8).flat_map(|node| once.iter().cloned().map(move |c| Callback { node, ..c })).collect();
        for (i, random) in order.iter().enumerate().take(thrice.len()) {
            let j = usize::try_from(*random).unwrap() % (i + 1);
            thrice.swap(i, j);
        }
        let mut shuffled = Run::default();
        shuffled.feed(thrice.iter().map(Callback::bytes)).feed([tick(T)]);
        prop_assert_eq!(keys(&plain), keys(&shuffled));
        prop_assert_eq!(shuffled.partition.counters.redeliveries, 2 * plain.partition.counters.messages);
        prop_assert_eq!(shuffled.partition.counters.mismatches, 0);
    }
}
