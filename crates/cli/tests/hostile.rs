//! What strangers, broken clients and changed keys send to a real node, as bytes on sockets: each gets the status and
//! the record that the rules say (I-4, D-2, D-3, D-4), each moves a counter of its own, nothing panics, and a valid
//! message is acked as before.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use base64::Engine as _;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use support::fan::{KEYS, LAST_RESORT, OPEN, TOKEN, accounts, plain, safe, sealed, text};
use support::watch::{is_well, judged, moves, node, records};
use support::wire::{Answer, request};
use support::{Node, Scene};
use wechat::{Account, parse_reply};

const REJECT: &str = "spillway_ingress_reject_total";
const UNPARSED: &str = "spillway_ingress_unparsed_total";
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Refused: this status, an empty body, this counter, no record.
#[track_caller]
fn refused(node: &Node, reason: &str, status: u16, act: impl FnOnce() -> Answer) {
    moves(node, REJECT, &[("reason", reason)], 1.0, || {
        assert_eq!(act(), Answer::Http(status, Vec::new()), "{reason}");
    });
}

/// Recorded raw and answered `success`.
#[track_caller]
fn raw(node: &Node, account: &str, reason: &str, act: impl FnOnce() -> Answer) {
    let labels = [("account", account), ("reason", reason)];
    moves(node, UNPARSED, &labels, 1.0, || {
        assert_eq!(act(), Answer::Http(200, b"success".to_vec()), "{reason}");
    });
}

#[test]
fn what_cannot_be_authentic_is_refused_and_leaves_no_record() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let (mi, vault) = (plain(), safe(KEYS[0]));
    let said = text(&mi, "oFan", OPEN + 60, 1, "GO");
    let (query, body) = sealed(&mi, &said);
    let forged = query.replacen("signature=", "signature=0", 1);
    refused(&node, "signature_mismatch", 403, || {
        scene.post("mi", &forged, body.as_bytes())
    });
    let unsigned = "timestamp=1365487801&nonce=1";
    refused(&node, "signature_missing", 403, || {
        scene.post("mi", unsigned, body.as_bytes())
    });
    // In safe mode only msg_signature proves anything, and a clear body is a downgrade.
    let (query, body) = sealed(&vault, &text(&vault, "oFan", OPEN + 60, 1, "GO"));
    let forged = query.replace("msg_signature=", "msg_signature=0");
    refused(&node, "signature_mismatch", 403, || {
        scene.post("safe", &forged, body.as_bytes())
    });
    let altered = body.replacen("<Encrypt><![CDATA[", "<Encrypt><![CDATA[A", 1);
    assert_ne!(altered, body);
    refused(&node, "signature_mismatch", 403, || {
        scene.post("safe", &query, altered.as_bytes())
    });
    let (clear_query, clear) = sealed(&mi, &said);
    refused(&node, "mode_not_allowed", 403, || {
        scene.post("safe", &clear_query, clear.as_bytes())
    });
    refused(&node, "no_encrypt_element", 400, || {
        scene.post("safe", &query, clear.as_bytes())
    });
    refused(&node, "encrypt_type_unknown", 400, || {
        scene.post(
            "safe",
            &query.replace("encrypt_type=aes", "encrypt_type=rot13"),
            body.as_bytes(),
        )
    });
    // An envelope is read before anything is proved: its bombs are refused.
    let bomb = "<!DOCTYPE xml [<!ENTITY a \"aaaa\">]><xml><Encrypt>&a;</Encrypt></xml>";
    refused(&node, "bad_xml", 400, || {
        scene.post("safe", &query, bomb.as_bytes())
    });
    refused(&node, "bad_xml", 400, || {
        scene.post("safe", &query, b"<xml><Encrypt>\xff\xfe</Encrypt></xml>")
    });
    refused(&node, "empty_body", 400, || scene.post("safe", &query, b""));

    refused(&node, "unknown_account", 404, || {
        scene.post("nobody", &clear_query, clear.as_bytes())
    });
    let path = format!("/wechat/mi?{clear_query}");
    refused(&node, "method", 405, || {
        request(scene.listen, "PUT", &path, &[], clear.as_bytes()).unwrap()
    });
    let huge = vec![b'x'; BODY_BYTES_MAX + 1];
    refused(&node, "too_large", 413, || {
        scene.post("mi", &clear_query, &huge)
    });
    moves(&node, REJECT, &[("reason", "malformed")], 1.0, || {
        let mut stream = TcpStream::connect(scene.listen).unwrap();
        stream
            .write_all(b"\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    });
    assert!(
        records(&scene, "inbound")
            .iter()
            .all(|line| line["value"]["type"] != "delivery")
    );
    is_well(&scene, node);
}

/// Nine levels of tens: a billion laughs.
fn laughs() -> String {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY l0 \"lol\">");
    for level in 1..10 {
        let ten = format!("&l{};", level - 1).repeat(10);
        bomb.push_str(&format!("<!ENTITY l{level} \"{ten}\">"));
    }
    bomb + "]><xml><Content>&l9;</Content></xml>"
}

#[test]
fn what_is_authentic_and_unreadable_is_recorded_raw_and_shown() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let mi = plain();
    let (query, _) = sealed(&mi, &text(&mi, "oFan", OPEN + 60, 1, "GO"));
    let invalid = [
        b"<xml><Content>".as_slice(),
        &[0xff, 0xfe, 0x00],
        b"</Content></xml>",
    ]
    .concat();
    let laughs = laughs();
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(5_000), "</a>".repeat(5_000));
    let wide = format!("<xml>{}</xml>", "<a>1</a>".repeat(1_100));
    let sent: Vec<(&str, &[u8])> = vec![
        ("bad_utf8", &invalid),
        ("doctype", laughs.as_bytes()),
        ("entity", b"<xml><FromUserName>&lol;</FromUserName></xml>"),
        ("too_deep", deep.as_bytes()),
        ("too_many_elements", wide.as_bytes()),
        ("bad_xml", b"<xml><FromUserName>oFan</FromUser"),
        ("bad_xml", b"not XML at all"),
        ("empty_body", b""),
        (
            "from_missing",
            b"<xml><CreateTime>1</CreateTime><MsgType>text</MsgType></xml>",
        ),
    ];
    for (reason, body) in &sent {
        raw(&node, "mi", reason, || scene.post("mi", &query, body));
    }
    assert_eq!(judged(&node, "unparsed"), sent.len() as f64);
    assert_eq!(judged(&node, "new"), 0.0);

    // Every one of them can be looked at, with the bytes that came.
    let list = scene.history("node", "dead-letters list").well();
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert_eq!(rows.len(), sent.len(), "{list}");
    let mut found: Vec<Vec<u8>> = Vec::new();
    for row in rows {
        let columns: Vec<&str> = row.split_whitespace().collect();
        assert_eq!((columns[0], columns[3]), ("inbound", "unparsed"), "{row}");
        let shown = scene
            .history("node", &format!("dead-letters show inbound {}", columns[1]))
            .well();
        let letter: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(letter["reason"], "unparsed");
        let record: Value = serde_json::from_str(letter["raw"].as_str().unwrap()).unwrap();
        found.push(match record["body_b64"].as_str() {
            Some(text) => base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap(),
            None => record["body"]
                .as_str()
                .unwrap_or_default()
                .as_bytes()
                .to_vec(),
        });
    }
    let mut bodies: Vec<Vec<u8>> = sent.iter().map(|(_, body)| body.to_vec()).collect();
    found.sort();
    bodies.sort();
    assert_eq!(found, bodies);
    for (arguments, code) in [
        ("dead-letters list accepted", 0),
        ("dead-letters list nothing", 2),
        ("dead-letters show inbound 0/99999", 1),
        ("dead-letters show inbound somewhere", 2),
    ] {
        assert_eq!(
            scene.history("node", arguments).code,
            Some(code),
            "{arguments}"
        );
    }
    is_well(&scene, node);
}

#[test]
fn keys_may_change_under_way_and_a_key_nobody_knows_is_recorded() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    // The present key, and the one before it: words, sealed with the key that opened the delivery.
    for (n, key) in (1..).zip(&KEYS[..2]) {
        let vault = safe(key);
        let answer = scene.deliver(
            &vault,
            &text(&vault, &format!("oFan{n}"), OPEN + 60, n, "GO"),
        );
        assert_eq!(answer.status(), 200);
        let Answer::Http(_, body) = answer else {
            unreachable!()
        };
        match parse_reply(&vault, &body).unwrap() {
            wechat::Answer::Reply(reply) => {
                assert!(reply.encrypted && reply.content() == Some(LAST_RESORT));
            }
            other => panic!("{other:?}"),
        }
    }
    // A key that was never configured, under a right msg_signature: the platform's console was changed.
    let stale = safe(KEYS[2]);
    let before = node.series(UNPARSED, &[("account", "safe")]);
    let answer = scene.deliver(&stale, &text(&stale, "oFan9", OPEN + 60, 9, "GO"));
    assert_eq!(answer, Answer::Http(200, b"success".to_vec()));
    let key_changed = || -> f64 {
        ["bad_padding", "bad_length", "appid_mismatch"]
            .map(|reason| node.series(UNPARSED, &[("account", "safe"), ("reason", reason)]))
            .iter()
            .sum()
    };
    assert_eq!(key_changed(), before + 1.0);
    // Somebody else's account, encrypted with our key.
    let stranger = Account {
        app_id: "wx9999999999999999".into(),
        ..safe(KEYS[0])
    };
    raw(&node, "safe", "appid_mismatch", || {
        scene.deliver(&stranger, &text(&stranger, "oFan9", OPEN + 60, 9, "GO"))
    });
    // Encrypted bombs are proved, opened, and recorded.
    let vault = safe(KEYS[0]);
    raw(&node, "safe", "doctype", || {
        scene.deliver(&vault, &laughs())
    });
    assert_eq!(
        (judged(&node, "new"), judged(&node, "unparsed")),
        (2.0, 3.0)
    );
    is_well(&scene, node);
}

#[test]
fn url_verification_proves_itself_or_is_refused() {
    let scene = Scene::bare(&accounts());
    let node = node(&scene);
    let get = |query: &str| {
        request(
            scene.listen,
            "GET",
            &format!("/wechat/safe?{query}"),
            &[],
            b"",
        )
        .unwrap()
    };
    let query = safe(KEYS[0]).verification_query("5927782489442352469", "1365487801", "7");
    assert_eq!(
        get(&query),
        Answer::Http(200, b"5927782489442352469".to_vec())
    );
    let signature = wechat::sign(TOKEN, "1365487801", "7");
    refused(&node, "signature_mismatch", 403, || {
        get(&query.replace(&signature, &"0".repeat(40)))
    });
    let (bare, _) = query.split_once("&echostr").unwrap();
    refused(&node, "echostr_missing", 400, || get(bare));
    is_well(&scene, node);
}
