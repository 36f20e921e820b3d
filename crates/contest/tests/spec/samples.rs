//! Forty texts as fans type them, with their NFKC forms as computed elsewhere: the pipeline must agree
//! with them wherever it does no more than NFKC, case and spaces, and must say what more it does.

use contest::{Normaliser, PLACEHOLDER};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

fn items() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("text_samples.json")).unwrap();
    file["items"].as_array().unwrap().clone()
}

fn field<'v>(item: &'v Value, name: &str) -> &'v str {
    item[name].as_str().unwrap()
}

/// Where the pipeline goes beyond NFKC, case folding and trimming, and to what.
fn beyond(id: &str) -> Option<&'static str> {
    Some(match id {
        "text-keycap" => "1",
        "text-emoji-letter" => "b",
        "text-trad" => "长江",
        "text-zwsp" | "text-bom" | "text-rtl-mark" => "b",
        "text-slash-face" | "text-slash-face-word" => "b",
        "text-bracket-face" | "text-bracket-face-en" => "b",
        "text-emoji" | "text-flag" | "text-zwj" | "text-skin" | "text-pua" => "",
        "text-crlf" => "a b",
        _ => return None,
    })
}

#[test]
fn all_forty_samples() {
    let normaliser = Normaliser::new();
    let items = items();
    assert_eq!(items.len(), 40);
    for item in &items {
        let (id, text) = (field(item, "id"), field(item, "text"));
        assert_eq!(
            text.len(),
            item["utf8_bytes"].as_u64().unwrap() as usize,
            "{id}: bytes"
        );
        let nfkc: String = text.nfkc().collect();
        assert_eq!(nfkc, field(item, "nfkc"), "{id}: NFKC");
        let expected = match beyond(id) {
            Some(more) => more.to_owned(),
            None => field(item, "nfkc_casefold_strip")
                .chars()
                .take(2048)
                .collect(),
        };
        let plain = normaliser.plain(text);
        assert_eq!(plain, expected, "{id}");
        assert_eq!(normaliser.plain(&plain), plain, "{id}: idempotent (N-3)");
    }
}

#[test]
fn the_placeholder_is_compared_before_its_comma_changes() {
    let items = items();
    let sample = items
        .iter()
        .find(|item| field(item, "id") == "text-unsupported")
        .unwrap();
    assert_eq!(field(sample, "text"), PLACEHOLDER);
    assert_ne!(Normaliser::new().plain(PLACEHOLDER), PLACEHOLDER);
}
