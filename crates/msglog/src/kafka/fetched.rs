//! What the queues of a reader give, and the bell that says that one of them has something.

use crate::contract::Stored;
use crate::sync::{lock, wait_until};
use bytes::Bytes;
use rdkafka::message::Message;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longest sleep without looking at the queues.
const LOOK: Duration = Duration::from_millis(200);

/// Rung when a queue has something.
#[derive(Default)]
pub(super) struct Signal {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Signal {
    pub(super) fn ring(&self) {
        *lock(&self.rung) = true;
        self.bell.notify_all();
    }

    /// Waits until something comes, at most until then, and not for long.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let look = Instant::now() + LOOK;
        let until = until.map_or(look, |until| until.min(look));
        let mut rung = lock(&self.rung);
        while !*rung {
            let (guard, late) = wait_until(&self.bell, rung, Some(until));
            rung = guard;
            if late {
                break;
            }
        }
        *rung = false;
    }
}

/// A message as a record, copied out of the client's memory.
pub(super) fn stored(partition: u32, message: &impl Message) -> Stored {
    let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice).unwrap_or_default();
    Stored {
        partition,
        offset: u64::try_from(message.offset()).unwrap_or(u64::MAX),
        time_ms: message.timestamp().to_millis().unwrap_or(0),
        key: bytes(message.key()),
        value: bytes(message.payload()),
    }
}
