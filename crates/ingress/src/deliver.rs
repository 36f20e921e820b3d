//! From an authentic callback to its record: opened, parsed, keyed, with the reply that was decided.
//! Nothing here waits or writes.

use crate::answer::Ack;
use crate::speak::{self, Decision};
use crate::tally::Kind;
use crate::worker::Worker;
use base64::Engine as _;
use bytes::Bytes;
use msglog::NewRecord;
use record::envelope::{Content, DELIVERY, EVENT, Envelope, Field, Reply, Spoken, UNPARSED};
use record::identity::{
    ContentDigest, MessageKey, MsgId, content_digest, event_key, message_key, partition_of,
};
use std::borrow::Cow;
use wechat::{Inbound, OpenError, ParseError, Query, Refusal, Seal};

/// Room for everything of an envelope but the body.
const ENVELOPE_BYTES: usize = 1_024;

/// A record on its way, with the answer that waits for its proof and what will be counted.
pub(crate) struct Delivery {
    pub(crate) record: NewRecord,
    pub(crate) ack: Ack,
    pub(crate) spoken: Spoken,
    pub(crate) kind: Kind,
    pub(crate) class: &'static str,
    pub(crate) rule: Cow<'static, str>,
    pub(crate) lag_s: Option<f64>,
    pub(crate) attempt: u32,
}

/// Makes the record of one callback.
///
/// # Errors
/// What cannot be authentic is refused; everything else becomes a record, readable or not (I-4).
pub(crate) fn prepare(
    worker: &Worker,
    account: usize,
    query: &Query<'_>,
    body: &[u8],
) -> Result<Delivery, Refusal> {
    let node = &worker.node;
    let recv_us = (node.now_us)();
    let opened = match node.accounts.get(account).account.open(query, body) {
        Ok(opened) => opened,
        Err(OpenError::Refused(refusal)) => return Err(refusal),
        Err(OpenError::Unreadable(unreadable)) => {
            return Ok(unparsed(
                worker,
                account,
                recv_us,
                body,
                unreadable.reason(),
            ));
        }
    };
    let raw = |reason| Ok(unparsed(worker, account, recv_us, &opened.xml, reason));
    let Ok(xml) = std::str::from_utf8(&opened.xml) else {
        return raw(ParseError::BadUtf8.reason());
    };
    let message = match Inbound::parse_text(xml) {
        Ok(message) if message.msg_type != UNPARSED => message,
        // A type that would make the record say something else than what it is.
        Ok(_) => return raw("reserved_type"),
        Err(error) => return raw(error.reason()),
    };
    Ok(parsed(
        worker,
        account,
        recv_us,
        (&message, xml),
        opened.seal,
    ))
}

fn parsed(
    worker: &Worker,
    account: usize,
    recv_us: i64,
    (message, xml): (&Inbound, &str),
    seal: Seal,
) -> Delivery {
    let node = &worker.node;
    let name = &node.accounts.get(account).account.name;
    let (key, digest) = identity(name, message);
    let Decision {
        reply,
        ack,
        class,
        attempt,
    } = speak::decide(node, account, message, &key, seal);
    let rule = reply.rule.clone();
    let spoken = reply.spoken;
    let envelope = Envelope {
        from: Cow::Borrowed(&message.from),
        to: Cow::Borrowed(&message.to),
        create_time: message.create_time,
        kind: Cow::Borrowed(&message.msg_type),
        msg_id: Cow::Borrowed(message.msg_id.as_deref().unwrap_or("")),
        event: Cow::Borrowed(message.event().unwrap_or("")),
        event_key: Cow::Borrowed(message.event_key().unwrap_or("")),
        menu_id: Cow::Borrowed(message.menu_id().unwrap_or("")),
        key: Some(key),
        digest: Some(digest),
        content: content(message),
        body: Cow::Borrowed(xml),
        ..blank(worker, account, recv_us, reply)
    };
    worker.note_create_time(message.create_time);
    Delivery {
        record: record_of(worker, &envelope, xml.len()),
        ack,
        spoken,
        kind: Kind::of(&message.msg_type),
        class,
        rule,
        lag_s: Some(lag_s(recv_us, message.create_time)),
        attempt,
    }
}

/// A delivery that is authentic and cannot be read: recorded raw, answered `success` (I-4).
fn unparsed(
    worker: &Worker,
    account: usize,
    recv_us: i64,
    raw: &[u8],
    reason: &'static str,
) -> Delivery {
    let node = &worker.node;
    let name = &node.accounts.get(account).account.name;
    node.metrics.unparsed.with([name, reason]).inc();
    if let Some(more) = node.unparsed_log.allow(std::time::Instant::now()) {
        tracing::warn!(
            account = name,
            reason,
            more,
            "delivery cannot be read, recorded raw"
        );
    }
    let text = std::str::from_utf8(raw);
    let reply = Reply::nothing(node.snapshot.load().number);
    let envelope = Envelope {
        reason: Cow::Borrowed(reason),
        body: Cow::Borrowed(text.unwrap_or("")),
        body_b64: match text {
            Ok(_) => Cow::Borrowed(""),
            Err(_) => Cow::Owned(base64::engine::general_purpose::STANDARD.encode(raw)),
        },
        ..blank(worker, account, recv_us, reply)
    };
    Delivery {
        record: record_of(worker, &envelope, raw.len()),
        ack: Ack::success(),
        spoken: Spoken::Nothing,
        kind: Kind::of(UNPARSED),
        class: "other",
        rule: Cow::Borrowed(""),
        lag_s: None,
        attempt: 1,
    }
}

/// An envelope of this node with nothing parsed.
fn blank<'a>(worker: &'a Worker, account: usize, recv_us: i64, reply: Reply<'a>) -> Envelope<'a> {
    let node = &worker.node;
    Envelope {
        r#type: Cow::Borrowed(DELIVERY),
        v: record::SCHEMA_VERSION,
        account: Cow::Borrowed(&node.accounts.get(account).account.name),
        from: Cow::Borrowed(""),
        to: Cow::Borrowed(""),
        create_time: 0,
        kind: Cow::Borrowed(UNPARSED),
        msg_id: Cow::Borrowed(""),
        event: Cow::Borrowed(""),
        event_key: Cow::Borrowed(""),
        menu_id: Cow::Borrowed(""),
        recv_us,
        node: Some(node.node),
        boot: Some(node.boot),
        seq: Some(worker.next_seq()),
        key: None,
        digest: None,
        retry: false,
        content: Content::default(),
        reply,
        reason: Cow::Borrowed(""),
        body: Cow::Borrowed(""),
        body_b64: Cow::Borrowed(""),
    }
}

/// The record: keyed by fan, so that a fan's messages share a partition (I-3).
fn record_of(worker: &Worker, envelope: &Envelope<'_>, body_bytes: usize) -> NewRecord {
    let mut value = Vec::with_capacity(ENVELOPE_BYTES + body_bytes + body_bytes / 8);
    let fan = envelope.write_json(&mut value);
    let (from, value) = (envelope.from.as_bytes(), Bytes::from(value));
    NewRecord {
        partition: partition_of(from, worker.node.partitions),
        // Nearly always the openid stands in the envelope as it is: one piece of memory for both.
        key: fan.map_or_else(|| Bytes::copy_from_slice(from), |fan| value.slice(fan)),
        value,
    }
}

/// Key and digest (D-2, D-3). The digest of a message runs over all its leaves; that of an event leaves
/// out what stands in its key anyway. A message without MsgId is keyed like an event (I-4).
fn identity(account: &str, message: &Inbound) -> (MessageKey, ContentDigest) {
    let leaves = message.leaves();
    let digest = if message.is_event() {
        content_digest(
            leaves
                .filter(|(path, _)| !matches!(*path, "CreateTime" | "ToUserName" | "FromUserName")),
        )
    } else {
        content_digest(leaves)
    };
    let key = match &message.msg_id {
        Some(id) => message_key(account, &message.from, MsgId::parse(id)),
        None => event_key(
            account,
            &message.from,
            message.create_time,
            message.event().unwrap_or(""),
            message.event_key().unwrap_or(""),
            &digest,
        ),
    };
    (key, digest)
}

/// What consumers use of a message. What stands in a field of the envelope is not repeated.
fn content(message: &Inbound) -> Content<'_> {
    let event = message.msg_type == EVENT;
    let (text, recognition) = (message.text(), message.recognition());
    let media_id = message.media_id();
    let has_place = |path: &str| match path {
        "ToUserName" | "FromUserName" | "CreateTime" | "MsgType" => true,
        "MsgId" | "MsgID" => !event,
        "Event" | "EventKey" => event,
        "Content" | "bizmsgmenuid" => text.is_some(),
        "Recognition" => recognition.is_some(),
        "MediaId" => media_id.is_some(),
        _ => false,
    };
    let fields = message.leaves().filter(|(path, _)| !has_place(path));
    Content {
        text: Cow::Borrowed(text.unwrap_or("")),
        recognition: Cow::Borrowed(recognition.unwrap_or("")),
        media_id: Cow::Borrowed(media_id.unwrap_or("")),
        fields: fields
            .map(|(path, value)| Field(Cow::Borrowed(path), Cow::Borrowed(value)))
            .collect(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a lag is observed, not computed with"
)]
fn lag_s(recv_us: i64, create_time: i64) -> f64 {
    recv_us as f64 / 1e6 - create_time as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Inbound {
        let xml = format!(
            "<xml><ToUserName>gh_0</ToUserName><FromUserName>o1</FromUserName>\
             <CreateTime>100</CreateTime>{inner}</xml>"
        );
        Inbound::parse(xml.as_bytes()).unwrap()
    }

    const SCAN: &str = "<MsgType>event</MsgType><Event>SCAN</Event><EventKey>5</EventKey>";

    #[test]
    fn an_event_is_the_same_whatever_its_order_and_differs_by_any_field() {
        let key = |inner: &str| identity("mi", &parse(inner)).0;
        let turned = "<EventKey>5</EventKey><MsgType>event</MsgType><Event>SCAN</Event>";
        assert_eq!(key(SCAN), key(turned));
        let ticket = format!("{SCAN}<Ticket>t</Ticket>");
        assert_ne!(key(SCAN), key(&ticket));
        let location = |x: &str| {
            key(&format!(
                "<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>{x}</Latitude>"
            ))
        };
        assert_ne!(location("1.0"), location("2.0"));
        let job = |id: u8| key(&format!("{SCAN}<MsgID>{id}</MsgID>"));
        assert_ne!(job(1), job(2), "the id of a job tells events apart");
    }

    #[test]
    fn a_message_is_keyed_by_its_id_alone_and_without_one_like_an_event() {
        let text = |content: &str, id: &str| {
            parse(&format!(
                "<MsgType>text</MsgType><Content>{content}</Content>{id}"
            ))
        };
        let (a, b) = (text("A", "<MsgId>7</MsgId>"), text("B", "<MsgId>7</MsgId>"));
        assert_eq!(identity("mi", &a).0, identity("mi", &b).0);
        assert_ne!(
            identity("mi", &a).1,
            identity("mi", &b).1,
            "a conflict shows in the digest"
        );
        let capital = text("A", "<MsgID>7</MsgID>");
        assert_eq!(identity("mi", &capital).0, identity("mi", &a).0);
        assert_ne!(
            identity("mi", &text("A", "")).0,
            identity("mi", &text("B", "")).0
        );
        assert_eq!(
            identity("mi", &text("A", "")).0,
            identity("mi", &text("A", "")).0
        );
    }

    #[test]
    fn what_has_a_place_is_not_repeated_and_nothing_else_is_dropped() {
        let message =
            parse("<MsgType>text</MsgType><Content>GO</Content><MsgId>7</MsgId><New>n</New>");
        let content = content(&message);
        assert_eq!(content.text, "GO");
        assert_eq!(content.fields, [Field("New".into(), "n".into())]);
        let unknown = parse("<MsgType>hologram</MsgType><Content>c</Content><MsgId>7</MsgId>");
        assert_eq!(
            super::content(&unknown).fields,
            [Field("Content".into(), "c".into())]
        );
        let event = parse(&format!("{SCAN}<MsgID>3</MsgID>"));
        assert_eq!(
            super::content(&event).fields,
            [Field("MsgID".into(), "3".into())]
        );
    }
}
