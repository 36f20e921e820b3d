//! Signatures and the GET verification. Never here: what is encrypted.

use crate::vectors::{account, each, text};
use wechat::{Account, Mode, Query, Refusal, sign};

#[test]
fn every_signature_vector() {
    each("signature", |id, vector| {
        let (timestamp, nonce) = (text(vector, "timestamp"), text(vector, "nonce"));
        let account = Account {
            token: text(vector, "token").to_owned(),
            ..account(Mode::Plain)
        };
        assert_eq!(
            sign(&account.token, timestamp, nonce),
            text(vector, "sha1_hex"),
            "{id}"
        );
        let echostr = vector["echostr"].as_str().unwrap_or("1");
        let query = format!(
            "signature={}&echostr={echostr}&timestamp={timestamp}&nonce={nonce}",
            text(vector, "signature"),
        );
        let query = Query::parse(&query);
        let verified = account.verify_url(&query);
        let outcome = verified.map_or_else(|refusal| refusal.reason(), |_| "ok");
        assert_eq!(outcome, text(vector, "expect"), "{id}");
        if let Some(body) = vector["expect_body"].as_str() {
            assert_eq!(verified, Ok(body), "{id}");
        }
        // A clear delivery is proved by the same signature, whatever its body.
        let opened = account.open(&query, b"<xml/>");
        let outcome = opened.map_or_else(|error| error.reason(), |_| "ok");
        assert_eq!(outcome, text(vector, "expect"), "{id}");
    });
}

#[test]
fn a_verification_without_echostr_timestamp_or_nonce_is_refused() {
    let account = account(Mode::Safe);
    let whole = account.verification_query("77", "1767225603", "9");
    assert_eq!(account.verify_url(&Query::parse(&whole)), Ok("77"));
    let without = |name: &str| {
        let pairs: Vec<_> = whole
            .split('&')
            .filter(|pair| !pair.starts_with(name))
            .collect();
        pairs.join("&")
    };
    for (name, refusal) in [
        ("echostr", Refusal::EchostrMissing),
        ("timestamp", Refusal::SignatureMissing),
        ("nonce", Refusal::SignatureMissing),
        ("signature", Refusal::SignatureMissing),
    ] {
        assert_eq!(
            account.verify_url(&Query::parse(&without(name))),
            Err(refusal),
            "{name}"
        );
    }
}
