//! Keys, encryption and decryption. Never here: which mode takes what.

use crate::vectors::{account, account_of, each, entry, json_variant, text};
use serde_json::Value;
use wechat::{
    Account, AesKey, AnswerError, Mode, OpenError, Opened, ParseError, Query, Seal, WhichKey,
    encrypt, parse_reply, sign_encrypted,
};

/// Opens what an entry encrypts, as a delivery.
fn open(account: &Account, entry: &Value) -> Result<Opened<'static>, OpenError> {
    let query = format!(
        "timestamp={}&nonce={}&encrypt_type=aes&msg_signature={}",
        text(entry, "timestamp"),
        text(entry, "nonce"),
        text(entry, "msg_signature"),
    );
    let encrypt = text(entry, "encrypt");
    let body = format!("<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
    let opened = account.open(&Query::parse(&query), body.as_bytes())?;
    Ok(Opened {
        xml: opened.xml.into_owned().into(),
        seal: opened.seal,
    })
}

fn prefix(entry: &Value) -> [u8; 16] {
    text(entry, "random_prefix").as_bytes().try_into().unwrap()
}

#[test]
fn every_decrypt_vector() {
    each("decrypt", |id, vector| {
        let account = account_of(vector, Mode::Safe);
        let opened = open(&account, vector).unwrap_or_else(|error| panic!("{id}: {error}"));
        let plaintext = text(vector, "plaintext");
        assert_eq!(opened.xml.as_ref(), plaintext.as_bytes(), "{id}");
        assert_eq!(opened.seal, Seal::Encrypted(WhichKey::Current), "{id}");
        assert_eq!(vector["plaintext_bytes"], plaintext.len(), "{id}");
        // The same prefix gives the same ciphertext, so prefix, padding and layout are right as well.
        let key = account.key.as_ref().unwrap();
        let again = encrypt(key, &account.app_id, plaintext.as_bytes(), prefix(vector));
        assert_eq!(again, text(vector, "encrypt"), "{id}");
        let content = 20 + plaintext.len() + account.app_id.len();
        let pad = usize::try_from(vector["pad_byte"].as_u64().unwrap()).unwrap();
        assert_eq!(vector["ciphertext_bytes"], content + pad, "{id}");
    });
}

#[test]
fn every_malformed_vector() {
    each("malformed_crypto", |id, vector| {
        let error = open(&account_of(vector, Mode::Safe), vector).unwrap_err();
        assert_eq!(error.reason(), text(vector, "expect"), "{id}");
        let refused = text(vector, "expect").starts_with("signature");
        assert_eq!(matches!(error, OpenError::Refused(_)), refused, "{id}");
    });
}

#[test]
fn every_key_vector() {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    each("encoding_aes_keys", |id, vector| {
        let parsed = AesKey::parse(text(vector, "encoding_aes_key"));
        match text(vector, "expect") {
            "ok" => {
                let key = parsed.unwrap_or_else(|error| panic!("{id}: {error}"));
                assert_eq!(hex(key.bytes()), text(vector, "aes_key_hex"), "{id}");
                assert_eq!(hex(key.iv()), text(vector, "iv_hex"), "{id}");
                assert_eq!(format!("{key:?}"), "AesKey(secret)");
            }
            "bad_key" => assert!(parsed.is_err(), "{id}"),
            other => panic!("{id}: {other}"),
        }
    });
}

#[test]
fn every_encrypt_vector() {
    each("encrypt", |id, vector| {
        let account = account_of(vector, Mode::Safe);
        let plaintext = text(vector, "plaintext");
        let key = account.key.as_ref().unwrap();
        let encrypted = encrypt(key, &account.app_id, plaintext.as_bytes(), prefix(vector));
        assert_eq!(encrypted, text(vector, "expect_encrypt"), "{id}");
        let (timestamp, nonce) = (text(vector, "timestamp"), text(vector, "nonce"));
        let signature = sign_encrypted(&account.token, timestamp, nonce, &encrypted);
        assert_eq!(signature, text(vector, "expect_msg_signature"), "{id}");
        assert_eq!(vector["plaintext_bytes"], plaintext.len(), "{id}");
    });
}

#[test]
fn every_envelope_vector() {
    each("reply_envelope_xml", |_, envelope| {
        let id = text(envelope, "for_encrypt_id");
        let vector = entry("encrypt", id);
        let account = account_of(vector, Mode::Safe);
        let (timestamp, nonce) = (text(vector, "timestamp"), text(vector, "nonce"));
        let plaintext = text(vector, "plaintext");
        let seal = Seal::Encrypted(WhichKey::Current);
        let sealed = account.seal(seal, plaintext, timestamp, nonce, prefix(vector));
        let fields = &envelope["fields"];
        assert_eq!(
            text(fields, "Encrypt"),
            text(vector, "expect_encrypt"),
            "{id}"
        );
        assert_eq!(
            text(fields, "MsgSignature"),
            text(vector, "expect_msg_signature"),
            "{id}"
        );
        assert_eq!(
            (text(fields, "TimeStamp"), text(fields, "Nonce")),
            (timestamp, nonce),
            "{id}"
        );
        let rendering = text(envelope, "xml");
        if plaintext.is_empty() {
            // Never needed: the empty answer stays in clear.
            assert_eq!(sealed, "", "{id}");
            let read = parse_reply(&account, rendering.as_bytes());
            assert_eq!(read, Err(AnswerError::Xml(ParseError::EmptyBody)), "{id}");
        } else {
            assert_eq!(sealed, rendering, "{id}");
        }
    });
}

#[test]
fn the_previous_key_opens_and_seals_during_a_change() {
    let account = account(Mode::Safe);
    let vector = entry("decrypt", "dec-own-previous-key");
    let opened = open(&account, vector).unwrap();
    assert_eq!(opened.xml.as_ref(), text(vector, "plaintext").as_bytes());
    assert_eq!(opened.seal, Seal::Encrypted(WhichKey::Previous));
    let reply = crate::replies::text_reply("B");
    let sealed = account.seal(opened.seal, &reply, "1767225700", "9", [7; 16]);
    let only_previous = Account {
        key: account.previous_key.clone(),
        previous_key: None,
        ..account.clone()
    };
    assert!(parse_reply(&only_previous, sealed.as_bytes()).is_ok());
    let only_current = Account {
        previous_key: None,
        ..account
    };
    assert_eq!(
        parse_reply(&only_current, sealed.as_bytes()),
        Err(AnswerError::Undecryptable)
    );
}

#[test]
fn a_stale_key_is_told_from_a_damaged_message() {
    let changed = |id: &str| {
        let vector = entry("malformed_crypto", id);
        match open(&account_of(vector, Mode::Safe), vector) {
            Err(OpenError::Unreadable(reason)) => reason.suggests_key_change(),
            other => panic!("{id}: {other:?}"),
        }
    };
    assert!(changed("neg-wrong-key"));
    assert!(changed("neg-appid-other"));
    assert!(!changed("neg-utf8"));
    assert!(!changed("neg-b64-illegal-char"));
}

#[test]
fn json_is_decrypted_like_anything_else_and_is_no_message() {
    let bodies = json_variant()["request_bodies"].as_array().unwrap();
    assert_eq!(bodies.len(), 2);
    let safe = entry("decrypt", text(&bodies[0], "decrypt_id"));
    assert!(text(&bodies[0], "body").contains(text(safe, "encrypt")));
    let opened = open(&account_of(safe, Mode::Safe), safe).unwrap();
    assert_eq!(wechat::Inbound::parse(&opened.xml), Err(ParseError::BadXml));
    let query = format!(
        "timestamp=1&nonce=2&encrypt_type=aes&msg_signature={}",
        "0".repeat(40)
    );
    let refused =
        account(Mode::Safe).open(&Query::parse(&query), text(&bodies[0], "body").as_bytes());
    assert_eq!(refused.unwrap_err().reason(), "bad_xml");

    let plain = entry("signature", text(&bodies[1], "signature_id"));
    let account = Account {
        token: text(plain, "token").to_owned(),
        ..account(Mode::Plain)
    };
    let query = format!(
        "signature={}&timestamp={}&nonce={}",
        text(plain, "signature"),
        text(plain, "timestamp"),
        text(plain, "nonce"),
    );
    let opened = account
        .open(&Query::parse(&query), text(&bodies[1], "body").as_bytes())
        .unwrap();
    assert_eq!(wechat::Inbound::parse(&opened.xml), Err(ParseError::BadXml));

    let replies = json_variant()["reply_bodies"].as_array().unwrap();
    assert_eq!(replies.len(), 1);
    let vector = entry("encrypt", text(&replies[0], "encrypt_id"));
    let reply: Value = serde_json::from_str(text(&replies[0], "body")).unwrap();
    assert_eq!(reply["Encrypt"], vector["expect_encrypt"]);
    assert_eq!(reply["MsgSignature"], vector["expect_msg_signature"]);
}
