//! Reading plaintext bodies: every sample with all its leaves, every malformed one. Never here: the
//! typed fields of single kinds.

use crate::vectors::{account, each, entry, sample, text};
use serde_json::Value;
use wechat::{Body, Event, Inbound, Mode, ParseError, Query, sign};

/// Paths and values of expected fields: an object goes down, a list repeats.
fn flatten(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}/{name}")
                };
                flatten(&path, value, leaves);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(path, item, leaves)),
        Value::String(text) => leaves.push((path.to_owned(), text.clone())),
        other => panic!("{path}: {other}"),
    }
}

/// The leaves an entry expects, by path.
pub(crate) fn expected_leaves(fields: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    flatten("", fields, &mut leaves);
    leaves.sort_by(|a, b| a.0.cmp(&b.0));
    leaves
}

/// Leaves by path; those of one path stay in the order of the document.
pub(crate) fn by_path<'a>(
    leaves: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let mut leaves: Vec<_> = leaves
        .map(|(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    leaves.sort_by(|a, b| a.0.cmp(&b.0));
    leaves
}

#[test]
fn every_inbound_vector() {
    each("inbound_xml", |id, vector| {
        let xml = text(vector, "xml");
        let read = Inbound::parse(xml.as_bytes()).unwrap_or_else(|error| panic!("{id}: {error}"));
        let fields = &vector["fields"];
        assert_eq!(by_path(read.leaves()), expected_leaves(fields), "{id}");
        assert_eq!(read.to, text(fields, "ToUserName"), "{id}");
        assert_eq!(read.from, text(fields, "FromUserName"), "{id}");
        assert_eq!(
            read.create_time.to_string(),
            text(fields, "CreateTime"),
            "{id}"
        );
        assert_eq!(read.msg_type, text(fields, "MsgType"), "{id}");
        assert_eq!(read.msg_id.as_deref(), fields["MsgId"].as_str(), "{id}");
        assert_eq!(read.is_event(), text(vector, "kind") == "event", "{id}");
        assert_eq!(read.event(), fields["Event"].as_str(), "{id}");
        assert_eq!(read.event_key(), fields["EventKey"].as_str(), "{id}");
        let known = !matches!(read.body, Body::Unknown | Body::Event(Event::Other));
        assert_eq!(
            known,
            !["msg-unknown-type", "ev-unknown"].contains(&id),
            "{id}"
        );
        for (name, value) in vector["dedup_identity"].as_object().unwrap() {
            assert_eq!(read.leaf(name), value.as_str(), "{id} {name}");
        }
    });
}

#[test]
fn every_sample_has_its_size_in_every_mode() {
    each("inbound_xml", |id, vector| {
        for (name, mode) in [
            ("plaintext_mode", Mode::Plain),
            ("safe_mode", Mode::Safe),
            ("compat_mode", Mode::Compatible),
        ] {
            let account = account(mode);
            let (query, body) =
                account.seal_request(text(vector, "xml"), "1767225660", "7", [1; 16]);
            assert_eq!(vector["bytes"][name], body.len(), "{id} {name}");
            let opened = account
                .open(&Query::parse(&query), body.as_bytes())
                .unwrap();
            assert_eq!(
                opened.xml.as_ref(),
                text(vector, "xml").as_bytes(),
                "{id} {name}"
            );
        }
    });
}

/// Outcome of a body in the words of the vectors, which know no finer reasons.
fn outcome(parsed: &Result<Inbound, ParseError>) -> &'static str {
    match parsed {
        Ok(_) => "ok",
        Err(ParseError::EmptyBody) => "empty_body",
        Err(_) => "bad_xml",
    }
}

#[test]
fn every_malformed_body() {
    each("malformed_bodies", |id, vector| {
        let body: Vec<u8> = match id {
            "body-utf16" => sample("msg-text-single-letter")
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            _ => text(vector, "body").as_bytes().to_vec(),
        };
        let found = match text(vector, "mode") {
            "plaintext" => {
                let account = account(Mode::Plain);
                let query = format!(
                    "signature={}&timestamp=1&nonce=2",
                    sign(&account.token, "1", "2")
                );
                let opened = account.open(&Query::parse(&query), &body).unwrap();
                outcome(&Inbound::parse(&opened.xml))
            }
            "safe" => {
                let vector = entry("decrypt", "dec-own-msg-text-single-letter");
                let query = format!(
                    "timestamp={}&nonce={}&encrypt_type=aes&msg_signature={}",
                    text(vector, "timestamp"),
                    text(vector, "nonce"),
                    text(vector, "msg_signature"),
                );
                match account(Mode::Safe).open(&Query::parse(&query), &body) {
                    Ok(opened) => outcome(&Inbound::parse(&opened.xml)),
                    Err(error) => error.reason(),
                }
            }
            other => panic!("{id}: {other}"),
        };
        assert_eq!(found, text(vector, "expect"), "{id}");
    });
}

#[test]
fn malformed_bodies_that_are_taken_are_read_as_decided() {
    let read = |id| Inbound::parse(text(entry("malformed_bodies", id), "body").as_bytes()).unwrap();
    assert_eq!(read("body-control-char").text(), Some("B"));
    assert_eq!(
        read("body-msgid-nonnumeric").msg_id.as_deref(),
        Some("49d72d67b16d115e_1555684067")
    );
    assert_eq!(
        read("body-msgid-overflow").msg_id.as_deref(),
        Some("99999999999999999999999")
    );
    let twice = read("body-duplicate-field");
    assert_eq!(twice.text(), Some("B"));
    let contents = twice.leaves().filter(|(path, _)| *path == "Content");
    assert_eq!(
        contents.map(|(_, value)| value).collect::<Vec<_>>(),
        ["B", "C"]
    );
}
