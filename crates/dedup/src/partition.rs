//! The judgement of one partition of `inbound`: what each record is, and what is passed on. Pure: the
//! markers and the outputs are a [`World`] that the caller brings; no log, no store, no clock.

use crate::counters::{Counters, Outcome};
use crate::horizon::{self, Now};
use crate::marker::{Marker, UnknownLayout};
use crate::words::{conflict_detail, quarantine_detail};
use record::envelope::{self, DeliveryId, Envelope};
use record::identity::{ContentDigest, MessageKey};
use record::inband::{self, Note, Retry, Tick};
use record::topics;
use serde::Serialize;
use serde_json::value::RawValue;

/// Where a partition keeps its markers and puts its outputs.
pub trait World {
    /// Why a marker could not be read.
    type Error;

    /// The marker of a message in a day bucket.
    ///
    /// # Errors
    /// Failures of the store.
    fn marker(&mut self, bucket: u32, key: &MessageKey) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Writes a marker.
    fn put_marker(&mut self, bucket: u32, key: &MessageKey, marker: Vec<u8>);

    /// Drops every bucket below this one.
    fn expire_below(&mut self, bucket: u32);

    /// Emits a record to `accepted`.
    fn emit<T: Serialize + ?Sized>(&mut self, key: &[u8], value: &T);

    /// Emits an envelope to `accepted`: the same record as by [`World::emit`], however it is written.
    fn emit_envelope(&mut self, key: &[u8], envelope: &Envelope<'_>) {
        self.emit(key, envelope);
    }

    /// Sets the input aside in `inbound.dead`; no failure of judging.
    fn dead(&mut self, reason: &'static str, detail: String);
}

/// One record of `inbound`.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its offset.
    pub offset: u64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
}

/// Why a record was not judged.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// It can never be judged.
    Reject {
        /// `unreadable`, `unknown_type`, `incomplete` or `create_time`.
        reason: &'static str,
        /// What exactly was wrong.
        detail: String,
    },
    /// The world failed.
    World(E),
    /// A marker that this version cannot read.
    Marker(UnknownLayout),
}

/// What one partition keeps in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partition {
    /// Totals since the state began.
    pub counters: Counters,
    /// The newest tick.
    pub now: Option<Now>,
    /// Outcomes and mismatches since [`Partition::take_fresh`], for metrics.
    fresh: Fresh,
}

/// What has happened since the last commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Outcomes, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; Outcome::ALL.len()],
    /// Ticks at which the sum of D-8 did not hold.
    pub mismatches: u64,
}

type Judged<W> = Result<(), Failure<<W as World>::Error>>;

impl Partition {
    /// A partition whose first input has this offset.
    #[must_use]
    pub fn beginning_at(offset: u64) -> Self {
        let counters = Counters {
            began: offset,
            next: offset,
            ..Counters::default()
        };
        Self {
            counters,
            ..Self::default()
        }
    }

    /// A partition as it was saved.
    #[must_use]
    pub fn resumed(counters: Counters, now: Option<Now>) -> Self {
        Self {
            counters,
            now,
            fresh: Fresh::default(),
        }
    }

    /// Applies one record.
    ///
    /// # Errors
    /// [`Failure::Reject`] for what can never be judged (it is counted as malformed), the others when the
    /// world or a marker cannot be read.
    pub fn step<W: World>(&mut self, record: &Record<'_>, world: &mut W) -> Judged<W> {
        self.counters.next = record.offset.saturating_add(1);
        let judged = match record::type_of(record.value).as_deref() {
            Some(envelope::DELIVERY) => self.delivery(record, world),
            Some(inband::RETRY) => self.retry(record, world),
            Some(inband::TICK) => self.tick(record, world),
            Some(inband::COPY) => self.copy(record, world),
            other => Err(reject(
                "unknown_type",
                format_args!("type {other:?} in inbound"),
            )),
        };
        if matches!(judged, Err(Failure::Reject { .. })) {
            self.count(Outcome::Malformed);
        }
        judged
    }

    /// What has happened since it was taken last.
    #[must_use]
    pub fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    /// Takes what has happened since the last call.
    pub fn take_fresh(&mut self) -> Fresh {
        std::mem::take(&mut self.fresh)
    }

    fn delivery<W: World>(&mut self, record: &Record<'_>, world: &mut W) -> Judged<W> {
        let envelope: Envelope<'_> = read(record.value)?;
        let whole = envelope.kind == envelope::UNPARSED || envelope.delivery_id().is_some();
        if !whole {
            return Err(reject(
                "incomplete",
                "a delivery without node, boot and seq",
            ));
        }
        let received_us = envelope.recv_us;
        self.judge(record, envelope, received_us, world)
    }

    /// A dead letter of `inbound` is judged by its key like a new delivery, with its own delivery id and receipt,
    /// and passed down marked.
    fn retry<W: World>(&mut self, record: &Record<'_>, world: &mut W) -> Judged<W> {
        let retry: Retry<'_> = read(record.value)?;
        let mut envelope: Envelope<'_> = read(retry.raw.as_bytes())?;
        let id = retry.delivery;
        (envelope.node, envelope.boot) = (id.map(|id| id.node), id.map(|id| id.boot));
        envelope.seq = id.map(|id| id.seq);
        envelope.retry = true;
        if is_of_accepted(&retry.topic) {
            self.judge_again(envelope, world)?;
        } else {
            let received_us = if retry.recv_us > 0 {
                retry.recv_us
            } else {
                envelope.recv_us
            };
            self.judge(record, envelope, received_us, world)?;
        }
        self.counters.retries = self.counters.retries.saturating_add(1);
        Ok(())
    }

    /// A dead letter of `accepted` was a message already: it is never another. With the content that stands it is
    /// passed down as a retry, for quiz to judge what it could not judge before; D-8 counts it as a re-delivery.
    /// Bounds of time do not hold for it, because it passed them; nor does a marker that has expired meanwhile.
    fn judge_again<W: World>(&mut self, mut envelope: Envelope<'_>, world: &mut W) -> Judged<W> {
        let (Some(key), Some(digest)) = (envelope.key, envelope.digest) else {
            return Err(reject("incomplete", "a message without key and digest"));
        };
        let Some(bucket) = horizon::bucket(envelope.create_time) else {
            return Err(reject("create_time", "it lies outside 1970–9999"));
        };
        let id = envelope.delivery_id();
        let seen = world.marker(bucket, &key).map_err(Failure::World)?;
        let mut outcome = Outcome::Redelivery;
        if let Some(seen) = seen {
            let mut marker = Marker::decode(&seen).map_err(Failure::Marker)?;
            outcome = again(&marker, &digest, id.as_ref());
            if outcome == Outcome::Conflict {
                world.dead("conflict", conflict_detail(&key, &marker, &digest));
            }
            if outcome == Outcome::Redelivery && id.is_some_and(|id| marker.learn(id)) {
                world.put_marker(bucket, &key, marker.encode());
            }
        }
        if outcome == Outcome::Redelivery {
            envelope.r#type = inband::RETRY.into();
            strip(&mut envelope);
            world.emit_envelope(envelope.from.as_bytes(), &envelope);
        }
        self.count(outcome);
        Ok(())
    }

    fn judge<W: World>(
        &mut self,
        record: &Record<'_>,
        envelope: Envelope<'_>,
        received_us: i64,
        world: &mut W,
    ) -> Judged<W> {
        if envelope.kind == envelope::UNPARSED {
            world.dead("unparsed", envelope.reason.into_owned());
            self.count(Outcome::Unparsed);
            return Ok(());
        }
        let (Some(key), Some(digest)) = (envelope.key, envelope.digest) else {
            return Err(reject("incomplete", "a delivery without key and digest"));
        };
        let create_time = envelope.create_time;
        let Some(bucket) = horizon::bucket(create_time) else {
            return Err(reject(
                "create_time",
                format_args!("{create_time} lies outside 1970–9999"),
            ));
        };
        if let Some(bound) = horizon::broken_bound(self.now, create_time, received_us) {
            let detail = quarantine_detail(bound, self.now, create_time, received_us);
            world.dead("quarantined", detail);
            self.count(Outcome::Quarantined);
            return Ok(());
        }
        let id = envelope.delivery_id();
        let seen = world.marker(bucket, &key).map_err(Failure::World)?;
        let Some(seen) = seen else {
            world.put_marker(
                bucket,
                &key,
                Marker::new(digest, record.offset, id).encode(),
            );
            self.count(Outcome::Message);
            self.emit_message(envelope, world);
            return Ok(());
        };
        let mut marker = Marker::decode(&seen).map_err(Failure::Marker)?;
        let again = again(&marker, &digest, id.as_ref());
        match again {
            Outcome::Conflict => {
                world.dead("conflict", conflict_detail(&key, &marker, &digest));
            }
            Outcome::Redelivery => {
                if id.is_some_and(|id| marker.learn(id)) {
                    world.put_marker(bucket, &key, marker.encode());
                }
                emit_note(key, id, envelope, world);
            }
            _ => {}
        }
        self.count(again);
        Ok(())
    }

    /// The message is the delivery without its body and without its delivery id.
    fn emit_message<W: World>(&mut self, mut envelope: Envelope<'_>, world: &mut W) {
        envelope.r#type = envelope::MESSAGE.into();
        strip(&mut envelope);
        world.emit_envelope(envelope.from.as_bytes(), &envelope);
        self.counters.emitted = self.counters.emitted.saturating_add(1);
    }

    /// Every tick is passed on as it stands, so that `accepted` tells of the same time as `inbound`; one
    /// that is not newer than the newest changes nothing here, and nothing with any later reader.
    fn tick<W: World>(&mut self, record: &Record<'_>, world: &mut W) -> Judged<W> {
        let tick: Tick = read(record.value)?;
        let raw: &RawValue = read(record.value)?;
        world.emit(record.key, raw);
        self.counters.ticks = self.counters.ticks.saturating_add(1);
        if self.now.is_none_or(|now| tick.t > now.t) {
            let oldest = horizon::oldest_bucket(tick.t);
            if self
                .now
                .is_none_or(|now| oldest > horizon::oldest_bucket(now.t))
            {
                world.expire_below(oldest);
            }
            self.now = Some(Now {
                t: tick.t,
                rehearsal: tick.rehearsal,
            });
        }
        if self.counters.audit().is_err() {
            self.counters.mismatches = self.counters.mismatches.saturating_add(1);
            self.fresh.mismatches = self.fresh.mismatches.saturating_add(1);
        }
        Ok(())
    }

    /// Copies are passed on as they stand, repeated ones too: whether one is the next is judged by who
    /// applies it. An act that this version does not know passes all the same.
    fn copy<W: World>(&mut self, record: &Record<'_>, world: &mut W) -> Judged<W> {
        let raw: &RawValue = read(record.value)?;
        world.emit(record.key, raw);
        self.counters.copies = self.counters.copies.saturating_add(1);
        Ok(())
    }

    fn count(&mut self, outcome: Outcome) {
        self.counters.count(outcome);
        let place = Outcome::ALL.iter().position(|&each| each == outcome);
        if let Some(fresh) = place.and_then(|place| self.fresh.outcomes.get_mut(place)) {
            *fresh = fresh.saturating_add(1);
        }
    }
}

/// Whether a dead letter was read from `accepted`.
fn is_of_accepted(topic: &str) -> bool {
    matches!(topic, topics::ACCEPTED | topics::ACCEPTED_DEAD)
}

/// Body and delivery id stand in `inbound` only.
fn strip(envelope: &mut Envelope<'_>) {
    (envelope.node, envelope.boot, envelope.seq) = (None, None, None);
    envelope.body = "".into();
    envelope.body_b64 = "".into();
}

/// What a delivery is whose message has a marker already. Content is compared for events too, although
/// their keys contain the digest: were they to differ, ingress would be at fault, and it must be seen.
fn again(marker: &Marker, digest: &ContentDigest, id: Option<&DeliveryId>) -> Outcome {
    if id.is_some_and(|id| marker.knows(id)) {
        Outcome::Echo
    } else if marker.digest != *digest {
        Outcome::Conflict
    } else {
        Outcome::Redelivery
    }
}

fn emit_note<W: World>(
    key: MessageKey,
    id: Option<DeliveryId>,
    envelope: Envelope<'_>,
    world: &mut W,
) {
    let from = envelope.from.clone();
    let note = Note {
        r#type: inband::NOTE.into(),
        v: record::SCHEMA_VERSION,
        key,
        from: envelope.from,
        recv_us: envelope.recv_us,
        delivery: id,
        reply: envelope.reply,
    };
    world.emit(from.as_bytes(), &note);
}

fn read<'a, T: serde::Deserialize<'a>, E>(value: &'a [u8]) -> Result<T, Failure<E>> {
    record::parse(value).map_err(|error| reject("unreadable", error))
}

fn reject<E>(reason: &'static str, detail: impl std::fmt::Display) -> Failure<E> {
    Failure::Reject {
        reason,
        detail: detail.to_string(),
    }
}
