//! Records without the fans' words, for an export that may leave the house: what a fan wrote or sent is left out,
//! wherever it stands. Keys, ids, digests, positions, reasons and lengths stay. Never which records there are.

use contest::Standing;
use record::acts::Act;
use record::chain::{link_of, splice};
use record::claim::{CLAIM, PASSED};
use record::dead::{DEAD, DeadLetter};
use record::envelope::{Content, DELIVERY, Envelope, MESSAGE};
use record::identity::sha256;
use record::inband::{COPY, MARK, NOTE, RETRY, Retry, TICK};
use record::rounds::{SHARE, Share};
use record::tally::{TALLY, TALLY_VERSION, Tally};
use record::topics::{CONTROL, PROGRESS};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Types of the data topics in which no fan says anything.
const WORDLESS: [&str; 6] = [TICK, COPY, MARK, NOTE, CLAIM, PASSED];
/// The act whose standings hold answers.
const STANDINGS: &str = "standings";
/// Reasons of dead letters whose detail is made of numbers and digests; any other may quote the record.
const PLAIN_REASONS: [&str; 3] = ["conflict", "quarantined", "unparsed"];
/// How deep a record that failed inside of one that failed is looked into.
const NESTING: u32 = 8;

/// The value without the fans' words; `None` when there are none in it. What has no type that this version knows is
/// left out whole, but for its link and its length.
pub(super) fn without_words<'a>(
    topic: &str,
    value: &[u8],
    buffer: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let kind = record::type_of(value);
    let kind = kind.as_deref().unwrap_or_default();
    let is_of_operators = matches!(topic, CONTROL | PROGRESS) && kind != STANDINGS;
    if is_of_operators || WORDLESS.contains(&kind) {
        return None;
    }
    if matches!(kind, DELIVERY | MESSAGE) && cut(value, buffer).is_some() {
        return Some(buffer);
    }
    let json = respelled(kind, value, NESTING).unwrap_or_else(|| {
        let left_out = json!({ "type": "unknown", "v": 1, "bytes": value.len() });
        left_out.to_string().into_bytes()
    });
    buffer.clear();
    match link_of(value) {
        Some(link) => splice(&link, &json, buffer),
        None => buffer.extend_from_slice(&json),
    }
    Some(buffer)
}

/// Members of a delivery or message that hold the fan's words; none of them stands first.
#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    body_b64: Option<&'a RawValue>,
}

/// A delivery or message without the fan's words, cut out of its text: no member is parsed or written anew. `None`
/// when it is not in the spelling of the crate `record`.
fn cut(value: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let words: Words<'_> = serde_json::from_slice(value).ok()?;
    let mut cuts = [
        ("content", words.content),
        ("body", words.body),
        ("body_b64", words.body_b64),
    ]
    .into_iter()
    .filter_map(|(name, raw)| Some((name, raw?.get())))
    .map(|(name, raw)| {
        let start = (raw.as_ptr() as usize).checked_sub(value.as_ptr() as usize)?;
        let key = format!(",\"{name}\":");
        let from = start.checked_sub(key.len())?;
        (value.get(from..start) == Some(key.as_bytes())).then_some((from, start + raw.len()))
    })
    .collect::<Option<Vec<(usize, usize)>>>()?;
    cuts.sort_unstable();
    buffer.clear();
    let mut at = 0;
    for (from, to) in cuts {
        buffer.extend_from_slice(value.get(at..from)?);
        at = to;
    }
    buffer.extend_from_slice(value.get(at..)?);
    Some(())
}

/// A record that holds another one as text, and how long that was.
#[derive(Serialize)]
struct Around<T> {
    #[serde(flatten)]
    record: T,
    raw_bytes: usize,
}

/// The record written anew without the fans' words and without its link; `None` when it cannot be read.
fn respelled(kind: &str, value: &[u8], depth: u32) -> Option<Vec<u8>> {
    match kind {
        DELIVERY | MESSAGE => envelope(value),
        // In `accepted` a retry is the message itself.
        RETRY => match record::parse::<Retry<'_>>(value) {
            Ok(retry) => spell(&Around {
                raw_bytes: retry.raw.len(),
                record: Retry {
                    raw: inner(&retry.raw, depth).into(),
                    ..retry
                },
            }),
            Err(_) => envelope(value),
        },
        DEAD => {
            let letter: DeadLetter<'_> = record::parse(value).ok()?;
            let is_plain = PLAIN_REASONS.contains(&letter.reason.as_ref());
            spell(&Around {
                raw_bytes: letter.raw.len() + bytes_of_base64(&letter.raw_b64),
                record: DeadLetter {
                    raw: inner(&letter.raw, depth).into(),
                    raw_b64: "".into(),
                    detail: if is_plain { letter.detail } else { "".into() },
                    ..letter
                },
            })
        }
        TALLY => {
            let mut tally: Tally = record::parse(value).ok()?;
            if tally.v >= TALLY_VERSION {
                // Its answers are those of the campaign file.
                return spell(&tally);
            }
            let answers = std::mem::take(&mut tally.answers).into_iter();
            tally.answers = answers
                .map(|(answer, fans)| (without_text(&answer).into_owned(), fans))
                .collect();
            spell(&tally)
        }
        SHARE => {
            let mut share: Share = record::parse(value).ok()?;
            share.standings = standings(&share.standings)?;
            spell(&share)
        }
        STANDINGS => {
            let Ok(Act::Standings(mut act)) = record::parse(value) else {
                return None;
            };
            act.standings = standings(&act.standings)?;
            spell(&Act::Standings(act))
        }
        _ => None,
    }
}

fn envelope(value: &[u8]) -> Option<Vec<u8>> {
    spell(&Envelope {
        content: Content::default(),
        body: "".into(),
        body_b64: "".into(),
        ..record::parse(value).ok()?
    })
}

fn spell(record: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(record).ok()
}

/// The record that failed, without the fan's words; empty when it cannot be read.
fn inner(raw: &str, depth: u32) -> String {
    let kind = record::type_of(raw.as_bytes());
    let kind = kind.as_deref().unwrap_or_default();
    if WORDLESS.contains(&kind) {
        return raw.to_owned();
    }
    let depth = depth.checked_sub(1);
    let json = depth.and_then(|depth| respelled(kind, raw.as_bytes(), depth));
    json.and_then(|json| String::from_utf8(json).ok())
        .unwrap_or_default()
}

/// How many bytes a text in Base64 stands for.
fn bytes_of_base64(text: &str) -> usize {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

/// Standings with answers that are no fan's own text.
fn standings(lines: &str) -> Option<String> {
    let mut out = String::with_capacity(lines.len());
    for line in lines.lines() {
        let standing = Standing::parse(line)?;
        let value = Cow::Owned(without_text(&standing.value).into_owned());
        Standing { value, ..standing }.write_line(&mut out);
    }
    Some(out)
}

/// An answer as it may be shown: letters of options as they are, and of what a fan wrote himself, a number or a text,
/// the first half of its SHA-256.
fn without_text(answer: &str) -> Cow<'_, str> {
    if answer.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(answer);
    }
    let hash = sha256(answer.as_bytes()).to_string();
    Cow::Owned(format!("#{}", hash.get(..32).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::topics::{ACCEPTED, INBOUND, INBOUND_DEAD, RESULTS};
    use serde_json::Value;

    fn check(topic: &str, value: &str, want: &str) {
        let mut buffer = Vec::new();
        let cut = without_words(topic, value.as_bytes(), &mut buffer).unwrap();
        assert_eq!(std::str::from_utf8(cut).unwrap(), want);
    }

    #[test]
    fn the_fans_words_are_cut_out_and_everything_else_stays_to_the_byte() {
        check(
            ACCEPTED,
            r#"{"pos":[1,0],"prev":null,"step":1,"type":"message","v":1,"from":"o\"1","content":{"text":"a\"}b"},"reply":{"rule":"x"},"body":"<xml>"}"#,
            r#"{"pos":[1,0],"prev":null,"step":1,"type":"message","v":1,"from":"o\"1","reply":{"rule":"x"}}"#,
        );
    }

    #[test]
    fn what_holds_no_words_is_left_as_it_is() {
        let mut buffer = Vec::new();
        for (topic, value) in [
            (INBOUND, r#"{"type":"tick","v":1,"t":5}"#),
            (ACCEPTED, r#"{"type":"mark","v":1}"#),
            (
                RESULTS,
                r#"{"pos":[7,1],"prev":null,"step":1,"type":"claim","v":1,"campaign":"c","code":"00"}"#,
            ),
            (
                RESULTS,
                r#"{"pos":[8,0],"prev":[7,1],"step":1,"type":"passed","v":1,"tick":5}"#,
            ),
            (CONTROL, r#"{"type":"from a newer version","v":1}"#),
        ] {
            assert_eq!(without_words(topic, value.as_bytes(), &mut buffer), None);
        }
    }

    #[test]
    fn what_this_version_does_not_know_is_left_out_but_for_link_and_length() {
        for value in [
            r#"{"type":"message","v":1,"content":"#,
            r#"{"type":"poem","v":1,"text":"secret"}"#,
            "secret",
        ] {
            let want = format!(r#"{{"bytes":{},"type":"unknown","v":1}}"#, value.len());
            check(INBOUND, value, &want);
        }
        check(
            RESULTS,
            r#"{"pos":[7,1],"prev":[6,0],"step":2,"type":"poem","v":1}"#,
            r#"{"pos":[7,1],"prev":[6,0],"step":2,"bytes":55,"type":"unknown","v":1}"#,
        );
    }

    /// A delivery whose text is `secret`, as JSON.
    const DELIVERED: &str = r#"{"type":"delivery","v":1,"account":"mi","from":"o1","create_time":5,"kind":"text","msg_id":"9","recv_us":7,"content":{"text":"secret"},"reply":{"rule":"","rule_version":0,"template_version":0,"snapshot":0,"spoken":"nothing"},"body":"<xml>secret</xml>"}"#;

    fn cut_of(topic: &str, value: &Value) -> Value {
        let mut buffer = Vec::new();
        let value = value.to_string();
        let cut = without_words(topic, value.as_bytes(), &mut buffer).unwrap();
        assert!(!String::from_utf8_lossy(cut).contains("secret"));
        serde_json::from_slice(cut).unwrap()
    }

    #[test]
    fn a_record_inside_of_another_loses_its_words_too_and_keeps_its_ids() {
        let retry = json!({
            "type": "retry", "v": 1, "topic": "inbound.dead", "partition": 3, "offset": 12,
            "actor": "ann", "reason": "repaired", "recv_us": 1, "raw": DELIVERED,
        });
        let cut = cut_of(INBOUND, &retry);
        assert_eq!(
            (&cut["actor"], &cut["raw_bytes"]),
            (&json!("ann"), &json!(DELIVERED.len()))
        );
        let raw: Value = serde_json::from_str(cut["raw"].as_str().unwrap()).unwrap();
        assert_eq!((&raw["msg_id"], &raw["from"]), (&json!("9"), &json!("o1")));

        let letter = json!({
            "pos": [4, 0], "prev": null, "step": 2, "type": "dead", "v": 1, "reason": "unreadable",
            "detail": "invalid type: string \"secret\"", "topic": "inbound", "partition": 3, "offset": 4,
            "raw": retry.to_string(),
        });
        let cut = cut_of(INBOUND_DEAD, &letter);
        assert_eq!(
            (&cut["pos"], &cut["reason"]),
            (&json!([4, 0]), &json!("unreadable"))
        );
        assert_eq!(cut["detail"], "");
        assert!(
            cut["raw"]
                .as_str()
                .unwrap()
                .contains("\\\"msg_id\\\":\\\"9\\\"")
        );
    }

    #[test]
    fn bytes_that_nobody_can_read_leave_their_length() {
        let letter = |raw: &str, b64: &str| {
            json!({
                "type": "dead", "v": 1, "reason": "unparsed", "detail": "bad xml", "topic": "inbound",
                "partition": 3, "offset": 4, "raw": raw, "raw_b64": b64,
            })
        };
        let cut = cut_of(INBOUND_DEAD, &letter("secret", ""));
        assert_eq!((&cut["raw"], &cut["raw_bytes"]), (&Value::Null, &json!(6)));
        assert_eq!(cut["detail"], "bad xml");
        for (b64, bytes) in [("/w==", 1), ("/wA=", 2), ("/wAA", 3)] {
            let cut = cut_of(INBOUND_DEAD, &letter("", b64));
            assert_eq!(
                (&cut["raw_b64"], &cut["raw_bytes"]),
                (&Value::Null, &json!(bytes))
            );
        }
    }

    #[test]
    fn answers_are_letters_or_hashes() {
        let tally = json!({
            "type": "tally", "v": 1, "campaign": "c", "version": 1, "round": 3, "tick": 5, "joins": 3,
            "answers": { "AC": 7, "secret": 2 }, "wrong_format": 0, "lines": 9, "digest": "00".repeat(16),
        });
        let hash = sha256(b"secret").to_string();
        let hash = format!("#{}", &hash[..32]);
        assert_eq!(
            cut_of(RESULTS, &tally)["answers"],
            json!({ "AC": 7, hash.as_str(): 2 })
        );
        let mut named = tally;
        named["v"] = TALLY_VERSION.into();
        named["answers"] = json!({ "小米": 7 });
        named["others"] = 2.into();
        assert_eq!(cut_of(RESULTS, &named), named, "names of the campaign file");
        let line = format!(
            r#"{{"answer":"secret","answered":1,"at":5,"code":"{}","correct":0,"elapsed":0,"first":5,"points":0}}"#,
            "00".repeat(16)
        );
        let shares = [
            json!({ "type": "share", "v": 1, "campaign": "c", "round": 3, "ctl": 1, "cut": 2, "chunk": 0,
                "of": 1, "standings": format!("{line}\n") }),
            json!({ "type": "standings", "v": 1, "campaign": "c", "round": 3, "digest": "00".repeat(32),
                "chunk": 0, "of": 1, "standings": format!("{line}\n") }),
        ];
        for (topic, share) in [RESULTS, CONTROL].into_iter().zip(shares) {
            let standings = cut_of(topic, &share)["standings"].clone();
            assert_eq!(standings, format!("{}\n", line.replace("secret", &hash)));
        }
    }
}
