//! What stands between the messages of a partition: time, copies of control, marks, retries, notes.

use crate::envelope::{DeliveryId, Reply};
use crate::identity::MessageKey;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// `"type"` of a [`Tick`].
pub const TICK: &str = "tick";
/// `"type"` of a [`Copy`].
pub const COPY: &str = "copy";
/// `"type"` of a [`Mark`].
pub const MARK: &str = "mark";
/// `"type"` of a [`Retry`].
pub const RETRY: &str = "retry";
/// `"type"` of a [`Note`].
pub const NOTE: &str = "note";

/// Time for the contest's deadlines, appended to every inbound partition by the coordinator.
///
/// `{"type":"tick","v":1,"t":1365487200}`; in a rehearsal with `"rehearsal":true` behind it, because a fold
/// must be able to tell from its partition alone which clock bounds a CreateTime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// `tick`.
    pub r#type: Cow<'static, str>,
    /// Version of this schema.
    pub v: u16,
    /// Seconds since 1970.
    pub t: i64,
    /// Whether the coordinator's clock is that of a rehearsal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
}

impl Tick {
    /// A tick of the wall clock at `t` seconds.
    #[must_use]
    pub fn new(t: i64) -> Self {
        Self {
            r#type: Cow::Borrowed(TICK),
            v: crate::SCHEMA_VERSION,
            t,
            rehearsal: false,
        }
    }

    /// A tick of a rehearsal at `t` seconds.
    #[must_use]
    pub fn rehearsal(t: i64) -> Self {
        Self {
            rehearsal: true,
            ..Self::new(t)
        }
    }
}

/// A control record, copied into a partition so that folds meet it in order.
///
/// `{"type":"copy","v":1,"ctl":7,"prev_ctl":4,"act":{"type":"campaign",…}}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    /// `copy`.
    pub r#type: Cow<'static, str>,
    /// Version of this schema.
    pub v: u16,
    /// Offset of the copied record in `control`.
    pub ctl: u64,
    /// Offset of the record that was copied before it; `None` for the first.
    pub prev_ctl: Option<u64>,
    /// The copied record.
    pub act: crate::acts::Act,
}

impl Copy {
    /// A copy of the control record at `ctl`.
    #[must_use]
    pub fn new(ctl: u64, prev_ctl: Option<u64>, act: crate::acts::Act) -> Self {
        Self {
            r#type: Cow::Borrowed(COPY),
            v: crate::SCHEMA_VERSION,
            ctl,
            prev_ctl,
            act,
        }
    }
}

/// An output that only says "up to here": it keeps a chain from growing a long gap.
///
/// `{"type":"mark","v":1}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// `mark`.
    pub r#type: Cow<'static, str>,
    /// Version of this schema.
    pub v: u16,
}

impl Default for Mark {
    fn default() -> Self {
        Self {
            r#type: Cow::Borrowed(MARK),
            v: crate::SCHEMA_VERSION,
        }
    }
}

/// A dead letter put back by an operator: judged by key like a new delivery.
///
/// `{"type":"retry","v":1,"topic":"accepted.dead","partition":3,"offset":12,"actor":"ann","reason":"…","recv_us":…,
/// "delivery":{…},"raw":"…"}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry<'a> {
    /// `retry`.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// Version of this schema.
    pub v: u16,
    /// Topic of the dead letter.
    #[serde(borrow)]
    pub topic: Cow<'a, str>,
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// Who put it back.
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    /// Why.
    #[serde(borrow, default)]
    pub reason: Cow<'a, str>,
    /// When it was put back, in microseconds since 1970 by the coordinator's clock: the upper bound of D-5 is
    /// held against it, as against the receipt of any new delivery. 0: the receipt of the record itself counts.
    #[serde(default)]
    pub recv_us: i64,
    /// Its own delivery id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// The envelope that failed, as JSON text.
    #[serde(borrow)]
    pub raw: Cow<'a, str>,
}

/// A later delivery of a message that was accepted before (D-8).
///
/// `{"type":"note","v":1,"key":"…","from":"o1","recv_us":…,"delivery":{…},"reply":{…}}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note<'a> {
    /// `note`.
    #[serde(borrow)]
    pub r#type: Cow<'a, str>,
    /// Version of this schema.
    pub v: u16,
    /// Key of the message.
    pub key: MessageKey,
    /// The fan.
    #[serde(borrow)]
    pub from: Cow<'a, str>,
    /// When ingress accepted this delivery, in microseconds since 1970 by its clock.
    pub recv_us: i64,
    /// Id of this delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// The reply that was offered to this delivery.
    #[serde(borrow)]
    pub reply: Reply<'a>,
}
