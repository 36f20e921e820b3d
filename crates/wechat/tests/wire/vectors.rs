//! The file of vectors, and the identity most of them use. Never here: an expectation.

use serde_json::Value;
use std::sync::LazyLock;
use wechat::{Account, AesKey, Mode};

static FILE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors.json")).unwrap());

/// Sections that some test runs through, each with the number of its entries. The scenarios of re-delivery are about
/// identities: a test of whole nodes runs through them.
const SECTIONS: [(&str, usize); 12] = [
    ("signature", 22),
    ("decrypt", 20),
    ("encrypt", 9),
    ("reply_envelope_xml", 9),
    ("malformed_crypto", 34),
    ("encoding_aes_keys", 10),
    ("inbound_xml", 56),
    ("malformed_bodies", 24),
    ("http_requests", 9),
    ("passive_replies", 12),
    ("ack_bodies", 8),
    ("redelivery_scenarios", 7),
];

/// Runs `check` over a section and makes sure that it saw every entry.
pub(crate) fn each(section: &str, mut check: impl FnMut(&str, &Value)) {
    let expected = SECTIONS
        .iter()
        .find(|(name, _)| *name == section)
        .unwrap()
        .1;
    let mut seen = 0;
    for entry in FILE[section].as_array().unwrap() {
        check(entry["id"].as_str().unwrap_or_default(), entry);
        seen += 1;
    }
    assert_eq!(seen, expected, "entries of {section}");
}

/// The entry of a section with this id.
pub(crate) fn entry(section: &str, id: &str) -> &'static Value {
    let entries = FILE[section].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["id"] == id)
        .unwrap_or_else(|| panic!("no {id} in {section}"))
}

/// The section about JSON, which is no list.
pub(crate) fn json_variant() -> &'static Value {
    &FILE["json_variant"]
}

/// A text field of an entry.
pub(crate) fn text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {entry}"))
}

/// Plaintext XML of an inbound sample.
pub(crate) fn sample(id: &str) -> &'static str {
    text(entry("inbound_xml", id), "xml")
}

/// The account most vectors are for.
pub(crate) fn account(mode: Mode) -> Account {
    let identity = &FILE["meta"]["default_identity"];
    Account {
        name: "mi".to_owned(),
        app_id: text(identity, "app_id").to_owned(),
        original_id: text(identity, "original_id").to_owned(),
        token: text(identity, "token").to_owned(),
        key: Some(AesKey::parse(text(identity, "encoding_aes_key")).unwrap()),
        previous_key: Some(AesKey::parse(text(identity, "previous_encoding_aes_key")).unwrap()),
        mode,
    }
}

/// The account an entry names.
pub(crate) fn account_of(entry: &Value, mode: Mode) -> Account {
    Account {
        app_id: text(entry, "app_id").to_owned(),
        token: text(entry, "token").to_owned(),
        key: Some(AesKey::parse(text(entry, "encoding_aes_key")).unwrap()),
        previous_key: None,
        ..account(mode)
    }
}

#[test]
fn no_section_of_the_file_is_left_out() {
    let counts = FILE["counts"].as_object().unwrap();
    assert_eq!(
        counts.len(),
        SECTIONS.len() + 1,
        "the sections here and json_variant"
    );
    for (section, expected) in SECTIONS {
        assert_eq!(counts[section], expected, "{section}");
        assert_eq!(
            FILE[section].as_array().unwrap().len(),
            expected,
            "{section}"
        );
    }
    let sections = FILE.as_object().unwrap().keys();
    let unknown: Vec<_> = sections
        .filter(|name| !counts.contains_key(*name) && *name != "meta" && *name != "counts")
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
