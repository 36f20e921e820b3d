//! A beacon's value in a file, as drand's servers answer for a round: read and checked. Never fetched.

use crate::failure::{Failure, io};
use record::hexed::Hex;
use serde::Deserialize;
use std::path::Path;

/// What drand answers; members that tell nothing here are left alone.
#[derive(Deserialize)]
struct Answer {
    round: u64,
    randomness: String,
    signature: Option<String>,
}

/// Number and value of the round in a file.
///
/// # Errors
/// The file cannot be read, or is no such answer: the value is not 64 hexadecimal digits, or not the hash of
/// the signature beside it.
pub(crate) fn read(file: &Path) -> Result<(u64, String), Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(io(format!("read {name}")))?;
    parse(&text).map_err(|what| {
        Failure::wrong(format!(
            "{name} {what}; it should hold what drand's quicknet answers for the round, \
             {{\"round\":N,\"randomness\":\"64 hexadecimal digits\",\"signature\":\"…\"}}"
        ))
    })
}

fn parse(text: &str) -> Result<(u64, String), String> {
    let answer: Answer =
        serde_json::from_str(text).map_err(|error| format!("is no such JSON: {error}"))?;
    let value = Hex::<32>::parse(&answer.randomness)
        .ok_or("has a randomness that is not 64 hexadecimal digits")?;
    if let Some(signature) = &answer.signature {
        let bytes = bytes_of(signature).ok_or("has a signature that is no hexadecimal digits")?;
        if contest::hash(&bytes) != value.0 {
            return Err(
                "is damaged: its randomness is not the SHA-256 of its signature".to_owned(),
            );
        }
    }
    // A draw's seed is made of lower-case digits.
    Ok((answer.round, value.to_string()))
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_digits = pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
        u8::from_str_radix(pair, 16).ok().filter(|_| is_digits)
    };
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Round 1000 of quicknet, as drand's servers answer for it.
    const ANSWER: &str = r#"{"round":1000,"randomness":"fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd","signature":"b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"}"#;

    #[test]
    fn what_drand_answers_is_read_and_checked() {
        let (round, value) = parse(ANSWER).unwrap();
        assert_eq!((round, &value[..8]), (1000, "fe290bec"));
        let bare = r#"{"round":7,"randomness":"00","more":1}"#.replace("00", &"0a".repeat(32));
        assert_eq!(parse(&bare).unwrap(), (7, "0a".repeat(32)));
    }

    #[test]
    fn what_is_damaged_or_something_else_is_refused() {
        for (from, to, with) in [
            ("fe290bec", "fe290bed", "is damaged"),
            ("fe290bec", "xe290bec", "64 hexadecimal"),
            ("fe290bec", "", "64 hexadecimal"),
            ("b44679b9", "b44679ba", "is damaged"),
            ("b44679b9", "x44679b9", "no hexadecimal"),
            ("b44679b9", "b44679b", "no hexadecimal"),
            ("\"round\":1000", "\"round\":-1", "no such JSON"),
            ("{\"round\"", "[\"round\"", "no such JSON"),
            ("randomness", "random", "no such JSON"),
        ] {
            let bent = ANSWER.replacen(from, to, 1);
            let told = parse(&bent).unwrap_err();
            assert!(told.contains(with), "{from} {to}: {told}");
        }
    }
}
