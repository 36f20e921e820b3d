//! Pseudonyms for an export that may leave the house: every id of a fan becomes a keyed hash of itself, wherever it stands;
//! the same under the same key, so that exports can be laid side by side. Never the fans' words, which are left out
//! before.

use crate::failure::{Failure, io};
use contest::Entrants;
use record::topics::{ACCEPTED, ACCEPTED_DEAD, INBOUND, INBOUND_DEAD};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::path::Path;

/// A shorter key could be guessed.
const KEY_BYTES_MIN: usize = 16;
/// How deep a record inside of another one is looked into.
const NESTING: u32 = 9;

/// Gives fans their pseudonyms: `p` and the first half of HMAC-SHA256 of the id, in hexadecimal.
pub(super) struct Pseudonyms(Entrants);

impl Pseudonyms {
    /// With the bytes of this file as the key, as they are.
    ///
    /// # Errors
    /// The file cannot be read, or has less than 16 bytes.
    pub(super) fn with_key_of(path: &Path) -> Result<Self, Failure> {
        let key = std::fs::read(path).map_err(io(format!("read {}", path.display())))?;
        if key.len() < KEY_BYTES_MIN {
            return Err(Failure::wrong(format!(
                "{} has {} bytes, and a key for pseudonyms has at least {KEY_BYTES_MIN}: \
                 `head -c 32 /dev/urandom > FILE` makes one",
                path.display(),
                key.len()
            )));
        }
        Ok(Self(Entrants::new(&key)))
    }

    fn of(&self, fan: &str) -> String {
        match fan {
            "" => String::new(),
            fan => format!("p{}", self.0.code(fan)),
        }
    }

    /// A record's key in this topic: where the records of fans are, it is the fan's id.
    pub(super) fn key<'a>(&self, topic: &str, key: &'a [u8]) -> Cow<'a, [u8]> {
        match topic {
            INBOUND | ACCEPTED | INBOUND_DEAD | ACCEPTED_DEAD => {
                let fan = String::from_utf8_lossy(key);
                Cow::Owned(self.of(&fan).into_bytes())
            }
            _ => Cow::Borrowed(key),
        }
    }

    /// A record's value, which holds no words of fans any more; what cannot be read is left out but for its length.
    pub(super) fn value(&self, value: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(value).ok();
        let renamed = text.and_then(|text| self.renamed(text, NESTING));
        renamed.map_or_else(
            || {
                let left_out = json!({ "type": "unknown", "v": 1, "bytes": value.len() });
                left_out.to_string().into_bytes()
            },
            String::into_bytes,
        )
    }

    /// The text of a record with other ids in it, and every other byte as it was.
    fn renamed(&self, json: &str, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let named: Named<'_> = serde_json::from_str(json).ok()?;
        let mut parts = Vec::new();
        if let Some(raw) = named.from {
            let fan: String = serde_json::from_str(raw.get()).ok()?;
            parts.push((raw.get(), quoted(&self.of(&fan))?));
        }
        if let Some(raw) = named.raw {
            let inner: String = serde_json::from_str(raw.get()).ok()?;
            let inner = self.renamed(&inner, depth).unwrap_or_default();
            parts.push((raw.get(), quoted(&inner)?));
        }
        if let Some(act) = named.act {
            parts.push((act.get(), self.renamed(act.get(), depth)?));
        }
        if let Some(raw) = named.toml {
            let toml: String = serde_json::from_str(raw.get()).ok()?;
            let toml = self.campaign(toml).unwrap_or_default();
            parts.push((raw.get(), quoted(&toml)?));
        }
        let place = |part: &str| (part.as_ptr() as usize).checked_sub(json.as_ptr() as usize);
        parts.sort_by_key(|(part, _)| place(part));
        let (mut out, mut at) = (String::with_capacity(json.len() + 64), 0);
        for (part, instead) in parts {
            let from = place(part)?;
            out.push_str(json.get(at..from)?);
            out.push_str(&instead);
            at = from + part.len();
        }
        out.push_str(json.get(at..)?);
        Some(out)
    }

    /// A campaign file with other ids of the fans that it excludes.
    fn campaign(&self, mut toml: String) -> Option<String> {
        for fan in excluded(&toml)? {
            for quote in ['"', '\''] {
                let instead = format!("{quote}{}{quote}", self.of(&fan));
                toml = toml.replace(&format!("{quote}{fan}{quote}"), &instead);
            }
            // Spelled in another way: rather no file than that id.
            if excluded(&toml)?.contains(&fan) {
                return None;
            }
        }
        Some(toml)
    }
}

/// Members that hold ids of fans, at whatever depth.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    /// A record as text.
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    /// A record of control in a copy.
    #[serde(borrow)]
    act: Option<&'a RawValue>,
    /// A campaign file.
    #[serde(borrow)]
    toml: Option<&'a RawValue>,
}

fn quoted(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

fn excluded(toml: &str) -> Option<Vec<String>> {
    let file: toml::Table = toml.parse().ok()?;
    let fans = file
        .get("eligible")
        .and_then(|policy| policy.get("exclude"));
    let fans = fans.and_then(toml::Value::as_array).into_iter().flatten();
    fans.map(|fan| Some(fan.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms(Entrants::new(b"a key of its own"))
    }

    #[test]
    fn ids_are_replaced_wherever_they_stand_and_nothing_else_is() {
        let pseudonyms = pseudonyms();
        let other = pseudonyms.of("oFan");
        assert!(other.len() == 33 && other.starts_with('p'), "{other}");
        let delivery = r#"{"type":"delivery","v":1,"account":"mi","from":"oFan","create_time":5}"#;
        let expected = delivery.replace("oFan", &other);
        assert_eq!(pseudonyms.value(delivery.as_bytes()), expected.as_bytes());
        let around = |raw: &str| json!({"type": "dead", "v": 1, "raw": raw}).to_string();
        let (letter, renamed) = (around(&around(delivery)), around(&around(&expected)));
        assert_eq!(pseudonyms.value(letter.as_bytes()), renamed.as_bytes());
        let toml = "id = \"c\"\n[eligible]\nexclude = [\"oFan\", 'oFan2']\n";
        let copy = |toml: &str| {
            json!({"type": "copy", "act": {"type": "campaign", "toml": toml}, "v": 1}).to_string()
        };
        let renamed = toml
            .replace("oFan2", &pseudonyms.of("oFan2"))
            .replace("\"oFan\"", &format!("\"{other}\""));
        assert_eq!(
            pseudonyms.value(copy(toml).as_bytes()),
            copy(&renamed).as_bytes()
        );
        assert_eq!(&*pseudonyms.key(ACCEPTED, b"oFan"), other.as_bytes());
        assert_eq!(&*pseudonyms.key(INBOUND, b""), b"", "a tick has no fan");
        assert_eq!(&*pseudonyms.key("control", b"x"), b"x");
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let pseudonyms = pseudonyms();
        let twice = r#"{"type":"note","from":"oFan","from":"oFan"}"#;
        let spelled = json!({"type": "campaign", "toml": "[eligible]\nexclude = [\"o\\u0046an\"]"});
        for value in ["oFan", twice, &spelled.to_string()] {
            let value = String::from_utf8(pseudonyms.value(value.as_bytes())).unwrap();
            assert!(
                !value.contains("oFan") && !value.contains("u0046an"),
                "{value}"
            );
        }
        let letter = json!({"type": "dead", "v": 1, "raw": "oFan?"}).to_string();
        let left = pseudonyms.value(letter.as_bytes());
        assert_eq!(left, br#"{"raw":"","type":"dead","v":1}"#);
    }
}
