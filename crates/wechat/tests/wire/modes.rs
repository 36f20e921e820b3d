//! Which account takes which delivery, and how its reply is wrapped. Never here: forged ciphertexts.

use crate::replies::text_reply;
use crate::vectors::{account, sample};
use wechat::{
    Account, Answer, AnswerError, Mode, OpenError, Query, Refusal, Seal, WhichKey, parse_reply,
};

#[test]
fn each_account_takes_the_deliveries_of_its_mode() {
    let xml = sample("msg-text-single-letter");
    for sender in Mode::ALL {
        let (query, body) = account(sender).seal_request(xml, "1767225660", "7", [1; 16]);
        for receiver in Mode::ALL {
            let opened = account(receiver).open(&Query::parse(&query), body.as_bytes());
            let encrypted = sender != Mode::Plain;
            let taken = match receiver {
                Mode::Plain => !encrypted,
                Mode::Compatible => true,
                Mode::Safe => encrypted,
            };
            match opened {
                Ok(opened) => {
                    assert!(taken, "{sender:?} to {receiver:?}");
                    assert_eq!(opened.xml.as_ref(), xml.as_bytes());
                    assert_eq!(opened.seal != Seal::Plain, encrypted);
                }
                Err(error) => {
                    assert!(!taken, "{sender:?} to {receiver:?}: {error}");
                    assert_eq!(error, OpenError::Refused(Refusal::ModeNotAllowed));
                }
            }
        }
    }
}

#[test]
fn other_kinds_of_encryption_are_refused() {
    for kind in ["", "AES", "des", "raw%20", "json"] {
        let query = account(Mode::Compatible).verification_query("1", "2", "3");
        let query = format!("{query}&encrypt_type={kind}");
        let refused = account(Mode::Compatible).open(&Query::parse(&query), b"<xml/>");
        assert_eq!(refused, Err(Refusal::EncryptTypeUnknown.into()), "{kind}");
    }
}

#[test]
fn in_safe_mode_the_signature_of_the_query_proves_nothing() {
    let account = account(Mode::Safe);
    let (query, body) = account.seal_request(sample("ev-click"), "1", "2", [3; 16]);
    let forged: Vec<_> = query
        .split('&')
        .map(|pair| {
            if pair.starts_with("signature=") {
                "signature=00"
            } else {
                pair
            }
        })
        .collect();
    assert!(
        account
            .open(&Query::parse(&forged.join("&")), body.as_bytes())
            .is_ok()
    );
    let forged = query.replace("msg_signature=", "msg_signature=0");
    let refused = account.open(&Query::parse(&forged), body.as_bytes());
    assert_eq!(refused, Err(Refusal::SignatureMismatch.into()));
}

#[test]
fn in_compatible_mode_the_clear_fields_are_read_by_nobody() {
    let account = account(Mode::Compatible);
    let (query, body) = account.seal_request(sample("ev-click"), "1", "2", [3; 16]);
    let forged = body.replacen("oQz7Ks3mT9vWxY1aBcD5FgHiJkLm", "somebody-else", 1);
    assert_ne!(forged, body);
    let opened = account
        .open(&Query::parse(&query), forged.as_bytes())
        .unwrap();
    assert_eq!(opened.xml.as_ref(), sample("ev-click").as_bytes());
}

#[test]
fn the_envelope_comes_before_the_signature() {
    let account = account(Mode::Safe);
    let open = |body: &[u8]| {
        account
            .open(&Query::parse("encrypt_type=aes"), body)
            .unwrap_err()
    };
    assert_eq!(open(b"").reason(), "empty_body");
    assert_eq!(open(b"<xml>").reason(), "bad_xml");
    assert_eq!(
        open(b"<!DOCTYPE xml><xml><Encrypt/></xml>").reason(),
        "bad_xml"
    );
    assert_eq!(open(b"<xml></xml>").reason(), "no_encrypt_element");
    assert_eq!(
        open(b"<xml><a><Encrypt/></a></xml>").reason(),
        "no_encrypt_element"
    );
    assert_eq!(open(b"<xml><Encrypt/></xml>").reason(), "signature_missing");
    let long = vec![b' '; wechat::BODY_BYTES_MAX + 1];
    assert_eq!(open(&long), OpenError::Refused(Refusal::TooLarge));
}

#[test]
fn refusals_have_the_status_of_what_was_wrong() {
    assert_eq!(Refusal::SignatureMissing.status(), 403);
    assert_eq!(Refusal::SignatureMismatch.status(), 403);
    assert_eq!(Refusal::ModeNotAllowed.status(), 403);
    assert_eq!(Refusal::TooLarge.status(), 413);
    assert_eq!(Refusal::BadXml.status(), 400);
    assert_eq!(Refusal::EncryptTypeUnknown.status(), 400);
}

#[test]
fn without_a_key_nothing_is_opened_and_nothing_leaves_in_clear() {
    let keyless = Account {
        key: None,
        previous_key: None,
        ..account(Mode::Safe)
    };
    let (query, body) = account(Mode::Safe).seal_request(sample("ev-click"), "1", "2", [3; 16]);
    let refused = keyless.open(&Query::parse(&query), body.as_bytes());
    assert_eq!(refused, Err(Refusal::NoKey.into()));
    let seal = Seal::Encrypted(WhichKey::Current);
    assert_eq!(
        keyless.seal(seal, &text_reply("B"), "1", "2", [3; 16]),
        "success"
    );
}

#[test]
fn a_reply_is_wrapped_as_the_delivery_was() {
    let account = account(Mode::Safe);
    let reply = text_reply("收到:B");
    assert_eq!(account.seal(Seal::Plain, &reply, "1", "2", [3; 16]), reply);
    let sealed = account.seal(
        Seal::Encrypted(WhichKey::Current),
        &reply,
        "1",
        "2",
        [3; 16],
    );
    let Ok(Answer::Reply(read)) = parse_reply(&account, sealed.as_bytes()) else {
        panic!("{sealed}");
    };
    assert!(read.encrypted);
    assert_eq!(read.xml, reply);
    assert_eq!(
        parse_reply(&account, reply.as_bytes()),
        Err(AnswerError::NotEncrypted)
    );
    for answer in ["", "success"] {
        let sealed = account.seal(
            Seal::Encrypted(WhichKey::Current),
            answer,
            "1",
            "2",
            [3; 16],
        );
        assert_eq!(sealed, answer);
    }
}

#[test]
fn a_reply_with_a_forged_envelope_is_not_read() {
    let account = account(Mode::Safe);
    let seal = Seal::Encrypted(WhichKey::Current);
    let sealed = account.seal(seal, &text_reply("B"), "17", "25", [3; 16]);
    for forged in [
        sealed.replace("<TimeStamp>17<", "<TimeStamp>18<"),
        sealed.replace("<Nonce><![CDATA[25]]></Nonce>", ""),
        sealed.replace("MsgSignature", "MsgSignatur"),
    ] {
        assert_ne!(forged, sealed);
        let read = parse_reply(&account, forged.as_bytes());
        assert_eq!(read, Err(AnswerError::Signature), "{forged}");
    }
}

#[test]
fn an_account_does_not_print_its_secrets() {
    let account = account(Mode::Safe);
    let printed = format!("{account:?}");
    assert!(printed.contains("gh_3f9c1e7ab204"));
    assert!(!printed.contains(&account.token));
}

#[test]
fn modes_have_the_names_of_the_configuration() {
    for (name, mode) in [
        ("plain", Mode::Plain),
        ("compatible", Mode::Compatible),
        ("safe", Mode::Safe),
    ] {
        assert_eq!(Mode::parse(name), Some(mode));
        assert_eq!(mode.name(), name);
    }
    assert_eq!(Mode::parse("Safe"), None);
}
