//! Folds for tests: inputs say what the step shall do with them.

use crate::{Fold, Input, Outputs, Space, StateError, StateKey, StepError, View};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// An input. Read from outputs of the first stage too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) r#type: String,
    /// Key of the state that is counted up.
    #[serde(default)]
    pub(crate) k: u8,
    /// Outputs per topic.
    #[serde(default)]
    pub(crate) outs: Vec<u8>,
    /// Bucket in which `k` is looked up.
    #[serde(default)]
    pub(crate) b: u32,
    /// `reject`, `dead`, `tick`, `expire`, `delete`, `scan`, `panic`.
    #[serde(default)]
    pub(crate) act: String,
    #[serde(default)]
    pub(crate) t: i64,
}

impl Order {
    pub(crate) fn new(k: u8, outs: &[u8], b: u32, act: &str) -> Self {
        Self {
            r#type: "order".to_owned(),
            k,
            outs: outs.to_vec(),
            b,
            act: act.to_owned(),
            t: i64::from(b),
        }
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap()
    }
}

#[derive(Serialize)]
struct Made {
    r#type: &'static str,
    v: u16,
    k: u8,
    outs: Vec<u8>,
    b: u32,
    count: u64,
    seen: u64,
    is_new: bool,
    i: u8,
}

/// Counts keys, remembers first sights per bucket, and keeps a total in memory.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) input: &'static str,
    pub(crate) outputs: &'static [&'static str],
    /// Where inputs are counted once they are committed.
    pub(crate) counted: Option<&'static AtomicU64>,
}

/// Reads inbound.
pub(crate) const FIRST: Sample = Sample {
    name: "first",
    version: 1,
    input: "inbound",
    outputs: &["accepted", "results"],
    counted: None,
};

/// Reads what the first wrote.
pub(crate) const SECOND: Sample = Sample {
    name: "second",
    version: 1,
    input: "accepted",
    outputs: &["results"],
    counted: None,
};

/// The first with one output, so that the second may have the other.
pub(crate) const FIRST_OF_TWO: Sample = Sample {
    name: "first",
    version: 1,
    input: "inbound",
    outputs: &["accepted"],
    counted: None,
};

#[derive(Default)]
pub(crate) struct Memory {
    seen: u64,
    /// Inputs since the last commit.
    fresh: u64,
    tick: Option<i64>,
}

impl Sample {
    fn count(state: &mut View<'_>, space: Space, key: &[u8]) -> Result<u64, StateError> {
        let bytes = state.get(space, key)?.unwrap_or_default();
        if bytes.is_empty() {
            return Ok(0);
        }
        String::from_utf8_lossy(&bytes)
            .parse()
            .map_err(|e| StateError::unreadable("count", e))
    }
}

impl Fold for Sample {
    type Part = Memory;

    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn input(&self) -> &'static str {
        self.input
    }

    fn outputs(&self) -> &'static [&'static str] {
        self.outputs
    }

    fn load(&self, _partition: u32, state: &mut View<'_>) -> Result<Memory, StateError> {
        let seen = Self::count(state, Space::Main, b"seen")?;
        let tick = match Self::count(state, Space::Main, b"tick")? {
            0 => None,
            tick => Some(tick as i64),
        };
        Ok(Memory {
            seen,
            fresh: 0,
            tick,
        })
    }

    fn wants(&self, input: &Input<'_>, keys: &mut Vec<StateKey>) {
        if let Ok(order) = serde_json::from_slice::<Order>(input.value) {
            keys.push(StateKey {
                space: Space::Main,
                key: vec![b'k', order.k],
            });
            keys.push(StateKey {
                space: Space::Bucket(order.b),
                key: vec![order.k],
            });
        }
    }

    fn step(
        &self,
        part: &mut Memory,
        input: &Input<'_>,
        state: &mut View<'_>,
        out: &mut Outputs<'_>,
    ) -> Result<(), StepError> {
        let order: Order =
            serde_json::from_slice(input.value).map_err(|error| StepError::Reject {
                reason: "unreadable",
                detail: error.to_string(),
            })?;
        let key = [b'k', order.k];
        let mut count = Self::count(state, Space::Main, &key)? + 1;
        let is_new = state.get(Space::Bucket(order.b), &[order.k])?.is_none();
        state.put(Space::Main, key, count.to_string());
        state.put(Space::Bucket(order.b), [order.k], input.offset.to_string());
        match order.act.as_str() {
            "expire" => state.expire_buckets_below(order.b),
            "delete" => state.delete(Space::Main, key),
            "scan" => {
                let found = state.scan(b"k")?;
                count += 1_000 * found.len() as u64 + 100 * u64::from(found.is_sorted());
            }
            "dead" => out.dead("odd", format!("count {count}")),
            "panic" => panic!("the order was to panic"),
            _ => {}
        }
        for topic in 0..self.outputs.len() {
            for i in 0..order.outs.get(topic).copied().unwrap_or_default() {
                let outs = vec![(count % 3) as u8, (i + order.k) % 2];
                let made = Made {
                    r#type: "made",
                    v: 1,
                    k: order.k,
                    outs,
                    b: order.b,
                    count,
                    seen: part.seen,
                    is_new,
                    i,
                };
                out.emit(topic, input.key, &made);
            }
        }
        if order.act == "reject" {
            return Err(StepError::Reject {
                reason: "ordered",
                detail: format!("count {count}"),
            });
        }
        part.seen += 1;
        part.fresh += 1;
        if order.act == "tick" {
            part.tick = part.tick.max(Some(order.t));
        }
        Ok(())
    }

    fn save(&self, part: &mut Memory, state: &mut View<'_>) -> Result<(), StateError> {
        state.put(Space::Main, b"seen", part.seen.to_string());
        if let Some(tick) = part.tick {
            state.put(Space::Main, b"tick", tick.to_string());
        }
        Ok(())
    }

    fn committed(&self, _partition: u32, part: &mut Memory) {
        let fresh = std::mem::take(&mut part.fresh);
        if let Some(counted) = self.counted {
            counted.fetch_add(fresh, Ordering::Relaxed);
        }
    }

    fn tick(&self, part: &Memory) -> Option<i64> {
        part.tick
    }
}
