//! The query string of a callback. Never here: whether what it says is true.

use std::borrow::Cow;

/// The parameters of a callback that mean something, percent-decoded.
///
/// Reading is total. Of a parameter given twice the first stands; unknown ones are passed over; a `%`
/// without two hex digits stays as it is, `+` stays `+` (the platform encodes nothing as a form does),
/// and bytes that are no UTF-8 become U+FFFD, which no signature covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// Over token, timestamp and nonce.
    pub signature: Option<Cow<'a, str>>,
    /// Seconds since 1970 as the platform wrote them. A stale one is no reason to refuse (I-6).
    pub timestamp: Option<Cow<'a, str>>,
    /// Chosen by the platform.
    pub nonce: Option<Cow<'a, str>>,
    /// Who the platform says wrote. No signature covers it: use `FromUserName`.
    pub openid: Option<Cow<'a, str>>,
    /// Absent or `raw`: the body is clear. `aes`: it is encrypted.
    pub encrypt_type: Option<Cow<'a, str>>,
    /// Over token, timestamp, nonce and the ciphertext.
    pub msg_signature: Option<Cow<'a, str>>,
    /// What a GET verification wants to read back; opaque text.
    pub echostr: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads a query string, without the `?`.
    #[must_use]
    pub fn parse(query: &'a str) -> Self {
        let mut read = Self::default();
        // Nearly always nothing is encoded, and then nothing has to be looked at twice.
        let encoded = query.as_bytes().contains(&b'%');
        let decode = |text: &'a str| {
            if encoded {
                decode(text)
            } else {
                Cow::Borrowed(text)
            }
        };
        let mut rest = Some(query);
        while let Some(text) = rest {
            let (pair, after) = halves(text, b'&');
            rest = after;
            let (name, value) = halves(pair, b'=');
            let value = value.unwrap_or("");
            let field = match decode(name).as_ref() {
                "signature" => &mut read.signature,
                "timestamp" => &mut read.timestamp,
                "nonce" => &mut read.nonce,
                "openid" => &mut read.openid,
                "encrypt_type" => &mut read.encrypt_type,
                "msg_signature" => &mut read.msg_signature,
                "echostr" => &mut read.echostr,
                _ => continue,
            };
            if field.is_none() {
                *field = Some(decode(value));
            }
        }
        read
    }
}

/// What stands before the first of a character in ASCII, and what behind it, when it is there.
fn halves(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == at) {
        Some(place) => (text.get(..place).unwrap_or_default(), text.get(place + 1..)),
        None => (text, None),
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    after
                }
                _ => {
                    decoded.push(b'%');
                    tail
                }
            },
            _ => {
                decoded.push(*first);
                tail
            }
        };
    }
    Cow::Owned(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Appends `name=value` with everything but unreserved characters percent-encoded.
pub(crate) fn push_pair(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    for &byte in value.as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            query.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            query.push('%');
            query.push(char::from(DIGITS[usize::from(byte >> 4)]));
            query.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_stands_and_unknown_ones_are_passed_over() {
        let query = Query::parse("x=1&nonce=a&nonce=b&&=&signature&%6eonce=c");
        assert_eq!(query.nonce.as_deref(), Some("a"));
        assert_eq!(query.signature.as_deref(), Some(""));
        assert_eq!(query.timestamp, None);
    }

    #[test]
    fn percent_signs_are_decoded_once_and_plus_stays() {
        let query = Query::parse("nonce=%E4%BD%A0+%2541&timestamp=%zz%4&echostr=a%3Db&openid=%ff");
        assert_eq!(query.nonce.as_deref(), Some("你+%41"));
        assert_eq!(query.timestamp.as_deref(), Some("%zz%4"));
        assert_eq!(query.echostr.as_deref(), Some("a=b"));
        assert_eq!(query.openid.as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn an_ordinary_query_is_borrowed() {
        let query = Query::parse("signature=ab&timestamp=1&nonce=2");
        assert!(matches!(query.signature, Some(Cow::Borrowed("ab"))));
    }
}
