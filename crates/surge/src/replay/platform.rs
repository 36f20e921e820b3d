//! The platform's side of the wire: how a delivery becomes a request, and what its answer is worth.
//!
//! Pure but for a counter of nonces. Connections and deadlines are elsewhere.

use crate::client::Target;
use crate::ledger::Kind;
use crate::wire;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use wechat::{Account, Answer, Mode, TEXT_BYTES_MAX};

/// The platform, configured for one account and one target.
#[derive(Debug)]
pub struct Platform {
    account: Account,
    /// From `POST ` up to the query.
    head: Vec<u8>,
    /// Headers behind the request line's version, up to the value of Content-Length.
    headers: Vec<u8>,
    /// Whether each message has a connection of its own.
    close: bool,
    nonces: Cell<u64>,
}

/// What a valid answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid {
    /// Words, `success` or nothing.
    pub kind: Kind,
    /// First 16 bytes of SHA-256 over the plaintext of words.
    pub hash: Option<[u8; 16]>,
}

impl Platform {
    /// A platform that delivers to `target`; with `close` it opens a connection for each message.
    #[must_use]
    pub fn new(account: Account, target: &Target, close: bool) -> Self {
        let head = format!("POST {}?", target.path).into_bytes();
        let connection = if close { "Connection: close\r\n" } else { "" };
        // What the platform was seen to send.
        let headers = format!(
            "Host: {}\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\nContent-Type: text/xml\r\n\
             Pragma: no-cache\r\n{connection}Content-Length: ",
            target.host
        );
        let nonces = Cell::new(RandomState::new().hash_one(0_u8));
        Self {
            account,
            head,
            headers: headers.into_bytes(),
            close,
            nonces,
        }
    }

    /// Writes a request for this body into `out`, with query parameters and, where it is encrypted,
    /// ciphertext of its own: no two attempts are equal. `now_s` is in seconds since 1970. A
    /// connection per message speaks HTTP/1.0 every other time, as the platform does.
    pub fn request(&self, body: &str, now_s: i64, out: &mut Vec<u8>) {
        let nonce = self.next_nonce();
        let old = self.close && nonce & 1 == 0;
        let timestamp = now_s.to_string();
        let nonce_text = (nonce >> 16).to_string();
        let random = self.random_prefix();
        let (query, body) = self
            .account
            .seal_request(body, &timestamp, &nonce_text, random);
        self.write(&query, &body, old, out);
    }

    /// Writes a request whose signature is wrong.
    pub fn forgery(&self, body: &str, now_s: i64, out: &mut Vec<u8>) {
        let nonce = self.next_nonce();
        let query = format!(
            "signature={nonce:016x}{nonce:016x}{:08x}&timestamp={now_s}&nonce={nonce}",
            7
        );
        self.write(&query, body, false, out);
    }

    fn write(&self, query: &str, body: &str, old: bool, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.head);
        out.extend_from_slice(query.as_bytes());
        out.extend_from_slice(if old {
            b" HTTP/1.0\r\n"
        } else {
            b" HTTP/1.1\r\n"
        });
        out.extend_from_slice(&self.headers);
        // Writing to a Vec cannot fail.
        drop(write!(out, "{}\r\n\r\n", body.len()));
        out.extend_from_slice(body.as_bytes());
    }

    /// A fresh nonce (splitmix64).
    fn next_nonce(&self) -> u64 {
        let state = self.nonces.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.nonces.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 16 ASCII characters of hexadecimal, as the platform's own prefixes are.
    fn random_prefix(&self) -> [u8; 16] {
        let number = self.next_nonce();
        let mut prefix = [0; 16];
        for (index, digit) in prefix.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[usize::try_from(number >> (4 * index)).unwrap_or(0) & 15];
        }
        prefix
    }

    /// Judges the answer to a delivery of `body`: status 200 with nothing, `success`, or a reply XML from
    /// the account to the fan.
    ///
    /// # Errors
    /// A fixed name of what is wrong with it.
    pub fn judge(&self, body: &str, status: u16, answer: &[u8]) -> Result<Valid, &'static str> {
        match (status, answer) {
            (200, b"") => {
                return Ok(Valid {
                    kind: Kind::Empty,
                    hash: None,
                });
            }
            (200, b"success") => {
                return Ok(Valid {
                    kind: Kind::Success,
                    hash: None,
                });
            }
            (200, _) => {}
            (403, _) => return Err("status_403"),
            (400..500, _) => return Err("status_4xx"),
            (500..600, _) => return Err("status_5xx"),
            _ => return Err("status_other"),
        }
        let fan = wire::field(body, "FromUserName");
        let us = wire::field(body, "ToUserName");
        if let (Some(fan), Some(us), Mode::Plain | Mode::Compatible) = (fan, us, self.account.mode)
            && is_plain_text_reply(answer, fan, us)
        {
            return Ok(words(answer));
        }
        let Ok(Answer::Reply(reply)) = wechat::parse_reply(&self.account, answer) else {
            return Err("bad_reply");
        };
        if fan.is_some_and(|fan| fan != reply.to()) || us.is_some_and(|us| us != reply.from()) {
            return Err("wrong_address");
        }
        Ok(words(reply.xml.as_bytes()))
    }
}

fn words(plaintext: &[u8]) -> Valid {
    let digest = Sha256::digest(plaintext);
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    Valid {
        kind: Kind::Words,
        hash: Some(hash),
    }
}

/// Whether this is, byte for byte, a text reply in the ordinary spelling from `us` to `fan`. A shortcut
/// for the most frequent answer; whatever it does not know is read by the parser.
fn is_plain_text_reply(answer: &[u8], fan: &str, us: &str) -> bool {
    fn after<'a>(text: &'a str, parts: [&str; 3]) -> Option<&'a str> {
        parts
            .into_iter()
            .try_fold(text, |rest, part| rest.strip_prefix(part))
    }
    let judged = || -> Option<bool> {
        let text = std::str::from_utf8(answer).ok()?;
        let text = after(
            text,
            ["<xml><ToUserName><![CDATA[", fan, "]]></ToUserName>"],
        )?;
        let text = after(text, ["<FromUserName><![CDATA[", us, "]]></FromUserName>"])?;
        let (time, text) = text
            .strip_prefix("<CreateTime>")?
            .split_once("</CreateTime>")?;
        let text = text.strip_prefix("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[")?;
        let content = text.strip_suffix("]]></Content></xml>")?;
        let clean =
            !content.contains("]]>") && !content.contains(|c: char| c.is_control() && c != '\n');
        let dated = (1..=12).contains(&time.len()) && time.bytes().all(|b| b.is_ascii_digit());
        Some(clean && dated && (1..=TEXT_BYTES_MAX).contains(&content.len()))
    };
    judged().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const BODY: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName>\n<FromUserName><![CDATA[o1]]></FromUserName>\n\
        <CreateTime>17</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[GO]]></Content>\n\
        <MsgId>9</MsgId></xml>";
    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    fn platform(mode: Mode, close: bool) -> Platform {
        let account = Account {
            name: "mi".into(),
            app_id: "wx0123456789abcdef".into(),
            original_id: "gh_1".into(),
            token: "demo".into(),
            key: Some(wechat::AesKey::parse(KEY).unwrap()),
            previous_key: None,
            mode,
        };
        let target = Target::parse("http://127.0.0.1:8080/wechat/mi").unwrap();
        Platform::new(account, &target, close)
    }

    fn reply(to: &str, from: &str, content: &str) -> String {
        wechat::Reply::Text(content.into())
            .render(to, from, 17)
            .unwrap()
    }

    fn split(request: &[u8]) -> (String, String) {
        let text = String::from_utf8(request.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        (head.to_owned(), body.to_owned())
    }

    #[test]
    fn a_request_opens_with_the_account_in_every_mode_and_never_repeats() {
        for mode in [Mode::Plain, Mode::Compatible, Mode::Safe] {
            let platform = platform(mode, false);
            let mut seen = BTreeSet::new();
            for _ in 0..20 {
                let mut out = Vec::new();
                platform.request(BODY, 1_365_487_200, &mut out);
                let (head, body) = split(&out);
                let query = head.split(['?', ' ']).nth(2).unwrap().to_owned();
                let query_read = wechat::Query::parse(&query);
                let opened = platform.account.open(&query_read, body.as_bytes()).unwrap();
                assert_eq!(opened.xml.as_ref(), BODY.as_bytes());
                assert!(seen.insert(query));
            }
        }
    }

    #[test]
    fn a_connection_per_message_speaks_both_versions() {
        let platform = platform(Mode::Plain, true);
        let mut versions = BTreeSet::new();
        for _ in 0..64 {
            let mut out = Vec::new();
            platform.request(BODY, 1, &mut out);
            let (head, _) = split(&out);
            assert!(head.contains("Connection: close"));
            versions.insert(head.contains(" HTTP/1.0\r\n"));
        }
        assert_eq!(versions.len(), 2);
    }

    #[test]
    fn a_forgery_is_well_formed_and_refused() {
        let platform = platform(Mode::Plain, false);
        let mut out = Vec::new();
        platform.forgery(BODY, 1, &mut out);
        let (head, body) = split(&out);
        let query = head.split(['?', ' ']).nth(2).unwrap();
        assert!(
            platform
                .account
                .open(&wechat::Query::parse(query), body.as_bytes())
                .is_err()
        );
    }

    #[test]
    fn only_three_kinds_of_answer_are_valid() {
        let platform = platform(Mode::Plain, false);
        let judge = |status, answer: &str| platform.judge(BODY, status, answer.as_bytes());
        assert_eq!(judge(200, "").unwrap().kind, Kind::Empty);
        assert_eq!(judge(200, "success").unwrap().kind, Kind::Success);
        let words = judge(200, &reply("o1", "gh_1", "收到:A")).unwrap();
        assert_eq!(words.kind, Kind::Words);
        assert_eq!(
            words.hash.unwrap(),
            Sha256::digest(reply("o1", "gh_1", "收到:A"))[..16]
        );
        assert_eq!(judge(200, &reply("o2", "gh_1", "x")), Err("wrong_address"));
        assert_eq!(judge(200, &reply("o1", "gh_2", "x")), Err("wrong_address"));
        for answer in ["{}", "ok", "SUCCESS", "<xml></xml>", "<html>", "success\n"] {
            assert_eq!(judge(200, answer), Err("bad_reply"), "{answer}");
        }
        assert_eq!(judge(403, ""), Err("status_403"));
        assert_eq!(judge(500, "success"), Err("status_5xx"));
        assert_eq!(judge(302, ""), Err("status_other"));
    }

    #[test]
    fn the_shortcut_agrees_with_the_parser() {
        let good = reply("o1", "gh_1", "第3题:A & <b>");
        assert!(is_plain_text_reply(good.as_bytes(), "o1", "gh_1"));
        let split_section = reply("o1", "gh_1", "a]]>b");
        let platform = platform(Mode::Plain, false);
        assert!(!is_plain_text_reply(split_section.as_bytes(), "o1", "gh_1"));
        assert!(platform.judge(BODY, 200, split_section.as_bytes()).is_ok());
        for bad in [
            good.replace("第3题:A & <b>", ""),
            good.replace("第3题", "\u{1}"),
            good.replace("</xml>", "</xml><x/>"),
            good.replace(">17<", ">soon<"),
            good.replace("第", &"第".repeat(1000)),
        ] {
            assert!(!is_plain_text_reply(bad.as_bytes(), "o1", "gh_1"), "{bad}");
        }
    }

    #[test]
    fn a_safe_reply_is_decrypted_before_it_is_hashed() {
        let platform = platform(Mode::Safe, false);
        let xml = reply("o1", "gh_1", "收到");
        let seal = wechat::Seal::Encrypted(wechat::WhichKey::Current);
        let wrapped = platform.account.seal(seal, &xml, "1", "2", [7; 16]);
        let valid = platform.judge(BODY, 200, wrapped.as_bytes()).unwrap();
        assert_eq!(valid.hash.unwrap(), Sha256::digest(&xml)[..16]);
        assert_eq!(platform.judge(BODY, 200, xml.as_bytes()), Err("bad_reply"));
    }
}
