//! Whole requests as captured bytes: the query and the body that ingress would hand down. Never here:
//! HTTP itself.

use crate::vectors::{account, each, entry, sample, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wechat::{Inbound, Mode, Query};

/// Query string and body of a raw request.
fn split(raw: &[u8]) -> (String, Vec<u8>) {
    let end = raw
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&raw[..end]).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    (
        target.split_once('?').unwrap().1.to_owned(),
        raw[end + 4..].to_vec(),
    )
}

#[test]
fn every_request_vector() {
    each("http_requests", |id, vector| {
        let (query, body) = split(&STANDARD.decode(text(vector, "raw_b64")).unwrap());
        assert_eq!(query, text(vector, "query"), "{id}");
        let mode = match id {
            "http-compat" => Mode::Compatible,
            _ if id.starts_with("http-safe") => Mode::Safe,
            _ => Mode::Plain,
        };
        let account = account(mode);
        let query = Query::parse(&query);
        let Some(body_id) = vector["body_id"].as_str() else {
            assert_eq!(
                account.verify_url(&query),
                Ok(text(vector, "expect_body")),
                "{id}"
            );
            return;
        };
        match account.open(&query, &body) {
            Ok(opened) => {
                assert_eq!("ok", text(vector, "expect"), "{id}");
                let expected = match mode {
                    Mode::Plain => sample(body_id),
                    _ => text(entry("decrypt", body_id), "plaintext"),
                };
                assert_eq!(opened.xml.as_ref(), expected.as_bytes(), "{id}");
                assert!(Inbound::parse(&opened.xml).is_ok(), "{id}");
            }
            Err(error) => assert_eq!(error.reason(), text(vector, "expect"), "{id}"),
        }
    });
}
