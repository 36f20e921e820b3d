//! What stands in the record, whatever came.

use crate::client::post;
use crate::fixture::{
    DEFAULT_REPLY, Node, OURS, account, account_with_previous_key, callback, event, signed, text,
};
use record::envelope::{Field, Spoken};
use record::hexed::Hex;
use record::identity::{MsgId, message_key};

#[test]
fn a_message_is_recorded_whole() {
    let node = Node::start();
    let xml = text("o1", 1_767_225_603, 25_480_112_233_445_566, "  GO 你\"好 ");
    node.client()
        .ask(&callback(&account("plain"), &xml))
        .is_success();
    let record = node.record();
    assert_eq!(record.r#type, "delivery");
    assert_eq!(
        (&*record.account, &*record.from, &*record.to),
        ("plain", "o1", OURS)
    );
    assert_eq!((&*record.kind, record.create_time), ("text", 1_767_225_603));
    assert_eq!(record.msg_id, "25480112233445566");
    assert_eq!(
        record.key,
        Some(message_key(
            "plain",
            "o1",
            MsgId::Number(25_480_112_233_445_566)
        ))
    );
    assert_eq!(record.content.text, "  GO 你\"好 ");
    assert_eq!(record.body, xml);
    assert_eq!(
        (record.node, record.boot),
        (Some(Hex([1; 8])), Some(Hex([2; 8])))
    );
    assert_eq!(record.recv_us, 1_767_225_700_000_000);
    assert_eq!(
        (record.reply.spoken, record.reply.snapshot),
        (Spoken::Nothing, 0)
    );
    assert_eq!(record.reply.hash, None);
    node.metric_becomes(
        "spillway_ingress_callbacks_total{account=\"plain\",kind=\"text\",result=\"nothing\"}",
        1.0,
    );
    node.metric_becomes("spillway_createtime_lag_seconds_sum", 97.0);
}

#[test]
fn every_mode_and_the_previous_key_give_the_same_record() {
    let xml = text("o1", 100, 7, "GO");
    let safe_before = account_with_previous_key("safe");
    for (account, encrypted) in [
        (account("plain"), false),
        (account("compatible"), true),
        (account("safe"), true),
        (safe_before, true),
    ] {
        let node = Node::start();
        let answer = node.client().ask(&callback(&account, &xml));
        let record = node.record();
        assert_eq!(
            (&*record.body, &*record.content.text),
            (&*xml, "GO"),
            "{}",
            account.name
        );
        if account.name == "plain" {
            answer.is_success();
            continue;
        }
        let wechat::Answer::Reply(reply) = wechat::parse_reply(&account, &answer.body).unwrap()
        else {
            panic!("{} gets words", account.name)
        };
        assert_eq!(reply.encrypted, encrypted, "{}", account.name);
        assert_eq!(reply.content(), Some(DEFAULT_REPLY));
        assert_eq!(
            (reply.to(), reply.from(), reply.create_time()),
            ("o1", OURS, Some(100))
        );
        assert_eq!(
            record.reply.hash,
            Some(record::identity::reply_hash(reply.xml.as_bytes()))
        );
        assert_eq!(
            (record.reply.spoken, &*record.reply.rule),
            (Spoken::Reply, "default_reply")
        );
    }
}

/// Sends these bytes, well signed, to the plain account and returns what was recorded.
fn unreadable(body: &[u8], reason: &str) -> record::envelope::Envelope<'static> {
    let node = Node::start();
    node.client()
        .ask(&post("plain", &signed(), body))
        .is_success();
    let record = node.record();
    assert_eq!(
        (&*record.kind, &*record.from, record.create_time),
        ("unparsed", "", 0)
    );
    assert_eq!((record.key, record.digest), (None, None));
    assert_eq!(record.reason, reason);
    assert!(record.delivery_id().is_some());
    let metric =
        format!("spillway_ingress_unparsed_total{{account=\"plain\",reason=\"{reason}\"}}");
    node.metric_becomes(&metric, 1.0);
    record
}

#[test]
fn what_is_authentic_and_unreadable_is_recorded_raw_and_answered_success() {
    for (body, reason) in [
        ("hello", "bad_xml"),
        ("", "empty_body"),
        ("<xml><FromUserName>o1</FromUserName>", "bad_xml"),
        (
            "<xml><FromUserName>o1</FromUserName><CreateTime>soon</CreateTime><MsgType>text</MsgType></xml>",
            "create_time_invalid",
        ),
        (
            "<xml><FromUserName>o1</FromUserName><CreateTime>-1</CreateTime><MsgType>text</MsgType></xml>",
            "create_time_invalid",
        ),
        (
            "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>unparsed</MsgType></xml>",
            "reserved_type",
        ),
        (
            "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><FromUserName>&a;</FromUserName></xml>",
            "doctype",
        ),
        ("<xml><Content>&lol;</Content></xml>", "entity"),
    ] {
        let record = unreadable(body.as_bytes(), reason);
        assert_eq!((&*record.body, &*record.body_b64), (body, ""));
    }
}

#[test]
fn xml_bombs_are_recorded_and_expand_to_nothing() {
    let mut bomb = String::from("<!DOCTYPE lolz [<!ENTITY lol0 \"lol\">");
    for n in 1..10 {
        bomb.push_str(&format!(
            "<!ENTITY lol{n} \"{}\">",
            format!("&lol{};", n - 1).repeat(10)
        ));
    }
    bomb.push_str("]><xml>&lol9;</xml>");
    unreadable(bomb.as_bytes(), "doctype");
    let deep = format!(
        "<xml>{}{}</xml>",
        "<a>".repeat(10_000),
        "</a>".repeat(10_000)
    );
    unreadable(deep.as_bytes(), "too_deep");
    let wide = format!("<xml>{}</xml>", "<a/>".repeat(10_000));
    unreadable(wide.as_bytes(), "too_many_elements");
}

#[test]
fn bytes_that_are_no_utf_8_stand_in_base64() {
    let record = unreadable(b"<xml><Content>\xff\xfe</Content></xml>", "bad_utf8");
    assert_eq!(
        (&*record.body, &*record.body_b64),
        ("", "PHhtbD48Q29udGVudD7//jwvQ29udGVudD48L3htbD4=")
    );
}

#[test]
fn an_undecryptable_message_with_the_right_signature_is_recorded() {
    let node = Node::start();
    let mut stranger = account("safe");
    stranger.key = Some(wechat::AesKey::parse(&"x".repeat(43)).unwrap());
    stranger.previous_key = None;
    let xml = text("o1", 100, 7, "GO");
    let (query, body) = stranger.seal_request(&xml, "1", "2", [7; 16]);
    node.client()
        .ask(&post("safe", &query, body.as_bytes()))
        .is_success();
    let record = node.record();
    assert_eq!((&*record.kind, &*record.body), ("unparsed", &*body));
    assert!(
        ["bad_padding", "bad_length"].contains(&&*record.reason),
        "{}",
        record.reason
    );
}

#[test]
fn nul_and_control_characters_are_dropped_from_fields_and_kept_in_the_body() {
    let node = Node::start();
    let xml = text("o1", 100, 7, "G\u{0}O\u{1}\u{b}\u{1f}!");
    node.client()
        .ask(&post("plain", &signed(), xml.as_bytes()))
        .is_success();
    let record = node.record();
    assert_eq!((&*record.content.text, &*record.body), ("GO!", &*xml));
}

#[test]
fn unknown_types_and_tags_are_kept() {
    let node = Node::start();
    let xml = "<xml><ToUserName>gh_3f9c1e7ab204</ToUserName><FromUserName>o1</FromUserName><CreateTime>5</CreateTime>\
               <MsgType>hologram</MsgType><Depth><Z>3</Z></Depth><MsgId>9</MsgId></xml>";
    node.client()
        .ask(&post("plain", &signed(), xml.as_bytes()))
        .is_success();
    let record = node.record();
    assert_eq!((&*record.kind, &*record.msg_id), ("hologram", "9"));
    assert_eq!(record.content.fields, [Field("Depth/Z".into(), "3".into())]);
    node.metric_becomes(
        "spillway_ingress_callbacks_total{account=\"plain\",kind=\"other\",result=\"nothing\"}",
        1.0,
    );
}

#[test]
fn two_events_in_one_second_are_two_and_one_twice_is_one() {
    let node = Node::start();
    let mut client = node.client();
    let scan = event("o1", 100, "SCAN", "<EventKey>5</EventKey>");
    let click = event("o1", 100, "CLICK", "<EventKey>5</EventKey>");
    let place = |x: &str| event("o1", 100, "LOCATION", &format!("<Latitude>{x}</Latitude>"));
    for xml in [&scan, &click, &scan, &place("1.0"), &place("2.0")] {
        client.ask(&callback(&account("plain"), xml)).is_success();
    }
    let keys: Vec<_> = node
        .records()
        .iter()
        .map(|record| record.key.unwrap())
        .collect();
    assert_eq!(keys[0], keys[2]);
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), 4);
    let first = &node.records()[0];
    assert_eq!(
        (&*first.kind, &*first.event, &*first.event_key),
        ("event", "SCAN", "5")
    );
    assert_eq!(first.msg_id, "");
}

#[test]
fn a_message_without_an_id_is_recorded_with_the_key_of_its_content() {
    let node = Node::start();
    let mut client = node.client();
    for content in ["A", "A", "B"] {
        let xml = text("o1", 100, 1, content).replace("<MsgId>1</MsgId>", "");
        client.ask(&callback(&account("plain"), &xml)).is_success();
    }
    let records = node.records();
    assert_eq!(records[0].key, records[1].key);
    assert_ne!(records[0].key, records[2].key);
    assert!(
        records
            .iter()
            .all(|record| record.msg_id.is_empty() && record.key.is_some())
    );
}

#[test]
fn a_message_for_somebody_else_is_recorded_and_gets_no_words() {
    let node = Node::start();
    let xml = text("o1", 100, 1, "GO").replace(OURS, "gh_000000000000");
    node.client()
        .ask(&callback(&account("loud"), &xml))
        .is_success();
    let record = node.record();
    assert_eq!(
        (&*record.to, record.reply.spoken),
        ("gh_000000000000", Spoken::Nothing)
    );
    node.metric_becomes(
        "spillway_ingress_wrong_recipient_total{account=\"loud\"}",
        1.0,
    );
}

#[test]
fn the_median_create_time_is_that_since_the_last_call() {
    let node = Node::start();
    let mut client = node.client();
    for create_time in [900, 100, 500] {
        client
            .ask(&callback(
                &account("plain"),
                &text("o1", create_time, 1, "GO"),
            ))
            .is_success();
    }
    node.metric_becomes(
        "spillway_ingress_callbacks_total{account=\"plain\",kind=\"text\",result=\"nothing\"}",
        3.0,
    );
    assert_eq!(node.ingress.median_create_time(), Some(500));
    assert_eq!(node.ingress.median_create_time(), None);
}
