//! The identity of a message (D-2, D-3), computed by the oracle's own hand.

use super::fans::{AttemptId, Identity};
use sha2::{Digest, Sha256};
use wechat::Inbound;

/// What tells a message from every other one of its fan and account, and the id that stands in a line.
pub(super) fn of(account: &str, message: &Inbound) -> (Identity, AttemptId) {
    if let Some(id) = message.msg_id.as_deref() {
        return match number(id) {
            Some(number) => (Identity::Number(number), AttemptId::Number(number)),
            None => {
                let key = text_key(account, &message.from, id);
                (Identity::Key(key), AttemptId::Key(key, id.into()))
            }
        };
    }
    let key = event_key(account, message);
    (Identity::Key(key), AttemptId::Key(key, "".into()))
}

/// D-2 for a MsgId that is no number.
fn text_key(account: &str, from: &str, id: &str) -> u128 {
    let mut key = Sha256::new();
    key.update(b"m");
    for text in [account, from] {
        key.update(text);
        key.update([0]);
    }
    key.update(b"t");
    key.update(id);
    head(&key.finalize())
}

/// An unsigned number of 64 bits in its shortest spelling.
fn number(id: &str) -> Option<u64> {
    let number: u64 = id.parse().ok()?;
    (number.to_string() == id).then_some(number)
}

/// D-3: account, fan, time, event and its key, and a digest of everything else.
fn event_key(account: &str, message: &Inbound) -> u128 {
    let in_key = ["FromUserName", "CreateTime", "Event", "EventKey"];
    let mut others: Vec<(&str, &str)> = message
        .leaves()
        .filter(|(path, _)| !in_key.contains(path))
        .collect();
    others.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let mut digest = Sha256::new();
    for (path, value) in others {
        for text in [path, value] {
            digest.update(text);
            digest.update([0]);
        }
    }
    let mut key = Sha256::new();
    key.update(b"e");
    for text in [account, &message.from] {
        key.update(text);
        key.update([0]);
    }
    key.update(message.create_time.to_be_bytes());
    key.update([0]);
    for text in [message.event(), message.event_key()] {
        key.update(text.unwrap_or_default());
        key.update([0]);
    }
    key.update(digest.finalize());
    head(&key.finalize())
}

/// The first 16 bytes of a hash, as a big-endian number.
pub(super) fn head(hash: &[u8]) -> u128 {
    hash.iter()
        .take(16)
        .fold(0, |head, &byte| (head << 8) | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(extra: &str) -> Inbound {
        let xml = format!(
            "<xml><ToUserName>g</ToUserName><FromUserName>f</FromUserName><CreateTime>100</CreateTime>\
             <MsgType>event</MsgType>{extra}</xml>"
        );
        Inbound::parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn events_differ_by_any_field_and_not_by_the_order_of_fields() {
        let key = |extra: &str| of("mi", &event(extra)).0;
        let scan = "<Event>SCAN</Event><EventKey>5</EventKey>";
        assert_eq!(key(scan), key("<EventKey>5</EventKey><Event>SCAN</Event>"));
        let place = |at| format!("<Event>LOCATION</Event><Latitude>{at}</Latitude>");
        assert_ne!(key(&place(1)), key(&place(2)));
        assert_ne!(key(scan), of("other", &event(scan)).0);
    }

    #[test]
    fn a_number_is_one_only_in_its_shortest_spelling() {
        assert_eq!(number("17"), Some(17));
        assert_eq!(number("017"), None);
        assert_eq!(number("x"), None);
    }
}
