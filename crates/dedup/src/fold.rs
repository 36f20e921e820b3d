//! Where dedup meets the runner: the only file that knows `stage`. It moves bytes between the pure
//! partition, the state and the outputs, and judges nothing.

use crate::counters::Counters;
use crate::horizon::{self, Now};
use crate::metrics::Metrics;
use crate::partition::{Failure, Partition, Record, World};
use memchr::memmem;
use record::envelope::Envelope;
use record::identity::MessageKey;
use record::topics;
use serde::{Deserialize, Serialize};
use stage::{Fold, Input, Outputs, Space, StateError, StateKey, StepError, View};

/// Version of the step: it stands in every output's link, and a change rebuilds the state.
pub const VERSION: u32 = 2;
/// Under this key a partition's counters and its newest tick are saved.
const LEDGER: &[u8] = b"ledger";
/// Index of `accepted` among the outputs.
const ACCEPTED: usize = 0;

/// The fold over `inbound`.
pub struct Dedup {
    metrics: Metrics,
}

/// What one partition keeps in memory.
#[derive(Debug)]
pub struct Part {
    partition: Partition,
    /// Whether the mismatch was logged by this process.
    complained: bool,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    v: u16,
    counters: Counters,
    tick: Option<(i64, bool)>,
}

impl Dedup {
    /// A fold that reports to these metrics.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { metrics }
    }
}

impl Fold for Dedup {
    type Part = Part;

    fn name(&self) -> &'static str {
        "dedup"
    }

    fn version(&self) -> u32 {
        VERSION
    }

    fn input(&self) -> &'static str {
        topics::INBOUND
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[topics::ACCEPTED]
    }

    fn load(&self, _partition: u32, state: &mut View<'_>) -> Result<Part, StateError> {
        let partition = match state.get(Space::Main, LEDGER)? {
            None => Partition::beginning_at(state.began()),
            Some(bytes) => {
                let saved: Saved = serde_json::from_slice(&bytes)
                    .map_err(|error| StateError::unreadable("dedup ledger", error))?;
                let now = saved.tick.map(|(t, rehearsal)| Now { t, rehearsal });
                Partition::resumed(saved.counters, now)
            }
        };
        Ok(Part {
            partition,
            complained: false,
        })
    }

    fn wants(&self, input: &Input<'_>, keys: &mut Vec<StateKey>) {
        if let Some((bucket, key)) = marker_key(input.value) {
            keys.push(StateKey {
                space: Space::Bucket(bucket),
                key: key.0.to_vec(),
            });
        }
    }

    fn step(
        &self,
        part: &mut Part,
        input: &Input<'_>,
        state: &mut View<'_>,
        out: &mut Outputs<'_>,
    ) -> Result<(), StepError> {
        let record = Record {
            offset: input.offset,
            key: input.key,
            value: input.value,
        };
        part.partition
            .step(&record, &mut Stage { state, out })
            .map_err(|failure| match failure {
                Failure::Reject { reason, detail } => StepError::Reject { reason, detail },
                Failure::World(error) => error.into(),
                Failure::Marker(error) => StateError::unreadable("dedup marker", error).into(),
            })
    }

    fn save(&self, part: &mut Part, state: &mut View<'_>) -> Result<(), StateError> {
        let Part {
            partition,
            complained,
        } = part;
        if let (Err(mismatch), false) = (
            partition.counters.audit(),
            *complained || partition.fresh().mismatches == 0,
        ) {
            *complained = true;
            tracing::error!(partition = state.partition(), %mismatch, "the sum of deliveries does not hold");
        }
        let saved = Saved {
            v: record::SCHEMA_VERSION,
            counters: partition.counters.clone(),
            tick: partition.now.map(|now| (now.t, now.rehearsal)),
        };
        let bytes = serde_json::to_vec(&saved)
            .map_err(|error| StateError::unreadable("dedup ledger", error))?;
        state.put(Space::Main, LEDGER, bytes);
        Ok(())
    }

    fn committed(&self, partition: u32, part: &mut Part) {
        let fresh = part.partition.take_fresh();
        self.metrics
            .committed(partition, &fresh, &part.partition.counters);
    }

    fn tick(&self, part: &Part) -> Option<i64> {
        part.partition.now.map(|now| now.t)
    }
}

/// The partition's world on the runner.
struct Stage<'a, 's, 'o> {
    state: &'a mut View<'s>,
    out: &'a mut Outputs<'o>,
}

impl World for Stage<'_, '_, '_> {
    type Error = StateError;

    fn marker(&mut self, bucket: u32, key: &MessageKey) -> Result<Option<Vec<u8>>, StateError> {
        self.state.get(Space::Bucket(bucket), &key.0)
    }

    fn put_marker(&mut self, bucket: u32, key: &MessageKey, marker: Vec<u8>) {
        self.state.put(Space::Bucket(bucket), key.0, marker);
    }

    fn expire_below(&mut self, bucket: u32) {
        self.state.expire_buckets_below(bucket);
    }

    fn emit<T: Serialize + ?Sized>(&mut self, key: &[u8], value: &T) {
        self.out.emit(ACCEPTED, key, value);
    }

    fn emit_envelope(&mut self, key: &[u8], envelope: &Envelope<'_>) {
        self.out.emit_written(ACCEPTED, key, |object| {
            envelope.write_json(object);
        });
    }

    fn dead(&mut self, reason: &'static str, detail: String) {
        self.out.dead(reason, detail);
    }
}

/// The marker that a delivery will ask for, found without parsing. Inside a JSON text every quotation mark
/// is escaped, so these members cannot be found in what a fan wrote; and a wrong guess would only cost
/// a look-up.
fn marker_key(value: &[u8]) -> Option<(u32, MessageKey)> {
    let head = value.get(..value.len().min(HEAD_BYTES))?;
    let rest = after(head, b",\"create_time\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let create_time = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let key = after(rest, b",\"key\":\"")?.get(..32)?;
    let key = MessageKey::parse(std::str::from_utf8(key).ok()?)?;
    Some((horizon::bucket(create_time)?, key))
}

/// A delivery names its key well within its first bytes: the body stands at the end.
const HEAD_BYTES: usize = 1_024;

fn after<'a>(bytes: &'a [u8], member: &[u8]) -> Option<&'a [u8]> {
    let at = memmem::find(bytes, member)?;
    bytes.get(at + member.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::hexed::Hex;

    #[test]
    fn the_marker_is_guessed_from_the_bytes_of_a_delivery() {
        let delivery = br#"{"type":"delivery","v":1,"account":"mi","from":"o1","create_time":86400,"kind":"text","recv_us":1,"node":"0000000000000000","boot":"0000000000000000","seq":1,"key":"0102030405060708090a0b0c0d0e0f10","content":{"text":"\",\"key\":\""}}"#;
        let (bucket, key) = marker_key(delivery).unwrap();
        assert_eq!(bucket, 1);
        assert_eq!(
            key,
            Hex([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
        );
        assert_eq!(marker_key(br#"{"type":"tick","v":1,"t":5}"#), None);
        assert_eq!(marker_key(b""), None);
    }
}
