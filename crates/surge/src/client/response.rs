//! Reading an HTTP/1.x response head: minimal, strict and total. No I/O here.
//!
//! A server under test must answer plainly: a status line, a Content-Length, no chunks. Whatever else it
//! sends is reported as malformed, never guessed at.

/// Longest head that is read, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;
/// Longest body that is read, in bytes: a passive reply is at most a few kilobytes.
pub const MAX_BODY: usize = 256 * 1024;

/// The head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Status code, 100–599.
    pub status: u16,
    /// Bytes up to and with the empty line.
    pub head_len: usize,
    /// Bytes of the body that follow.
    pub body_len: usize,
    /// Whether the connection may carry another request.
    pub keep: bool,
}

/// What the bytes read so far are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// The head has not ended yet.
    Partial,
    /// The head is whole; the body may still be on its way.
    Whole(Head),
    /// Not a response that a platform would understand, and why.
    Malformed(&'static str),
}

/// Reads the head of a response. Total: any bytes give one of the three verdicts.
#[must_use]
pub fn parse(bytes: &[u8]) -> Parsed {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD {
            Parsed::Malformed("head too long")
        } else {
            Parsed::Partial
        };
    };
    if end > MAX_HEAD {
        return Parsed::Malformed("head too long");
    }
    match head(&bytes[..end], end + 4) {
        Ok(head) => Parsed::Whole(head),
        Err(what) => Parsed::Malformed(what),
    }
}

fn head(bytes: &[u8], head_len: usize) -> Result<Head, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "head is not text")?;
    let mut lines = text.split("\r\n");
    let (status, version_keeps) = status_line(lines.next().unwrap_or_default())?;
    let mut length = None;
    let mut keep = version_keeps;
    for line in lines {
        let (name, value) = line.split_once(':').ok_or("header without a colon")?;
        let value = value.trim_matches([' ', '\t']);
        if name.eq_ignore_ascii_case("content-length") {
            if length.is_some() || value.is_empty() || !value.bytes().all(|b| b.is_ascii_digit()) {
                return Err("bad content-length");
            }
            length = Some(value.parse::<usize>().map_err(|_| "bad content-length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("transfer-encoding instead of content-length");
        } else if name.eq_ignore_ascii_case("content-encoding") {
            return Err("compressed answer");
        } else if name.eq_ignore_ascii_case("connection") {
            if value.eq_ignore_ascii_case("close") {
                keep = false;
            } else if value.eq_ignore_ascii_case("keep-alive") {
                keep = true;
            }
        }
    }
    let body_len = length.ok_or("no content-length")?;
    if body_len > MAX_BODY {
        return Err("body too long");
    }
    Ok(Head {
        status,
        head_len,
        body_len,
        keep,
    })
}

fn status_line(line: &str) -> Result<(u16, bool), &'static str> {
    let (rest, keeps) = match (
        line.strip_prefix("HTTP/1.1 "),
        line.strip_prefix("HTTP/1.0 "),
    ) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return Err("no http status line"),
    };
    let (code, reason) = rest.split_at_checked(3).ok_or("no status code")?;
    if !(reason.is_empty() || reason.starts_with(' ')) || !code.bytes().all(|b| b.is_ascii_digit())
    {
        return Err("no status code");
    }
    match code.parse::<u16>() {
        Ok(status) if (100..600).contains(&status) => Ok((status, keeps)),
        _ => Err("no status code"),
    }
}

/// Where `needle` begins in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str) -> Head {
        match parse(text.as_bytes()) {
            Parsed::Whole(head) => head,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_ordinary_answer_is_read() {
        let text = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nContent-Length: 7\r\n\r\nsuccess";
        let head = whole(text);
        assert_eq!((head.status, head.body_len, head.keep), (200, 7, true));
        assert_eq!(&text[head.head_len..], "success");
    }

    #[test]
    fn keeping_the_connection_follows_version_and_header() {
        assert!(!whole("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep);
        assert!(whole("HTTP/1.0 200\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").keep);
        assert!(!whole("HTTP/1.1 403 F\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").keep);
    }

    #[test]
    fn what_a_platform_would_not_understand_is_malformed() {
        for text in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 099 OK\r\nContent-Length: 1\r\n\r\n",
            "HTTP/2 200 OK\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        ] {
            assert!(
                matches!(parse(text.as_bytes()), Parsed::Malformed(_)),
                "{text:?}"
            );
        }
        assert_eq!(
            parse(&vec![b'a'; MAX_HEAD + 1]),
            Parsed::Malformed("head too long")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_get_a_verdict(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let whole = matches!(parse(&bytes), Parsed::Whole(_));
            prop_assert!(!whole || bytes.starts_with(b"HTTP/1."));
        }

        #[test]
        fn near_misses_get_a_verdict(cut in 0_usize..70, flip in 0_usize..70, with in any::<u8>()) {
            let mut bytes =
                b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess".to_vec();
            if let Some(byte) = bytes.get_mut(flip) {
                *byte = with;
            }
            bytes.truncate(cut);
            if let Parsed::Whole(head) = parse(&bytes) {
                prop_assert!(head.head_len <= bytes.len());
                prop_assert!(head.body_len <= MAX_BODY);
            }
        }
    }
}
