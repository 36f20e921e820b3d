//! What the client sends: callbacks of the Fan Festival's first round, each one a new message.
//!
//! A fan writes [`PER_FAN`] messages, twenty seconds of CreateTime apart, so that hardly any reply is coalesced.
//! Plain ones are made from templates by patching digits in place, which costs next to nothing; encrypted ones,
//! which cannot be patched, are made beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wechat::{Account, AesKey, Mode};

/// Messages of one fan: those of the event divided by its fans.
pub(crate) const PER_FAN: u64 = 13;
/// Open of the first round: 2013-04-09 14:00:00 in China.
pub(crate) const ROUND_OPEN: i64 = 1_365_487_200;
/// Digits of fan and MsgId that are patched.
const ID_DIGITS: usize = 18;
/// Seconds between two messages of a fan.
const SPACING_S: i64 = 20;
/// The path of the campaign's account.
const PATH: &str = "/wechat/mi";
/// Token of the benchmark's account.
pub(crate) const TOKEN: &str = "demo";
/// Key of the benchmark's account in safe mode.
pub(crate) const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
/// App id of the benchmark's account.
pub(crate) const APP_ID: &str = "wx0a1b2c3d4e5f6071";
/// The account's own id.
pub(crate) const ORIGINAL_ID: &str = "gh_3f9c1e7ab204";

/// What a fan writes, one after the other: joins, answers in words and letters, talk.
const TEXTS: [&str; PER_FAN as usize] = [
    "GO",
    "D",
    "选D",
    "雷军",
    "我选A",
    "小米加油",
    "B",
    "答案是C",
    "什么时候开始",
    "go",
    "d",
    "谢谢",
    "A",
];

/// How connections are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// One connection, many requests.
    KeepAlive,
    /// One connection per request.
    PerMessage,
}

impl Reuse {
    /// As tables say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KeepAlive => "keep-alive",
            Self::PerMessage => "connection per message",
        }
    }
}

/// A request with the places of what is patched.
pub(crate) struct Template {
    bytes: Vec<u8>,
    msg_id: usize,
    fans: Vec<usize>,
}

/// Where requests come from.
#[derive(Clone)]
pub(crate) enum Requests {
    /// Templates, one for each message of a fan.
    Patched(Arc<Vec<Template>>),
    /// Ready-made requests, each used once.
    Ready(Arc<Ready>),
}

/// Requests made beforehand.
pub(crate) struct Ready {
    requests: Vec<Vec<u8>>,
    next: AtomicUsize,
}

impl Requests {
    /// Plain callbacks without an end.
    pub(crate) fn plain(reuse: Reuse) -> Self {
        let account = account(Mode::Plain);
        let templates = (0..PER_FAN).map(|nth| template(&account, nth, reuse));
        Self::Patched(Arc::new(templates.collect()))
    }

    /// `count` callbacks in a mode, with ids from `first_id` on.
    pub(crate) fn ready(mode: Mode, count: usize, first_id: u64, reuse: Reuse) -> Self {
        let account = account(mode);
        let requests = (first_id..)
            .take(count)
            .map(|id| request(&account, id, reuse))
            .collect();
        Self::Ready(Arc::new(Ready {
            requests,
            next: AtomicUsize::new(0),
        }))
    }

    /// Writes the request of this id; false when there is none left.
    pub(crate) fn fill(&self, id: u64, buffer: &mut Vec<u8>) -> bool {
        buffer.clear();
        match self {
            Self::Patched(templates) => {
                let nth = usize::try_from(id % PER_FAN).unwrap_or(0);
                let Some(template) = templates.get(nth) else {
                    return false;
                };
                buffer.extend_from_slice(&template.bytes);
                patch(buffer, template.msg_id, id);
                template
                    .fans
                    .iter()
                    .for_each(|&at| patch(buffer, at, id / PER_FAN));
                true
            }
            Self::Ready(ready) => {
                let Some(made) = ready
                    .requests
                    .get(ready.next.fetch_add(1, Ordering::Relaxed))
                else {
                    return false;
                };
                buffer.extend_from_slice(made);
                true
            }
        }
    }
}

/// An id that no earlier run of this process or another has used.
pub(crate) fn first_id() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(0));
    micros.saturating_mul(100) % 10_u64.pow(18)
}

/// The account that clients and nodes of the benchmarks share.
pub(crate) fn account(mode: Mode) -> Account {
    Account {
        name: "mi".to_owned(),
        app_id: APP_ID.to_owned(),
        original_id: ORIGINAL_ID.to_owned(),
        token: TOKEN.to_owned(),
        key: (mode != Mode::Plain)
            .then(|| AesKey::parse(AES_KEY).ok())
            .flatten(),
        previous_key: None,
        mode,
    }
}

/// The XML of the message of this id, as the platform writes it.
pub(crate) fn xml(id: u64) -> String {
    let nth = id % PER_FAN;
    let fan = fan(id / PER_FAN);
    let time = create_time(nth);
    let text = TEXTS
        .get(usize::try_from(nth).unwrap_or(0))
        .copied()
        .unwrap_or("GO");
    format!(
        "<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName>\n<FromUserName><![CDATA[{fan}]]></FromUserName>\n\
         <CreateTime>{time}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
         <Content><![CDATA[{text}]]></Content>\n<MsgId>1{id:0ID_DIGITS$}</MsgId>\n</xml>"
    )
}

/// The text of the message of this id.
pub(crate) fn text(id: u64) -> &'static str {
    TEXTS
        .get(usize::try_from(id % PER_FAN).unwrap_or(0))
        .copied()
        .unwrap_or("GO")
}

/// An openid of 28 characters.
pub(crate) fn fan(number: u64) -> String {
    format!("oBenchmark{number:0ID_DIGITS$}")
}

fn create_time(nth: u64) -> i64 {
    ROUND_OPEN.saturating_add(SPACING_S.saturating_mul(i64::try_from(nth).unwrap_or(0)))
}

fn template(account: &Account, nth: u64, reuse: Reuse) -> Template {
    let bytes = request(account, nth, reuse);
    let marker = fan(0);
    let digits = marker.len() - ID_DIGITS;
    let fans = places(&bytes, marker.as_bytes())
        .into_iter()
        .map(|at| at + digits)
        .collect();
    let msg_id = places(&bytes, b"<MsgId>1")
        .first()
        .map_or(0, |at| at + "<MsgId>1".len());
    Template {
        bytes,
        msg_id,
        fans,
    }
}

fn request(account: &Account, id: u64, reuse: Reuse) -> Vec<u8> {
    let time = create_time(id % PER_FAN).to_string();
    let random = id.to_le_bytes();
    let mut prefix = [b'r'; 16];
    prefix[..8].copy_from_slice(&random);
    let (query, body) = account.seal_request(&xml(id), &time, &id.to_string(), prefix);
    let connection = match reuse {
        Reuse::KeepAlive => "keep-alive",
        Reuse::PerMessage => "close",
    };
    format!(
        "POST {PATH}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\n\
         Content-Type: text/xml\r\nConnection: {connection}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn places(haystack: &[u8], needle: &[u8]) -> Vec<usize> {
    let windows = haystack.windows(needle.len()).enumerate();
    windows
        .filter(|(_, window)| *window == needle)
        .map(|(at, _)| at)
        .collect()
}

/// Writes a number in decimal over the digits at a place.
fn patch(buffer: &mut [u8], at: usize, number: u64) {
    let Some(digits) = buffer.get_mut(at..at + ID_DIGITS) else {
        return;
    };
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(request: &[u8]) -> String {
        let text = String::from_utf8(request.to_vec()).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    #[test]
    fn a_patched_request_carries_the_message_of_its_id() {
        let mut buffer = Vec::new();
        for id in [0, 12, 13, 123_456_789_012_345_678] {
            assert!(Requests::plain(Reuse::KeepAlive).fill(id, &mut buffer));
            assert_eq!(body(&buffer), xml(id));
            assert!(
                String::from_utf8_lossy(&buffer).contains(&format!("openid={}", fan(id / PER_FAN)))
            );
        }
    }

    #[test]
    fn ready_requests_are_authentic_and_used_once() {
        let requests = Requests::ready(Mode::Safe, 2, 5, Reuse::PerMessage);
        let mut buffer = Vec::new();
        for id in [5, 6] {
            assert!(requests.fill(0, &mut buffer));
            let text = String::from_utf8(buffer.clone()).unwrap();
            let query = text.split_once('?').unwrap().1.split_once(' ').unwrap().0;
            let body = body(&buffer);
            let query = wechat::Query::parse(query);
            let opened = account(Mode::Safe).open(&query, body.as_bytes()).unwrap();
            assert_eq!(opened.xml.as_ref(), xml(id).as_bytes());
        }
        assert!(!requests.fill(0, &mut buffer));
    }
}
