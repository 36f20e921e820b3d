//! Writing an envelope as JSON by hand: byte for byte what its `Serialize` gives, at a fraction of the cost. Ingress
//! writes one for every callback. Never here: reading, and what a field means.

use crate::envelope::{Content, Envelope, Field, Reply, Spoken};
use crate::hexed::{self, Hex};
use std::ops::Range;

impl Envelope<'_> {
    /// Appends the envelope to `out` as JSON. Returns where in `out` the fan's openid stands as it is; `None` when it
    /// is empty or was escaped.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Option<Range<usize>> {
        // No `..`: a new field must find its place here too.
        let Envelope {
            r#type,
            v,
            account,
            from,
            to,
            create_time,
            kind,
            msg_id,
            event,
            event_key,
            menu_id,
            recv_us,
            node,
            boot,
            seq,
            key,
            digest,
            retry,
            content,
            reply,
            reason,
            body,
            body_b64,
        } = self;
        out.extend_from_slice(b"{\"type\":");
        string(out, r#type);
        out.extend_from_slice(b",\"v\":");
        number(out, u64::from(*v));
        out.extend_from_slice(b",\"account\":");
        string(out, account);
        let start = out.len().saturating_add(b",\"from\":\"".len());
        text(out, b",\"from\":", from);
        let fan = start..out.len().saturating_sub(1);
        let as_it_is = !from.is_empty() && fan.len() == from.len();
        text(out, b",\"to\":", to);
        signed(out, b",\"create_time\":", *create_time);
        out.extend_from_slice(b",\"kind\":");
        string(out, kind);
        text(out, b",\"msg_id\":", msg_id);
        text(out, b",\"event\":", event);
        text(out, b",\"event_key\":", event_key);
        text(out, b",\"menu_id\":", menu_id);
        signed(out, b",\"recv_us\":", *recv_us);
        hex(out, b",\"node\":\"", node.as_ref());
        hex(out, b",\"boot\":\"", boot.as_ref());
        if let Some(seq) = seq {
            out.extend_from_slice(b",\"seq\":");
            number(out, *seq);
        }
        hex(out, b",\"key\":\"", key.as_ref());
        hex(out, b",\"digest\":\"", digest.as_ref());
        if *retry {
            out.extend_from_slice(b",\"retry\":true");
        }
        if !content.is_empty() {
            out.extend_from_slice(b",\"content\":");
            write_content(out, content);
        }
        out.extend_from_slice(b",\"reply\":");
        write_reply(out, reply);
        text(out, b",\"reason\":", reason);
        text(out, b",\"body\":", body);
        text(out, b",\"body_b64\":", body_b64);
        out.push(b'}');
        as_it_is.then_some(fan)
    }
}

fn write_content(out: &mut Vec<u8>, content: &Content<'_>) {
    let Content {
        text: typed,
        recognition,
        media_id,
        fields,
    } = content;
    let start = out.len();
    text(out, b",\"text\":", typed);
    text(out, b",\"recognition\":", recognition);
    text(out, b",\"media_id\":", media_id);
    if !fields.is_empty() {
        out.extend_from_slice(b",\"fields\":[");
        for (place, Field(path, value)) in fields.iter().enumerate() {
            out.extend_from_slice(if place == 0 { b"[" } else { b",[" });
            string(out, path);
            out.push(b',');
            string(out, value);
            out.push(b']');
        }
        out.push(b']');
    }
    begin(out, start);
}

/// Turns the comma before an object's first member into its brace, and closes the object.
fn begin(out: &mut Vec<u8>, start: usize) {
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

fn write_reply(out: &mut Vec<u8>, reply: &Reply<'_>) {
    let Reply {
        rule,
        rule_version,
        template,
        template_version,
        snapshot,
        spoken,
        hash,
    } = reply;
    out.extend_from_slice(b"{\"rule\":");
    string(out, rule);
    out.extend_from_slice(b",\"rule_version\":");
    number(out, u64::from(*rule_version));
    text(out, b",\"template\":", template);
    out.extend_from_slice(b",\"template_version\":");
    number(out, u64::from(*template_version));
    out.extend_from_slice(b",\"snapshot\":");
    number(out, *snapshot);
    out.extend_from_slice(match spoken {
        Spoken::Reply => b",\"spoken\":\"reply\"".as_slice(),
        Spoken::Coalesced => b",\"spoken\":\"coalesced\"",
        Spoken::Throttled => b",\"spoken\":\"throttled\"",
        Spoken::Silent => b",\"spoken\":\"silent\"",
        Spoken::Nothing => b",\"spoken\":\"nothing\"",
    });
    hex(out, b",\"hash\":\"", hash.as_ref());
    out.push(b'}');
}

/// A text that is left out when it is empty.
fn text(out: &mut Vec<u8>, name: &[u8], text: &str) {
    if !text.is_empty() {
        out.extend_from_slice(name);
        string(out, text);
    }
}

/// `name` ends with the opening quote.
fn hex<const N: usize>(out: &mut Vec<u8>, name: &[u8], bytes: Option<&Hex<N>>) {
    if let Some(bytes) = bytes {
        out.extend_from_slice(name);
        hexed::push(out, &bytes.0);
        out.push(b'"');
    }
}

fn signed(out: &mut Vec<u8>, name: &[u8], value: i64) {
    out.extend_from_slice(name);
    if value < 0 {
        out.push(b'-');
    }
    number(out, value.unsigned_abs());
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (value % 10) as u8;
        first -= 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// A string with its quotes. Most texts need no escape, and of the others most bytes: eight are looked at together.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = first_special(rest) {
        let (plain, special) = rest.split_at(place);
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else {
            break;
        };
        escape(out, byte);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Place of the first byte that must be escaped.
fn first_special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let clean = clean_chunks(bytes);
    let (words, rest) = bytes.get(clean..).unwrap_or_default().as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The highest bit of each byte that is below n, or zero; a borrow reaches only bytes above a hit.
        let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGH;
        let hits = below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1);
        if hits != 0 {
            return Some(clean + number * 8 + (hits.trailing_zeros() / 8) as usize);
        }
    }
    let place = rest.iter().position(|&byte| is_special(byte))?;
    Some(clean + words.len() * 8 + place)
}

/// So many bytes from the start on, in whole chunks, need no escape. The loop over a chunk has no branch: the compiler
/// looks at many bytes at once.
fn clean_chunks(bytes: &[u8]) -> usize {
    let (chunks, _) = bytes.as_chunks::<32>();
    let clean = chunks.iter().take_while(|chunk| {
        let special = chunk
            .iter()
            .fold(0, |seen, &byte| seen | u8::from(is_special(byte)));
        special == 0
    });
    clean.count() * 32
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            hexed::push(out, &[byte]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn any_text() -> impl Strategy<Value = Cow<'static, str>> {
        let hard = "[\u{0}-\u{24}\\\\\"\u{7f}A-C中\u{2028}😀]{0,70}";
        prop_oneof![2 => Just(String::new()), 2 => "[a-z0-9<>/]{0,40}", 1 => hard, 1 => any::<String>()]
            .prop_map(Cow::Owned)
    }

    fn any_reply() -> impl Strategy<Value = Reply<'static>> {
        let spoken = prop::sample::select(vec![
            Spoken::Reply,
            Spoken::Coalesced,
            Spoken::Throttled,
            Spoken::Silent,
            Spoken::Nothing,
        ]);
        let hash = prop::option::of(any::<[u8; 16]>().prop_map(Hex));
        (
            any_text(),
            any_text(),
            any::<(u32, u32, u64)>(),
            spoken,
            hash,
        )
            .prop_map(
                |(rule, template, (rule_version, template_version, snapshot), spoken, hash)| {
                    Reply {
                        rule,
                        rule_version,
                        template,
                        template_version,
                        snapshot,
                        spoken,
                        hash,
                    }
                },
            )
    }

    fn any_content() -> impl Strategy<Value = Content<'static>> {
        let field = (any_text(), any_text()).prop_map(|(path, value)| Field(path, value));
        let fields = prop::collection::vec(field, 0..4);
        (any_text(), any_text(), any_text(), fields).prop_map(
            |(text, recognition, media_id, fields)| Content {
                text,
                recognition,
                media_id,
                fields,
            },
        )
    }

    fn any_envelope() -> impl Strategy<Value = Envelope<'static>> {
        let texts = prop::collection::vec(any_text(), 12);
        let numbers = any::<(u16, i64, i64, Option<u64>, bool)>();
        let ids = any::<(Option<[u8; 8]>, Option<[u8; 16]>, Option<[u8; 32]>)>();
        (texts, numbers, ids, any_content(), any_reply()).prop_map(
            |(texts, (v, create_time, recv_us, seq, retry), (id, key, digest), content, reply)| {
                let mut texts = texts.into_iter();
                let mut text = || texts.next().unwrap();
                Envelope {
                    r#type: text(),
                    v,
                    account: text(),
                    from: text(),
                    to: text(),
                    create_time,
                    kind: text(),
                    msg_id: text(),
                    event: text(),
                    event_key: text(),
                    menu_id: text(),
                    recv_us,
                    node: id.map(Hex),
                    boot: id.map(Hex),
                    seq,
                    key: key.map(Hex),
                    digest: digest.map(Hex),
                    retry,
                    content,
                    reply,
                    reason: text(),
                    body: text(),
                    body_b64: text(),
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn what_is_written_by_hand_is_what_serde_writes(envelope in any_envelope()) {
            let mut out = b"before".to_vec();
            let fan = envelope.write_json(&mut out);
            let expected = serde_json::to_string(&envelope).unwrap();
            prop_assert_eq!(std::str::from_utf8(&out[6..]).unwrap(), expected);
            let plain = serde_json::to_string(&envelope.from).unwrap().len() == envelope.from.len() + 2;
            prop_assert_eq!(fan.is_some(), plain && !envelope.from.is_empty());
            if let Some(fan) = fan {
                prop_assert_eq!(&out[fan], envelope.from.as_bytes());
            }
        }
    }

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for byte in 0..=255_u8 {
            for place in 0..20 {
                for others in [b'a', 0x21, 0x7f, 0x80, 0xa2, 0xff] {
                    let mut bytes = [others; 20];
                    bytes[place] = byte;
                    let expected = bytes.iter().position(|&byte| is_special(byte));
                    assert_eq!(first_special(&bytes), expected, "{byte} at {place}");
                }
            }
        }
    }

    #[test]
    fn numbers_at_their_ends_and_every_control_character() {
        let mut out = Vec::new();
        signed(&mut out, b"", i64::MIN);
        signed(&mut out, b" ", i64::MAX);
        number(&mut out, u64::MAX);
        let expected = format!("{} {}{}", i64::MIN, i64::MAX, u64::MAX);
        assert_eq!(out, expected.as_bytes());
        let all: String = (0..=0x80_u8).map(char::from).collect();
        let mut out = Vec::new();
        string(&mut out, &all);
        assert_eq!(out, serde_json::to_vec(&all).unwrap());
    }
}
