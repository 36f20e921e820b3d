//! Deliveries as ingress would have written them, without ingress: the input of the benchmarks of journal and
//! folds. The Fan Festival's two hours, evenly.

use crate::failure::{Failure, tried};
use crate::node::CAMPAIGN;
use crate::requests::{self, PER_FAN, ROUND_OPEN};
use bytes::Bytes;
use msglog::NewRecord;
use record::acts::{Act, CampaignAct};
use record::envelope::{Content, DELIVERY, Envelope, Reply, Spoken};
use record::hexed::Hex;
use record::identity::{self, MsgId};
use record::inband::{Copy, Tick};

/// Partitions, as a node has them.
pub(crate) const PARTITIONS: u32 = 24;
/// One delivery of so many is delivered once more.
const AGAIN_EVERY: u64 = 40;
/// Seconds of the event.
const EVENT_S: u64 = 7_200;

/// One delivery of `count` over the event, in the order of time.
pub(crate) fn delivery(nth: u64, count: u64) -> Result<NewRecord, Failure> {
    // The message before is repeated now and then, by another delivery id.
    let is_again = nth > 0 && nth.is_multiple_of(AGAIN_EVERY);
    let message = if is_again { nth - 1 } else { nth };
    let fans = (count / PER_FAN).max(1);
    // A multiplier without a common divisor spreads each fan's messages over the event.
    let fan = requests::fan(message.wrapping_mul(7_919) % fans);
    let second = second(message, count);
    written(&fan, second, message, nth, requests::text(message))
}

/// A delivery of a text so many seconds into the event: the number of the message, and that of the delivery.
pub(crate) fn written(
    fan: &str,
    second: i64,
    message: u64,
    nth: u64,
    text: &str,
) -> Result<NewRecord, Failure> {
    let create_time = ROUND_OPEN + second;
    let msg_id = 5_864_722_896_518_676_480_u64.wrapping_add(message);
    let (id_text, time_text) = (msg_id.to_string(), create_time.to_string());
    let digest = identity::content_digest([
        ("Content", text),
        ("CreateTime", time_text.as_str()),
        ("FromUserName", fan),
        ("MsgId", id_text.as_str()),
        ("MsgType", "text"),
        ("ToUserName", requests::ORIGINAL_ID),
    ]);
    let body = format!(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName>\n<FromUserName><![CDATA[{fan}]]></FromUserName>\n\
         <CreateTime>{create_time}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n\
         <Content><![CDATA[{text}]]></Content>\n<MsgId>{msg_id}</MsgId>\n</xml>",
        requests::ORIGINAL_ID
    );
    let envelope = Envelope {
        r#type: DELIVERY.into(),
        v: record::SCHEMA_VERSION,
        account: "mi".into(),
        from: fan.into(),
        to: requests::ORIGINAL_ID.into(),
        create_time,
        kind: "text".into(),
        msg_id: id_text.as_str().into(),
        event: "".into(),
        event_key: "".into(),
        menu_id: "".into(),
        recv_us: create_time * 1_000_000 + 180_000,
        node: Some(Hex([1; 8])),
        boot: Some(Hex([2; 8])),
        seq: Some(nth),
        key: Some(identity::message_key("mi", fan, MsgId::Number(msg_id))),
        digest: Some(digest),
        retry: false,
        content: Content {
            text: text.into(),
            ..Content::default()
        },
        reply: Reply {
            rule: "answer".into(),
            rule_version: 1,
            template: "answer".into(),
            template_version: 1,
            snapshot: 3,
            spoken: Spoken::Reply,
            hash: Some(identity::reply_hash(text.as_bytes())),
        },
        reason: "".into(),
        body: body.as_str().into(),
        body_b64: "".into(),
    };
    let value = serde_json::to_vec(&envelope).map_err(tried("write a delivery"))?;
    let partition = identity::partition_of(fan.as_bytes(), PARTITIONS);
    Ok(NewRecord {
        partition,
        key: Bytes::copy_from_slice(fan.as_bytes()),
        value: Bytes::from(value),
    })
}

/// What stands before and between the deliveries in every partition: the campaign, and time.
pub(crate) fn campaign_everywhere() -> Result<Vec<NewRecord>, Failure> {
    let act = Act::Campaign(CampaignAct {
        v: record::SCHEMA_VERSION,
        id: "fanfest-2013-04-09".to_owned(),
        account: "mi".to_owned(),
        version: 1,
        expect_version: 0,
        toml: CAMPAIGN.to_owned(),
        sha256: identity::sha256(CAMPAIGN.as_bytes()),
        effective: 0,
        actor: "benches".to_owned(),
        reason: "a benchmark".to_owned(),
    });
    copy_everywhere(0, None, act)
}

/// The copy of a record of control.
pub(crate) fn copy_everywhere(
    ctl: u64,
    prev_ctl: Option<u64>,
    act: Act,
) -> Result<Vec<NewRecord>, Failure> {
    let copy = Copy::new(ctl, prev_ctl, act);
    everywhere(&serde_json::to_vec(&copy).map_err(tried("write a copy"))?)
}

/// A tick of a rehearsal, so many deliveries of `count` into the event.
pub(crate) fn tick_everywhere(nth: u64, count: u64) -> Result<Vec<NewRecord>, Failure> {
    tick_at(second(nth, count))
}

/// How many seconds into the event a delivery of `count` comes.
pub(crate) fn second(nth: u64, count: u64) -> i64 {
    i64::try_from(nth.saturating_mul(EVENT_S) / count.max(1)).unwrap_or(0)
}

/// A tick of a rehearsal, so many seconds into the event.
pub(crate) fn tick_at(second: i64) -> Result<Vec<NewRecord>, Failure> {
    let tick = Tick::rehearsal(ROUND_OPEN + second);
    everywhere(&serde_json::to_vec(&tick).map_err(tried("write a tick"))?)
}

fn everywhere(value: &[u8]) -> Result<Vec<NewRecord>, Failure> {
    let value = Bytes::copy_from_slice(value);
    let record = |partition| NewRecord {
        partition,
        key: Bytes::new(),
        value: value.clone(),
    };
    Ok((0..PARTITIONS).map(record).collect())
}
