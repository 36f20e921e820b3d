//! What the tests of the judgement share: deliveries by their facts, and a world in memory.

use dedup::partition::{Failure, Partition, Record, World};
use record::envelope::{Content, DELIVERY, Envelope, Reply};
use record::hexed::Hex;
use record::identity::{self, MessageKey, MsgId};
use record::inband::Tick;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) const T: i64 = 1_365_487_200;

/// One callback, by what makes it differ from another.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    pub(crate) from: &'static str,
    pub(crate) msg_id: u64,
    pub(crate) event: Option<(&'static str, &'static str)>,
    pub(crate) create_time: i64,
    pub(crate) text: String,
    pub(crate) seq: u64,
    pub(crate) node: u8,
    pub(crate) recv_us: i64,
}

impl Callback {
    pub(crate) fn message(from: &'static str, msg_id: u64, create_time: i64, seq: u64) -> Self {
        let recv_us = create_time * 1_000_000 + 180_000;
        let text = "GO".to_owned();
        Self {
            from,
            msg_id,
            event: None,
            create_time,
            text,
            seq,
            node: 1,
            recv_us,
        }
    }

    pub(crate) fn event(
        from: &'static str,
        event: &'static str,
        key: &'static str,
        create_time: i64,
        text: &str,
        seq: u64,
    ) -> Self {
        let event = Some((event, key));
        Self {
            event,
            text: text.to_owned(),
            ..Self::message(from, 0, create_time, seq)
        }
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        let time = self.create_time.to_string();
        let digest = identity::content_digest([
            ("FromUserName", self.from),
            ("CreateTime", time.as_str()),
            ("Content", self.text.as_str()),
        ]);
        let (event, event_key) = self.event.unwrap_or_default();
        let key = match self.event {
            None => identity::message_key("mi", self.from, MsgId::Number(self.msg_id)),
            Some(_) => {
                identity::event_key("mi", self.from, self.create_time, event, event_key, &digest)
            }
        };
        Envelope {
            r#type: DELIVERY.into(),
            v: 1,
            account: "mi".into(),
            from: self.from.into(),
            to: "gh_0".into(),
            create_time: self.create_time,
            kind: if self.event.is_some() {
                "event".into()
            } else {
                "text".into()
            },
            msg_id: if self.event.is_some() {
                "".into()
            } else {
                self.msg_id.to_string().into()
            },
            event: event.into(),
            event_key: event_key.into(),
            menu_id: "".into(),
            recv_us: self.recv_us,
            node: Some(Hex([self.node; 8])),
            boot: Some(Hex([9; 8])),
            seq: Some(self.seq),
            key: Some(key),
            digest: Some(digest),
            retry: false,
            content: Content {
                text: self.text.as_str().into(),
                ..Content::default()
            },
            reply: Reply {
                rule: "join".into(),
                ..Reply::nothing(3)
            },
            reason: "".into(),
            body: "<xml>\n</xml>".into(),
            body_b64: "".into(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.envelope()).unwrap()
    }
}

pub(crate) fn tick(t: i64) -> Vec<u8> {
    serde_json::to_vec(&Tick::new(t)).unwrap()
}

pub(crate) fn rehearsal_tick(t: i64) -> Vec<u8> {
    serde_json::to_vec(&Tick::rehearsal(t)).unwrap()
}

/// Markers and outputs in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) markers: BTreeMap<(u32, [u8; 16]), Vec<u8>>,
    pub(crate) out: Vec<Value>,
    pub(crate) dead: Vec<(&'static str, String)>,
}

impl World for Memory {
    type Error = std::convert::Infallible;

    fn marker(&mut self, bucket: u32, key: &MessageKey) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.markers.get(&(bucket, key.0)).cloned())
    }

    fn put_marker(&mut self, bucket: u32, key: &MessageKey, marker: Vec<u8>) {
        self.markers.insert((bucket, key.0), marker);
    }

    fn expire_below(&mut self, bucket: u32) {
        self.markers.retain(|(each, _), _| *each >= bucket);
    }

    fn emit<T: Serialize + ?Sized>(&mut self, _key: &[u8], value: &T) {
        self.out
            .push(serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap());
    }

    fn dead(&mut self, reason: &'static str, detail: String) {
        self.dead.push((reason, detail));
    }
}

impl Memory {
    pub(crate) fn of_type(&self, name: &str) -> Vec<&Value> {
        self.out
            .iter()
            .filter(|value| value["type"] == name)
            .collect()
    }

    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        self.dead.iter().map(|(reason, _)| *reason).collect()
    }
}

/// A partition that is fed value by value.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) partition: Partition,
    pub(crate) memory: Memory,
    pub(crate) rejected: Vec<&'static str>,
}

impl Run {
    pub(crate) fn feed(&mut self, values: impl IntoIterator<Item = Vec<u8>>) -> &mut Self {
        for value in values {
            let offset = self.partition.counters.next;
            let record = Record {
                offset,
                key: b"k",
                value: &value,
            };
            match self.partition.step(&record, &mut self.memory) {
                Ok(()) => {}
                Err(Failure::Reject { reason, .. }) => self.rejected.push(reason),
                Err(failure) => panic!("{failure:?}"),
            }
        }
        self
    }
}
